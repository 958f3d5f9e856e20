"""subscribe, unsubscribe and subscriptions: what a channel hears."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any, get_args

from sqlite_utils import Database

from bot.commands.channel import all_of_channel, of_channel
from bot.commands.mute import described, own_mutes
from bot.commands.parse import OFF
from bot.commands.request import Request, look, visible, write_down
from bot.errors import CommandError
from bot.message import refusals, replies
from bot.message.kinds import KINDS
from bot.model.command import Caller
from bot.model.message import Message
from bot.storage import accounts, channels
from bot.storage.channels import Channel, Mute, Subscription
from checks.model import Kind

_KINDS: tuple[Kind, ...] = get_args(Kind)
_SETTINGS = ("quiet", "summary", "thread")
"""Arguments that are about the channel and not about one subscription."""


async def subscribe(request: Request, caller: Caller, arguments: Mapping[str, Any]) -> Message:
    if caller.channel is None:
        raise CommandError(refusals.no_channel(request.voice))
    return await request.context.store.write(_subscribe, request, arguments)


async def unsubscribe(
    request: Request, caller: Caller, arguments: Mapping[str, Any]
) -> Message:
    return await request.context.store.write(_unsubscribe, request, arguments["subscription"])


async def listing(request: Request, caller: Caller, arguments: Mapping[str, Any]) -> Message:
    return await look(request, _listing)


def in_words(request: Request, subscription: Subscription) -> str:
    return replies.subscription_text(
        request.voice,
        subscription.accounts,
        subscription.kinds,
        subscription.direction,
        subscription.min_severity,
        (subscription.min_percent, subscription.min_count),
    )


def _subscribe(db: Database, request: Request, arguments: Mapping[str, Any]) -> Message:
    """Settings alone leave what a channel hears as it is, where it hears something."""
    settings = {name: arguments[name] for name in _SETTINGS if name in arguments}
    own = _own(db, request)
    only_settings = bool(own and settings) and settings.keys() == arguments.keys()
    wanted = None if only_settings else _wanted(db, request, arguments)
    known = _channel(db, request) or Channel(
        channel=request.channel,
        space=request.space,
        locale=str(request.voice.locale),
        timezone=request.voice.zone.key,
    )
    if settings and known.origin == "config":
        raise CommandError(refusals.configured_channel(request.voice))
    channel = replace(known, **settings)
    channels.put(db, channel)
    channels.enable(db, channel.channel)
    changes = " ".join(f"{name}={value or OFF}" for name, value in settings.items())
    if wanted is None:
        write_down(db, request, "subscribe", changes)
        done = replies.said(request.voice, replies.SET_HERE)
    else:
        number = _replace(db, own, wanted)
        write_down(
            db, request, "subscribe", f"{number} {' '.join(wanted.accounts)} {changes}".strip()
        )
        what = in_words(request, wanted)
        done = replies.said(request.voice, replies.SUBSCRIBED, number=number, what=what)
    return replies.with_settings(done, _settings(request, channel))


def _replace(db: Database, own: Sequence[Subscription], wanted: Subscription) -> int:
    """The same accounts once more change what was subscribed, they do not double it."""
    for old in own:
        if old.origin == "chat" and old.accounts == wanted.accounts:
            channels.unsubscribe(db, old.id)
    return channels.subscribe(db, wanted)


def _wanted(db: Database, request: Request, arguments: Mapping[str, Any]) -> Subscription:
    """The subscription that the arguments describe; refuses what matches nothing."""
    patterns = _words(arguments.get("accounts", "*"))
    seen = visible(db, request)
    for pattern in patterns:
        # a pattern for accounts that are still to come is fine where all are allowed
        hit = any(accounts.matches([pattern], one.account, one.words) for one in seen)
        if not hit and pattern != "*" and (seen or not request.console):
            raise CommandError(_nothing(request, pattern, [one.account for one in seen]))
    return Subscription(
        channel=request.channel,
        accounts=tuple(patterns),
        kinds=_kinds(request, arguments.get("kinds", "")),
        direction=arguments.get("direction", "both"),
        min_severity=arguments.get("severity", "info"),
        min_percent=arguments.get("percent"),
        min_count=arguments.get("count"),
        by=request.caller.name,
        at=int(request.now),
    )


def _nothing(request: Request, pattern: str, names: Sequence[str]) -> str:
    if "*" in pattern or pattern.startswith("#"):
        return refusals.nothing_matches(request.voice, pattern)
    return refusals.unknown_account(request.voice, pattern, names)


def _unsubscribe(db: Database, request: Request, number: int) -> Message:
    found = [one for one in _own(db, request) if one.id == number]
    if not found:
        raise CommandError(refusals.unknown_subscription(request.voice, number))
    if found[0].origin == "config":
        raise CommandError(refusals.configured_subscription(request.voice, number))
    channels.unsubscribe(db, number)
    channel = _channel(db, request)
    if channel is not None and channel.origin == "chat" and not _own(db, request):
        # who hears nothing any more wants no summary either
        channels.put(db, replace(channel, summary=None))
    write_down(db, request, "unsubscribe", str(number))
    return replies.said(request.voice, replies.UNSUBSCRIBED, number=number)


def _listing(db: Database, request: Request) -> Message:
    own = [
        (one.id, in_words(request, one), one.origin == "config") for one in _own(db, request)
    ]
    mutes = [
        replies.mute_line(
            request.voice,
            [described(db, request, mute) for mute in together],
            together[0].until,
            together[0].by,
            request.now,
        )
        for together in _said_at_once(own_mutes(db, request))
    ]
    channel = _channel(db, request)
    settings = all_of_channel(request, channel) if channel else []
    told = replies.subscription_list(request.voice, own, settings, mutes)
    return replace(told, mention=channel.mention if channel else None)


def _said_at_once(mutes: Sequence[Mute]) -> Iterator[list[Mute]]:
    """A wave was muted by one word, though each of its incidents has a mute of its own."""
    for _, together in groupby(mutes, key=lambda mute: (mute.at, mute.by, mute.until)):
        yield list(together)


def _channel(db: Database, request: Request) -> Channel | None:
    """The stored channel, unless it was another space's."""
    known = channels.get(db, request.channel)
    return known if known and known.space == request.space else None


def _own(db: Database, request: Request) -> list[Subscription]:
    return channels.subscriptions(db, request.channel) if _channel(db, request) else []


def _settings(request: Request, channel: Channel | None) -> list[tuple[str, str]]:
    if channel is None:
        return []
    return of_channel(request, channel)


def _words(text: str) -> list[str]:
    return [word for word in text.replace(",", " ").split() if word] or ["*"]


def _kinds(request: Request, text: str) -> tuple[Kind, ...]:
    """Kinds by their names in the config or in the caller's language."""
    translated = {request.voice.say(KINDS[kind]).lower(): kind for kind in _KINDS}
    found = []
    for word in text.replace(",", " ").split():
        plain = word.lower().replace("-", "_")
        kind = next((one for one in _KINDS if one == plain), translated.get(word.lower()))
        if kind is None:
            raise CommandError(refusals.unknown_kind(request.voice, word, _KINDS))
        found.append(kind)
    return tuple(found)
