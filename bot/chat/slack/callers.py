"""Who asks: a person's name, groups and admin rights, as the workspace knows them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

from bot.chat.memory import Memory
from bot.chat.slack.errors import SlackRefusal
from bot.chat.slack.limits import Call
from bot.errors import DeliveryError
from bot.model.command import Caller

_PERSON_FRESH = 60.0
_GROUPS_FRESH = 120.0
"""Seconds that an answer is believed: a removed right ends soon, a busy hour stays cheap."""

_NOBODY = frozenset({"user_not_found", "users_not_found", "user_not_visible"})


@dataclass(frozen=True, slots=True)
class _Person:
    name: str
    admin: bool
    left: bool
    until: float


class Callers:
    """Looks people up; where Slack does not answer they have no more rights than a reader."""

    def __init__(self, call: Call, monotonic: Callable[[], float]) -> None:
        self._call = call
        self._monotonic = monotonic
        self._people: Memory[_Person] = Memory()
        self._groups: Mapping[str, frozenset[str]] = {}
        self._handles: Mapping[str, str] = {}
        self._groups_until = float("-inf")
        self._asking = asyncio.Lock()
        self._looking: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def caller(
        self,
        *,
        team: str | None,
        channel: str | None,
        user: str,
        name: str,
        own_team: str | None,
        alert: str | None = None,
    ) -> Caller:
        """`team` is the person's own workspace: a guest of a shared channel is a stranger."""
        roles, admin = {user}, False
        if team is not None and team == own_team:
            with suppress(DeliveryError):
                person = await self._person(user)
                name, admin = person.name or name, person.admin
            groups = await self._memberships()
            roles |= {group for group, members in groups.items() if user in members}
        return Caller(
            platform="slack",
            space=f"slack:{team}" if team else None,
            channel=f"slack:{channel}" if channel else None,
            user=user,
            name=name or user,
            roles=frozenset(roles),
            admin=admin,
            alert=alert,
        )

    async def member(self, user: str, team: str) -> Caller | None:
        """Somebody of our own workspace, None once they have left it."""
        try:
            person = await self._person(user)
        except SlackRefusal as error:
            if error.word in _NOBODY:
                return None
            raise
        if person.left:
            return None
        return await self.caller(
            team=team, channel=None, user=user, name=person.name, own_team=team
        )

    async def as_mention(self, text: str) -> str:
        """A group named by its handle, "@leads", as Slack sends it in a command: in forms it
        stays as it was typed."""
        if not text.startswith("@"):
            return text
        await self._memberships()
        group = self._handles.get(text.lower())
        return f"<!subteam^{group}>" if group else text

    async def _person(self, user: str) -> _Person:
        # what somebody asks at once is looked up one time, and answered in its order
        async with self._looking.setdefault(user, asyncio.Lock()):
            known = self._people.get(user)
            if known is not None and known.until > self._monotonic():
                return known
            answer = await self._call("users.info", user=user)
            person = _read_person(answer.get("user") or {}, self._monotonic() + _PERSON_FRESH)
            self._people.put(user, person)
            return person

    async def _memberships(self) -> Mapping[str, frozenset[str]]:
        async with self._asking:  # a hundred commands at once ask one time
            if self._groups_until > self._monotonic():
                return self._groups
            try:
                answer = await self._call("usergroups.list", include_users=True)
            except DeliveryError:
                # Free workspaces have no groups, and old installations not the scope.
                answer = {}
            known = {str(group["id"]): group for group in answer.get("usergroups") or ()}
            self._groups = {
                id: frozenset(group.get("users") or ()) for id, group in known.items()
            }
            self._handles = {
                f"@{group.get('handle')}".lower(): id for id, group in known.items()
            }
            self._groups_until = self._monotonic() + _GROUPS_FRESH
            return self._groups


def _read_person(user: Mapping[str, Any], until: float) -> _Person:
    profile = user.get("profile") or {}
    name = profile.get("display_name") or user.get("real_name") or user.get("name") or ""
    admin = any(user.get(key) is True for key in ("is_admin", "is_owner", "is_primary_owner"))
    left = user.get("deleted") is True
    return _Person(str(name), admin and not left, left, until)
