"""Taking in what people hand over: files to import, accounts to watch."""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from bot.errors import BotError, CommandError, SourceError
from bot.ingest.follower_lists import ListNews, ListSettings, study_lists
from bot.ingest.poll import Feed, Outcome, respelled, store_batch
from bot.model.command import Attachment
from bot.model.reading import Account
from bot.model.source import Batch, Fault, Found, Surroundings
from bot.sources.bounded import read_bounded
from bot.sources.faults import told
from bot.sources.pieces import Place, found_of, read_piece
from bot.sources.tables.options import ANSWERS, TableOptions, options_from
from bot.storage import accounts, sources

if TYPE_CHECKING:
    from sqlite_utils import Database

    from bot.config.schema import Settings
    from bot.storage.database import Store

IMPORT = "import"
_ODD = re.compile(r"[^\w .()+@&,'-]")
_NAME = 60
"""Signs of a file's name that are kept, its end: 255 bytes are the most that systems take."""
CONSOLE = "console"
_PRIORITY = 1
_SHOWN = 10
_ANSWERS = 200
"""Kinds of tables of a space whose answers are kept; a person sends a handful."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """`review` is called after an import that brought something new."""

    store: Store
    settings: Settings
    world: Surroundings
    feeds: Sequence[Feed]
    calendar: Callable[[], float]
    lists: ListSettings
    review: Callable[[], Awaitable[object]]

    async def import_files(
        self, given: Attachment | str, space: str, options: Mapping[str, Any]
    ) -> Sequence[Found]:
        """Stores a file; rows of accounts that the space may not bring in are left out and
        told."""
        if isinstance(given, Attachment):
            with tempfile.TemporaryDirectory() as folder:
                path = await asyncio.to_thread(_put_down, given, folder)
                found = await self.import_path(path, options, space, bounded=True)
            return [_without(folder, one) for one in found]
        path = await asyncio.to_thread(Path(given).expanduser)
        return await self.import_path(path, options, space)

    async def import_path(
        self,
        path: Path,
        options: Mapping[str, Any],
        space: str = CONSOLE,
        *,
        bounded: bool = False,
    ) -> list[Found]:
        """Reads one file, folder or zip, stores it, compares its lists and reviews.

        `bounded` for what a person sent: it may take little memory and time. What the options
        say of a table holds for the next one with the same headers that the space brings.
        """
        now = datetime.fromtimestamp(self.calendar(), UTC)
        names = await self.store.read(accounts.spoken_names)
        table = options_from({"timezone": self.settings.timezone, **options}, known=names)
        at = int(self.calendar())
        row = await self.store.write(sources.ensure, IMPORT, _PRIORITY)
        state = row.state or {}
        table = replace(table, answers=state.get(space, {}))
        answer = {name: options[name] for name in ANSWERS if options.get(name)}
        outcome = Outcome(source=IMPORT)
        pieces: list[Batch] = []
        place: Place | None = Place()
        while place is not None:
            if bounded:
                batch, place = await self._bounded(path, table, now), None
            else:
                batch, place = await _read(path, table, self.world, now, place)
            if space != CONSOLE:
                batch = await self.store.read(self._admitted, batch, space)
            batch = await self.store.read(respelled, batch)
            state = _remembering(state, space, answer, batch.found)
            await store_batch(self.store, row.id, replace(batch, state=state), at, outcome)
            pieces.append(replace(batch, readings=None, lists=()))
        batch = _together(pieces)
        gone = sorted(outcome.refused)[:_SHOWN]
        said = [f"{name} was forgotten: watch lets it in again" for name in gone]
        news = await study_lists(self.store, self.lists, outcome.lists, at)
        if outcome.fresh:
            await self.store.write(accounts.set_tags, self.settings.tags)
            await self.review()
        return _with_news(told(batch, said), news)

    async def _bounded(self, path: Path, table: TableOptions, now: datetime) -> Batch:
        secrets = self.world.secrets
        return await asyncio.to_thread(read_bounded, path, table, secrets=secrets, now=now)

    def _admitted(self, db: Database, batch: Batch, space: str) -> Batch:
        """What the space may bring in; all names of the file are judged at once."""
        readings = batch.readings
        named: list[str] = []
        if readings is not None:
            named = readings["account"].unique(maintain_order=True).to_list()
        listed = [one.account for one in batch.lists]
        admission = self.lists.access.admit(db, space, [*named, *listed], batch.names)
        allowed = admission.allowed
        faults = [
            fault for fault in batch.faults if not fault.account or fault.account in allowed
        ]
        if admission.beyond:
            text = "rows of accounts that this team may not change were left out"
            faults.append(Fault(kind="row", text=text))
        if admission.excess:
            text = (
                f"{len(admission.excess)} accounts were left out: this team may have "
                f"{self.lists.access.limits[space]}"
            )
            faults.append(Fault(kind="row", text=text))
        if readings is not None:
            readings = readings.filter(pl.col("account").is_in(list(allowed)))
        return replace(
            batch,
            readings=readings,
            lists=tuple(one for one in batch.lists if one.account in allowed),
            faults=tuple(faults),
            found=tuple(
                one if not one.account or one.account in allowed else replace(one, account=None)
                for one in batch.found
            ),
        )

    async def look(self, name: str) -> tuple[str, str]:
        """The source that will read an account, and the account's own spelling."""
        wanted = Account.parse(name)
        if not wanted.platform:
            raise CommandError(f'"{name}" lacks its platform: write platform/handle')
        able = [feed for feed in self.feeds if _serves(feed, wanted.platform)]
        if not able:
            raise CommandError(
                f"no source reads single {wanted.platform} accounts: add a [[sources]] section "
                f'with kind = "{wanted.platform}" to the config'
            )
        problem: BotError | None = None
        for feed in able:
            try:
                handle = await feed.source.look(wanted.handle)
            except SourceError as error:
                problem = error
                continue
            full = handle if "/" in handle else f"{wanted.platform}/{handle}"
            return feed.source.name, full
        assert problem is not None
        raise problem


