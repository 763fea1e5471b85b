"""Finds web addresses and tells whose they are, however they are written.

Addresses are found with a scheme, without one, with the dot in words ("example dot com", "example[.]com"), and inside
the parameters of other addresses (redirects). A listed domain stands for itself and everything under it. Names in
other alphabets are compared in their ASCII form (RFC 3490). Which endings exist is the Public Suffix List as it came
with its package: nothing is fetched, and a shortened address is not followed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote

from tldextract import TLDExtract

from rules.match import Hit
from rules.normal import look_alike

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rules.normal import Forms

_SUFFIXES = TLDExtract(suffix_list_urls=(), cache_dir=None)
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_DOT = r"(?:[.。．]| ?\[ ?(?:\.|dot) ?\] ?| ?\( ?(?:\.|dot) ?\) ?| dot | \.(?=(?:com|net|org)\b)| ?\. (?=com\b))"
_ADDRESS = re.compile(
    rf"(?<![\w@.-])(?P<scheme>(?:h(?:tt|xx)ps?|ftp)(?:://|\[:\]//))?(?P<host>{_LABEL}(?:{_DOT}{_LABEL})+)"
    r"(?![\w@-])(?::\d{1,5})?(?P<path>[/?#][^\s<>\"]*)?",
    re.IGNORECASE,
)
_WRITTEN_OUT = ("[.", "(.", "[ .", "( .", " .", ". c", "。", "．")  # a dot that is more than a dot inside a word
_INNER_DOT = re.compile(r"\.\w")
_DOTTED = re.compile(r"(?<!\S)[^\s.]+(?:\.[^\s.]+)+\S*")
_CARRIED = re.compile(r"[?&#]\w*(?:ur[li]|link|dest|target|redir\w*|goto|to|u|q|r)=([^&#\s]+)", re.IGNORECASE)
_TRAILING = ".,;:!?'\")]}>…"
_USUAL_ENDINGS = frozenset({"com", "net", "org", "info", "biz", "io", "gg", "xyz"})
_DEEPEST = 3  # redirects within redirects


class NotADomain(ValueError):
    """A line of a domain list does not name a domain, or names an ending that is everybody's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What one matcher looks for: listed domains, or any address at all."""

    domains: frozenset[str]
    any: bool = False


@dataclass(frozen=True, slots=True)
class _Address:
    """One address in a comment, the hosts it leads to, and whether it is one beyond doubt ("end.It" is none)."""

    start: int
    end: int
    hosts: tuple[str, ...]
    certain: bool


def domain(text: str) -> str:
    """Give a domain as domains are compared. Raises `NotADomain` for anything that is not one."""
    name = _ascii(text.strip().rstrip("."))
    if not re.fullmatch(r"[a-z0-9_-]+(\.[a-z0-9_-]+)+", name):
        message = f"{text!r} is not a domain such as example.com"
        raise NotADomain(message)
    if _SUFFIXES(name).suffix == name:
        message = f"{text!r} is an ending under which anybody may have a domain"
        raise NotADomain(message)
    return name


class Links:
    """All link matchers at once: addresses are found and taken apart once."""

    def __init__(self, wanted: Mapping[int, Wanted]) -> None:
        """Take what each matcher looks for, by the matcher's number."""
        self._wanted = dict(wanted)
        self._domains = frozenset[str]().union(*(one.domains for one in wanted.values()))
        self._any = [number for number, one in wanted.items() if one.any]

    def find(self, forms: Forms) -> Iterator[Hit]:
        """Give every address that some matcher looks for."""
        if not self._wanted:
            return
        for address in _found(forms.verbatim):
            for number, what in self._met(address):
                yield Hit(number, address.start, address.end, f"link: {what}")

    def _met(self, address: _Address) -> Iterator[tuple[int, str]]:
        """Give the matchers that an address meets, and the listed domain it leads to, or its own host."""
        for host in address.hosts:
            for parent in _parents(host):
                if parent in self._domains:
                    yield from ((number, parent) for number, one in self._wanted.items() if parent in one.domains)
        if address.certain:
            yield from ((number, address.hosts[0]) for number in self._any)


def _parents(host: str) -> Iterator[str]:
    """Give a host and every domain above it, down to two labels."""
    labels = host.split(".")
    for at in range(len(labels) - 1):
        yield ".".join(labels[at:])


def _found(text: str) -> Iterator[_Address]:
    """Give the addresses of a comment; looks no further than at words with a dot unless dots are written out."""
    if "dot" in text.lower() or any(sign in text for sign in _WRITTEN_OUT):
        yield from _addresses(text, 0, len(text))
    elif _INNER_DOT.search(text):
        for word in _DOTTED.finditer(text):
            yield from _addresses(text, word.start(), word.end())


def _addresses(text: str, start: int, end: int, depth: int = 0) -> Iterator[_Address]:
    for found in _ADDRESS.finditer(text, start, end):
        path = found["path"] or ""
        host = _host(found["host"])
        whole = found[0].rstrip(_TRAILING)
        if not host or not (found["scheme"] or _exists(host)):
            continue
        ending = host.rpartition(".")[2]
        certain = bool(found["scheme"]) or host.startswith("www.") or path.startswith("/") or ending in _USUAL_ENDINGS
        hosts = (host, *_disguised(found["host"]), *_carried(path, depth))
        yield _Address(found.start(), found.start() + len(whole), hosts, certain)


def _carried(path: str, depth: int) -> tuple[str, ...]:
    """Find the hosts that an address carries in its parameters."""
    if depth == _DEEPEST:
        return ()
    carried = (unquote(found[1]) for found in _CARRIED.finditer(path))
    return tuple(
        host for value in carried for address in _addresses(value, 0, len(value), depth + 1) for host in address.hosts
    )


@lru_cache(maxsize=4096)
def _host(written: str) -> str:
    """Give a host as domains are compared, its written dots as dots."""
    return _ascii(re.sub(r"\W*(?:\bdot\b|[.。．])\W*", ".", written, flags=re.IGNORECASE).strip("."))


def _disguised(written: str) -> tuple[str, ...]:
    """Give the host that an address looks like, if some of its letters are of another alphabet."""
    return () if written.isascii() else (_host(look_alike(written)),)


def _ascii(name: str) -> str:
    try:
        return name.lower() if name.isascii() else name.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return name.lower()  # no domain can be called so; it is compared as it stands


@lru_cache(maxsize=4096)
def _exists(host: str) -> bool:
    """Tell whether a host lies under an ending of the Public Suffix List."""
    parts = _SUFFIXES(host)
    return bool(parts.suffix and parts.domain)
