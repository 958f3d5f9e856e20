"""status and accounts: how things stand."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlite_utils import Database

from bot.commands import progress
from bot.commands.beyond import beyond
from bot.commands.request import (
    Request,
    as_alert,
    find_account,
    look,
    names_seen,
    sees,
    visible,
)
from bot.errors import CommandError
from bot.message import refusals
from bot.message import status as status_message
from bot.message.kinds import KINDS, NOTICES, worst_first
from bot.message.notice import standing
from bot.message.progress import AccountProgress, Deadline, GoalProgress, concerns, deadline_of
from bot.message.status import AccountLook, Churn
from bot.model.command import Caller
from bot.model.message import Alert, Message
from bot.model.reading import DAY
from bot.storage import accounts, events, goals, incidents, lists, notices, readings, sources
from bot.storage.sources import SourceRow
from checks.model import Event, Notice
from checks.panel.panel import Panel

_PERIODS = (1, 7, 30)
_AHEAD = 120 * DAY
_GONE = ("gone", "suspended", "deactivated")
_COMPARED = 3
_LISTED_DAYS = 1100
"""So far back an account's last count is listed, with its age."""


async def status(request: Request, caller: Caller, arguments: Mapping[str, Any]) -> Message:
    if "account" in arguments:
        async with beyond(request, arguments["account"]) as request:
            return await look(request, _one, arguments["account"])
    return await look(request, _all)


async def account_list(
    request: Request, caller: Caller, arguments: Mapping[str, Any]
) -> Message:
    return await look(request, _list, arguments.get("pattern", "*"))


def open_alerts(db: Database, request: Request, account: str | None = None) -> list[Alert]:
    """Open incidents that the caller may see, worst first; numbers them where needed."""
    found = incidents.listing(db, request.patterns, open_only=True, account=account)
    found.sort(key=lambda one: worst_first(one.incident))
    return [as_alert(db, request, one) for one in found]


def in_force(db: Database, request: Request, account: str | None = None) -> list[Notice]:
    """Warnings that still hold about accounts the caller may see: lost, or seen no more."""
    return [
        notice
        for notice in notices.warnings(db, account)
        if notice.account is not None and sees(db, request, notice.account)
    ]


def faults_of(db: Database, request: Request, account: str | None = None) -> list[str]:
    """The same in a line each."""
    found = in_force(db, request, account)
    named = {notice.account for notice in found if notice.account is not None}
    return standing(request.voice, found, accounts.sources_by_account(db, named))


def deadlines(db: Database, request: Request) -> list[Deadline]:
    """What lies ahead within four months, soonest first."""
    ahead = []
    for noted in seen_events(db, request):
        event = noted.event
        first = event.end if event.kind == "deadline" else event.start
        if request.now - DAY < first <= request.now + _AHEAD:
            ahead.append(deadline_of(event, first))
    return sorted(ahead, key=lambda deadline: deadline.at)


def seen_events(db: Database, request: Request) -> list[events.NotedEvent]:
    """Events of this space about accounts it may see, and those about everything."""
    space = None if request.console else request.space
    return [
        noted
        for noted in events.listing(db, space)
        if noted.event.account is None or sees(db, request, noted.event.account)
    ]


def seen_goals(db: Database, request: Request) -> list[GoalProgress]:
    """The goals of all accounts that the caller may see, as they stand."""
    space = None if request.console else request.space
    named = {goal.account for goal in goals.listing(db, space)}
    wanted = sorted(name for name in named if sees(db, request, name))
    return goals_progress(db, request, panel_of(db, request, wanted)) if wanted else []


def goals_progress(db: Database, request: Request, panel: Panel) -> list[GoalProgress]:
    """The goals of accounts in the panel, as they stand."""
    today = request.voice.local(request.now).date()
    space = None if request.console else request.space
    found = (progress.goal_progress(panel, goal, today) for goal in goals.listing(db, space))
    return [goal_progress for goal_progress in found if goal_progress is not None]


def failing(db: Database, request: Request) -> list[SourceRow]:
    """Sources in trouble that the caller may hear of."""
    return _heard(db, request, [row for row in sources.listing(db) if row.fault])


def _heard(db: Database, request: Request, rows: list[SourceRow]) -> list[SourceRow]:
    """A team hears only of sources that read its accounts."""
    if request.console or not rows:
        return rows
    own = {known.source for known in visible(db, request)}
    return [row for row in rows if row.name in own]


def panel_of(db: Database, request: Request, names: list[str], days: int = 121) -> Panel:
    store = request.context.store
    return progress.read_panel(
        db, store.path, names, request.now, request.context.timezone, days
    )


def _all(db: Database, request: Request) -> Message:
    seen = visible(db, request)
    read = [known.last_reading for known in seen if known.last_reading is not None]
    week = int(request.now - 7 * DAY)
    ended = [
        one
        for one in incidents.listing(db, request.patterns, since=week)
        if (one.incident.resolved_at or 0) >= week
    ]
    silent = {each.account for each in in_force(db, request) if each.kind == "stale"}
    told = status_message.Overview(
        accounts=len(seen),
        open=open_alerts(db, request),
        ended=len(ended),
        newest=max(read, default=None),
        weeks=_weeks(db, request, seen),
        stale=[(one.account, one.last_reading) for one in seen if one.account in silent],
        gone=[(one.account, one.status) for one in seen if one.status in _GONE],
        troubles=_of_sources(db, request),
        faults=faults_of(db, request),
        goals=seen_goals(db, request),
        deadlines=deadlines(db, request),
    )
    return status_message.overview(request.voice, told, request.now)


