"""Keeps open the lines on which platforms say that there is something new, and says which accounts to poll now.

Like a push, what comes on a line is only a reason to poll (see bot/push.py). A line that breaks is opened again after
the rest that its platform asks for; polling goes on as if there were none.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from typing import TYPE_CHECKING, Self

from bot.log import logger
from connectors.contract import ConnectorError, Streams, Transient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from connectors.contract import Connector

TOLD_AFTER = 5
"""Tries in a row after which people are told of a line that only breaks; of any other failure they are told at once."""

TOLD_EACH = 100
_LOOKED_AGAIN = 1.0  # seconds after which it is asked again whether the line is ours
_PATIENCE = 1.0  # seconds that ending waits for a line on which nothing comes

log = logger("streams")


class Line:
    """One line, with a thread of its own: ``with Line(…): …``."""

    def __init__(  # noqa: PLR0913  whom to listen to, whom to tell, and when
        self,
        connector: Streams,
        accounts: Mapping[str, str],
        wake: Callable[[str], object],
        tell: Callable[[str], object],
        clock: Callable[[], datetime],
        ours: Callable[[], bool] = lambda: True,
    ) -> None:
        """Take one of the connectors that share the line, and the keys of its accounts by their identifiers.

        `wake` is called with the key of each account to be polled, `tell` with what people should know. The line is
        only kept open while `ours` says so: platforms count those who listen.
        """
        self._connector = connector
        self._accounts = dict(accounts)
        self._wake = wake
        self._tell = tell
        self._clock = clock
        self._ours = ours
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="stream", daemon=True)

    def __enter__(self) -> Self:
        """Start listening."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening. A line on which nothing comes ends with the program."""
        self._stop.set()
        self._thread.join(_PATIENCE)

    def _run(self) -> None:
        tries = 0
        while not self._stop.is_set():
            if not self._ours():
                self._stop.wait(_LOOKED_AGAIN)
                continue
            try:
                for woken in self._connector.listen(self._accounts.keys(), now=self._clock()):
                    tries = 0
                    if self._stop.is_set() or not self._ours():
                        break
                    for account in sorted(woken):
                        self._wake(self._accounts[account])
            except ConnectorError as error:
                tries += 1
                self._failed(error, tries)
                self._stop.wait(self._connector.rest(error, tries).total_seconds())

    def _failed(self, error: ConnectorError, tries: int) -> None:
        log.info("line broke", why=str(error), tries=tries)
        first = TOLD_AFTER if isinstance(error, Transient) else 1
        if tries == first or tries % TOLD_EACH == 0:
            names = ", ".join(sorted(self._accounts.values()))
            self._tell(f"{names}: {error} ({tries} tries in a row); polling goes on")


def lines(connectors: Mapping[str, Connector]) -> Iterator[tuple[Streams, dict[str, str]]]:
    """Give the lines that there are: one of the connectors that share it, and account keys by identifier."""
    shared: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for key, connector in connectors.items():
        if isinstance(connector, Streams) and connector.line:
            shared[connector.platform, connector.line].append(key)
    for keys in shared.values():
        connector = connectors[keys[0]]
        if isinstance(connector, Streams):
            yield connector, _by_identifier(keys)


def _by_identifier(keys: Iterable[str]) -> dict[str, str]:
    return {key.partition(":")[2]: key for key in keys}
