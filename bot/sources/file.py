"""Files with tables of counts: one file, a folder or a glob."""

from __future__ import annotations

import asyncio
import difflib
import glob
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, field_validator

from bot.errors import AccountNotFound, SourceChanged, SourceError, SourceUnavailable
from bot.model import Batch, Fault, Surroundings
from bot.settings import SourceSettings

if TYPE_CHECKING:
    import polars as pl

    from bot.sources.readings import Meaning

_HEAD = 64 * 1024
_ROWS = 500_000
_BEING_WRITTEN = 5.0
_FUTURE = timedelta(days=1)


class TableSettings(SourceSettings):
    """What sources of tables share.

    `columns` maps `at`, `account`, `platform`, `followers`, ... to headers of the table,
    `account` names the one account of a table without such a column.
    """

    columns: Mapping[str, str] = Field(default_factory=dict)
    date_order: Literal["dmy", "mdy", "ymd"] | None = None
    account: str | None = None

    @field_validator("columns")
    @classmethod
    def _known_roles(cls, columns: Mapping[str, str]) -> Mapping[str, str]:
        from bot.sources.columns import ROLES

        for role in columns:
            if role not in ROLES:
                near = difflib.get_close_matches(role, ROLES, 1)
                hint = f'; did you mean "{near[0]}"?' if near else ""
                raise ValueError(f'"{role}" is none of {", ".join(ROLES)}{hint}')
        return columns

    def meaning(self) -> Meaning:
        from bot.sources.readings import Meaning

        return Meaning(
            platform=self.platform,
            timezone=self.timezone or "UTC",
            daily=self.daily,
            columns=self.columns,
            date_order=self.date_order,
            account=self.account,
        )


class FileSettings(TableSettings):
    """`path` is a file, a folder or a glob; account = "*" takes each file's own name."""

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

    def paths(self) -> list[Path]:
        """The files now there, oldest first: what a later one says goes before."""
        pattern = Path(self._root, self._settings.path).expanduser()
        if pattern.is_dir():
            found = [path for path in pattern.iterdir() if not path.name.startswith(".")]
        elif pattern.exists():
            found = [pattern]
        else:
            found = [Path(path) for path in glob.glob(str(pattern), recursive=True)]
        files = [path for path in found if path.is_file()]
        if not files:
            raise SourceUnavailable(
                f'{self.name}: no file at "{self._settings.path}": put the export there or '
                "correct path.",
                source=self.name,
            )
        return sorted(files, key=lambda path: (path.stat().st_mtime_ns, path.name))

    def _fetch(self, wanted: Sequence[str], seen: dict[str, Any], now: datetime) -> Batch:
        paths = self.paths()
        marks = {str(path): _mark(path) for path in paths}
        waiting = [
            path
            for path in paths
            if seen.get(str(path)) != marks[str(path)]
            and not (str(path) in seen and _being_written(path, now))
        ]
        kept = {name: mark for name, mark in seen.items() if name in marks}
        parts: list[Batch] = []
        errors: list[SourceError] = []
        rows = 0
        while waiting and rows < _ROWS:
            path = waiting.pop(0)
            try:
                parts.append(self._read(path, now))
            except SourceError as error:
                errors.append(error)
                continue
            kept[str(path)] = marks[str(path)]
            readings = parts[-1].readings
            rows += len(readings) if readings is not None else 0
        if errors and not kept and not waiting:
            raise errors[0]
        batch = joined(parts, wanted)
        faults = tuple(_fault(error) for error in errors)
        return replace(
            batch,
            faults=(*batch.faults, *faults),
            state={"files": kept},
            more=bool(waiting),
        )

    def _read(self, path: Path, now: datetime | None = None) -> Batch:
        from bot.sources.tables import read_table_file, stem

        meaning = self._settings.meaning()
        if meaning.account == "*":
            meaning = replace(meaning, account=stem(path))
        try:
            batch = read_table_file(path, meaning)
        except SourceError as error:
            error.source = self.name
            raise
        return batch if now is None else without_future(batch, now, path.name)

    def _read_all(self) -> pl.DataFrame | None:
        batches = [self._read(path) for path in self.paths()]
        return joined(batches, ()).readings


def without_future(batch: Batch, now: datetime, name: str) -> Batch:
    """Leaves out readings of days that have not come yet: a wrong year or a wrong order."""
    import polars as pl

    if batch.readings is None:
        return batch
    latest = int((now + _FUTURE).timestamp())
    late = len(batch.readings) - len(kept := batch.readings.filter(pl.col("at") <= latest))
    if not late:
        return batch
    text = (
        f"{name}: {late} rows are dated in the future and were left out; correct their dates."
    )
    fault = Fault(kind="row", text=text, where=name)
    return replace(batch, readings=kept, faults=(*batch.faults, fault))


def joined(parts: Sequence[Batch], wanted: Sequence[str]) -> Batch:
    """One batch; where two parts state the same account and time, the later part goes."""
    import polars as pl

    frames = [part.readings for part in parts if part.readings is not None]
    readings = pl.concat(frames, how="diagonal") if frames else None
    if readings is not None and len(frames) > 1:
        readings = readings.unique(["account", "at"], keep="last", maintain_order=True)
        readings = readings.sort("account", "at")
    if readings is not None and wanted:
        readings = readings.filter(pl.col("account").is_in(list(wanted)))
    return Batch(
        readings=readings,
        faults=tuple(fault for part in parts for fault in part.faults),
        notes=tuple(note for part in parts for note in part.notes),
        found=tuple(found for part in parts for found in part.found),
    )


def match_handle(handle: str, known: Sequence[str], platform: str | None, source: str) -> str:
    """The account as the source writes it, whatever its case, "@" or platform."""
    plain = handle.strip().removeprefix("@").casefold()
    for account in known:
        own = account.rpartition("/")[2].removeprefix("@").casefold()
        if plain in {own, account.casefold()}:
            return account.partition("/")[2] or account
    near = difflib.get_close_matches(handle, known, 1)
    hint = f": perhaps {near[0]} was meant" if near else ""
    raise AccountNotFound(
        f'{source} has no account "{handle}"{hint}.', source=source, account=handle
    )


def _mark(path: Path) -> list[int | str]:
    status = path.stat()
    with path.open("rb") as file:
        head = blake2b(file.read(_HEAD), digest_size=8).hexdigest()
    return [status.st_size, status.st_mtime_ns, head]


def _being_written(path: Path, now: datetime) -> bool:
    """True in the middle of a line, it seems: half a number is a wrong one."""
    age = now.timestamp() - path.stat().st_mtime
    if not 0 <= age < _BEING_WRITTEN:
        return False
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 1))
        return file.read(1) != b"\n"


def _fault(error: SourceError) -> Fault:
    where = error.where if isinstance(error, SourceChanged) else ""
    kind: Literal["changed", "unavailable"] = (
        "changed" if isinstance(error, SourceChanged) else "unavailable"
    )
    return Fault(kind=kind, text=str(error), where=where)