def _of_sources(db: Database, request: Request) -> list[str]:
    """Their troubles, then what else they have to say."""
    rows = _heard(db, request, [row for row in sources.listing(db) if row.fault or row.remarks])
    troubles = [(row, said_of(request, row)) for row in rows if row.fault]
    remarks = [(row, text) for row in rows for text in row.remarks]
    if remarks and not request.console:
        beyond = _handles_beyond(db, request)
        remarks = [(row, text) for row, text in remarks if not beyond & _words(text)]
    return [f"{row.name}: {text}" for row, text in (*troubles, *remarks)]


def _handles_beyond(db: Database, request: Request) -> set[str]:
    """Names and handles of the accounts that the caller may not see."""
    names = accounts.tags_by_account(db).keys() - set(names_seen(db, request))
    return {part for name in names for part in (name.lower(), name.lower().partition("/")[2])}


def _words(text: str) -> set[str]:
    return {word.strip(".,:;()\"'") for word in text.lower().split()}


def said_of(request: Request, row: SourceRow) -> str:
    """The trouble of a source: the operator reads its own words, a team only of what kind it
    is, for the words may name what lies beyond the wall."""
    if request.console:
        # most faults begin with the source's name themselves
        return (row.fault or "").removeprefix(f"{row.name}: ")
    return refusals.source_trouble(request.voice, row.fault_kind)


def _one(db: Database, request: Request, text: str) -> Message:
    known = find_account(db, request, text)
    panel = panel_of(db, request, [known.account])
    courses = [
        (days, progress.account_progress(panel, known.account, days, known.last_reading))
        for days in _PERIODS
    ]
    row = panel.row.get(known.account)
    shown = AccountLook(
        account=known.account,
        followers=courses[-1][1].after,
        basis="total" if row is None else panel.basis[row],
        step=1.0 if row is None else float(panel.step[row]),
        last_reading=known.last_reading,
        status=known.status,
        courses=courses,
        open=open_alerts(db, request, known.account),
        faults=faults_of(db, request, known.account),
        goals=goals_progress(db, request, panel),
        deadlines=[
            deadline
            for deadline in deadlines(db, request)
            if deadline.about in (None, known.account, known.account.partition("/")[0])
        ],
        events=[
            event for event in about(db, request, known.account) if _running(event, request.now)
        ],
        churn=_churn(db, known.account),
        listed=readings.only_listed(db, known.account),
    )
    return status_message.account_status(request.voice, shown, request.now)


def _churn(db: Database, account: str) -> list[Churn]:
    """The newest comparisons of its follower lists that were not refused."""
    told = [
        Churn(one.start, one.stop, one.gained, one.lost, one.kept or 0)
        for one in lists.changes(db, account)
        if one.side == "followers" and one.gained is not None and one.lost is not None
    ]
    return told[: -_COMPARED - 1 : -1]


def about(db: Database, request: Request, account: str) -> list[Event]:
    """Events that concern an account."""
    events = (noted.event for noted in seen_events(db, request))
    return [event for event in events if concerns(event, account)]


def _running(event: Event, now: float) -> bool:
    return event.start <= now <= event.end + DAY and event.kind != "deadline"


def _list(db: Database, request: Request, pattern: str) -> Message:
    seen = [
        known
        for known in visible(db, request)
        if accounts.matches(pattern.replace(",", " ").split(), known.account, known.words)
    ]
    if not seen and pattern != "*":
        raise CommandError(refusals.nothing_matches(request.voice, pattern))
    courses = _weeks(db, request, seen)
    courses.sort(key=lambda one: math.inf if math.isnan(one.after) else -one.after)
    found = incidents.listing(db, request.patterns, open_only=True)
    hit = {
        **{str(one.account): NOTICES[one.kind] for one in in_force(db, request)},
        **{one.incident.account: KINDS[one.incident.kind] for one in found},
    }
    return status_message.account_list(request.voice, courses, hit, request.now)


def _weeks(
    db: Database, request: Request, seen: Sequence[accounts.AccountRow]
) -> list[AccountProgress]:
    """The last week of each; where nothing was read in it the last count stands alone."""
    panel = panel_of(db, request, [known.account for known in seen], days=16)
    weeks = [
        progress.account_progress(panel, known.account, 7, known.last_reading) for known in seen
    ]
    silent = [week.account for week in weeks if math.isnan(week.after)]
    if not silent:
        return weeks
    panel = panel_of(db, request, silent, days=_LISTED_DAYS)
    before = {
        name: progress.account_progress(panel, name, panel.days - 1, None).after
        for name in silent
    }
    return [
        replace(week, before=math.nan, after=before[week.account])
        if week.account in before
        else week
        for week in weeks
    ]
