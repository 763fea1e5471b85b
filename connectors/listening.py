"""A server that answers in a thread of its own for as long as a ``with`` lasts."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from socketserver import BaseServer


class Listener:
    """Whoever answers on a port derives from this and hands over the server, which is bound already."""

    def __init__(self, server: BaseServer, name: str, *, notices_after: float = 0.5) -> None:
        """Nothing is answered yet. `notices_after`: seconds until the thread sees that it is to end."""
        self._http = server
        self._thread = threading.Thread(target=server.serve_forever, args=(notices_after,), name=name, daemon=True)

    def __enter__(self) -> Self:
        """Start answering."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop answering, and give the port back."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()
