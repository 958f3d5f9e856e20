"""mute and unmute: silence that ends by itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlite_utils import Database

from bot.commands.parse import read_target
from bot.commands.view import View, audit, find_account, find_incidents
from bot.errors import CommandError
from bot.message import answers, refusals
from bot.model import Caller, Message
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


async def mute(view: View, caller: Caller, arguments: Mapping[str, Any]) -> Message:
    return await view.context.store.write(_mute, view, arguments["what"], arguments["until"])


async def unmute(view: View, caller: Caller, arguments: Mapping[str, Any]) -> Message:
    return await view.context.store.write(_unmute, view, arguments["what"])


def described(db: Database, view: View, mute: Mute) -> str | None:
    """What a mute silences: an account, "#12", or None for everything."""
    if mute.incident is not None:
        return f"#{incidents.number(db, view.space, mute.incident)}"
    return mute.account


def own_mutes(db: Database, view: View) -> list[Mute]:
    """Those that hold in the caller's channel."""
    return [
        mute
        for mute in channels.mutes(db, view.now, view.space)
        if mute.channel in (None, view.channel)
    ]


def _mute(db: Database, view: View, what: str, until: timedelta | str) -> Message:
    named = _named(db, view, what)
    end, worst = None, None
    if isinstance(until, timedelta):
        end = int(view.now + until.total_seconds())
    else:
        worst = _worst(db, view, named)
    for incident in named.ids or (None,):
        channels.mute(
            db,
            Mute(
                space=view.space,
                channel=view.channel,
                account=named.account,
                incident=incident,
                until=end,
                worse_than=worst,
                by=view.caller.name,
                at=int(view.now),
            ),
        )
    audit(db, view, "mute", f"{named.name or ALL} until {end or 'worse'}")
    return answers.muted(view.voice, named.name, end, view.now)


def _unmute(db: Database, view: View, what: str) -> Message:
    """Everything named is heard again; "all" ends every mute of this channel."""
    mutes = own_mutes(db, view)
    if what.lower() == ALL:
        ended = mutes
        name = None
    else:
        named = _named(db, view, what)
        name = named.name
        ended = [
            mute
            for mute in mutes
            if (named.account is not None and mute.account == named.account)
            or mute.incident in named.ids
        ]
    if not ended:
        raise CommandError(refusals.nothing_muted(view.voice))
    channels.unmute(db, [mute.id for mute in ended])
    audit(db, view, "unmute", name or ALL)
    open_ones = incidents.listing(db, view.patterns, open_only=True)
    view.context.route(db, view.now, [one.id for one in open_ones])
    return answers.unmuted(view.voice, name)


def _named(db: Database, view: View, what: str) -> _Muted:
    if what.lower() == ALL:
        return _Muted(None)
    try:
        target = read_target(what)
    except ValueError:
        account = find_account(db, view, what).account
        return _Muted(account, account=account)
    found = find_incidents(db, view, target.number, wave=target.wave)
    return _Muted(f"#{target.number}", ids=tuple(one.id for one in found))


def _worst(db: Database, view: View, named: _Muted) -> Severity:
    """The gravest open incident that the mute covers: only worse ones are heard."""
    found = incidents.listing(db, view.patterns, open_only=True, account=named.account)
    covered = [one.incident.severity for one in found if not named.ids or one.id in named.ids]
    if not covered:
        raise CommandError(refusals.nothing_open(view.voice, named.name or ALL))
    return max(covered, key=SEVERITIES.index)
