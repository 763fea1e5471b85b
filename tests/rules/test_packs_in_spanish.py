"""The four speech packs in Spanish, and how little of ordinary speech they ask about all together."""

from __future__ import annotations

import pytest
from shipped import CRITICISM, DATA, engine, lines, rows

OURS = {"C1", "C3", "C6", "C7"}
VIOLATING = [line.partition(": ")[::2] for line in lines("spanish_violating")]
INNOCENT = lines("spanish_innocent")


def clauses(text: str) -> set[str]:
    return {match.clause for match in engine().evaluate(text)} & OURS


def test_there_are_plenty_of_lines() -> None:
    assert len(VIOLATING) == 100
    assert len(INNOCENT) >= 100


@pytest.mark.parametrize("clause", sorted(OURS))
def test_most_of_what_breaks_a_clause_is_found(clause: str) -> None:
    mine = [text for code, text in VIOLATING if code == clause]
    missed = [text for text in mine if clause not in clauses(text)]
    assert len(mine) == 25
    assert len(missed) <= 2, missed


def test_ordinary_spanish_is_let_be() -> None:
    assert [text for text in INNOCENT if clauses(text)] == []


def test_criticism_is_let_be() -> None:
    asked = [text for text in CRITICISM if clauses(text)]
    assert len(asked) <= len(CRITICISM) * 0.005, asked


@pytest.mark.skipif(not DATA.is_dir(), reason="the labelled comments are not part of the project")
@pytest.mark.parametrize(
    ("name", "most"),
    [("crisislex_t6", 0.0025), ("polis_civic", 0.005), ("mayweather_tweets", 0.005), ("pstance", 0.005)],
)
def test_the_four_together_leave_a_person_time(name: str, most: float) -> None:
    comments = rows(name)
    asked = [row["text"] for row in comments if clauses(row["text"])]
    assert len(asked) <= len(comments) * most, asked
