"""mute and unmute: silence that ends by itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlite_utils import Database

from bot.commands.parse import read_target
from bot.commands.request import Request, find_account, find_incidents, write_down
from bot.errors import CommandError
from bot.message import refusals, replies
from bot.model.command import Caller
from bot.model.message import Message
from bot.storage import channels, incidents
from bot.storage.channels import Mute
from checks.model import SEVERITIES, Severity

ALL = "all"


@dataclass(frozen=True, slots=True)
class _Muted:
    """What a person named: an account, incidents by id, or everything (all empty)."""

    name: str | None
    account: str | None = None
    ids: tuple[int, ...] = ()


async def mute(request: Request, caller: Caller, arguments: Mapping[str, Any]) -> Message:
    return await request.context.store.write(
        _mute, request, arguments["what"], arguments["until"]
    )


async def unmute(request: Request, caller: Caller, arguments: Mapping[str, Any]) -> Message:
    return await request.context.store.write(_unmute, request, arguments["what"])


def described(db: Database, request: Request, mute: Mute) -> str | None:
    """What a mute silences: an account, "#12", or None for everything."""
    if mute.incident is not None:
        return f"#{incidents.number(db, request.space, mute.incident)}"
    return mute.account


def own_mutes(db: Database, request: Request) -> list[Mute]:
    """Those that hold in the caller's channel."""
    return [
        mute
        for mute in channels.mutes(db, request.now, request.space)
        if mute.channel in (None, request.channel)
    ]


def _mute(db: Database, request: Request, what: str, until: timedelta | str) -> Message:
    named = _named(db, request, what)
    end, worst = None, None
    if isinstance(until, timedelta):
        end = int(request.now + until.total_seconds())
    else:
        worst = _worst(db, request, named)
    for incident in named.ids or (None,):
        channels.mute(
            db,
            Mute(
                space=request.space,
                channel=request.channel,
                account=named.account,
                incident=incident,
                until=end,
                worse_than=worst,
                by=request.caller.name,
                at=int(request.now),
            ),
        )
    write_down(db, request, "mute", f"{named.name or ALL} until {end or 'worse'}")
    return replies.muted(request.voice, named.name, end, request.now)


def _unmute(db: Database, request: Request, what: str) -> Message:
    """Everything named is heard again; "all" ends every mute of this channel."""
    mutes = own_mutes(db, request)
    if what.lower() == ALL:
        ended = mutes
        name = None
    else:
        named = _named(db, request, what)
        name = named.name
        ended = [
            mute
            for mute in mutes
            if (named.account is not None and mute.account == named.account)
            or mute.incident in named.ids
        ]
    if not ended:
        raise CommandError(refusals.nothing_muted(request.voice))
    channels.unmute(db, [mute.id for mute in ended])
    write_down(db, request, "unmute", name or ALL)
    open_ones = incidents.listing(db, request.patterns, open_only=True)
    request.context.route(db, request.now, [one.id for one in open_ones])
    return replies.unmuted(request.voice, name)


def _named(db: Database, request: Request, what: str) -> _Muted:
    if what.lower() == ALL:
        return _Muted(None)
    try:
        target = read_target(what)
    except ValueError:
        account = find_account(db, request, what).account
        return _Muted(account, account=account)
    found = find_incidents(db, request, target.number, wave=target.wave)
    return _Muted(f"#{target.number}", ids=tuple(one.id for one in found))


def _worst(db: Database, request: Request, named: _Muted) -> Severity:
    """The gravest open incident that the mute covers: only worse ones are heard."""
    found = incidents.listing(db, request.patterns, open_only=True, account=named.account)
    covered = [one.incident.severity for one in found if not named.ids or one.id in named.ids]
    if not covered:
        raise CommandError(refusals.nothing_open(request.voice, named.name or ALL))
    return max(covered, key=SEVERITIES.index)
