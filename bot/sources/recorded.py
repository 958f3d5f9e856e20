"""A source whose past is fed as if it arrived now: `replay_from` in its section."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bot.model import Batch, Source

if TYPE_CHECKING:
    import polars as pl


class RecordedSource:
    """Wraps a source: reads it whole once, then gives what lies before the calendar's now."""

    def __init__(self, source: Source) -> None:
        self.name = source.name
        self._source = source
        self._readings: pl.DataFrame | None = None
        self._rest: Batch = Batch()

    async def load(self) -> None:
        """Reads everything that the wrapped source has."""
        import polars as pl

        frames: list[pl.DataFrame] = []
        state: Any = None
        while True:
            batch = await self._source.fetch((), state, datetime.now(UTC))
            if batch.readings is not None:
                frames.append(batch.readings)
            self._rest, state = batch, batch.state
            if not batch.more:
                break
        if frames:
            self._readings = pl.concat(frames, how="diagonal").sort("at")

    def moments(self, start: float) -> list[int]:
        """The times from `start` on at which a reading arrives; one per day, its last."""
        if self._readings is None:
            return []
        at = self._readings["at"]
        days = at.filter(at >= start).unique().sort()
        last = {second // 86400: second for second in days.to_list()}
        return sorted(last.values())

    async def fetch(self, wanted: Sequence[str], state: Any, now: datetime) -> Batch:
        if self._readings is None:
            return Batch(state=state)
        since, until = (state or {}).get("until", 0), int(now.timestamp())
        at = self._readings["at"]
        rows = self._readings.filter((at > since) & (at <= until))
        if wanted:
            rows = rows.filter(rows["account"].is_in(list(wanted)))
        first = not state
        return Batch(
            readings=rows,
            faults=self._rest.faults if first else (),
            notes=self._rest.notes if first else (),
            state={"until": until},
        )

    async def look(self, handle: str) -> str:
        return await self._source.look(handle)

    async def close(self) -> None:
        await self._source.close()
