"""The two forms of a comment, and the exact way back."""

from __future__ import annotations

import re
import time
import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rules import lookalikes
from rules.normal import Forms, _folded, _traced, folded_phrase, look_alike

WORD = "gadzooks"
LOOKALIKES = {"a": "аα𝓪ａⓐá", "d": "ԁ𝐝ｄḍ", "g": "ɡ𝔤ｇ", "k": "кκ𝕜ｋ", "o": "оοσ𝑜øö", "s": "ѕ𝚜ｓş", "z": "ζ𝖟ｚ"}
FIGURES = {"a": "4@", "g": "9", "o": "0", "s": "5$"}
INVISIBLE = "\u200b\u200d\u2060\u00ad\ufeff\u0336\u0301\ufe0f"
HIDES_ANY_LETTER = {*"+<(", *lookalikes.FIGURES, *lookalikes.TURNED, *lookalikes.BORROWED, *lookalikes.FLAG_LETTERS}
ANY_TEXT = st.text(st.characters(), max_size=60)
TRICKY_TEXT = st.text(st.sampled_from("aab c1!.$+(@-|'&#;97n\u0303ɐ乃🇺\u202e\u202c\u200bé"), max_size=60)
SURROUNDINGS = st.text(st.sampled_from("xqwé!?. ,\n\t—🚒日ñ"), max_size=12)


@st.composite
def disguised(draw: st.DrawFn) -> str:
    """The word, each letter perhaps as a look-alike, a figure, capital, stretched, or with something invisible."""
    letters = []
    for letter in WORD:
        shown = draw(st.sampled_from([letter, letter.upper(), *LOOKALIKES[letter]]))
        letters.append(shown + draw(st.sampled_from(["", "", *INVISIBLE])))
    return "".join(letters).rstrip(INVISIBLE)


def _excerpts(text: str, word: str = WORD) -> set[str]:
    """The verbatim excerpts behind every line of the folded form that holds the word as a whole word."""
    forms = Forms(text)
    found = set()
    at = 0
    for line in forms.folded.split("\n"):
        start = 0
        for piece in line.split(" "):
            if piece.strip(".!?;:") == word:
                place = at + start + piece.index(word)
                begin, end = forms.folded_span(place, place + len(word))
                found.add(text[begin:end])
            start += len(piece) + 1
        at += len(line) + 1
    return found


@given(ANY_TEXT)
def test_plain_is_as_long_as_the_comment(text: str) -> None:
    assert len(Forms(text).plain) == len(text)


@given(ANY_TEXT | TRICKY_TEXT)
def test_the_fast_and_the_exact_way_fold_alike(text: str) -> None:
    whole = _traced(text).whole
    assert whole.text == _folded(text).partition("\n")[0]
    assert len(whole.starts) == len(whole.ends) == len(whole.text)


@given(ANY_TEXT | TRICKY_TEXT | st.text(st.sampled_from("aB 1.,'`&;-?é"), max_size=40))
def test_forms_that_are_called_alike_hold_the_same_words(text: str) -> None:
    forms = Forms(text)
    assert not forms.alike or re.findall(r"\w+", forms.plain) == re.findall(r"\w+", forms.folded)


def test_the_forms_of_an_ordinary_comment_are_alike() -> None:
    assert Forms("Fix the road, please; it is a MESS!  Thanks").alike


@given(st.lists(ANY_TEXT | TRICKY_TEXT, max_size=4))
def test_a_long_comment_is_traced_region_by_region_as_if_at_once(pieces: list[str]) -> None:
    filler = " well-known 5th sooo words " * 5 + "\n"
    text = filler.join(["", *pieces, ""])
    forms, at_once = Forms(text), _traced(text).whole
    assume("://" not in text and "www." not in text)
    for at in range(len(at_once.text)):
        assert forms.folded_span(at, at + 1) == (at_once.starts[at], at_once.ends[at])
    end = len(at_once.text)
    assert forms.folded_span(0, end) == (min(at_once.starts), max(at_once.ends))


