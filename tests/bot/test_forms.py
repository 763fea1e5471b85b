"""The form in which staff enter a comment: read exactly or not at all."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import forms
from bot.forms import Form, NoForm

ZONE = ZoneInfo("America/Chicago")
HEAD = "account: pinterest:city\nurl: https://p.example/1\nauthor: pat\n"


def test_everything_between_text_and_end_is_the_comment() -> None:
    text = (
        f"\n\n{HEAD}Seen: 2026-11-28 10:05\nTEXT:\n first: line\n\nlast  \nend:\n-- \nKim\nThis mail is confidential."
    )
    assert forms.read(text.replace("\n", "\r\n"), ZONE) == Form(
        account="pinterest:city",
        url="https://p.example/1",
        author="pat",
        text=" first: line\n\nlast  ",
        seen_at=datetime(2026, 11, 28, 16, 5, tzinfo=UTC),
    )


@given(st.text().filter(lambda text: "\r" not in text and "end:" not in text.lower()))
def test_the_words_come_out_as_they_went_in(words: str) -> None:
    assert forms.read(f"{HEAD}text:\n{words}\nend:", ZONE).text == words


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no line “text:”"),
        ("hello\n" + HEAD, "line 1 is none of"),
        (HEAD + "author: robin\ntext:\nx\nend:", "line 4 is none of"),
        (HEAD + "text:\nx\n", "no line “end:”"),
        (HEAD + "text: x\nend:", "line 4 is none of"),
        ("url: https://p.example\nauthor:\ntext:\nx\nend:", "does not say account, author"),
        (HEAD + "seen: yesterday\ntext:\nx\nend:", "'yesterday' is no time"),
    ],
)
def test_what_is_not_exactly_a_form_is_none(text: str, said: str) -> None:
    with pytest.raises(NoForm, match=said):
        forms.read(text, ZONE)


@given(st.text(), st.text())
def test_nothing_but_no_form_comes_out(before: str, after: str) -> None:
    for text in (before, f"{HEAD}{before}text:\n{after}", f"seen:{before}\n{HEAD}text:\nend:"):
        with contextlib.suppress(NoForm):
            assert forms.read(text, ZONE).account
