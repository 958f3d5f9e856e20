"""Who asks: sessions by cookie, shared links and API tokens, each a grant of one space."""

from __future__ import annotations

import hmac
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import blake2b

from aiohttp import web

from bot.commands.dispatch import CommandDispatcher
from bot.commands.request import Request
from bot.errors import CommandError
from bot.message.voice import Voice
from bot.model.command import Caller
from bot.storage import grants
from bot.storage.database import Store
from bot.storage.grants import Grant

COOKIE = "ebbwatch"
SESSION_SECONDS = 12 * 3600
_TRIES, _TRY_SECONDS = 20, 60
"""Sign-ins that one address may try in a minute: a token has 256 bits, this is for the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Somebody who may look; `form` is what their forms must carry, "" where they have none."""

    request: Request
    form: str = ""
    shared: str | None = None
    """The one page that a shared link shows."""

    @property
    def manager(self) -> bool:
        return self.request.manager and self.shared is None


class Access:
    """Turns tokens into visitors; everything else is answered as if it did not exist."""

    def __init__(
        self,
        store: Store,
        dispatcher: CommandDispatcher,
        *,
        now: Callable[[], float],
        draw_token: Callable[[], str],
        voice: Voice,
        secure: bool,
    ) -> None:
        """`secure` where the page is reached over https: the cookie then never travels without;
        `voice` speaks to who is not known yet."""
        self._store, self._dispatcher = store, dispatcher
        self.voice, self._secure = voice, secure
        self._now, self._draw_token = now, draw_token
        self._tries: dict[str, deque[float]] = defaultdict(deque)

    async def sign_in(self, token: str, address: str) -> str | None:
        """Trades a login's token for a session's, once; None where it opens nothing."""
        tries, now = self._tries[address], self._now()
        while tries and tries[0] < now - _TRY_SECONDS:
            tries.popleft()
        if len(tries) >= _TRIES:
            raise web.HTTPTooManyRequests
        tries.append(now)
        login = await self._store.write(grants.take, token, "login", now)
        if login is None:
            return None
        session = self._draw_token()
        end = int(now) + SESSION_SECONDS
        grant = replace(login, kind="session", created=int(now), expires=end)
        await self._store.write(grants.add, session, grant)
        return session

    def remember(self, answer: web.Response, session: str) -> None:
        answer.set_cookie(
            COOKIE,
            session,
            max_age=SESSION_SECONDS,
            httponly=True,
            secure=self._secure,
            # Lax and not Strict: an alert's link leads here from the chat
            samesite="Lax",
        )

    async def forget(self, answer: web.Response, request: web.Request) -> None:
        """Signs this browser out."""
        token = request.cookies.get(COOKIE, "")
        await self._store.write(grants.take, token, "session", self._now())
        answer.del_cookie(COOKIE)

    async def visitor(self, request: web.Request) -> Visitor:
        """Who the cookie names; raises 404 (as for a page that is not there) for nobody."""
        token = request.cookies.get(COOKIE, "")
        grant = await self._store.read(grants.find, token, "session", self._now())
        if grant is None:
            raise web.HTTPNotFound
        return Visitor(request=await self._request(grant), form=_form_secret(token))

    async def guest(self, token: str) -> Visitor:
        """Who a shared link lets look at its one page."""
        grant = await self._store.read(grants.find, token, "share", self._now())
        if grant is None:
            raise web.HTTPNotFound
        return Visitor(request=await self._request(grant), shared=grant.target)

    async def program(self, request: web.Request) -> Visitor:
        """Who an API token in `Authorization: Bearer` names."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        grant = None
        if scheme.lower() == "bearer":
            grant = await self._store.read(grants.find, token.strip(), "api", self._now())
        if grant is None:
            raise web.HTTPUnauthorized(headers={"WWW-Authenticate": "Bearer"})
        return Visitor(request=await self._request(grant))

    async def _request(self, grant: Grant) -> Request:
        """As the space stands in the config now: who lost it sees nothing any more."""
        holder = grant.holder
        caller = Caller(
            platform=str(holder["platform"]),
            space=grant.space,
            channel=None,
            user=str(holder["user"]),
            name=str(holder["name"]),
            admin=bool(holder["manager"]) and grant.kind == "session",
        )
        try:
            return await self._dispatcher.request(caller)
        except CommandError:
            raise web.HTTPNotFound from None


def check_form(visitor: Visitor, given: str) -> None:
    """A form that did not come from our own page is refused (CSRF)."""
    if not visitor.form or not hmac.compare_digest(visitor.form, given):
        raise web.HTTPForbidden


def _form_secret(session: str) -> str:
    return blake2b(session.encode(), digest_size=16, person=b"ebbwatch-form").hexdigest()
