"""Composition root: builds the parts from the config, starts and stops them; no logic."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import random
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from datetime import time as time_of_day
from pathlib import Path
from typing import TYPE_CHECKING, TextIO
from zoneinfo import ZoneInfo

from bot import config
from bot.chat.settings import ConsoleSettings, DiscordSettings, SlackSettings
from bot.errors import BotError, ConfigError
from bot.model import Chat, Desk, Message, Surroundings
from bot.settings import Section, SourceSettings, secret
from bot.sources.table import SETTINGS, open_source

if TYPE_CHECKING:
    from sqlite_utils import Database

    from bot.config import Settings
    from bot.review import Ground
    from bot.service import Service
    from bot.sources.recorded import RecordedSource
    from bot.storage.database import Store
    from checks.model import Rules, Sensitivity

Clock = Callable[[], float]
_END_SECONDS = 4.0
_HOUR = 3600
_SWITCH_SECONDS = 0.0005
log = logging.getLogger(__name__)

CHATS: Mapping[str, type[Section]] = {
    "discord": DiscordSettings,
    "slack": SlackSettings,
    "console": ConsoleSettings,
}


def read_config(path: Path) -> Settings:
    """Raises ConfigError, also where a language has no catalogue."""
    from bot.locales import languages

    settings = config.load(path, SETTINGS, CHATS)
    named = {"locale": settings.locale} | {
        f"channels[{number}].locale": entry.locale
        for number, entry in enumerate(settings.channels)
        if entry.locale
    }
    problems = [
        f'{key}: "{locale}" is not spoken here; use one of {", ".join(languages())}'
        for key, locale in named.items()
        if locale.replace("-", "_").split("_")[0] not in languages()
    ]
    problems += _cron_problems(settings)
    if problems:
        raise ConfigError(problems)
    return settings


def _cron_problems(settings: Settings) -> list[str]:
    """Asks the scheduler itself, and only where there is something to ask."""
    problems = []
    for source in settings.sources:
        if source.cron is not None:
            from bot.schedule import check_cron

            try:
                check_cron(source.cron)
            except ConfigError as error:
                problems.append(f'sources "{source.name}", cron: {error}')
    return problems


def database_path(settings: Settings) -> Path:
    """A replay has a store of its own, so that it never mixes with the real one."""
    path = settings.path(settings.database)
    return path.with_name(f"{path.stem}.replay.db") if settings.replays else path


def surroundings(settings: Settings, environ: Mapping[str, str]) -> Surroundings:
    from bot.sources.names import KEY_FILE, ensure_key

    secrets = settings.path(settings.secrets)
    return Surroundings(
        root=settings.root,
        secrets=str(secrets),
        hash_key=lambda: ensure_key(secrets / KEY_FILE, os.urandom),
        monotonic=time.monotonic,
        sleep=asyncio.sleep,
        environ=environ,
    )


def handles_of(section: SourceSettings) -> tuple[str, ...] | None:
    """The accounts that the config names; None where the source knows its accounts itself.

    Beside `handles`, `own` and `accounts` name accounts by what opens them.
    """
    handles = getattr(section, "handles", None)
    if handles is None or "{handle}" not in getattr(section, "url", "{handle}"):
        return None
    keyed = [*getattr(section, "own", ()), *getattr(section, "accounts", ())]
    return tuple(dict.fromkeys([*handles, *keyed]))


def open_chats(
    settings: Settings,
    environ: Mapping[str, str],
    desk: Desk,
    *,
    calendar: Clock = time.time,
    out: TextIO | None = None,
    typed: TextIO | None = None,
) -> dict[str, Chat | BotError]:
    """Each chat that is on; one that lacks its token stands there with its error instead."""
    chats: dict[str, Chat | BotError] = {}
    for name, section in settings.chats.items():
        try:
            if isinstance(section, DiscordSettings):
                chats[name] = _open_discord(section, settings, environ, desk)
            elif isinstance(section, SlackSettings):
                chats[name] = _open_slack(section, settings, environ, desk)
        except ConfigError as error:
            chats[name] = error
    console = settings.chats.get("console", ConsoleSettings())
    if isinstance(console, ConsoleSettings) and console.enabled:
        from bot.chat.console import ConsoleChat

        file = settings.path(console.file) if console.file else None
        chats["console"] = ConsoleChat(
            desk,
            out=file or out or sys.stdout,
            input=typed,
            pictures=settings.path(console.charts),
            calendar=calendar,
        )
    return chats


def _open_discord(
    section: DiscordSettings, settings: Settings, environ: Mapping[str, str], desk: Desk
) -> Chat:
    token = secret(
        environ,
        env=section.token_env,
        file=section.token_file,
        root=settings.root,
        what="discord.token",
    )
    from bot.chat.discord import DiscordChat

    return DiscordChat(section, token, desk, wall=time.time, monotonic=time.monotonic)


def _open_slack(
    section: SlackSettings, settings: Settings, environ: Mapping[str, str], desk: Desk
) -> Chat:
    from bot.chat.slack import SlackChat
    from bot.chat.slack_tokens import SlackTokens

    tokens = SlackTokens.read(section, environ, settings.root)
    return SlackChat(section, tokens, desk, wall=time.time, monotonic=time.monotonic)


def _ground(settings: Settings) -> Ground:
    from bot import message
    from bot.review import Ground
    from bot.storage.accounts import Walls

    return Ground(
        rules=_rules(settings, settings.checks.sensitivity),
        walls=Walls({space.id: space.accounts for space in settings.spaces}),
        voices=message,
        timezone=settings.timezone,
        news=int(settings.checks.news.total_seconds()),
    )


def _rules(settings: Settings, sensitivity: Sensitivity, looks: int = 1) -> Rules:
    from checks.rules import rules_for

    return rules_for(
        sensitivity,
        min_percent=settings.checks.min_percent,
        min_count=settings.checks.min_count,
        looks=looks,
    )


@asynccontextmanager
async def opened(
    settings: Settings,
    *,
    environ: Mapping[str, str] = os.environ,
    calendar: Clock = time.time,
    sources: bool = True,
    chats: bool = False,
    typed: TextIO | None = None,
) -> AsyncIterator[Service]:
    """Every part, built and connected to the store; nothing runs yet.

    `sources` and `chats` False leave those out, for commands that need neither.
    """
    from bot import message
    from bot.commands.table import COMMANDS
    from bot.commands.view import Context, Space
    from bot.configure import apply
    from bot.deliver import Clocks, Courier
    from bot.desk import CommandDesk
    from bot.intake import Intake
    from bot.review import reroute
    from bot.service import Feed, Painter, Service
    from bot.storage.database import Store

    async with AsyncExitStack() as stack:
        store = Store.open(database_path(settings), now=calendar())
        stack.callback(store.close)
        await apply(store, settings, int(calendar()), anew=chats)
        ground = _ground(settings)
        report = Operator(store, settings.operator, calendar)
        world = surroundings(settings, environ)
        feeds = []
        for section in settings.sources if sources else ():
            source = open_source(section, world)
            stack.push_async_callback(source.close)
            feeds.append(Feed(source=source, settings=section, handles=handles_of(section)))
        intake = Intake(store, settings, world, feeds, calendar)
        context = Context(
            store=store,
            now=calendar,
            rules=lambda sensitivity: _rules(settings, sensitivity),
            sensitivity=settings.checks.sensitivity,
            import_files=intake.import_files,
            look=intake.look,
            route=lambda db, now, ids: reroute(db, ground, int(now), ids),
            spaces={
                space.id: Space(
                    id=space.id,
                    accounts=space.accounts,
                    managers=frozenset(space.manager_roles),
                    max_accounts=space.max_accounts,
                )
                for space in settings.spaces
            },
            timezone=settings.timezone,
            locale=settings.locale,
        )
        desk = CommandDesk(context, COMMANDS, report)
        there = (
            open_chats(settings, environ, desk, calendar=calendar, typed=typed) if chats else {}
        )
        for name, chat in there.items():
            if isinstance(chat, BotError):
                await report(f"{name} is off: {chat}")
            else:
                stack.push_async_callback(chat.close)
        running = {name: chat for name, chat in there.items() if not isinstance(chat, BotError)}
        off = {name: str(chat) for name, chat in there.items() if isinstance(chat, BotError)}
        courier = Courier(
            store,
            running,
            voices=message,
            walls=ground.walls,
            clocks=Clocks(calendar=calendar, wall=time.time, monotonic=time.monotonic),
            draw=Painter(store, calendar, settings.timezone),
            report=report,
        )
        service = Service(
            store=store,
            ground=ground,
            context=context,
            desk=desk,
            intake=intake,
            chats=running,
            courier=courier,
            feeds=feeds,
            calendar=calendar,
            report=report,
            keep=settings.keep,
            tags=settings.tags,
            started=calendar(),
            off=off,
            rules=lambda looks: _rules(settings, settings.checks.sensitivity, looks),
        )
        intake.review = service.review
        yield service


class Operator:
    """Tells the operator once: in the log, and in the operator's channel where there is one."""

    def __init__(self, store: Store, channel: str | None, calendar: Clock) -> None:
        self._store, self._channel, self._calendar = store, channel, calendar

    async def __call__(self, problem: str) -> None:
        from bot.storage import channels, outbox

        log.warning("operator", extra={"said": problem})
        if self._channel is None:
            return
        now, channel = self._calendar(), self._channel
        day = datetime.fromtimestamp(now, UTC).date()
        digest = hashlib.blake2b(problem.encode(), digest_size=8).hexdigest()

        def work(db: Database) -> None:
            known = channels.get(db, channel)
            outbox.queue(
                db,
                key=f"operator:{day}:{digest}",
                channel=channel,
                space=known.space if known else "",
                kind="operator",
                message=Message(title="ebbwatch needs a look", text=problem),
                now=now,
            )

        await self._store.write(work)


