"""Composition root: builds the parts from the config; no logic."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from bot.chat.settings import ConsoleSettings, DiscordSettings, SlackSettings
from bot.config.load import load
from bot.config.settings import Section, SourceSettings, secret
from bot.errors import BotError, ConfigError
from bot.model.chat import Chat
from bot.model.command import Dispatcher
from bot.model.message import Message
from bot.model.source import Surroundings
from bot.sources.table import SETTINGS, open_or_wait

if TYPE_CHECKING:
    from sqlite_utils import Database

    from bot.commands.request import Context
    from bot.config.load import Settings
    from bot.ingest.follower_lists import ListSettings
    from bot.ingest.imports import Intake
    from bot.review import ReviewSettings
    from bot.service.jobs import Service
    from bot.storage.database import Store
    from checks.model import Rules, Sensitivity

Clock = Callable[[], float]
log = logging.getLogger(__name__)

CHATS: Mapping[str, type[Section]] = {
    "discord": DiscordSettings,
    "slack": SlackSettings,
    "console": ConsoleSettings,
}


def read_config(path: Path) -> Settings:
    """Raises ConfigError, also where a language has no catalogue."""
    from bot.locales import languages

    settings = load(path, SETTINGS, CHATS)
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
            from bot.service.schedule import check_cron

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
    dispatcher: Dispatcher,
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
                chats[name] = _open_discord(section, settings, environ, dispatcher)
            elif isinstance(section, SlackSettings):
                chats[name] = _open_slack(section, settings, environ, dispatcher)
        except ConfigError as error:
            chats[name] = error
    console = settings.chats.get("console", ConsoleSettings())
    if isinstance(console, ConsoleSettings) and console.enabled:
        from bot.chat.console.adapter import ConsoleChat

        file = settings.path(console.file) if console.file else None
        chats["console"] = ConsoleChat(
            dispatcher,
            out=file or out or sys.stdout,
            input=typed,
            pictures=settings.path(console.charts),
            calendar=calendar,
        )
    return chats


def _open_discord(
    section: DiscordSettings,
    settings: Settings,
    environ: Mapping[str, str],
    dispatcher: Dispatcher,
) -> Chat:
    token = secret(
        environ,
        env=section.token_env,
        file=section.token_file,
        root=settings.root,
        what="discord.token",
    )
    from bot.chat.discord.adapter import DiscordChat

    return DiscordChat(section, token, dispatcher, wall=time.time, monotonic=time.monotonic)


def _open_slack(
    section: SlackSettings,
    settings: Settings,
    environ: Mapping[str, str],
    dispatcher: Dispatcher,
) -> Chat:
    from bot.chat.slack.adapter import SlackChat
    from bot.chat.slack.tokens import SlackTokens

    tokens = SlackTokens.read(section, environ, settings.root)
    return SlackChat(section, tokens, dispatcher, wall=time.time, monotonic=time.monotonic)


def _review_settings(settings: Settings) -> ReviewSettings:
    from bot import message
    from bot.review import ReviewSettings
    from bot.storage.access import AccessPolicy

    return ReviewSettings(
        rules=_rules(settings, settings.checks.sensitivity),
        access=AccessPolicy(
            {space.id: space.accounts for space in settings.spaces},
            limits={space.id: space.max_accounts for space in settings.spaces},
            tags=settings.tags,
        ),
        voices=message,
        timezone=settings.timezone,
        news=int(settings.checks.news.total_seconds()),
    )


def _list_settings(review: ReviewSettings) -> ListSettings:
    """Lists are judged by the rules of the reviews, and by the events that they may name."""
    from bot.ingest.follower_lists import ListSettings
    from bot.review import events_known

    return ListSettings(
        rules=review.rules,
        access=review.access,
        timezone=review.timezone,
        events=lambda db: events_known(db, review),
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
    from bot.commands.dispatch import CommandDispatcher
    from bot.commands.table import COMMANDS
    from bot.deliver import Clocks, OutboxWorker
    from bot.ingest.imports import Intake
    from bot.service.apply_config import apply
    from bot.service.jobs import Feed, Painter, Service
    from bot.storage.database import Store

    async with AsyncExitStack() as stack:
        store = Store.open(database_path(settings), now=calendar())
        stack.callback(store.close)
        await apply(store, settings, int(calendar()), anew=chats)
        review_settings = _review_settings(settings)
        report = Operator(store, settings.operator, calendar)
        world = surroundings(settings, environ)
        feeds = []
        for section in settings.sources if sources else ():
            source = open_or_wait(section, world)
            stack.push_async_callback(source.close)
            feeds.append(Feed(source=source, settings=section, handles=handles_of(section)))
        list_settings = _list_settings(review_settings)
        intake = Intake(store, settings, world, feeds, calendar, list_settings)
        context = _context(settings, store, review_settings, intake, calendar)
        dispatcher = CommandDispatcher(context, COMMANDS, report)
        there = (
            open_chats(settings, environ, dispatcher, calendar=calendar, typed=typed)
            if chats
            else {}
        )
        for name, chat in there.items():
            if isinstance(chat, BotError):
                await report(f"{name} is off: {chat}")
            else:
                stack.push_async_callback(chat.close)
        running = {name: chat for name, chat in there.items() if not isinstance(chat, BotError)}
        off = {name: str(chat) for name, chat in there.items() if isinstance(chat, BotError)}
        worker = OutboxWorker(
            store,
            running,
            voices=message,
            access=review_settings.access,
            clocks=Clocks(calendar=calendar, wall=time.time, monotonic=time.monotonic),
            draw=Painter(store, calendar, settings.timezone),
            report=report,
        )
        service = Service(
            store=store,
            review_settings=review_settings,
            list_settings=list_settings,
            context=context,
            dispatcher=dispatcher,
            intake=intake,
            chats=running,
            worker=worker,
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
        stack.push_async_callback(service.polls.close)
        await service.remember()
        yield service


def _context(
    settings: Settings,
    store: Store,
    review_settings: ReviewSettings,
    intake: Intake,
    calendar: Clock,
) -> Context:
    from bot.commands.request import Context, Space
    from bot.review import reroute

    return Context(
        store=store,
        now=calendar,
        rules=lambda sensitivity: _rules(settings, sensitivity),
        sensitivity=settings.checks.sensitivity,
        import_files=intake.import_files,
        look=intake.look,
        access=review_settings.access,
        route=lambda db, now, ids: reroute(db, review_settings, int(now), ids),
        spaces={
            space.id: Space(id=space.id, managers=frozenset(space.manager_roles))
            for space in settings.spaces
        },
        timezone=settings.timezone,
        locale=settings.locale,
    )


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
