"""Leaves out of copies what a statute closes, everywhere it occurs in them; the record itself is never touched.

Everything that an export says goes through one `Blotter`: first the places that a redaction names, then the same words
wherever else they stand (another wording, a reason, an address, another person's answer).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from archive import records
from bot import file_words
from bot.domain.types import Ref
from bot.spellings import Found, Words, apart

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from archive.database import Tx
    from archive.requests import Withheld
    from bot.domain.types import Comment

FIELDS = ("text", "author", "address", "attachments", "alt")
"""What may be withheld of a comment: words, who wrote it, where it stands, its files, what describes them."""


def mark(number: int) -> str:
    """What stands in place of withheld words."""
    return f"[WITHHELD {number}]"


@dataclass(frozen=True, slots=True)
class Blotter:
    """The places that are withheld, and the words that stood there."""

    places: tuple[Withheld, ...] = ()
    words: Words = field(default_factory=lambda: Words(()), repr=False)

    @classmethod
    def of(cls, tx: Tx, places: Sequence[Withheld]) -> Blotter:
        """Look up the words of each place in the record."""
        return cls(tuple(places), Words((word, place.number) for place in places for word in _words(tx, place)))

    def text(self, text: str) -> str:
        """Give a text without the words, wherever and however they stand in it."""
        return _without(text, self.words.find(text)) if self.words else text

    def in_bytes(self, data: bytes) -> bool:
        """Whether some of the words stand in a file, or in what a picture says of itself."""
        return file_words.say(data, self.words)

    def anything(self, value: Any) -> Any:
        """Give texts, lists and objects without the words."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {name: self.anything(each) for name, each in value.items()}
        return [self.anything(each) for each in value] if isinstance(value, list) else value

    def comment(self, said: dict[str, Any]) -> tuple[dict[str, Any], bool]:
        """Give what is told about a comment without what is withheld, and whether anything was."""
        own = [place for place in self.places if place.comment == said["ref"]]
        told = self._cut(said, [place for place in own if place.field == "text"])
        for place in own:
            told = _APPLIED.get(place.field, _as_it_is)(told, place)
        told = self.anything(told)
        touched = bool(own) or told != said
        # A hash of words of which all but a number is known tells the number to whoever tries them all.
        return (_unhashed(told) if touched else told), touched

    def _cut(self, said: dict[str, Any], own: Sequence[Withheld]) -> dict[str, Any]:
        """Cut words out of all wordings, and what rules found there out of their verdicts."""
        gone = {one["revision"]: self._gone(one["text"], one["revision"], own) for one in said["wordings"]}
        verdicts = [
            one | {"matches": [_match(match, gone.get(one["revision"], ())) for match in one["matches"]]}
            for one in said["verdicts"]
        ]
        wordings = [one | {"text": _without(one["text"], gone[one["revision"]])} for one in said["wordings"]]
        text = _without(said["text"], gone.get(said["revision"], ()))
        return said | {"text": text, "wordings": wordings, "verdicts": verdicts}

    def _gone(self, text: str, revision: str, own: Sequence[Withheld]) -> list[Found]:
        """What goes from one wording: all of it, or the places that were named, and the same words elsewhere."""
        whole = [Found(0, len(text), place.number) for place in own if not place.end]
        named = [Found(one.start, one.end, one.number) for one in own if one.end and one.revision == revision]
        return whole[:1] or apart([*named, *(self.words.find(text) if self.words else ())])

    def spared(self, said: dict[str, Any], told: dict[str, Any], related: Sequence[str]) -> set[str]:
        """Give the wordings of a comment that no redaction touches: what is not exempt stays (RSMo 610.024.1).

        `said` is the comment as it is on record, `told` as it is told, `related` the refs of what it stands under.
        """
        own = [place for place in self.places if place.comment == said["ref"]]
        around = ("author", "url", "post_text", "account_name")
        if (
            any(place.field != "text" or not place.end for place in own)
            or any(place.comment in related for place in self.places)
            or any(said[name] != told[name] for name in around)
        ):
            return set()
        pairs = zip(said["wordings"], told["wordings"], strict=True)
        same = {was["revision"] for was, is_ in pairs if (was["text"], was["author"]) == (is_["text"], is_["author"])}
        return same - {place.revision for place in own}


def _words(tx: Tx, place: Withheld) -> Iterator[str]:
    """The words of a place: of a whole field those of every wording, since each is told."""
    ref = Ref.parse(place.comment)
    if place.end:
        yield records.comment(tx, ref, place.revision).text[place.start : place.end]
        return
    for comment in records.history(tx, ref):
        yield from filter(None, _OF[place.field](comment))


def _of_author(comment: Comment) -> Iterable[str | None]:
    author = comment.author
    return author.name, (author.handle or "").removeprefix("@"), author.id, author.url


_OF: dict[str, Callable[[Comment], Iterable[str | None]]] = {
    "text": lambda comment: (comment.text,),
    "author": _of_author,
    "address": lambda comment: (comment.url,),
    "attachments": lambda comment: [value for one in comment.attachments for value in (one.url, one.alt)],
    "alt": lambda comment: [one.alt for one in comment.attachments],
}


def _author(said: dict[str, Any], place: Withheld) -> dict[str, Any]:
    unnamed = dict.fromkeys(said["author"], mark(place.number))
    return said | {"author": unnamed, "wordings": [one | {"author": unnamed} for one in said["wordings"]]}


def _address(said: dict[str, Any], place: Withheld) -> dict[str, Any]:
    return said | {"url": mark(place.number)}


def _attachments(said: dict[str, Any], place: Withheld) -> dict[str, Any]:
    gone = {"id": "", "url": "", "alt": mark(place.number), "sha256": "", "type": "", "why": mark(place.number)}
    return said | {"attachments": [one | gone for one in said["attachments"]]}


def _alt(said: dict[str, Any], place: Withheld) -> dict[str, Any]:
    return said | {"attachments": [one | {"alt": mark(place.number)} for one in said["attachments"]]}


def _as_it_is(said: dict[str, Any], _: Withheld) -> dict[str, Any]:
    return said


_APPLIED = {"author": _author, "address": _address, "attachments": _attachments, "alt": _alt}


def _without(text: str, gone: Sequence[Found]) -> str:
    for one in reversed(gone):
        text = text[: one.start] + mark(one.number) + text[one.end :]
    return text


def _match(match: dict[str, Any], gone: Sequence[Found]) -> dict[str, Any]:
    """What a rule found; how it found what is withheld may say it, too."""
    for one in gone:
        if match["start"] < one.end and one.start < match["end"]:
            return match | {"excerpt": mark(one.number), "matcher": mark(one.number)}
    return match


def _unhashed(said: dict[str, Any]) -> dict[str, Any]:
    """Without hashes of the words, and without the names of evidence, which are made from them."""
    unhashed = {"revision": ""}
    return said | {
        "revision": "",
        "evidence": [one | {"id": ""} for one in said["evidence"]],
        "orders": [one | {"evidence": ""} for one in said["orders"]],
        "wordings": [one | unhashed for one in said["wordings"]],
        "verdicts": [one | unhashed for one in said["verdicts"]],
    }
