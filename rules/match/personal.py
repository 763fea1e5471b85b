"""Finds payment card and social security numbers that are valid, and ways to reach somebody.

Card numbers: issuer ranges and lengths as the card schemes publish them (ISO/IEC 7812), check digit by Luhn's rule
(ISO/IEC 7812-1, annex B). Social security numbers: the Social Security Administration never issues area 000, 666 or
900 to 999, group 00 or serial 0000, and has withdrawn numbers that were printed in advertisements.
"""

from __future__ import annotations

import re
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING

from rules.lookalikes import is_invisible, plain
from rules.match import Hit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rules.normal import Forms


class Personal(StrEnum):
    """A kind of number that belongs to one person and must not be published."""

    CARD = "card"
    SSN = "ssn"
    PHONE = "phone"
    EMAIL = "email"


FOR_PEOPLE = frozenset({Personal.PHONE, Personal.EMAIL})
"""What may be anybody's or a business's own: a rule that looks for it may only ask a person."""


_ALONE = r"(?<![\w+#$=/.,-])(?:%s)(?!\w|[-.,/+]\d)"  # not a piece of a longer number, an amount or a path
_CARD = re.compile(
    _ALONE % r"\d{12,19}|\d{4}([ .-])\d{4}\1\d{4}\1\d{4}(?:\1\d{3})?|\d{4}([ .-])\d{6}\2\d{4,5}"  # as on the card
)
_ISSUERS = re.compile(
    r"4\d{15}(?:\d{3})?"  # Visa
    r"|(?:5[1-5]\d{2}|222[1-9]|22[3-9]\d|2[3-6]\d{2}|27[01]\d|2720)\d{12}"  # Mastercard
    r"|3[47]\d{13}"  # American Express
    r"|(?:6011|64[4-9]\d|65\d{2})\d{12}(?:\d{3})?"  # Discover
    r"|3(?:0[0-59]|[689]\d)\d{11}"  # Diners Club
    r"|35(?:2[89]|[3-8]\d)\d{12}|(?:2131|1800)\d{11}"  # JCB
    r"|62\d{14}(?:\d{3})?"  # UnionPay
)
_ISSUERS_IF_NAMED = re.compile(r"[3-6]\d{11,18}")  # Maestro, old Visa and others: many a number looks like one
_CARD_NAMED = re.compile(r"\b(?:cards?|cc|visa|mastercard|maestro|discover|amex|debit|tarjetas?)\b")
_SSN = re.compile(_ALONE % r"(?!000|666|9)\d{3}([ .-]?)(?!00)\d{2}\1(?!0000)\d{4}")
_SSN_NAMED = re.compile(r"\b(?:ssns?|ss#|social security|seguro social)\b")
_PHONE = re.compile(  # North American Numbering Plan: neither area code nor exchange begins with 0 or 1
    _ALONE % r"(?:\+?1[ .-]?)?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[ .-]?)[2-9]\d{2}[ .-]?\d{4}"
)
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})*\.[a-z]{2,24}(?![\w-])")
_FIGURES_IN_A_ROW = re.compile(r"[0-9](?:[ .,_/*-]{0,2}[0-9]){11,}")
_LONGEST_CARD = 19
_SSN_ANYWHERE = re.compile(r"(?=(?<![0-9])((?!000|666|9)[0-9]{3}([ .-]?)(?!00)[0-9]{2}\2(?!0000)[0-9]{4})(?![0-9]))")
_WITHDRAWN = {"078051120", "219099999", "457555462"}


class PersonalNumbers:
    """The matchers that look for personal numbers, and the kinds each looks for."""

    def __init__(self, kinds: Mapping[int, Sequence[Personal]]) -> None:
        """Take the kinds of each matcher, by the matcher's number."""
        numbers = {kind: [number for number, wanted in kinds.items() if kind in wanted] for kind in Personal}
        self._figures = [kind for kind in _SEARCHES if numbers[kind] and kind is not Personal.EMAIL]
        self._emails = [kind for kind in (Personal.EMAIL,) if numbers[kind]]
        self._numbers = numbers

    def find(self, forms: Forms) -> Iterable[Hit]:
        """Give the first valid numbers, `_MOST` at most, of each kind that some matcher looks for."""
        kinds = self._emails if self._emails and _may_hold_an_address(forms.plain) else []
        if self._figures and len(forms.plain.encode().translate(None, _NO_FIGURES)) >= _FEWEST_FIGURES:
            kinds = self._figures + kinds
        return self._hits(kinds, forms.plain) if kinds else ()

    def _hits(self, kinds: Iterable[Personal], text: str) -> Iterator[Hit]:
        for kind in kinds:
            for start, end in islice(_SEARCHES[kind](text), _MOST):
                for number in self._numbers[kind]:
                    yield Hit(number, start, end, f"personal: {kind}")


