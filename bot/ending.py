"""The word to end, which a signal may bring at any moment, also while somebody is just about to wait for it.

`threading.Event` will not do, for two reasons. A signal's handler runs within whatever the main thread is doing; if
that is entering `wait`, which holds the event's lock, `set` waits for that lock for ever. And a signal that comes after
the main thread looked for one, and before it sleeps on a lock, wakes nobody. So what is slept on is a socket, into
which Python writes as soon as the system hands it a signal (docs.python.org, `signal.set_wakeup_fd`).
"""

from __future__ import annotations

import contextlib
import select
import signal
import socket
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Ending:
    """Said once, it stays said. It is waited for within `by`, in the main thread."""

    def __init__(self) -> None:
        """Nothing is said yet."""
        self._said = False
        self._bell: socket.socket | None = None
        self._heard: socket.socket | None = None

    def say(self) -> None:
        """Let everything end; any thread and any signal's handler may do so."""
        self._said = True
        if self._bell is not None:
            with contextlib.suppress(BlockingIOError):  # it has been rung often enough
                self._bell.send(b"\0")

    def said(self) -> bool:
        """Whether everything is to end."""
        return self._said

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for the word, at most so many seconds; give whether it was said. Raises LookupError outside `by`."""
        if self._heard is None:
            message = "no signal is listened for here"
            raise LookupError(message)
        until = None if seconds is None else time.monotonic() + seconds
        while not self._said:
            left = None if until is None else max(0.0, until - time.monotonic())
            if select.select([self._heard], [], [], left)[0]:
                self._heard.recv(4096)
            elif left == 0:
                break
        return self._said

    @contextlib.contextmanager
    def by(self, *signals: signal.Signals) -> Iterator[None]:
        """Let these signals say it, and what they did before be done again afterwards."""
        self._heard, self._bell = socket.socketpair()
        with self._heard, self._bell:
            self._bell.settimeout(0)
            rung = signal.set_wakeup_fd(self._bell.fileno(), warn_on_full_buffer=False)
            before = {number: signal.signal(number, lambda *_: self.say()) for number in signals}
            try:
                yield
            finally:
                for number, handler in before.items():
                    signal.signal(number, handler)
                signal.set_wakeup_fd(rung)
                self._heard = self._bell = None
