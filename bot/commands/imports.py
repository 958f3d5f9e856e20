"""import, watch, unwatch and forget: which accounts and readings there are."""

import re
from collections.abc import Mapping
from typing import Any

from sqlite_utils import Database

from bot import review
from bot.commands.request import Request, find_account, write_down
from bot.errors import CommandError
from bot.message import one_line, refusals, replies
from bot.model.command import Attachment, Caller
from bot.model.message import Message
from bot.storage import accounts, forgetting

_DATE_ORDERS = ("dmy", "mdy", "ymd")


async def take_in(request: Request, caller: Caller, arguments: Mapping[str, Any]) -> Message:
    """Chat platforms give attachments only: a path would name a file of this machine."""
    file = arguments["file"]
    if not isinstance(file, Attachment) and not request.console:
        raise CommandError(refusals.attachment_wanted(request.voice))
    options = _options(request, arguments.get("options") or "")
    found = await request.context.import_files(file, request.space, options)
    name = file.name if isinstance(file, Attachment) else str(file)
    await request.context.store.write(write_down, request, "import", one_line(name))
    return replies.found_files(request.voice, found)


def _options(request: Request, text: str) -> dict[str, Any]:
    """What a person says of a file, in the words that its question gave them."""
    said: dict[str, Any] = {}
    given = text if not text or text.startswith("--") else f"--columns {text}"
    for part in re.split(r"(?:^|\s)--(?=[a-z])", given)[1:]:
        name, _, value = part.strip().partition(" ")
        value = value.strip(' "')
        role, sign, column = value.partition("=")
        if name == "columns" and sign:
            said.setdefault(name, {})[role] = column
        elif name == "daily" and value:
            said.setdefault(name, []).append(value)
        elif name == "date-order" and value in _DATE_ORDERS:
            said["date_order"] = value
        elif name in ("account", "platform") and value:
            said[name] = value
        elif name == "wide" and not value:
            said[name] = True
        else:
            raise CommandError(refusals.unknown_option(request.voice, part))
    return said


async def watch(request: Request, caller: Caller, arguments: Mapping[str, Any]) -> Message:
    """Checks the wall before a platform is asked, and again with the name it gave.

    What was forgotten and still comes from a configured source only has to be let in again.
    """
    wanted = arguments["account"]
    _allowed(request, wanted)
    await request.context.store.read(_room, request)
    forgotten = await request.context.store.read(forgetting.find, wanted)
    if forgotten is not None and not forgotten.watched:
        await request.context.store.write(_bring_back, request, forgotten.account)
        return replies.said(request.voice, replies.BACK, account=one_line(forgotten.account))
    source, canonical = await request.context.look(wanted)
    _allowed(request, canonical)
    await request.context.store.write(_watch, request, canonical, source)
    return replies.said(
        request.voice, replies.WATCHED, account=one_line(canonical), source=one_line(source)
    )


async def unwatch(request: Request, caller: Caller, arguments: Mapping[str, Any]) -> Message:
    account = await request.context.store.write(_unwatch, request, arguments["account"])
    return replies.said(
        request.voice, replies.UNWATCHED, account=request.voice.account(account)
    )


async def forget(request: Request, caller: Caller, arguments: Mapping[str, Any]) -> Message:
    sure = arguments.get("sure") == "yes"
    return await request.context.store.write(_forget, request, arguments["account"], sure)


def _allowed(request: Request, account: str) -> None:
    if not request.context.access.allows(request.space, account):
        raise CommandError(refusals.beyond_team(request.voice, account))


def _room(db: Database, request: Request) -> None:
    access = request.context.access
    if access.room(db, request.space) == 0:
        raise CommandError(refusals.full(request.voice, access.limits[request.space]))


def _bring_back(db: Database, request: Request, account: str) -> None:
    forgetting.bring_back(db, account)
    write_down(db, request, "watch", account)


def _watch(db: Database, request: Request, account: str, source: str) -> None:
    forgetting.bring_back(db, account)
    accounts.watch(db, account, source, request.space, request.caller.name, int(request.now))
    write_down(db, request, "watch", f"{account} by {source}")


def _unwatch(db: Database, request: Request, text: str) -> str:
    """An account that was never read yet is known only as watched."""
    wanted = text.strip()
    allowed = request.context.access.allows(request.space, wanted)
    if allowed and accounts.unwatch(db, wanted):
        write_down(db, request, "unwatch", wanted)
        return wanted
    known = find_account(db, request, text)
    if not accounts.unwatch(db, known.account):
        raise CommandError(refusals.not_watched(request.voice, known.account))
    write_down(db, request, "unwatch", known.account)
    return known.account


def _forget(db: Database, request: Request, text: str, sure: bool) -> Message:
    known = find_account(db, request, text)
    shared = request.context.access.shares(request.space, known.account, known.words)
    if shared and not request.console:
        # one team may not erase what another one works with
        raise CommandError(refusals.forget_at_console(request.voice, known.account))
    if not sure:
        return replies.confirm_forget(request.voice, known.account)
    erased = review.forget(db, known.account, int(request.now))
    write_down(db, request, "forget", known.account)
    return replies.forgotten(request.voice, known.account, erased)
