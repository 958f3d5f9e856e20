"""What programs are told: the data behind the messages, as plain fields for JSON.

Times are ISO 8601 in the asker's zone, what is not known is null. The command line's
`--format json` prints these.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlite_utils import Database

from bot.commands import progress
from bot.commands.beyond import beyond
from bot.commands.parse import Target
from bot.commands.request import Request, as_alert, find_account, find_incidents, look, visible
from bot.commands.status import (
    about,
    deadlines,
    failing,
    goals_progress,
    in_force,
    panel_of,
    said_of,
    seen_goals,
)
from bot.commands.summary import DAYS
from bot.message.contract import alert_fields, moment, notice_fields, number
from bot.message.kinds import worst_first
from bot.message.progress import AccountProgress, Deadline, GoalProgress
from bot.message.reasons import sentence
from bot.model.reading import DAY
from bot.storage import accounts, incidents, lists, readings
from bot.storage.accounts import AccountRow
from bot.storage.incidents import Stored
from checks.baseline import expected
from checks.panel.panel import LOOKBACK, Panel

Fields = dict[str, Any]
_PERIODS = (1, 7, 30)
SERIES = ("followers", "following", "interactions", "views")
"""Metrics that have a series."""

_BOARD_DAYS = 30
SERIES_DAYS = 120
LONGEST = 1100
"""Days of a series at most: three years."""


async def status(request: Request, arguments: Mapping[str, Any]) -> object:
    """One account with its changes, or what stands behind the overview."""
    if "account" in arguments:
        async with beyond(request, arguments["account"]) as request:
            return await look(request, _account, arguments["account"])
    return await look(request, _overview)


async def account_list(request: Request, arguments: Mapping[str, Any]) -> object:
    return await look(request, _accounts, arguments.get("pattern", "*"))


async def incident_list(request: Request, arguments: Mapping[str, Any]) -> object:
    """Open ones, or all with `which`; `account` and the last `days` narrow them."""
    return await look(
        request,
        _incidents,
        arguments.get("which") != "all",
        account=arguments.get("account"),
        days=arguments.get("days"),
    )


async def why(request: Request, arguments: Mapping[str, Any]) -> object:
    return await look(request, _why, arguments["incident"])


async def explained(request: Request, target: Target) -> Fields:
    """Like `why`, with the reasons in the language of who asks."""
    return await look(request, _explained, target)


async def summary(request: Request, arguments: Mapping[str, Any]) -> object:
    return await look(request, _summary, arguments.get("period", "week"))


def _overview(db: Database, request: Request) -> Fields:
    seen = visible(db, request)
    newest = max((known.last_reading or 0 for known in seen), default=0)
    return {
        "accounts": len(seen),
        "newest_reading": _time(request, newest or None),
        "open": _incidents(db, request, True),
        "sources_in_trouble": [
            {
                "source": row.name,
                "fault": said_of(request, row),
                "last_success": _time(request, row.last_success),
            }
            for row in failing(db, request)
        ],
        "notices": [
            notice_fields(one, str(request.voice.zone)) for one in in_force(db, request)
        ],
        "goals": [_goal(one) for one in seen_goals(db, request)],
        "deadlines": [_deadline(request, one) for one in deadlines(db, request)],
    }


def _accounts(db: Database, request: Request, pattern: str) -> list[Fields]:
    wanted = pattern.replace(",", " ").split()
    seen = [
        known
        for known in visible(db, request)
        if accounts.matches(wanted, known.account, known.words)
    ]
    panel = panel_of(db, request, [known.account for known in seen], days=16)
    open_kinds = {
        one.incident.account: one.incident.kind
        for one in incidents.listing(db, request.patterns, open_only=True)
    }
    return [
        _known(request, known)
        | {"followers": _followers(db, known)}
        | _change(progress.account_progress(panel, known.account, 7, known.last_reading), 7)
        | {"open": open_kinds.get(known.account)}
        for known in seen
    ]


def _account(db: Database, request: Request, text: str) -> Fields:
    known = find_account(db, request, text)
    return _standing(db, request, known, panel_of(db, request, [known.account]))


def _standing(db: Database, request: Request, known: AccountRow, panel: Panel) -> Fields:
    """How an account of the panel stands."""
    row = panel.row.get(known.account)
    fields = _known(request, known) | {
        "followers": _followers(db, known),
        "basis": None if row is None else panel.basis[row],
        "step": None if row is None else number(float(panel.step[row])),
    }
    for days in _PERIODS:
        fields |= _change(progress.account_progress(panel, known.account, days, None), days)
    own = incidents.listing(db, request.patterns, open_only=True, account=known.account)
    return fields | {
        "open": [_incident(db, request, one) for one in own],
        "goals": [_goal(one) for one in goals_progress(db, request, panel)],
    }


def _incidents(
    db: Database,
    request: Request,
    open_only: bool,
    account: str | None = None,
    days: int | None = None,
) -> list[Fields]:
    found = incidents.listing(
        db,
        request.patterns,
        open_only=open_only,
        account=account and find_account(db, request, account).account,
        since=None if days is None else int(request.now - days * DAY),
    )
    if open_only:
        found.sort(key=lambda one: worst_first(one.incident))
    return [_incident(db, request, one) for one in found]


def _why(db: Database, request: Request, target: Target) -> Fields:
    return _incident(db, request, find_incidents(db, request, target.number, wave=False)[0])


def _explained(db: Database, request: Request, target: Target) -> Fields:
    stored = find_incidents(db, request, target.number, wave=False)[0]
    reasons = [sentence(request.voice, reason) for reason in stored.incident.reasons]
    return _incident(db, request, stored) | {"reasons": reasons}


def _incident(db: Database, request: Request, stored: Stored) -> Fields:
    return alert_fields(as_alert(db, request, stored), request.voice.zone.key)


def _summary(db: Database, request: Request, period: str) -> Fields:
    days = DAYS[period]  # type: ignore[index]
    seen = visible(db, request)
    panel = panel_of(db, request, [known.account for known in seen], max(days + 8, 16))
    start = request.now - days * DAY
    past = incidents.listing(db, request.patterns, since=int(start))
    past.sort(key=lambda one: worst_first(one.incident))
    return {
        "period": period,
        "from": _time(request, start),
        "to": _time(request, request.now),
        "accounts": [
            {
                "account": known.account,
                "before": number(progressed.before),
                "after": number(progressed.after),
                "change": number(progressed.change),
                "percent": number(100 * progressed.share),
            }
            for known in seen
            for progressed in [
                progress.account_progress(panel, known.account, days, known.last_reading)
            ]
        ],
        "incidents": [_incident(db, request, one) for one in past],
        "goals": [_goal(one) for one in seen_goals(db, request)],
    }


def _known(request: Request, known: AccountRow) -> Fields:
    return {
        "account": known.account,
        "name": known.name,
        "status": known.status,
        "tags": list(known.tags),
        "source": known.source,
        "last_reading": _time(request, known.last_reading),
    }


def _change(progressed: AccountProgress, days: int) -> Fields:
    return {
        f"change_{days}d": number(progressed.change),
        f"percent_{days}d": number(100 * progressed.share),
    }


def _followers(db: Database, known: AccountRow) -> float | None:
    """The newest count, however old: `last_reading` says of when it is."""
    if known.last_reading is None:
        return None
    return readings.total_near(db, known.account, "followers", known.last_reading)


def _goal(goal: GoalProgress) -> Fields:
    return {
        "account": goal.account,
        "followers": goal.followers,
        "by": goal.by.isoformat(),
        "now": number(goal.now),
        "forecast": goal.forecast and [number(each) for each in goal.forecast],
    }


def _deadline(request: Request, deadline: Deadline) -> Fields:
    return {
        "name": deadline.name,
        "kind": deadline.kind,
        "at": _time(request, deadline.at),
        "about": deadline.about,
    }


def _time(request: Request, at: float | None) -> str | None:
    return moment(at, request.voice.zone.key)


async def board(request: Request) -> Fields:
    """Every visible account with its last 30 days, a value each, null where none was read, and
    all that is open."""
    return await look(request, _board)


def _board(db: Database, request: Request) -> Fields:
    seen = visible(db, request)
    panel = panel_of(db, request, [known.account for known in seen], days=_BOARD_DAYS + 8)
    counts = panel.metrics["followers"]
    open_kinds = {
        one.incident.account: one.incident.kind
        for one in incidents.listing(db, request.patterns, open_only=True)
    }
    rows = []
    for known in seen:
        row = panel.row.get(known.account)
        values = [] if row is None else counts[row, -_BOARD_DAYS:].tolist()
        read = [value for value in values if value == value]
        rows.append(
            _known(request, known)
            | {"followers": read[-1] if read else _followers(db, known)}
            | _change(progress.account_progress(panel, known.account, 7, known.last_reading), 7)
            | {
                "open": open_kinds.get(known.account),
                "values": [number(value) for value in values],
            }
        )
    return {"accounts": rows, "open": _incidents(db, request, True)}


async def series(request: Request, arguments: Mapping[str, Any]) -> Fields:
    """Counts of one account by day with the band they were expected in.

    `account`, `days` and `metric` as the chart command has them.
    """
    days = arguments.get("days", timedelta(days=SERIES_DAYS)).days
    return await look(
        request, _series, arguments["account"], days, arguments.get("metric", "followers")
    )


def _series(db: Database, request: Request, text: str, days: int, metric: str) -> Fields:
    known = find_account(db, request, text)
    days = min(max(days, 2), LONGEST)
    panel = panel_of(db, request, [known.account], days + LOOKBACK + 1)
    course = _course(db, request, known, panel, days, metric)
    goals = goals_progress(db, request, panel) if metric == "followers" else []
    return course | {"goals": [_goal(one) for one in goals]}


async def portrait(request: Request, account: str, metric: str) -> Fields:
    """`status` and `series` of one account in one read, as `account` and `series`; `listed`
    says whether there are follower lists of it."""
    async with beyond(request, account) as request:
        return await look(request, _portrait, account, metric)


def _portrait(db: Database, request: Request, text: str, metric: str) -> Fields:
    known = find_account(db, request, text)
    panel = panel_of(db, request, [known.account], SERIES_DAYS + LOOKBACK + 1)
    standing = _standing(db, request, known, panel)
    course = _course(db, request, known, panel, SERIES_DAYS, metric)
    return {
        "account": standing,
        "series": course | {"goals": standing["goals"] if metric == "followers" else []},
        "listed": bool(lists.times(db, known.account, "followers")),
    }


def _course(
    db: Database, request: Request, known: AccountRow, panel: Panel, days: int, metric: str
) -> Fields:
    """The last days of an account of the panel, but its goals."""
    row = panel.row[known.account]
    counts = panel.metrics.get(metric)
    low, high = expected.band(panel, row, metric)
    values = [math.nan] * panel.days if counts is None else counts[row].tolist()
    own = incidents.listing(db, request.patterns, account=known.account)
    start = request.now - days * DAY
    return {
        "account": known.account,
        "name": known.name,
        "metric": metric,
        "at": [_time(request, at) for at in panel.ends[-days:].tolist()],
        "value": [number(value) for value in values[-days:]],
        "low": [number(value) for value in low[-days:].tolist()],
        "high": [number(value) for value in high[-days:].tolist()],
        "incidents": [
            _incident(db, request, one)
            for one in own
            if one.incident.metric == metric and one.incident.last_finding_at >= start
        ],
        "events": [
            {
                "name": event.name,
                "kind": event.kind,
                "from": _time(request, event.start),
                "to": _time(request, event.end),
            }
            for event in about(db, request, known.account)
            if event.end >= start
        ],
    }
