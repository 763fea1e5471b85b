"""Telling verdicts and packs apart; packs of long ago are read as they were."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from build import a_pack, a_rule, an_engine
from hypothesis import given, settings
from hypothesis import strategies as st
from shipped import APPROVED_ON, POLICY, ROOT, ballot, packs, policy, verdict

from bot.domain.types import Action, Ask, Match, Outcome, Verdict
from rules.assemble import kept_pack, kept_policy
from rules.load import FileProblems, load_pack, shipped_models
from rules.model import Approval
from rules.replay import differences, not_kept, rule_changes

if TYPE_CHECKING:
    from pathlib import Path

THEN = Approval(sha256="0" * 64, file="x", approved_by="in force then", approved_on=APPROVED_ON)


def a_match(**changes: Any) -> Match:
    values: dict[str, Any] = {
        "rule": "a-rule",
        "clause": "C9",
        "pack": "a-pack@1#0",
        "start": 0,
        "end": 3,
        "excerpt": "buy",
        "matcher": "phrase: buy",
        "ask": Ask.HIDE,
        "reason": "For a test.",
    }
    return Match(**values | changes)


def a_verdict(*matches: Match, **changes: Any) -> Verdict:
    values: dict[str, Any] = {"outcome": Outcome.ACT, "action": Action.HIDE, "why": "a-rule (C9)"}
    return Verdict(matches=matches, **values | changes)


@settings(deadline=None)  # the first example compiles the rules
@given(st.text(max_size=60))
def test_a_verdict_does_not_differ_from_itself(text: str) -> None:
    assert differences(verdict(text), verdict(text)) == ()


CHANGES: list[dict[str, Any]] = [
    {"rule": "other"},
    {"clause": "C2"},
    {"pack": "a-pack@2#1"},
    {"start": 1},
    {"end": 2},
    {"excerpt": "bux"},
    {"matcher": "pattern"},
    {"ask": Ask.REVIEW},
    {"reason": "Another."},
    {"shadow": True},
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_any_other_word_of_a_match_is_a_difference(change: dict[str, Any]) -> None:
    stored, again = a_verdict(a_match()), a_verdict(a_match(**change))
    assert differences(stored, again)
    assert differences(again, stored)


def test_a_difference_is_told_in_words() -> None:
    stored = a_verdict(a_match(), a_match(start=5, end=8))
    clear = a_verdict(outcome=Outcome.CLEAR, action=None, why="no rule matched")
    assert differences(stored, clear) == (
        "the outcome was act and comes out as clear",
        "the action was hide and comes out as none",
        "the reason was 'a-rule (C9)' and comes out as 'no rule matched'",
        "no longer matched: a-rule (C9) at 0-3: 'buy' by phrase: buy",
        "no longer matched: a-rule (C9) at 5-8: 'buy' by phrase: buy",
    )
    assert differences(stored, replace(stored, matches=stored.matches[::-1])) == ("the matches come in another order",)


def test_a_list_that_a_match_names_and_nobody_has_any_more_is_named() -> None:
    old = a_verdict(a_match(matcher="link: example.com in adult.txt#0a1b2c3d4e5f"))
    assert not_kept(old, old) is None
    assert not_kept(old, a_verdict(a_match(matcher="link: example.com in adult.txt#ffffffffffff"))) is not None
    assert not_kept(old, a_verdict()) == "adult.txt#0a1b2c3d4e5f"
    assert not_kept(a_verdict(a_match()), a_verdict()) is None, "it names none"


def test_what_changed_between_two_packs(tmp_path: Path) -> None:
    before = a_pack(tmp_path, a_rule([{"phrase": ["one thing", "another"]}]), a_rule([{"phrase": ["gone"]}], id="gone"))
    after = a_pack(
        tmp_path,
        a_rule([{"phrase": ["one thing", "a third"]}, {"pattern": "fo+rth"}], outcome="review", title="Another"),
        a_rule([{"phrase": ["newcomer"]}], id="new"),
    )
    assert [(change.name, change.what) for change in rule_changes([before], [after])] == [
        ("a-rule", "changed"),
        ("new", "added"),
        ("gone", "removed"),
    ]
    assert rule_changes([before], [after])[0].details == (
        "outcome: hide → review",
        "match: 1 phrases more: 'a third'",
        "match: 1 phrases fewer: 'another'",
        "match: 1 patterns more: 'fo+rth'",
        "0 matchers under all and 3 under any",
        "other title",
    )
    assert rule_changes([before], [before]) == []


def test_other_spanish_words_of_a_rule_are_told(tmp_path: Path) -> None:
    before = a_pack(tmp_path, a_rule([{"phrase": ["one thing"]}]))
    after = a_pack(tmp_path, a_rule([{"phrase": ["one thing"]}], es={"reason": "Para una prueba."}))
    assert [change.details for change in rule_changes([before], [after])] == [("other es",)]


def test_kept_packs_read_like_the_files_they_were() -> None:
    for pack in packs():
        kept = kept_pack(pack.name, pack.source, THEN, {}, shipped_models(), ballot())
        assert (kept.rules, kept.label, kept.lists, kept.models) == (pack.rules, pack.label, pack.lists, pack.models)
    kept_now = kept_policy(POLICY.read_text("utf-8"), None)
    assert not kept_now.in_force
    assert kept_now.categories == policy().categories


def test_a_pack_that_todays_checks_refuse_is_read_as_it_was(tmp_path: Path) -> None:
    pack = a_pack(tmp_path, a_rule([{"phrase": ["buy now"]}]))
    text = pack.source.replace("buy now", "mayor lied")
    (tmp_path / "a-pack.yaml").write_text(text, "utf-8")
    with pytest.raises(FileProblems, match="names 'mayor'"):
        load_pack(tmp_path / "a-pack.yaml", policy())
    assert kept_pack("a-pack.yaml", text, replace_sha(text), {}).in_force


def replace_sha(text: str) -> Approval:
    return THEN.model_copy(update={"sha256": hashlib.sha256(text.encode()).hexdigest()})


def test_rules_on_trial_are_recorded_and_count_for_nothing(tmp_path: Path) -> None:
    (match,) = an_engine(tmp_path, a_rule([{"phrase": ["buy now"]}], shadow=True)).evaluate("buy now!")
    assert match.shadow


def test_the_pack_in_the_handbook_is_a_good_one(tmp_path: Path) -> None:
    shown = re.search(r"```yaml\n(.*?)```", (ROOT / "rules" / "README.md").read_text("utf-8"), re.DOTALL)
    assert shown is not None
    (tmp_path / "street-spam.yaml").write_text(shown[1], "utf-8")
    assert load_pack(tmp_path / "street-spam.yaml", policy()).rules[0].shadow
