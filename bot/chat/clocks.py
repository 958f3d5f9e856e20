"""Time and chance of a chat, as arguments."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.model.chat import ChatSurroundings


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """`wall` is real epoch time, the clock of `Delivery.last_attempt_at`.

    `monotonic` and `sleep` serve pacing and back-off, `uniform` spreads the pauses.
    """

    wall: Callable[[], float]
    monotonic: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    uniform: Callable[[float, float], float] = random.uniform

    @classmethod
    def of(cls, world: ChatSurroundings) -> Clocks:
        return cls(wall=world.wall, monotonic=world.monotonic)
