"""Guesses whether a comment is in English or in Spanish, by its commonest words; unsure means no guess.

A rule may name `languages`, since a word may be foul in one language and harmless in another. The guess only ever
takes something away from such a rule: surely another language, and the rule does not count; no guess, and it counts
but may not act (`fits`). So a wrong guess can hide nothing that a rule without languages would have left alone.
"""

from __future__ import annotations

from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from rules.model import Language

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

# Words that the other language does not have, or hardly: "no", "me", "a", "come" and "son" are left out on purpose.
_ENGLISH = """
    the and of to in is it that was for you are with have this be at by not from they we what there an all your will
    who can if when my our their which do does did don't doesn't didn't can't won't i'm it's that's isn't been were
    would could should about out up so just more now then them these those some like get got than how why because
    where please still here every into only very his her him she i us has had or but as on
"""
_SPANISH = """
    el la los las de del que en un una unos unas y o por para con pero como más mas está esta están estan este esto
    esos esas ese eso aquí aqui allí muy también tambien porque cuando donde dónde qué cómo quién quien es ser eres
    somos fue hay ya se su sus le les lo al nos mis tu tus todo todos toda todas nada nadie siempre nunca hace hacer
    tiene tienen tengo quiero puede pueden favor gracias señor calle agua gente ciudad hasta desde entre sobre ni
"""
_OTHERS = """
    não você uma muito são também isso com mas os as dos das na pra ele ela foi est les des une pas c'est pour avec
    dans sur et ou où je il elle nous vous che è della di sono non per più questo anche und der die das ist nicht ich
    wir sie ein eine mit auf het een ik niet zijn
"""


def listed(words: str) -> frozenset[str]:
    """Give the words of a text as a set."""
    return frozenset(words.split())


COMMON: Mapping[Language, frozenset[str]] = MappingProxyType(
    {Language.EN: listed(_ENGLISH), Language.ES: listed(_SPANISH) - listed(_ENGLISH)}
)
"""The commonest words of each language, in lower case. Such words say in what language a thing is said, not what."""

_ELSEWHERE = listed(_OTHERS) - COMMON[Language.EN] - COMMON[Language.ES]
_ENOUGH = 2  # common words; one may stand in a name ("Los Angeles")
_CLEARLY = 3  # times as many as of any other language


@lru_cache(maxsize=4)  # every rule that a comment meets asks about the same comment
def guess(plain: str) -> Language | None:
    """Guess the language of a comment's plain form; None if it is too short to tell, mixed, or in another language."""
    words = plain.split()
    english = len(COMMON[Language.EN].intersection(words))
    spanish = len(COMMON[Language.ES].intersection(words))
    spanish += _ENOUGH * ("¿" in plain) + ("¡" in plain)
    if english >= _ENOUGH and english >= _CLEARLY * spanish:
        return Language.EN
    elsewhere = len(_ELSEWHERE.intersection(words))
    if spanish >= _ENOUGH and spanish >= _CLEARLY * max(english, elsewhere):
        return Language.ES
    return None


def fits(languages: Collection[Language], plain: str) -> bool | None:
    """Tell whether a rule for these languages counts for a comment: yes, no, or None where nobody can tell.

    None is for a person: the rule counts, and may ask for a review and no more. No languages means all of them.
    """
    if not languages:
        return True
    guessed = guess(plain)
    return None if guessed is None else guessed in languages