async def run(
    settings: Settings,
    *,
    greet: Callable[[], None],
    environ: Mapping[str, str] = os.environ,
) -> None:
    """The service: until SIGTERM, SIGINT or a fatal error.

    `greet` is called once nothing else serves this database.
    """
    from bot.log import start_logging
    from bot.storage.single import only_service

    known = [environ.get(name, "") for name in environ if name.endswith(("TOKEN", "SECRET"))]
    start_logging(sys.stderr, form=settings.log.format, level=settings.log.level, secrets=known)
    # a review computes in a thread: without this a command waits tens of switches for its turn
    sys.setswitchinterval(_SWITCH_SECONDS)
    path = database_path(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    with only_service(path):
        greet()
        work = _replay if settings.replays else _live
        task = asyncio.create_task(work(settings, environ))
        loop = asyncio.get_running_loop()

        def end() -> None:
            task.cancel()
            # everything that counts is on disk already: rather cut off than hang
            loop.call_later(_END_SECONDS, os._exit, 0)

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, end)
        try:
            await task
        except asyncio.CancelledError:
            log.info("stopped")


async def _live(settings: Settings, environ: Mapping[str, str]) -> None:
    from bot.schedule import LiveSchedule
    from bot.service import until_cancelled

    async with opened(settings, environ=environ, chats=True, typed=sys.stdin) as service:
        schedule = LiveSchedule(
            service.jobs(), now=time.time, sleep=asyncio.sleep, chance=random.Random()
        )
        async with _served(settings, service):
            log.info("ready", extra={"sources": len(service.feeds)})
            schedule.start()
            try:
                await until_cancelled(service.tasks())
            finally:
                schedule.stop()


