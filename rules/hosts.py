"""What a host is called: one form in which hosts are compared, and which endings are everybody's.

Browsers read names of other alphabets as punycode (RFC 3492), and a number in place of a name as an IPv4 address, be it
decimal, octal or hexadecimal, in one part or four (WHATWG URL Standard, "host parsing"). So do we. Which endings exist
is the Public Suffix List as it came with its package; nothing is fetched.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from importlib.util import find_spec
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

LONGEST = 253  # characters; no longer name can be looked up (RFC 1035)
_SHORTENERS = (
    "bit.ly bitly.com j.mp tinyurl.com is.gd v.gd ow.ly buff.ly goo.gl rebrand.ly cutt.ly shorturl.at tiny.cc t.ly "
    "rb.gy s.id bl.ink lnkd.in trib.al dlvr.it ift.tt fb.me wp.me amzn.to soo.gd qr.ae qrco.de adf.ly "
    "ouo.io shorte.st sh.st bc.vc linktr.ee snip.ly po.st mcaf.ee clck.ru u.to tr.im su.pr x.co surl.li urlz.fr "
    "n9.cl acortar.link shorturl.asia 1url.com lc.chat kutt.it short.gy spr.ly hubs.ly hubs.la zpr.io gg.gg"
)
SHORTENERS = frozenset(_SHORTENERS.split())
"""Hosts whose addresses say nothing of where they lead. X's own t.co is none: X tells where each of those leads."""

_EVERYBODYS = (
    "gov mil kcmo.org kclibrary.org ridekc.org google.com youtube.com youtu.be goo.gl g.co forms.gle facebook.com "
    "fb.com instagram.com whatsapp.com wa.me messenger.com threads.net x.com twitter.com t.co t.me telegram.org "
    "nextdoor.com snapchat.com pinterest.com tiktok.com reddit.com redd.it linkedin.com twitch.tv discord.com "
    "discord.gg wikipedia.org wikimedia.org archive.org apple.com icloud.com microsoft.com live.com office.com "
    "bing.com yahoo.com duckduckgo.com amazon.com ebay.com paypal.com venmo.com gofundme.com "
    "netflix.com spotify.com soundcloud.com vimeo.com dropbox.com zoom.us eventbrite.com change.org github.com "
    "imgur.com nytimes.com washingtonpost.com cnn.com foxnews.com npr.org kcur.org kansascity.com kshb.com kmbc.com "
    "kctv5.com fox4kc.com adobe.com cloudflare.com mozilla.org"
)
EVERYBODYS = SHORTENERS | frozenset(_EVERYBODYS.split())
"""Endings and hosts on which everybody writes or reads: no list may condemn one whole, or a name beneath it."""

_FIGURES = re.compile(r"(?:0x[0-9a-f]*|\d+)(?:\.(?:0x[0-9a-f]*|\d+)){0,3}", re.ASCII)
_HOSTING_BEGINS = "// ===BEGIN PRIVATE DOMAINS==="
_ENDING = re.compile(r"^[.*!]*\w\S*", re.MULTILINE)
_NAME = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)+")


class NotADomain(ValueError):
    """What should be a domain names none, or names an ending under which anybody may have one."""


class _Endings(NamedTuple):
    """The Public Suffix List: `last` labels that exist, whole `suffixes`, and parents all of whose children are ones.

    Of hosting companies' parents (``*.compute.amazonaws.com``) each child is one customer's machine, and no ending.
    """

    last: frozenset[str]
    suffixes: frozenset[str]
    all_under: frozenset[str]
    but: frozenset[str]


@cache
def _endings() -> _Endings:
    listed, _, hosting = _suffix_list().partition(_HOSTING_BEGINS)
    official = _ENDING.findall(listed)
    names = frozenset(ascii_name(name) for name in (*official, *_ENDING.findall(hosting)) if name[0] not in "*!")
    all_under = frozenset(ascii_name(name[2:]) for name in official if name.startswith("*."))
    last = frozenset(name.rpartition(".")[2] for name in names | all_under)
    return _Endings(last, names, all_under, frozenset(ascii_name(name[1:]) for name in official if name[0] == "!"))