def _remembering(
    state: Mapping[str, Any], space: str, answer: Mapping[str, Any], found: Sequence[Found]
) -> Mapping[str, Any]:
    """What each space said of tables, by their headers; the newest of them."""
    layouts = [one.layout for one in found if answer and one.format and one.layout]
    if not layouts:
        return state
    answers = {**state.get(space, {}), **dict.fromkeys(layouts, answer)}
    return {**state, space: dict(list(answers.items())[-_ANSWERS:])}


async def dry_run(
    path: Path, options: Mapping[str, Any], settings: Settings, world: Surroundings
) -> list[Found]:
    """Reads a file and says what it is, without storing anything."""
    table = options_from({"timezone": settings.timezone, **options})
    pieces: list[Batch] = []
    place: Place | None = Place()
    while place is not None:
        batch, place = await _read(path, table, world, datetime.now(UTC), place)
        pieces.append(replace(batch, readings=None, lists=()))
    return told(_together(pieces), ())


async def _read(
    path: Path, table: TableOptions, world: Surroundings, now: datetime, place: Place
) -> tuple[Batch, Place | None]:
    return await asyncio.to_thread(
        read_piece, path, table, place, hash_key=world.hash_key, now=now
    )


def _together(pieces: Sequence[Batch]) -> Batch:
    """What the pieces of one file said, as if it had been read at once."""
    if len(pieces) == 1:
        return pieces[0]
    found = found_of([one for piece in pieces for one in piece.found])
    faults = tuple(fault for piece in pieces for fault in piece.faults)
    return Batch(faults=faults, found=(found,))


def _without(folder: str, found: Found) -> Found:
    """Nobody in a chat has to know where this machine put their file."""
    notes = tuple(note.replace(f"{folder}{os.sep}", "") for note in found.notes)
    return replace(found, file=os.path.basename(found.file), notes=notes)


def _put_down(given: Attachment, folder: str) -> Path:
    """Under its own name as far as every file system takes it."""
    name = _ODD.sub("_", os.path.basename(given.name.replace("\\", "/")))[-_NAME:]
    path = Path(folder, name if name.strip(".") else "attachment")
    path.write_bytes(given.content)
    return path


def _serves(feed: Feed, platform: str) -> bool:
    return feed.handles is not None and platform in (
        feed.settings.platform,
        feed.settings.kind,
    )


def _with_news(found: Sequence[Found], news: Sequence[ListNews]) -> list[Found]:
    """What each list says beside the file that brought it, and whether it is believed to be
    complete."""
    kept = list(found)
    for one in news:
        for place, each in enumerate(kept):
            side = (each.format or "").endswith(f"{one.side.rstrip('s')}_list")
            if each.account == one.account and side:
                partial = each.complete and one.complete is False
                kept[place] = replace(
                    each,
                    complete=one.complete,
                    basis=None if partial else each.basis,
                    readings=0 if partial else each.readings,
                    findings=(*each.findings, *one.said),
                )
                break
    return kept
