"""Leaves out of copies what a statute closes, everywhere it occurs in them; the record itself is never touched.

Everything that an export says goes through one `Blotter`: first the places that a redaction names, then the same words
wherever else they stand (another wording, a reason, an address, another person's answer).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from archive import records
from bot.domain.types import Ref

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from archive.database import Tx
    from archive.requests import Withheld
    from bot.domain.types import Comment

FIELDS = ("text", "author", "address", "attachments", "alt")
"""What may be withheld of a comment: words, who wrote it, where it stands, its files, what describes them."""

SHORTEST = 3
"""Shorter words are withheld only where a redaction names them: elsewhere they are anybody's."""
ANYWHERE = 6
"""Words of so many characters are withheld even inside longer ones."""


def mark(number: int) -> str:
    """What stands in place of withheld words."""
    return f"[WITHHELD {number}]"


@dataclass(frozen=True, slots=True)
class Blotter:
    """The places that are withheld, and the words that stood there (`words`: by redaction number)."""

    places: tuple[Withheld, ...] = ()
    words: dict[str, int] = field(default_factory=dict, repr=False)
    _pattern: re.Pattern[str] | None = field(default=None, repr=False)

    @classmethod
    def of(cls, tx: Tx, places: Sequence[Withheld]) -> Blotter:
        """Look up the words of each place in the record."""
        words = {word: place.number for place in places for word in _words(tx, place) if len(word) >= SHORTEST}
        longest_first = sorted(words, key=lambda word: (-len(word), word))
        pattern = re.compile("|".join(map(_like, longest_first)), re.IGNORECASE) if words else None
        return cls(tuple(places), {_plain(word): words[word] for word in longest_first}, pattern)

    def text(self, text: str) -> str:
        """Give a text without the words, wherever they stand in it."""
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda found: mark(self.words.get(_plain(found[0]), 0)), text)

    def has(self, text: str) -> bool:
        """Whether some of the words stand in a text."""
        return self._pattern is not None and self._pattern.search(text) is not None

    def in_bytes(self, data: bytes) -> bool:
        """Whether some of the words stand in a file, in UTF-8 or UTF-16, as they are or as JSON escapes them."""
        if self._pattern is None:
            return False
        readings = (data.decode("utf-8", "replace"), *(data[odd:].decode("utf-16-le", "replace") for odd in (0, 1)))
        return any(self.has(text) or self.has(_unescaped(text)) for text in readings)

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
        told = said
        for place in own:
            told = _APPLIED[place.field](told, place)
        spans = [place for place in own if place.field == "text" and place.end]
        told = self.anything(_cut(told, spans))
        touched = bool(own) or told != said
        # A hash of words of which all but a number is known tells the number to whoever tries them all.
        return (_unhashed(told) if touched else told), touched

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
    comment = records.comment(tx, Ref.parse(place.comment), place.revision or None)
    if place.field == "text":
        yield comment.text[place.start : place.end] if place.end else comment.text
    else:
        yield from filter(None, _OF[place.field](comment))


def _of_author(comment: Comment) -> Iterable[str | None]:
    author = comment.author
    return author.name, (author.handle or "").removeprefix("@"), author.id, author.url


_OF: dict[str, Callable[[Comment], Iterable[str | None]]] = {
    "author": _of_author,
    "address": lambda comment: (comment.url,),
    "attachments": lambda comment: [value for one in comment.attachments for value in (one.url, one.alt)],
    "alt": lambda comment: [one.alt for one in comment.attachments],
}


def _plain(word: str) -> str:
    return " ".join(word.lower().split())


def _like(word: str) -> str:
    """Match the word however it is spaced; a short one only where it stands alone."""
    pattern = r"\s+".join(map(re.escape, word.split()))
    return pattern if len(word) >= ANYWHERE else rf"(?<!\w){pattern}(?!\w)"


def _unescaped(text: str) -> str:
    return re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text).replace("\\/", "/")


def _text(said: dict[str, Any], place: Withheld) -> dict[str, Any]:
    """The words from `start` to `end` are cut out at the end, all at once; the whole text here."""
    if place.end:
        return said
    return said | {
        "text": mark(place.number),
        "wordings": [one | {"text": mark(place.number)} for one in said["wordings"]],
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


_APPLIED = {"text": _text, "author": _author, "address": _address, "attachments": _attachments, "alt": _alt}


def _cut(said: dict[str, Any], spans: Sequence[Withheld]) -> dict[str, Any]:
    """Cut characters out of the wordings that they were counted in, and out of what rules found there."""
    if not spans:
        return said
    wordings = [one | {"text": _without(one["text"], one["revision"], spans)} for one in said["wordings"]]
    verdicts = [
        one | {"matches": [_match(match, one["revision"], spans) for match in one["matches"]]}
        for one in said["verdicts"]
    ]
    text = _without(said["text"], said["revision"], spans)
    return said | {"text": text, "wordings": wordings, "verdicts": verdicts}


def _without(text: str, revision: str, spans: Sequence[Withheld]) -> str:
    reached = len(text)
    for place in sorted((one for one in spans if one.revision == revision), key=lambda one: one.start, reverse=True):
        text = text[: place.start] + mark(place.number) + text[max(place.start, min(place.end, reached)) :]
        reached = place.start
    return text


def _match(match: dict[str, Any], revision: str, spans: Sequence[Withheld]) -> dict[str, Any]:
    for place in spans:
        if place.revision == revision and match["start"] < place.end and place.start < match["end"]:
            return match | {"excerpt": mark(place.number)}
    return match


def _unhashed(said: dict[str, Any]) -> dict[str, Any]:
    unhashed = {"revision": ""}
    return said | {
        "revision": "",
        "wordings": [one | unhashed for one in said["wordings"]],
        "verdicts": [one | unhashed for one in said["verdicts"]],
    }
