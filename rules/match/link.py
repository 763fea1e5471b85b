"""Finds web addresses and tells whose they are, however they are written.

An address is looked for as it stands; and where a comment shows signs of it, in two readings that undo what people do
to hide one: *written out* ("example dot com", "example[.]com", invisible and styled letters), and *guessed* ("example
. com", "exa🔥mple.com", "e x a m p l e .com"). What is only guessed counts if the very domain is listed, and not
otherwise. Addresses that carry another one (redirects, archives, translations) lead to both. Nothing is fetched: a
shortened address is known as such and not followed.

A listed domain stands for itself and everything under it.

A comment with more than `_MOST` words like addresses is written for a program and not for people. The first are read as
carefully as any; of the rest, what is written plainly is still looked up, and disguises are left alone.
"""

from __future__ import annotations

import re
import unicodedata
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from itertools import chain, islice
from string import ascii_lowercase
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from rules.hosts import SHORTENERS, ascii_name, host, is_ending, is_ip
from rules.match import Hit
from rules.normal import look_alike

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from rules.context import Context
    from rules.lists import DomainList
    from rules.normal import Forms

_WITHIN = r"\w\u0300-\u036f-"  # accents may stand on their own
_LABEL = rf"(?>[^\W_](?:[{_WITHIN}]{{0,61}}[^\W_])?)"
_SCHEME = r"(?:h(?:tt|xx)ps?|ftps?)(?:\[?:\]?[/\\]{2}|\[:[/\\]{2}\])"
_USER = r"(?:[^\s/\\?#<>\"]{0,200}@)?"
_PLACE = rf"\[[0-9a-f:.]{{2,45}}\]|[\w%][{_WITHIN}%.]{{0,300}}"
_PATH = r"\.?[/\\?#][^\s<>\"]*"
_ADDRESS = re.compile(
    rf"(?:{_SCHEME}{_USER}(?P<place>{_PLACE})"
    # A bare host begins where a word does (or the underlines around one), and is not half of an e-mail or a hashtag.
    rf"|(?:(?<![\w@#])|(?<=(?<!\w)_)|(?<=(?<!\w)__))(?<!\w[.-])(?P<bare>{_LABEL}(?:\.{_LABEL})++)(?!@|[^\W_]))"
    rf"(?::\d{{1,5}})?(?P<path>{_PATH})?",
    re.IGNORECASE,
)
_HASTY = re.compile(
    r"(?<![\w@#.-])(?P<place>[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63}){1,9}+)(?![\w@-])(?P<path>/[^\s<>\"]{0,300})?",
    re.IGNORECASE | re.ASCII,
)
_INNER_DOT = re.compile(r"\.[^\s.]")
_TRAILING = ".,;:!?'\")]}>…*_~|"
_USUAL = frozenset({"com", "net", "org", "info", "biz", "io", "gg", "xyz", "gov", "edu"})
_WORDS = "am as at be by do et go he id in is it la me mo my no om pm re so st to us ve"
_ENGLISH_ENDINGS = frozenset(_WORDS.split())
_FEW_WORDS = (
    "the a an this that these those our my your his her their its every any some no of and or in pre post old early "
    "late first new big another from by during since for as like whole entire el la los las un una era"
)
_NO_NAMES = frozenset(_FEW_WORDS.split())

