"""How often people reacted and replied, as an answer says it that is read anyway: nothing more is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def counts(value: Mapping[str, Any], **fields: str) -> dict[str, int]:
    """Give the figures of an item by our names for them; `fields` says by which name the platform has each.

    What the platform leaves out, or gives as something other than a whole number, is left out.
    """
    found = {name: value.get(field) for name, field in fields.items()}
    return {name: number for name, number in found.items() if type(number) is int and number >= 0}
