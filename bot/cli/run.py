"""The service as a process: started, live or replaying, and ended."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from datetime import UTC, datetime
from datetime import time as time_of_day
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bot import app

if TYPE_CHECKING:
    from aiohttp.web import Application
    from sqlite_utils import Database

    from bot.config.schema import Settings
    from bot.model.message import Message
    from bot.service.jobs import Service
    from bot.sources.recorded import RecordedSource

_END_SECONDS = 4.0
_HOUR = 3600
_SWITCH_SECONDS = 0.0005
log = logging.getLogger(__name__)


async def run(
    settings: Settings,
    *,
    greet: Callable[[Path | None], None],
    verbose: bool = False,
    environ: Mapping[str, str] = os.environ,
) -> None:
    """The service: until SIGTERM, SIGINT or a fatal error.

    `greet` is called once nothing else serves this database, with the file that log lines go
    to: beside the database where a person sits at a prompt, unless `verbose` wants them there.
    """
    from bot.config.secrets import known_secrets
    from bot.service.log import start_logging
    from bot.storage.single import only_service

    known = known_secrets(settings, environ)
    # a review computes in a thread: without this a command waits tens of switches for its turn
    sys.setswitchinterval(_SWITCH_SECONDS)
    path = settings.store_path
    path.parent.mkdir(parents=True, exist_ok=True)
    with only_service(path), ExitStack() as stack:
        prompts = sys.stdin.isatty() and sys.stderr.isatty() and not verbose
        file = path.with_suffix(".log") if prompts else None
        stream = stack.enter_context(file.open("a", encoding="utf-8")) if file else sys.stderr
        start_logging(stream, form=settings.log.format, level=settings.log.level, secrets=known)
        greet(file)
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
    from bot.service.jobs import until_cancelled
    from bot.service.schedule import LiveSchedule

    async with app.opened(settings, environ=environ, chats=True, typed=sys.stdin) as service:
        schedule = LiveSchedule(
            service.jobs(), now=time.time, sleep=asyncio.sleep, chance=random.Random()
        )
        async with served(settings, service):
            log.info("ready", extra={"sources": len(service.feeds)})
            schedule.start()
            try:
                await until_cancelled(service.tasks())
            finally:
                schedule.stop()


async def _replay(settings: Settings, environ: Mapping[str, str]) -> None:
    """Feeds the past as if it arrived now, into a store made new, then keeps answering."""
    from dataclasses import replace

    from bot.chat.console.adapter import ConsoleChat
    from bot.service.jobs import until_cancelled
    from bot.service.schedule import Calendar
    from bot.service.schedule import replay as drive
    from bot.sources.recorded import RecordedSource
    from bot.storage.single import real_path

    path = real_path(settings.store_path)
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    first = min(source.replay_from for source in settings.sources if source.replay_from)
    start = datetime.combine(first, time_of_day(), ZoneInfo(settings.timezone)).timestamp()
    calendar = Calendar(start)
    async with app.opened(
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
            console = service.chats.get("console")
            if isinstance(console, ConsoleChat):
                await console.show(await service.store.read(_replayed, settings))
            log.info("the replay is over; commands are still answered")
            await service.worker.run()

        async with served(settings, service):
            tasks = [asyncio.create_task(chat.run()) for chat in service.chats.values()]
            await until_cancelled([*tasks, asyncio.create_task(all_of_it())])


def _replayed(db: Database, settings: Settings) -> Message:
    from bot.message import voice_for
    from bot.message.welcome import replay_over
    from bot.storage import accounts, incidents

    told = [
        stored.incident
        for stored in incidents.listing(db)
        if stored.incident.alerted_at is not None and stored.silent is None
    ]
    voice = voice_for(settings.locale, settings.timezone)
    return replay_over(voice, told, len(accounts.listing(db)))


def replay_moments(recorded: Sequence[RecordedSource], start: float) -> list[int]:
    """The full hours from `start` on at which something new is polled.

    A day that ended at the reading itself would lose the one that came a second later the day
    before: sources are not that punctual.
    """
    return sorted({at - at % -_HOUR for source in recorded for at in source.moments(start)})


@asynccontextmanager
async def served(settings: Settings, service: Service) -> AsyncIterator[str | None]:
    """Answers over HTTP while entered, where the config says so; gives the address."""
    if settings.serve is None:
        yield None
        return
    from bot.service.health import serve

    page = _page(settings, service) if settings.serve.web else None
    async with serve(
        settings.serve.listen,
        service.conditions,
        service.numbers,
        page,
        service.meter.text if service.meter else bytes,
    ) as address:
        log.info("listening", extra={"address": address})
        yield address


def _page(settings: Settings, service: Service) -> Application:
    from bot.message import voice_for
    from bot.web.access import Access, Door
    from bot.web.members import Members
    from bot.web.site import site
    from bot.web.tries import Tries

    context = service.context
    access = Access(
        service.store,
        service.dispatcher,
        Members(service.chats, service.calendar),
        Tries(service.calendar, settings.serve.proxies if settings.serve else ()),
        Door(
            now=service.calendar,
            draw_token=context.draw_token,
            secure=(context.public_url or "").startswith("https:"),
        ),
    )
    return site(access, service.dispatcher, voice_for(settings.locale, settings.timezone))