def _suffix_list() -> str:
    """Give the text of the list that lies in the package tldextract.

    The package itself is not imported: it can fetch lists, and takes a good part of a start to make ready for that.
    Raises FileNotFoundError if the package is not there.
    """
    package = find_spec("tldextract")
    if package is None or package.origin is None:
        message = "the package tldextract, in which the Public Suffix List comes, is not installed; install it"
        raise FileNotFoundError(message)
    return Path(package.origin).with_name(".tld_set_snapshot").read_text("utf-8")


def suffixes() -> frozenset[str]:
    """Give every ending of the Public Suffix List, those of hosting companies included."""
    return _endings().suffixes


def open_parents() -> frozenset[str]:
    """Give the domains all of whose children are endings, such as ck: ``*.ck`` in the Public Suffix List."""
    return _endings().all_under


def is_suffix(name: str) -> bool:
    """Tell whether anybody may have a domain under this name, as under co.uk and blogspot.com."""
    endings = _endings()
    return name in endings.suffixes or (name.partition(".")[2] in endings.all_under and name not in endings.but)


def is_ending(label: str) -> bool:
    """Tell whether a label, in the form that `ascii_name` gives, is the last one of any domain."""
    return label in _endings().last


def ascii_name(name: str) -> str:
    """Give a name in lower case, and labels of other alphabets in punycode."""
    if name.isascii():
        return name.lower()
    return ".".join(map(_punycode, unicodedata.normalize("NFKC", name).lower().split(".")))


def _punycode(label: str) -> str:
    if label.isascii():
        return label
    return "xn--" + unicodedata.normalize("NFC", label).encode("punycode").decode("ascii", "replace")


def host(written: str) -> str:
    """Give a host as hosts are compared; an empty text for what can be none."""
    if written.startswith("["):
        return _ipv6(written)
    if "%" in written:
        written = unquote(written)
    name = ascii_name(written).rstrip(".") if len(written) <= LONGEST else ""
    if not name or len(name) > LONGEST or ".." in name or name[0] == ".":
        return ""
    return _ipv4(name) if name[name.rfind(".") + 1].isdigit() and _FIGURES.fullmatch(name) else name


def _ipv4(name: str) -> str:
    """Read figures as browsers do: the last part fills what the parts before it leave."""
    *before, last = [_number(part) for part in name.split(".")]
    rest = 4 - len(before)
    if any(part > 255 for part in before) or last >= 256**rest:  # noqa: PLR2004 - a byte
        return ""
    return str(IPv4Address(sum(part << 8 * (3 - at) for at, part in enumerate(before)) + last))


def _number(part: str) -> int:
    if part.startswith("0x"):
        return int(part, 16) if part[2:] and len(part) < LONGEST else 0
    try:
        return int(part, 8 if part.startswith("0") else 10)
    except ValueError:
        return 256**4  # 09 is no octal number; no browser takes it for an address


def _ipv6(written: str) -> str:
    try:
        address = IPv6Address(written.strip("[]").partition("%")[0])
    except AddressValueError:
        return ""
    return str(address.ipv4_mapped or f"[{address}]")


def is_ip(name: str) -> bool:
    """Tell whether a host, as `host` gives it, is an address in figures."""
    return name.startswith("[") or name[-1:].isdigit()


def domain(text: str) -> str:
    """Give a domain, or an address in figures, as hosts are compared. Raises `NotADomain` for anything else."""
    name = host(text.strip())
    if not (_NAME.fullmatch(name) or (name.startswith("[") and is_ip(name))):
        message = f"{text!r} is not a domain such as example.com"
        raise NotADomain(message)
    if is_suffix(name):
        message = f"{text!r} is an ending under which anybody may have a domain"
        raise NotADomain(message)
    return name
