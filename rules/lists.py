"""Domain lists that the City keeps: half a million lines read at once, and looked up without a single wrong answer.

A list is a text file, each line a domain, a line of a hosts file ("0.0.0.0 example.com"), or the address of one page,
which then stands for what lies at or below that page alone; # begins a comment. What is listed is kept whole, not as
hashes: on a list rests whether a comment is hidden.

Lists are long and right nearly always. So everything is first checked as a whole, by means that take no step of Python
for each line; lines are only looked at one by one to say what is wrong with them.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import unquote

import re2

from rules.hosts import EVERYBODYS, NotADomain, domain, host, is_ip, open_parents, suffixes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from collections.abc import Set as AbstractSet

MOST_SAID = 20  # wrong lines that are named one by one
LONGEST_PAGE = 500  # characters of a path that are compared
_PLAIN = b"abcdefghijklmnopqrstuvwxyz0123456789.-_\n"
_NOWHERE = (b"0.0.0.0", b"127.0.0.1")
_MARK = b"\xef\xbb\xbf"  # which some editors put before UTF-8
_OWN_NAMES = frozenset(  # the machine's own, as hosts files have them; and the empty line
    b"localhost localhost.localdomain local broadcasthost ip6-localhost ip6-loopback ip6-localnet ip6-mcastprefix "
    b"ip6-allnodes ip6-allrouters ip6-allhosts 0.0.0.0".split()
) | {b""}
_PIECE = 2**18  # bytes
_COMMENT = re.compile(r"(?:^|\s)#.*")
_PAGE = re.compile(r"(?:[a-z]+://)?(?:[^\s/?#@]*@)?(\[[0-9a-f:.]+\]|[^\s/?#:]+)(?::\d+)?([/?#]\S*)?", re.IGNORECASE)
_CUT = re.compile(r"(?=[/?&#])|$")
_HASH_LINE = re.compile(r"\\?([0-9a-fA-F]{64})(?: [ *](.+))?")


class BadList(ValueError):
    """A domain list was refused; the message says why, and what to run once it is mended."""


@dataclass(frozen=True, slots=True, eq=False)
class DomainList:
    """One list in force. `sha256` (hex) names its exact bytes, which are kept: verdicts are replayed under them."""

    name: str
    sha256: str
    body: bytes = field(repr=False)
    entries: AbstractSet[bytes] = field(repr=False)
    page_hosts: frozenset[bytes] = field(repr=False)

    def __len__(self) -> int:
        """Count the domains and pages listed."""
        return len(self.entries)

    @property
    def label(self) -> str:
        """What a match says of the list: its name and the first digits of its hash."""
        return f"{self.name}#{self.sha256[:12]}"

    def entry(self, parents: Sequence[bytes], path: str) -> str | None:
        """Give the entry that an address falls under: `parents` are its host and every domain above that."""
        for parent in parents:
            if parent in self.entries:
                return parent.decode()
        own = parents[0].removeprefix(b"www.")
        if path and own in self.page_hosts:
            for page in _pages(own, path):
                if page in self.entries:
                    return page.decode()
        return None


def vouched(name: str, body: bytes, vouching: bytes) -> str:
    """Give the SHA-256 (hex) of a list, if the text `vouching`, as ``sha256sum`` writes it, names that very hash.

    Raises `BadList` if it names another hash or none.
    """
    found = hashlib.sha256(body).hexdigest()
    lines = map(_HASH_LINE.fullmatch, vouching.decode("utf-8", "replace").splitlines())
    said = [line[1].lower() for line in lines if line and (line[2] or name).rpartition("/")[2] == name]
    if len(said) != 1:
        message = f"{name}.sha256 does not hold one line for {name}, as sha256sum writes it"
        raise BadList(message)
    if said[0] != found:
        message = f"it is not the file that {name}.sha256 vouches for (SHA-256 expected {said[0]}, found {found})"
        raise BadList(message)
    return found


def read(name: str, body: bytes, sha256: str) -> DomainList:
    """Read a list. Raises `BadList` with its wrong lines, the first `MOST_SAID` by number."""
    entries: set[bytes] = set()
    wrong: dict[int, str] = {}
    number = 1
    for piece in _pieces(body.removeprefix(_MARK)):
        lines, said = _read_piece(piece)
        entries.update(lines)
        wrong |= {number + at: why for at, why in said.items()}
        number += piece.count(b"\n")
    if wrong:
        raise BadList(_told(wrong))
    entries -= _OWN_NAMES
    pages = frozenset(entry.partition(b"/")[0] for entry in entries if b"/" in entry) if b"/" in body else frozenset()
    return DomainList(name, sha256, body, entries, pages)


def _pieces(body: bytes) -> Iterator[bytes]:
    """Cut a list into runs of whole lines: what is made of one on the way is soon free for the next."""
    start = 0
    while start < len(body):
        end = body.find(b"\n", start + _PIECE) + 1 or len(body)
        yield body[start:end]
        start = end


def _read_piece(piece: bytes) -> tuple[list[bytes], dict[int, str]]:
    """Give the entries of some lines, and by place what is wrong with those that name none."""
    plain = _simplified(piece)
    lines = plain.split(b"\n")
    more: list[bytes] = []
    wrong: dict[int, str] = {}
    if plain.translate(None, _PLAIN):
        written = piece.split(b"\n")
        for at in [at for at, line in enumerate(lines) if line.translate(None, _PLAIN)]:
            lines[at] = b""
            try:
                more += _entries(written[at])
            except UnicodeDecodeError:
                wrong[at] = "is not UTF-8"
            except NotADomain as problem:
                wrong[at] = str(problem)
        plain = b"\n".join(lines)
    pattern, endings = _suspects()
    if pattern.search(plain) or not endings.isdisjoint(lines):
        for at, line in enumerate(lines):
            try:
                lines[at] = line and _listed(line.decode())
            except NotADomain as problem:
                wrong[at] = str(problem)
    return lines + more, wrong


def _simplified(piece: bytes) -> bytes:
    """Bring lines to small letters, without the first column of a hosts file and without "www."."""
    plain = b"\n" + piece.lower().replace(b"\r", b"")
    for nowhere in _NOWHERE:
        if b"\n" + nowhere in plain:
            plain = plain.replace(b"\n%b " % nowhere, b"\n").replace(b"\n%b\t" % nowhere, b"\n")
    return plain.replace(b"\nwww.", b"\n")[1:]


def _entries(line: bytes) -> list[bytes]:
    """Read a line that is more than a domain in small letters. Raises NotADomain, UnicodeDecodeError."""
    text = line.decode("utf-8")
    words = (_COMMENT.sub("", text) if "#" in text else text).split()
    if len(words) > 1 and (is_ip(host(words[0])) or is_ip(host(f"[{words[0]}]"))):
        words = [word for word in words[1:] if word.lower().encode() not in _OWN_NAMES]
    elif len(words) > 1:
        message = f"{' '.join(words)!r} is not a domain such as example.com"
        raise NotADomain(message)
    return [_entry(word) for word in words]


def _entry(word: str) -> bytes:
    parts = _PAGE.fullmatch(word)
    if not parts:
        message = f"{word!r} is neither a domain such as example.com nor the address of a page"
        raise NotADomain(message)
    name, path = parts[1].lower().removeprefix("www."), (parts[2] or "").rstrip("/")
    if path:
        return (host(name) + comparable(path)).encode()
    return _listed(name)


def _listed(name: str) -> bytes:
    """Give a domain that may be listed whole; nothing for what hosts files say of their own machine."""
    if name.encode() in _OWN_NAMES:
        return b""
    labels = domain(name).split(".")
    if not EVERYBODYS.isdisjoint(".".join(labels[at:]) for at in range(len(labels))):
        message = f"{name!r} is a place of everybody's; list the address of the page itself, such as {name}/page"
        raise NotADomain(message)
    return ".".join(labels).encode()


def comparable(path: str) -> str:
    """Give a path, with what follows ? and #, as pages are compared."""
    path = unquote(path, errors="replace")[:LONGEST_PAGE].rstrip("/")
    return path if path[:1] == "/" else "/" + path


