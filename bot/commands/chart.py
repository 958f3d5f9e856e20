"""chart: one account as a picture."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlite_utils import Database

from bot.commands.course import DAY
from bot.commands.parse import read_target
from bot.commands.status import about, panel_of
from bot.commands.view import View, as_alert, find_account, find_incidents, look
from bot.message import picture, verdicts
from bot.model import Alert, Caller, ChartSpec, Message
from checks.model import Event
from checks.panel import LOOKBACK, Panel

_DAYS = 45
_MOST = 1100


async def chart(view: View, caller: Caller, arguments: Mapping[str, Any]) -> Message:
    """Draws off the event loop: a picture takes some tenths of a second."""
    span = arguments.get("days", timedelta(days=_DAYS))
    days = min(max(2, span.days), _MOST)
    frame, panel, alert, events = await look(
        view, _gather, arguments["account"], days, "days" in arguments
    )
    assert frame.chart is not None
    incident = None if alert is None else alert.incident
    drawn = await asyncio.to_thread(
        picture, view.voice, frame.chart, panel, view.now, incident, tuple(events)
    )
    return replace(frame, picture=drawn)


def _gather(
    db: Database, view: View, text: str, days: int, asked: bool
) -> tuple[Message, Panel, Alert | None, list[Event]]:
    alert = _incident(db, view, text)
    account = alert.incident.account if alert else find_account(db, view, text).account
    spec = ChartSpec(account=account, start=int(view.now - days * DAY), end=int(view.now))
    frame = verdicts.chart(view.voice, spec, None if asked else alert, view.now)
    assert frame.chart is not None
    reach = int((view.now - frame.chart.start) / DAY) + LOOKBACK + 1
    panel = panel_of(db, view, [account], reach)
    return frame, panel, alert, about(db, view, account)


def _incident(db: Database, view: View, text: str) -> Alert | None:
    """Where a number was given instead of an account, as the button does."""
    try:
        target = read_target(text)
    except ValueError:
        return None
    return as_alert(db, view, find_incidents(db, view, target.number, wave=False)[0])
