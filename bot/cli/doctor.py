"""`ebbwatch doctor`: what is wrong, part by part, and what to do about it."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bot import app
from bot.engine.table import open_engine
from bot.errors import BotError, ConfigError, SourceError
from bot.ingest.poll import Feed
from bot.model.command import ArgumentKind, Attachment, Caller, Words
from bot.model.message import Message
from bot.sources.lake.files import files_at
from bot.sources.lake.inventory import inventory
from bot.sources.lake.partitions import partitions
from bot.sources.lake.settings import LakeSettings, lakes_in
from bot.sources.names import KEY_FILE, key_problem
from bot.sources.table import open_source
from bot.storage import channels, lists, outbox, readings, upkeep
from bot.storage import sources as source_rows
from bot.storage.database import Store
from bot.storage.single import served
from bot.storage.sources import SourceRow

if TYPE_CHECKING:
    from sqlite_utils import Database

    from bot.config.schema import Settings

_AHEAD = 86400
_LATE = 600
_SHOWN = 5
_ANSWERS = 3.0
"""Seconds in which a scheduler that is there has answered."""
_YEAR_ONE = datetime(2025, 1, 1, tzinfo=UTC).timestamp()


@dataclass(frozen=True, slots=True)
class Found:
    part: str
    well: bool
    text: str


async def examine(path: Path, environ: Mapping[str, str] = os.environ) -> list[Found]:
    """Looks at every part; one that is broken never hides the others."""
    try:
        settings = app.read_config(path)
    except ConfigError as error:
        return [Found("config", False, problem) for problem in error.problems]
    found = [Found("config", True, f"{path} is fine")]
    found += [each async for each in _database(settings)]
    found += [each async for each in _sources(settings, environ)]
    found += [each async for each in _chats(settings, environ)]
    return found


async def _database(settings: Settings) -> AsyncIterator[Found]:
    path = settings.store_path
    if not path.exists():
        yield Found("database", True, f"{path} will be made at the first run")
        return
    try:
        store = Store.open(path, now=time.time())
    except BotError as error:
        yield Found("database", False, str(error))
        return
    try:
        for problem in await store.read(upkeep.problems):
            yield Found("database", False, f"{path}: {problem}: put the newest backup in place")
        running = "a service runs on it" if served(path) else "no service runs on it"
        log = path.with_name(path.name + "-wal")
        size = (path.stat().st_size + (log.stat().st_size if log.exists() else 0)) / 1e6
        yield Found("database", True, f"{path}, {size:.1f} MB, {running}")
        for each in await store.read(_clock, time.time()):
            yield each
        for each in await store.read(_queues, time.time()):
            yield each
        for each in await store.read(_lists, settings):
            yield each
    finally:
        store.close()


def _clock(db: Database, now: float) -> list[Found]:
    newest = readings.newest(db)
    if now < _YEAR_ONE:
        return [Found("clock", False, "this machine's clock lies in the past: set it")]
    if newest is not None and newest > now + _AHEAD:
        ahead = datetime.fromtimestamp(newest, UTC)
        return [
            Found(
                "clock",
                False,
                f"the newest reading is of {ahead:%Y-%m-%d %H:%M} UTC, in the future: check "
                "this machine's clock and the time zone of the sources",
            )
        ]
    return [Found("clock", True, f"{datetime.fromtimestamp(now, UTC):%Y-%m-%d %H:%M} UTC")]


def _queues(db: Database, now: float) -> list[Found]:
    found = [
        Found(
            "outbox",
            now - waiting.oldest < _LATE,
            f"{waiting.channel}: {waiting.deliveries} waiting since "
            f"{datetime.fromtimestamp(waiting.oldest, UTC):%Y-%m-%d %H:%M} UTC"
            + (f"; {waiting.error}" if waiting.error else ""),
        )
        for waiting in outbox.waiting(db)
    ]
    found += [
        Found("channel", False, f"{channel.channel} is off: {channel.disabled}")
        for channel in channels.listing(db)
        if channel.disabled
    ]
    return found or [Found("outbox", True, "nothing waits")]


def _lists(db: Database, settings: Settings) -> list[Found]:
    if not lists.stored(db):
        return []
    key = settings.path(settings.secrets) / KEY_FILE
    if problem := key_problem(key):
        return [Found("names key", False, problem)]
    lists_kept, of, names = lists.kept(db)
    said = (
        f"{lists_kept} lists of {of} accounts, {names:,} entries: of each follower a keyed "
        "hash, the day of the follow and the day their account was made; forget erases them"
    )
    return [
        Found("names key", True, f"{key} is there; keep a copy of it with your backups"),
        Found("follower lists", True, said),
    ]


async def _sources(settings: Settings, environ: Mapping[str, str]) -> AsyncIterator[Found]:
    if not settings.sources:
        yield Found("sources", False, "none: add a [[sources]] section to the config")
    surroundings = app.surroundings(settings, environ)
    rows = await _source_rows(settings)
    lakes = lakes_in(settings.sources)
    for each in lakes:
        for found in _lake(each, settings):
            yield found
    if lakes:
        yield _engine(settings)
    for section in settings.sources:
        if section in lakes:
            continue
        part = f'source "{section.name}"'
        try:
            source = open_source(section, surroundings)
        except BotError as error:
            yield Found(part, False, str(error))
            continue
        try:
            one = (Feed(source=source, settings=section).handles or ())[:1]
            batch = await source.fetch(one, None, datetime.now(UTC))
            count = 0 if batch.readings is None else batch.readings.height
            said = "; ".join(fault.text for fault in batch.faults[:3])
            text = "; ".join([f"{count} readings", *([said] if said else [])])
            known = rows.get(section.name)
            yield Found(part, not (count == 0 and said), text + (_last(known) if known else ""))
        except SourceError as error:
            yield Found(part, False, str(error).removeprefix(f"{section.name}: "))
        finally:
            await source.close()


def _lake(section: LakeSettings, settings: Settings) -> Iterator[Found]:
    """Its path, the schema of each file, and whether it is sorted."""
    part = f'source "{section.name}"'
    try:
        found = inventory(files_at(section.path, settings.root), section)
    except BotError as error:
        yield Found(part, False, str(error))
        return
    for one in found.left_out[:_SHOWN]:
        yield Found(part, False, f"{one}: it is left out")
    if len(found.left_out) > _SHOWN:
        yield Found(part, False, f"{len(found.left_out)} files are left out in all")
    if not found.files or found.newest is None:
        yield Found(part, False, "no file can be judged: see what is wrong with them")
        return
    newest = datetime.fromtimestamp(found.newest, UTC)
    rows = sum(group.rows for group in found.groups)
    said = f"{len(found.files)} files, {rows:,} rows, newest {newest:%Y-%m-%d %H:%M} UTC"
    parts = partitions(found, found.newest - 121 * _AHEAD, found.newest)
    cut = (
        "not sorted by account, so each review writes its 120 days once more: sort each file "
        "by account, in row groups of 1,000 accounts"
        if parts is None
        else "1 partition"
        if len(parts) == 1
        else f"{len(parts)} partitions by account"
    )
    yield Found(part, True, f"{said}, {cut}")


def _engine(settings: Settings) -> Found:
    """Whether it is there, and whether its workers are what this machine is."""
    chosen = settings.engine
    try:
        engine = open_engine(chosen)
        differing = engine.versions(_ANSWERS)
        engine.close()
    except BotError as error:
        return Found("engine", False, str(error))
    if differing:
        return Found("engine", False, "; ".join(differing[:_SHOWN]) + ": install the same")
    where = chosen.address or "this machine"
    return Found("engine", True, f"{chosen.kind} on {where}")


async def _source_rows(settings: Settings) -> dict[str, SourceRow]:
    path = settings.store_path
    if not path.exists():
        return {}
    with suppress(BotError):
        store = Store.open(path, now=time.time())
        try:
            listed = await store.read(source_rows.listing)
            return {row.name: row for row in listed}
        finally:
            store.close()
    return {}


def _last(row: SourceRow) -> str:
    """What its last poll left behind: this look knows nothing of the month's costs."""
    if row.last_success is None:
        return ""
    at = datetime.fromtimestamp(row.last_success, UTC)
    return "".join(
        f"; {text}" for text in (*row.remarks, f"last polled {at:%Y-%m-%d %H:%M} UTC")
    )


