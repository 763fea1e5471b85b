"""Lines in one language that quote another: they are ordinary text, and know which part is English."""

from __future__ import annotations

import pytest

from bot.lines import English, Line, begun, changed, joined, marked, parts_of, say

SPANISH = say("{name} está DETENIDA: {why}", name="City & Co", why=English("the <token> is gone"))


def test_a_line_is_ordinary_text() -> None:
    assert SPANISH == "City & Co está DETENIDA: the <token> is gone"
    assert SPANISH.startswith("City")
    assert f"{SPANISH}." == "City & Co está DETENIDA: the <token> is gone."


def test_on_a_page_english_is_marked_in_another_language_alone() -> None:
    assert marked(SPANISH, "es") == ('City &amp; Co está DETENIDA: <span lang="en">the &lt;token&gt; is gone</span>')
    assert marked(SPANISH, "en") == "City &amp; Co está DETENIDA: the &lt;token&gt; is gone"
    assert marked("todo <en> español", "es") == "todo &lt;en&gt; español"


def test_it_stays_marked_in_a_line_around_it_and_when_it_is_changed() -> None:
    around = joined("; ", [say("1. {what}", what=SPANISH), "2. nada"])
    assert around == f"1. {SPANISH}; 2. nada"
    assert [part for part in parts_of(changed(around, str.upper)) if isinstance(part, English)] == [
        "THE <TOKEN> IS GONE"
    ]


@pytest.mark.parametrize("most", range(len(SPANISH) + 2))
def test_its_beginning_is_the_beginning_of_the_text(most: int) -> None:
    first = begun(SPANISH, most)
    assert first == SPANISH[:most].rstrip()
    assert Line([first]) == first
    english = "".join(part for part in parts_of(first) if isinstance(part, English))
    assert english == SPANISH[25:most].rstrip()
