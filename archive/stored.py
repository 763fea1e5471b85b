"""How values are stored: one canonical text for each, so that hashes of what is stored are the same on every engine.

Times are ISO 8601 in UTC with microseconds (``2026-11-22T15:34:00.000000Z``), so that they sort as text. JSON has
sorted keys and no spaces. Words of the public may hold what databases refuse (NUL, half a surrogate pair); they are
stored readably all the same, and come back exactly.
"""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from datetime import UTC, datetime
from json.encoder import encode_basestring
from random import Random, SystemRandom
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from sqlalchemy import Text, TypeDecorator

from bot.domain.types import Agent, AgentKind, Ref

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from enum import StrEnum

    from sqlalchemy import Dialect

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
"""What may stand in a ledger line's detail."""

_encoder = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, check_circular=False
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_REFUSED = re.compile("[\x00\ud800-\udfff]")
_MARK = "\ufdd0"
_chance: Random = SystemRandom()
E_ = TypeVar("E_", bound="StrEnum")


def canonical(value: Any) -> str:
    """Give the one JSON text of `value`: sorted keys, no spaces, characters as they are (half surrogates escaped).

    Raises ValueError for NaN and infinity, which JSON does not have, and TypeError for what is not JSON.
    """
    text = "".join(_pieces(value, 0))
    return text if text.isascii() else _SURROGATE.sub(lambda half: f"\\u{ord(half[0]):04x}", text)


def _encoding() -> Callable[[Any, int], Iterable[str]]:
    """What turns a value into pieces of JSON. The library makes it anew for each value; once is enough."""
    make: Callable[..., Callable[[Any, int], Iterable[str]]] | None = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        return lambda value, _level: (_encoder.encode(value),)
    return make(
        None,
        _encoder.default,
        encode_basestring,
        None,
        _encoder.key_separator,
        _encoder.item_separator,
        _encoder.sort_keys,
        _encoder.skipkeys,
        _encoder.allow_nan,
    )


_pieces = _encoding()


def utc_text(moment: datetime) -> str:
    """Write an aware time in UTC as it is stored. Raises ValueError for a time without a zone."""
    if moment.tzinfo is None:
        message = f"{moment} has no time zone; times are stored in UTC"
        raise ValueError(message)
    return (moment if moment.tzinfo is UTC else moment.astimezone(UTC)).isoformat(timespec="microseconds")[:-6] + "Z"


def read_utc(text: str) -> datetime:
    """Read a stored time."""
    return datetime.fromisoformat(text).astimezone(UTC)


def read_agent(text: str) -> Agent:
    """Read an agent written as ``kind:name``."""
    kind, name = text.split(":", 1)
    return Agent(kind=AgentKind(kind), name=name)


def new_id(now: datetime) -> str:
    """Make an identifier that sorts by time and can be read aloud: ``20261122T153400-5f0c9a1be2``."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%S}-{_chance.getrandbits(40):010x}"


@contextmanager
def ids_drawn_from(chance: Random) -> Iterator[None]:
    """Let identifiers be drawn from a seed meanwhile, so that a simulation can be run again."""
    global _chance  # noqa: PLW0603  what is replaced is the system's own randomness
    usual, _chance = _chance, chance
    try:
        yield
    finally:
        _chance = usual


class Stored(TypeDecorator[Any]):
    """A column whose value has a canonical text. Subclasses say how it is written and read; None stays None."""

    impl = Text
    cache_ok = True

    def write(self, value: Any) -> str:
        """Give the text that stands for `value`."""
        raise NotImplementedError

    def read(self, text: str) -> Any:
        """Give back the value for which `text` stands."""
        raise NotImplementedError

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Write for the database."""
        del dialect
        return None if value is None else self.write(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Read from the database."""
        del dialect
        return None if value is None else self.read(value)


class Utc(Stored):
    """An aware time."""

    cache_ok = True

    def write(self, value: datetime) -> str:
        """See `utc_text`."""
        return utc_text(value)

    def read(self, text: str) -> datetime:
        """See `read_utc`."""
        return read_utc(text)


class JsonText(Stored):
    """A JSON value."""

    cache_ok = True

    def write(self, value: Any) -> str:
        """See `canonical`."""
        return canonical(value)

    def read(self, text: str) -> Any:
        """Decode."""
        return json.loads(text)


class Verbatim(Stored):
    """Words that are not ours. What no database takes is kept as JSON behind a mark; all else stands as it is."""

    cache_ok = True

    def write(self, value: str) -> str:
        """Give `value` itself, or its marked form."""
        if _REFUSED.search(value) or value.startswith(_MARK):
            return _MARK + json.dumps(value)
        return value

    def read(self, text: str) -> str:
        """Undo `write`."""
        return str(json.loads(text[1:])) if text.startswith(_MARK) else text


class YesNo(Stored):
    """A truth, as a word: no engine then has its own idea of what else counts as one."""

    cache_ok = True

    def write(self, value: bool) -> str:  # noqa: FBT001 - the value itself
        """Give the word."""
        return "yes" if value else "no"

    def read(self, text: str) -> bool:
        """Understand the word."""
        return text == "yes"


class RefText(Stored):
    """The name of a post or comment in its printed form."""

    cache_ok = True

    def write(self, value: Ref) -> str:
        """Print."""
        return str(value)

    def read(self, text: str) -> Ref:
        """Parse."""
        return Ref.parse(text)


class AgentText(Stored):
    """Who did it, as ``kind:name``."""

    cache_ok = True

    def write(self, value: Agent) -> str:
        """Print."""
        return str(value)

    def read(self, text: str) -> Agent:
        """See `read_agent`."""
        return read_agent(text)


class Word(Stored, Generic[E_]):
    """One word of a fixed vocabulary."""

    cache_ok = True

    def __init__(self, vocabulary: type[E_]) -> None:
        """Take the enumeration whose values may stand here."""
        super().__init__()
        self.vocabulary = vocabulary

    def write(self, value: E_) -> str:
        """Give the word; ValueError if it is not one of the vocabulary."""
        return value.value if isinstance(value, self.vocabulary) else self.vocabulary(value).value

    def read(self, text: str) -> E_:
        """Give the member; ValueError if somebody wrote a word that is none."""
        return self.vocabulary(text)
