"""The words of the closed list under forty disguises, alone and in pairs; and that innocent words stay innocent.

A disguise turns the letters of a word, one string each, into what is written for them. What is written under two
disguises is laid over the word in layers: capitals below, then shapes, then lengths, marks, what stands between the
letters, the order, and last how a page encodes it.
"""

from __future__ import annotations

import itertools
import re
from enum import IntEnum
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

import pytest
import zipcodes
from shipped import DATA, engine, packs, rows
from spellchecker import SpellChecker

from rules.match.literal import Literals
from rules.match.phrase import Phrases
from rules.normal import Forms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rules.match import Hit

WORDS = sorted(
    phrase
    for pack in packs()
    for rule in pack.rules
    if rule.id == "c2-obscenity"
    for matcher in rule.match.all
    for phrase in matcher.phrase
    if " " not in phrase
)
LITERALS = Literals()
LISTED = Phrases({number: [word] for number, word in enumerate(WORDS)}, LITERALS)
LITERALS.compile()
LOWER = "abcdefghijklmnopqrstuvwxyz"


class Layer(IntEnum):
    """Which disguise comes first where a word wears two."""

    CASE = 0
    SHAPE = 1
    LENGTH = 2
    MARK = 3
    HIDDEN = 4
    BETWEEN = 5
    ORDER = 6
    CODE = 7


class Disguise(NamedTuple):
    """One way to hide a word."""

    name: str
    layer: Layer
    write: Callable[[list[str]], list[str]]


DISGUISES: list[Disguise] = []


def each(name: str, layer: Layer, write: Callable[[str], str]) -> None:
    """Add a disguise that does the same to every letter."""
    DISGUISES.append(Disguise(name, layer, lambda letters: [write(letter) for letter in letters]))


def whole(name: str, layer: Layer, write: Callable[[list[str]], list[str]]) -> None:
    """Add a disguise that depends on where a letter stands."""
    DISGUISES.append(Disguise(name, layer, write))


def shapes(name: str, shown: str, of: str = LOWER) -> None:
    """Add an alphabet; a letter that it lacks stays what it is."""
    by_letter = dict(zip(of, shown, strict=True))
    each(name, Layer.SHAPE, lambda letter: by_letter.get(letter.lower(), letter))


def block(name: str, first: int, missing: dict[str, str] | None = None) -> None:
    """Add an alphabet that Unicode has in one piece, but for some letters."""
    shapes(name, "".join((missing or {}).get(letter, chr(first + index)) for index, letter in enumerate(LOWER)))


def between(name: str, gap: str) -> None:
    """Add something that is put between any two letters."""
    whole(name, Layer.BETWEEN, lambda letters: [part for letter in letters for part in (gap, letter)][1:])


def hidden(name: str, *signs: str) -> None:
    """Add invisible characters that follow every letter but the last."""
    turn = itertools.cycle(signs)
    whole(name, Layer.HIDDEN, lambda letters: [*(letter + next(turn) for letter in letters[:-1]), letters[-1]])


each("capitals", Layer.CASE, str.upper)
whole("alternating capitals", Layer.CASE, lambda word: [c.upper() if at % 2 else c for at, c in enumerate(word)])

