"""Slack's other doors: the app's home, a mention of the app, "Why?" in a message's menu."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from bot.chat.slack.callers import Callers
from bot.chat.slack.limits import Call
from bot.chat.slack.render import (
    answer_line_of,
    buttons,
    home_view,
    message_blocks,
    named_channel,
    typed,
)
from bot.chat.slack.rich import Block
from bot.chat.text import clean
from bot.chat.words import adding, setting
from bot.errors import DeliveryError
from bot.model.command import Caller, Dispatcher, Words
from bot.model.message import Message

WHY = "ebb-why"
"""The callback of the shortcut in a message's menu."""

_AT = re.compile(r"\s*<@[A-Z0-9]+(\|[^>]*)?>")
_SHOWN = ("status", "accounts")
_BLOCK = "ebb-channel:"
_CHANNELS = 10
"""Channels that a home shows: each takes about five of its hundred blocks."""

Payload = Mapping[str, Any]
Tell = Callable[[str, Caller, Message], Awaitable[None]]
Whisper = Callable[[Caller, str | None, Message], Awaitable[None]]


class Doors:
    """`tell` answers to a response address, `whisper` to one person in a channel."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        callers: Callers,
        call: Call,
        *,
        team: Callable[[], str | None],
        tell: Tell,
        whisper: Whisper,
    ) -> None:
        self._dispatcher = dispatcher
        self._callers = callers
        self._call = call
        self._team = team
        self._tell = tell
        self._whisper = whisper

    async def mention(self, payload: Payload) -> None:
        """ "@ebbwatch status" is answered like "/ebb status", to who asked alone."""
        event = payload["event"]
        if not event.get("user") or event.get("bot_id"):
            return
        caller = await self._caller(payload, str(event["user"]), event.get("channel"))
        line = clean(typed(_AT.sub("", str(event.get("text") or ""), count=1)), lines=False)
        message = await self._dispatcher.answer_line(caller, line)
        await self._whisper(caller, event.get("channel"), message)

    async def why(self, payload: Payload) -> None:
        """The question that the message's own button asks; without one the open incidents."""
        user = payload.get("user") or {}
        channel = (payload.get("channel") or {}).get("id")
        team = (payload.get("team") or {}).get("id")
        caller = await self._caller({"team_id": team}, str(user["id"]), channel)
        line = answer_line_of(payload.get("message") or {}, "why") or "incidents"
        message = await self._dispatcher.answer_line(caller, line)
        await self._tell(str(payload["response_url"]), caller, message)

    async def home(self, payload: Payload) -> None:
        event = payload["event"]
        if event.get("tab", "home") == "home":
            await self.show_home(await self._caller(payload, str(event["user"]), None))

    async def show_home(self, caller: Caller) -> None:
        """How things stand, every account, how each channel is set, and what can be added."""
        told = [await self._dispatcher.answer_line(caller, line) for line in _SHOWN]
        words = await self._dispatcher.words(caller)
        view = home_view(
            [
                *message_blocks(told[0]),
                buttons(adding(words)),
                *message_blocks(told[1]),
                *await self._channels(caller, words),
            ]
        )
        try:
            await self._call("views.publish", user_id=caller.user, view=view)
        except DeliveryError as error:
            await self._dispatcher.report(str(error))

    async def _channels(self, caller: Caller, words: Words) -> list[Block]:
        blocks: list[Block] = []
        for channel in (await self._dispatcher.channels(caller))[:_CHANNELS]:
            id = channel.removeprefix("slack:")
            answer = await self._dispatcher.answer_line(
                replace(caller, channel=channel), "subscriptions"
            )
            blocks += [named_channel(id), *message_blocks(replace(answer, title=""))]
            blocks.append({**buttons(setting(words)), "block_id": f"{_BLOCK}{id}"})
        return blocks

    async def _caller(self, payload: Payload, user: str, channel: str | None) -> Caller:
        return await self._callers.caller(
            team=payload.get("team_id"),
            channel=channel,
            user=user,
            name="",
            own_team=self._team(),
        )


def channel_of_block(action: Payload) -> str:
    """The channel that a button of the home speaks of, "" for none."""
    found = str(action.get("block_id") or "")
    return found.removeprefix(_BLOCK) if found.startswith(_BLOCK) else ""
