"""What the overview shows, made beside the visits: a thousand accounts take a while to read."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from markupsafe import Markup

from bot.commands import records
from bot.commands.request import Request

log = logging.getLogger(__name__)

_FRESH = 30
"""Seconds after which the next visit has it made anew, beside the visits."""

_OLDEST = 900
"""Seconds after which a visit waits for the new one: a page that nobody opened is old news."""


@dataclass(frozen=True)
class Board:
    """One space's accounts, each with the points of its line instead of the counts, and what is
    open, worst first; `forgotten` is the mark of those that were gone when it was made."""

    at: float
    patterns: tuple[str, ...]
    forgotten: tuple[int, int]
    accounts: Sequence[dict[str, Any]]
    open: Sequence[dict[str, Any]]
    tables: dict[tuple[str, int], Markup] = field(default_factory=dict)
    """The account tables as they were shown, by sorting and page."""

    @cached_property
    def followers(self) -> float:
        return sum(row["followers"] or 0 for row in self.accounts)

    @cached_property
    def change(self) -> float:
        return sum(row["change_7d"] or 0 for row in self.accounts)

    @property
    def percent(self) -> float:
        return share(self.change, self.followers)


class Boards:
    """The newest board of each space; one is made at a time for all who wait."""

    def __init__(self) -> None:
        self._kept: dict[str, Board] = {}
        self._making: dict[str, asyncio.Task[Board]] = {}

    async def board(self, request: Request, forgotten: tuple[int, int]) -> Board:
        """At most a quarter of an hour old, and never with an account forgotten since; their
        mark is `forgotten`."""
        while (kept := self._kept.get(request.space)) is None or not (
            kept.patterns == request.patterns
            and kept.forgotten == forgotten
            and 0 <= request.now - kept.at < _OLDEST
        ):
            await asyncio.shield(self._renewed(request, forgotten))
        if request.now - kept.at >= _FRESH:
            self._renewed(request, forgotten)
        return kept

    def _renewed(self, request: Request, forgotten: tuple[int, int]) -> asyncio.Task[Board]:
        making = self._making.get(request.space)
        if making is None or making.done():
            making = asyncio.create_task(self._make(request, forgotten))
            making.add_done_callback(_noted)
            self._making[request.space] = making
        return making

    async def _make(self, request: Request, forgotten: tuple[int, int]) -> Board:
        told = await records.board(request)
        rows = [
            {**row, "values": None, "path": spark(row["values"])} for row in told["accounts"]
        ]
        made = Board(request.now, request.patterns, forgotten, rows, told["open"])
        self._kept[request.space] = made
        return made


def _noted(task: asyncio.Task[Board]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("the overview was not made anew: %s", error)


def share(change: float, now: float) -> float:
    """A change in percent of what was there before it."""
    return 100 * change / (now - change) if now > change else 0.0


def spark(values: Sequence[float | None]) -> str:
    """The points of a small line, 100 wide and 24 high; "" where there are not two."""
    known = [(place, value) for place, value in enumerate(values) if value is not None]
    if len(known) < 2:
        return ""
    low = min(value for _, value in known)
    high = max(value for _, value in known)
    scale = 20 / (high - low) if high > low else 0
    across = 100 / max(1, len(values) - 1)
    return " ".join(
        f"{place * across:.0f},{22 - (value - low) * scale:.0f}" for place, value in known
    )