@given(ANY_TEXT | TRICKY_TEXT)
def test_every_folded_letter_comes_from_where_the_map_says(text: str) -> None:
    forms = Forms(text)
    for at, char in enumerate(forms.folded):
        if char.isalpha():
            start, end = forms.folded_span(at, at + 1)
            assert 0 <= start < end <= len(text)
            seen = set(look_alike(text[start:end]))
            assert char in seen or seen & HIDES_ANY_LETTER or (char == "ñ" and "n" in seen)


@given(ANY_TEXT)
def test_spans_inside_one_line_run_forward(text: str) -> None:
    assume("\u202e" not in text)  # which makes text run backward
    for tape in _traced(text):
        assert tape.starts == sorted(tape.starts)
        assert tape.ends == sorted(tape.ends)


@given(SURROUNDINGS, disguised(), SURROUNDINGS)
def test_a_disguised_word_is_found_exactly_where_it_stands(before: str, word: str, after: str) -> None:
    text = f"{before} {word} {after}"
    assert word in _excerpts(text)


@given(st.data())
def test_figures_and_stretches_are_undone(data: st.DataObject) -> None:
    shown = "".join(data.draw(st.sampled_from([c, *FIGURES.get(c, "")])) for c in WORD)
    assume(any(char.isalpha() for char in shown) and not shown.startswith("@"))
    stretch = data.draw(st.integers(0, len(shown) - 1))
    times = data.draw(st.integers(3, 9))
    word = shown[:stretch] + shown[stretch] * (times if shown[stretch].isalpha() else 1) + shown[stretch + 1 :]
    assume(not word.endswith(("!", "@")))
    assert word in _excerpts(f"so {word} then")


@pytest.mark.parametrize("gap", [" ", ".", "-", "*", "_", ". ", "/", "~", "|"])
def test_spaced_out_words_are_read_together(gap: str) -> None:
    word = gap.join(WORD)
    assert _excerpts(f"oh {word}, really") == {word}


@pytest.mark.parametrize("word", ["gad-zooks", "g.adzooks", "ga_dzo_oks", "gadz*oks".replace("*", "*o"), "gad'zooks"])
def test_what_stands_inside_a_word_is_left_out(word: str) -> None:
    assert word in _excerpts(f"oh {word}")


def test_zalgo_is_undone() -> None:
    word = "".join(char + "\u0336\u0337\u0301\u0489" for char in WORD)
    assert _excerpts(f"oh {word} oh") == {word}


@pytest.mark.parametrize(
    ("text", "unharmed"),
    [
        ("the 5th of May", "5th"),
        ("4x4 trucks at 10am", "4x4"),
        ("covid19 and b2b", "covid19"),
        ("it cost $5", "$5"),
        ("mail a@b.example", "a@b.example"),
    ],
)
def test_figures_stay_figures_in_the_plain_form(text: str, unharmed: str) -> None:
    assert unharmed in Forms(text).plain


def test_a_reading_never_joins_the_words_around_it() -> None:
    assert _excerpts("gad zooks") == set()
    assert _excerpts("agadzooks gadzookst") == set()


def test_the_spanish_letter_is_no_accent() -> None:
    assert folded_phrase("año") != folded_phrase("ano")
    assert Forms("an\u0303o").folded.split("\n")[0] == "año"
    assert folded_phrase("cómo") == folded_phrase("como")


def test_scripts_of_their_own_keep_their_marks() -> None:
    assert Forms("がき").folded == "がき"
    assert Forms("한국").folded == "한국"


def test_half_a_character_is_no_obstacle() -> None:
    forms = Forms("oh \ud83d gadzooks")
    forms.folded.encode("utf-8")
    forms.plain.encode("utf-8")
    assert _excerpts("oh \ud83d gadzooks") == {WORD}


def test_addresses_are_blank_in_both_forms() -> None:
    forms = Forms("see HTTPS://example.com/gadzooks?x=1 and www.gadzooks.example now")
    assert WORD not in forms.plain + forms.folded
    assert "see" in forms.plain
    assert "now" in forms.folded


