"""Twitch Helix: follower totals with an app token that renews itself."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from bot.errors import AccountNotFound, SourceRefused
from bot.model.source import Fault, Surroundings
from bot.sources.platforms.fields import moment, records, title, whole
from bot.sources.platforms.platform import AccountRef, ApiSettings, Page, Profile, Traits, lost
from bot.sources.platforms.source import ApiSource
from bot.sources.web.answer import Reply
from bot.sources.web.client import Web
from bot.sources.web.credentials import credential
from bot.sources.web.tokens import Tokens, is_token

_BASE = "https://api.twitch.tv/helix"
_LOGIN = "https://id.twitch.tv"
_PAGE = 100
_LOGIN_NAME = re.compile(r"\w{1,25}", re.ASCII)


class TwitchSettings(ApiSettings):
    """Of an application at dev.twitch.tv. `user_token_env` is a token of the broadcaster or a
    moderator with moderator:read:followers, needed for `lists` only."""

    client_id_env: str = "TWITCH_CLIENT_ID"
    client_secret_env: str = "TWITCH_CLIENT_SECRET"
    user_token_env: str | None = None


class Twitch:
    traits = Traits("twitch", group=20, cost=21)

    def __init__(
        self,
        settings: TwitchSettings,
        web: Web,
        tokens: Tokens,
        client: tuple[str, str],
        user_token: str | None,
    ) -> None:
        self._web, self._tokens = web, tokens
        self._client, self._user_token = client, user_token
        self._base = settings.api_base or _BASE
        self._login = settings.api_base or _LOGIN

    async def profiles(
        self, asked: Sequence[AccountRef], now: datetime | None
    ) -> Sequence[Profile | Fault]:
        params: dict[str, list[str]] = {"id": [], "login": []}
        for each in asked:
            # one malformed name would make the server refuse the whole request
            if each.id or _LOGIN_NAME.fullmatch(each.handle):
                params["id" if each.id else "login"].append(each.id or each.handle.lower())
        given = records((await self._get("/users", params)).object(), "data")
        users = {str(raw.get(key)): raw for raw in given for key in ("id", "login")}
        found: list[Profile | Fault] = []
        for each in asked:
            raw = users.get(each.id or each.handle.lower())
            found.append(await self._profile(each, raw) if raw else self._gone(each))
        return found

    async def _profile(self, asked: AccountRef, raw: Mapping[str, Any]) -> Profile:
        id = str(raw.get("id"))
        total = (await self._get("/channels/followers", {"broadcaster_id": id})).object()
        return Profile(
            handle=asked.handle,
            id=id,
            name=raw.get("login"),
            title=title(raw, "display_name"),
            counts={"followers": whole(total, "total")},
        )

    def _gone(self, asked: AccountRef) -> Fault:
        text = f"Twitch knows no {asked.account} (any more): it is closed, banned or renamed"
        return lost(asked, "gone", text)

    async def followers(self, asked: AccountRef, cursor: str | None) -> Page:
        account = asked.account
        if asked.id is None or self._user_token is None:
            raise SourceRefused(
                f"the follower list of {account} needs a token of its "
                "broadcaster or a moderator with moderator:read:followers: set user_token_env.",
                account=account,
            )
        params = {"broadcaster_id": asked.id, "first": _PAGE}
        if cursor:
            params["after"] = cursor
        reply = await self._web.get(
            self._base + "/channels/followers", params, headers=self._headers(self._user_token)
        )
        answer = reply.object()
        given = records(answer, "data")
        if not given and whole(answer, "total") and cursor is None:
            raise AccountNotFound(
                f"Twitch shows no list of {account} to this token: it has to be "
                "of its broadcaster or a moderator, with moderator:read:followers.",
                account=account,
            )
        pagination = answer.get("pagination")
        after = pagination.get("cursor") if isinstance(pagination, dict) else None
        names = [str(raw.get("user_id")) for raw in given]
        return Page(
            names=names,
            since=[moment(raw.get("followed_at")) for raw in given],
            created=await self._made(names),
            newest_first=True,
            cursor=after or None,
        )

    async def _made(self, users: Sequence[str]) -> list[int]:
        """When the accounts of one page were made; one request more for a hundred of them."""
        if not users:
            return []
        reply = await self._get("/users", {"id": list(users)})
        made = {
            str(raw.get("id")): moment(raw.get("created_at"))
            for raw in records(reply.object(), "data")
        }
        return [made.get(user, 0) for user in users]

    async def _get(self, path: str, params: Mapping[str, Any]) -> Reply:
        """With the app token; a refused one is replaced once."""
        url, seed = self._base + path, self._client[1]
        token = await self._tokens.access("app", seed, self._new_token)
        reply = await self._web.get(url, params, headers=self._headers(token), allow=(401,))
        if reply.status != 401:
            return reply
        token = await self._tokens.access("app", seed, self._new_token, ended=is_token(token))
        return await self._web.get(url, params, headers=self._headers(token))

    async def _new_token(self, _: Mapping[str, Any]) -> Mapping[str, Any]:
        id, client_secret = self._client
        reply = await self._web.post(
            self._login + "/oauth2/token",
            {
                "client_id": id,
                "client_secret": client_secret,
                "grant_type": "client_credentials",
            },
            allow=(400, 403),
        )
        token = reply.object().get("access_token")
        if not isinstance(token, str):
            raise SourceRefused(
                "Twitch gives no token for this application: check its client "
                "id and secret at dev.twitch.tv.",
            )
        return {"access": token}

    def _headers(self, token: str) -> dict[str, str]:
        return {"Client-Id": self._client[0], "Authorization": f"Bearer {token}"}


def open_twitch(settings: TwitchSettings, surroundings: Surroundings) -> ApiSource:
    value = partial(credential, settings, surroundings)
    client = value(settings.client_id_env), value(settings.client_secret_env)
    user_token = value(settings.user_token_env) if settings.user_token_env else None
    hidden = [*client, *([user_token] if user_token else [])]
    web = Web(settings.name, surroundings, secrets=hidden, private=settings.private)
    tokens = Tokens(surroundings.secrets, settings.name, web.secrets)
    twitch = Twitch(settings, web, tokens, client, user_token)
    return ApiSource(settings, surroundings, web, twitch)
