"""From a text to its matches: which rules, which parts of them, which characters, in which order."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from build import a_pack, a_rule, an_engine, write_pack
from hypothesis import given, settings
from hypothesis import strategies as st
from shipped import engine, packs, policy, verdict

from bot.domain.types import Ask, Outcome
from rules.context import Context
from rules.engine import Engine
from rules.load import load_pack

if TYPE_CHECKING:
    from pathlib import Path

BITS = ["shit", "sh1t", "sub 4 sub", "4111 1111 1111 1111", "pornhub.com", "the", "é", "\u200b", "\n", "kill him", "$"]
COMMENTS = st.lists(st.sampled_from(BITS), max_size=8).map(" ".join)


@settings(deadline=None)
@given(COMMENTS | st.text(max_size=40))
def test_every_excerpt_is_the_verbatim_text_of_its_span(text: str) -> None:
    for match in engine().evaluate(text):
        assert match.excerpt == text[match.start : match.end]
        assert match.excerpt


def test_the_same_text_gives_the_same_matches_in_the_same_order() -> None:
    texts = [f"{one} {other} {third}" for one in BITS for other in BITS for third in BITS]
    another = Engine(packs())
    assert [engine().evaluate(text) for text in texts] == [another.evaluate(text) for text in reversed(texts)][::-1]


def test_every_matching_rule_is_told_not_only_the_first() -> None:
    text = "Oh fuck, sub 4 sub! My card is 4111 1111 1111 1111"
    found = {match.rule: match for match in engine().evaluate(text)}
    assert set(found) >= {"c2-obscenity", "c9-own-channel", "c7-card-number"}
    assert found["c2-obscenity"].excerpt == "fuck"
    assert found["c7-card-number"].excerpt == "4111 1111 1111 1111"
    assert found["c7-card-number"].matcher == "personal: card"


def test_a_match_says_where_its_rule_stood(tmp_path: Path) -> None:
    pack = a_pack(tmp_path, a_rule([{"phrase": ["gadzooks"]}], reason="Because."), id="our-pack", version="2026.3")
    (match,) = Engine([pack]).evaluate("oh gadzooks")
    assert match.pack == f"our-pack@2026.3#{pack.sha256[:12]}"
    assert (match.rule, match.clause, match.reason, match.matcher) == ("a-rule", "C9", "Because.", "phrase: gadzooks")


def test_all_of_and_any_of(tmp_path: Path) -> None:
    examples = {"match": ["one two", "one three"], "near_miss": ["two three"], "no_match": ["one", "four"]}
    match = {"all": [{"phrase": ["one"]}], "any": [{"phrase": ["two"]}, {"phrase": ["three"]}]}
    judge = an_engine(tmp_path, a_rule([]) | {"match": match, "examples": examples})
    assert [found.excerpt for found in judge.evaluate("one two three")] == ["one", "two", "three"]
    assert judge.evaluate("two three") == ()


def test_an_exception_silences_its_own_rule_only(tmp_path: Path) -> None:
    quiet = a_rule([{"phrase": ["gadzooks"]}], except_=[{"phrase": ["she said"]}])
    loud = a_rule([{"phrase": ["gadzooks"]}], id="another-rule")
    judge = an_engine(tmp_path, quiet, loud)
    assert [found.rule for found in judge.evaluate("gadzooks")] == ["a-rule", "another-rule"]
    assert [found.rule for found in judge.evaluate("gadzooks, she said")] == ["another-rule"]


def test_a_rule_on_trial_says_so(tmp_path: Path) -> None:
    (match,) = an_engine(tmp_path, a_rule([{"phrase": ["gadzooks"]}], shadow=True)).evaluate("gadzooks")
    assert match.shadow


def test_the_first_place_is_told_and_the_longest_word_there(tmp_path: Path) -> None:
    judge = an_engine(tmp_path, a_rule([{"phrase": ["gad", "gad zooks"]}]))
    (match,) = judge.evaluate("oh gad zooks and gad")
    assert (match.start, match.excerpt) == (3, "gad zooks")


def test_packs_that_nobody_approved_are_named_and_not_used(tmp_path: Path) -> None:
    path = write_pack(tmp_path, a_rule([{"phrase": ["gadzooks"]}]))
    pack = load_pack(path, policy())
    judge = Engine([pack])
    assert judge.evaluate("gadzooks") == ()
    assert judge.packs == ()
    (inert,) = judge.inert
    assert inert.pack is pack
    assert inert.reason.startswith(f"nobody has approved a-pack.yaml in this wording (SHA-256 {pack.sha256})")


def test_two_packs_must_not_share_a_rules_name(tmp_path: Path) -> None:
    one = a_pack(tmp_path, a_rule([]), id="one-pack")
    two = a_pack(tmp_path, a_rule([]), id="two-pack")
    with pytest.raises(ValueError, match="stand in more than one pack, rename one of each: a-rule"):
        Engine([one, two])


# context


def test_words_of_the_citys_own_post_are_not_held_against_who_repeats_them() -> None:
    post = Context(parent_post="Whoever writes 'this fucking rain' under a post is asked to stop.")
    assert [match.ask for match in engine().evaluate("this fucking rain")] == [Ask.HIDE]
    (match,) = engine().evaluate("so what about this fucking snow then", post)
    assert match.ask is Ask.REVIEW
    assert match.reason.endswith("The words repeat what stands above the comment, so a person decides.")


def test_quoting_a_phrase_of_the_comment_that_is_answered_is_for_a_person() -> None:
    above = Context(thread=("chinga tu madre, dijo él", "this fucking rain"))
    assert [match.ask for match in engine().evaluate("sí, chinga tu madre, qué", above)] == [Ask.REVIEW]
    assert [match.ask for match in engine().evaluate("fucking indeed", above)] == [Ask.HIDE]


def test_nothing_matches_nothing() -> None:
    assert engine().evaluate("") == ()
    assert Engine([]).evaluate("shit") == ()
    assert verdict("Thank you").outcome is Outcome.CLEAR


def test_it_is_fast_enough_for_the_worst_day() -> None:
    texts = [f"Number {n}: the street light at {n} Main has been out for {n} days, please fix it!" for n in range(2000)]
    began = time.thread_time()
    for text in texts:
        engine().evaluate(text)
    assert len(texts) / (time.thread_time() - began) > 1000
