"""How near-identical comments were decided, whoever wrote them: like cases are to be decided alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rapidfuzz.fuzz import ratio

from archive import cases
from archive.search import NothingToFind, Query, search
from archive.words import words

if TYPE_CHECKING:
    from datetime import datetime

    from archive.cases import Decision
    from archive.database import Tx
    from bot.domain.states import State
    from bot.domain.types import Comment, Ref

ALIKE = 90
"""Of 100 letters, so many agree at least."""
WORDS = 5  # the longest ones that are looked for
LOOKED_AT = 30
SHOWN = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """Another comment that says nearly the same: where it stands, and what a person decided, if anybody did."""

    ref: Ref
    text: str
    at: datetime
    state: State
    decision: Decision | None


def alike(tx: Tx, comment: Comment, accounts: frozenset[str]) -> list[Alike]:
    """Give the last recorded comments on these accounts that say nearly the same; decided ones first.

    They have the longest words in common, so one in which just such a word differs is not among them.
    """
    asked = sorted(dict.fromkeys(words(comment.text)), key=len, reverse=True)[:WORDS]
    try:
        page = search(tx, Query(words=" ".join(asked), accounts=accounts, limit=LOOKED_AT))
    except NothingToFind:
        return []
    said = _plain(comment.text)
    found = []
    for one in page.found:
        if one.state is None or one.ref == comment.ref or not one.present:
            continue
        if ratio(said, _plain(one.text)) >= ALIKE:
            decision = cases.latest_decision(tx, one.ref, one.revision)
            found.append(Alike(ref=one.ref, text=one.text, at=one.posted_at, state=one.state, decision=decision))
    return sorted(found, key=lambda one: one.decision is None)[:SHOWN]


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
