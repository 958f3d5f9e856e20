"""Time that passes for those who wait, while nobody waits."""

from __future__ import annotations

import asyncio
import time


def let_pass(seconds: float) -> None:
    """Moves the running loop's clock ahead, by which its timeouts and sleeps go."""
    loop = asyncio.get_running_loop()
    ahead = loop.time() - time.monotonic() + seconds
    loop.time = lambda: time.monotonic() + ahead  # type: ignore[method-assign]
