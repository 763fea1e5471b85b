"""What a pattern cannot do without: never too much, or a rule would be silent; enough, or it would be slow."""

from __future__ import annotations

import re
from functools import cache

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from shipped import packs

from rules.match.atoms import _GROUPS, EDGE, atoms
from rules.match.literal import Literals
from rules.match.pattern import Patterns, Searched, _finder, _narrow_finder, _narrowed
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
        (r"call(?: \pL+){0,3} today", [[["|call|"], [" today|"]]]),
        (r"call(?:\pL+){0,3} today", [[[" today|"], ["|call"]]]),
        (
            r"(?:i|we) (?:will|do) \pL* (?:it|that \pL+)",
            [[["|i do ", "|i will ", "|we do ", "|we will "], ["|it|", "|that "]]],
        ),
        ("a|sale", [[["|a|"]], [["|sale|"]]]),
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
    [r"\d{3}", ".*", r"\pL+", "(?:sale)?", "(?:sale)*", r"\Qsale\E", r"[[:alpha:]]+", "[^a]bc", "(?U)sale+"],
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


@settings(deadline=None)
@given(PIECES, st.lists(LETTERS, max_size=12).map("".join))
@example(r"(?:sub|\dnow)+", "1nowsub")
@example(r"(?:\d|buy)*sub", "1sub")
@example(r"sub(?: \pL+)?", "sub")
@example(r"(?: \d)*sub", " 1sub")
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


LETTERS_OF_ALL_KINDS = st.text(st.sampled_from("abelsuy 1$!.-'ñéßжΩ²Ⅷ٣’—🐀\u0301") | st.characters(codec="ascii"))


@given(
    st.sampled_from(
        [
            r"\$\d+ ?[a-z]*",
            "buy (?:now|today)",
            r"a\S*b",
            "s[aeiou]le",
            "[^ ]+!",
            r"\pL+ b",
            r"[\pL'’]+ u",
            r"\pN",
            "ñ.",
        ]
    ),
    LETTERS_OF_ALL_KINDS,
)
def test_the_fast_way_finds_what_the_other_one_finds(pattern: str, text: str) -> None:
    line = f"\n{Forms(text).plain}\n"
    fast, narrow = _narrow_finder(pattern), _narrowed(line)
    assert fast is not None
    assert narrow is not None
    one, other = fast.search(narrow), _finder(pattern).search(line)
    assert (one and one.span()) == (other and other.span())


@pytest.mark.parametrize("pattern", [r"\p{Han}", r"\p{Lu}", "🐀", r"\x{1F400}", "ж"])
def test_what_names_more_than_letters_and_figures_is_not_looked_for_in_the_fast_way(pattern: str) -> None:
    assert _narrow_finder(pattern) is None


def test_nor_is_anything_in_a_script_without_spaces() -> None:
    assert _narrowed("公園 park") is None


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_group_that_was_read_before_is_read_alike(pattern: str) -> None:
    remembered = atoms.__wrapped__(pattern)
    _GROUPS.clear()
    assert atoms.__wrapped__(pattern) == remembered


def test_a_group_is_read_anew_where_it_only_begins_alike() -> None:
    group = "(?:alpha|bravo|charlie|delta|echo|foxtrot"
    assert strings(f"{group})") != strings(f"{group}|golf)")
