"""JSON and JSON lines as tables: a list of objects, wherever it stands."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from typing import Any

from bot.errors import SourceChanged
from bot.model.source import Fault
from bot.sources.tables.cells import columns_of
from bot.sources.tables.file_errors import damaged
from bot.sources.tables.readings import Table


def read_json(data: bytes, name: str) -> Table:
    """A list of objects, an object that holds one, or one object per line."""
    text = data.decode("utf-8", "replace")
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


def records_in(value: Any, name: str) -> list[Mapping[str, Any]]:
    """The list of objects in a JSON document: itself, or the only one up to two levels down."""
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return value
    if isinstance(value, dict):
        level = list(value.values())
        for _ in range(2):
            lists = [v for v in level if isinstance(v, list) and v and isinstance(v[0], dict)]
            if len(lists) == 1:
                return records_in(lists[0], name)
            level = [inner for v in level if isinstance(v, dict) for inner in v.values()]
        if not any(isinstance(v, dict | list) for v in value.values()):
            return [value]
    raise SourceChanged(
        f"{name} is JSON without one list of objects: give one object per reading.", where=name
    )