async def _replay(settings: Settings, environ: Mapping[str, str]) -> None:
    """Feeds the past as if it arrived now, into a store made new, then keeps answering."""
    from dataclasses import replace

    from bot.schedule import Calendar
    from bot.schedule import replay as drive
    from bot.service import until_cancelled
    from bot.sources.recorded import RecordedSource

    path = database_path(settings)
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    first = min(source.replay_from for source in settings.sources if source.replay_from)
    start = datetime.combine(first, time_of_day(), ZoneInfo(settings.timezone)).timestamp()
    calendar = Calendar(start)
    async with opened(
        settings, environ=environ, calendar=calendar, chats=True, typed=sys.stdin
    ) as service:
        recorded = [RecordedSource(feed.source) for feed in service.feeds]
        service.feeds = [
            replace(feed, source=source)
            for feed, source in zip(service.feeds, recorded, strict=True)
        ]
        for source in recorded:
            await source.load()

        async def all_of_it() -> None:
            await service.take_history()
            moments = replay_moments(recorded, start)
            await drive(
                await service.replay_jobs(),
                [(datetime.fromtimestamp(at, UTC), service.replay_poll) for at in moments],
                calendar,
                speed=settings.sources[0].replay_speed,
                sleep=asyncio.sleep,
            )
            log.info("the replay is over; commands are still answered")
            await service.courier.run()

        async with _served(settings, service):
            tasks = [asyncio.create_task(chat.run()) for chat in service.chats.values()]
            await until_cancelled([*tasks, asyncio.create_task(all_of_it())])


def replay_moments(recorded: Sequence[RecordedSource], start: float) -> list[int]:
    """The full hours from `start` on at which something new is polled.

    A day that ended at the reading itself would lose the one that came a second later the day
    before: sources are not that punctual.
    """
    return sorted({at - at % -_HOUR for source in recorded for at in source.moments(start)})


@asynccontextmanager
async def _served(settings: Settings, service: Service) -> AsyncIterator[None]:
    if settings.serve is None:
        yield
        return
    from bot.serve import serve

    async with serve(settings.serve.listen, service.conditions, service.numbers) as address:
        log.info("listening", extra={"address": address})
        yield
