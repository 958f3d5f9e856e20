"""The past of a source, fed as if it arrived now."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import polars as pl

from bot.model.source import Batch, Fault
from bot.sources.recorded import RecordedSource


class InParts:
    """A large source: each part has a reading and a bad row."""

    name = "large"

    async def fetch(self, wanted: Sequence[str], state: Any, now: datetime) -> Batch:
        part = state or 1
        frame = pl.DataFrame({"account": ["a", "b"], "at": [part, part], "followers": [5, 6]})
        fault = Fault(kind="row", text=f"row {part} is bad")
        return Batch(readings=frame, faults=(fault,), state=part + 1, more=part < 3)

    async def look(self, handle: str) -> str:
        return handle

    async def close(self) -> None: ...


async def test_all_parts_of_a_source_are_told_at_their_time() -> None:
    source = RecordedSource(InParts())
    await source.load()
    assert source.moments(2) == [3], "one a day"
    first = await source.fetch(["a"], None, datetime.fromtimestamp(2, UTC))
    assert first.readings is not None
    assert first.readings.rows() == [("a", 1, 5), ("a", 2, 5)]
    assert [fault.text for fault in first.faults] == [f"row {n} is bad" for n in (1, 2, 3)]
    second = await source.fetch(["a"], first.state, datetime.fromtimestamp(9, UTC))
    assert second.readings is not None
    assert (second.readings.rows(), second.faults) == ([("a", 3, 5)], ())
