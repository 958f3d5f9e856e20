"""subscribe, unsubscribe and subscriptions: what a channel hears."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any, get_args

from sqlite_utils import Database

from bot.commands.mute import described, own_mutes
from bot.commands.parse import OFF
from bot.commands.view import View, audit, look, visible
from bot.errors import CommandError
from bot.message import answers, refusals
from bot.message.kinds import KINDS
from bot.model import Caller, Message
from bot.storage import accounts, channels
from bot.storage.channels import Channel, Mute, Subscription
from checks.model import Kind

_KINDS: tuple[Kind, ...] = get_args(Kind)
_SETTINGS = ("quiet", "summary", "thread")
"""Arguments that are about the channel and not about one subscription."""


async def subscribe(view: View, caller: Caller, arguments: Mapping[str, Any]) -> Message:
    if caller.channel is None:
        raise CommandError(refusals.no_channel(view.voice))
    return await view.context.store.write(_subscribe, view, arguments)


async def unsubscribe(view: View, caller: Caller, arguments: Mapping[str, Any]) -> Message:
    return await view.context.store.write(_unsubscribe, view, arguments["subscription"])


async def listing(view: View, caller: Caller, arguments: Mapping[str, Any]) -> Message:
    return await look(view, _listing)


def in_words(view: View, subscription: Subscription) -> str:
    return answers.subscription_text(
        view.voice,
        subscription.accounts,
        subscription.kinds,
        subscription.direction,
        subscription.min_severity,
        subscription.min_percent,
        subscription.min_count,
    )


def _subscribe(db: Database, view: View, arguments: Mapping[str, Any]) -> Message:
    """Settings alone leave what a channel hears as it is, where it hears something."""
    settings = {name: arguments[name] for name in _SETTINGS if name in arguments}
    own = _own(db, view)
    only_settings = bool(own and settings) and settings.keys() == arguments.keys()
    wanted = None if only_settings else _wanted(db, view, arguments)
    known = _channel(db, view) or Channel(
        channel=view.channel,
        space=view.space,
        locale=str(view.voice.locale),
        timezone=view.voice.zone.key,
    )
    if settings and known.origin == "config":
        raise CommandError(refusals.configured_channel(view.voice))
    channel = replace(known, **settings)
    channels.put(db, channel)
    channels.enable(db, channel.channel)
    changes = " ".join(f"{name}={value or OFF}" for name, value in settings.items())
    if wanted is None:
        audit(db, view, "subscribe", changes)
        done = answers.said(view.voice, answers.SET_HERE)
    else:
        number = _replace(db, own, wanted)
        audit(db, view, "subscribe", f"{number} {' '.join(wanted.accounts)} {changes}".strip())
        what = in_words(view, wanted)
        done = answers.said(view.voice, answers.SUBSCRIBED, number=number, what=what)
    return answers.with_settings(done, _settings(view, channel))


def _replace(db: Database, own: Sequence[Subscription], wanted: Subscription) -> int:
    """The same accounts once more change what was subscribed, they do not double it."""
    for old in own:
        if old.origin == "chat" and old.accounts == wanted.accounts:
            channels.unsubscribe(db, old.id)
    return channels.subscribe(db, wanted)


def _wanted(db: Database, view: View, arguments: Mapping[str, Any]) -> Subscription:
    """The subscription that the arguments describe; refuses what matches nothing."""
    patterns = _words(arguments.get("accounts", "*"))
    seen = visible(db, view)
    for pattern in patterns:
        # a pattern for accounts that are still to come is fine where all are allowed
        hit = any(accounts.matches([pattern], one.account, one.tags) for one in seen)
        if not hit and pattern != "*" and (seen or not view.console):
            raise CommandError(_nothing(view, pattern, [one.account for one in seen]))
    return Subscription(
        channel=view.channel,
        accounts=tuple(patterns),
        kinds=_kinds(view, arguments.get("kinds", "")),
        direction=arguments.get("direction", "both"),
        min_severity=arguments.get("severity", "info"),
        min_percent=arguments.get("percent"),
        min_count=arguments.get("count"),
        by=view.caller.name,
        at=int(view.now),
    )


def _nothing(view: View, pattern: str, names: Sequence[str]) -> str:
    if "*" in pattern or pattern.startswith("#"):
        return refusals.nothing_matches(view.voice, pattern)
    return refusals.unknown_account(view.voice, pattern, names)


def _unsubscribe(db: Database, view: View, number: int) -> Message:
    found = [one for one in _own(db, view) if one.id == number]
    if not found:
        raise CommandError(refusals.unknown_subscription(view.voice, number))
    if found[0].origin == "config":
        raise CommandError(refusals.configured_subscription(view.voice, number))
    channels.unsubscribe(db, number)
    channel = _channel(db, view)
    if channel is not None and channel.origin == "chat" and not _own(db, view):
        # who hears nothing any more wants no summary either
        channels.put(db, replace(channel, summary=None))
    audit(db, view, "unsubscribe", str(number))
    return answers.said(view.voice, answers.UNSUBSCRIBED, number=number)


def _listing(db: Database, view: View) -> Message:
    own = [(one.id, in_words(view, one), one.origin == "config") for one in _own(db, view)]
    mutes = [
        answers.mute_line(
            view.voice,
            [described(db, view, mute) for mute in together],
            together[0].until,
            together[0].by,
            view.now,
        )
        for together in _said_at_once(own_mutes(db, view))
    ]
    return answers.subscription_list(
        view.voice, own, _settings(view, _channel(db, view)), mutes
    )


def _said_at_once(mutes: Sequence[Mute]) -> Iterator[list[Mute]]:
    """A wave was muted by one word, though each of its incidents has a mute of its own."""
    for _, together in groupby(mutes, key=lambda mute: (mute.at, mute.by, mute.until)):
        yield list(together)


def _channel(db: Database, view: View) -> Channel | None:
    """The stored channel, unless it was another space's."""
    known = channels.get(db, view.channel)
    return known if known and known.space == view.space else None


def _own(db: Database, view: View) -> list[Subscription]:
    return channels.subscriptions(db, view.channel) if _channel(db, view) else []


def _settings(view: View, channel: Channel | None) -> list[tuple[str, str]]:
    if channel is None:
        return []
    return answers.channel_settings(
        view.voice,
        summary=channel.summary,
        quiet=channel.quiet,
        thread=channel.thread,
        remind=channel.remind,
        timezone=channel.timezone,
        disabled=channel.disabled,
    )


def _words(text: str) -> list[str]:
    return [word for word in text.replace(",", " ").split() if word] or ["*"]


def _kinds(view: View, text: str) -> tuple[Kind, ...]:
    """Kinds by their names in the config or in the caller's language."""
    translated = {view.voice.say(KINDS[kind]).lower(): kind for kind in _KINDS}
    found = []
    for word in text.replace(",", " ").split():
        plain = word.lower().replace("-", "_")
        kind = next((one for one in _KINDS if one == plain), translated.get(word.lower()))
        if kind is None:
            raise CommandError(refusals.unknown_kind(view.voice, word, _KINDS))
        found.append(kind)
    return tuple(found)
