"""Finds comments and posts by their words, on the accounts that somebody works with. What was asked is written down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from archive.search import NothingToFind, Query, search
from bot.console.door import Refused
from bot.console.times import midnight
from bot.domain.states import State

if TYPE_CHECKING:
    from starlette.responses import Response

    from archive.search import Found, Snippet
    from bot.console.desk import Visit

SHOWN = 25
ASKED = ("words", "author", "account", "clause", "state", "from", "to")
"""What the form asks for, by the names in the address."""


@dataclass(frozen=True, slots=True)
class Part:
    """A run of what was found that is marked as a whole or not at all."""

    text: str
    marked: bool


def find(visit: Visit) -> Response:
    """Show the form and, if it asks for something, what is found."""
    asked = {name: visit.asked(name) for name in ASKED}
    visit.words = "; ".join(f"{name}: {value}" for name, value in asked.items() if value)
    found: list[tuple[Found, list[Part]]] = []
    following, problem = None, ""
    if asked["words"] or asked["author"]:
        try:
            with visit.desk.database.read() as tx:
                page = search(tx, _query(visit, asked))
            found, following = [(one, _parts(one.snippet)) for one in page.found], page.next
        except NothingToFind as nothing:
            problem = f"Nothing to look for: {nothing}."
    return visit.page(
        "search.html.j2",
        asked=asked,
        phrase=visit.asked("phrase") == "yes",
        looked=bool(asked["words"] or asked["author"]),
        found=found,
        following=following,
        problem=problem,
        accounts=list(visit.named_accounts().items()),
        states=list(State),
        clauses=visit.desk.policy.categories,
    )


def _query(visit: Visit, asked: dict[str, str]) -> Query:
    before = visit.asked("before")
    if asked["state"] and asked["state"] not in set(State):
        raise Refused(404, "There is no such state.")
    return Query(
        words=asked["words"],
        phrase=visit.asked("phrase") == "yes",
        author=asked["author"],
        account=asked["account"] or None,
        accounts=visit.accounts(),
        clause=asked["clause"] or None,
        state=State(asked["state"]) if asked["state"] else None,
        since=midnight(visit, asked["from"]),
        until=midnight(visit, asked["to"], days=1),
        before=int(before) if before.isdigit() and len(before) < 19 else None,  # noqa: PLR2004  a ledger line's number
        limit=SHOWN,
    )


def _parts(snippet: Snippet) -> list[Part]:
    """Cut what was found where marking begins or ends."""
    parts, at = [Part("… ", marked=False)] if snippet.cut[0] else [], 0
    for start, end in snippet.places:
        parts += [Part(snippet.text[at:start], marked=False), Part(snippet.text[start:end], marked=True)]
        at = end
    parts.append(Part(snippet.text[at:] + (" …" if snippet.cut[1] else ""), marked=False))
    return [part for part in parts if part.text]