# what stands inside another address
_REDIRECT = re.compile(
    rf"(?P<named>[?&#;]\w{{0,20}}=)?{_SCHEME}{_USER}(?P<place>{_PLACE})(?::\d{{1,5}})?(?=(?P<path>[/?#][^\s<>\"]{{0,300}})?)",
    re.IGNORECASE,
)
_BARE_TARGET = re.compile(
    r"[?&#;](?:u|ur[il]|link|dest\w{0,12}|target|redir\w{0,12}|goto|go|to|out|next|continue|return\w{0,8}|href)="
    rf"(?P<place>{_LABEL}(?:\.{_LABEL})++)(?=(?P<path>[/?#][^\s<>\"]{{0,300}})?)(?![\w@])",
    re.IGNORECASE,
)
_TELLS_WHENCE = re.compile(r"[?&#;](?:ref\w*|utm_\w+|source|src|from|via|origin)=", re.IGNORECASE)
_BASE64 = re.compile(r"[?&#;=/](aHR0c[\w+-]{4,2000})")
_PASSED_ON = re.compile(
    r"(?:[\w-]+\.)*(?:ampproject\.org/(?:c|v|i|r|wp)/(?:s/)?|google(?:\.\w{2,3}){1,2}/amp/(?:s/)?"
    r"|web\.archive\.org/web/[\w*]+/|archive\.(?:today|ph|is|li|md|fo|vn)/(?:\w+/)?|12ft\.io/|r\.jina\.ai/)"
    rf"(?P<place>{_LABEL}(?:\.{_LABEL})++)(?P<path>[/?#][^\s<>\"]{{0,300}})?",
    re.IGNORECASE,
)
_IN_ITS_NAME = (".translate.goog", ".cdn.ampproject.org")
_PASSERS_ON = (*_IN_ITS_NAME, "ampproject.org", "google.com", "archive.org", "12ft.io", "r.jina.ai", *(
    f"archive.{ending}" for ending in ("today", "ph", "is", "li", "md", "fo", "vn")
))  # fmt: skip
_LAYERS = 3  # of percent signs, each hiding the next
_MOST = 80  # words with dots that are read with care, and places that one address is followed to
_MOST_READ = 10_000  # characters at either end of a comment that are read differently
_MOST_SIGNS = 120  # signs of one kind that are undone to read a comment differently

