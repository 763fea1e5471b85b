"""Scores: what models read, what they say and how they explain it, and where loading lets a rule use them."""

from __future__ import annotations

import hashlib
import json
import math
import re
import time
from pathlib import Path
from typing import Any

import pytest
from build import a_pack, a_rule, an_engine
from hypothesis import given
from hypothesis import strategies as st
from shipped import DATA, engine, packs, rows

from bot.domain.types import Ask
from rules.context import Context, ModelScore
from rules.load import FileProblems, shipped_models
from rules.match.score import BUCKETS, NOUGHT, READING, BadModel, Model, numbers, score_of, words

MODELS = Path(__file__).parents[2] / "rules" / "models"
SPAM = "Hello friends, please check out my new videos and share them! http://www.example.com/me"
CIVIC = "The street light at 39th and Main has been out for a month, when will you fix it?"
EXAMPLES = {"match": [SPAM, SPAM.upper()], "near_miss": [CIVIC], "no_match": ["one", "two"]}


def a_score_rule(model: str = "spam", at_least: float = 0.5, **changes: Any) -> dict[str, Any]:
    """A rule of C9 that asks for a person when a model says so."""
    score = {"score": {"model": model, "at_least": at_least}}
    return a_rule([score], **{"outcome": "review", "examples": EXAMPLES} | changes)


def a_model(**weights: float) -> Model:
    """A model that knows only these words, a weight each, in steps of a tenth."""
    known = bytearray([NOUGHT] * BUCKETS)
    for word, weight in weights.items():
        (number,) = numbers([word])
        known[number] = NOUGHT + round(weight * 10)
    head = {"name": "spam", "version": "1", "reading": READING, "bias": 0.0, "step": 0.1}
    return Model.of(json.dumps(head).encode() + b"\n" + bytes(known))


# reading


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("Check it out", ["START", "check", "it", "out", "END", "LONG2"]),
        ("Ｃｈｅｃｋ ıt öut", ["START", "check", "it", "out", "END", "LONG2"]),
        ("win $500!", ["START", "win", "MONEY", "000", "!", "END", "LONG3"]),
        ("see https://www.example.com/a?b=c now", ["START", "see", "LINK", "now", "END", "LONG2", "LINK2"]),
        ("see example . com now", ["START", "see", "LINK", "now", "END", "LONG2", "LINK2"]),
        ("at youtu.be/abc", ["START", "at", "VIDEO", "END", "LONG2"]),
        ("at www.example.gov/x", ["START", "at", "GOV", "END", "LONG2"]),
        ("HELP<br />us", ["START", "help", "us", "END", "LONG2"]),
        ("HELP US!", ["START", "help", "us", "!", "END", "LONG2", "LOUD"]),
        ("That is it.It is over", ["START", "that", "is", "it", "it", "is", "over", "END", "LONG3"]),
        (" \u200b\n.", []),
    ],
)
def test_what_models_read_in_a_comment(text: str, read: list[str]) -> None:
    assert words(text) == read


def test_words_are_known_by_their_first_letters_alone_and_in_pairs() -> None:
    assert numbers(["subscribe"]) == numbers(["subscriber"]) != numbers(["subsonic"])
    assert numbers(["my", "channel"]) == numbers(["my", "channels"]) != numbers(["my", "chance"])


def test_a_pair_turned_round_is_another_pair() -> None:
    words_alone = numbers(["my"]) | numbers(["channel"])
    one, other = numbers(["my", "channel"]) - words_alone, numbers(["channel", "my"]) - words_alone
    assert len(one) == len(other) == 1
    assert one != other


def test_more_words_than_are_remembered_change_nothing() -> None:
    before = numbers(words(SPAM))
    for number in range(70_000):
        numbers([f"a{number}b"])
    assert numbers(words(SPAM)) == before


def test_a_pair_is_met_with_one_word_between_and_not_with_two() -> None:
    pair = numbers(["my", "channel"]) - numbers(["my"]) - numbers(["channel"])
    assert len(pair) == 1
    assert pair <= numbers(["my", "new", "channel"])
    assert not pair & numbers(["my", "very", "new", "channel"])
    assert not pair & numbers(["channel", "my"])


