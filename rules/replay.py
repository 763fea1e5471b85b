"""Tells verdicts, packs and policies apart: whether a verdict came out again, and what another wording changes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from bot.domain.types import Category, Match, Policy, Verdict
    from rules.model import Matcher, Pack, Rule

_PINNED = re.compile(r"(\S+)#([0-9a-f]{6,64})")
_MOST_TOLD = 5  # phrases that came or went


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What became of a rule between two packs, or of a part of two policies: ``added``, ``removed`` or ``changed``."""

    name: str
    what: str
    details: tuple[str, ...]


def differences(stored: Verdict, again: Verdict) -> tuple[str, ...]:
    """Say in words in what a replayed verdict differs from the stored one; nothing if they are identical."""
    told = [
        f"{name} was {before} and comes out as {now}"
        for name, before, now in (
            ("the outcome", stored.outcome, again.outcome),
            ("the action", stored.action or "none", again.action or "none"),
            ("the reason", repr(stored.why), repr(again.why)),
        )
        if before != now
    ]
    lost = [match for match in stored.matches if match not in again.matches]
    new = [match for match in again.matches if match not in stored.matches]
    told += [f"no longer matched: {_in_words(match)}" for match in lost]
    told += [f"newly matched: {_in_words(match)}" for match in new]
    if not told and stored.matches != again.matches:
        told.append("the matches come in another order")
    return tuple(told)


def not_kept(stored: Verdict, again: Verdict) -> str | None:
    """Name the list or model, as ``NAME#SHA-256``, that a stored match names and the replay did not have, if any."""
    at_hand = {found for match in again.matches for found in _PINNED.findall(match.matcher)}
    for match in stored.matches:
        for name, sha256 in _PINNED.findall(match.matcher):
            if (name, sha256) not in at_hand:
                return f"{name}#{sha256}"
    return None


def rule_changes(old: Iterable[Pack], new: Iterable[Pack]) -> list[Change]:
    """Give every rule that was added, removed or changed, in the order of the new packs and then the old ones."""
    before = {rule.id: rule for pack in old for rule in pack.rules}
    after = {rule.id: rule for pack in new for rule in pack.rules}
    changes = []
    for rule_id, rule in after.items():
        if rule_id not in before:
            changes.append(Change(name=rule_id, what="added", details=(f"asks for {rule.outcome}",)))
        elif before[rule_id] != rule:
            changes.append(Change(name=rule_id, what="changed", details=tuple(_changes(before[rule_id], rule))))
    gone = (rule_id for rule_id in before if rule_id not in after)
    return changes + [Change(name=rule_id, what="removed", details=()) for rule_id in gone]


def policy_changes(old: Policy | None, new: Policy) -> list[Change]:
    """Give every category that is otherwise than in the `old` policy, and every list that keeps rules even (P9)."""
    before = old.categories if old else {}
    changes = []
    for code, category in new.categories.items():
        if code not in before:
            changes.append(Change(name=code, what="added", details=(f"automation: {category.automation}",)))
        elif before[code] != category:
            details = tuple(_category_changes(before[code], category))
            changes.append(Change(name=code, what="changed", details=details))
    for name in ("never_named", "even_lists", "may_name", "criticism") if old else ():
        details = tuple(_came_and_went("", "entries", getattr(old, name), getattr(new, name)))
        changes += [Change(name=name, what="changed", details=details)] if details else []
    if old and old.alike != new.alike:
        changes.append(Change(name="alike", what="changed", details=("other sentences",)))
    return changes


def _category_changes(before: Category, after: Category) -> Iterator[str]:
    """Say in what two wordings of one category differ: how far it may go first."""
    for name in ("automation", "action", "title", "clause", "text", "notice"):
        was, now = getattr(before, name), getattr(after, name)
        if was != now:
            yield f"{name}: {was} → {now}"
    if before.es != after.es:
        yield "other Spanish words"


def _changes(before: Rule, after: Rule) -> Iterator[str]:
    """Say in what two wordings of one rule differ: what it asks for first, then what it looks for, then the rest."""
    for name in ("outcome", "clause", "urgent", "shadow", "languages"):
        was, now = getattr(before, name), getattr(after, name)
        if was != now:
            yield f"{name}: {_plain(was)} → {_plain(now)}"
    for where, was, now in (
        ("match", (*before.match.all, *before.match.any), (*after.match.all, *after.match.any)),
        ("except", before.unless, after.unless),
    ):
        yield from _looks(where, was, now)
    if (len(before.match.all), len(before.match.any)) != (len(after.match.all), len(after.match.any)):
        yield f"{len(after.match.all)} matchers under all and {len(after.match.any)} under any"
    for name in ("title", "reason", "es", "owner", "since", "examples"):
        if getattr(before, name) != getattr(after, name):
            yield f"other {name}"


def _looks(where: str, before: tuple[Matcher, ...], after: tuple[Matcher, ...]) -> Iterator[str]:
    was, now = _parts(before), _parts(after)
    for kind in dict.fromkeys((*was, *now)):
        yield from _came_and_went(f"{where}: ", f"{kind}s", was.get(kind, ()), now.get(kind, ()))


def _came_and_went(where: str, called: str, was: Sequence[str], now: Sequence[str]) -> Iterator[str]:
    for word, texts in (
        ("more", [text for text in now if text not in was]),
        ("fewer", [text for text in was if text not in now]),
    ):
        if texts:
            rest = f" and {len(texts) - _MOST_TOLD} others" if len(texts) > _MOST_TOLD else ""
            yield f"{where}{len(texts)} {called} {word}: {', '.join(map(repr, texts[:_MOST_TOLD]))}{rest}"


def _parts(matchers: tuple[Matcher, ...]) -> Mapping[str, list[str]]:
    """Give everything that matchers look for, as text by kind."""
    parts: dict[str, list[str]] = {}
    for matcher in matchers:
        for kind, value in matcher.model_dump(exclude_unset=True).items():
            parts.setdefault(kind, []).extend(map(str, value) if isinstance(value, tuple) else [str(value)])
    return parts


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) or "all" if isinstance(value, tuple) else str(value)


def _in_words(match: Match) -> str:
    return f"{match.rule} ({match.clause}) at {match.start}-{match.end}: {match.excerpt!r} by {match.matcher}"
