"""Says where in a rule's file each of its matchers stands, so that a problem can be told at its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rules.model import Link, Rule
    from rules.source import Route


def placed_matchers(rule: Rule) -> Iterator[tuple[Route, Any]]:
    """Give every matcher of a rule, those under ``except`` as well, each with its place within the rule."""
    groups: Mapping[Route, Any] = {
        ("match", "all"): rule.match.all,
        ("match", "any"): rule.match.any,
        ("except",): rule.unless,
    }
    for route, matchers in groups.items():
        for at, matcher in enumerate(matchers):
            yield (*route, at), matcher


def links(rule: Rule) -> Iterator[tuple[Route, Link]]:
    """Give what a rule says of links, each with its place within the rule."""
    for route, matcher in placed_matchers(rule):
        if matcher.link:
            yield (*route, "link"), matcher.link
