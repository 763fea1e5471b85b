"""Discrimination: what is said of a group, on whatever side; never its name, never what is said against such words."""

from __future__ import annotations

import pytest
from shipped import DATA, engine, packs, rows

from bot.domain.types import Ask
from rules.engine import Placed, Rulebook

PACK = next(pack for pack in packs() if pack.id == "c3-discrimination")
GROUPS = [
    *("black people", "white people", "Mexicans", "Muslims", "Christians", "Jews", "atheists", "women", "men"),
    *("gay people", "trans people", "immigrants", "disabled people", "old people", "felons", "homeless people"),
]
DEROGATORY = [
    "{} are vermin.",
    "I hate all {}",
    "{} should be deported",
    "Get these {} out of here",
    "{} = 🐀",
    "🤮 all these {}",
]
FAIR = [
    "Nobody should say that {} are vermin.",
    'He said "{} are vermin" at the meeting.',
    "It is wrong to say {} are animals",
    "Stop saying that {} are animals",
    "People who think {} are animals should read a book",
    "I hate it when people say {} are stupid.",
    "{} are not animals",
    "{} live here too.",
    "{} deserve respect 😍",
    "Why are {} treated like garbage by this city?",
]


def asks(text: str) -> bool:
    return any(match.clause == "C3" for match in engine().evaluate(text))


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("saying", DEROGATORY)
def test_majority_and_minority_are_protected_alike(saying: str, group: str) -> None:
    assert asks(saying.format(group))


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("saying", FAIR)
def test_counter_speech_and_plain_mention_are_let_be(saying: str, group: str) -> None:
    assert not asks(saying.format(group))


@pytest.mark.parametrize(
    "text",
    [
        "As a gay man I hate how gay people are shown on TV.",
        "I'm a lesbian and I am sick of gay people being ignored",
        "We queers are too many to ignore",
        "I am Mexican, and Mexicans are lazy is what my boss tells me.",
        "👮🏻 = 🐷",
        "The mayor is a 🤡 and the council 🗑️",
        "Ramp blocked again ♿ 🤬",
    ],
)
def test_what_one_says_of_oneself_or_of_an_office_is_let_be(text: str) -> None:
    assert not asks(text)


def test_a_person_decides_at_once() -> None:
    assert {(rule.outcome, rule.urgent) for rule in PACK.rules} == {(Ask.REVIEW, True)}


present = pytest.mark.skipif(not DATA.is_dir(), reason="the labelled comments are not part of the project")


@present
def test_much_more_is_found_than_a_list_of_slurs_would_find() -> None:
    slurs = next(rule for rule in PACK.rules if rule.id == "c3-slur")
    phrases = [matcher for matcher in slurs.match.any if matcher.phrase]
    bare = slurs.model_copy(update={"match": slurs.match.model_copy(update={"any": tuple(phrases)}), "unless": ()})
    plain_list = Rulebook([Placed("plain list", bare, {}, {})])
    comments = rows("hatemojibuild")
    hateful = [row["text"] for row in comments if "discrimination" in row["labels"]]
    fair = [row["text"] for row in comments if "discrimination" not in row["labels"]]
    found, wrong = sum(map(asks, hateful)), sum(map(asks, fair))
    assert found >= 3 * sum(bool(plain_list.read(text)) for text in hateful)
    assert found >= 0.18 * len(hateful)
    assert found / (found + wrong) >= 0.8


@present
def test_who_somebody_is_is_no_ground() -> None:
    neutral = [row["text"] for row in rows("identity_madlibs") if not row["labels"]]
    assert len(neutral) > 900
    assert sum(map(asks, neutral)) <= 0.005 * len(neutral)


@present
@pytest.mark.parametrize(
    ("name", "most"), [("polis_civic", 0.001), ("crisislex_t6", 0.002), ("mayweather_tweets", 0.003)]
)
def test_ordinary_speech_is_hardly_ever_asked_about(name: str, most: float) -> None:
    comments = rows(name)
    asked = [row["text"] for row in comments if asks(row["text"])]
    assert len(asked) <= len(comments) * most, asked
