"""Turns what the custodian wants withheld into places of the record, and proposes what rules know to be personal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, RootModel

from archive import records
from archive.requests import NotPossibleNow, Withheld
from archive.selection import Filter, selected
from bot.domain.types import Ref
from bot.redaction import FIELDS
from bot.spellings import same_words
from rules.match.personal import Personal, PersonalNumbers
from rules.normal import Forms
from rules.source import read_typed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from archive.database import Tx
    from archive.selection import Selected

PERSONAL_RULES = ("c7-card-number", "c7-social-security-number", "c7-home-address", "c7-private-contact")
_EVERY_KIND = PersonalNumbers({0: tuple(Personal)})


class Wanted(BaseModel):
    """One redaction as the custodian writes it: `words` of a comment's text or a whole `field`, under which law."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    comment: str
    words: str = ""
    field: str = ""
    authority: str
    reason: str


class _File(RootModel[tuple[Wanted, ...]]):
    """A redaction file."""


def read_file(path: Path) -> Sequence[Wanted]:
    """Read a redaction file. Raises rules.source.FileProblems."""
    return read_typed(path, _File).root


def places(tx: Tx, wanted: Sequence[Wanted]) -> Iterator[Withheld]:
    """Find the places in the record. Raises NotPossibleNow where something is missing or stands nowhere."""
    for one in wanted:
        yield from _places(tx, one)


def _places(tx: Tx, one: Wanted) -> Iterator[Withheld]:
    if not (one.comment and one.authority and one.reason):
        message = "a redaction names its comment, its authority (the statute) and its reason"
        raise NotPossibleNow(message)
    if bool(one.words) == bool(one.field) or (one.field and one.field not in FIELDS):
        message = f"{one.comment}: name either words, or one field of {', '.join(FIELDS)}"
        raise NotPossibleNow(message)
    try:
        ref = Ref.parse(one.comment)
    except ValueError as error:
        raise NotPossibleNow(str(error)) from error
    if one.words and same_words(one.words, f"{one.reason}\n{one.authority}"):
        message = f"{one.comment}: the reason repeats the words that it withholds, and every copy would say them"
        raise NotPossibleNow(message)
    if one.field:
        records.comment(tx, ref)
        yield _place(one)
        return
    found = list(_spans(tx, ref, one))
    if not found:
        message = f"{one.comment}: those words stand in none of its wordings, letter for letter"
        raise NotPossibleNow(message)
    yield from found


def _spans(tx: Tx, ref: Ref, one: Wanted) -> Iterator[Withheld]:
    found = selected(tx, Filter(comments=(str(ref),)))
    for revision, text in ((each["revision"], each["text"]) for comment in found for each in comment.said["wordings"]):
        start = text.find(one.words)
        while start >= 0:
            end = start + len(one.words)
            yield _place(one, revision, start, end)
            start = text.find(one.words, end)


def _place(one: Wanted, revision: str = "", start: int = 0, end: int = 0) -> Withheld:
    return Withheld(
        number=0,
        comment=one.comment,
        field=one.field or "text",
        authority=one.authority,
        why=one.reason,
        revision=revision,
        start=start,
        end=end,
    )


def proposals(one: Selected) -> Iterator[dict[str, str]]:
    """Propose what to withhold of a comment: numbers that are somebody's, and what rules found to be an address."""
    text = one.said["text"]
    spans = {(hit.start, hit.end): hit.what for hit in _EVERY_KIND.find(Forms(text))}
    for verdict in one.said["verdicts"]:
        for match in verdict["matches"]:
            if match["rule"] in PERSONAL_RULES and verdict["revision"] == one.said["revision"]:
                spans.setdefault((match["start"], match["end"]), match["rule"])
    for (start, end), kind in sorted(spans.items()):
        said = {"comment": one.ref, "words": text[start:end], "authority": "", "reason": f"found by {kind}"}
        yield said
