"""A lake as a source: readings of single accounts, taken out of it when they are asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from bot.errors import AccountNotFound, SourceChanged
from bot.model.reading import DAY, METRICS, Account
from bot.model.source import Batch, Fault, Surroundings
from bot.sources.lake.files import files_at
from bot.sources.lake.inventory import Inventory, LeftOut, inventory
from bot.sources.lake.partitions import holding
from bot.sources.lake.read import Broken, Readings, read
from bot.sources.lake.settings import LakeSettings

_DAYS = 123
"""Days that are read of an account: what a judgement may use, and the two at its edges."""


class LakeSource:
    """`fetch` reads what is wanted and remembers nothing: a lake is judged where it lies."""

    def __init__(self, settings: LakeSettings, surroundings: Surroundings) -> None:
        self.name = settings.name
        self._settings = settings
        self._root = surroundings.root

    async def fetch(self, wanted: Sequence[str], state: Any, now: datetime) -> Batch:
        return await asyncio.to_thread(self._fetch, wanted, int(now.timestamp()))

    async def look(self, handle: str) -> str:
        found = await asyncio.to_thread(self._fetch, [handle], 2**33, 2**33)
        if found.readings is None:
            raise AccountNotFound(
                f'{self.name} has no account "{handle}": write it as the lake does.',
                source=self.name,
                account=handle,
            )
        return Account.parse(str(found.readings["account"][0])).handle

    async def close(self) -> None:
        return None

    def _fetch(self, wanted: Sequence[str], now: int, span: int = _DAYS * DAY) -> Batch:
        found = inventory(files_at(self._settings.path, self._root), self._settings)
        if not found.files:
            raise SourceChanged(
                f"{self.name}: no file can be judged: {found.left_out[0]}", source=self.name
            )
        only = frozenset(_spellings(wanted, found)) if wanted else None
        left_out = list(found.left_out)
        frames = []
        # what is read today may be dated at the day's end
        start, stop = now - span, now + DAY
        for part in holding(found, only, start, stop):
            try:
                frames.append(frame_of(read(part, start, stop, metrics_of([found]), only)))
            except Broken as broken:
                left_out.append(broken.left_out)
        readings = pl.concat(frames) if frames else pl.DataFrame()
        return Batch(
            readings=None if readings.is_empty() else readings.sort("account", "at"),
            faults=tuple(_fault(self.name, one) for one in left_out),
        )


def frame_of(found: Readings) -> pl.DataFrame:
    """Readings as sources give them."""
    names = np.array([*found.accounts, ""], object)[found.rows]
    return pl.DataFrame(
        {"account": pl.Series(names.tolist(), dtype=pl.String), "at": found.at}
        | {
            name: pl.Series(value).fill_nan(None).round().cast(pl.Int64)
            for name, value in found.values.items()
        }
    )


def metrics_of(inventories: Sequence[Inventory]) -> tuple[str, ...]:
    """Those that any file has, in the order of METRICS."""
    used = {name for found in inventories for one in found.layouts for name in one.metrics}
    return tuple(name for name in METRICS if name in used)


def _spellings(wanted: Collection[str], found: Inventory) -> Iterator[str]:
    """How the lake may write accounts that a person named: with their platform, without "@"."""
    prefixes = {one.prefix for one in found.layouts}
    for name in wanted:
        bare = name.strip().removeprefix("@")
        yield from (bare, *(prefix + bare for prefix in prefixes))
        if "" in prefixes:
            yield Account.parse(bare).handle


def _fault(name: str, one: LeftOut) -> Fault:
    return Fault(kind="row", text=f"{name}: left out: {one}", where=one.uri)
