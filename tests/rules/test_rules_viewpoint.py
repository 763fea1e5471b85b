"""No rule takes sides: what may not be named cannot be hidden in a pattern, and pairs are decided alike."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

import pytest
from build import a_rule, write_pack
from hypothesis import given
from hypothesis import strategies as st
from shipped import engine, packs, policy

from rules.load import FileProblems, load_pack
from rules.match.pattern import check
from rules.viewpoint import belongs_to, named_in_pattern, named_in_phrase

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("mayor", "City Hall", "police", "cop", "kcmo.gov")


@pytest.mark.parametrize(
    ("pattern", "named"),
    [
        ("mayor", "mayor"),
        ("the (?:mayor|council) lied", "mayor"),
        ("mayors?", "mayor"),
        ("all mayors lied", "mayor"),
        ("the mayor's dog", "mayor"),
        ("mayor'?s? office", "mayor"),
        ("m[a4]yor", "mayor"),
        ("m.yor", "mayor"),
        (r"ma(?:y(?:or))", "mayor"),
        (r"\x6dayor", "mayor"),
        (r"\x{6d}ayor", "mayor"),
        (r"\Qmayor\E", "mayor"),
        ("(?P<who>mayor) lied", "mayor"),
        ("mаyor", "mayor"),  # with a Cyrillic letter
        ("city hall", "City Hall"),
        (r"city\s+hall", "City Hall"),
        ("city[ -]?hall", "City Hall"),
        ("cityhall", "City Hall"),
        ("(?:a|b|c)op", "cop"),
        ("x*cop{1,2}", "cop"),
        (r"polic\w+", "police"),
        (r"(?:\pL+ )?police(?: \pL+){0,3}", "police"),
        (r"kcmo\.gov", "kcmo.gov"),
        # what names nobody
        (r"\w+ lied", None),
        (r".* (?:are|is) liars", None),
        ("mayoral", None),
        ("policy", None),
        ("copy|scope|coping", None),
        ("city of god|town hall", None),
        ("capacity hallmark", None),
        (r"m\w*r", None),
        ("[^mayor]+", None),
    ],
)
def test_a_pattern_names_what_its_letters_spell(pattern: str, named: str | None) -> None:
    check(pattern)
    assert named_in_pattern(pattern, NAMES) == named


PIECES = st.sampled_from(
    ["a", "b", " ", "z?", "[xy]", r"\d", r"(?:one|two)", r"\w+", "q*", "(?:u{2,3})", r"\b", ".", "é"]
)


@given(
    st.lists(PIECES, max_size=6), st.lists(PIECES, max_size=6), st.sampled_from(["mayor", "(?:mayor|x)", "may(?:or)?"])
)
def test_a_name_is_found_whatever_stands_around_it(before: list[str], after: list[str], name: str) -> None:
    assert named_in_pattern(f"{''.join(before)} {name} {''.join(after)}", NAMES) == "mayor"


@given(st.text("abmyor ", max_size=30))
def test_literal_text_names_somebody_just_if_it_says_so(text: str) -> None:
    said = re.search(r"(?<!\w)mayor(?:s|es)?(?!\w)", text) is not None
    assert (named_in_pattern(text, ("mayor",)) is not None) >= said
    if not said and not re.search(r"(?<!\w)\w{5,7}(?!\w)", text):
        assert named_in_pattern(text, ("mayor",)) is None


@pytest.mark.parametrize(
    ("phrase", "named"),
    [
        ("mayor lied", "mayor"),
        ("The MAYORS", "mayor"),
        ("m@yor", "mayor"),
        ("m a y o r", "mayor"),
        ("city-hall", "City Hall"),
        ("kcmo.gov", "kcmo.gov"),
        ("mayoral race", None),
        ("copy that", None),
    ],
)
def test_a_phrase_names_what_it_says_disguised_or_not(phrase: str, named: str | None) -> None:
    assert named_in_phrase(phrase, NAMES) == named


def test_a_domain_belongs_to_the_city_with_everything_under_it() -> None:
    assert belongs_to("kcmo.gov", NAMES) == "kcmo.gov"
    assert belongs_to("data.kcmo.gov", NAMES) == "kcmo.gov"
    assert belongs_to("notkcmo.gov", NAMES) is None
    assert belongs_to("mayor.example", NAMES) is None


def refused(folder: Path, *match: dict[str, object], **changes: object) -> list[str]:
    path = write_pack(folder, a_rule(list(match), **changes.pop("rule", {})), **changes)  # type: ignore[arg-type]
    with pytest.raises(FileProblems) as said:
        load_pack(path, policy())
    return [problem.replace(f"{folder}/", "").split(": ", 1)[1] for problem in said.value.problems]


def test_a_name_in_a_word_list_is_found(tmp_path: Path) -> None:
    (problem,) = refused(tmp_path, {"pattern": "<them> lied"}, words={"them": ["mayor", "council"]})
    assert problem.startswith("rules.0.match.any.0.pattern: '<them> lied' names ")


PEOPLE = ["mayor", "neighbor", "landlord", "teacher", "driver"]
THREAT = {"pattern": "(?:somebody|someone) should (?:shoot|hang) (?:the |my )?<anybody>"}


def test_a_list_of_people_of_every_kind_may_hold_an_officer_in_a_rule_that_asks_a_person(tmp_path: Path) -> None:
    even = {"rule": {"outcome": "review", "clause": "C9"}, "words": {"anybody": [*PEOPLE, r"\pL+"]}}
    path = write_pack(tmp_path, a_rule([THREAT], **even["rule"]), words=even["words"])
    load_pack(path, policy())
    acting = refused(tmp_path, THREAT, words=even["words"])
    assert "names 'mayor'" in acting[0], "but not in one that hides"
    uneven = refused(tmp_path, THREAT, rule=even["rule"], words={"anybody": ["mayor", "council", *PEOPLE[1:4]]})
    assert "names 'council'" in uneven[0] or "names 'mayor'" in uneven[0]


def test_some_categories_may_name_offices_but_only_to_ask_a_person(tmp_path: Path) -> None:
    threat = {"pattern": r"shoot \pL+(?: \pL+){0,3}|shoot the mayor"}
    load_pack(write_pack(tmp_path, a_rule([threat], clause="C7", outcome="review")), policy())
    assert "names 'mayor'" in refused(tmp_path, threat, rule={"clause": "C7", "outcome": "hide"})[0]
    assert "names 'mayor'" in refused(tmp_path, threat, rule={"clause": "C3", "outcome": "review"})[0]


def test_such_a_list_must_still_decide_alike(tmp_path: Path) -> None:
    (problem,) = refused(tmp_path, THREAT, rule={"outcome": "review", "clause": "C6"}, words={"anybody": PEOPLE[:3]})
    assert "matches 'Somebody should shoot the mayor.' but not 'Somebody should shoot the police chief.'" in problem


def test_a_list_of_addresses_may_not_hold_the_citys(tmp_path: Path) -> None:
    body = b"example.com\ndata.kcmo.gov/page\n"
    (tmp_path / "bad.txt").write_bytes(body)
    (tmp_path / "bad.txt.sha256").write_text(f"{hashlib.sha256(body).hexdigest()}  bad.txt\n", "utf-8")
    listed = a_rule([{"link": {"lists": ["bad.txt"]}}])
    with pytest.raises(FileProblems, match=r"the list 'bad\.txt' names 'data\.kcmo\.gov'; no rule may single out"):
        load_pack(write_pack(tmp_path, listed), policy(), tmp_path)
    spared = a_rule([{"phrase": ["zyzzyvas"]}], except_=[{"link": {"lists": ["bad.txt"]}}])
    load_pack(write_pack(tmp_path, spared), policy(), tmp_path)


def test_official_addresses_may_be_spared(tmp_path: Path) -> None:
    spared = a_rule([{"link": {"any": True}}, {"phrase": ["zyzzyvas"]}], except_=[{"link": {"domains": ["kcmo.gov"]}}])
    load_pack(write_pack(tmp_path, spared), policy())


@pytest.mark.parametrize("group", policy().alike, ids=lambda group: group[0])
def test_all_shipped_rules_together_decide_pairs_alike(group: tuple[str, ...]) -> None:
    decided = {text: {(match.rule, match.ask) for match in engine().evaluate(text)} for text in group}
    assert len({frozenset(met) for met in decided.values()}) == 1, decided


def test_the_nets_are_wide_enough_to_mean_something() -> None:
    assert len(policy().never_named) > 40
    assert len(policy().criticism) > 50
    assert sum(map(len, policy().alike)) > 150
    assert sum(len(pack.rules) for pack in packs()) > 20
