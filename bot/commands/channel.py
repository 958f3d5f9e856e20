"""settings: how a channel is spoken to, and how loudly."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from sqlite_utils import Database

from bot.commands.parse import OFF
from bot.commands.request import Request, look, write_down
from bot.commands.times import read_span
from bot.errors import CommandError
from bot.message import refusals, replies, voice_for
from bot.model.command import Caller
from bot.model.message import Button, Message
from bot.storage import channels
from bot.storage.channels import Channel

_ROLE = re.compile(r"(?:<@&|<!subteam\^|role:)?([A-Za-z0-9]+)(?:\|[^>]*)?>?")
"""A role's or a group's id, also as the platform writes a mention of it."""


async def settings(request: Request, caller: Caller, arguments: Mapping[str, Any]) -> Message:
    if caller.channel is None:
        raise CommandError(refusals.no_channel(request.voice))
    if not arguments:
        return await look(request, _show)
    return await request.context.store.write(_change, request, arguments)


def of_channel(request: Request, channel: Channel) -> list[tuple[str, str]]:
    """What is set for a channel, as (name, value)."""
    return replies.channel_settings(
        request.voice,
        replies.ChannelLook(
            summary=channel.summary,
            quiet=channel.quiet,
            thread=channel.thread,
            remind=channel.remind,
            timezone=channel.timezone,
            disabled=channel.disabled,
        ),
    )


def all_of_channel(request: Request, channel: Channel) -> list[tuple[str, str]]:
    """The same with how it is spoken to; the role itself stands above, as its mention."""
    voice = request.voice
    spoken = [
        (voice.say("Language"), voice_for(channel.locale, channel.timezone).language),
        (voice.say("Time zone"), channel.timezone),
    ]
    mention = [(voice.say("Mention"), voice.say("the role above"))] if channel.mention else []
    return [*spoken, *of_channel(request, channel), *mention]


def _known(db: Database, request: Request) -> Channel:
    known = channels.get(db, request.channel)
    if known is not None and known.space == request.space:
        return known
    return Channel(
        channel=request.channel,
        space=request.space,
        locale=str(request.voice.locale),
        timezone=request.voice.zone.key,
    )


def _show(db: Database, request: Request) -> Message:
    return _told(request, _known(db, request), replies.SETTINGS)


def _change(db: Database, request: Request, arguments: Mapping[str, Any]) -> Message:
    known = _known(db, request)
    if known.origin == "config":
        raise CommandError(refusals.configured_channel(request.voice))
    changed = {_FIELDS[name]: _READ[name](request, text) for name, text in arguments.items()}
    channel = replace(known, **changed)
    channels.put(db, channel)
    written = " ".join(f"{name}={value or OFF}" for name, value in changed.items())
    write_down(db, request, "settings", written)
    # answered in the language that was just chosen
    voice = voice_for(channel.locale, channel.timezone, request.voice.names)
    return _told(replace(request, voice=voice), channel, replies.SET_HERE)


def _told(request: Request, channel: Channel, text: str) -> Message:
    done = replies.with_settings(
        replies.said(request.voice, text), all_of_channel(request, channel)
    )
    change = Button(label=request.voice.say("Change settings …"), command="settings")
    may = request.manager and not request.console
    return replace(done, mention=channel.mention, buttons=(change,) if may else ())


def _timezone(request: Request, text: str) -> str:
    wanted = text.strip().replace(" ", "_").lower()
    for name in available_timezones():
        if name.lower() == wanted or name.lower().rpartition("/")[2] == wanted:
            return ZoneInfo(name).key
    raise CommandError(refusals.unknown_timezone(request.voice, text))


def _remind(request: Request, text: str) -> int | None:
    if text.strip().lower() == OFF:
        return None
    try:
        return int(read_span(text).total_seconds())
    except ValueError:
        raise CommandError(refusals.no_reminder(request.voice, text)) from None


def _mention(request: Request, text: str) -> str | None:
    if text.strip().lower() == OFF:
        return None
    found = _ROLE.fullmatch(text.strip())
    if found is None or found[1].lower() in ("everyone", "here", "channel"):
        raise CommandError(refusals.no_role(request.voice, text))
    return f"role:{found[1]}"


_FIELDS = {
    "language": "locale",
    "timezone": "timezone",
    "remind": "remind",
    "mention": "mention",
}
_READ: Mapping[str, Any] = {
    "language": lambda request, text: text,
    "timezone": _timezone,
    "remind": _remind,
    "mention": _mention,
}