# readings
_EMOJI = "\x01"  # what stands for any one sign that is neither letter nor figure
_BETWEEN = '"'  # which is part of no address
_DOTS = "。．｡․"
_SIGNS = "•·∙‧・"
_UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "THAI", "LAO", "KHMER", "MYANMAR")
_FLAGS = 0x1F1E6  # the first of the twenty-six letters that flags are made of
_ENDINGS = "com|net|org|info|biz|xyz|xxx|tv|io|ru|co|porn|sex|cam|live|top|site|club|online|shop"
_DOT_SAID = ("dot", "d0t", "punto")
# What is to be undone: signs of which one must be there, what to look for, and what to put for it.
_WRITTEN_OUT = (
    ("[({<", re.compile(r"(?<=\w)\s{0,2}[\[({<]\s?(?:\.|d[o0]t|punto)\s?[\])}>]\s{0,2}(?=\w)", re.IGNORECASE), "."),
    (_DOT_SAID, re.compile(rf"(?<=\w)\s{{1,2}}(?:d[o0]t|punto)\s{{1,2}}(?=(?:{_ENDINGS})\b)", re.IGNORECASE), "."),
)
_GUESSED = (
    (" ", re.compile(r"(?<=(?<!\w)\w) (?=\w(?!\w))"), ""),
    (_DOT_SAID, re.compile(r"(?<=\w)[\s*_-]{1,2}(?:d[o0]t|punto)[\s*_-]{1,2}(?=\w)", re.IGNORECASE), "."),
    (("dot",), re.compile(r"(?<=\w)\s?dot(?=(?:com|net|org)\b)", re.IGNORECASE), "."),
    (
        ".",
        re.compile(rf"(?<=\w)\s{{1,2}}\.\s{{0,2}}(?=(?:\w{{1,63}}\s?\.\s?){{0,3}}(?:{_ENDINGS})\b)", re.IGNORECASE),
        ".",
    ),
    (("com",), re.compile(r"(?<=\w)(?:\.\s{1,2}|\s?,\s?|\s?\*\s?)(?=com\b)", re.IGNORECASE), "."),
    (_EMOJI, re.compile(rf"(?<=\w)\s?{_EMOJI}{{1,8}}\s?(?=(?:com|net|org|xxx)\b)", re.IGNORECASE), "."),
    (_EMOJI, re.compile(rf"(?<=[\w.]){_EMOJI}{{1,8}}(?=[\w.])"), ""),
)
# Signs of a hidden address in the folded form, where all but .!?;: is a space. An ending that is named must exist.
_DOT_IN_WORDS = re.compile(r"dot(?:(?<![a-z]dot)(?: ([a-z]{2,})|\n|$)|(?:com|net|org)\b)")
_PUNTO = re.compile(r"punto ([a-z]{2,})")
_LOOSE_DOT = re.compile(r" \. ?(?:([a-z]{2,})\b|c o m\b|n e t\b|o r g\b)")
_LOOSE_COM = re.compile(r" com\b")
_LOOSE_ENDING = re.compile(r" (?:net|org|xxx)\b")
_LATIN = r"a-zа-я0-9\uff10-\uff5a\U0001d400-\U0001d7ff"  # and what is taken for it
_STRANGE_DOT = re.compile(rf"[{_LATIN}]\W{{0,3}}[{_DOTS}]\W{{0,3}}[{_LATIN}]", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What one matcher looks for: listed domains, shortened addresses, or any address at all."""

    domains: frozenset[str] = frozenset()
    lists: tuple[DomainList, ...] = ()
    shortener: bool = False
    any: bool = False


class _Place(NamedTuple):
    """Where an address leads: a host as hosts are compared, and what follows it."""

    host: str
    path: str


class _Address(NamedTuple):
    """One address in a comment, the places it leads to, and whether it is one beyond doubt ("end.It" is none)."""

    start: int
    end: int
    places: tuple[_Place, ...]
    certain: bool


class Links:
    """All link matchers at once: addresses are found and taken apart once."""

    def __init__(self, wanted: Mapping[int, Wanted]) -> None:
        """Take what each matcher looks for, by the matcher's number."""
        self._by_domain: dict[bytes, list[int]] = {}
        self._by_list: dict[DomainList, list[int]] = {}
        for number, one in wanted.items():
            for name in one.domains:
                self._by_domain.setdefault(name.encode(), []).append(number)
            for listed in one.lists:
                self._by_list.setdefault(listed, []).append(number)
        self._any = [number for number, one in wanted.items() if one.any]
        self._shortener = [number for number, one in wanted.items() if one.shortener]

    def find(self, forms: Forms, context: Context) -> Iterable[Hit]:
        """Give every address that some matcher looks for, in the comment or among those the platform gave for it.

        An address that the platform gave stands where the shortened one in its place stands, or else for the whole
        comment.
        """
        text = forms.verbatim
        addresses: list[_Address] = []
        if ("." in text and _INNER_DOT.search(text)) or "//" in text:
            addresses += _as_they_stand(text)
        if _may_be_hidden(text, forms.folded):
            addresses += _hidden(text, _ends(text))
        if context.links:
            addresses += _given(text, context.links)
        return self._hits(addresses) if addresses else ()

    def _hits(self, addresses: Iterable[_Address]) -> Iterator[Hit]:
        seen = set()
        for address in addresses:
            for number, what in self._met(address):
                hit = Hit(number, address.start, address.end, f"link: {what}")
                if hit not in seen:
                    seen.add(hit)
                    yield hit

    def _met(self, address: _Address) -> Iterator[tuple[int, str]]:
        """Give the matchers that an address meets, and the listed domain it leads to, or its own host."""
        for place in address.places:
            parents = _parents(place.host)
            for parent in parents:
                for number in self._by_domain.get(parent, ()):
                    yield number, parent.decode()
            for listed, numbers in self._by_list.items():
                entry = listed.entry(parents, place.path)
                if entry:
                    yield from ((number, f"{entry} in {listed.label}") for number in numbers)
        own = address.places[0].host
        if address.certain:
            yield from ((number, own) for number in self._any)
            if self._shortener and own.removeprefix("www.") in SHORTENERS:
                yield from ((number, f"{own}, which tells not where it leads") for number in self._shortener)


def _parents(name: str) -> list[bytes]:
    """Give a host and every domain above it, down to two labels."""
    whole = name.encode("ascii", "replace")
    if is_ip(name):
        return [whole]
    parents = [whole]
    at = whole.find(b".") + 1
    while (after := whole.find(b".", at)) > 0:
        parents.append(whole[at:])
        at = after + 1
    return parents


def _as_they_stand(text: str) -> Iterator[_Address]:
    """Give the addresses that stand in a comment undisguised, or with disguised letters."""
    strange: list[tuple[int, int]] = []
    certain = False
    for many, (start, end) in enumerate(_dotted(text)):
        if many == _MOST:
            yield from _in_haste(text, start, certain=certain)
            break
        for address in _addresses(text, start, end):
            certain = certain or address.certain
            yield address
        if not text[start:end].isascii():
            strange.append((start, end))
    if strange:
        yield from _hidden(text, strange)


def _dotted(text: str) -> Iterator[tuple[int, int]]:
    """Give the places of the words that may hold an address."""
    end = 0
    for word in [word for word in text.split() if "." in word or "//" in word]:
        if "//" in word or _INNER_DOT.search(word):
            start = text.index(word, end)
            end = start + len(word)
            yield start, end


def _in_haste(text: str, start: int, *, certain: bool) -> Iterator[_Address]:
    """Give each host of the rest of a comment once, as it is written; `certain` if it is known that there is one."""
    seen = set()
    for found in _HASTY.finditer(text, start):
        written = found[0].lower()
        if written in seen:
            continue
        seen.add(written)
        name, path = found["place"].lower(), found["path"] or ""
        last = name.rpartition(".")[2]
        if is_ending(last) or last.isdigit():
            sure = (not certain or name in SHORTENERS) and not last.isdigit() and _is_certain(name, path)
            certain = certain or sure
            yield _Address(*found.span(), (_Place(name, path.rstrip(_TRAILING)),), sure)


def _addresses(text: str, start: int, end: int) -> Iterator[_Address]:
    for found in islice(_ADDRESS.finditer(text, start, end), _MOST):
        whole, placed, bare, path = found.group(0, "place", "bare", "path")
        written = placed or (bare if path else _to_an_ending(bare))
        name = host(written)
        if not (_is_host(name) if placed else _exists(name, written)):
            continue
        if whole[-1] in _TRAILING:
            whole = _without_trailing(whole)
        stop = found.start() + len(whole) - len(placed or bare) + len(written)
        place = _Place(name, path.lstrip(".").replace("\\", "/") if path else "")
        places = (place, *_disguised(written, place), *islice(_carried(place), _MOST))
        yield _Address(found.start(), stop, places, bool(placed) or _is_certain(*place))


def _without_trailing(written: str) -> str:
    """Leave off what belongs to the sentence around an address, but a bracket only if it was opened there."""
    kept = written.rstrip(_TRAILING)
    return kept + ")" if kept.count("(") > kept.count(")") and written.startswith(kept + ")") else kept


def _to_an_ending(written: str) -> str:
    """Cut a bare host where the next sentence begins without a space, as in ``example.com.Then``."""
    head, _, last = written.rpartition(".")
    if "." in head and last[0].isupper() and not written.isupper() and is_ending(ascii_name(head.rpartition(".")[2])):
        return head
    return written


def _is_host(name: str) -> bool:
    return "." in name or is_ip(name)


def _exists(name: str, written: str) -> bool:
    """Tell whether a bare word with dots may be a host: ``end.It`` is two sentences, ``3.5`` a number."""
    head, _, last = name.rpartition(".")
    if is_ip(name):
        return written.count(".") == 3 and name == written  # noqa: PLR2004 - four parts
    if not head or not is_ending(last):
        return False
    return last in _USUAL or not written[-len(last) :].istitle() or written.istitle()


def _is_certain(name: str, path: str) -> bool:
    last = name.rpartition(".")[2]
    if last in _USUAL or name.startswith("www.") or name in SHORTENERS:
        return True
    return path[:1] == "/" and len(path) > 1 and last not in _ENGLISH_ENDINGS


def _disguised(written: str, place: _Place) -> tuple[_Place, ...]:
    """Give the host that an address looks like, if its letters are of another alphabet or have dots between them.

    An accent is no disguise: bücher.example and bucher.example are two sites.
    """
    if not written.isascii() and not all(map(_is_accented, written)):
        alike = host(look_alike(unicodedata.normalize("NFC", written)))
        return (_Place(alike, place.path),) if alike not in {"", place.host} else ()
    if place.host[1:2] == "." == place.host[3:4]:
        *letters, last = place.host.split(".")
        if len(letters) > 3 and all(len(letter) == 1 for letter in letters):  # noqa: PLR2004 - fewer may be a name
            return (_Place(f"{''.join(letters)}.{last}", place.path),)
    return ()


def _is_accented(char: str) -> bool:
    return char.isascii() or unicodedata.normalize("NFD", char)[0].isascii()


def _carried(place: _Place) -> Iterable[_Place]:
    """Give the places that an address carries in itself: redirects, archives, translations, copies of pages."""
    name, path = place
    carried = _passed_on(name, path) if name.endswith(_PASSERS_ON) else ()
    if path and ("=" in path or "%" in path or ":" in path or "aHR0" in path):
        return (*carried, *_redirects(path))
    return carried


def _passed_on(name: str, path: str) -> Iterator[_Place]:
    for ending in _IN_ITS_NAME:
        if name.endswith(ending):
            inner = name.removesuffix(ending).replace("--", "\0").replace("-", ".").replace("\0", "-")
            yield _Place(inner, path)
    passed_on = _PASSED_ON.match(name + path)
    if passed_on:
        yield _Place(host(passed_on["place"]), passed_on["path"] or "")


def _redirects(path: str) -> Iterator[_Place]:
    for _ in range(_LAYERS):
        targets = _REDIRECT.finditer(path) if path[:8] != "/search?" else ()
        for target in targets:
            if not (target["named"] and _TELLS_WHENCE.match(target["named"])):
                yield from _target(target)
        for target in _BARE_TARGET.finditer(path):
            yield from _target(target)
        for hidden in _BASE64.finditer(path):
            plain = urlsafe_b64decode(hidden[1].replace("+", "-") + "=" * (-len(hidden[1]) % 4)).decode(
                "utf-8", "replace"
            )
            for target in _REDIRECT.finditer(plain):
                yield from _target(target)
        further = unquote(path, errors="replace")
        if further == path:
            return
        path = further


def _target(found: re.Match[str]) -> Iterator[_Place]:
    name = host(found["place"])
    if _is_host(name):
        yield _Place(name, found["path"] or "")


# readings


class _Reading(NamedTuple):
    """A piece of a comment read differently: character k stands for the one at ``at[k]`` of the comment."""

    text: str
    at: list[int]

    def put(self, find: re.Pattern[str], sign: str) -> _Reading:
        """Replace whatever a pattern finds by one sign or none."""
        pieces: list[str] = []
        at: list[int] = []
        done = 0
        for found in islice(find.finditer(self.text), _MOST_SIGNS):
            pieces += (self.text[done : found.start()], sign)
            at += self.at[done : found.start() + len(sign)]
            done = found.end()
        if not done:
            return self
        return _Reading("".join((*pieces, self.text[done:])), at + self.at[done:])


class _Table(dict[str, str]):
    """Works out what a character is read as when it first meets it."""

    def __init__(self, reading: Callable[[str], str]) -> None:
        super().__init__()
        self._reading = reading

    def __missing__(self, char: str) -> str:
        self[char] = reading = self._reading(char)
        return reading


def _read_as(char: str) -> str:
    """Give what a character stands for in an address: nothing for an invisible one, a letter for a styled one."""
    category = unicodedata.category(char)
    name = unicodedata.name(char, "")
    if category in {"Cf", "Me"} or name.startswith("VARIATION") or char in "\u034f\u3164\uffa0":
        return ""
    plain = unicodedata.normalize("NFKC", char)
    if plain in _DOTS:
        return "."
    if plain.isascii():
        return plain
    if char in _SIGNS or category[0] == "S" or category == "Cn":
        return _sign_as(char)
    return " " if name.startswith(_UNSPACED) else char


def _sign_as(char: str) -> str:
    """Give the letter that an emoji shows, if it shows one."""
    if _FLAGS <= ord(char) < _FLAGS + len(ascii_lowercase):
        return ascii_lowercase[ord(char) - _FLAGS]
    alike = look_alike(char)
    return alike if alike.isascii() and alike.isalnum() else _EMOJI


_READ_AS = _Table(_read_as)


def _read(text: str, pieces: Sequence[tuple[int, int]]) -> _Reading:
    """Read pieces of a comment, with a sign between them that no address goes beyond."""
    if pieces == [(0, len(text))] and text.isascii():
        return _Reading(text, list(range(len(text))))
    read: list[str] = []
    at: list[int] = []
    for start, end in pieces:
        signs = [*map(_READ_AS.__getitem__, text[start:end]), _BETWEEN]
        read += signs
        if {*map(len, signs)} == {1}:
            at += range(start, end + 1)
        else:
            at += [place for place, sign in enumerate(signs, start) for _ in sign]
    return _Reading("".join(read), at)


def _may_be_hidden(text: str, folded: str) -> bool:
    """Tell whether it is worth reading a comment differently; nearly always no, and quickly."""
    return (
        ("dot" in folded and _has_sign(_DOT_IN_WORDS, folded))
        or (" ." in folded and _has_sign(_LOOSE_DOT, folded))
        or (" com" in folded and _has_sign(_LOOSE_COM, folded))
        or ("punto" in folded and _has_sign(_PUNTO, folded))
        or (not text.isascii() and _may_be_hidden_in_signs(text, folded))
    )


def _may_be_hidden_in_signs(text: str, folded: str) -> bool:
    """Tell the same of dots of other scripts, and of emoji in the place of dots."""
    if (" net" in folded or " org" in folded or " xxx" in folded) and _has_sign(_LOOSE_ENDING, folded):
        return True
    return ("。" in text or "．" in text or "｡" in text or "․" in text) and bool(_STRANGE_DOT.search(text))


def _has_sign(sign: re.Pattern[str], folded: str) -> bool:
    return any(not found.lastindex or is_ending(found[1]) for found in sign.finditer(folded))


def _ends(text: str) -> list[tuple[int, int]]:
    if len(text) <= 2 * _MOST_READ:
        return [(0, len(text))]
    return [(0, _MOST_READ), (len(text) - _MOST_READ, len(text))]


def _hidden(text: str, pieces: Sequence[tuple[int, int]]) -> Iterator[_Address]:
    """Give the addresses of pieces of a comment in both readings, as they stand in the comment."""
    reading = _read(text, pieces)
    known = text  # whose addresses are known already
    for steps, sure in ((_WRITTEN_OUT, True), (_GUESSED, False)):
        for needed, find, sign in steps:
            lower = reading.text.lower()
            if any(one in lower for one in needed):
                reading = reading.put(find, sign)
        if reading.text == known:
            continue
        known = reading.text
        words = islice(_dotted(known), _MOST)
        for found in chain.from_iterable(_addresses(reading.text, *word) for word in words):
            if found.places[0].host.partition(".")[0] not in _NO_NAMES:
                where = reading.at[found.start], reading.at[found.end - 1] + 1
                yield _Address(*where, found.places, found.certain and sure)


def _given(text: str, links: tuple[str, ...]) -> Iterator[_Address]:
    """Give the addresses that the platform gave, in the order of the comment, each where its short form stands."""
    short = list(dict.fromkeys(_SHORT.findall(text)))
    for at, link in enumerate(links):
        start = text.index(short[at]) if at < len(short) else 0
        end = start + len(short[at]) if at < len(short) else len(text)
        for found in _addresses(link, 0, len(link)):
            yield _Address(start, end, found.places, found.certain)
            break


_SHORT = re.compile(r"https?://t\.co/\w+", re.IGNORECASE)
