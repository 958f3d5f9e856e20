"""Reddit: subscribers of communities (r/name) and of users' own pages (u/name)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from pydantic import field_validator

from bot.errors import SourceRefused
from bot.model.source import Fault, Surroundings
from bot.sources.platforms.fields import record, whole
from bot.sources.platforms.platform import AccountRef, ApiSettings, Profile, Traits, lost
from bot.sources.platforms.source import ApiSource
from bot.sources.web.answer import Reply
from bot.sources.web.client import Manners, Web

_BASE = "https://www.reddit.com"
_SPACING = 6.5
"""Seconds between requests: ten a minute are allowed without a login."""


class RedditSettings(ApiSettings):
    """`handles` are r/community or u/user."""

    @field_validator("handles")
    @classmethod
    def _prefixed(cls, handles: tuple[str, ...]) -> tuple[str, ...]:
        for handle in handles:
            if not handle.strip("/").startswith(("r/", "u/")):
                raise ValueError(f'"{handle}" is no community or user: write r/name or u/name')
        return tuple(handle.strip("/") for handle in handles)


class Reddit:
    traits = Traits("reddit", no_lists="Reddit gives no list of subscribers: remove lists.")

    def __init__(self, web: Web, base: str) -> None:
        self._web, self._base = web, base

    async def profiles(
        self, asked: Sequence[AccountRef], now: datetime | None
    ) -> Sequence[Profile | Fault]:
        (each,) = asked
        side, _, name = each.handle.partition("/")
        path = f"/{'r' if side == 'r' else 'user'}/{quote(name, safe='')}/about.json"
        reply = await self._web.get(self._base + path, account=each.account, allow=(403, 404))
        if reply.status != 200:
            return [self._closed(each, reply)]
        data = record(reply.object(), "data")
        if data.get("is_suspended") is True:
            return [lost(each, "suspended", f"Reddit has suspended {each.account}")]
        page: Mapping[str, Any] = data
        if side == "u":
            own = data.get("subreddit")
            page = own if isinstance(own, dict) else {}
        return [Profile(handle=each.handle, counts={"followers": whole(page, "subscribers")})]

    def _closed(self, asked: AccountRef, reply: Reply) -> Fault:
        said = reply.json() if reply.content.lstrip()[:1] == b"{" else {}
        reason = str(said.get("reason", "")) if isinstance(said, dict) else ""
        if reason == "private":
            return lost(asked, "private", f"{asked.account} is private now")
        if reason in {"banned", "quarantined"}:
            return lost(asked, "suspended", f"Reddit says that {asked.account} is {reason}")
        if reply.status == 403:
            raise SourceRefused(
                "Reddit refuses to answer this machine: poll less often.",
            )
        return lost(asked, "gone", f"Reddit knows no {asked.account} (any more)")


def open_reddit(settings: RedditSettings, surroundings: Surroundings) -> ApiSource:
    web = Web(
        settings.name, surroundings, private=settings.private, manners=Manners(spacing=_SPACING)
    )
    platform = Reddit(web, settings.api_base or _BASE)
    return ApiSource(settings, surroundings, web, platform)
