"""Live comments put the other way round: the same rules must meet them."""

from __future__ import annotations

import pytest
from city import the_rulebook
from hypothesis import given
from hypothesis import strategies as st

from rules.swapped import PAIRS, swapped, unlike


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("The MAYOR and the Police lied", "The NEIGHBOR and the Firefighters lied"),
        ("Democrats, not republicans!", "Republicans, not democrats!"),
        ("a leftover citywide committeeman", "a leftover citywide committeeman"),
    ],
)
def test_whole_words_change_places_and_keep_their_capitals(text: str, other: str) -> None:
    assert swapped(text) == other


@given(
    st.lists(st.sampled_from([word for pair in PAIRS for word in pair] + ["and", "the", "!"]), max_size=8).map(" ".join)
)
def test_put_round_twice_a_text_is_what_it_was(text: str) -> None:
    assert swapped(swapped(text)) == text


def test_the_rules_that_come_with_the_program_make_no_difference_and_one_that_does_is_named() -> None:
    engine = the_rulebook().engine
    for text in ("what the fuck is wrong with the mayor", "Republicans sell cheap pills at www.example.com"):
        assert list(unlike(engine, text)) == []

    class OneSided:
        def evaluate(self, text: str) -> tuple[object, ...]:
            matches = the_rulebook().engine.evaluate(text)
            return matches if "mayor" in text else ()

    assert list(unlike(OneSided(), "what the fuck is wrong with the mayor")) == ["c2-obscenity"]  # type: ignore[arg-type]
