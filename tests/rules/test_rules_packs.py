"""The shipped policy and packs: verbatim, narrow, even-handed, and silent towards criticism."""

from __future__ import annotations

import hashlib
import re

import pytest
from shipped import CRITICISM, DATA, KINDS, criticism, engine, packs, policy, rows, verdict

from bot.domain.types import Action, Ask, Automation, Outcome
from rules.assemble import kept_reasons
from rules.engine import Engine
from rules.load import shipped_packs
from rules.trial import staged

RULES = [(pack, rule) for pack in packs() for rule in pack.rules]
EXAMPLES = [(rule, kind, example) for _, rule in RULES for kind, examples in rule.examples for example in examples]
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
    assert {str(rule.clause) for _, rule in RULES if rule.outcome is Ask.HIDE} <= {"C2", "C4", "C7", "C9"}
    assert not [rule.id for _, rule in RULES if rule.outcome is Ask.DELETE]


def test_spam_is_only_hidden_for_repeating_itself_or_for_where_it_leads() -> None:
    """What it says is for a person to read."""
    hiding = [rule for _, rule in RULES if rule.clause == "C9" and rule.outcome is Ask.HIDE]
    wanted = [(*rule.match.all, *rule.match.any) for rule in hiding]
    assert all(any(one.repeat or (one.link and one.link.lists) for one in matchers) for matchers in wanted)


def test_the_closed_list_is_short_and_each_of_its_words_a_decision_with_a_reason() -> None:
    obscene = [rule for _, rule in RULES if rule.clause == "C2" and rule.outcome is Ask.HIDE]
    source = next(pack.source for pack in packs() if pack.id == "c2-profanity")
    decisions = re.findall(r"^ +# (\d+) [\w ]+: (.+)$", source, re.MULTILINE)
    assert [rule.id for rule in obscene] == ["c2-obscenity", "c2-obscenity-es"]
    assert [int(number) for number, _ in decisions] == list(range(1, len(decisions) + 1))
    assert 1 < len(decisions) <= 15
    assert all(len(reason.split()) >= 5 for _, reason in decisions)


def test_of_sexual_content_only_links_are_hidden() -> None:
    hiding = [rule for _, rule in RULES if rule.clause == "C4" and rule.outcome is not Ask.REVIEW]
    assert hiding
    assert all(matcher.link for rule in hiding for matcher in (*rule.match.all, *rule.match.any))


@pytest.mark.parametrize(("rule", "kind", "example"), EXAMPLES, ids=lambda value: str(getattr(value, "id", value))[:40])
def test_every_example_does_what_it_says(rule: object, kind: str, example: str | tuple[str, ...]) -> None:
    met = {match.rule for match in engine().evaluate(*staged(example))}
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
    assert len(CRITICISM) == len(set(CRITICISM)) >= 1000
    assert {kind for kind, _ in criticism()} == set(KINDS)


@pytest.mark.parametrize("text", CRITICISM)
def test_harsh_criticism_is_never_hidden(text: str) -> None:
    assert verdict(text).outcome is not Outcome.ACT


def test_criticism_hardly_ever_asks_for_a_person_either() -> None:
    asked = [text for text in CRITICISM if verdict(text).outcome is Outcome.REVIEW]
    assert len(asked) <= len(CRITICISM) // 50, asked


def test_no_criticism_asks_for_a_person_because_of_its_language() -> None:
    assert not [
        text
        for text in CRITICISM
        for match in engine().evaluate(text)
        if match.clause == "C2" or match.rule == "c4-explicit"
    ]


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
            "what the fück",
            "phuck",
            "c.u.n.t",
            "сunt",
            "m0therfucker",
            "muthafucka",
            "c0cksucker",
            "fuckthis",
        ),
    ],
)
def test_disguises_of_listed_words_are_seen_through(text: str) -> None:
    assert verdict(f"oh {text} no").action is Action.HIDE


@pytest.mark.parametrize("text", ["f**k", "f***ing", "c*nt", "sh1t", "$hit", "5h!t", "s_h_i_t", "shitty", "fucked"])
def test_what_is_masked_or_one_step_below_the_list_goes_to_a_person(text: str) -> None:
    assert verdict(f"this {text} road").outcome is Outcome.REVIEW


@pytest.mark.parametrize(
    "text",
    [
        *("bullshit", "bull$hit", "holy shit", "no shit", "s***", "b*tch", "bitch", "asshole", "pendejo", "mierda"),
        *("damn", "hell", "crap", "sucks", "pissed", "pig", "jackass", "bastard", "wtf", "bs"),
    ],
)
def test_what_is_milder_is_nobodys_business(text: str) -> None:
    assert engine().evaluate(f"oh {text} again") == ()