def secret_numbers(text: str) -> list[tuple[int, int]]:
    """Find the valid card and social security numbers in verbatim text: merged spans, as (start, end).

    Looks harder than rules do, since it only decides what a copy leaves out: also inside addresses and words, with any
    mix of spaces and signs between the figures, and behind invisible characters. What rules find is always among it.
    """
    both = [(at, plain(sign)) for at, sign in enumerate(text)]
    found: list[tuple[int, int]] = []
    for read in (both, [(at, sign) for at, sign in both if not is_invisible(text[at])]):
        told = "".join(sign for _, sign in read)
        if sum(sign.isdecimal() for sign in told) >= _FEWEST_FIGURES:
            found += [(read[start][0], read[end - 1][0] + 1) for start, end in (*_cards_in(told), *_ssns_in(told))]
    merged: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _cards_in(text: str) -> Iterator[tuple[int, int]]:
    """Every stretch of whole groups of figures that is a card's number, whatever parts the groups."""
    named = _CARD_NAMED.search(text) is not None
    for run in _FIGURES_IN_A_ROW.finditer(text):
        groups = [found.span() for found in re.finditer(r"[0-9]+", run[0])]
        for first, (start, _) in enumerate(groups):
            digits = ""
            for begin, end in groups[first:]:
                digits += run[0][begin:end]
                if len(digits) > _LONGEST_CARD:
                    break
                if _is_card(digits, named=named):
                    yield run.start() + start, run.start() + end


def _is_card(digits: str, *, named: bool) -> bool:
    issued = _ISSUERS.fullmatch(digits) or (named and _ISSUERS_IF_NAMED.fullmatch(digits))
    return bool(issued) and _luhn(digits)


def _ssns_in(text: str) -> Iterator[tuple[int, int]]:
    named = _SSN_NAMED.search(text) is not None
    for found in _SSN_ANYWHERE.finditer(text):
        if (found[2] == "-" or named) and re.sub(r"[^0-9]", "", found[1]) not in _WITHDRAWN:
            yield found.span(1)


def _may_hold_an_address(text: str) -> bool:
    """Tell whether an @ stands behind something, as in no mention of a person."""
    return "@" in text and "@" in text.removeprefix("@").replace(" @", "")


def _cards(text: str) -> Iterator[tuple[int, int]]:
    named = _CARD_NAMED.search(text) is not None
    for found in _CARD.finditer(text):
        if _is_card(re.sub(r"\D", "", found[0]), named=named):
            yield found.span()


def _social_security_numbers(text: str) -> Iterator[tuple[int, int]]:
    named = _SSN_NAMED.search(text) is not None
    for found in _SSN.finditer(text):
        usual = found[1] == "-" or named
        if usual and re.sub(r"\D", "", found[0]) not in _WITHDRAWN:
            yield found.span()


def _phones(text: str) -> Iterator[tuple[int, int]]:
    return (found.span() for found in _PHONE.finditer(text))


def _emails(text: str) -> Iterator[tuple[int, int]]:
    return (found.span() for found in _EMAIL.finditer(text))


def _luhn(digits: str) -> bool:
    """Check the last digit: every second digit from the right is doubled and its own digits summed; all sum to 10s."""
    whole = digits[::-2] + digits[-2::-2].translate(_DOUBLED)
    return (sum(whole.encode()) - ord("0") * len(whole)) % 10 == 0


_DOUBLED = str.maketrans("0123456789", "0246813579")
_MOST = 20  # numbers of a kind in one comment that are told
_FEWEST_FIGURES = 9
_NO_FIGURES = bytes(code for code in range(256) if not chr(code).isascii() or not chr(code).isdigit())
_SEARCHES = {
    Personal.CARD: _cards,
    Personal.SSN: _social_security_numbers,
    Personal.PHONE: _phones,
    Personal.EMAIL: _emails,
}
