"""The ballot list: typed, refused where it would be one-sided or too wide, and the spellings that it gives."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from shipped import BALLOT

from rules.load import Approvals, FileProblems, load_ballot

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "election: Test\ndate: 2027-06-22\nsource: The board\ncertified_on: 2027-04-13\n"
TWO = """contests:
  - office: Mayor
    choices:
      - name: Ana Quillfeather
        also: [Quillfeather]
      - name: Bo Underbrook
"""
MISTAKES = [
    ("", ":1:1: has neither contests nor measures"),
    ("contests: []\nmeasure: []\n", ":6:1: measure: is no key that is known here; did you mean 'measures'?"),
    (
        "contests:\n  - office: Mayor\n    choices:\n      - name: Ana Quillfeather\n",
        ":8:7: contests.0.choices: 'Mayor' has one choice; add everybody who stands, or say unopposed: true",
    ),
    (
        TWO.replace("    choices", "    unopposed: true\n    choices"),
        ":7:16: contests.0.unopposed: 'Mayor' has more than one choice; take 'unopposed' out",
    ),
    (TWO.replace("[Quillfeather]", "[Ana]"), ":9:16: contests.0.choices.0.also.0: 'Ana' has fewer than 4 letters"),
    (TWO.replace("[Quillfeather]", '["@a_q"]'), "'@a_q' has fewer than 4 letters"),
    (
        TWO.replace("[Quillfeather]", "[Hope]"),
        "'Hope' is a common word as well as a name; write it with the first name",
    ),
    (TWO.replace("[Quillfeather]", '["#Mayor"]'), "'#Mayor' is a common word"),
    (
        TWO.replace("[Quillfeather]", '["#BoUnderbrook"]'),
        "contests.0.choices.1.name: 'Bo Underbrook' already names Ana Quillfeather (Mayor)",
    ),
    (TWO + "measures:\n  - name: Quillfeather\n", ":12:11: measures.0.name: 'Quillfeather' already names Ana"),
    (TWO.replace("office: Mayor", "office: 7"), "7 is not text; put it in quotes"),
]


def loaded(path: Path, text: str) -> dict[str, tuple[str, ...]]:
    path.write_text(HEAD + text, encoding="utf-8")
    return dict(load_ballot(path, Approvals()).words)


def matches(expressions: tuple[str, ...], text: str) -> bool:
    return any(re.fullmatch(expression, text) for expression in expressions)


@pytest.mark.parametrize(("text", "said"), MISTAKES)
def test_what_is_wrong_is_said_with_its_place_and_a_remedy(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(FileProblems) as refused:
        loaded(tmp_path / "ballot.yaml", text)
    assert said in str(refused.value)


def test_a_list_is_inert_until_a_named_person_has_approved_it() -> None:
    assert not load_ballot(BALLOT, Approvals()).in_force


def test_an_unopposed_choice_is_no_mistake_if_the_list_says_so(tmp_path: Path) -> None:
    alone = "contests:\n  - office: Judge\n    unopposed: true\n    choices:\n      - name: Ana Quillfeather\n"
    assert loaded(tmp_path / "ballot.yaml", alone)["candidate"]


@pytest.mark.parametrize(
    "written", ["ana quillfeather", "anaquillfeather", "#anaquillfeather", "quillfeather", "@quillfeather"]
)
def test_names_are_found_apart_run_together_and_as_tags(written: str, tmp_path: Path) -> None:
    words = loaded(tmp_path / "ballot.yaml", TWO)
    assert matches(words["candidate"], written)
    assert not matches(words["candidate"], "ana")
    assert matches(words["candidate-tag"], "ana")
    assert words["measure"] == ()


@pytest.mark.parametrize(
    "written", ["ibáñez-thornwright", "ibañez thornwright", "ibanez-thornwright", "ibanezthornwright"]
)
def test_accents_hyphens_and_gaps_may_be_missing(written: str) -> None:
    assert matches(load_ballot(BALLOT, Approvals()).words["candidate"], f"consuelo {written}")
