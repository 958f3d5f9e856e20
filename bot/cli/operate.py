"""What the command line does once with the config and the database, then ends."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot import app
from bot.errors import CommandError, ConfigError, SourceError, StorageError
from bot.model.command import Caller
from bot.model.message import ChartSpec, Message
from bot.model.source import Found

if TYPE_CHECKING:
    from bot.config.schema import Settings
    from bot.service.jobs import Service
    from bot.storage.database import Store

CONSOLE = Caller(
    platform="console",
    space="console",
    channel="console:main",
    user="console",
    name="console",
    admin=True,
)


async def ask(settings: Settings, line: str, *, sources: bool = False) -> Message:
    """The answer to a command of the chats' table; raises where it cannot be done."""
    async with app.opened(settings, sources=sources) as service:
        return await service.dispatcher.carry_out(CONSOLE, line)


async def record(settings: Settings, line: str) -> object:
    """What programs are told of a command of the chats' table; raises like `ask`."""
    async with app.opened(settings, sources=False) as service:
        return await service.dispatcher.record(CONSOLE, line)


async def poll_once(settings: Settings, names: Sequence[str]) -> tuple[list[str], bool]:
    """Polls the named sources (all where empty) and reviews; alerts wait in the outbox.

    Gives what to print, and whether any source answered.
    """
    unknown = set(names) - {source.name for source in settings.sources}
    if unknown:
        raise CommandError(f"no source is named {', '.join(sorted(unknown))}: see the config")
    if not settings.sources:
        raise CommandError("the config has no [[sources]] section: add one")
    said, well = [], False
    async with app.opened(settings) as service:
        for feed in service.feeds:
            if names and feed.source.name not in names:
                continue
            outcome = await service.poll(feed)
            well = well or outcome.failed is None
            new = f"{outcome.changed:,} new or corrected of {outcome.rows:,} readings"
            trouble = (outcome.failed or "").removeprefix(f"{outcome.source}: ")
            said.append(f"{outcome.source}: {trouble or new}")
            said += [f"    {note}" for note in outcome.notes]
            said += [f"    {fault.text}" for fault in outcome.faults[:10]]
            said += [
                f"    {name} was forgotten: `ebbwatch watch {name}` lets it in again"
                for name in sorted(outcome.refused)[:10]
            ]
        lakes = [one.name for one in service.lakes if not names or one.name in names]
        if lakes and service.review_lakes is not None:
            reviewed = await service.review_lakes()
            well = True
            opened = reviewed.opened if reviewed is not None else 0
            new = "1 new incident" if opened == 1 else f"{opened:,} new incidents"
            said.append(f"{', '.join(lakes)}: judged where they lie, {new}")
        return said + await _waiting(service.store, settings), well


async def import_files(
    settings: Settings, paths: Sequence[Path], options: Mapping[str, Any]
) -> tuple[list[Found], list[str]]:
    """Stores every file that can be read; gives what each turned out to be."""
    async with app.opened(settings, sources=False) as service:
        found: list[Found] = []
        for path in paths:
            found += await service.intake.import_path(path, options)
        said = _for_good(settings, paths, options)
        return found, said + await _waiting(service.store, settings)


def _for_good(
    settings: Settings, paths: Sequence[Path], options: Mapping[str, Any]
) -> list[str]:
    """What was said of a file that a source reads too: its own polls do not know it."""
    from bot.sources.paths import paths_at
    from bot.sources.tables.options import ANSWERS
    from bot.sources.tables.questions import section

    answer = {name: options[name] for name in ANSWERS if options.get(name)}
    told = []
    for source in settings.sources if answer else ():
        path = getattr(source, "path", None)
        if path is None:
            continue
        with contextlib.suppress(SourceError):
            read = {one.resolve() for one in paths_at(settings.root, path, "", folders=True)}
            if read & {one.resolve() for one in paths}:
                line = section(answer)
                told.append(f"{source.name} reads this file too: write {line} in its section")
    return told


