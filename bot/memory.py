"""Keeps the daemon small: gives back to the system what starting up needed and nobody needs any more."""

from __future__ import annotations

import ctypes
import gc

_ARENA_MAX = -8  # M_ARENA_MAX of mallopt(3)
_ARENAS = 2


def keep_small() -> None:
    """Let glibc keep two heaps for all threads instead of eight a core, and give back what is free; elsewhere nothing.

    The daemon has a thread for each account, and each does a little of the same now and then.
    """
    gc.collect()
    gc.freeze()  # what is there now stays: no collection need look at it again
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt") and hasattr(libc, "malloc_trim"):
        libc.mallopt(_ARENA_MAX, _ARENAS)
        libc.malloc_trim(0)
