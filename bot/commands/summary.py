"""summary: the same message that a channel gets at its own hour."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sqlite_utils import Database

from bot.commands import progress
from bot.commands.request import EVERYTHING, Context, Request, as_alert, look, visible
from bot.commands.status import (
    deadlines,
    failing,
    faults_of,
    in_force,
    open_alerts,
    panel_of,
    seen_goals,
)
from bot.message import Silent, Summary, voice_for
from bot.message import summary as summary_message
from bot.message.notice import NAMED
from bot.message.progress import AccountProgress
from bot.message.summary import Period, report_picture
from bot.model.command import Caller
from bot.model.message import Message
from bot.model.reading import DAY
from bot.storage import accounts, channels, incidents, notices
from bot.storage.accounts import AccountRow
from bot.storage.channels import Channel
from bot.storage.incidents import Stored
from checks.panel.panel import Panel

DAYS: Mapping[Period, int] = {"day": 1, "week": 7, "month": 30}
_LATE = 2 * DAY


async def summary(request: Request, caller: Caller, arguments: Mapping[str, Any]) -> Message:
    period: Period = arguments.get("period", "week")
    made = await look(request, _summary, period, EVERYTHING)
    if made.chart is None or made.chart.report is None:
        return made
    drawn = await asyncio.to_thread(
        report_picture, request.voice, made.chart.report, request.theme
    )
    return replace(made, picture=drawn)


async def due_summary(
    context: Context, channel: Channel, period: Period, now: float
) -> Message:
    """What a channel is due at `now`, worked out by a reader: the writer is not held up."""
    request = Request(
        context=context,
        caller=Caller(
            platform=channel.channel.partition(":")[0],
            space=channel.space,
            channel=channel.channel,
            user="",
            name="",
        ),
        space=channel.space,
        patterns=context.access.patterns(channel.space),
        voice=voice_for(
            channel.locale, channel.timezone, await context.store.read(accounts.names)
        ),
        now=now,
    )
    return await look(request, _heard_summary, channel, period)


def _heard_summary(db: Database, request: Request, channel: Channel, period: Period) -> Message:
    """About the accounts the channel subscribes to; all it may see where there are none."""
    heard = tuple(
        pattern
        for subscription in channels.subscriptions(db, channel.channel)
        for pattern in subscription.accounts
    )
    return _summary(db, request, period, heard or EVERYTHING)


def _summary(db: Database, request: Request, period: Period, heard: tuple[str, ...]) -> Message:
    days = DAYS[period]
    seen = [
        known
        for known in visible(db, request)
        if accounts.matches(heard, known.account, known.words)
    ]
    names = {known.account for known in seen}
    panel = panel_of(db, request, sorted(names), max(5 * days + 8, 16))
    start = request.now - days * DAY
    past = incidents.listing(db, request.patterns, since=int(start) - 14 * DAY)
    own = [one for one in past if one.incident.account in names]
    late = [
        as_alert(db, request, one)
        for one in own
        if one.seen_at >= start
        and one.silent is None
        and one.seen_at - (one.incident.alerted_at or one.seen_at) >= _LATE
    ]
    lost = {str(notice.account) for notice in in_force(db, request)}
    told = [one for one in own if one.silent is None]
    returned = sum(_came_back(one, start) for one in own)
    what = Summary(
        period=period,
        start=start,
        end=request.now,
        accounts=[
            progress.account_progress(panel, known.account, days, known.last_reading)
            for known in seen
        ],
        open=[alert for alert in open_alerts(db, request) if alert.incident.account in names],
        late=late,
        returned=returned,
        stale=_stale(db, request, seen),
        faults=[line for name in sorted(names & lost) for line in faults_of(db, request, name)],
        goals=[one for one in seen_goals(db, request) if one.account in names],
        deadlines=deadlines(db, request),
        opened=sum((one.incident.alerted_at or 0) >= start for one in told),
        closed=[
            as_alert(db, request, one)
            for one in told
            if (one.incident.resolved_at or 0) >= start and one.incident.kind != "glitch"
        ],
        milestones=[
            notice
            for notice in notices.since(db, int(start), "milestone")
            if notice.account in names
        ],
        changes=_changes(panel, days),
    )
    if days == 1:
        what = replace(what, accounts=[_day(panel, one.account, one) for one in what.accounts])
    return summary_message(request.voice, what, request.now)


def _changes(panel: Panel, days: int) -> list[tuple[int, float | None]]:
    """The change of all accounts in each of the last days; None where nothing was read."""
    followers = panel.metrics["followers"]
    steps = np.diff(followers, axis=1)[:, -days:]
    sums = np.where(np.isnan(steps).all(axis=0), np.nan, np.nansum(steps, axis=0))
    return [
        (int(at), None if np.isnan(change) else float(change))
        for at, change in zip(panel.ends[-len(sums) :], sums, strict=True)
    ]


def _came_back(one: Stored, start: float) -> bool:
    ended = one.incident.resolved_at
    told = one.incident.kind == "glitch" and ended is not None and ended >= start
    return told or (one.silent == "returned" and one.seen_at >= start)


def _day(panel: Panel, account: str, whole: AccountProgress) -> AccountProgress:
    """One day's change with the course of the two weeks before it."""
    day = progress.account_progress(panel, account, 1, whole.last_reading)
    return replace(day, values=progress.account_progress(panel, account, 14, None).values)


def _stale(db: Database, request: Request, seen: Sequence[AccountRow]) -> list[Silent]:
    """Sources in trouble, and what a notice still in force calls stale: a source at once where
    more of its accounts are silent than one would name."""
    broken = failing(db, request)
    quiet = [Silent(row.name, row.last_success) for row in broken]
    told = {
        row["account"]
        for row in notices.listing(db, 0)
        if row["kind"] == "stale" and row["over_at"] is None
    }
    silent: dict[str | None, list[AccountRow]] = defaultdict(list)
    for known in seen:
        if known.account in told and known.source not in {row.name for row in broken}:
            silent[known.source].append(known)
    for source, group in silent.items():
        if source is not None and len(group) > NAMED:
            newest = max(known.last_reading or 0 for known in group)
            quiet.append(Silent(source, newest, len(group)))
        else:
            quiet += [Silent(known.account, known.last_reading) for known in group]
    return quiet