def test_excerpts_keep_the_marks_that_hang_on_the_last_letter() -> None:
    text = "oh gadzooks\u0301\u200b oh"
    forms = Forms(text)
    assert text[slice(*forms.plain_span(3, 11))] == "gadzooks\u0301\u200b"
    assert _excerpts(text) == {"gadzooks\u0301\u200b"}


@given(st.text(st.characters(categories=["Lu", "Ll", "Lo", "Nd"]), min_size=1, max_size=30))
def test_folding_is_the_same_for_composed_and_decomposed_text(text: str) -> None:
    composed, decomposed = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
    assume(unicodedata.normalize("NFC", decomposed) == composed)
    latin = all(ord(char) < 0x250 for char in composed)
    assume(latin)
    assert _folded(composed) == _folded(decomposed)


TIRESOME = {
    "spaced out": "a b c d e ",
    "groups": "a b c dd ",
    "stretched": "aaabbbccc",
    "stretched words": "aaabbbcccddd1|+ ",
    "parted words": "ab-c d.e.f ",
    "figures": "0123456789@$!|+(<",
    "figures and letters": "1@a$b!c|d+e",
    "one figure": "1",
    "marks": "f\u0336\u0317\u0301\u0489",
    "one word": "a",
    "dots": "a...",
    "scripts": "aаαԱ我ค",
    "turned": "ɐqɔpǝɟ ",
    "flags": "🇺🇸 🇺",
    "right to left": "\u202ea\u202c",
    "entities": "&#102;&",
    "addresses": "www.a http://b ",
    "blank": " ",
}


@pytest.mark.parametrize("part", TIRESOME.values(), ids=TIRESOME)
def test_ten_times_the_text_takes_about_ten_times_as_long(part: str) -> None:
    times = []
    for length in (10_000, 100_000):
        text = (part * length)[:length]
        times.append(min(_seconds(text) for _ in range(3)))
    assert times[1] < 40 * times[0] + 0.002


def _seconds(text: str) -> float:
    began = time.thread_time()
    forms = Forms(text)
    forms.folded_span(0, 1) if forms.folded else None
    return time.thread_time() - began


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("oh 🇬🇦🇩🇿🇴🇴🇰🇸 no", "🇬🇦🇩🇿🇴🇴🇰🇸"),
        ("oh sʞoozpɐƃ no", "sʞoozpɐƃ"),
        ("oh \u202eskoozdag\u202c no", "skoozdag"),
        ("oh \u202eon gadzooks", "gadzooks"[:0]),
        ("oh g&#97;dz&#x6f;ok&#115; no", "g&#97;dz&#x6f;ok&#115;"),
        ("oh ggaaddzzooookkss no", "ggaaddzzooookkss"),
        ("oh a g a d z o o k s no", "g a d z o o k s"),
        ("oh g😀a😀d😀z😀o😀o😀k😀s no", "g😀a😀d😀z😀o😀o😀k😀s"),
        ("oh ⒢⒜⒟⒵⒪⒪⒦⒮\u0301 no", "⒢⒜⒟⒵⒪⒪⒦⒮\u0301"),
    ],
)
def test_a_word_is_read_as_it_was_meant(text: str, word: str) -> None:
    assert _excerpts(text) == ({word} if word else set())


@pytest.mark.parametrize("flags", ["🇺🇸", "go 🇺🇸 go", "usa🇺🇸"])
def test_a_flag_is_no_word(flags: str) -> None:
    assert "us" not in re.split(r"[\s]", Forms(flags).folded.replace("usa", ""))


@given(ANY_TEXT)
def test_characters_fold_the_same_alone_and_again(text: str) -> None:
    once = look_alike(text)
    assert look_alike(once) == once
    assert Forms(Forms(text).plain).plain == Forms(text).plain


def test_an_ideographic_stop_is_a_stop_in_a_domain_too() -> None:
    assert look_alike("exаmple。com") == "example.com"


def test_a_comment_full_of_disguises_is_read_to_its_end() -> None:
    text = "part-ed w0rd " * 1000 + "gadz0.oks, oh"
    assert _excerpts(text) == {"gadz0.oks"}