shapes("figures for vowels", "4310", "aeio")
shapes("figures for more letters", "4310578", "aeiostb")
shapes("signs", "@$!", "asi")
shapes("signs of the trade", "¢€£¥§¡®", "celysir")
block("full width", 0xFF41)
block("mathematical bold", 0x1D41A)
block("mathematical script", 0x1D4B6, {"e": "ℯ", "g": "ℊ", "o": "ℴ"})
block("mathematical fraktur", 0x1D51E)
block("double-struck", 0x1D552)
block("monospace", 0x1D68A)
block("circled", 0x24D0)
block("circled, white on black", 0x1F150)
block("squared", 0x1F130)
block("squared, white on black", 0x1F170)
block("parenthesised", 0x249C)
block("letters of flags", 0x1F1E6)
shapes("superscript", "ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ", LOWER.replace("q", ""))
shapes("small capitals", "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", LOWER.replace("q", "").replace("x", ""))
shapes("Cyrillic", "асԁеһіјкмпоряѕтцхуѵ", "acdehijkmnoprstuxyv")
shapes("Greek", "αβϲεΗικηορτυωχγ", "abcehiknoptuwxy")
shapes("Armenian", "ցհոօՏս", "ghnosu")
shapes("Cherokee", "ᏗᏰፈᎴᏋᎦᎶᏂᎥᏠᏦᏝᎷᏁᎧᎮᎤᏒᏕᏖᏬᏉᏇጀᎩፚ")
shapes("Canadian syllabics", "ᗩᗷᑕᗪᖴᕼIᒍᒪᗰᑎᑭᖇᔕᑌᐯᗯ", "abcdfhijlmnprsuvw")
shapes("borrowed from Chinese", "卂乃匚乇千卄丨ﾌㄥ爪几ㄖ卩尺丂ㄒㄩ山乂ㄚ乙", "abcefhijlmnoprstuwxyz")
shapes("accents", "áçéíńóśúý", "aceinosuy")
shapes("strokes and hooks", "ȺɃȻĐɆƑǤĦƗꝀŁꞤØⱣɌŦɄɎƵ", "abcdefghiklnoprtuyz")
shapes("currency signs", "₳฿₵Đ₣₲₭₦₱₮Ʉ₩", "abcdfgknptuw")

whole("stretched", Layer.LENGTH, lambda word: [word[0], *[word[1]] * 4, *word[2:]])
whole("every letter twice", Layer.LENGTH, lambda word: [letter for letter in word for _ in range(2)])

each("combining marks", Layer.MARK, lambda letter: letter + "\u0336\u0317\u0301\u0489")
each("struck through", Layer.MARK, lambda letter: letter + "\u0336")
each("underlined", Layer.MARK, lambda letter: letter + "\u0332")

hidden("zero-width characters", "\u200b", "\u200d", "\u200c")
hidden("soft hyphens", "\u00ad")
hidden("tags and fillers", "\U000e0061", "\u2060", "\u034f")

between("spaces", " ")
between("dots", ".")
between("hyphens", "-")
between("underscores", "_")
between("asterisks", "*")
between("slashes", "/")
between("plus signs", "+")
between("emoji", "😀")
between("line breaks", "\n")
between("dots and spaces", ". ")
whole("bold print inside", Layer.BETWEEN, lambda word: [word[0], "**", *word[1:-1], "**", word[-1]])

UPSIDE_DOWN = dict(zip("abcdefghiklmnopqrstuvwyxz", "ɐqɔpǝɟƃɥᴉʞlɯuodbɹsʇnʌʍʎxz", strict=True))
IN_A_MIRROR = dict(zip("bcdefhknprty", "dɔbɘꟻʜʞᴎqɿƚʏ", strict=True))
whole(
    "upside down", Layer.ORDER, lambda word: [*reversed("".join(UPSIDE_DOWN.get(c.lower(), c) for c in "".join(word)))]
)
whole(
    "in a mirror", Layer.ORDER, lambda word: [*reversed("".join(IN_A_MIRROR.get(c.lower(), c) for c in "".join(word)))]
)
whole("from right to left", Layer.ORDER, lambda word: ["\u202e", *reversed("".join(word)), "\u202c"])

each("decimal entities", Layer.CODE, lambda letters: "".join(f"&#{ord(char)};" for char in letters))
each("hexadecimal entities", Layer.CODE, lambda letters: "".join(f"&#x{ord(char):x};" for char in letters))

CONTROLS = re.compile(r"(?:\u202e|&#8238;|&#x202e;)(.*)(?:\u202c|&#8236;|&#x202c;)", re.DOTALL)
SENTENCES = ("oh {} no", "{}", "What a {}!", "This is {}, really.", "{} 😀")


def worn(word: str, *disguises: Disguise) -> str:
    """Write a word under one disguise or two; two shapes take turns, letter by letter."""
    letters = list(word)
    for layer in Layer:
        now = [disguise.write(letters) for disguise in disguises if disguise.layer is layer]
        if now:
            letters = [now[at % len(now)][at] for at in range(len(now[0]))]
    return "".join(letters)