@given(st.text(max_size=200))
def test_anything_at_all_can_be_read(text: str) -> None:
    known = numbers(words(text))
    assert known == numbers(words(text))
    assert all(-BUCKETS < number < BUCKETS for number in known)
    assert 0 <= shipped_models()["spam"].score(known) <= 1


@pytest.mark.parametrize("text", ["a." * 20_000, "a. " * 20_000, "www." * 10_000, "<" * 40_000, "a-" * 20_000])
def test_no_comment_takes_long(text: str) -> None:
    began = time.thread_time()
    words(text)
    assert time.thread_time() - began < 1


# scoring


def test_a_score_is_worked_out_from_the_weights() -> None:
    model, read = a_model(good=2.0, bad=-1.0), ["good", "bad"]
    assert len(numbers(read)) == 3
    assert model.score(numbers(read)) == pytest.approx(1 / (1 + math.exp(-1 / math.sqrt(3))))
    assert model.score(numbers(["good"])) == 0
    assert model.score(frozenset()) == 0


def test_a_word_said_often_counts_once() -> None:
    model = a_model(good=2.0)
    assert model.score(numbers(["good"] * 2)) == model.score(numbers(["good"] * 20))


def test_a_score_is_explained_by_its_words_the_strongest_first() -> None:
    model = a_model(good=2.0, better=3.0, bad=-5.0, LINK=1.0, START=4.0)
    assert model.explain(["START", "good", "bad", "better", "good", "LINK", "END"]) == ["better", "good", "a link"]


def test_a_hit_names_model_version_and_hash_score_and_words(tmp_path: Path) -> None:
    (match,) = an_engine(tmp_path, a_score_rule()).evaluate(f"  {SPAM}\n")
    model = shipped_models()["spam"]
    assert match.excerpt == SPAM
    assert match.ask is Ask.REVIEW
    assert re.fullmatch(
        rf"score: spam {re.escape(model.version)}#{model.sha256[:12]} [01]\.\d\d \(.*\b(check|link)\b.*\)",
        match.matcher,
    )
    assert score_of(match) == pytest.approx(model.score(numbers(words(SPAM))), abs=0.01)


def test_a_match_by_words_has_no_score(tmp_path: Path) -> None:
    (match,) = an_engine(tmp_path, a_rule([{"phrase": ["score: spam 1#a 0.97"]}])).evaluate("score: spam 1#a 0.97")
    assert score_of(match) is None


def test_the_limit_is_the_rules_own(tmp_path: Path) -> None:
    text = "please share my videos"
    score = shipped_models()["spam"].score(numbers(words(text)))
    assert 0.1 < score < 0.99
    assert not an_engine(tmp_path, a_score_rule(at_least=score + 0.001)).evaluate(text)
    assert an_engine(tmp_path, a_score_rule(at_least=score - 0.001)).evaluate(text)


# the City's own model server


def said(**categories: float) -> Context:
    """What a server of the City said."""
    return Context(scores={"a-server": ModelScore(model="a-model", version="7", categories=categories)})


def test_a_server_is_asked_by_category(tmp_path: Path) -> None:
    judge = an_engine(tmp_path, a_score_rule("server/sexual", clause="C4"))
    assert not judge.evaluate(SPAM)
    assert not judge.evaluate(SPAM, said(toxic=1.0, sexual=0.49))
    (match,) = judge.evaluate(SPAM, said(sexual=0.876))
    assert match.matcher == "score: server/sexual a-model 7 0.87"
    assert score_of(match) == 0.87


