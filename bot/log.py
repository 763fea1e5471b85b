"""Structured logs: one line a step, times in UTC, no comment text and no secret at any level."""

from __future__ import annotations

import logging
import sys
from contextlib import contextmanager, redirect_stderr
from typing import TYPE_CHECKING, Any, TextIO

import structlog

if TYPE_CHECKING:
    from collections.abc import Iterator

    from structlog.typing import EventDict, FilteringBoundLogger, WrappedLogger

_NEVER = frozenset({"text", "token", "password", "secret", "authorization"})


def start(*, level: str = "info", human: bool | None = None) -> None:
    """Send logs to standard error: readable on a terminal (or if `human`), one JSON object a line elsewhere."""
    human = sys.stderr.isatty() if human is None else human
    number = logging.getLevelNamesMapping()[level.upper()]
    # The SDKs print headers and addresses with tokens at their debug level: they never get that far.
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(message)s")
    # It warns each time that work is still in hand when its timer rings, which is as it should be.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _drop_what_must_not_be_logged,
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer() if human else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


@contextmanager
def into(stream: TextIO) -> Iterator[None]:
    """Send logs to a stream meanwhile, one JSON object a line."""
    before = structlog.get_config()
    with redirect_stderr(stream):
        start(human=False)
        try:
            yield
        finally:
            structlog.configure(**before)


def logger(part: str) -> FilteringBoundLogger:
    """A logger whose lines carry the name of the part that speaks."""
    bound: FilteringBoundLogger = structlog.get_logger(part=part)
    return bound


def _drop_what_must_not_be_logged(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    kept: dict[str, Any] = {name: value for name, value in event.items() if name not in _NEVER}
    return kept