async def read_only(
    settings: Settings, paths: Sequence[Path], options: Mapping[str, Any]
) -> tuple[list[Found], list[str]]:
    """Reads without storing; needs no database."""
    from bot.ingest.imports import dry_run

    found: list[Found] = []
    for path in paths:
        found += await dry_run(path, options, settings, app.surroundings(settings, os.environ))
    return found, []


async def _waiting(store: Store, settings: Settings) -> list[str]:
    """Without a service nobody sends: say so."""
    from bot.storage import outbox
    from bot.storage.single import served

    waiting = sum(one.deliveries for one in await store.read(outbox.waiting))
    if not waiting or served(settings.store_path):
        return []
    one = "1 message waits" if waiting == 1 else f"{waiting} messages wait"
    return [f"{one} in the outbox until `ebbwatch run` sends them"]


async def export_readings(settings: Settings, account: str | None, output: Path) -> int:
    """Writes readings as they are stored, newest last; gives the number of rows."""
    import polars as pl

    from bot.model.reading import METRICS
    from bot.storage import accounts, readings

    writers: dict[str, Callable[[pl.DataFrame, Path], object]] = {
        ".csv": pl.DataFrame.write_csv,
        ".parquet": pl.DataFrame.write_parquet,
        ".jsonl": pl.DataFrame.write_ndjson,
    }
    writer = writers.get(output.suffix.lower())
    if writer is None:
        raise CommandError(f"{output}: name a .csv, .parquet or .jsonl file")
    async with app.opened(settings, sources=False) as service:
        store = service.store
        wanted = account or "*"
        known = await store.read(accounts.listing, (wanted, f"*/{wanted}"))
        if not known:
            raise CommandError(_nothing_stored(account))
        series = await store.read(
            readings.series,
            store.path,
            start=0,
            stop=int(time.time()) + 10 * 366 * 86400,
            only=[one.account for one in known] if account else None,
        )
    if not len(series.at):
        raise CommandError(
            f"{account or 'the accounts'} has no readings yet, at most lists or faults: poll "
            "its source, or import a file with counts"
        )
    names = pl.Series(series.accounts, dtype=pl.String)
    frame = pl.DataFrame(
        {
            "account": names.gather(series.rows),
            "at": pl.from_epoch(pl.Series(series.at)).dt.replace_time_zone("UTC"),
            **{
                name: pl.Series(series.values[name], nan_to_null=True).cast(pl.Int64)
                for name in METRICS
                if name in series.values
            },
        }
    )
    frame = frame[[column.name for column in frame if column.null_count() < frame.height]]
    if output.suffix.lower() != ".parquet":
        frame = frame.with_columns(pl.col("at").dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
    try:
        writer(frame, output)
    except OSError as error:
        raise StorageError(f"{output} cannot be written: {error}") from None
    return frame.height


def _nothing_stored(account: str | None) -> str:
    if account is None:
        return (
            "no reading is stored yet, so there is nothing to export: `ebbwatch import` a "
            "file, or `ebbwatch poll` a source"
        )
    return f"{account} is not stored: `ebbwatch accounts` lists what is"


async def back_up(settings: Settings, target: Path | None) -> list[str]:
    """Copies the database while it is in use."""
    from bot.sources.names import KEY_FILE
    from bot.storage import lists, upkeep

    path = settings.store_path
    if not path.exists():
        raise CommandError(f"{path} does not exist yet: there is nothing to back up")
    stamp = datetime.fromtimestamp(time.time(), UTC).strftime("%Y%m%dT%H%M%SZ")
    goal = target or path.with_name(f"{path.stem}.{stamp}.backup")
    if goal.is_dir() or not goal.parent.is_dir():
        raise CommandError(f"{goal} cannot be written: name a file in a folder that exists")
    if goal.resolve() == path.resolve():
        raise CommandError(f"{goal} is the database itself: name another file for its copy")
    if goal.exists():
        raise CommandError(f"{goal} exists already and is kept: name another file")
    async with app.opened(settings, sources=False) as service:
        await service.store.read(upkeep.back_up, goal)
        listed = await service.store.read(lists.stored)
    said = [f"{goal} written, {goal.stat().st_size / 1e6:.1f} MB"]
    if listed:
        key = settings.path(settings.secrets) / KEY_FILE
        said.append(
            f"The key {key} is not in it: without the key follower lists cannot be compared "
            "with new ones. Keep a copy of it elsewhere."
        )
        said.append(
            "Of followers it holds a keyed hash, the day of the follow and the day their "
            "account was made; no names."
        )
    return said


async def outbox_lines(settings: Settings) -> list[str]:
    """What waits, per channel, and the newest deliveries."""
    from bot.storage import outbox

    async with app.opened(settings, sources=False) as service:
        waiting = await service.store.read(outbox.waiting)
        newest = await service.store.read(outbox.listing)
    said = [
        f"{one.channel}: {one.deliveries} waiting since {_minute(one.oldest)}"
        + (f"; {one.error}" if one.error else "")
        for one in waiting
    ] or ["Nothing waits."]
    return said + [
        f"{_minute(row['created'])}  {row['channel']}  {row['kind']}  {row['state']}"
        + (f"  {row['error']}" if row.get("error") else "")
        for row in newest
    ]


async def audit_lines(settings: Settings) -> list[str]:
    """Who changed what, newest first."""
    from bot.message import one_line
    from bot.storage import audit

    async with app.opened(settings, sources=False) as service:
        done = await service.store.read(audit.listing)
    return [
        "  ".join(
            part
            for part in (
                _minute(one.at),
                one.channel or one.space or "",
                one_line(one.name),
                one.action,
                one_line(one.detail, 120),
            )
            if part
        )
        for one in done
    ] or ["Nobody has changed anything yet."]


def _minute(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M}"


async def send_test(settings: Settings, channel: str) -> str:
    """Queues a test message, and sends it where no service runs."""
    from bot.storage.single import served

    running = served(settings.store_path)
    async with app.opened(settings, sources=False, chats=not running) as service:
        await queue_test(service, channel)
        if running:
            return f"queued: the running service sends it to {channel}"
        reason = await service.send_waiting(channel)
    if reason:
        raise CommandError(f"{channel}: not sent, {reason}")
    return f"{channel}: sent"


async def queue_test(
    service: Service, channel: str, account: str | None = None, chart: ChartSpec | None = None
) -> None:
    """Puts a test message into the outbox, with an account's chart where one is given."""
    from bot.message import voice_for
    from bot.message.welcome import trial
    from bot.storage import accounts, channels, outbox

    known = await service.store.read(channels.get, channel)
    if known is None:
        raise CommandError(f"{channel} is in no [[channels]] section and no subscription")
    names = await service.store.read(accounts.names)
    await service.store.write(
        outbox.queue,
        outbox.Queued(
            key=f"test:{channel}:{outbox.new_id()}",
            channel=channel,
            space=known.space,
            kind="test",
            message=trial(voice_for(known.locale, known.timezone, names), account, chart),
            now=service.calendar(),
        ),
    )


def slack_manifest(settings: Settings) -> str:
    from bot.chat.slack import SlackSettings
    from bot.chat.slack.manifest import slack_manifest as manifest

    section = settings.chats.get("slack", SlackSettings())
    assert isinstance(section, SlackSettings)
    return manifest(section)


def discord_invite(application_id: str) -> str:
    from bot.chat.discord.permissions import discord_invite as invite

    if not application_id.isdigit():
        raise ConfigError(
            [
                f'"{application_id}" is no application id: copy the number from the '
                "application's General Information page"
            ]
        )
    return invite(application_id)
