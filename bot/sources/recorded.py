"""A source whose past is fed as if it arrived now: `replay_from` in its section."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from bot.model.source import Batch, Source
from bot.sources.platforms.batches import joined, only


class RecordedSource:
    """Wraps a source: reads it whole once, then gives what lies before the calendar's now."""

    def __init__(self, source: Source) -> None:
        self.name = source.name
        self._source = source
        self._all = Batch()

    async def load(self) -> None:
        """Reads everything that the wrapped source has."""
        parts = [await self._source.fetch((), None, datetime.now(UTC))]
        while parts[-1].more:
            parts.append(await self._source.fetch((), parts[-1].state, datetime.now(UTC)))
        self._all = joined(parts, ())

    def moments(self, start: float) -> list[int]:
        """The times from `start` on at which a reading arrives; one per day, its last."""
        if self._all.readings is None:
            return []
        at = self._all.readings["at"]
        days = at.filter(at >= start).unique().sort()
        last = {second // 86400: second for second in days.to_list()}
        return sorted(last.values())

    async def fetch(self, wanted: Sequence[str], state: Any, now: datetime) -> Batch:
        everything = self._all.readings
        if everything is None:
            return Batch(state=state)
        since, until = (state or {}).get("until", 0), int(now.timestamp())
        at = everything["at"]
        rows = everything.filter((at > since) & (at <= until))
        first = not state
        batch = Batch(
            readings=rows,
            faults=self._all.faults if first else (),
            notes=self._all.notes if first else (),
            state={"until": until},
        )
        return only(batch, wanted)

    async def look(self, handle: str) -> str:
        return await self._source.look(handle)

    async def close(self) -> None:
        await self._source.close()
