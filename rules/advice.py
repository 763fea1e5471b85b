"""What the City's own posts should have and what they must not: advice for their authors, never a reason to act.

The City's words are government speech, so this may be stricter than any rule on residents: RSMo 115.646 forbids public
funds “to advocate, support, or oppose any ballot measure or candidate”, and AR 1-27 5.A.2.b, d and e ask for a link to
the City's site, credit for photographs, and none of the ten contents that comments may not have either. What is asked
for accessibility is 28 CFR 35.200.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from bot.domain.types import Attachment, Match, Post

CAMPAIGN = "campaign"
"""The code of advice that cannot wait for tomorrow."""
LINK, CREDIT, ALTERNATIVE = "link", "credit", "alternative"
"""Codes of what a post lacks. All others are clauses."""

_SEEN = ("photo", "image", "picture")
_THING = r"(?:question|measure|proposition|prop|amendment|issue|levy|bonds?|initiative|referendum|candidate)"
_COSA = r"(?:pregunta|medida|propuesta|proposición|enmienda|iniciativa|candidat[oa])"
_ADVOCACY = re.compile(
    rf"\b(?:vote|voting)\s+(?:yes|no|for|against)\b|\b(?:yes|no)\s+on\s+(?:the\s+)?(?:{_THING}|[a-z]?\d+)\b"
    r"|\b(?:re-?)?elect\s+(?:\w+\s+){0,3}(?:for|to)\b|\b(?:your|our)\s+(?:yes|no)\s+vote\b"
    rf"|\b(?:support|oppose|endorse|defeat|pass|reject)\w*\s+(?:\w+\s+){{0,3}}{_THING}\b"
    r"|\bvot(?:e|a|en|ar|emos)\s+(?:por|s[ií]|no|a\s+favor|en\s+contra)\b"
    rf"|\b(?:apoy|rechac|respald)\w+\s+(?:\w+\s+){{0,3}}{_COSA}\b",
    re.IGNORECASE,
)
_CREDIT = re.compile(
    r"\b(?:photos?|images?|pictures?|fotos?|videos?)\s*(?:by\b|credits?\b|courtesy\b|:|de\b|por\b)"
    r"|\bcourtesy\b|\bcredits?\s*:|\bcortes[ií]a\b|\bcr[eé]dito|©|📷|📸",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"(?<![\w./@-])(?:https?://)?((?:[a-z0-9-]+\.)+[a-z]{2,})(?=[/:?#\s.,;!)\]]|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing that the author of a City post should know, by its code: what it lacks, or the clause that it meets.

    `words`: those that were met and by which `rule`; or the hosts of the City's site.
    """

    code: str
    words: tuple[str, ...] = ()
    rule: str = ""


def advise(
    post: Post, matches: Iterable[Match], *, sites: Collection[str], tells_alternatives: bool
) -> Iterator[Advice]:
    """Say what one post of the City lacks or should not have.

    `matches`: what the rules for residents met in it. `sites`: the City's own hosts; none: no link is asked for.
    `tells_alternatives`: the platform tells a program whether pictures are described.
    """
    advocacy = _ADVOCACY.search(post.text)
    clauses = {match.clause: match for match in matches if not match.shadow}
    if advocacy or "C1" in clauses:
        yield Advice(CAMPAIGN, (advocacy[0] if advocacy else clauses["C1"].excerpt,))
    for clause in sorted(clauses.keys() - {"C1"}):
        yield Advice(clause, (clauses[clause].excerpt,), clauses[clause].rule)
    if sites and not _links(post, sites):
        yield Advice(LINK, tuple(sorted(sites)))
    pictures = [one for one in post.attachments if any(word in one.kind.lower() for word in _SEEN)]
    if pictures and not _CREDIT.search(post.text):
        yield Advice(CREDIT)
    if tells_alternatives and any(not (one.alt or "").strip() for one in pictures):
        yield Advice(ALTERNATIVE)


def _links(post: Post, sites: Collection[str]) -> bool:
    hosts = (found[1].lower() for text in _texts(post.text, post.attachments) for found in _ADDRESS.finditer(text))
    return any(host == site or host.endswith(f".{site}") for host in hosts for site in sites)


def _texts(text: str, attachments: Iterable[Attachment]) -> Iterator[str]:
    yield text
    yield from (one.url for one in attachments if one.kind == "link" and one.url)
