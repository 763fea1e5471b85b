"""The search language of X's stand-in: the operators that matter for finding replies, joined by space, OR and ().

A term may be negated by `-`. An operator that X does not know, or gives only to others, is an error, as at X.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from connectors.x.standin_shape import Shown

    Test = Callable[[Shown], bool]

_TOKENS = re.compile(r'\s*(\(|\)|-?"[^"]*"|[^\s()]+)')
_OPERATOR = re.compile(r"([a-z_]+):(.+)")


class BadQuery(Exception):
    """The query is not one X would take."""


def compiled(query: str) -> Test:
    """A test for what `query` finds. Raises BadQuery."""
    tokens = _TOKENS.findall(query)
    test, rest = _alternatives(tokens)
    if rest:
        message = f"unexpected {rest[0]!r}"
        raise BadQuery(message)
    return test


def _alternatives(tokens: list[str]) -> tuple[Test, list[str]]:
    """One or more conjunctions joined by OR."""
    first, tokens = _conjunction(tokens)
    tests = [first]
    while tokens and tokens[0] == "OR":
        test, tokens = _conjunction(tokens[1:])
        tests.append(test)
    return (lambda shown: any(test(shown) for test in tests)), tokens


def _conjunction(tokens: list[str]) -> tuple[Test, list[str]]:
    """One or more terms side by side."""
    tests: list[Test] = []
    while tokens and tokens[0] not in ("OR", ")"):
        test, tokens = _term(tokens)
        tests.append(test)
    if not tests:
        message = "a term is missing"
        raise BadQuery(message)
    return (lambda shown: all(test(shown) for test in tests)), tokens


def _term(tokens: list[str]) -> tuple[Test, list[str]]:
    """A bracketed query or a single term, either of them perhaps negated."""
    head, rest = tokens[0], tokens[1:]
    if head in ("(", "-"):
        negated = head == "-"
        if negated:
            rest = rest[1:]
        test, rest = _alternatives(rest)
        if rest[:1] != [")"]:
            message = "a bracket is not closed"
            raise BadQuery(message)
        return (_not(test) if negated else test), rest[1:]
    if head.startswith("-"):
        return _not(_single(head[1:])), rest
    return _single(head), rest


def _not(test: Test) -> Test:
    return lambda shown: not test(shown)


def _single(term: str) -> Test:
    if match := _OPERATOR.fullmatch(term):
        return _operator(match[1], match[2])
    words = term.strip('"').casefold()
    return lambda shown: words in shown.text.casefold()


def _operator(name: str, value: str) -> Test:
    who = value.removeprefix("@").casefold()
    tests: dict[str, Test] = {
        "conversation_id": lambda shown: shown.conversation == value,
        "in_reply_to_tweet_id": lambda shown: value in shown.answers,
        "quotes_of_tweet_id": lambda shown: shown.quoted == value,
        "from": lambda shown: who in (shown.author_id, shown.author_handle.casefold()),
        "to": lambda shown: who in (shown.answered_id, shown.answered_handle.casefold()),
    }
    kinds: dict[str, Test] = {
        "reply": lambda shown: bool(shown.answers),
        "quote": lambda shown: bool(shown.quoted),
        "retweet": lambda _: False,
    }
    found = kinds.get(value) if name == "is" else tests.get(name)
    if found is None:
        message = f"Reference to invalid operator '{name}:{value if name == 'is' else ''}'"
        raise BadQuery(message)
    return found
