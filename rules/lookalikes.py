"""Says of a single character what the eye takes it for: the tables behind the two forms of a comment."""

from __future__ import annotations

import re
import unicodedata

TILDE = "\u0303"


def _by_character(by_letter: dict[str, str]) -> dict[str, str]:
    return {char: letter for letter, chars in by_letter.items() for char in chars}


_CONFUSABLE = _by_character(
    # Only what the eye takes for the Latin letter: Cyrillic, Greek, Armenian, Cherokee, Canadian syllabics, others.
    {
        "a": "аАαΑɑΔΛᎪᏗᗩ₳",
        "b": "вВЬβΒßẞᏴᏰᗷ฿",
        "c": "сСϲϹςᏟፈᑕ₵",
        "d": "ԁԀᎠᎴᗪ",
        "e": "еЕёЁѐЀεΕΣɛєЄəᎬᏋ℮",
        "f": "ϝϜᎦᖴ₣",
        "g": "ɡԍցᏀᎶ₲",
        "h": "һҺнНΗђћհᎻᏂᕼ",
        "i": "іІїЇӏιΙɩıᎥ",
        "j": "јЈϳᎫᏠᒍ",
        "k": "кКκΚҟҞҝҜᏦ₭",
        "l": "ӀℓԼᏞᏝᒪ",
        "m": "мМΜᎷᗰ",
        "n": "ηΝոռпПиИᏁᑎ₦",
        "o": "оОοΟσΩօՕᎧ",
        "p": "рРρΡᏢᎮᑭ₱",
        "q": "ԛԚᎤᑫ",
        "r": "яЯгᎡᏒᖇ",
        "s": "ѕЅƨƧՏֆՖᏚᏕᔕ",
        "t": "тТτΤᎢᏖ₮",
        "u": "υսՍմμцЦᏌᏬᑌɄʉ∪",
        "v": "ѵѴνᏙᏉᐯ",
        "w": "ԝԜωшШᎳᏇᗯ₩",
        "x": "хХχΧ᙭",
        "y": "уУүҮγΥʏᎩ",
        "z": "ζΖᏃᘔ",
    }
)

FIGURES = {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "6": "g", "7": "t", "8": "b", "9": "g"} | _by_character(
    {"a": "@", "c": "¢©", "e": "€", "i": "!|¡", "l": "£", "r": "®", "s": "$§", "t": "†", "y": "¥"}
)
"""What figures and signs stand for inside a word; 1 and | are l as well."""

FLAG_LETTERS = {chr(0x1F1E6 + index): chr(ord("a") + index) for index in range(26)}
"""Regional indicators. Two of them make a flag."""

_ALIKE_UPSIDE_DOWN = {letter: letter for letter in "ilosxz"} | dict(zip("bdnpquwm", "qpudbnmw", strict=True))
UPSIDE_DOWN = _ALIKE_UPSIDE_DOWN | _by_character(
    {"a": "ɐ", "c": "ɔ", "e": "ǝ", "f": "ɟⅎ", "g": "ƃ", "h": "ɥ", "i": "ᴉ", "k": "ʞꓘ", "l": "ꞁ", "m": "ɯ"}
    | {"r": "ɹ", "t": "ʇ⊥", "u": "∩", "v": "ʌ", "w": "ʍ", "y": "ʎ⅄"}
)
"""What characters say when the page is turned. Letters that nobody can turn are not in it."""

MIRRORED = dict(zip("bdpq", "dbqp", strict=True)) | _by_character(
    {"a": "ɒ", "c": "ɔ", "e": "ɘǝ", "f": "ꟻ", "h": "ʜ", "k": "ʞ", "n": "ᴎ", "r": "ɿ", "t": "ƚ", "y": "ʏ"}
)
"""What characters say in a mirror, where they do not look the same there."""

TURNED = frozenset("ɐɔǝɟⅎƃɥᴉʞꓘꞁɯɹʇ⊥∩ʌʍʎ⅄ɒɘꟻᴎɿƚ")
"""Characters that are mostly written to turn a word upside down or to mirror it."""

