"""Tells whether two versions of the program decide alike, match for match, for work that may change speed alone.

    PYTHONPATH=. python tests/rules/compare.py before.txt     the first time: writes down what this version decides
    PYTHONPATH=. python tests/rules/compare.py before.txt     later: shows what differs, ends with 1 if any does

What is decided on: all comments of the development data and of the lists beside the tests, a part of them spoilt by
disguises and by signs that break words, and every listed word under every disguise.
"""

from __future__ import annotations

import random
import sys
from itertools import combinations, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from bench_right import names
from shipped import DATA, HERE, lines, rows, verdict
from test_disguises import DISGUISES, WORDS, can_be_worn, worn

if TYPE_CHECKING:
    from collections.abc import Iterator

SEED = 20261128
SPOILT = 12_000  # comments
SHORTEST = 3  # letters of a word that can wear any disguise
SIGNS = [
    "\u200b",
    "\n",
    " . ",
    "\ud800",
    "1",
    "!",
    "é",
    "💩",
    "&#102;",
    "https://bit.ly/x ",
    "\u202eabc",
    "'",
    "ñ",
    "  ",
]
SHOWN = 20


def main(path: Path) -> int:
    """Write down what is decided, or compare it with what was written down."""
    now = [f"{text!r}\t{verdict(text)!r}" for text in texts()]
    if not path.exists():
        path.write_text("\n".join(now), "utf-8")
        sys.stdout.write(f"wrote what is decided on {len(now):,} comments\n")
        return 0
    before = path.read_text("utf-8").split("\n")
    differing = [pair for pair in zip_longest(before, now, fillvalue="(not there)") if pair[0] != pair[1]]
    for old, new in differing[:SHOWN]:
        sys.stdout.write(f"- {old}\n+ {new}\n")
    sys.stdout.write(f"{len(differing):,} of {len(now):,} comments are decided otherwise\n")
    return int(bool(differing))


def texts() -> list[str]:
    """Everything that is decided on, in an order that is always the same."""
    known = [row["text"] for name in names() for row in rows(name)] if DATA.is_dir() else []
    known += [line for path in sorted(HERE.glob("*.txt")) for line in lines(path.stem)]
    return [*known, *spoilt(known, random.Random(SEED)), *disguised(random.Random(SEED))]


def spoilt(known: list[str], chance: random.Random) -> Iterator[str]:
    """Some comments, with up to three words in disguise and perhaps a sign in the middle of anything."""
    for text in chance.sample(known, min(SPOILT, len(known))):
        words = text.split(" ")
        for at in chance.choices(range(len(words)), k=3):
            if words[at].isascii() and words[at].isalpha() and len(words[at]) >= SHORTEST:
                words[at] = worn(words[at].lower(), chance.choice(DISGUISES))
        whole = " ".join(words)
        cut = chance.randrange(len(whole) + 1)
        yield f"{whole[:cut]}{chance.choice(SIGNS)}{whole[cut:]}" if chance.random() < 1 / 2 else whole


def disguised(chance: random.Random) -> Iterator[str]:
    """Every listed word under every disguise, and under twenty pairs of them."""
    pairs = [pair for pair in combinations(DISGUISES, 2) if can_be_worn(*pair)]
    for word in WORDS:
        yield from (f"you {worn(word, disguise)} there" for disguise in DISGUISES)
        yield from (f"what {worn(word, *pair)}!" for pair in chance.sample(pairs, 20))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
