"""Puts the word lists of a pack into its patterns, wherever their names stand as ``<name>``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rules.ballot import SPECIMEN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rules.source import Route, Source

_WORD_LIST = re.compile(r"(?<!\(\?P)(?<!\(\?)<([a-z0-9-]+)>")


def word_lists(source: Source) -> dict[str, Sequence[str]]:
    """Give the word lists of a pack, as far as they are well formed; what is not is said with the rest.

    A word may name a list that stands above its own.
    """
    listed = source.data.get("words") if isinstance(source.data, dict) else None
    for name in SPECIMEN.keys() & (listed.keys() if isinstance(listed, dict) else ()):
        source.say(("words", name), f"<{name}> is filled from the ballot list; give this list another name", key=True)
    known: dict[str, Sequence[str]] = {}
    for name, words in listed.items() if isinstance(listed, dict) else ():
        given = [word for word in words if isinstance(word, str)] if isinstance(words, list) else []
        known[name] = [with_words(word, known) for word in given]
    return known


def with_words(text: str, words: Mapping[str, Sequence[str]]) -> str:
    """Put the words of a list wherever its ``<name>`` stands; what names no list stays as it is."""
    return _WORD_LIST.sub(lambda named: f"(?:{'|'.join(words.get(named[1], [named[0]]))})", text)


def spelled_out(source: Source, node: Any, words: Mapping[str, Sequence[str]], at: Route = ()) -> Any:
    """Replace every ``<name>`` in the patterns of a pack by the words of that name."""
    if isinstance(node, list):
        return [spelled_out(source, value, words, (*at, index)) for index, value in enumerate(node)]
    if isinstance(node, dict):
        return {key: spelled_out(source, value, words, (*at, key)) for key, value in node.items()}
    if at[-1:] != ("pattern",) or not isinstance(node, str):
        return node
    for name in _WORD_LIST.findall(node):
        if name not in words:
            source.say(at, f"'<{name}>' names no list under 'words' in this pack; add the list or take the name out")
    return with_words(node, words)


def lists_named_in(node: Any) -> set[str]:
    """Give the names of all word lists that a piece of a pack names in its patterns."""
    if isinstance(node, list):
        return set().union(*map(lists_named_in, node))
    if isinstance(node, dict):
        own = _WORD_LIST.findall(node["pattern"]) if isinstance(node.get("pattern"), str) else ()
        return set(own).union(*map(lists_named_in, node.values()))
    return set()
