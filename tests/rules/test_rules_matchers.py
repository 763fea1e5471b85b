"""What each of three ways of looking at a comment finds, and what it leaves alone."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from build import a_rule, an_engine

from rules.load import FileProblems
from rules.match.literal import Literals
from rules.match.pattern import BadPattern, Patterns, Searched, check
from rules.match.personal import Personal, PersonalNumbers
from rules.match.phrase import Phrases
from rules.normal import Forms

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from rules.match import Hit


def _excerpts(text: str, hits: Iterable[Hit], forms: Forms) -> list[str]:
    spans = ((forms.folded_span if hit.folded else forms.plain_span)(hit.start, hit.end) for hit in hits)
    return [text[start:end] for start, end in spans]


def phrases(text: str, *listed: str) -> list[str]:
    forms, literals = Forms(text), Literals()
    matcher = Phrases({0: listed}, literals)
    literals.compile()
    held = literals.find(forms)
    hits = (matcher.first(number, forms, held) for number in matcher.possible(held))
    return _excerpts(text, filter(None, hits), forms)


def patterns(text: str, *listed: str) -> list[str]:
    forms, literals = Forms(text), Literals()
    matcher = Patterns(dict(enumerate(listed)), literals)
    literals.compile()
    hits = (matcher.first(number, Searched(forms)) for number in sorted(matcher.possible(literals.find(forms))))
    return _excerpts(text, filter(None, hits), forms)


def numbers(text: str, *kinds: Personal) -> list[str]:
    forms = Forms(text)
    return _excerpts(text, PersonalNumbers({0: kinds}).find(forms), forms)


# phrases


@pytest.mark.parametrize(
    ("text", "phrase", "found"),
    [
        ("What an ass!", "ass", ["ass"]),
        ("ASS.", "ass", ["ASS"]),
        ("(ass)", "ass", ["ass"]),
        ("kick-ass", "ass", ["ass"]),
        ("#ass @ass", "ass", ["ass"]),
        ("sub\nfor\tsub", "sub for sub", ["sub\nfor\tsub"]),
        ("Sub - for - sub", "sub for sub", ["Sub - for - sub"]),
        ("suuub for subbbb now", "sub for sub", ["suuub for subbbb"]),
        ("don’t click", "don't click", ["don’t click"]),
        ("dont click", "don't click", ["dont click"]),
        ("über alles", "uber alles", ["über alles"]),
        ("UBER alles", "über alles", ["UBER alles"]),
        ("Mañana no", "mañana", ["Mañana"]),
        ("1488 reasons", "1488", ["1488"]),
        ("f**k that", "f**k", ["f**k"]),
        ("買春広告です", "広告", ["広告"]),
        ("ซื้อเลยวันนี้", "วันนี้", ["วันนี้"]),
    ],
)
def test_phrases_are_found(text: str, phrase: str, found: list[str]) -> None:
    assert phrases(text, phrase) == found


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("What a class act", "ass"),
        ("assess the masses", "ass"),
        ("Dick Gephardt", "dickg"),
        ("Scunthorpe", "cunt"),
        ("the año nuevo", "ano"),
        ("4x4 and 5th", "sth"),
        ("s & t, S. T.", "s**t"),
        ("https://example.com/ass/of-the-day", "ass"),
        ("www.ass.example", "ass"),
        ("subs for subtitles", "sub for sub"),
        ("naïveté", "naive"),
    ],
)
def test_phrases_are_not_found_in_other_words(text: str, phrase: str) -> None:
    assert phrases(text, phrase) == []


# patterns


@pytest.mark.parametrize(
    ("text", "pattern", "found"),
    [
        ("I will subscribe", "sub(?:scribe)?", ["subscribe"]),
        ("SUBSCRIBE!!", "subscribe", ["SUBSCRIBE"]),
        ("pay $500 now", r"\$\d+", ["$500"]),
        ("one\ntwo", "one two", ["one\ntwo"]),
        ("one, two", "one two", ["one, two"]),
        ("it’s it", "it's it", ["it’s it"]),
        ("ｓｕｂｓｃｒｉｂｅ now", "subscribe now", ["ｓｕｂｓｃｒｉｂｅ now"]),
        ("s.u.b.s", "subs", ["s.u.b.s"]),
        ("only this", "^only this$", ["only this"]),
        ("(a+)+ is slow", "slow|fast", ["slow"]),
    ],
)
def test_patterns_are_found(text: str, pattern: str, found: list[str]) -> None:
    check(pattern)
    assert patterns(text, pattern) == found


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("subscribers", "sub(?:scribe)?"),
        ("resubscribe", "subscribe"),
        ("not only this", "^only this$"),
        ("see https://example.com/subscribe/now", "subscribe"),
        ("5ub scribe", "sub scribe now"),
    ],
)
def test_patterns_stand_for_whole_words(text: str, pattern: str) -> None:
    assert patterns(text, pattern) == []


def test_a_match_never_runs_from_one_reading_into_the_next() -> None:
    assert patterns("gad.zooks s.u.b", r"sub\s.*zooks", r"zooks\W+sub.*sub") == []


@pytest.mark.parametrize("pattern", ["(open", "a{2,1}", "(?=ahead)", r"(.)\1", "a)(b", "x*", "a|"])
def test_what_re2_cannot_do_is_refused(pattern: str) -> None:
    with pytest.raises(BadPattern):
        check(pattern)


# personal numbers

TEST_CARDS = [
    "4111 1111 1111 1111",
    "4111-1111-1111-1111",
    "4111111111111111",
    "5555555555554444",
    "2223003122003222",
    "378282246310005",
    "3782 822463 10005",
    "6011111111111117",
    "3056 930902 5904",
    "3530111333300000",
    "４１１１１１１１１１１１１１１１",
]


@pytest.mark.parametrize("number", TEST_CARDS)
def test_valid_card_numbers_are_found(number: str) -> None:
    assert numbers(f"I wrote {number}, and?", Personal.CARD) == [number]


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1112",
        "1234567890123456",
        "41111111111111111",
        "4111 11111111 1111",
        "+4111111111111111",
        "#4111111111111111",
        "https://example.com/4111111111111111",
        "4111111111111111.5",
        "816-513-1313 and 816-513-1314",
        "978-3-16-148410-0",
        "4222222222222",
        "2026-11-22 10:15:30",
    ],
)
def test_other_long_numbers_are_left_alone(text: str) -> None:
    assert numbers(f"so {text} it is", Personal.CARD, Personal.SSN) == []


def test_rarer_card_numbers_count_where_a_card_is_spoken_of() -> None:
    assert numbers("my card 4222222222222 is lost", Personal.CARD) == ["4222222222222"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("mine is 123-45-6789", ["123-45-6789"]),
        ("mine is 123–45–6789", ["123–45–6789"]),
        ("SSN 123456789", ["123456789"]),
        ("social security 123 45 6789", ["123 45 6789"]),
        ("123 45 6789", []),
        ("123456789", []),
        ("000-45-6789 666-45-6789 900-45-6789 123-00-6789 123-45-0000", []),
        ("078-05-1120 219-09-9999 457-55-5462", []),
        ("64106-1234", []),
        ("1-123-45-6789", []),
        ("123-45-6789-1", []),
    ],
)
def test_social_security_numbers(text: str, found: list[str]) -> None:
    assert numbers(text, Personal.SSN) == found


def test_no_matcher_is_slow_on_hostile_text(tmp_path: Path) -> None:
    rule = a_rule(
        [{"phrase": ["abc"]}, {"pattern": "(?:a+)+b"}, {"link": {"domains": ["example.com"]}}, {"personal": ["card"]}]
    )
    engine = an_engine(tmp_path, rule)
    pieces = ("a", "a ", "a.", "a-", "1 ", "41", "a@", "\u0301", "http://", "u=", "%25", "aaa1", "x.com?u=")
    began = time.thread_time()
    for piece in pieces:
        engine.evaluate(piece * (20_000 // len(piece)))
    assert time.thread_time() - began < len(pieces)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("call 816-555-0134 now", ["816-555-0134"]),
        ("call (816) 555-0134", ["(816) 555-0134"]),
        ("+1 816.555.0134", ["+1 816.555.0134"]),
        ("8165550134", ["8165550134"]),
        ("order 816-155-0134", []),
        ("case 2024-816-555-0134", []),
        ("call 311", []),
    ],
)
def test_telephone_numbers_are_told_from_other_numbers(text: str, found: list[str]) -> None:
    assert numbers(text, Personal.PHONE) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("write to jane.sample+kc@mail.example.com, please", ["jane.sample+kc@mail.example.com"]),
        ("JANE@EXAMPLE.COM", ["JANE@EXAMPLE.COM"]),
        ("@jane said so", []),
        ("3 @ 5 dollars", []),
    ],
)
def test_mail_addresses_are_told_from_other_words(text: str, found: list[str]) -> None:
    assert numbers(text, Personal.EMAIL) == found


@pytest.mark.parametrize("kind", ["phone", "email"])
def test_what_may_be_anybodys_own_never_acts(tmp_path: Path, kind: str) -> None:
    with pytest.raises(FileProblems, match="only a person can tell, write review"):
        an_engine(tmp_path, a_rule([{"personal": [kind]}], clause="C7"))
