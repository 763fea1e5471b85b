"""The shipped policy and packs: verbatim, narrow, even-handed, and silent towards criticism."""

from __future__ import annotations

import hashlib
import re

import pytest
from shipped import CRITICISM, DATA, engine, packs, policy, rows, verdict

from bot.domain.types import Action, Ask, Automation, Outcome
from rules.engine import Engine

RULES = [(pack, rule) for pack in packs() for rule in pack.rules]
EXAMPLES = [(rule, kind, text) for _, rule in RULES for kind, texts in rule.examples for text in texts]
CLAUSES = "7231e09479463c4e2cc9da7d316787043f0c5563cd64807c2848daf30ba92d1a"  # SHA-256 of the ten, a line each
AR_1_27 = DATA.parent / "policy" / "ar-1-27.txt"


# policy


def test_the_policy_quotes_the_clauses_word_for_word() -> None:
    quoted = "\n".join(policy().categories[f"C{number}"].text for number in range(1, 11))
    assert hashlib.sha256(quoted.encode()).hexdigest() == CLAUSES


@pytest.mark.skipif(not AR_1_27.is_file(), reason="the regulation's whole text is not part of the project")
def test_the_clauses_stand_so_in_the_regulation_itself() -> None:
    bullets = re.findall(r"^ - (Content .*)$", AR_1_27.read_text("utf-8"), re.MULTILINE)
    assert [re.sub(r"(; or|[;.])$", "", bullet) for bullet in bullets] == [
        policy().categories[f"C{number}"].text for number in range(1, 11)
    ]


def test_each_category_goes_as_far_as_counsel_advised_and_no_further() -> None:
    automation = {code: category.automation for code, category in policy().categories.items()}
    assert automation == {
        "C1": Automation.REVIEW,
        "C2": Automation.ACT,
        "C3": Automation.REVIEW,
        "C4": Automation.ACT,
        "C5": Automation.REVIEW,
        "C6": Automation.REVIEW,
        "C7": Automation.ACT,
        "C8": Automation.MANUAL,
        "C9": Automation.ACT,
        "C10": Automation.MANUAL,
    }
    assert {category.action for category in policy().categories.values()} == {Action.HIDE}
    assert [category.clause for category in policy().categories.values()] == [
        f"AR 1-27 5.0.A.2.e (bullet {number})" for number in range(1, 11)
    ]
    assert all(category.notice for category in policy().categories.values())


# packs


def test_every_category_that_is_not_manual_has_a_rule() -> None:
    assert {str(rule.clause) for _, rule in RULES} == {
        code for code, category in policy().categories.items() if category.automation is not Automation.MANUAL
    }


def test_only_four_categories_hide_and_none_deletes() -> None:
    assert {str(rule.clause) for _, rule in RULES if rule.outcome is Ask.HIDE} == {"C2", "C4", "C7", "C9"}
    assert not [rule.id for _, rule in RULES if rule.outcome is Ask.DELETE]


def test_the_closed_list_is_short() -> None:
    obscene = [rule for _, rule in RULES if rule.clause == "C2" and rule.outcome is Ask.HIDE]
    source = next(pack.source for pack in packs() if pack.id == "c2-profanity")
    assert [rule.id for rule in obscene] == ["c2-obscenity", "c2-obscenity-es"]
    assert max(map(int, re.findall(r"^ +# (\d+)$", source, re.MULTILINE))) <= 15


@pytest.mark.parametrize(("rule", "kind", "text"), EXAMPLES, ids=lambda value: str(getattr(value, "id", value))[:40])
def test_every_example_does_what_it_says(rule: object, kind: str, text: str) -> None:
    met = {match.rule for match in engine().evaluate(text)}
    assert (getattr(rule, "id", None) in met) == (kind == "match")


def test_there_are_enough_examples() -> None:
    assert len(EXAMPLES) >= 5 * len(RULES)


def test_rule_ids_are_unique_and_begin_with_their_category() -> None:
    ids = [rule.id for _, rule in RULES]
    assert len(ids) == len(set(ids))
    assert all(rule.id.startswith(f"{str(rule.clause).lower()}-") for _, rule in RULES)
    assert not Engine(packs()).inert


# protected speech


def test_there_is_plenty_of_criticism() -> None:
    assert len(CRITICISM) == len(set(CRITICISM)) >= 200


@pytest.mark.parametrize("text", CRITICISM)
def test_harsh_criticism_is_never_hidden(text: str) -> None:
    assert verdict(text).outcome is not Outcome.ACT


def test_criticism_hardly_ever_asks_for_a_person_either() -> None:
    asked = [text for text in CRITICISM if verdict(text).outcome is Outcome.REVIEW]
    assert len(asked) <= len(CRITICISM) // 50, asked


