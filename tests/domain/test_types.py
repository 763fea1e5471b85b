"""The nouns that carry meaning of their own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.types import Attachment, Ref, revision_of

PARTS = st.text(st.characters(exclude_characters=":"), min_size=1)


@given(PARTS, PARTS, st.text(min_size=1))
def test_a_ref_is_read_back_from_what_it_prints(platform: str, account: str, item: str) -> None:
    ref = Ref(platform=platform, account=account, item=item)
    assert Ref.parse(str(ref)) == ref


@pytest.mark.parametrize("text", ["", "x", "x:1", "x::3", ":1:3", "x:1:"])
def test_half_a_ref_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="platform:account:item"):
        Ref.parse(text)


@given(st.text(st.characters(exclude_categories=())), st.text(st.characters(exclude_categories=())))
def test_a_revision_names_exactly_one_wording(one: str, other: str) -> None:
    assert (revision_of(one) == revision_of(other)) == (one == other)


def test_another_picture_is_another_revision() -> None:
    picture = Attachment(id="1", kind="photo")
    assert revision_of("look", (picture,)) != revision_of("look")
