"""TikTok Display API: each account by its own user token, which renews itself.

Access tokens live for hours; each renewal gives a new refresh token and ends the old one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from pydantic import Field

from bot.errors import SourceRefused, SourceUnavailable
from bot.model.source import Fault, Surroundings
from bot.sources.platforms.fields import record, whole
from bot.sources.platforms.platform import AccountRef, ApiSettings, Profile, Traits
from bot.sources.platforms.source import ApiSource
from bot.sources.web.answer import Reply
from bot.sources.web.client import Manners, Web
from bot.sources.web.credentials import credential
from bot.sources.web.tokens import Tokens, is_token

_BASE = "https://open.tiktokapis.com"
_FIELDS = "open_id,follower_count,following_count,likes_count,video_count"
_SPACING = 0.11
"""Seconds between requests: 600 a minute are allowed, and no header tells of them."""

_RENEW = {"access_token_invalid", "access_token_expired"}


class TikTokSettings(ApiSettings):
    """`accounts` maps handles to variables with the refresh token that the owner granted
    (scope user.info.stats). The later ones are kept in a private file."""

    accounts: Mapping[str, str] = Field(min_length=1)
    client_key_env: str = "TIKTOK_CLIENT_KEY"
    client_secret_env: str = "TIKTOK_CLIENT_SECRET"


class TikTok:
    traits = Traits(
        "tiktok",
        no_lists="TikTok gives teams no list of followers: remove lists, and import the data "
        "that TikTok gives its users.",
    )

    def __init__(
        self,
        settings: TikTokSettings,
        web: Web,
        tokens: Tokens,
        seeds: Mapping[str, str],
        client: tuple[str, str],
    ) -> None:
        self._web, self._tokens = web, tokens
        self._seeds, self._client = seeds, client
        self._base = settings.api_base or _BASE

    async def profiles(
        self, asked: Sequence[AccountRef], now: datetime | None
    ) -> Sequence[Profile | Fault]:
        (each,) = asked
        account = each.account
        if each.handle not in self._seeds:
            raise SourceRefused(
                f"{account} has not granted its counts: name the variable of its "
                "refresh token under accounts.",
                account=account,
            )
        seed = self._seeds[each.handle]
        renew = partial(self._renew, account, seed)
        token = await self._tokens.access(each.handle, seed, renew)
        code, reply = await self._info(token)
        if code in _RENEW:
            token = await self._tokens.access(each.handle, seed, renew, ended=is_token(token))
            code, reply = await self._info(token)
        if code == "rate_limit_exceeded":
            raise SourceUnavailable("TikTok's rate limit is used up.", retry_after=60.0)
        if code != "ok":
            raise SourceRefused(
                f"TikTok refused the counts of {account} ({code}): its owner "
                "has to grant user.info.stats again.",
                account=account,
            )
        user = record(record(reply.object(), "data"), "user")
        return [
            Profile(
                handle=each.handle,
                counts={
                    "followers": whole(user, "follower_count"),
                    "following": whole(user, "following_count"),
                    "interactions": whole(user, "likes_count"),
                    "posts": whole(user, "video_count"),
                },
            )
        ]

    async def _info(self, token: str) -> tuple[str, Reply]:
        reply = await self._web.get(
            self._base + "/v2/user/info/",
            {"fields": _FIELDS},
            headers={"Authorization": f"Bearer {token}"},
            allow=(400, 401, 403, 429),
        )
        error = record(reply.object(), "error")
        return self._web.clean(str(error.get("code"))), reply

    async def _renew(
        self, account: str, seed: str, kept: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        reply = await self._web.post(
            self._base + "/v2/oauth/token/",
            {
                "client_key": self._client[0],
                "client_secret": self._client[1],
                "grant_type": "refresh_token",
                "refresh_token": kept.get("refresh", seed),
            },
            allow=(400, 401, 403),
        )
        answer = reply.object()
        access, refresh = answer.get("access_token"), answer.get("refresh_token")
        if not isinstance(access, str) or not isinstance(refresh, str):
            raise SourceRefused(
                f"the grant of {account} has ended "
                f"({self._web.clean(str(answer.get('error', reply.status)))}): its owner has "
                "to log in to your TikTok app again.",
                account=account,
            )
        return {"access": access, "refresh": refresh}


def open_tiktok(settings: TikTokSettings, surroundings: Surroundings) -> ApiSource:
    value = partial(credential, settings, surroundings)
    seeds = {handle: value(env) for handle, env in settings.accounts.items()}
    client = value(settings.client_key_env), value(settings.client_secret_env)
    web = Web(
        settings.name,
        surroundings,
        secrets=[*seeds.values(), *client],
        private=settings.private,
        manners=Manners(spacing=_SPACING),
    )
    tokens = Tokens(surroundings.secrets, settings.name, web.secrets)
    known = settings.model_copy(update={"handles": tuple(seeds)})
    return ApiSource(known, surroundings, web, TikTok(settings, web, tokens, seeds, client))