def _pages(own: bytes, path: str) -> Iterator[bytes]:
    """Give every page at or above a path of a host."""
    whole = comparable(path)
    for cut in _CUT.finditer(whole, 1):
        yield own + whole[: cut.start()].encode("utf-8", "replace")


@cache
def _suspects() -> tuple[re2._Regexp, frozenset[bytes]]:
    """What no line of a good list is like: a pattern for all lines at once, and the endings that are everybody's."""
    named = "|".join(re.escape(name) for name in sorted(EVERYBODYS))
    under = "|".join(re.escape(name) for name in sorted(open_parents()))
    pattern = rf"(?m)^[^.\n]+$|^\.|\.$|\.\.|^[^.\n]+\.(?:{under})$|(?:^|\.)(?:{named})$"
    return re2.compile(pattern.encode()), frozenset(name.encode() for name in suffixes())


def _told(wrong: dict[int, str]) -> str:
    """Name wrong lines, the first of them one by one."""
    told = [f"line {at}: {why}" for at, why in sorted(wrong.items())[:MOST_SAID]]
    if len(wrong) > MOST_SAID:
        told.append(f"and {len(wrong) - MOST_SAID} lines more")
    return "\n    ".join([f"{len(wrong)} of its lines cannot be used", *told, "Correct these lines or take them out"])
