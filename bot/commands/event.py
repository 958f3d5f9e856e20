"""event add, list and remove; goal: what the team knows and wants."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlite_utils import Database

from bot.commands import course
from bot.commands.status import panel_of, seen_events
from bot.commands.view import View, audit, find_account, names_seen
from bot.errors import CommandError
from bot.message import answers, clean, refusals
from bot.model import Caller, Message
from bot.storage import notes
from bot.storage.notes import Goal
from checks.model import Event


async def add(view: View, caller: Caller, arguments: Mapping[str, Any]) -> Message:
    return await view.context.store.write(_add, view, arguments)


async def listing(view: View, caller: Caller, arguments: Mapping[str, Any]) -> Message:
    return await view.context.store.read(_listing, view)


async def remove(view: View, caller: Caller, arguments: Mapping[str, Any]) -> Message:
    return await view.context.store.write(_remove, view, int(arguments["event"]))


async def goal(view: View, caller: Caller, arguments: Mapping[str, Any]) -> Message:
    return await view.context.store.write(_goal, view, arguments)


def _add(db: Database, view: View, arguments: Mapping[str, Any]) -> Message:
    first: date = arguments["from"]
    last: date = arguments.get("to", first)
    if last < first:
        raise CommandError(refusals.out_of_order(view.voice))
    platform, account = _about(db, view, arguments.get("about"))
    event = Event(
        name=clean(arguments["name"]),
        kind=arguments["kind"],
        start=_midnight(view, first),
        end=_midnight(view, last + timedelta(days=1)) - 1,
        platform=platform,
        account=account,
    )
    # what the operator knows at the console concerns every team
    space = None if view.console else view.space
    number = notes.add_event(db, event, space=space, by=view.caller.name, at=int(view.now))
    audit(db, view, "event add", f"{number} {event.kind} {event.name}")
    return answers.event_added(view.voice, number, event, view.now)


def _about(db: Database, view: View, text: str | None) -> tuple[str | None, str | None]:
    """A platform of visible accounts, or an account."""
    if text is None:
        return None, None
    platforms = {name.partition("/")[0] for name in names_seen(db, view)}
    if text.lower() in platforms:
        return text.lower(), None
    return None, find_account(db, view, text).account


def _midnight(view: View, day: date) -> int:
    return int(datetime.combine(day, time(), view.voice.zone).timestamp())


def _listing(db: Database, view: View) -> Message:
    own = [
        (noted.id if noted.origin == "chat" and _owns(view, noted) else None, noted.event)
        for noted in seen_events(db, view)
    ]
    return answers.event_list(view.voice, own, view.now)


def _owns(view: View, noted: notes.NotedEvent) -> bool:
    return view.console or noted.space == view.space


def _remove(db: Database, view: View, number: int) -> Message:
    if not notes.remove_event(db, number, None if view.console else view.space):
        raise CommandError(refusals.unknown_event(view.voice, number))
    audit(db, view, "event remove", str(number))
    return answers.said(view.voice, answers.REMOVED_EVENT, number=number)


def _goal(db: Database, view: View, arguments: Mapping[str, Any]) -> Message:
    known = find_account(db, view, arguments["account"])
    space = "" if view.console else view.space
    if "followers" not in arguments:
        if not notes.remove_goal(db, known.account, space):
            raise CommandError(refusals.no_goal(view.voice, known.account))
        audit(db, view, "goal", f"{known.account} removed")
        return answers.said(view.voice, answers.GOAL_REMOVED, account=clean(known.account))
    if "by" not in arguments:
        raise CommandError(refusals.no_date(view.voice))
    today = view.voice.local(view.now).date()
    if arguments["by"] <= today:
        raise CommandError(refusals.past(view.voice, arguments["by"]))
    wanted = Goal(
        account=known.account,
        followers=round(arguments["followers"]),
        by_date=arguments["by"].isoformat(),
        space=space,
        by=view.caller.name,
        at=int(view.now),
    )
    notes.set_goal(db, wanted)
    audit(db, view, "goal", f"{wanted.account} {wanted.followers} by {wanted.by_date}")
    standing = course.standing(panel_of(db, view, [known.account]), wanted, today)
    return answers.goal_set(view.voice, wanted.account, standing, view.now)
