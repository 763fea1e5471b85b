"""Who may do what in the console: the one table. A route that is not in it does not start."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.types import Role
from bot.off_boarding import OFF_BOARDERS
from bot.registry import COMMUNICATIONS
from bot.review import DECIDERS

ALL = frozenset(Role)
READERS = ALL - {Role.ADMINISTRATOR}
"""Who reads comments. Whoever looks after people and machines need not."""
PAUSERS = DECIDERS | {Role.ON_CALL, Role.ADMINISTRATOR}
"""Stopping is safe, so many may. Going on is for those who answer for it."""
RESUMERS = frozenset({Role.ON_CALL, Role.PIO, Role.SOCIAL_MEDIA_MANAGER, Role.ADMINISTRATOR})
HANDS = DECIDERS
"""Who does by hand, on platforms where no program acts, what was ordered."""
RECORDS = frozenset({Role.CUSTODIAN, Role.RECORDS_OFFICER})
"""Who answers requests for records, and may therefore carry copies out."""
APPROVERS = frozenset({Role.PIO, Role.SOCIAL_MEDIA_MANAGER})
"""Who answers for what the rules do, and may therefore put a policy or pack in force."""
AUDITORS = frozenset({Role.AUDITOR, Role.ADMINISTRATOR})
CITY_COMMUNICATIONS = frozenset({COMMUNICATIONS})
"""Who approves, modifies and denies sites, and keeps the list of them (AR 1-27 5.A.1, 6.A.1)."""
ASKERS = CITY_COMMUNICATIONS | {Role.PIO}
REGISTRY = ASKERS | AUDITORS | {Role.CUSTODIAN}
"""Who reads the registry, which says where credentials are kept: whoever acts on it or answers for the records."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Who may use a route; None: everybody, signed in or not.

    `noted`: each use is written down. `proves`: what is sent proves by itself that no other site sent it. `largest`:
    bytes that a request may have.
    """

    roles: frozenset[Role] | None
    noted: bool = True
    proves: bool = False
    largest: int = 64 * 1024


ANYBODY = None
WORDINGS = 1024 * 1024  # bytes of a form that may bring a policy or rule pack
PICTURES = 25 * 1024 * 1024  # bytes of a form that may bring screenshots, or a document

MAY = {
    "signing-in": Entry(ANYBODY, noted=False),
    "sign-in": Entry(ANYBODY, noted=False),
    "service": Entry(ANYBODY, noted=False),
    "service-return": Entry(ANYBODY, noted=False),
    "sign-out": Entry(ALL),
    "you": Entry(ALL),
    "home": Entry(ALL, noted=False),
    "queue": Entry(READERS),
    "next": Entry(DECIDERS),
    "case": Entry(READERS),
    "decide": Entry(DECIDERS),
    "raise": Entry(DECIDERS),
    "keep": Entry(DECIDERS, noted=False),
    "give-back": Entry(DECIDERS),
    "evidence": Entry(READERS),
    "attached": Entry(READERS),
    "search": Entry(READERS),
    "accounts": Entry(ALL),
    "tasks": Entry(HANDS),
    "task": Entry(HANDS, largest=PICTURES),
    "refuse-task": Entry(HANDS),
    "enter": Entry(HANDS, largest=PICTURES),
    "registry": Entry(REGISTRY),
    "ask-site": Entry(ASKERS, largest=PICTURES),
    "decide-site": Entry(CITY_COMMUNICATIONS),
    "record-site": Entry(CITY_COMMUNICATIONS),
    "off-board": Entry(OFF_BOARDERS),
    "action-plan": Entry(REGISTRY),
    "registry-csv": Entry(REGISTRY),
    "requests": Entry(RECORDS),
    "open-request": Entry(RECORDS),
    "request": Entry(RECORDS),
    "export": Entry(RECORDS),
    "extend-request": Entry(RECORDS),
    "close-request": Entry(RECORDS),
    "health": Entry(ALL),
    "policy": Entry(ALL),
    "wording": Entry(DECIDERS),
    "try-wording": Entry(DECIDERS, largest=WORDINGS),
    "approve-wording": Entry(APPROVERS),
    "audit": Entry(AUDITORS),
    "pause": Entry(ALL),
    "pausing": Entry(PAUSERS),
    "resuming": Entry(RESUMERS),
    "pause-link": Entry(ANYBODY, noted=False),
    "pausing-by-link": Entry(ANYBODY, noted=False, proves=True),
    "review-link": Entry(ANYBODY, noted=False),
    "reviewing-by-link": Entry(ANYBODY, noted=False, proves=True),
}
"""By the names of the routes, which bot/console/app.py lists."""