@pytest.mark.parametrize(
    "text",
    [
        "Get the fuck out, the house is on fire",
        "What the fuck, the power went out again, no power at all",
        "That was a fucking tornado, we are in the cellar",
        "They are shooting at us, send the fucking police, call 911",
    ],
)
def test_a_call_for_help_is_no_matter_of_language(text: str) -> None:
    assert verdict(text).outcome is Outcome.CLEAR


@pytest.mark.parametrize(
    "text", ["No power since Monday, and you motherfuckers tweet", "Still no heat, answer the fucking phone"]
)
def test_abuse_where_there_is_danger_and_anger_where_there_may_be_go_to_a_person(text: str) -> None:
    assert verdict(text).outcome is Outcome.REVIEW


@pytest.mark.parametrize(
    "text",
    [
        "Your officer called me a fucking liar in front of my kids.",
        "She told us to fuck off and hung up.",
        "“Shut the fuck up”, that is what the driver said to me.",
        'The sign on the wall says "fuck the poor" and nobody takes it down.',
        "Is the word fuck allowed here?",
        "There is a song named fuck the system, play it at the parade.",
    ],
)
def test_to_report_what_another_said_is_never_hidden(text: str) -> None:
    assert verdict(text).outcome is Outcome.REVIEW


@pytest.mark.parametrize("who", ["the mayor", "my team", "this rain", "the other party", "potholes", "you"])
def test_a_listed_word_is_hidden_whatever_it_is_said_about(who: str) -> None:
    assert verdict(f"Fuck {who}").action is verdict(f"I fucking love {who}").action is Action.HIDE


@pytest.mark.parametrize(
    "text",
    [
        "Title IX protects students from discrimination on the basis of sex.",
        "Oral sex can pass on HPV, get the shot at the clinic.",
        "The coach asked girls for nudes and the district knew.",
        "A man was masturbating on the bus and the driver did nothing.",
        "Two men kissed in the park and your ranger wrote them up.",
        "Teach teenagers about condoms, orgasm and consent, or teach them about diapers.",
        "My husband has a prescription for viagra and your plan refuses it.",
        "Call girls by their names, coach, not by numbers.",
        "The vice squad arrested three escorts and no client.",
    ],
)
def test_to_speak_of_sex_is_no_sexual_content(text: str) -> None:
    assert engine().evaluate(text) == ()


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
@pytest.mark.parametrize(
    ("name", "precision", "recall"),
    [("youtube_spam", 0.99, 0.9), ("sms_spam", 0.97, 0.85), ("janitr_x_scam", 0.8, 0.65)],
)
def test_what_a_person_is_asked_about_as_spam_is_spam(name: str, precision: float, recall: float) -> None:
    """These comments were seen when rules and models were made; rules/models/REPORT.md tells of unseen ones."""
    seen = [
        (not {"spam", "commerce"}.isdisjoint(row["labels"]), any(match.clause in {"C5", "C9"} for match in met))
        for row in rows(name)
        for met in [engine().evaluate(row["text"])]
    ]
    right = sum(label and asked for label, asked in seen)
    assert right / sum(asked for _, asked in seen) >= precision
    assert right / sum(label for label, _ in seen) >= recall


@present
def test_card_and_social_security_numbers_are_told_from_other_numbers() -> None:
    wrong = missed = 0
    for row in rows("presidio_synth_pii"):
        real = any(kind in {"CREDIT_CARD", "US_SSN"} for kind, *_ in row["meta"]["spans"])
        found = any(match.clause == "C7" and match.ask is Ask.HIDE for match in engine().evaluate(row["text"]))
        wrong += found and not real
        missed += real and not found
    assert (wrong, missed) <= (0, 5)


def test_every_shipped_rule_says_why_in_spanish_too() -> None:
    for path in shipped_packs():
        for rule, (english, spanish) in kept_reasons(path.read_text("utf-8")).items():
            assert spanish.startswith(("El comentario ", "La misma cuenta ")), rule
            assert spanish != english, rule


def test_reasons_are_read_from_a_pack_as_it_was_kept() -> None:
    kept = (shipped_packs()[0]).read_text("utf-8")
    without = re.sub(r"    es:\n      reason: .*\n(?: {8}.*\n)*", "", kept)
    reasons, then = kept_reasons(kept), kept_reasons(without)
    assert {rule: one.en for rule, one in reasons.items()} == {rule: one.en for rule, one in then.items()}
    assert {one.es for one in then.values()} == {""}, "a pack from before may say it in English alone"
