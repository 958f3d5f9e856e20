"""How this process asks its system for memory."""

import contextlib
import ctypes

_ARENA_MAX = -8


def share_one_heap() -> None:
    """What one thread gives back serves the next, where the C library is glibc.

    It gives each thread a heap of its own, and the large arrays of a review leave every one of
    them at its peak: 320 MB instead of 250 for the first review of 5,000 accounts. Call it
    first of all: NumPy starts threads when it is imported.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_ARENA_MAX, 1)
