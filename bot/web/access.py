"""Who asks: sessions by cookie, shared links and API tokens, each a grant of one space."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import NamedTuple

from aiohttp import web
from sqlite_utils import Database

from bot.commands.dispatch import CommandDispatcher
from bot.commands.request import Request
from bot.errors import CommandError
from bot.storage import accounts, forgetting, grants
from bot.storage.database import Store
from bot.storage.grants import Grant, GrantKind
from bot.web.members import ChatSilent, Members
from bot.web.tries import Tries

SESSION_SECONDS = 12 * 3600


class NotMember(web.HTTPForbidden):
    """The chat says that the person is not in the space any more."""


class NotSure(web.HTTPServiceUnavailable):
    """The chat has not said for too long whether the person is in the space."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Somebody who may look; `form` is what their forms must carry, "" where they have none."""

    request: Request
    form: str = ""
    shared: str | None = None
    """The one page that a shared link shows, and the link's `path`."""
    path: str = ""
    forgotten: tuple[int, int]
    """The mark of the accounts that were forgotten before this was asked."""

    @property
    def manager(self) -> bool:
        return self.request.manager and self.shared is None


class _Known(NamedTuple):
    """What the database says of a visit: the grant, what people call accounts, and the mark of
    those that were forgotten."""

    grant: Grant
    names: Mapping[str, str]
    forgotten: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """How the page is reached: `secure` over https, where the cookie never travels without."""

    now: Callable[[], float]
    draw_token: Callable[[], str]
    secure: bool

    @property
    def cookie(self) -> str:
        """With the prefix a browser takes it from this host alone, over https alone."""
        return "__Host-ebbwatch" if self.secure else "ebbwatch"


class Access:
    """Turns tokens into visitors; everything else is answered as if it did not exist."""

    def __init__(
        self,
        store: Store,
        dispatcher: CommandDispatcher,
        members: Members,
        tries: Tries,
        door: Door,
    ) -> None:
        self._store, self._dispatcher = store, dispatcher
        self._members, self._tries, self._door = members, tries, door

    async def sign_in(self, token: str, request: web.Request) -> str | None:
        """Trades a login's token for a session's, once; None where it opens nothing."""
        now = self._door.now()
        login = await self._store.write(grants.take, token, "login", now)
        if login is None:
            self._tries.wrong(request)
            return None
        await self._request(login)
        session = self._door.draw_token()
        end = int(now) + SESSION_SECONDS
        grant = replace(login, kind="session", created=int(now), expires=end)
        await self._store.write(grants.add, session, grant)
        return session

    def remember(self, answer: web.Response, session: str) -> None:
        answer.set_cookie(
            self._door.cookie,
            session,
            max_age=SESSION_SECONDS,
            httponly=True,
            secure=self._door.secure,
            # Lax and not Strict: an alert's link leads here from the chat
            samesite="Lax",
        )

    async def forget(self, answer: web.Response, request: web.Request) -> None:
        """Signs this browser out."""
        token = request.cookies.get(self._door.cookie, "")
        await self._store.write(grants.take, token, "session", self._door.now())
        answer.del_cookie(self._door.cookie, secure=self._door.secure, httponly=True)

    async def visitor(self, request: web.Request) -> Visitor:
        """Who the cookie names; raises 404 (as for a page that is not there) for nobody."""
        token = request.cookies.get(self._door.cookie, "")
        known = await self._find(token, "session")
        if known is None:
            raise web.HTTPNotFound
        return await self._visitor(known, form=_form_secret(token))

    async def guest(self, request: web.Request) -> Visitor:
        """Who a shared link lets look at its one page."""
        known = await self._find(request.match_info["token"], "share")
        if known is None:
            self._tries.wrong(request)
            raise web.HTTPNotFound
        path = f"/s/{request.match_info['token']}"
        return await self._visitor(known, shared=known.grant.target, path=path)

    async def program(self, request: web.Request) -> Visitor:
        """Who an API token in `Authorization: Bearer` names; it changes nothing."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        known = None
        if scheme.lower() == "bearer":
            known = await self._find(token.strip(), "api")
        if known is None:
            if token:
                self._tries.wrong(request)
            raise web.HTTPUnauthorized(headers={"WWW-Authenticate": "Bearer"})
        return await self._visitor(known)

    async def _visitor(
        self, known: _Known, *, form: str = "", shared: str | None = None, path: str = ""
    ) -> Visitor:
        request = await self._request(known.grant, known.names)
        return Visitor(
            request=request, form=form, shared=shared, path=path, forgotten=known.forgotten
        )

    async def _find(self, token: str, kind: GrantKind) -> _Known | None:
        return await self._store.read(_known, token, kind, self._door.now())

    async def _request(self, grant: Grant, names: Mapping[str, str] | None = None) -> Request:
        """As the space stands in the config and its members in the chat by now.

        Who left loses whatever reads all of the team.
        """
        try:
            caller = await self._members.caller(grant)
        except ChatSilent:
            raise NotSure from None
        if caller is None:
            await self._store.write(grants.end_all, grant.space, str(grant.holder["user"]))
            raise NotMember
        if grant.kind not in ("login", "session"):
            caller = replace(caller, admin=False, roles=frozenset())
        try:
            return await self._dispatcher.request(caller, names=names)
        except CommandError:
            raise web.HTTPNotFound from None


def _known(db: Database, token: str, kind: GrantKind, now: float) -> _Known | None:
    """In one read: beside a review each waits for its turn."""
    grant = grants.find(db, token, kind, now)
    if grant is None:
        return None
    return _Known(grant, accounts.names(db), forgetting.mark(db))


def check_form(visitor: Visitor, given: str) -> None:
    """A form that did not come from our own page is refused (CSRF)."""
    wanted, got = visitor.form.encode(), given.encode("utf-8", "surrogatepass")
    if not wanted or not hmac.compare_digest(wanted, got):
        raise web.HTTPForbidden


def _form_secret(session: str) -> str:
    return blake2b(session.encode(), digest_size=16, person=b"ebbwatch-form").hexdigest()
