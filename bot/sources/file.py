"""Files with tables of counts: one file, a folder or a glob."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.errors import SourceError
from bot.model.source import Batch, Surroundings
from bot.sources.faults import fault_of
from bot.sources.paths import is_fresh, paths_at
from bot.sources.platforms.batches import joined, match_handle
from bot.sources.tables.options import TableSettings

if TYPE_CHECKING:
    import polars as pl

_HEAD = 64 * 1024
_ROWS = 500_000
_FRESH = timedelta(minutes=10)


class FileSettings(TableSettings):
    """`path` is a file, a folder or a glob; account = "*" takes each file's own name.

    A last line without a line break may still be written to: it is read once the file has
    not changed for ten minutes.
    """

    path: str


class FileSource:
    """Reads the files that are new or changed; `state` remembers size, time and beginning."""

    def __init__(self, settings: FileSettings, surroundings: Surroundings) -> None:
        self.name = settings.name
        self._settings = settings
        self._root = surroundings.root

    async def fetch(self, wanted: Sequence[str], state: Any, now: datetime) -> Batch:
        seen = dict((state or {}).get("files", {}))
        return await asyncio.to_thread(self._fetch, wanted, seen, now)

    async def look(self, handle: str) -> str:
        batch = await asyncio.to_thread(self._read_all)
        known = batch["account"].unique().to_list() if batch is not None else []
        return match_handle(handle, known, self._settings.platform, self.name)

    async def close(self) -> None:
        return None

    def _paths(self) -> list[Path]:
        return paths_at(self._root, self._settings.path, self.name, folders=False)

    def _fetch(self, wanted: Sequence[str], seen: dict[str, Any], now: datetime) -> Batch:
        from bot.sources.tables.read_file import is_torn

        paths = self._paths()
        marks = {str(path): _mark(path) for path in paths}
        waiting = [path for path in paths if seen.get(str(path)) != marks[str(path)]]
        kept = {name: mark for name, mark in seen.items() if name in marks}
        parts: list[Batch] = []
        errors: list[SourceError] = []
        rows = 0
        while waiting and rows < _ROWS:
            path = waiting.pop(0)
            torn = is_fresh(path, now, _FRESH) and is_torn(path)
            try:
                parts.append(self._read(path, now, torn=torn))
            except SourceError as error:
                if not torn:
                    errors.append(error)
                continue
            if not torn:
                kept[str(path)] = marks[str(path)]
            readings = parts[-1].readings
            rows += len(readings) if readings is not None else 0
        if errors and not kept and not waiting:
            raise errors[0]
        batch = joined(parts, wanted)
        faults = tuple(fault_of(error) for error in errors)
        return replace(
            batch,
            faults=(*batch.faults, *faults),
            state={"files": kept},
            more=bool(waiting),
        )

    def _read(self, path: Path, now: datetime | None = None, *, torn: bool = False) -> Batch:
        from bot.sources.tables.read_file import read_table_file, stem

        options = self._settings.options()
        if options.account == "*":
            options = replace(options, account=stem(path))
        try:
            return read_table_file(path, options, now=now, torn=torn)
        except SourceError as error:
            error.source = self.name
            raise

    def _read_all(self) -> pl.DataFrame | None:
        batches = [self._read(path) for path in self._paths()]
        return joined(batches, ()).readings


def _mark(path: Path) -> list[int | str]:
    status = path.stat()
    with path.open("rb") as file:
        head = blake2b(file.read(_HEAD), digest_size=8).hexdigest()
    return [status.st_size, status.st_mtime_ns, head]
