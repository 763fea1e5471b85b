"""Threats: violence against persons of every kind, told from figures of speech, news, emergencies and reports."""

from __future__ import annotations

import pytest
from shipped import DATA, engine, lines, packs, rows

from bot.domain.types import Ask

SAFETY = [rule for pack in packs() for rule in pack.rules if rule.clause == "C7"]
THREATS, NEAR = lines("threats"), lines("threats_near")


def threatens(text: str) -> bool:
    return any(match.rule.startswith("c7-threat") for match in engine().evaluate(text))


def test_there_are_plenty_of_both() -> None:
    assert len(set(THREATS)) == len(THREATS) >= 200
    assert len(set(NEAR)) == len(NEAR) >= 200


def test_nearly_every_threat_is_found() -> None:
    missed = [text for text in THREATS if not threatens(text)]
    assert len(missed) <= len(THREATS) * 0.05, missed


def test_those_set_aside_while_the_patterns_were_written_are_found_nearly_as_often() -> None:
    missed = [text for text in THREATS[2::3] if not threatens(text)]
    assert len(missed) <= len(THREATS[2::3]) * 0.1, missed


def test_those_written_later_are_found_too() -> None:
    missed = [text for text in lines("threats_later") if not threatens(text)]
    assert len(missed) <= len(lines("threats_later")) * 0.05, missed
    assert [text for text in lines("threats_near_later") if threatens(text)] == []


def test_what_only_sounds_like_a_threat_is_let_be() -> None:
    asked = [text for text in NEAR if threatens(text)]
    assert len(asked) <= len(NEAR) * 0.01, asked


@pytest.mark.parametrize("target", ["the mayor", "my neighbor", "the officer", "the protester", "the landlord", "him"])
@pytest.mark.parametrize(
    ("saying", "threat"),
    [
        ("I am going to shoot {}.", True),
        ("Somebody should hang {}.", True),
        ("Let's burn down the house with {} inside", True),
        ("I hope somebody stabs {}", True),
        ("I am going to call {} tomorrow.", False),
        ("Somebody should sue {}.", False),
        ("Vote {} out.", False),
        ("They shot {} last night, it was on the news.", False),
    ],
)
def test_whom_it_is_aimed_at_makes_no_difference(saying: str, threat: bool, target: str) -> None:
    assert threatens(saying.format(target)) == threat


def test_a_person_is_called_at_once() -> None:
    urgent = {rule.id for rule in SAFETY if rule.urgent}
    assert urgent == {rule.id for rule in SAFETY if rule.outcome is Ask.REVIEW}
    assert all(match.urgent for match in engine().evaluate("I am going to shoot you") if match.clause == "C7")


@pytest.mark.skipif(not DATA.is_dir(), reason="the labelled comments are not part of the project")
@pytest.mark.parametrize(
    ("name", "most"),
    [("polis_civic", 0.001), ("crisislex_t6", 0.001), ("pstance", 0.002), ("mayweather_tweets", 0.001)],
)
def test_ordinary_speech_is_hardly_ever_taken_for_a_threat(name: str, most: float) -> None:
    comments = rows(name)
    asked = [row["text"] for row in comments if threatens(row["text"])]
    assert len(asked) <= len(comments) * most, asked
