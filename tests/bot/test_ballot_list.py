"""The ballot list that filled a rule is approved, kept and cited like the packs, so that a verdict can be replayed."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from bot.doctor import examine
from bot.judging import rulebook_for_judging, shipped, shipped_rules
from bot.parts import Rulebook
from rules.load import Approvals, load_ballot, load_pack, load_policy

if TYPE_CHECKING:
    from pathlib import Path

    from city import City

BALLOT = shipped("ballot.example.yaml")
WORDS = "Vote for Quillfeather!"


def test_the_list_is_cited_and_kept_with_the_packs() -> None:
    book = rulebook_for_judging(None, BALLOT)
    assert book.ballot is not None
    assert book.pins[book.ballot.label] == book.ballot.sha256
    assert book.documents[book.ballot.sha256] == ("ballot.example.yaml", BALLOT.read_text("utf-8"))
    assert book.engine.evaluate(WORDS)


def test_without_a_list_nothing_is_cited_and_the_rules_wait() -> None:
    book = rulebook_for_judging(None)
    assert book.ballot is None
    assert set(book.pins) == {pack.label for pack in book.engine.packs}
    assert "c1-candidate-vote" in book.waiting
    assert book.engine.evaluate(WORDS) == ()


def test_a_list_that_nobody_approved_fills_nothing() -> None:
    rules = shipped_rules().model_copy(update={"ballot": BALLOT})
    approved = Approvals.assume("a tester", date(2026, 1, 1), [rules.policy, *rules.packs])
    book = Rulebook.read(rules, approved)
    assert book.ballot is not None
    assert book.ballot.sha256 not in book.pins.values()
    assert book.engine.evaluate(WORDS) == ()


def test_a_verdict_can_be_given_again_from_the_kept_documents(tmp_path: Path) -> None:
    book = rulebook_for_judging(None, BALLOT)
    files = {}
    for sha256, (name, text) in book.documents.items():
        files[sha256] = tmp_path / f"{sha256[:8]}-{name}"
        files[sha256].write_text(text, encoding="utf-8", newline="")
    approved = Approvals.assume("a tester", date(2026, 1, 1), files.values())
    policy = load_policy(files[book.policy.sha256], approved)
    match = book.engine.evaluate(WORDS)[0]
    assert book.ballot is not None
    ballot = load_ballot(files[book.ballot.sha256], approved)
    pack = load_pack(files[book.pins[match.pack]], policy, None, approved, ballot)
    rule = next(rule for rule in pack.rules if rule.id == match.rule)
    first = next(one for other in book.engine.packs for one in other.rules if one.id == match.rule)
    assert rule == first


def test_the_doctor_says_that_no_list_is_loaded(city: City) -> None:
    finding = next(iter(examine(city.settings, city.clock())))
    assert finding.ok
    assert any("no ballot list loaded" in detail for detail in finding.details)
