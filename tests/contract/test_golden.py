"""Golden pairs, found by name: `fixtures/<name>.json` is an answer, `<name>.expected.json` what must be read from it.

A platform without a pair fails, and so does an answer without its other half: the failure shows what was read, to be
looked over and saved by hand.
"""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from stage import oracle

from bot.domain.types import Account, Comment, Post, Ref
from connectors import find

if TYPE_CHECKING:
    from pathlib import Path

CITY = "2244994945"


def answers(platform: str) -> list[Path]:
    found = (find.HERE / platform / "fixtures").glob("*.json")
    return sorted(path for path in found if not path.name.endswith(".expected.json"))


PAIRS = [(platform, path) for platform in find.with_api() for path in answers(platform)]


def told(noun: Post | Comment) -> dict[str, Any]:
    """A noun as plain JSON, empty fields, raw bytes and counts left out."""
    shown = [field.name for field in fields(noun) if field.name not in {"raw", "counts"}]
    values = {name: _plain(getattr(noun, name)) for name in shown}
    kind = type(noun).__name__.lower()
    return {"kind": kind, **{name: value for name, value in values.items() if value not in (None, [], {})}}


def _plain(value: object) -> Any:
    if isinstance(value, Ref):
        return str(value)
    if isinstance(value, datetime):
        assert value.tzinfo is UTC
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    if hasattr(value, "__dataclass_fields__"):
        values = {field.name: _plain(getattr(value, field.name)) for field in fields(value)}  # type: ignore[arg-type]
        return {name: part for name, part in values.items() if part is not None}
    return value


@pytest.mark.parametrize(("platform", "answer"), PAIRS, ids=lambda part: getattr(part, "stem", part))
def test_an_answer_is_read_as_expected(platform: str, answer: Path) -> None:
    account = Account(platform=platform, id=CITY, name="City of Example")
    body = answer.read_bytes()
    nouns = list(oracle(platform).parsed(answer.stem, body, account))
    read = [told(noun) for noun in nouns]
    expected = answer.with_suffix(".expected.json")
    assert expected.exists(), f"look this over and save it as {expected}:\n{json.dumps(read, indent=2)}"
    assert read == json.loads(expected.read_text("utf-8"))
    assert all(noun.raw in body for noun in nouns)


@pytest.mark.parametrize("platform", find.with_api())
def test_every_platform_has_golden_pairs_and_no_half_ones(platform: str) -> None:
    names = {path.stem for path in answers(platform)}
    expected = (find.HERE / platform / "fixtures").glob("*.expected.json")
    assert names
    assert names == {path.name.removesuffix(".expected.json") for path in expected}
