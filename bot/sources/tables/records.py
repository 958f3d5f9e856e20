"""JSON and JSON lines as tables: one row for each record in them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from typing import Any

from bot.errors import SourceChanged
from bot.model.source import Fault
from bot.sources.legible import legible_json
from bot.sources.tables.cells import columns_of
from bot.sources.tables.file_errors import damaged
from bot.sources.tables.json_shapes import records_of, shape_of
from bot.sources.tables.readings import Table


def read_json(data: bytes, name: str) -> Table:
    """A document of any shape of `json_shapes`, or one object per line."""
    text = legible_json(data.decode("utf-8", "replace"))
    with contextlib.suppress(ValueError, RecursionError):
        frame = columns_of(records_in(json.loads(text), name), name)
        return Table(name=name, frame=frame, first_row=1)
    lines = text.split("\n")  # splitlines would also cut at signs that stand inside texts
    records: list[Mapping[str, Any]] = []
    bad: list[Fault] = []
    for number, line in enumerate(lines, start=1):
        record = _object(line)
        records.append(record or {})
        if record is None and line.strip():
            where = f"{name}:{number}"
            problem = f"{where} is no JSON object; the row was left out."
            bad.append(Fault(kind="row", text=problem, where=where))
    if len(bad) == sum(bool(line.strip()) for line in lines):
        raise damaged(name, "is damaged or cut off JSON")
    return Table(name=name, frame=columns_of(records, name), first_row=1, bad=tuple(bad))


def _object(line: str) -> Mapping[str, Any] | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def records_in(value: Any, name: str) -> list[dict[str, Any]]:
    """The records of a JSON document. Raises SourceChanged where it has none."""
    records = records_of(value)
    if not records:
        raise SourceChanged(
            f"{name} is JSON without one list of objects that could be read: it is "
            f"{shape_of(value)}. Give one object per reading, "
            '[{"at": "2026-11-01", "account": "lena", "followers": 1003}].',
            where=name,
        )
    return records
