"""What is a copy of what, and which copy stays."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.context import NO_CONTEXT, Context, Earlier
from rules.match.repeat import Repeats
from rules.model import Repeat
from rules.normal import Forms

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
OFFER = "The cheapest roofers in the whole county, ask for Sam."


def said(text: str, minute: float, **other: bool) -> Earlier:
    return Earlier(ref=f"x:1:{minute:07.1f}", text=text, posted_at=NOON + timedelta(minutes=minute), **other)


def around(own: Earlier, *others: Earlier) -> Context:
    """The context of one of several comments by the same account."""
    return Context(ref=own.ref, posted_at=own.posted_at, answers=own.answers, earlier=others)


def hits(written: list[Earlier], **wanted: object) -> list[bool]:
    """For each of several comments by one account, whether it is found."""
    repeats = Repeats({7: Repeat(**wanted)})  # type: ignore[arg-type]
    return [
        bool([*repeats.find(Forms(one.text), around(one, *(other for other in written if other is not one)))])
        for one in written
    ]


def alike(*texts: str) -> bool:
    """Whether comments are copies of each other: the last is found, and so is the second, and the first is not."""
    found = hits([said(text, minute) for minute, text in enumerate(texts)])
    assert found in ([False] * len(texts), [False] + [True] * (len(texts) - 1))
    return found[-1]


# what is a copy


@pytest.mark.parametrize(
    "other",
    [
        OFFER,
        OFFER.upper(),
        f"   {OFFER}!!! 🏠🏠",
        f"Hey guys, {OFFER}",
        f"{OFFER} please",
        "The cheapest roofers in the whole county: ask for Sam",
        "The cheapest rooferrs in the whole county, ask for Sam.",
        "The cheepest roofers in the whole county, ask for Sam.",
        "The cheapest roofers in the wholecounty, ask for Sam.",
        "The cheapest r0ofers in the whole county, ask for Sаm.",  # a figure for a letter, a Cyrillic а
        "The cheap\u200best roofers in the whole county, ask for Sam.",
    ],
)
def test_copies(other: str) -> None:
    assert alike(OFFER, OFFER, other)
    assert alike(OFFER, other, OFFER)


@pytest.mark.parametrize(
    "other",
    [
        "The cheapest roofers in the whole county, ask for Pam.",
        "The cheapest plumbers in the whole county, ask for Sam.",
        "The cheapest roofers in the whole county, never ask for Sam.",
        "The cheapest roofers in the whole county, ask for Sam at 816.",
        "Are they the cheapest roofers in the whole county, ask for Sam.",
        "Ask for Sam, the cheapest roofers in the whole county.",
        "",
    ],
)
def test_no_copies(other: str) -> None:
    assert not alike(OFFER, OFFER, other)
    assert not alike(OFFER, other, OFFER)


@pytest.mark.parametrize(
    "form",
    [
        "Pothole at {}, it has been there for months and nobody comes",
        "There is water running down the street at {} since this morning",
        "No trash pickup at {} again, third week in a row, please help",
        "Hay un bache muy grande en {} y nadie lo arregla",
    ],
)
def test_different_complaints_in_one_form_are_no_copies(form: str) -> None:
    places = [
        "39th & Main",
        "47th & Troost",
        "47th & Main",
        "Harrison Street",
        "Garrison Street",
        "Benton Boulevard",
        "Belton Boulevard",
        "Oak",
        "Elm",
    ]
    for one, other in pairwise(places):
        assert not alike(form.format(one), form.format(one), form.format(other))


def test_another_long_number_is_another_comment_though_one_figure_differs() -> None:
    form = "Nobody answers about my request number {} for the broken street light"
    assert not alike(form.format("20261150100"), form.format("20261150100"), form.format("20261160100"))


def test_a_negation_makes_another_comment() -> None:
    one = "The council should fund the new community center on the east side"
    other = "The council should not fund the new community center on the east side"
    assert not alike(one, one, other)


@pytest.mark.parametrize(
    "text",
    [
        "Thank you!",
        "👍",
        "Amen",
        "Happy birthday KC",
        "Happy birthday Kansas City!!!",
        "Thank you so much for all that you do!",
        "Shame on all of you!",
        "Great job, keep up the good work!",
        "Terrible job, resign now all of you",
        "What is wrong with you people",
        "Rest in peace, prayers for the family",
        "Beautiful picture, love this city!",
        "Merry Christmas and a happy new year to all",
        "¡Muchas gracias por todo lo que hacen!",
        "",
    ],
)
def test_little_said_is_nothing_repeated_be_it_praise_or_blame(text: str) -> None:
    assert not alike(*[text] * 8)


@pytest.mark.parametrize(
    "text",
    [
        "www.example.com",
        "See https://example.com/a?b=1",
        "Call Sam: (816) 555-0100",
        "Fix the potholes in front of the school on our street",
        "Visit our shop for the cheapest watches in town!",
        "Los techos más baratos del condado, pregunte por Samuel",
    ],
)
def test_enough_said(text: str) -> None:
    assert alike(text, text, text)


def test_another_address_is_another_comment() -> None:
    form = "All of my pictures of the flooded street are at https://example.com/{}"
    assert not alike(form.format("a"), form.format("a"), form.format("b"))
    assert alike(form.format("a"), form.format("a"), form.format("a"))


# which copy stays, and when


def test_two_are_not_three() -> None:
    assert hits([said(OFFER, 0), said(OFFER, 1)]) == [False, False]


def test_more_copies_may_be_asked_for() -> None:
    written = [said(OFFER, minute) for minute in range(4)]
    assert hits(written, copies=5) == [False] * 4
    assert hits(written, copies=4) == [False, True, True, True]


def test_only_within_the_hours() -> None:
    day = 24 * 60
    assert hits([said(OFFER, 0), said(OFFER, 60), said(OFFER, day)]) == [False, True, True]
    assert hits([said(OFFER, 0), said(OFFER, 60), said(OFFER, day + 0.1)]) == [False] * 3
    assert hits([said(OFFER, 0), said(OFFER, 60), said(OFFER, day + 0.1)], hours=25) == [False, True, True]


def test_other_words_between_change_nothing() -> None:
    written = [said(OFFER, 0), said("When is bulky pickup?", 1), said(OFFER, 2), said("Thanks!", 3), said(OFFER, 4)]
    assert hits(written) == [False, False, True, False, True]


def test_of_comments_of_one_moment_one_stays() -> None:
    written = [replace(said(OFFER, 0), ref=f"x:1:{name}") for name in "abc"]
    assert hits(written) == [False, True, True]


def test_where_no_earlier_copy_is_to_be_seen_this_one_stays() -> None:
    hidden = [said(OFFER, minute, shown=False) for minute in range(3)]
    assert hits([*hidden, said(OFFER, 3), said(OFFER, 4)]) == [False, False, False, False, True]


def test_answers_count_only_where_a_rule_says_so() -> None:
    written = [said(OFFER, minute, answers=True) for minute in range(3)]
    assert hits(written) == [False] * 3
    assert hits(written, answers=True) == [False, True, True]
    assert hits([*written, said(OFFER, 4), said(OFFER, 5)]) == [False] * 5
    assert hits([said(OFFER, -3), said(OFFER, -2), said(OFFER, -1), *written]) == [False, True, True, *[False] * 3]


def test_the_hit_tells_how_many_and_which_came_first() -> None:
    context = around(said(OFFER, 2), said(OFFER, 0), said(OFFER, 1))
    (hit,) = Repeats({7: Repeat()}).find(Forms(OFFER), context)
    assert (hit.number, hit.start, hit.end, hit.folded) == (7, 0, len(OFFER), False)
    assert hit.what == "repeat: 3 copies within 24 hours, first x:1:00000.0 2026-11-02T12:00:00Z"


def test_a_comment_names_those_with_which_it_makes_a_repetition_even_if_it_is_the_first() -> None:
    repeats = Repeats({7: Repeat()})
    first, *others = [said(OFFER, minute) for minute in range(3)]
    unlike = said("When is bulky pickup?", 5)
    assert repeats.others(OFFER, around(first, *others, unlike)) == {other.ref for other in others}
    assert repeats.others(OFFER, around(first, others[0], unlike)) == set()
    assert not [*repeats.find(Forms(OFFER), around(first, *others))]


def test_without_a_time_or_other_comments_there_is_nothing_to_find() -> None:
    repeats = Repeats({7: Repeat()})
    copies = (said(OFFER, 0), said(OFFER, 1))
    assert not [*repeats.find(Forms(OFFER), NO_CONTEXT)]
    assert not [*repeats.find(Forms(OFFER), Context(earlier=copies))]
    assert not [*repeats.find(Forms(OFFER), Context(posted_at=NOON))]


def test_how_far_to_look_is_the_longest_that_any_rule_asks_for() -> None:
    assert Repeats({}).within is None
    assert Repeats({1: Repeat(hours=2), 2: Repeat(hours=48)}).within == timedelta(hours=48)


# whatever comes

TEXTS = st.sampled_from([OFFER, OFFER.upper(), "www.example.com", "Thank you", "When is bulky pickup on our block?"])


@given(st.lists(st.tuples(TEXTS, st.integers(0, 4000), st.booleans()), max_size=12, unique_by=lambda one: one[1]))
def test_an_earlier_copy_in_sight_stays_whenever_one_is_found(pieces: list[tuple[str, int, bool]]) -> None:
    written = [said(text, minute, shown=shown) for text, minute, shown in pieces]
    for one, found in zip(written, hits(written), strict=True):
        before = [other for other in written if other.posted_at < one.posted_at and other.shown]
        near = [other for other in before if one.posted_at - other.posted_at <= timedelta(hours=24)]
        assert not found or any(other.text.casefold() == one.text.casefold() for other in near)


@given(st.lists(st.text(max_size=40), min_size=3, max_size=6))
def test_any_text_can_be_compared(texts: list[str]) -> None:
    hits([said(text, minute) for minute, text in enumerate(texts)])


def test_it_costs_nothing_where_there_is_nothing_to_compare() -> None:
    repeats, forms = Repeats({7: Repeat(), 8: Repeat(answers=True, copies=5)}), Forms(OFFER)
    began = time.thread_time()
    for _ in range(10_000):
        list(repeats.find(forms, NO_CONTEXT))
    looking = time.thread_time() - began
    began = time.thread_time()
    for _ in range(2_000):
        Forms(OFFER)
    assert looking < time.thread_time() - began