def can_be_worn(one: Disguise, other: Disguise) -> bool:
    """Tell whether two disguises make one: two shapes do; otherwise each layer takes one.

    Who turns a word upside down or mirrors it has only plain letters to turn. What runs from right to left does so
    until the line ends.
    """
    names = {one.name, other.name}
    layers = {one.layer, other.layer}
    if not names.isdisjoint({"upside down", "in a mirror"}):
        return layers.isdisjoint({Layer.SHAPE, Layer.MARK}) and len(layers) > 1
    return names != {"line breaks", "from right to left"} and (len(layers) > 1 or layers == {Layer.SHAPE})


def is_seen(text: str, sentence: str) -> bool:
    """Tell whether a disguised word is found exactly where it stands: the longest of what begins first, as rules do."""
    before = sentence.index("{}")
    controlled = CONTROLS.fullmatch(text)
    first, last = controlled.span(1) if controlled else (0, len(text))
    forms = Forms(sentence.format(text))
    spans = [_span(forms, hit) for hit in hits_in(forms)]
    return min(spans, key=lambda span: (span[0], -span[1]), default=None) == (before + first, before + last)


def hits_in(forms: Forms) -> list[Hit]:
    """Give the first place of every listed word."""
    held = LITERALS.find(forms)
    return [hit for number in sorted(LISTED.possible(held)) if (hit := LISTED.first(number, forms, held))]


def is_hidden(text: str, word: str) -> bool:
    """Tell whether a disguise changes anything and leaves no listed word standing there plainly, as "fuck!ng" does."""
    return text != word and all(hit.folded or hit.end - hit.start == len(text) for hit in hits_in(Forms(text)))


def _span(forms: Forms, hit: Hit) -> tuple[int, int]:
    return (forms.folded_span if hit.folded else forms.plain_span)(hit.start, hit.end)


def seen(*disguises: Disguise, words: Iterable[str] = WORDS) -> tuple[list[str], list[str]]:
    """Give the disguised words that are found, and those that are not."""
    found: tuple[list[str], list[str]] = ([], [])
    for word, sentence in zip(words, itertools.cycle(SENTENCES), strict=False):
        text = worn(word, *disguises)
        if is_hidden(text, word):
            found[not is_seen(text, sentence)].append(text)
    return found


@pytest.mark.parametrize("disguise", DISGUISES, ids=lambda disguise: disguise.name)
def test_a_listed_word_is_seen_through_a_disguise(disguise: Disguise) -> None:
    found, missed = seen(disguise)
    assert len(found) >= 10
    assert len(missed) <= (len(found) + len(missed)) / 100, missed


def test_there_are_forty_disguises_and_more() -> None:
    assert len({disguise.name for disguise in DISGUISES}) == len(DISGUISES) >= 40


@pytest.mark.parametrize("layer", Layer)
def test_a_listed_word_is_seen_through_two_disguises(layer: Layer) -> None:
    found = 0
    missed: list[tuple[str, str, list[str]]] = []
    for number, (one, other) in enumerate(itertools.combinations(DISGUISES, 2)):
        if layer is max(one.layer, other.layer) and can_be_worn(one, other):
            yes, no = seen(one, other, words=WORDS[number % 9 :: 9])
            found += len(yes)
            missed += [(one.name, other.name, no)] * bool(no)
    misses = sum(len(no) for _, _, no in missed)
    assert misses <= (found + misses) / 100, missed


@pytest.mark.slow
def test_every_listed_word_is_seen_through_every_two_disguises() -> None:
    pairs = [pair for pair in itertools.combinations(DISGUISES, 2) if can_be_worn(*pair)]
    results = [seen(*pair) for pair in pairs]
    found, missed = (sum(len(result[which]) for result in results) for which in (0, 1))
    assert missed <= (found + missed) / 100


# innocent words


def found_in(text: str) -> set[str]:
    return {hit.what.removeprefix("phrase: ") for hit in hits_in(Forms(text))}


