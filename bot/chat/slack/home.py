"""Slack's other doors: the app's home, a mention of the app, "Why?" in a message's menu."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from bot.chat.slack.callers import Callers
from bot.chat.slack.limits import Call
from bot.chat.slack.render import answer_line_of, home_view, unescape
from bot.chat.text import clean
from bot.errors import DeliveryError
from bot.model.command import Caller, Dispatcher
from bot.model.message import Message

WHY = "ebb-why"
"""The callback of the shortcut in a message's menu."""

_AT = re.compile(r"<@[A-Z0-9]+(\|[^>]*)?>")
_SHOWN = ("status", "accounts")

Payload = Mapping[str, Any]
Tell = Callable[[str, Message], Awaitable[None]]
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
        line = clean(unescape(_AT.sub("", str(event.get("text") or ""))), lines=False)
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
        await self._tell(str(payload["response_url"]), message)

    async def home(self, payload: Payload) -> None:
        """How things stand, every account, and what can be asked."""
        event = payload["event"]
        if event.get("tab", "home") != "home":
            return
        caller = await self._caller(payload, str(event["user"]), None)
        told = [await self._dispatcher.answer_line(caller, line) for line in _SHOWN]
        try:
            await self._call("views.publish", user_id=caller.user, view=home_view(told))
        except DeliveryError as error:
            await self._dispatcher.report(str(error))

    async def _caller(self, payload: Payload, user: str, channel: str | None) -> Caller:
        return await self._callers.caller(
            team=payload.get("team_id"),
            channel=channel,
            user=user,
            name="",
            own_team=self._team(),
        )