# loading


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        (
            a_score_rule("toxicity"),
            "rules.0.match.any.0.score.model: 'toxicity' is no model that comes with the program; ",
        ),
        (a_score_rule(outcome="hide"), "rules.0.outcome: 'hide', but a score may only ask a person; write review"),
        (a_score_rule(clause="C3"), "rules.0.clause: no score may speak to C3, since such models take lawful"),
        (a_score_rule(clause="C4"), "use the score for C5 or C9"),
        (a_score_rule("server/hate", clause="C3"), "use the score for C4, C5, C6, C7 or C9"),
        (a_score_rule("server/politics", clause="C1"), "rules.0.clause: no score may speak to C1"),
        (a_score_rule("server/lies", clause="C10"), "rules.0.clause: no score may speak to C10"),
        (a_score_rule("Server/x"), "rules.0.match.any.0.score.model"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_no_rule_may_do_with_a_score(tmp_path: Path, rule: dict[str, Any], complaint: str) -> None:
    with pytest.raises(FileProblems) as problems:
        a_pack(tmp_path, rule)
    assert complaint in str(problems.value)


def test_an_unknown_model_is_the_only_complaint_about_its_rule(tmp_path: Path) -> None:
    with pytest.raises(FileProblems, match=r"write commerce or spam$"):
        a_pack(tmp_path, a_score_rule("toxicity"))


def test_a_pack_holds_the_models_that_it_names_and_no_other(tmp_path: Path) -> None:
    assert set(a_pack(tmp_path, a_score_rule()).models) == {"spam"}
    assert not a_pack(tmp_path, a_rule([])).models


@pytest.mark.parametrize("body", [b"", b"{}\n", b"[]\n", b'{"name": "x"}\n', b"\xff\n"])
def test_what_is_no_model(body: bytes) -> None:
    with pytest.raises(BadModel, match="does not describe a model"):
        Model.of(body)


def test_a_model_for_another_reading_is_refused() -> None:
    body = (MODELS / "spam.model").read_bytes()
    with pytest.raises(BadModel, match="train it again"):
        Model.of(body[:-1])
    with pytest.raises(BadModel, match="train it again"):
        Model.of(body.replace(READING.encode(), b"words 0", 1))


# the shipped models


def test_the_shipped_models_are_small_and_their_report_is_theirs() -> None:
    files = sorted(MODELS.glob("*.model"))
    assert [path.stem for path in files] == ["commerce", "spam"]
    assert sum(path.stat().st_size for path in files) < 1_000_000
    report = (MODELS / "REPORT.md").read_text("utf-8")
    for path in files:
        assert hashlib.sha256(path.read_bytes()).hexdigest() in report
        assert shipped_models()[path.stem].name == path.stem


def test_scores_are_what_they_were_when_the_models_were_made() -> None:
    """Byte for byte the same wherever it runs: a verdict must be the same years later."""
    given = [words(text) for text in (SPAM, CIVIC, "Suscríbanse a mi canal 🔥", "Vote them out! https://example.org")]
    scores = {name: [f"{model.score(numbers(read)):.9f}" for read in given] for name, model in shipped_models().items()}
    assert scores == SCORES


SCORES = {
    "commerce": ["0.109765686", "0.004797559", "0.009103503", "0.023837496"],
    "spam": ["0.999943134", "0.002012101", "0.095463373", "0.963998824"],
}


def test_rules_with_a_score_are_of_two_categories_and_only_ask() -> None:
    scored = [rule for pack in packs() for rule in pack.rules if any(matcher.score for matcher in rule.matchers)]
    assert {str(rule.clause) for rule in scored} == {"C5", "C9"}
    assert {rule.outcome for rule in scored} == {Ask.REVIEW}


present = pytest.mark.skipif(not DATA.is_dir(), reason="the labelled comments are not part of the project")


@present
@pytest.mark.parametrize(
    ("name", "most"),
    [
        *(("polis_civic", 0.005), ("crisislex_t6", 0.0025), ("civil_comments_spans", 0.0025), ("pstance", 0.0025)),
        *(("identity_madlibs", 0.0025), ("mayweather_tweets", 0.006), ("davidson", 0.0025)),
    ],
)
def test_lawful_speech_hardly_ever_looks_like_spam_or_an_advertisement(name: str, most: float) -> None:
    comments = rows(name)
    asked = [
        row["text"] for row in comments if any(match.clause in {"C5", "C9"} for match in engine().evaluate(row["text"]))
    ]
    assert len(comments) >= 2000
    assert len(asked) / len(comments) <= most, asked


@present
def test_models_know_the_comments_they_were_made_from() -> None:
    """No proof of quality, which `rules/models/REPORT.md` gives; only that these models are the ones it speaks of."""
    seen = [
        ("spam" in row["labels"], any(match.clause in {"C5", "C9"} for match in engine().evaluate(row["text"])))
        for row in rows("youtube_spam")
    ]
    right = sum(label and asked for label, asked in seen)
    assert right / sum(asked for _, asked in seen) >= 0.99
    assert right / sum(label for label, _ in seen) >= 0.92