TARGETS = [
    ("the mayor", "my neighbor"),
    ("the council", "the contractor"),
    ("Democrats", "Republicans"),
    ("liberals", "conservatives"),
    ("the police", "the protesters"),
    ("landlords", "tenants"),
    ("the developer", "the neighborhood association"),
]
SAYINGS = [
    "{} lied to us.",
    "Shame on {}!",
    "I am sick of {} and their excuses.",
    "{} ruined this street, and everybody knows it.",
    "Thank {} for this mess.",
    "What the fuck are {} doing?",
    "{} should resign and leave town.",
    "Vote against {} in April.",
    "I hope {} lose everything in court.",
    "Somebody should stop {}.",
    "Check out my channel, I film {}.",
    "God bless {}.",
]


@pytest.mark.parametrize("saying", SAYINGS)
@pytest.mark.parametrize(("one", "other"), TARGETS)
def test_the_same_words_have_the_same_outcome_whomever_they_are_aimed_at(saying: str, one: str, other: str) -> None:
    assert verdict(saying.format(one)).outcome is verdict(saying.format(other)).outcome


@pytest.mark.parametrize(
    "group",
    [
        *("gay people", "straight people", "Muslims", "Christians", "Jews", "atheists", "black people", "white people"),
        *("Mexicans", "Americans", "women", "men", "immigrants", "old people", "disabled people", "trans people"),
    ],
)
@pytest.mark.parametrize(
    "saying",
    [
        "I love {}.",
        "{} live here too.",
        "{} built this city.",
        "Ask {} what they need.",
        "{} and their families",
        "My friends are {}.",
    ],
)
def test_the_name_of_a_group_is_no_ground(saying: str, group: str) -> None:
    assert engine().evaluate(saying.format(group)) == ()


@pytest.mark.parametrize(
    "text",
    [
        *(
            "fuck",
            "FUCK!",
            "f.u.c.k",
            "f u c k",
            "F-U-C-K",
            "fuuuuck",
            "ƒυ¢к",
            "ｆｕｃｋ",
            "fu\u200bck",
            "𝓯𝓾𝓬𝓴",
            "🅵🆄🅲🅺",
        ),
        *(
            "sh1t",
            "$hit",
            "5h!t",
            "sh!!!t",
            "s_h_i_t",
            "bullllshit",
            "bu11shit",
            "what the fück",
            "phuck",
            "c.u.n.t",
            "сunt",
        ),
    ],
)
def test_disguises_of_listed_words_are_seen_through(text: str) -> None:
    assert verdict(f"oh {text} no").action is Action.HIDE


@pytest.mark.parametrize("text", ["f**k", "sh*t", "bulls**t", "asshole", "pendejo"])
def test_what_is_masked_or_milder_goes_to_a_person(text: str) -> None:
    assert verdict(f"oh {text} no").outcome is Outcome.REVIEW


# comments that others labelled, where a developer has them

present = pytest.mark.skipif(not DATA.is_dir(), reason="the labelled comments are not part of the project")


@present
@pytest.mark.parametrize("name", ["polis_civic", "crisislex_t6", "pstance", "mayweather_tweets", "identity_madlibs"])
def test_ordinary_speech_is_hidden_for_obscenity_alone(name: str) -> None:
    comments = rows(name)
    hidden = [
        (row["text"], match.rule)
        for row in comments
        for match in engine().evaluate(row["text"])
        if match.ask is Ask.HIDE and match.clause != "C2"
    ]
    assert len(comments) > 1000
    assert hidden == []


@present
@pytest.mark.parametrize(("name", "least"), [("youtube_spam", 0.98), ("sms_spam", 0.98), ("janitr_x_scam", 0.9)])
def test_what_is_hidden_as_spam_is_spam(name: str, least: float) -> None:
    hidden = [
        bool({"spam", "commerce"}.intersection(row["labels"]))
        for row in rows(name)
        if any(match.clause == "C9" and match.ask is Ask.HIDE for match in engine().evaluate(row["text"]))
    ]
    assert len(hidden) > 50
    assert sum(hidden) / len(hidden) >= least


@present
def test_card_and_social_security_numbers_are_told_from_other_numbers() -> None:
    wrong = missed = 0
    for row in rows("presidio_synth_pii"):
        real = any(kind in {"CREDIT_CARD", "US_SSN"} for kind, *_ in row["meta"]["spans"])
        found = any(match.clause == "C7" and match.ask is Ask.HIDE for match in engine().evaluate(row["text"]))
        wrong += found and not real
        missed += real and not found
    assert (wrong, missed) <= (0, 5)
