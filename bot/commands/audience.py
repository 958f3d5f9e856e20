"""audience: who came and who left, from an account's follower lists."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from sqlite_utils import Database

from bot.commands.request import Request, find_account, look
from bot.errors import CommandError
from bot.message.audience import AudienceLook, audience, audience_picture, no_list
from bot.model.command import Caller
from bot.model.message import Message
from bot.model.reading import FollowerList
from bot.storage import lists
from checks.lists.study import ListContext, study
from checks.lists.verdicts import list_rules


async def show(request: Request, caller: Caller, arguments: Mapping[str, Any]) -> Message:
    """The newest list beside the one before it, in words, a table and a picture."""
    shown = await audience_of(request, arguments["account"])
    message = audience(request.voice, shown, request.now)
    drawn = await asyncio.to_thread(
        audience_picture, request.voice, shown, request.now, request.theme
    )
    return replace(message, picture=drawn)


async def audience_of(request: Request, account: str) -> AudienceLook:
    """What the newest lists of an account say; `CommandError` where there is none to be seen.

    Studies them off the event loop: a million names take seconds.
    """
    known = await look(request, _gather, account)
    return await asyncio.to_thread(_studied, known)


class _Lists(NamedTuple):
    """The newest list of an account with what is known beside it, and the same of whom the
    account follows itself."""

    account: str
    newest: FollowerList
    context: ListContext
    following: tuple[FollowerList, ListContext] | None


def _gather(db: Database, request: Request, text: str) -> _Lists:
    known = find_account(db, request, text)
    found = _newest(db, request, known.account, "followers")
    if found is None:
        raise CommandError(no_list(request.voice, known.account))
    return _Lists(known.account, *found, _newest(db, request, known.account, "following"))


def _newest(
    db: Database, request: Request, account: str, side: str
) -> tuple[FollowerList, ListContext] | None:
    times = lists.times(db, account, side)
    newest = lists.get(db, account, side, times[-1]) if times else None
    if newest is None:
        return None
    floor = list_rules(request.context.rules(request.context.sensitivity))
    timezone = request.context.timezone
    return newest, lists.context(db, newest, timezone=timezone, floor=floor)


def _studied(known: _Lists) -> AudienceLook:
    old = known.context.old
    alone = replace(known.context, old=None, before=None)
    return AudienceLook(
        account=known.account,
        newest=known.newest,
        study=study(known.newest, known.context),
        old=old,
        earlier=None if old is None else study(old, alone),
        following=None if known.following is None else study(*known.following),
    )
