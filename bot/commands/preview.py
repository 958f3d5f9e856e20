"""preview: what a channel would have heard lately."""

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple, get_args

import numpy as np
from sqlite_utils import Database

from bot import message
from bot.commands.check import spread
from bot.commands.request import Request, names_seen
from bot.commands.status import panel_of
from bot.errors import CommandError
from bot.message import details, refusals
from bot.message.alert import title
from bot.model.command import Caller
from bot.model.message import Alert, Message
from bot.storage import accounts, channels
from bot.storage.channels import Channel, Subscription
from checks.model import Incident, Sensitivity
from checks.panel.panel import LOOKBACK, Panel
from checks.replay import incidents_of, replay

_DAYS = 90
_EXAMPLES = 5
_PREVIEWED = 1000
"""More accounts would take minutes and tell the same."""


async def preview(request: Request, caller: Caller, arguments: Mapping[str, Any]) -> Message:
    """Replays three months at each sensitivity, off the event loop."""
    return await asyncio.to_thread(
        _preview, request, await request.context.store.read(_question, request)
    )


class _Question(NamedTuple):
    """The accounts that a channel may see, what it hears of them, and how many there are."""

    panel: Panel
    tags: Mapping[str, Collection[str]]
    channel: Channel
    heard: Sequence[Subscription]
    accounts: int


class _Told(NamedTuple):
    """One new message: an incident, a wave, or a digest of many."""

    incidents: Sequence[Incident]
    wave: bool = False


def _question(db: Database, request: Request) -> _Question:
    """Without a subscription a channel is asked about everything."""
    here = Channel(channel=request.channel, space=request.space)
    names = names_seen(db, request)
    some = spread(names, _PREVIEWED)
    return _Question(
        panel_of(db, request, some, _DAYS + LOOKBACK + 1),
        accounts.words_by_account(db, some),
        channels.get(db, request.channel) or here,
        channels.subscriptions(db, request.channel) or [Subscription(channel=request.channel)],
        len(names),
    )


def _preview(request: Request, question: _Question) -> Message:
    panel = question.panel
    columns = np.arange(max(0, panel.days - _DAYS), panel.days)
    if np.isnan(panel.metrics["followers"][:, columns]).all():
        raise CommandError(refusals.nothing_to_preview(request.voice, _DAYS))
    share = question.accounts / max(1, len(panel.accounts))
    counts = []
    for sensitivity in get_args(Sensitivity):
        rules = request.context.rules(sensitivity)
        found = incidents_of(replay(panel, rules, columns=columns))
        told = list(_messages(question, found, share))
        # what stands alone is as frequent among the accounts that were left out
        many = sum(share if len(one.incidents) == 1 else 1 for one in told)
        examples = [_headline(request, one) for one in told[: -_EXAMPLES - 1 : -1]]
        counts.append((sensitivity, round(many), examples))
    sample = len(panel.accounts) if len(panel.accounts) < question.accounts else None
    return details.preview(
        request.voice, counts, request.context.sensitivity, _DAYS, sample=sample
    )


def _messages(question: _Question, found: Sequence[Incident], share: float) -> Iterator[_Told]:
    """New messages in the order in which they would have come; edits are none.

    As routing does: members that join a wave edit its message, many at once are one digest.
    """

    def tags(one: Incident) -> Collection[str]:
        return question.tags.get(one.account, ())

    alerted = sorted((one for one in found if one.alerted_at is not None), key=_alerted_at)
    heard = (
        one for one in alerted if any(each.wants(one, tags(one)) for each in question.heard)
    )
    patterns = [pattern for each in question.heard for pattern in each.accounts]
    seen = [one for one in alerted if accounts.matches(patterns, one.account, tags(one))]
    posted: set[str] = set()
    alone: set[object] = set()
    for at, fresh in groupby(heard, key=_alerted_at):
        singles, waves = [], {}
        for one in fresh:
            if one.wave is None:
                singles.append(one)
                continue
            if one.wave in posted or one.wave in waves:
                continue
            named = [each for each in seen if each.wave == one.wave and _alerted_at(each) <= at]
            named = [each for each in named if each.key not in alone]
            if len(named) < 2:
                singles.append(one)
            else:
                waves[one.wave] = named
        posted |= waves.keys()
        alone.update(one.key for one in singles)
        yield from (_Told(named, wave=True) for named in waves.values())
        if question.channel.gathers(len(singles) * share, len(waves)):
            yield _Told(singles)
        else:
            yield from (_Told([one]) for one in singles)


def _alerted_at(one: Incident) -> int:
    return one.alerted_at or 0


def _headline(request: Request, told: _Told) -> str:
    if len(told.incidents) == 1:
        return title(request.voice, told.incidents[0], request.now)
    alerts = [Alert(number=0, incident=one, seen_at=_alerted_at(one)) for one in told.incidents]
    if told.wave:
        return message.wave(request.voice, alerts, request.now, watched=0).title
    return message.digest(request.voice, alerts, request.now, reason="many")[0].title
