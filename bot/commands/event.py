"""event add, list and remove; goal: what the team knows and wants."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlite_utils import Database

from bot.commands import progress
from bot.commands.request import Request, find_account, names_seen, write_down
from bot.commands.status import panel_of, seen_events
from bot.errors import CommandError
from bot.message import one_line, refusals, replies
from bot.model.command import Caller
from bot.model.message import Message
from bot.storage import events, goals
from bot.storage.goals import Goal
from checks.model import Event


async def add(request: Request, caller: Caller, arguments: Mapping[str, Any]) -> Message:
    return await request.context.store.write(_add, request, arguments)


async def listing(request: Request, caller: Caller, arguments: Mapping[str, Any]) -> Message:
    return await request.context.store.read(_listing, request)


async def remove(request: Request, caller: Caller, arguments: Mapping[str, Any]) -> Message:
    return await request.context.store.write(_remove, request, int(arguments["event"]))


async def goal(request: Request, caller: Caller, arguments: Mapping[str, Any]) -> Message:
    return await request.context.store.write(_goal, request, arguments)


def _add(db: Database, request: Request, arguments: Mapping[str, Any]) -> Message:
    first: date = arguments["from"]
    last: date = arguments.get("to", first)
    if last < first:
        raise CommandError(refusals.out_of_order(request.voice))
    platform, account = _about(db, request, arguments.get("about"))
    event = Event(
        name=one_line(arguments["name"]),
        kind=arguments["kind"],
        start=_midnight(request, first),
        end=_midnight(request, last + timedelta(days=1)) - 1,
        platform=platform,
        account=account,
    )
    # what the operator knows at the console concerns every team
    space = None if request.console else request.space
    number = events.add(db, event, space=space, by=request.caller.name, at=int(request.now))
    write_down(db, request, "event add", f"{number} {event.kind} {event.name}")
    return replies.event_added(request.voice, number, event, request.now)


def _about(db: Database, request: Request, text: str | None) -> tuple[str | None, str | None]:
    """A platform of visible accounts, or an account."""
    if text is None:
        return None, None
    platforms = {name.partition("/")[0] for name in names_seen(db, request)}
    if text.lower() in platforms:
        return text.lower(), None
    return None, find_account(db, request, text).account


def _midnight(request: Request, day: date) -> int:
    return int(datetime.combine(day, time(), request.voice.zone).timestamp())


def _listing(db: Database, request: Request) -> Message:
    own = [
        (noted.id if noted.origin == "chat" and _owns(request, noted) else None, noted.event)
        for noted in seen_events(db, request)
    ]
    return replies.event_list(request.voice, own, request.now)


def _owns(request: Request, noted: events.NotedEvent) -> bool:
    return request.console or noted.space == request.space


def _remove(db: Database, request: Request, number: int) -> Message:
    if not events.remove(db, number, None if request.console else request.space):
        raise CommandError(refusals.unknown_event(request.voice, number))
    write_down(db, request, "event remove", str(number))
    return replies.said(request.voice, replies.REMOVED_EVENT, number=number)


def _goal(db: Database, request: Request, arguments: Mapping[str, Any]) -> Message:
    known = find_account(db, request, arguments["account"])
    space = "" if request.console else request.space
    if "followers" not in arguments:
        if not goals.remove(db, known.account, space):
            raise CommandError(refusals.no_goal(request.voice, known.account))
        write_down(db, request, "goal", f"{known.account} removed")
        return replies.said(
            request.voice, replies.GOAL_REMOVED, account=request.voice.account(known.account)
        )
    if "by" not in arguments:
        raise CommandError(refusals.no_date(request.voice))
    today = request.voice.local(request.now).date()
    if arguments["by"] <= today:
        raise CommandError(refusals.past(request.voice, arguments["by"]))
    wanted = Goal(
        account=known.account,
        followers=round(arguments["followers"]),
        by_date=arguments["by"].isoformat(),
        space=space,
        by=request.caller.name,
        at=int(request.now),
    )
    goals.put(db, wanted)
    write_down(db, request, "goal", f"{wanted.account} {wanted.followers} by {wanted.by_date}")
    goal_progress = progress.goal_progress(
        panel_of(db, request, [known.account]), wanted, today
    )
    return replies.goal_set(request.voice, wanted.account, goal_progress, request.now)