class _Nobody:
    """Chats are only looked at: nothing they hear is answered."""

    commands = ()
    spaces = ()
    languages: Mapping[str, Words] = {}

    async def answer(
        self, caller: Caller, name: str, arguments: Mapping[str, object]
    ) -> Message:
        return Message()

    async def answer_line(
        self, caller: Caller, line: str, files: Sequence[Attachment] = ()
    ) -> Message:
        return Message()

    async def channels(self, caller: Caller) -> list[str]:
        return []

    async def suggest(self, caller: Caller, kind: ArgumentKind, text: str) -> Mapping[str, str]:
        return {}

    async def words(self, caller: Caller) -> Words:
        from bot.message import voice_for

        return voice_for("en", "UTC")

    async def is_first(self, request: str) -> bool:
        return True

    async def report(self, problem: str) -> None:
        return None


async def _chats(settings: Settings, environ: Mapping[str, str]) -> AsyncIterator[Found]:
    around = app.chat_surroundings(settings, _Nobody(), environ)
    for name, chat in app.open_chats(settings, around).items():
        if isinstance(chat, BotError):
            yield Found(name, False, str(chat))
            continue
        mine = [one.channel for one in settings.channels if one.channel.startswith(name + ":")]
        problems = [
            problem for channel in (None, *mine) for problem in await chat.problems(channel)
        ]
        for problem in dict.fromkeys(problems):
            yield Found(name, False, problem)
        if not problems:
            many = "1 channel" if len(mine) == 1 else f"{len(mine)} channels"
            yield Found(name, True, f"reachable, {many} in the config")
        await chat.close()