BORROWED = _by_character(
    {"a": "卂ค", "b": "乃", "c": "匚", "d": "๔", "e": "乇", "f": "千", "h": "卄", "i": "丨เ", "j": "フ", "k": "Ҝ"}
    | {"l": "ㄥן", "m": "爪๓", "n": "几ภ", "o": "ㄖ", "p": "卩ק", "r": "尺ร", "s": "丂", "t": "ㄒ", "u": "ㄩย"}
    | {"w": "山ש", "x": "乂א", "y": "ㄚץ", "z": "乙"}
)
"""Letters of living scripts, which stand for themselves unless a whole word is dressed up in them."""

_LETTER_BY_NAME = re.compile(r"\bLATIN (?:LETTER )?(?:SMALL |CAPITAL )*(?:LETTER )?([A-Z])(?: WITH .*)?$")
_MARKED_ALPHABETS = ("LATIN", "GREEK", "CYRILLIC", "DIGIT")
_FILLERS = "\u034f\u115f\u1160\u3164\uffa0"
_TYPOGRAPHY = dict.fromkeys("‘’‚‛ʼʹ`´＇", "'") | dict.fromkeys("“”„‟«»＂", '"') | dict.fromkeys("‐‑‒–—―−﹣－", "-")
_OTHER_SIGNS = {"❗": "!", "❕": "!", "💲": "$", "。": "."}
_ANY_SIGN = "*"
_MOST_LETTERS = 4  # that one character stands for; one that writes a whole blessing (ﷺ) hides no word


def plain(char: str) -> str:
    """Give one character in lower case: always exactly one, so that positions stay what they are."""
    if char.isspace():
        return " "
    if unicodedata.category(char) == "Cs":
        return "\ufffd"  # half a character: matchers speak UTF-8, which has no such thing
    if char in _TYPOGRAPHY:
        return _TYPOGRAPHY[char]
    lower = unicodedata.normalize("NFKC", char).lower()
    if len(lower) != 1:
        return char
    if lower in _TYPOGRAPHY:
        return _TYPOGRAPHY[lower]
    return str(unicodedata.decimal(lower)) if lower.isdecimal() else lower


def fold(char: str) -> str:
    """Give what one character stands for: nothing for an invisible one, several letters for a ligature.

    Signs and pictures that belong to no word and end no sentence are all one sign.
    """
    if char == TILDE or char in "ñÑ":
        return char.lower()  # a letter of its own in Spanish: "año" is not "ano"
    if is_invisible(char):
        return ""
    letter = plain(char)
    if letter == "'":
        return ""
    folded = letter if letter.isascii() else "".join(map(_latin, _parts(char))).replace("'", "")
    return folded if len(folded) <= _MOST_LETTERS else letter


def is_invisible(char: str) -> bool:
    """Tell whether a character shows nothing of its own, or only something laid over the character before it."""
    category = unicodedata.category(char)
    return (
        category in {"Cf", "Me"}
        or char in _FILLERS
        or (category == "Mn" and unicodedata.name(char, "").startswith(("COMBINING", "VARIATION")))
    )


def _parts(char: str) -> str:
    """Take a character apart into letters, without accents in those alphabets where an accent only decorates."""
    parts = unicodedata.normalize("NFKD", char)
    if unicodedata.name(char, "").startswith("PARENTHESIZED LATIN"):
        return parts[1]
    if unicodedata.name(parts[0], "").startswith(_MARKED_ALPHABETS):
        return "".join(part for part in parts if not unicodedata.combining(part))
    return unicodedata.normalize("NFKC", char)


def _latin(char: str) -> str:
    """Give the Latin letter that a character is taken for, or else the character in lower case."""
    letter = plain(char)
    if char in _CONFUSABLE or letter in _CONFUSABLE:
        return _CONFUSABLE.get(char) or _CONFUSABLE[letter]  # a capital may look like another letter than its small one
    if letter in TURNED or letter in FIGURES or letter in FLAG_LETTERS:
        return letter
    for name in (unicodedata.name(char, ""), unicodedata.name(letter, "")):
        named = _LETTER_BY_NAME.search(name)
        if named:
            return named[1].lower()
    return letter if letter.isalnum() or letter.isascii() else _OTHER_SIGNS.get(letter, _ANY_SIGN)
