"""Composition root: builds the parts from the config; no logic."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from bot.chat.table import CHATS
from bot.config.load import load
from bot.errors import BotError, ConfigError
from bot.model.chat import Chat, ChatSurroundings
from bot.model.observe import unobserved
from bot.model.source import Surroundings
from bot.sources.lake.settings import lakes_in
from bot.sources.table import SETTINGS, open_or_wait

if TYPE_CHECKING:
    from bot.commands.request import Context
    from bot.config.schema import Settings
    from bot.ingest.follower_lists import ListSettings
    from bot.ingest.imports import Intake
    from bot.model.command import Dispatcher
    from bot.passes.review import LakeReviewer
    from bot.review import ReviewSettings
    from bot.service.jobs import Service
    from bot.service.metrics import Meter
    from bot.service.reviewer import Reviewer
    from bot.storage.database import Store
    from checks.model import Rules, Sensitivity

Clock = Callable[[], float]
_THEMES = {name: kind.can.theme for name, kind in CHATS.items()}


def read_config(path: Path) -> Settings:
    """Raises ConfigError with all problems."""
    return load(path, SETTINGS, CHATS)


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


def open_chats(settings: Settings, world: ChatSurroundings) -> dict[str, Chat | BotError]:
    """Each chat that is on; one that lacks its token stands there with its error instead."""
    chats: dict[str, Chat | BotError] = {}
    for name, kind in CHATS.items():
        section = settings.chats.get(name) or (kind.settings() if kind.always else None)
        if section is None:
            continue
        try:
            chat = kind.open(section, world)
        except ConfigError as error:
            chats[name] = error
        else:
            chats |= {name: chat} if chat is not None else {}
    return chats


def chat_surroundings(
    settings: Settings,
    dispatcher: Dispatcher,
    environ: Mapping[str, str],
    *,
    calendar: Clock = time.time,
    typed: TextIO | None = None,
) -> ChatSurroundings:
    return ChatSurroundings(
        dispatcher=dispatcher,
        environ=environ,
        path=settings.path,
        calendar=calendar,
        wall=time.time,
        monotonic=time.monotonic,
        typed=typed,
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
    from bot.deliver import Clocks, Hooks, OutboxWorker
    from bot.deliver.operator import Operator
    from bot.ingest.imports import Intake
    from bot.ingest.poll import Feed
    from bot.service.apply_config import apply
    from bot.service.jobs import Service
    from bot.service.painter import Painter
    from bot.service.polls import Polls
    from bot.service.reviewer import Reviewer
    from bot.storage.database import Store

    async with AsyncExitStack() as stack:
        store = Store.open(settings.store_path, now=calendar())
        stack.callback(store.close)
        await apply(store, settings, int(calendar()), anew=chats)
        review_settings = _review_settings(settings)
        report = Operator(store, settings.operator, calendar)
        world = surroundings(settings, environ)
        feeds = []
        lakes = lakes_in(settings.sources)
        for section in settings.sources if sources else ():
            if section in lakes:
                continue  # it is judged where it lies
            feed = Feed(source=open_or_wait(section, world), settings=section)
            stack.push_async_callback(feed.source.close)
            feeds.append(feed)
        painter = Painter(
            store, calendar, settings.timezone, _THEMES, lambda: dispatcher.alerts_first()
        )
        meter = _meter(settings) if chats else None
        observe = meter or unobserved
        page = settings.serve.page if settings.serve else None
        hooks = Hooks(draw=painter, report=report, observe=observe, page=page)
        review = Reviewer(
            store=store,
            settings=review_settings,
            rules=lambda looks: rules_of(settings, looks=looks),
            calendar=calendar,
            queued=hooks.queued.set,
            observe=observe,
        )
        review_lakes = None
        if lakes and sources:
            review_lakes = _lake_reviewer(settings, review, report)
            stack.callback(review_lakes.close)
        list_settings = _list_settings(review_settings)
        intake = Intake(
            store=store,
            settings=settings,
            world=world,
            feeds=feeds,
            calendar=calendar,
            lists=list_settings,
            review=review,
        )
        context = _context(settings, store, review_settings, intake, calendar)
        if lakes:
            from bot.passes.lakes import lookup

            context = replace(context, beyond=lookup(settings, world, calendar))
        dispatcher = CommandDispatcher(context, COMMANDS, report)
        around = chat_surroundings(
            settings, dispatcher, environ, calendar=calendar, typed=typed
        )
        running: dict[str, Chat] = {}
        off: dict[str, str] = {}
        for name, chat in (open_chats(settings, around) if chats else {}).items():
            if isinstance(chat, BotError):
                off[name] = str(chat)
                await report(f"{name} is off: {chat}")
            else:
                running[name] = chat
                stack.push_async_callback(chat.close)
        service = Service(
            store=store,
            review_settings=review_settings,
            list_settings=list_settings,
            review=review,
            lakes=lakes,
            review_lakes=review_lakes,
            context=context,
            dispatcher=dispatcher,
            intake=intake,
            chats=running,
            worker=OutboxWorker(
                store,
                running,
                voices=message,
                access=review_settings.access,
                clocks=Clocks(calendar=calendar, wall=time.time, monotonic=time.monotonic),
                hooks=hooks,
            ),
            feeds=feeds,
            calendar=calendar,
            report=report,
            keep=settings.keep,
            tags=settings.tags,
            started=calendar(),
            off=off,
            polls=Polls(time.monotonic, observe=observe),
            meter=meter,
        )
        stack.push_async_callback(service.polls.close)
        await service.remember()
        yield service


def _lake_reviewer(
    settings: Settings, review: Reviewer, report: Callable[[str], Awaitable[None]]
) -> LakeReviewer:
    from bot.passes.lakes import open_lakes
    from bot.passes.review import LakeReviewer

    lakes, engine = open_lakes(settings)
    return LakeReviewer(
        store=review.store,
        settings=review.settings,
        lakes=lakes,
        kept=engine,
        calendar=review.calendar,
        queued=review.queued,
        report=report,
    )


def _meter(settings: Settings) -> Meter | None:
    """Counts only where somebody reads the numbers."""
    if settings.serve is None:
        return None
    from bot.service.metrics import Meter

    return Meter()


def _review_settings(settings: Settings) -> ReviewSettings:
    from bot import message
    from bot.review import ReviewSettings
    from bot.storage.access import AccessPolicy

    return ReviewSettings(
        rules=rules_of(settings),
        access=AccessPolicy(
            settings.walls,
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


def rules_of(
    settings: Settings, sensitivity: Sensitivity | None = None, looks: int = 1
) -> Rules:
    """The config's rules, or what they are at another sensitivity."""
    from checks.rules import rules_for

    return rules_for(
        sensitivity or settings.checks.sensitivity,
        min_percent=settings.checks.min_percent,
        min_count=settings.checks.min_count,
        looks=looks,
    )


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
        rules=lambda sensitivity: rules_of(settings, sensitivity),
        sensitivity=settings.checks.sensitivity,
        import_files=intake.import_files,
        look=intake.look,
        access=review_settings.access,
        route=lambda db, now, ids: reroute(db, review_settings, int(now), ids),
        spaces={
            space.id: Space(id=space.id, managers=frozenset(space.manager_roles))
            for space in settings.spaces
        },
        public_url=settings.serve.page if settings.serve else None,
        timezone=settings.timezone,
        locale=settings.locale,
        themes=_THEMES,
    )
