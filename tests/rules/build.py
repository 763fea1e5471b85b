"""Small packs for tests, with what a test does not care about filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from shipped import APPROVED_ON, policy

from rules.engine import Engine
from rules.load import Approvals, load_pack

if TYPE_CHECKING:
    from pathlib import Path

    from bot.domain.types import Policy
    from rules.model import Pack


def a_rule(match: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    """A rule of category C9 that matches any of the given matchers; `except_` stands for the key ``except``."""
    rule = {
        "id": "a-rule",
        "title": "A rule",
        "clause": "C9",
        "reason": "For a test.",
        "owner": "Tests",
        "since": "2026-01-01",
        "outcome": "hide",
        "match": {"any": match},
        "examples": {"match": ["zyzzyva", "zyzzyva"], "near_miss": ["zyzzy"], "no_match": ["one", "two"]},
    }
    rule |= {key.rstrip("_"): value for key, value in changes.items()}
    return rule


def write_pack(folder: Path, *rules: dict[str, Any], **head: Any) -> Path:
    """Write rules as a pack; each also matches its example ``zyzzyva``, unless it brings examples of its own."""
    for rule in rules:
        if rule["examples"]["match"] == ["zyzzyva", "zyzzyva"] and "any" in rule["match"]:
            rule["match"]["any"] = [*rule["match"]["any"], {"phrase": ["zyzzyva"]}]
    path = folder / f"{head.get('id', 'a-pack')}.yaml"
    yaml = YAML()
    yaml.width = 1_000_000  # a long pattern stays in one piece
    with path.open("w", encoding="utf-8") as file:
        yaml.dump({"id": "a-pack", "title": "A pack", "version": "1", **head, "rules": list(rules)}, file)
    return path


def a_pack(
    folder: Path, *rules: dict[str, Any], lists: Path | None = None, under: Policy | None = None, **head: Any
) -> Pack:
    """Write and load a pack, approved; under the shipped policy unless told otherwise."""
    path = write_pack(folder, *rules, **head)
    return load_pack(path, under or policy(), lists, Approvals.assume("a tester", APPROVED_ON, [path]))


def an_engine(folder: Path, *rules: dict[str, Any], lists: Path | None = None) -> Engine:
    """An engine of one pack."""
    return Engine([a_pack(folder, *rules, lists=lists)])
