"""Bluesky's public host: counts of 25 accounts a request, follower lists, no token.

Lexicons app.bsky.actor.getProfiles, getProfile and app.bsky.graph.getFollowers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.errors import AccountNotFound, SourceChanged
from bot.model.source import Fault, Surroundings
from bot.sources.platforms.fields import moment, records, title, whole
from bot.sources.platforms.platform import (
    AccountRef,
    ApiSettings,
    Ending,
    Page,
    Profile,
    Traits,
    lost,
)
from bot.sources.platforms.source import ApiSource
from bot.sources.web.client import Web

_BASE = "https://public.api.bsky.app"
_PAGE = 100


class BlueskySettings(ApiSettings):
    """Nothing more is needed: the counts are public."""


class Bluesky:
    """Says 0 followers where it cannot count."""

    traits = Traits("bluesky", group=25, zero_is_missing=True)

    def __init__(self, web: Web, base: str) -> None:
        self._web, self._base = web, base + "/xrpc/"

    async def profiles(
        self, asked: Sequence[AccountRef], now: datetime | None
    ) -> Sequence[Profile | Fault]:
        actors = [each.id or each.handle for each in asked]
        reply = await self._web.get(
            self._base + "app.bsky.actor.getProfiles", {"actors": actors}, allow=(400,)
        )
        given = [] if reply.status == 400 else records(reply.object(), "profiles")
        by_actor = {
            str(raw.get(key, "")).lower(): raw for raw in given for key in ("did", "handle")
        }
        found: list[Profile | Fault] = []
        for each, actor in zip(asked, actors, strict=True):
            raw = by_actor.get(actor.lower())
            # getProfiles leaves out without a word what getProfile gives a reason for
            found.append(await self._alone(each) if raw is None else _profile(each, raw))
        return found

    async def _alone(self, asked: AccountRef) -> Profile | Fault:
        reply = await self._web.get(
            self._base + "app.bsky.actor.getProfile",
            {"actor": asked.id or asked.handle},
            allow=(400, 404),
            account=asked.account,
        )
        answer = reply.object()
        if reply.status == 200:
            return _profile(asked, answer)
        kind, what = self._gone(answer)
        return lost(asked, kind, f"Bluesky says that {asked.account} {what}")

    def _gone(self, answer: Mapping[str, Any]) -> tuple[Ending, str]:
        error, message = str(answer.get("error", "")), str(answer.get("message", ""))
        if error == "AccountTakedown":
            return "suspended", "is suspended"
        if error == "AccountDeactivated":
            return "deactivated", "is deactivated by its owner"
        if "not found" in message.lower() or error in {"InvalidRequest", "NotFound"}:
            return "gone", "does not exist (any more)"
        said = self._web.clean(error or message or "no reason given")
        raise SourceChanged(f"Bluesky refused the request ({said}).")

    async def followers(self, asked: AccountRef, cursor: str | None) -> Page:
        params = {"actor": asked.id or asked.handle, "limit": _PAGE}
        if cursor:
            params["cursor"] = cursor
        reply = await self._web.get(
            self._base + "app.bsky.graph.getFollowers",
            params,
            allow=(400,),
            account=asked.account,
        )
        answer = reply.object()
        if reply.status == 400:
            _, what = self._gone(answer)
            raise AccountNotFound(f"{asked.account} {what}.", account=asked.account)
        given = [raw for raw in records(answer, "followers") if raw.get("did")]
        return Page(
            names=[str(raw["did"]) for raw in given],
            created=[moment(raw.get("createdAt")) for raw in given],
            newest_first=True,
            cursor=answer.get("cursor") or None,
        )


def _profile(asked: AccountRef, raw: Mapping[str, Any]) -> Profile:
    return Profile(
        handle=asked.handle,
        id=raw.get("did"),
        name=None if raw.get("handle") == "handle.invalid" else raw.get("handle"),
        title=title(raw, "displayName"),
        counts={
            "followers": whole(raw, "followersCount"),
            "following": whole(raw, "followsCount"),
            "posts": whole(raw, "postsCount"),
        },
    )


def open_bluesky(settings: BlueskySettings, surroundings: Surroundings) -> ApiSource:
    web = Web(settings.name, surroundings, private=settings.private)
    platform = Bluesky(web, settings.api_base or _BASE)
    return ApiSource(settings, surroundings, web, platform)
