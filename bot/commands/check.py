"""check and preview: what the checks say now, and what they would have said."""

import asyncio
import math
from collections.abc import Mapping, Sequence
from typing import Any, get_args

import numpy as np
from sqlite_utils import Database

from bot.commands.status import panel_of, seen_events
from bot.commands.view import View, find_account, names_seen
from bot.message import verdicts
from bot.message.alert import title
from bot.model import Caller, Message
from bot.storage import accounts, channels
from bot.storage.channels import Subscription
from checks import baseline
from checks.judge import judge
from checks.model import SEVERITIES, Event, Incident, Sensitivity
from checks.panel import LOOKBACK, Panel
from checks.replay import incidents_of, replay

_DAYS = 90
_EXAMPLES = 5
_PEERS = 500
_PREVIEWED = 1000
"""More accounts would take minutes and tell the same."""


async def check(view: View, caller: Caller, arguments: Mapping[str, Any]) -> Message:
    account, panel, events = await view.context.store.read(
        _platform, view, arguments["account"]
    )
    return await asyncio.to_thread(_check, view, account, panel, events)


async def preview(view: View, caller: Caller, arguments: Mapping[str, Any]) -> Message:
    """Replays three months at each sensitivity, off the event loop."""
    panel, heard, seen = await view.context.store.read(_heard, view)
    return await asyncio.to_thread(_preview, view, panel, heard, seen)


def hears(
    subscriptions: Sequence[Subscription], incident: Incident, tags: Sequence[str]
) -> bool:
    """Whether one of the subscriptions would have told of an incident."""
    return any(_fits(one, incident, tags) for one in subscriptions)


def spread(names: Sequence[str], most: int) -> list[str]:
    """At most so many of the names, taken evenly."""
    return list(names[:: max(1, -(-len(names) // most))])


def _fits(one: Subscription, incident: Incident, tags: Sequence[str]) -> bool:
    if not accounts.matches(one.accounts, incident.account, tags):
        return False
    if one.kinds and incident.kind not in one.kinds:
        return False
    if one.direction != "both" and incident.direction not in (one.direction, "swing"):
        return False
    if SEVERITIES.index(incident.severity) < SEVERITIES.index(one.min_severity):
        return False
    size = abs(incident.change - incident.expected)
    if one.min_count is not None and size < one.min_count:
        return False
    if one.min_percent is None or not incident.level > 0:
        return True
    return 100 * size / incident.level >= one.min_percent


def _platform(db: Database, view: View, text: str) -> tuple[str, Panel, list[Event]]:
    """An account among its visible peers: evidence from beyond the wall is not used."""
    known = find_account(db, view, text)
    platform = known.account.partition("/")[0]
    peers = [name for name in names_seen(db, view) if name.partition("/")[0] == platform]
    peers = sorted({known.account, *spread(peers, _PEERS)})
    events = [noted.event for noted in seen_events(db, view)]
    return known.account, panel_of(db, view, peers), events


def _check(view: View, account: str, panel: Panel, events: Sequence[Event]) -> Message:
    context = view.context
    read = np.flatnonzero(~np.isnan(panel.metrics["followers"][panel.row[account]]))
    if read.size:  # a day that has no reading yet says nothing of the day before it
        panel = panel.until(int(read[-1]))
    judgement = judge(panel, context.rules(context.sensitivity), events=tuple(events))
    own = [one for one in judgement.verdicts if one.finding.account == account]
    row = panel.row[account]
    followers = panel.metrics["followers"][row]
    low, high = baseline.band(panel, row, "followers")
    before = followers[:-1][~np.isnan(followers[:-1])]
    level = float(before[-1]) if before.size else math.nan
    return verdicts.judged(
        view.voice,
        account,
        own,
        float(followers[-1]) - level,
        float(low[-1]) - level,
        float(high[-1]) - level,
        judgement.early.get(account),
        view.now,
    )


def _heard(db: Database, view: View) -> tuple[Panel, list[Subscription], int]:
    """The accounts this channel may see, what it hears of them, and how many there are.

    Without a subscription it is asked about everything.
    """
    heard = channels.subscriptions(db, view.channel) or [Subscription(channel=view.channel)]
    names = names_seen(db, view)
    panel = panel_of(db, view, spread(names, _PREVIEWED), _DAYS + LOOKBACK + 1)
    return panel, heard, len(names)


def _preview(
    view: View, panel: Panel, heard: Sequence[Subscription], accounts_seen: int
) -> Message:
    tags = _tags(panel)
    columns = np.arange(max(0, panel.days - _DAYS), panel.days)
    counts = []
    for sensitivity in get_args(Sensitivity):
        rules = view.context.rules(sensitivity)
        found = [
            incident
            for incident in incidents_of(replay(panel, rules, columns=columns))
            if incident.alerted_at is not None
            and hears(heard, incident, tags.get(incident.account, ()))
        ]
        found.sort(key=lambda incident: -incident.opened_at)
        examples = [title(view.voice, incident, view.now) for incident in found[:_EXAMPLES]]
        share = accounts_seen / max(1, len(panel.accounts))
        counts.append((sensitivity, round(len(found) * share), examples))
    sample = len(panel.accounts) if len(panel.accounts) < accounts_seen else None
    return verdicts.preview(view.voice, counts, view.context.sensitivity, _DAYS, sample=sample)


def _tags(panel: Panel) -> dict[str, list[str]]:
    tags: dict[str, list[str]] = {}
    for group, rows in panel.groups.items():
        if group.startswith("#"):
            for row in rows:
                tags.setdefault(panel.accounts[row], []).append(group[1:])
    return tags
