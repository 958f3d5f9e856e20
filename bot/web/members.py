"""Whether a person is still in a space: the chat is asked, and believed for a bounded time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import cast

from bot.commands.request import CONSOLE
from bot.errors import DeliveryError
from bot.model.chat import Chat, MemberChat
from bot.model.command import Caller
from bot.storage.grants import Grant

FRESH = 300
"""Seconds that an answer holds: who loses a role or leaves keeps the page so long at most. Half
asks Slack for a busy team twice as often, double keeps people in for ten minutes."""

PATIENT = 3600
"""Seconds after the last answer for which a chat that is silent changes nothing."""

_ASK_SECONDS = 5
_AGAIN = 30
"""Seconds before a silent chat is asked again: pages must not all wait for it."""


class ChatSilent(Exception):
    """The chat has not said for too long who is in the space."""


@dataclass(slots=True)
class _Known:
    caller: Caller
    confirmed: float
    next: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Members:
    """People by space and user, as their chats last described them."""

    def __init__(self, chats: Mapping[str, Chat], now: Callable[[], float]) -> None:
        self._chats, self._now = chats, now
        self._known: dict[tuple[str, str], _Known] = {}

    async def caller(self, grant: Grant) -> Caller | None:
        """Whoever holds the grant with the roles of now; None where the chat says no.

        Raises ChatSilent. A link to one page is the team's own, and who sits at the terminal
        needs no leave: neither is asked about.
        """
        held = _held(grant)
        if grant.kind == "share" or held.platform == CONSOLE:
            return held
        key = (grant.space, held.user)
        # a grant is made when somebody asks in the chat, who was there then
        known = self._known.setdefault(key, _Known(held, grant.created))
        known.confirmed = max(known.confirmed, grant.created)
        async with known.lock:
            if grant.kind == "login" or self._now() >= known.next:
                told = await self._ask(key, known)
                if told is None:
                    del self._known[key]
                    return None
            return known.caller

    async def _ask(self, key: tuple[str, str], known: _Known) -> Caller | None:
        chat = self._chats.get(known.caller.platform)
        try:
            if chat is None or not chat.can.members:
                raise TimeoutError
            async with asyncio.timeout(_ASK_SECONDS):
                told = await cast(MemberChat, chat).member(*key)
        except (DeliveryError, TimeoutError):
            if self._now() - known.confirmed >= PATIENT:
                raise ChatSilent from None
            known.next = self._now() + _AGAIN
            return known.caller
        if told is not None:
            known.caller, known.confirmed = told, self._now()
            known.next = known.confirmed + FRESH
        return told


def _held(grant: Grant) -> Caller:
    """The person as they were when they asked for the grant."""
    holder = grant.holder
    return Caller(
        platform=str(holder["platform"]),
        space=grant.space,
        channel=None,
        user=str(holder["user"]),
        name=str(holder["name"]),
        admin=bool(holder["manager"]),
    )
