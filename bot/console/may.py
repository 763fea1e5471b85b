"""Who may do what in the console: the one table. A route that is not in it does not start."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.types import Role
from bot.review import DECIDERS

ALL = frozenset(Role)
READERS = ALL - {Role.ADMINISTRATOR}
"""Who reads comments. Whoever looks after people and machines need not."""
PAUSERS = DECIDERS | {Role.ON_CALL, Role.ADMINISTRATOR}
"""Stopping is safe, so many may. Going on is for those who answer for it."""
RESUMERS = frozenset({Role.ON_CALL, Role.PIO, Role.SOCIAL_MEDIA_MANAGER, Role.ADMINISTRATOR})
HANDS = DECIDERS
"""Who does by hand, on platforms where no program acts, what was ordered."""
AUDITORS = frozenset({Role.AUDITOR, Role.ADMINISTRATOR})


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
PICTURES = 25 * 1024 * 1024  # bytes of a form that may bring screenshots

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
    "health": Entry(ALL),
    "policy": Entry(ALL),
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
