"""What a mail leaves out is at least what rules find, whatever stands around it."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from bot.masking import INSTEAD, masked, masked_excerpt
from rules.match.personal import Personal, PersonalNumbers, secret_numbers
from rules.normal import Forms

CARD, SSN = "4111111111111111", "123-45-6789"
SIGNS = st.sampled_from([*"0123456789 .-/,_x:@#\n\u200b\u00ad４٤", "4111111111111111", "5500-0000-0000-0004", SSN])
TEXTS = st.lists(st.one_of(SIGNS, st.text(max_size=6), st.sampled_from(["card ", "ssn "])), max_size=14).map("".join)


def found_by_rules(text: str) -> list[tuple[int, int]]:
    forms = Forms(text)
    numbers = PersonalNumbers({0: (Personal.CARD,), 1: (Personal.SSN,)})
    return [forms.plain_span(hit.start, hit.end) for hit in numbers.find(forms)]


def figures(text: str) -> str:
    return re.sub(r"\D", "", text)


@given(TEXTS)
def test_all_that_rules_find_is_left_out(text: str) -> None:
    spans = secret_numbers(text)
    for start, end in found_by_rules(text):
        shown = text[start:end].rstrip("\u200b\u00ad")
        assert any(first <= start and start + len(shown) <= last for first, last in spans), text[start:end]


@given(TEXTS)
def test_nothing_is_left_to_find_and_nothing_else_is_changed(text: str) -> None:
    told = masked(text)
    assert secret_numbers(told) == []
    if not secret_numbers(text):
        assert told == "".join("\ufffd" if sign == "\0" or "\ud800" <= sign <= "\udfff" else sign for sign in text)


GAPS = st.sampled_from(["", " ", "-", ".", "\u200b", "  ", "_"])


@given(st.text(max_size=20), st.text(max_size=20), st.sampled_from([CARD, "378282246310005", "6011000990139424"]), GAPS)
def test_a_card_is_left_out_whatever_stands_around_it_but_a_figure(
    before: str, after: str, number: str, gap: str
) -> None:
    written = gap.join(re.findall(r".{1,4}", number))
    told = masked(f"{before.rstrip('0123456789')}~{written}~{after}")
    assert INSTEAD in told
    assert written not in told


def test_disguised_and_embedded_numbers() -> None:
    for text in (
        "https://shop.example/pay?n=4111111111111111&x=1",
        "x4111\u200b1111\u200b1111\u200b1111y",
        "４１１１ １１１１ １１１１ １１１１",
        "his social security number: 123456789",
        "1234 4111 1111 1111 1111 99",
    ):
        assert INSTEAD in masked(text), text
    for text in ("call 816-555-1234 or 816-555-9876", "order 4111111111111112", "078-05-1120", "$4,111.11"):
        assert masked(text) == text


def test_an_excerpt_is_judged_by_the_whole_text() -> None:
    text = "my ssn 123456789 ok"
    assert masked(text[7:16]) == "123456789", "alone it may be anything"
    assert masked_excerpt(text, 7, 16) == INSTEAD
    assert masked_excerpt(text, 0, 9) == f"my ssn {INSTEAD}", "cut through the middle"
    assert masked_excerpt(text, 12, 19) == f"{INSTEAD} ok"
    assert masked_excerpt(text, 16, 19) == " ok"


def test_names_of_ours_stay() -> None:
    ref = "facebook:1:4111111111111111"
    assert masked(f"case {ref}: 4111111111111111", (ref,)) == f"case {ref}: {INSTEAD}"
