"""web: who may open the page, and the links and tokens that are handed on."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlite_utils import Database

from bot.commands.parse import read_target
from bot.commands.request import Request, find_account, find_incidents, write_down
from bot.errors import CommandError
from bot.message import page, refusals
from bot.model.command import Caller
from bot.model.message import Message
from bot.storage import grants
from bot.storage.grants import Grant, GrantKind

LOGIN_SECONDS = 600
"""A link that signs somebody in waits so long for its first and only use."""

_SHARED = timedelta(days=30)
_TOKEN_SECONDS = 366 * 86400
ACTIONS = ("share", "links", "revoke", "token")
_REPORTS = ("week", "month")


async def web(request: Request, caller: Caller, arguments: Mapping[str, Any]) -> Message:
    """Everybody may sign in; what lets others look is for managers."""
    action = arguments.get("action")
    _address(request)
    if action is not None and not request.manager:
        raise CommandError(refusals.not_manager(request.voice))
    store, what = request.context.store, arguments.get("what", "")
    if action == "share":
        return await store.write(_share, request, what, arguments.get("span", _SHARED))
    if action == "links":
        return await store.read(_listing, request)
    if action == "revoke":
        return await store.write(_revoke, request, what)
    return await store.write(_token if action == "token" else _sign_in, request)


def _address(request: Request) -> str:
    address = request.context.public_url
    if address is None:
        raise CommandError(refusals.no_page(request.voice))
    return address.rstrip("/")


def _sign_in(db: Database, request: Request) -> Message:
    address = _address(request)
    secret = _grant(db, request, "login", LOGIN_SECONDS)
    url = f"{address}/login?t={secret}"
    return page.sign_in(request.voice, url, LOGIN_SECONDS, bare=request.console)


def _share(db: Database, request: Request, what: str, span: timedelta) -> Message:
    address = _address(request)
    target = _target(db, request, what)
    secret = _grant(db, request, "share", int(span.total_seconds()), target)
    write_down(db, request, "web share", target)
    end = request.now + span.total_seconds()
    return page.shared(request.voice, what, f"{address}/s/{secret}", end, request.now)


def _target(db: Database, request: Request, what: str) -> str:
    """The page that a link shows: a report, an incident, or an account."""
    if what.lower() in _REPORTS:
        return f"report/{what.lower()}"
    try:
        number = read_target(what).number
    except ValueError:
        return f"account/{find_account(db, request, what).account}"
    find_incidents(db, request, number, wave=False)
    return f"incident/{number}"


def _listing(db: Database, request: Request) -> Message:
    return page.links(
        request.voice, grants.listing(db, request.space, request.now), request.now
    )


def _revoke(db: Database, request: Request, text: str) -> Message:
    number = int(text) if text.isascii() and text.isdigit() else -1
    known = {one.id for one in grants.listing(db, request.space, request.now)}
    if number not in known or not grants.end(db, request.space, number):
        raise CommandError(refusals.unknown_link(request.voice, text))
    write_down(db, request, "web revoke", str(number))
    return page.revoked(request.voice, number)


def _token(db: Database, request: Request) -> Message:
    address = _address(request)
    secret = _grant(db, request, "api", _TOKEN_SECONDS)
    write_down(db, request, "web token")
    return page.token(request.voice, secret, f"{address}/api/v1/")


def _grant(
    db: Database, request: Request, kind: GrantKind, seconds: int, target: str | None = None
) -> str:
    """Gives the token, which is not stored and never shown again."""
    secret = request.context.draw_token()
    now, caller = int(request.now), request.caller
    holder = {
        "platform": caller.platform,
        "user": caller.user,
        "name": caller.name,
        "manager": request.manager,
    }
    grants.add(
        db,
        secret,
        Grant(
            id=0,
            kind=kind,
            space=request.space,
            holder=holder,
            target=target,
            created=now,
            expires=now + seconds,
        ),
    )
    return secret
