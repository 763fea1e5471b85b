"""What staff write in a mail or a file to enter a comment, and how it is read.

::

    account: pinterest:cityofexample
    url: https://www.pinterest.com/pin/1234567890/
    author: pat_resident
    seen: 2026-11-28 10:05
    text:
    every line from here to the last one is the comment, word for word
    end:

The last line is there because mail programs put signatures and notices below. Anything that is not exactly such a form
is none: it is then something for a person to look into, and never a comment that nobody wrote.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_FIELDS = ("account", "url", "author", "seen")
_NEEDED = ("account", "url", "author")


class NoForm(ValueError):
    """A text is not such a form. The message says what is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One comment as staff entered it. `seen_at` is None where they did not say when they saw it."""

    account: str
    url: str
    author: str
    text: str
    seen_at: datetime | None


def read(text: str, zone: ZoneInfo) -> Form:
    """Read a form; times without a zone are the City's. Raises `NoForm`."""
    lines = text.replace("\r\n", "\n").removeprefix("\ufeff").split("\n")
    fields: dict[str, str] = {}
    for number, line in enumerate(lines):
        name, colon, value = line.partition(":")
        name = name.strip().lower()
        if not line.strip() and not fields:
            continue
        if colon and name == "text" and not value.strip():
            return _form(fields, _until_end(lines[number + 1 :]), zone)
        if not colon or name not in _FIELDS or name in fields:
            message = f"line {number + 1} is none of {', '.join(_FIELDS)} or text, or is there twice"
            raise NoForm(message)
        fields[name] = value.strip()
    message = "there is no line “text:”"
    raise NoForm(message)


def _until_end(lines: list[str]) -> str:
    for number, line in enumerate(lines):
        if line.strip().lower() == "end:":
            return "\n".join(lines[:number])
    message = "there is no line “end:” below the text"
    raise NoForm(message)


def _form(fields: dict[str, str], text: str, zone: ZoneInfo) -> Form:
    missing = [name for name in _NEEDED if not fields.get(name)]
    if missing:
        message = f"it does not say {', '.join(missing)}"
        raise NoForm(message)
    return Form(
        account=fields["account"],
        url=fields["url"],
        author=fields["author"],
        text=text,
        seen_at=_moment(fields["seen"], zone) if fields.get("seen") else None,
    )


def _moment(text: str, zone: ZoneInfo) -> datetime:
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        message = f"{text[:40]!r} is no time; write one such as 2026-11-28 10:05"
        raise NoForm(message) from None
