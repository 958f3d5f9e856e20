"""chart: one account as a picture."""

import asyncio
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
from sqlite_utils import Database

from bot.commands.beyond import beyond
from bot.commands.parse import read_target
from bot.commands.request import Request, as_alert, find_account, find_incidents, look
from bot.commands.status import about, in_force, open_alerts, panel_of
from bot.errors import CommandError
from bot.message import Scene, details, picture, refusals
from bot.model.command import Caller
from bot.model.message import Alert, ChartSpec, Message
from bot.model.reading import DAY
from bot.storage import incidents
from bot.storage.accounts import AccountRow
from checks.panel.panel import LOOKBACK, Panel

_DAYS = 45
_MOST = 1100


async def chart(request: Request, caller: Caller, arguments: Mapping[str, Any]) -> Message:
    """Draws off the event loop: a picture takes some tenths of a second."""
    span = arguments.get("days", timedelta(days=_DAYS))
    days = min(max(2, span.days), _MOST)
    asked = bool({"days", "metric"} & set(arguments))
    metric = arguments.get("metric")
    about = arguments["account"]
    async with _where(request, about) as place:
        frame, panel, scene = await look(place, _gather, about, days, metric, asked)
    assert frame.chart is not None
    drawn = await asyncio.to_thread(
        picture,
        request.voice,
        frame.chart,
        panel,
        request.now,
        replace(scene, theme=request.theme),
    )
    return replace(frame, picture=drawn)


def _where(request: Request, text: str) -> AbstractAsyncContextManager[Request]:
    """An incident is in the store; an account may lie in a lake."""
    try:
        read_target(text)
    except ValueError:
        return beyond(request, text)
    return nullcontext(request)


def _gather(
    db: Database, request: Request, text: str, days: int, metric: str | None, asked: bool
) -> tuple[Message, Panel, Scene]:
    """What to draw; the incident asked for is marked, else the gravest open one."""
    alert = _incident(db, request, text)
    known = find_account(db, request, alert.incident.account if alert else text)
    account = known.account
    spec = ChartSpec(
        account=account,
        metric=metric or (alert.incident.metric if alert else "followers"),
        start=int(request.now - days * DAY),
        end=int(request.now),
    )
    frame = details.chart(request.voice, spec, None if asked else alert, request.now)
    assert frame.chart is not None
    reach = int((request.now - frame.chart.start) / DAY) + LOOKBACK + 1
    panel = panel_of(db, request, [account], reach)
    if alert is None:
        _refuse_nothing(request, known, panel, spec)
    marked = [alert] if alert else open_alerts(db, request, account)
    incident = next(
        (one.incident for one in marked if one.incident.metric == frame.chart.metric), None
    )
    past = incidents.listing(db, account=account, since=frame.chart.start)
    scene = Scene(
        incident=incident,
        others=[one.incident for one in past if one.incident.alerted_at is not None],
        events=about(db, request, account),
        notices=in_force(db, request, account),
    )
    return frame, panel, scene


def _refuse_nothing(request: Request, known: AccountRow, panel: Panel, spec: ChartSpec) -> None:
    """An empty picture would not say where the readings are."""
    values = panel.metrics.get(spec.metric)
    inside = panel.ends > spec.start - DAY / 2
    if values is not None and not np.isnan(values[panel.row[known.account], inside]).all():
        return
    raise CommandError(
        refusals.nothing_to_draw(
            request.voice, known.account, spec.metric, known.last_reading, request.now
        )
    )


def _incident(db: Database, request: Request, text: str) -> Alert | None:
    """Where a number was given instead of an account, as the button does."""
    try:
        target = read_target(text)
    except ValueError:
        return None
    return as_alert(db, request, find_incidents(db, request, target.number, wave=False)[0])
