"""GitHub: followers of users and organisations, with or without a token."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote

from bot.errors import AccountNotFound
from bot.model.source import Fault, Surroundings
from bot.sources.platforms.fields import title, whole
from bot.sources.platforms.platform import AccountRef, ApiSettings, Page, Profile, Traits
from bot.sources.platforms.source import ApiSource
from bot.sources.web.client import Web
from bot.sources.web.credentials import credential

_BASE = "https://api.github.com"
_PAGE = 100


class GitHubSettings(ApiSettings):
    """Without a token 60 requests an hour are allowed, with one 5,000."""

    token_env: str | None = None
    token_file: str | None = None


class GitHub:
    traits = Traits("github")

    def __init__(self, web: Web, base: str) -> None:
        self._web, self._base = web, base

    async def profiles(
        self, asked: Sequence[AccountRef], now: datetime | None
    ) -> Sequence[Profile | Fault]:
        (each,) = asked
        path = f"/user/{each.id}" if each.id else f"/users/{quote(each.handle, safe='')}"
        raw = (await self._web.get(self._base + path, account=each.account)).object()
        counts = {
            "followers": whole(raw, "followers"),
            "following": whole(raw, "following"),
            "posts": whole(raw, "public_repos"),
        }
        id = whole(raw, "id")
        return [
            Profile(
                handle=each.handle,
                counts=counts,
                id=None if id is None else str(id),
                name=raw.get("login"),
                title=title(raw, "name"),
            )
        ]

    async def followers(self, asked: AccountRef, cursor: str | None) -> Page:
        page = int(cursor or 1)
        reply = await self._web.get(
            f"{self._base}/users/{quote(asked.handle, safe='')}/followers",
            {"per_page": _PAGE, "page": page},
            account=asked.account,
        )
        given = reply.json()
        if not isinstance(given, list):
            raise AccountNotFound(f"{asked.account} shows no followers.", account=asked.account)
        names = [str(raw["login"]) for raw in given if isinstance(raw, dict) and "login" in raw]
        return Page(names=names, cursor=str(page + 1) if len(given) == _PAGE else None)


def open_github(settings: GitHubSettings, surroundings: Surroundings) -> ApiSource:
    headers = {"Accept": "application/vnd.github+json"}
    if settings.token_env or settings.token_file:
        token = credential(settings, surroundings, settings.token_env, settings.token_file)
        headers["Authorization"] = f"Bearer {token}"
    web = Web(settings.name, surroundings, headers=headers, private=settings.private)
    platform = GitHub(web, settings.api_base or _BASE)
    return ApiSource(settings, surroundings, web, platform)
