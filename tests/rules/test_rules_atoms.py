"""What a pattern cannot do without: never too much, or a rule would be silent; enough, or it would be slow."""

from __future__ import annotations

import re
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shipped import packs

from rules.match.atoms import EDGE, atoms
from rules.match.literal import Literals
from rules.match.pattern import Patterns, Searched, _ascii_finder, _finder
from rules.normal import Forms

PATTERNS = sorted({m.pattern for pack in packs() for rule in pack.rules for m in rule.matchers if m.pattern})


def strings(pattern: str) -> list[list[list[str]]]:
    """The branches of a pattern, edges shown as a vertical bar."""
    return [[sorted(s.replace(EDGE, "|") for s in clause) for clause in branch] for branch in atoms(pattern)]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("subscribe", [[["|subscribe|"]]]),
        ("sub(?:scribe)?", [[["|subscribe|", "|sub|"]]]),
        ("buy (?:now|today)", [[["|buy now|", "|buy today|"]]]),
        ("one|other", [[["|one|"]], [["|other|"]]]),
        (r"call(?: \pL+){0,3} today", [[[" today|"], ["|call"]]]),
        (r"\$\d+", [[["|$"]]]),
        ("colou?r", [[["|color|", "|colour|"]]]),
        ("[ck]at", [[["|cat|", "|kat|"]]]),
        ("SALE", [[["|sale|"]]]),
        ("a{2}bcd", [[["bcd|"]]]),
        (r"stop\.", [[["|stop.|"]]]),
        ("(?i:sale)", [[["|sale|"]]]),
        ("(?P<what>sale)", [[["|sale|"]]]),
        (r"\x{73}ale\x21", [[["|sale!|"]]]),
        ("[🐀🐁] .*", [[["|🐀 ", "|🐁 "]]]),
    ],
)
def test_what_a_pattern_cannot_do_without(pattern: str, expected: list[list[list[str]]]) -> None:
    assert strings(pattern) == expected


@pytest.mark.parametrize(
    "pattern",
    [r"\d{3}", ".*", r"\pL+", "(?:sale)?", "(?:sale)*", "a|sale", r"\Qsale\E", r"[[:alpha:]]+", "[^a]bc", "(?U)sale+"],
)
def test_what_may_match_anywhere_is_tried_everywhere(pattern: str) -> None:
    assert atoms(pattern) == ()


def test_nearly_all_shipped_patterns_can_do_without_being_tried() -> None:
    always = [pattern for pattern in PATTERNS if not atoms(pattern)]
    assert len(always) <= len(PATTERNS) // 20, always


LETTERS = st.sampled_from(["sub", "buy", "me", "x", " ", "$", "é", "一", "now", "sale", "\n", "-", "1"])
PIECES = st.recursive(
    st.sampled_from(
        ["sub", "buy", "now", "sale", " ", r"\d", r"\pL", ".", r"\S", "[xb]", "[^x]", r"\$", "é", "一", "$", "^"]
    ),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"(?:{'|'.join(parts)})"),
        st.tuples(inner, st.sampled_from(["?", "*", "+", "{0,2}", "{2}", "{1,}", "+?"])).map(
            lambda p: f"(?:{p[0]}){p[1]}"
        ),
    ),
    max_leaves=8,
)


@given(PIECES, st.lists(LETTERS, max_size=12).map("".join))
def test_no_pattern_is_passed_over_where_it_would_match(pattern: str, text: str) -> None:
    forms, literals = Forms(text), Literals()
    matcher = Patterns({0: pattern}, literals)
    literals.compile()
    if matcher.first(0, Searched(forms)):
        assert matcher.possible(literals.find(forms)) == {0}


@cache
def _as_python_says_it(pattern: str) -> re.Pattern[str]:
    letters = pattern.replace(r"[\pL", "[a-z").replace(r"\pL", "[a-z]").replace(r"\pN", "0-9")
    return re.compile(re.sub(r"\\x\{(\w+)\}", lambda code: chr(int(code[1], 16)), letters))


@settings(deadline=None)  # the first example of a pattern compiles it
@given(st.sampled_from(PATTERNS), st.data())
def test_no_shipped_pattern_is_passed_over_either(pattern: str, data: st.DataObject) -> None:
    example = data.draw(st.from_regex(_as_python_says_it(pattern), fullmatch=True))
    forms, literals = Forms(example), Literals()
    matcher = Patterns({0: pattern}, literals)
    literals.compile()
    if matcher.first(0, Searched(forms)):
        assert matcher.possible(literals.find(forms)) == {0}


@given(
    st.sampled_from([r"\$\d+ ?[a-z]*", "buy (?:now|today)", r"a\S*b", "s[aeiou]le", "[^ ]+!"]),
    st.text(st.characters(codec="ascii")),
)
def test_the_fast_way_for_plain_letters_finds_what_the_other_one_finds(pattern: str, text: str) -> None:
    line = text.lower()
    fast = _ascii_finder(pattern)
    assert fast is not None
    one, other = fast.search(f"\n{line}\n".encode()), _finder(pattern).search(f"\n{line}\n")
    assert (one and one.span()) == (other and other.span())
