"""What all commands share: where they print, their common options, how they end, and how they reach the archive."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Iterator  # noqa: TC003  typer reads annotations at run time
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from bot.settings import Settings, load

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import NoReturn

    from archive.database import Database, Tx

_SEEN = {sign: chr(0x2400 + sign) for sign in range(0x20) if chr(sign) not in "\n\t"} | {0x7F: "\u2421"}
_C1, _TURNING = range(0x80, 0xA0), (0x061C, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_SEEN |= {sign: f"<U+{sign:04X}>" for sign in (*_C1, *_TURNING)}
"""What stands in a comment and would steer a terminal, or turn what it shows around, and what is shown in its place."""


class Terminal(Console):
    """A console on which the words of strangers are only ever words: no escape sequence of theirs has an effect."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render as always, with signs made visible that would steer the terminal."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(segment.text.translate(_SEEN), segment.style)


out = Terminal()
err = Terminal(stderr=True)

Config = Annotated[
    Path,
    typer.Option("--config", "-c", envvar="CITYMOD_CONFIG", help="The settings file.", show_default=True),
]
DEFAULT_CONFIG = Path("/etc/citymod/citymod.yaml")
Reason = Annotated[str, typer.Option("--reason", help="Why; it goes into the record.")]
Who = Annotated[str, typer.Option("--who", "--by", help="Your name, for the record.", default_factory=getpass.getuser)]


def clock() -> datetime:
    """The time now, in UTC."""
    return datetime.now(UTC)


def day(text: str) -> date:
    """Read a day as it is typed, or say how it is written."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        fail(f"{text!r} is no day; write one such as 2026-11-28.", 2)


def say(text: str) -> None:
    """Print a text as it is: nothing in it is markup, nothing coloured, and the terminal alone breaks its lines."""
    out.print(text, markup=False, highlight=False, soft_wrap=True)


def moment(settings: Settings, text: str) -> datetime | None:
    """Read a time as it is typed (ISO 8601, the City's unless it names a zone), in UTC; None for no text."""
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        fail(f"{text!r} is no time; write one such as 2026-11-28T10:05 (the City's clock).", 2)
    return (at if at.tzinfo else at.replace(tzinfo=settings.zone)).astimezone(UTC)


def fail(sentence: str, code: int) -> NoReturn:
    """End the program with one clear sentence."""
    err.print(sentence, style="red", highlight=False, markup=False, soft_wrap=True)
    sys.exit(code)


def settings_from(config: Path) -> Settings:
    """Read the settings, or say that there are none."""
    if not config.is_file():
        fail(f"There is no settings file {config}; name one with --config or CITYMOD_CONFIG.", 2)
    return load(config)


@contextmanager
def opened(settings: Settings) -> Iterator[Database]:
    """Open the archive, and close it afterwards."""
    from archive.database import Database

    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)  # a command may come before the daemon's first start
    database = Database.open(settings.database_url)
    try:
        yield database
    finally:
        database.close()


@contextmanager
def writing(settings: Settings) -> Iterator[Tx]:
    """Open the archive for one transaction that may write."""
    with opened(settings) as database, database.begin() as tx:
        yield tx


@contextmanager
def reading(settings: Settings) -> Iterator[Tx]:
    """Open the archive for one transaction that reads."""
    with opened(settings) as database, database.read() as tx:
        yield tx