def only_themselves(words: Iterable[str]) -> bool:
    """Tell whether none but listed words and their genitives are found among words, written in four ways."""
    listed = set(WORDS)
    wrong = [
        (word, found)
        for word in words
        if (found := found_in(f"{word} {word.title()}, {word}'s {word.upper()}"))
        and listed.isdisjoint(re.split(r"[\W_]+", word.lower()))
    ]
    assert wrong == []
    return True


def test_no_english_word_is_taken_for_a_listed_one() -> None:
    words = sorted(SpellChecker(language="en").word_frequency.dictionary)
    assert len(words) > 100_000
    assert only_themselves(words)
    assert found_in("oh fuck")


@pytest.mark.parametrize(
    ("language", "least"), [("es", 80_000), ("de", 60_000), ("fr", 60_000), ("pt", 60_000), ("ru", 19_000)]
)
def test_no_word_of_another_language_is_taken_for_a_listed_one(language: str, least: int) -> None:
    words = sorted(SpellChecker(language=language).word_frequency.dictionary)
    some = words[:: max(1, len(words) // 90_000)]
    assert len(some) > least
    assert only_themselves(some)


def test_no_surname_is_taken_for_a_listed_word() -> None:
    lines = resources.files("names").joinpath("dist.all.last").read_text("utf-8").splitlines()
    surnames = [line.split()[0].lower() for line in lines]
    assert len(surnames) > 80_000
    assert only_themselves(surnames)


def test_no_place_is_taken_for_a_listed_word() -> None:
    places = {name for zip_code in zipcodes.list_all() for name in (zip_code["city"], *zip_code["acceptable_cities"])}
    assert len(places) > 20_000
    assert only_themselves(places)


INNOCENT = [
    *("What a class act", "Dick Gephardt", "the 5th", "We need to assess it", "Scunthorpe", "Matsushita", "a shih tzu"),
    *("the cockpit", "F. Scott Fitzgerald", "a s s e s s", "U.S. Army", "F. U. Carter", "F. U. C. Kaye", "U. S. H. it"),
    *(
        "SH17 ABC",
        "plate SH17",
        "part SH-17",
        "F4CK"[:2] + "-16",
        "A4 5HP",
        "1. e4 e5 2. Nf3 Nc6 3. Bb5 a6",
        "B2B, 4x4",
    ),
    *("call 816-555-0142", "(816) 555-0142 ext. 5417", "mail s.hit@example.org", "s.hitchcock@kcmo.example"),
    *(
        "#KCMO #ThisIsHit",
        "@s_hit_man",
        "🇺🇸",
        "🇺🇸🇲🇽",
        "go 🇺🇸 go",
        "I love 🇸🇭",
        "A ∪ B ∩ C",
        "f(u) = c·k",
        "f∘u",
    ),
    *("/fʌn/ /ʃiːt/ /hɪt/", "[fʊt]", "let's hit it", "this hit", "it's hit or miss", "Let’s hit", "his hit", "push it"),
    *(
        "tihs is a typo",
        "count me in",
        "c u n Texas",
        "S. H. Ittner",
        "50 § 1 ¢",
        "shift+t",
        "sh + it",
        "C++",
        "$5 hit",
    ),
    *(
        "sexta-feira",
        "1st 2nd 3rd 4th",
        "10am-5pm",
        "fu(n)",
        "fun(k)",
        "f/u call",
        "F/U: CK",
        "I f a i l e d",
        "fun, ck",
    ),
    *(
        "the Fuchs family",
        "Mr. Shitsky"[:4] + "Shay",
        "Cockburn",
        "Titcomb",
        "Hancock",
        "Clitheroe",
        "Phuket",
        "Penistone",
    ),
]


@pytest.mark.parametrize("text", INNOCENT)
def test_innocent_text_stays_innocent(text: str) -> None:
    assert [match.rule for match in engine().evaluate(text) if match.clause == "C2"] == []


@pytest.mark.skipif(not DATA.is_dir(), reason="the labelled comments are not part of the project")
@pytest.mark.parametrize("name", ["polis_civic", "crisislex_t6", "pstance", "presidio_synth_pii"])
def test_no_disguise_is_seen_in_ordinary_comments(name: str) -> None:
    assert [row["text"] for row in rows(name) if any(hit.folded for hit in hits_in(Forms(row["text"])))] == []
