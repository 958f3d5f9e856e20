"""Exports that people download: one file, a folder, a zip or a glob, known by their content."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bot.errors import SourceChanged, SourceUnavailable
from bot.model.reading import Account
from bot.model.source import Batch, Found, Surroundings
from bot.sources.paths import is_fresh, paths_at
from bot.sources.platforms.batches import match_handle, only
from bot.sources.tables.options import DateOrder, TableSettings

_ENOUGH = 500_000
_FRESH = timedelta(minutes=1)


def read_export(
    path: str | Path,
    *,
    hash_key: Callable[[], bytes],
    now: datetime,
    account: str | None = None,
    platform: str | None = None,
    timezone: str = "UTC",
    daily: tuple[str, ...] = (),
    columns: Mapping[str, str] | None = None,
    date_order: DateOrder | None = None,
) -> Batch:
    """Reads what people export: follower lists, dashboards, or any table of counts.

    `found` has one entry per list or file that was read or refused; one without a format
    says why in its notes. `hash_key` is called only where there are names to hash.
    `account` ("platform/handle" or "handle") wins over what a file says of itself. Raises
    SourceUnavailable where there is nothing at the path.
    """
    from bot.sources.exports.parsed import ExportContext, failed
    from bot.sources.exports.reading import read_path
    from bot.sources.tables.options import TableOptions

    path = Path(path)
    if not path.exists():
        raise SourceUnavailable(f"{path} does not exist: correct the path.")
    context = ExportContext(
        key=hash_key,
        zone=ZoneInfo(timezone),
        now=now,
        account=Account.parse(account) if account else None,
        platform=platform,
    )
    options = TableOptions(
        platform=platform,
        timezone=timezone,
        daily=tuple(daily),
        columns=columns or {},
        date_order=date_order,
        account=account,
    )
    try:
        return read_path(path, str(path), context, options)
    except SourceChanged as error:
        parsed = failed(str(path), error)
        return Batch(faults=parsed.faults, found=(parsed.found,))


def describe(found: Found) -> str:
    """One sentence: "Instagram follower list, 3,477 names, complete as of 2026-11-02."."""
    from bot.sources.exports.words import PRODUCTS, plural

    if found.format is None:
        return " ".join(found.notes)
    product, _, rest = found.format.partition(".")
    kind = f"{PRODUCTS.get(product, product)} {rest.replace('_', ' ')}"
    if found.format.endswith("_list"):
        state = {True: "complete", False: "partial", None: "perhaps partial"}[found.complete]
        return f"{kind}, {plural(found.names, 'name')}, {state} as of {found.last}."
    span = f", {found.first} to {found.last}" if found.first else ""
    bad = f", {plural(found.bad_rows, 'bad row')} left out" if found.bad_rows else ""
    return f"{kind}, {plural(found.readings, 'reading')}{span}{bad}."


class ExportSettings(TableSettings):
    """`path` is an export as it was downloaded, a folder of them, or a glob.

    `account` is whose all of them are; left out, the files say it themselves.
    """

    path: str


class ExportSource:
    """Reads exports that are new or changed; `state` remembers size and time of each."""

    def __init__(self, settings: ExportSettings, surroundings: Surroundings) -> None:
        self.name = settings.name
        self._settings = settings
        self._surroundings = surroundings

    async def fetch(self, wanted: Sequence[str], state: Any, now: datetime) -> Batch:
        seen = dict((state or {}).get("exports", {}))
        return await asyncio.to_thread(self._fetch, wanted, seen, now)

    async def look(self, handle: str) -> str:
        batch = await asyncio.to_thread(self._fetch_all)
        known = sorted({found.account for found in batch.found if found.account})
        return match_handle(handle, known, self._settings.platform, self.name)

    async def close(self) -> None:
        return None

    def _paths(self) -> list[Path]:
        root = self._surroundings.root
        return paths_at(root, self._settings.path, self.name, folders=True)

    def _fetch(self, wanted: Sequence[str], seen: dict[str, str], now: datetime) -> Batch:
        from bot.sources.exports.reading import combined

        paths = self._paths()
        marks = {str(path): _mark(path) for path in paths}
        kept = {name: mark for name, mark in seen.items() if marks.get(name) == mark}
        waiting = [path for path in paths if str(path) not in kept]
        parts: list[Batch] = []
        size = 0
        while waiting and size < _ENOUGH:
            path = waiting.pop(0)
            batch = self._read(path, now)
            if batch.faults and is_fresh(path, now, _FRESH):
                continue
            if path.is_dir() and all(found.file == str(path) for found in batch.found):
                batch = Batch()  # other parts of an unpacked export hold nothing to read
            parts.append(batch)
            kept[str(path)] = marks[str(path)]
            size += sum(found.names + found.readings for found in batch.found)
        batch = only(combined(parts), wanted)
        return replace(batch, state={"exports": kept}, more=bool(waiting))

    def _read(self, path: Path, now: datetime) -> Batch:
        settings = self._settings
        return read_export(
            path,
            hash_key=self._surroundings.hash_key,
            now=now,
            account=settings.account,
            platform=settings.platform,
            timezone=settings.timezone or "UTC",
            daily=settings.daily,
            columns=settings.columns,
            date_order=settings.date_order,
        )

    def _fetch_all(self) -> Batch:
        from bot.sources.exports.reading import combined

        newest = datetime.fromtimestamp(
            max(path.stat().st_mtime for path in self._paths()), ZoneInfo("UTC")
        )
        return combined([self._read(path, newest) for path in self._paths()])


def _mark(path: Path) -> str:
    """Changes whenever a file at or under the path does."""
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    digest = blake2b(digest_size=8)
    for file in files:
        status = file.stat()
        digest.update(f"{file.name}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()
