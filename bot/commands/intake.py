"""import, watch, unwatch and forget: which accounts and readings there are."""

from collections.abc import Mapping
from typing import Any

from sqlite_utils import Database

from bot import review
from bot.commands.view import View, audit, find_account, names_seen
from bot.errors import CommandError
from bot.message import answers, clean, refusals
from bot.model import Attachment, Caller, Message
from bot.storage import accounts, forgetting


async def take_in(view: View, caller: Caller, arguments: Mapping[str, Any]) -> Message:
    """Chat platforms give attachments only: a path would name a file of this machine."""
    file = arguments["file"]
    if not isinstance(file, Attachment) and not view.console:
        raise CommandError(refusals.attachment_wanted(view.voice))
    found = await view.context.import_files(file, view.patterns)
    name = file.name if isinstance(file, Attachment) else str(file)
    await view.context.store.write(audit, view, "import", clean(name))
    return answers.found_files(view.voice, found)


async def watch(view: View, caller: Caller, arguments: Mapping[str, Any]) -> Message:
    """Checks the wall before a platform is asked, and again with the name it gave.

    What was forgotten and still comes from a configured source only has to be let in again.
    """
    wanted = arguments["account"]
    _allowed(view, wanted)
    await view.context.store.read(_room, view)
    forgotten = await view.context.store.read(forgetting.find, wanted)
    if forgotten is not None and not forgotten.watched:
        await view.context.store.write(_bring_back, view, forgotten.account)
        return answers.said(view.voice, answers.BACK, account=clean(forgotten.account))
    source, canonical = await view.context.look(wanted)
    _allowed(view, canonical)
    await view.context.store.write(_watch, view, canonical, source)
    return answers.said(
        view.voice, answers.WATCHED, account=clean(canonical), source=clean(source)
    )


async def unwatch(view: View, caller: Caller, arguments: Mapping[str, Any]) -> Message:
    account = await view.context.store.write(_unwatch, view, arguments["account"])
    return answers.said(view.voice, answers.UNWATCHED, account=clean(account))


async def forget(view: View, caller: Caller, arguments: Mapping[str, Any]) -> Message:
    sure = arguments.get("sure") == "yes"
    return await view.context.store.write(_forget, view, arguments["account"], sure)


def _allowed(view: View, account: str) -> None:
    if not accounts.matches(view.patterns, account):
        raise CommandError(refusals.beyond_team(view.voice, account))


def _room(db: Database, view: View) -> None:
    space = view.context.spaces.get(view.space)
    if space is not None and len(names_seen(db, view)) >= space.max_accounts:
        raise CommandError(refusals.full(view.voice, space.max_accounts))


def _bring_back(db: Database, view: View, account: str) -> None:
    forgetting.bring_back(db, account)
    audit(db, view, "watch", account)


def _watch(db: Database, view: View, account: str, source: str) -> None:
    forgetting.bring_back(db, account)
    accounts.watch(db, account, source, view.space, view.caller.name, int(view.now))
    audit(db, view, "watch", f"{account} by {source}")


def _unwatch(db: Database, view: View, text: str) -> str:
    """An account that was never read yet is known only as watched."""
    wanted = text.strip()
    if accounts.matches(view.patterns, wanted) and accounts.unwatch(db, wanted):
        audit(db, view, "unwatch", wanted)
        return wanted
    known = find_account(db, view, text)
    if not accounts.unwatch(db, known.account):
        raise CommandError(refusals.not_watched(view.voice, known.account))
    audit(db, view, "unwatch", known.account)
    return known.account


def _forget(db: Database, view: View, text: str, sure: bool) -> Message:
    known = find_account(db, view, text)
    others = [space for space in view.context.spaces.values() if space.id != view.space]
    shared = any(accounts.matches(one.accounts, known.account, known.tags) for one in others)
    if shared and not view.console:
        # one team may not erase what another one works with
        raise CommandError(refusals.forget_at_console(view.voice, known.account))
    if not sure:
        return answers.confirm_forget(view.voice, known.account)
    erased = review.forget(db, known.account, int(view.now))
    audit(db, view, "forget", known.account)
    return answers.forgotten(view.voice, known.account, erased)
