"""Files that people or programs put somewhere: one, a folder, a zip or a glob of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Any

from bot.errors import SourceChanged, SourceError, SourceUnavailable
from bot.model.source import Batch, Fault, Surroundings
from bot.sources.faults import fault_of
from bot.sources.paths import is_fresh, paths_at
from bot.sources.pieces import Place, read_piece
from bot.sources.platforms.batches import match_handle, only
from bot.sources.read import Naming
from bot.sources.tables.options import TableSettings

_HEAD = 64 * 1024
_ROWS = 500_000
_FRESH = timedelta(minutes=10)
_ON_ITS_WAY = timedelta(minutes=1)


class FileSettings(TableSettings):
    """`path` is a file, a folder, an export as it was downloaded, or a glob of them.

    `account` is whose all of them are; "*" takes each file's own name, left out the files say
    it themselves. A last line without a line break may still be written to: it is read once
    the file has not changed for ten minutes.
    """

    path: str


class FileSource:
    """Reads the files that are new or changed; `state` remembers size, time and beginning, and
    where a large one goes on."""

    def __init__(self, settings: FileSettings, surroundings: Surroundings) -> None:
        self.name = settings.name
        self._settings = settings
        self._surroundings = surroundings
        self._left: tuple[str, Place] | None = None

    async def fetch(self, wanted: Sequence[str], state: Any, now: datetime) -> Batch:
        return await asyncio.to_thread(self._fetch, wanted, state or {}, now)

    async def look(self, handle: str) -> str:
        known = await asyncio.to_thread(self._accounts)
        return match_handle(handle, known, self._settings.platform, self.name)

    async def close(self) -> None:
        if self._left is not None:
            self._left[1].close()

    def _unpacked(self, name: str, place: Place) -> Place:
        """The place with what was unpacked of a packed file when its last piece was read."""
        left, self._left = self._left, None
        if left == (name, place):
            return left[1]
        if left is not None:
            left[1].close()
        return place

    def _paths(self) -> list[Path]:
        root = self._surroundings.root
        return paths_at(root, self._settings.path, self.name, folders=True)

    def _fetch(self, wanted: Sequence[str], state: dict[str, Any], now: datetime) -> Batch:
        from bot.sources.exports.reading import combined

        parts: list[Batch] = []
        faults: list[Fault] = []
        paths, marks = [], {}
        for path in self._paths():
            try:
                marks[str(path)] = _mark(path)
                paths.append(path)
            except OSError as error:
                text = f"{path} cannot be read ({error.strerror}): give this user the right to."
                faults.append(fault_of(SourceUnavailable(text)))
        seen = state.get("files", {})
        kept = {name: mark for name, mark in seen.items() if marks.get(name) == mark}
        # how far a large file was stored, as long as it stays the same
        begun = {
            name: (mark, *place)
            for name, (mark, *place) in state.get("begun", {}).items()
            if marks.get(name) == mark
        }
        waiting = [path for path in paths if str(path) not in kept]
        size = 0
        while waiting and size < _ROWS:
            path = waiting.pop(0)
            name = str(path)
            torn = path.is_file() and is_fresh(path, now, _FRESH) and _is_torn(path)
            place = Place(*begun.pop(name)[1:]) if name in begun else Place()
            place = self._unpacked(name, place)
            batch, wrong, after = self._read(path, now, place, torn=torn)
            if wrong and (torn or is_fresh(path, now, _ON_ITS_WAY)):
                continue  # still on its way
            parts.append(
                replace(batch, faults=tuple(f for f in batch.faults if f not in wrong))
            )
            faults += wrong
            if after is not None:
                self._left = (name, after)
                begun[name] = (marks[name], after.byte, after.line, after.date_order)
                waiting.insert(0, path)
                break
            if not torn and not wrong:
                kept[name] = marks[name]
            size += sum(found.names + found.readings for found in batch.found)
        if faults and not kept and not waiting and all(p.readings is None for p in parts):
            raise SourceChanged(faults[0].text, source=self.name, where=faults[0].where)
        batch = only(combined(parts), wanted, self.name)
        return replace(
            batch,
            faults=(*batch.faults, *faults),
            state={"files": kept, **({"begun": begun} if begun else {})},
            more=bool(waiting),
        )

    def _read(
        self, path: Path, now: datetime, place: Place, *, torn: bool
    ) -> tuple[Batch, list[Fault], Place | None]:
        """What a piece gives, the faults of what could not be read at all, and where the
        next one begins."""
        naming: Naming = "tables" if self._settings.kind == "export" else "never"
        try:
            batch, after = read_piece(
                path,
                replace(self._settings.options(), torn=torn),
                place,
                hash_key=self._surroundings.hash_key,
                now=now,
                naming=naming,
            )
        except SourceError as error:
            return Batch(), [fault_of(error)], None
        if path.is_dir() and all(found.file == str(path) for found in batch.found):
            return Batch(), [], None  # other parts of an unpacked export hold nothing to read
        return batch, [fault for fault in batch.faults if fault.kind != "row"], after

    def _accounts(self) -> list[str]:
        newest = datetime.fromtimestamp(
            max(path.stat().st_mtime for path in self._paths()), UTC
        )
        known: set[str] = set()
        for path in self._paths():
            place: Place | None = Place()
            while place is not None:
                batch, _, place = self._read(path, newest, place, torn=False)
                known |= {one.account for one in batch.lists}
                if batch.readings is not None:
                    known |= set(batch.readings["account"].unique().to_list())
        return sorted(known)


def _is_torn(path: Path) -> bool:
    from bot.sources.tables.read_file import is_torn

    return is_torn(path)


def _mark(path: Path) -> list[int | str]:
    """Changes whenever the file, or one under the folder, does."""
    digest = blake2b(digest_size=8)
    if path.is_dir():
        for file in sorted(p for p in path.rglob("*") if p.is_file()):
            status = file.stat()
            told = f"{file.name}\0{status.st_size}\0{status.st_mtime_ns}\n"
            digest.update(told.encode("utf-8", "surrogateescape"))
        return [0, 0, digest.hexdigest()]
    status = path.stat()
    with path.open("rb") as stream:
        digest.update(stream.read(_HEAD))
    return [status.st_size, status.st_mtime_ns, digest.hexdigest()]
