"""Accounts that are called like the City's and are none of them: told to its officers, and nothing is done about them.

No rule knows of this (P9): what such an account writes is judged like everybody's words. It may be the City's own and
never registered (AR 1-27 5.A.1), or pose as the City. Only a name that all but equals one of the City's is told, since
whoever is suspected wrongly cannot answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rapidfuzz.distance import OSA

from archive import pages, records, withheld
from rules.normal import Forms

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from archive.database import Tx
    from archive.records import Seen
    from bot.settings import Settings

SHORTEST = 4
"""Letters of a name that is looked for: with fewer, half the world is called so."""
LONG = 10
"""From so many letters on, one letter more, less or otherwise still reads as the same name."""
ADDED = (
    *("government", "gobierno", "official", "oficial", "verified", "verificado", "real", "gov", "gob", "the"),
    *("helpdesk", "support", "soporte", "help", "ayuda"),
)
"""What is put before or behind a name so that it looks like the City's."""
_ALIKE = str.maketrans("01i35", "olles")
"""Signs that the eye takes for one another in names, besides those that rules know."""
_ADDED = tuple(word.translate(_ALIKE) for word in ADDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resembling:
    """An account that is called like `ours`, one of the City's names, and where it was `seen` first."""

    name: str
    ours: str
    seen: Seen


def resembling(tx: Tx, settings: Settings, after: int, keys: Collection[str]) -> Iterator[Resembling]:
    """Give such accounts that wrote on these accounts of the City after that line of the ledger, each once."""
    ours = _ours(tx, settings)
    registered = {(entry.platform, entry.id) for entry in settings.accounts}
    known: set[tuple[str, str]] = set()
    for seen in records.authors_since(tx, after, keys):
        name = seen.author.name or seen.author.handle or ""
        who = (seen.ref.platform, seen.author.id or name)
        if who in known or who in registered:
            continue
        known.add(who)
        told = [skeleton(name) for name in (seen.author.name, seen.author.handle) if name]
        found = next((ours[one] for one in told if one in ours), None) or _nearly(told, ours)
        if found and not withheld.is_withheld(tx, seen.ref):
            yield Resembling(name=name, ours=found, seen=seen)


def skeleton(name: str) -> str:
    """Give what the eye makes of a name: Latin letters and figures alone, disguises and `ADDED` words taken off."""
    letters = re.findall(r"[a-z0-9]+", Forms(name).folded.partition("\n")[0])
    whole = "".join(letters).translate(_ALIKE)
    while (told := _without_added(whole)) != whole:
        whole = told
    return whole


def _without_added(name: str) -> str:
    """Take one added word off, as long as a name is left."""
    for added in _ADDED:
        if len(name) >= len(added) + SHORTEST and (name.startswith(added) or name.endswith(added)):
            return name.removeprefix(added) if name.startswith(added) else name.removesuffix(added)
    return name


def _nearly(told: Iterable[str], ours: Mapping[str, str]) -> str | None:
    """The name of the City's that differs from one of these in one letter, if it is a long one."""
    for said in told:
        for one, name in ours.items():
            if len(one) >= LONG and OSA.distance(said, one, score_cutoff=1) <= 1:
                return name
    return None


def _ours(tx: Tx, settings: Settings) -> dict[str, str]:
    """What the City is called, by skeleton: in the settings, on its own pages, and by its site."""
    names = [settings.city.name, *settings.city.known_as, *(entry.name for entry in settings.accounts)]
    names += [site.split(".")[-2] for site in settings.city.sites]
    for entry in settings.accounts:
        page = pages.last(tx, entry.account.key, read=True)
        names += [name for name in (page.name, page.handle) if name] if page else []
    told = {skeleton(name): name for name in reversed(names)}
    return {one: name for one, name in told.items() if len(one) >= SHORTEST}
