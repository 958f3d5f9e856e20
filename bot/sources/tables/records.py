"""JSON and JSON lines as tables: one row for each record in them."""

from __future__ import annotations

import contextlib
import json
import re
from typing import Any

from bot.errors import SourceChanged
from bot.model.source import Fault
from bot.sources.legible import legible_json
from bot.sources.tables.cells import columns_of
from bot.sources.tables.file_errors import damaged
from bot.sources.tables.json_shapes import records_of, shape_of
from bot.sources.tables.readings import Table

_WRAPPED = re.compile(r'"(?:\$[A-Za-z]+|totalCount|total_count)"\s*:')
"""Keys of values that MongoDB and GraphQL wrap: {"$numberLong": "500"}."""
_LISTED = re.compile(r'"\s*:\s*\[\s*\{')
_STAMP = re.compile(r'\[[^\]\[{}"\n,]{4,40}\]')


def read_json(data: bytes, name: str) -> Table:
    """A document of any shape of `json_shapes`, or one object per line."""
    text = legible_json(data.decode("utf-8", "replace"))
    hook = _bare if _WRAPPED.search(text) else None
    with contextlib.suppress(ValueError, RecursionError):
        frame = columns_of(records_in(json.loads(text, object_hook=hook), name), name)
        return Table(name=name, frame=frame, first_row=1)
    lines = text.split("\n")  # splitlines would also cut at signs that stand inside texts
    records: list[dict[str, Any]] = []
    bad: list[Fault] = []
    for number, line in enumerate(lines, start=1):
        record = _object(line)
        records.append(record or {})
        if record is None and line.strip():
            where = f"{name}:{number}"
            problem = f"{where} is no JSON object; the row was left out."
            bad.append(Fault(kind="row", text=problem, where=where))
    if len(bad) == sum(bool(line.strip()) for line in lines):
        raise _no_json(text, name)
    if any(_LISTED.search(line) for line in lines):  # each line is an answer of many accounts
        records = records_in([record for record in records if record], name)
    return Table(name=name, frame=columns_of(records, name), first_row=1, bad=tuple(bad))


def _bare(found: dict[str, Any]) -> Any:
    """What stands in an object that says only of what kind its one value is."""
    if len(found) == 1:
        ((key, value),) = found.items()
        if _WRAPPED.fullmatch(f'"{key}":'):
            return value
    return found


def _no_json(text: str, name: str) -> SourceChanged:
    if stamp := _STAMP.match(text.lstrip()):
        return SourceChanged(
            f'{name} is no JSON: its lines begin with "{stamp[0]}", like the log of another '
            "tool. Export the counts alone, as a table with date, account and followers.",
            where=name,
        )
    return damaged(name, "is damaged or cut off JSON")


def _object(line: str) -> dict[str, Any] | None:
    try:
        value = json.loads(line, object_hook=_bare if _WRAPPED.search(line) else None)
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
