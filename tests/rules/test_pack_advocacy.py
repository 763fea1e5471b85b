"""Campaign speech: only express words beside a name from the ballot list, for and against alike, and nothing else."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shipped import APPROVED_ON, BALLOT, CRITICISM, DATA, policy, rows

from bot.domain.types import Ask
from rules.engine import Engine
from rules.load import Approvals, load_ballot, load_pack, shipped_packs

if TYPE_CHECKING:
    from rules.model import Pack

HERE = Path(__file__).parent
C1 = next(path for path in shipped_packs() if path.stem == "c1-campaign")
READINGS = sorted(HERE.glob("advocacy_reading_*.txt"))
PUBLIC_CANDIDATES = """
election: President of the United States
date: 2020-11-03
source: Names of the candidates whom the labelled tweets are about
certified_on: 2020-01-01
contests:
  - office: President
    choices:
      - name: Donald Trump
        also: [Trump, Donald J Trump, Donald J. Trump, "@realDonaldTrump"]
      - name: Joe Biden
        also: [Biden, Joseph Biden, "@JoeBiden"]
      - name: Bernie Sanders
        also: [Sanders, Bernie, "@BernieSanders", "@SenSanders"]
"""


def pack(ballot: Path | None, *, approved: bool = True) -> Pack:
    approvals = Approvals.assume("a tester", APPROVED_ON, [C1, *([ballot] if ballot and approved else [])])
    return load_pack(C1, policy(), None, approvals, load_ballot(ballot, approvals) if ballot else None)


@cache
def local() -> Engine:
    """The rules, filled from the example list: Quillfeather or Underbrook for mayor, and Question 1."""
    return Engine([pack(BALLOT)])


@pytest.fixture(scope="session")
def presidential(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    path = tmp_path_factory.mktemp("ballot") / "ballot.yaml"
    path.write_text(PUBLIC_CANDIDATES, encoding="utf-8")
    return Engine([pack(path)])


# the list


@pytest.mark.parametrize("ballot", [None, BALLOT], ids=["no list", "a list that nobody approved"])
def test_without_a_list_in_force_every_rule_waits(ballot: Path | None) -> None:
    waiting = pack(ballot, approved=False)
    assert waiting.rules == ()
    assert waiting.waiting == tuple(rule.id for rule in pack(BALLOT).rules)
    assert waiting.ballot is None
    assert Engine([waiting]).evaluate("Vote for Jane Example! Vote for Quillfeather! Vote yes on Question 1!") == ()


def test_the_list_that_filled_the_rules_is_named() -> None:
    assert pack(BALLOT).ballot == load_ballot(BALLOT, Approvals()).sha256
    assert pack(BALLOT).waiting == ()


def test_a_list_without_measures_leaves_the_rules_of_measures_waiting(tmp_path: Path) -> None:
    path = tmp_path / "ballot.yaml"
    path.write_text(PUBLIC_CANDIDATES, encoding="utf-8")
    waiting = set(pack(path).waiting)
    assert "c1-measure" in waiting
    assert "c1-candidate-vote" not in waiting


def test_names_that_are_not_on_the_list_are_nobodys_business() -> None:
    assert local().evaluate("Vote for Jane Example! Vote yes on Question 99!") == ()
    assert local().evaluate("Vote for change, vote for your kids, vote for whoever you like.") == ()


def test_a_person_decides_on_every_match() -> None:
    assert {rule.outcome for rule in pack(BALLOT).rules} == {Ask.REVIEW}


# both sides alike

BOTH = ("Quillfeather", "Underbrook")
WITH_A_NAME = [
    "Vote for {}!",
    "Vote against {}!",
    "I'm voting for {}.",
    "I will never vote for {}.",
    "{} has my vote",
    "{} lost my vote",
    "Elect {} in June",
    "We must defeat {} in June",
    "Send {} back home",
    "Donate to {} today",
    "#Vote{}",
    "#Never{}",
    "#{}2027",
    "{} for mayor!",
    "{} lied about the budget.",
    "{} saved our library.",
    "Who can beat {}?",
    "A poll puts {} ahead.",
    "People who voted for {} should be ashamed.",
    "Recall {}!",
    "Shame on {} and shame on this council.",
    "Vota por {} el martes",
    "{} miente siempre.",
]
PRO_AND_CONTRA = [
    ("Vote for {}!", "Vote against {}!"),
    ("I will always vote for {}.", "I will never vote for {}."),
    ("Please re-elect {}.", "We must vote {} out."),
    ("{} has my vote", "{} lost my vote"),
    ("#Elect{}", "#Defeat{}"),
    ("We love {}.", "We hate {}."),
    ("{} should be mayor", "{} should be voted out"),
    ("Vota por {}", "Vota contra {}"),
]
YES_AND_NO = [
    "Vote {} on Question 1",
    "{} on Question 1!",
    "I'm a {} on Prop 1",
    "#{}OnQuestion1",
    "Is it {} on Question 1 that keeps the pool, or is it not?",
]


@given(before=st.text(max_size=30), saying=st.sampled_from(WITH_A_NAME), after=st.text(max_size=30))
def test_exchanging_the_sides_never_changes_what_follows(before: str, saying: str, after: str) -> None:
    one, other = (local().evaluate(f"{before} {saying.format(name)} {after}") for name in BOTH)
    assert [match.rule for match in one] == [match.rule for match in other]


@pytest.mark.parametrize(("pro", "contra"), PRO_AND_CONTRA)
@pytest.mark.parametrize("name", BOTH)
def test_support_and_opposition_have_the_same_outcome(pro: str, contra: str, name: str) -> None:
    assert bool(local().evaluate(pro.format(name))) == bool(local().evaluate(contra.format(name)))


@pytest.mark.parametrize("saying", YES_AND_NO)
def test_a_measure_stands_for_yes_and_no_alike(saying: str) -> None:
    assert bool(local().evaluate(saying.format("yes"))) == bool(local().evaluate(saying.format("no")))


@pytest.mark.parametrize("saying", ["Vote {} en la Pregunta 1", "{} a la Pregunta 1", "Digan {} a la Pregunta 1"])
def test_a_measure_stands_for_yes_and_no_alike_in_spanish(saying: str) -> None:
    assert local().evaluate(saying.format("sí"))
    assert local().evaluate(saying.format("no"))


# what is left alone


@pytest.mark.parametrize("text", CRITICISM)
def test_criticism_is_no_campaign(text: str) -> None:
    assert local().evaluate(text) == ()


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("saying", ["{} is a liar and a crook.", "{}, resign!", "Impeach {}", "Lock {} up", "Fire {}!"])
def test_harsh_words_about_a_candidate_are_no_campaign(saying: str, name: str) -> None:
    assert local().evaluate(saying.format(name)) == ()


# tweets about candidates, where a developer has them, in two readings made before the rules

present = pytest.mark.skipif(not DATA.is_dir(), reason="the labelled comments are not part of the project")


def agreed() -> dict[str, bool]:
    """The ids of tweets that every reading labels alike, and whether they are advocacy."""
    labels: dict[str, set[str]] = {}
    for reading in READINGS:
        for line in reading.read_text("utf-8").splitlines():
            if line and not line.startswith("#"):
                tweet, label = line.split()
                labels.setdefault(tweet, set()).add(label)
    return {tweet: label == {"yes"} for tweet, label in labels.items() if len(label) == 1}


@present
def test_express_advocacy_is_found_and_little_else(presidential: Engine) -> None:
    texts = {row["id"]: row["text"] for row in rows("pstance")}
    labels = agreed()
    found = {tweet for tweet in labels if presidential.evaluate(texts[tweet])}
    right = {tweet for tweet in found if labels[tweet]}
    assert len(labels) > 300
    assert len(right) / len(found) >= 0.98, [texts[tweet] for tweet in found - right]
    assert len(right) / sum(labels.values()) >= 0.6
    assert len(found - right) / sum(not label for label in labels.values()) <= 0.002


@present
@pytest.mark.parametrize("name", ["polis_civic", "crisislex_t6", "mayweather_tweets", "identity_madlibs"])
def test_other_speech_is_no_campaign(name: str, presidential: Engine) -> None:
    assert [row["text"] for row in rows(name) if presidential.evaluate(row["text"])] == []
