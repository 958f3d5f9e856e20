"""check: what the checks say of an account right now."""

import asyncio
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sqlite_utils import Database

from bot.commands.request import Request, find_account, names_seen
from bot.commands.status import panel_of, seen_events
from bot.message import details
from bot.model.command import Caller
from bot.model.message import Message
from checks.baseline import expected
from checks.judge import judge
from checks.model import Event
from checks.panel.panel import Panel

_PEERS = 500


async def check(request: Request, caller: Caller, arguments: Mapping[str, Any]) -> Message:
    account, panel, events = await request.context.store.read(
        _platform, request, arguments["account"]
    )
    return await asyncio.to_thread(_check, request, account, panel, events)


def spread(names: Sequence[str], most: int) -> list[str]:
    """At most so many of the names, taken evenly."""
    return list(names[:: max(1, -(-len(names) // most))])


def _platform(db: Database, request: Request, text: str) -> tuple[str, Panel, list[Event]]:
    """An account among its visible peers: evidence from beyond the wall is not used."""
    known = find_account(db, request, text)
    platform = known.account.partition("/")[0]
    peers = [name for name in names_seen(db, request) if name.partition("/")[0] == platform]
    peers = sorted({known.account, *spread(peers, _PEERS)})
    events = [noted.event for noted in seen_events(db, request)]
    return known.account, panel_of(db, request, peers), events


def _check(request: Request, account: str, panel: Panel, events: Sequence[Event]) -> Message:
    context = request.context
    read = np.flatnonzero(~np.isnan(panel.metrics["followers"][panel.row[account]]))
    if read.size:  # a day that has no reading yet says nothing of the day before it
        panel = panel.until(int(read[-1]))
    judgement = judge(panel, context.rules(context.sensitivity), events=tuple(events))
    own = [one for one in judgement.verdicts if one.finding.account == account]
    row = panel.row[account]
    followers = panel.metrics["followers"][row]
    low, high = expected.band(panel, row, "followers")
    before = followers[:-1][~np.isnan(followers[:-1])]
    level = float(before[-1]) if before.size else math.nan
    return details.judged(
        request.voice,
        account,
        own,
        (
            float(followers[-1]) - level,
            float(low[-1]) - level,
            float(high[-1]) - level,
        ),
        judgement.early.get(account),
        request.now,
    )
