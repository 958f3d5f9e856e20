"""Mastodon: each account is asked at its home server, whose counts are the true ones."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

from pydantic import Field, field_validator

from bot.errors import AccountNotFound, SourceError, SourceRefused
from bot.model.source import Fault, Surroundings
from bot.sources.platforms.fields import moment, title, whole
from bot.sources.platforms.platform import AccountRef, ApiSettings, Page, Profile, Traits, lost
from bot.sources.platforms.source import ApiSource
from bot.sources.web.client import Web
from bot.sources.web.credentials import credential

_PAGE = 80
_ADDRESS = re.compile(r"[\w.-]+@[\w-]+(\.[\w-]+)+")


class MastodonSettings(ApiSettings):
    """`handles` are full addresses, user@server. Some servers answer only with a token:
    `tokens_env` maps servers to variables."""

    tokens_env: Mapping[str, str] = Field(default_factory=dict)

    @field_validator("handles", "lists")
    @classmethod
    def _addresses(cls, handles: tuple[str, ...]) -> tuple[str, ...]:
        for handle in handles:
            if not _ADDRESS.fullmatch(handle.removeprefix("@")):
                raise ValueError(f'"{handle}" is no full address: write user@server')
        return tuple(handle.strip().removeprefix("@") for handle in handles)


class Mastodon:
    traits = Traits("mastodon")

    def __init__(self, web: Web, tokens: dict[str, str], base: str | None) -> None:
        self._web, self._tokens, self._base = web, tokens, base

    async def profiles(
        self, asked: Sequence[AccountRef], now: datetime | None
    ) -> Sequence[Profile | Fault]:
        (each,) = asked
        try:
            return await self._profile(each)
        except SourceError as error:
            # one server in trouble says nothing of the others
            error.account = each.account
            raise

    async def _profile(self, asked: AccountRef) -> list[Profile | Fault]:
        account = asked.account
        user, _, server = asked.handle.partition("@")
        if not _ADDRESS.fullmatch(asked.handle):
            raise AccountNotFound(f"{account} is no full address: user@server.")
        reply = await self._web.get(
            self._url(server) + "/api/v1/accounts/lookup",
            {"acct": user},
            headers=self._headers(server),
            allow=(410,),
            account=account,
        )
        raw = reply.object() if reply.status != 410 else {"suspended": True}
        if raw.get("suspended") is True:
            return [lost(asked, "suspended", f"{server} has suspended {account}")]
        counts = {
            "followers": whole(raw, "followers_count"),
            "following": whole(raw, "following_count"),
            "posts": whole(raw, "statuses_count"),
        }
        found: list[Profile | Fault] = [
            Profile(
                handle=asked.handle,
                id=str(raw.get("id") or "") or None,
                title=title(raw, "display_name"),
                counts=counts,
            )
        ]
        moved = raw.get("moved")
        if isinstance(moved, dict):
            target = str(moved.get("acct", "another account"))
            text = f"{account} has moved to {target}: watch it there."
            found.append(Fault(kind="renamed", account=account, text=text))
        return found

    async def followers(self, asked: AccountRef, cursor: str | None) -> Page:
        account = asked.account
        server = asked.handle.partition("@")[2]
        if asked.id is None:
            raise AccountNotFound(f"{account} is not known yet.", account=account)
        params = {"limit": str(_PAGE), **({"max_id": cursor} if cursor else {})}
        reply = await self._web.get(
            f"{self._url(server)}/api/v1/accounts/{asked.id}/followers",
            params,
            headers=self._headers(server),
            account=account,
        )
        given = reply.json()
        if not isinstance(given, list) or (not given and cursor is None):
            raise SourceRefused(
                f"{account} hides its followers: no list can be had.",
                account=account,
            )
        given = [raw for raw in given if isinstance(raw, dict)]
        names = [str(raw.get("acct")) for raw in given]
        names = [name if "@" in name else f"{name}@{server}" for name in names]
        after = re.search(
            r"[?&]max_id=(\w+)[^>]*>;\s*rel=\"next\"", reply.headers.get("link", "")
        )
        return Page(
            names=names,
            created=[moment(raw.get("created_at")) for raw in given],
            newest_first=True,  # by the id of the follow, falling
            cursor=after[1] if after else None,
        )

    def _url(self, server: str) -> str:
        return self._base or f"https://{server}"

    def _headers(self, server: str) -> dict[str, str]:
        token = self._tokens.get(server)
        return {"Authorization": f"Bearer {token}"} if token else {}


def open_mastodon(settings: MastodonSettings, surroundings: Surroundings) -> ApiSource:
    value = partial(credential, settings, surroundings)
    tokens = {server: value(env) for server, env in settings.tokens_env.items()}
    web = Web(settings.name, surroundings, secrets=tokens.values(), private=settings.private)
    platform = Mastodon(web, tokens, settings.api_base)
    return ApiSource(settings, surroundings, web, platform)
