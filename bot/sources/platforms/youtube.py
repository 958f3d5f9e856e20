"""YouTube Data API v3: 50 channels a request, subscribers in three significant digits."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.errors import SourceRefused, SourceUnavailable
from bot.model.source import Fault, Surroundings
from bot.sources.platforms.fields import record, records, title, whole
from bot.sources.platforms.platform import AccountRef, ApiSettings, Profile, Traits, lost
from bot.sources.platforms.source import ApiSource
from bot.sources.web.answer import Reply
from bot.sources.web.client import Web
from bot.sources.web.credentials import credential

_BASE = "https://www.googleapis.com/youtube/v3"
_ID = re.compile(r"UC[\w-]{22}")
_QUOTA = {"quotaExceeded", "dailyLimitExceeded", "rateLimitExceeded", "userRateLimitExceeded"}


class YouTubeSettings(ApiSettings):
    """`handles` are channel ids (UC...) or @handles; an id costs a fiftieth of a unit."""

    token_env: str | None = "YOUTUBE_API_KEY"
    token_file: str | None = None


class YouTube:
    traits = Traits(
        "youtube", group=50, no_lists="YouTube gives no list of subscribers: remove lists."
    )

    def __init__(self, web: Web, base: str) -> None:
        self._web, self._base = web, base

    async def profiles(
        self, asked: Sequence[AccountRef], now: datetime | None
    ) -> Sequence[Profile | Fault]:
        ids = {each.handle: each.id or each.handle for each in asked if each.id or _is_id(each)}
        channels: dict[str, Mapping[str, Any]] = {}
        if ids:
            given = await self._list({"id": ",".join(ids.values()), "maxResults": 50}, now)
            channels = {str(raw.get("id")): raw for raw in given}
        found: list[Profile | Fault] = []
        for each in asked:
            if each.handle in ids:
                raw = channels.get(ids[each.handle])
            else:
                raw = next(iter(await self._list({"forHandle": f"@{each.handle}"}, now)), None)
            found.extend(self._profile(each, raw))
        return found

    async def _list(
        self, params: Mapping[str, Any], now: datetime | None
    ) -> list[Mapping[str, Any]]:
        reply = await self._web.get(
            self._base + "/channels", {"part": "snippet,statistics", **params}, allow=(400, 403)
        )
        if reply.status in {400, 403}:
            self._refuse(reply, now)
        return list(records(reply.object(), "items"))

    def _refuse(self, reply: Reply, now: datetime | None) -> None:
        error = reply.object().get("error")
        problems = error.get("errors", []) if isinstance(error, dict) else []
        reasons = {str(raw.get("reason")) for raw in problems if isinstance(raw, dict)}
        if reasons & _QUOTA:
            raise SourceUnavailable(
                "the day's quota of the YouTube API is used up; it goes on "
                "after midnight in California. Poll less often or ask Google for more.",
                retry_after=None if now is None else _until_midnight(now),
            )
        reason = self._web.clean(", ".join(sorted(reasons)) or "no reason given")
        raise SourceRefused(
            f"YouTube refused the API key ({reason}): check it in the Google Cloud console.",
        )

    def _profile(
        self, asked: AccountRef, raw: Mapping[str, Any] | None
    ) -> list[Profile | Fault]:
        if raw is None:
            text = f"YouTube knows no channel {asked.account} (any more): it is closed, or its "
            return [lost(asked, "gone", text + "id is wrong")]
        statistics = record(raw, "statistics")
        hidden = statistics.get("hiddenSubscriberCount") is True
        snippet = raw.get("snippet")
        custom = snippet.get("customUrl") if isinstance(snippet, dict) else None
        subscribers = None if hidden else whole(statistics, "subscriberCount", text=True)
        profile = Profile(
            handle=asked.handle,
            id=raw.get("id"),
            name=asked.handle if _is_id(asked) or not custom else custom.removeprefix("@"),
            title=title(snippet, "title"),
            hidden=hidden,
            counts={
                "followers": subscribers,
                "views": whole(statistics, "viewCount", text=True),
                "posts": whole(statistics, "videoCount", text=True),
            },
        )
        if not hidden:
            return [profile]
        text = f"{asked.account} hides its subscribers: they cannot be watched."
        return [profile, Fault(kind="private", account=asked.account, text=text)]


def _until_midnight(now: datetime) -> float:
    """Seconds until the daily quota begins anew: at midnight in California."""
    local = now.astimezone(ZoneInfo("America/Los_Angeles"))
    midnight = (local + timedelta(days=1)).replace(hour=0, minute=0, second=0)
    return (midnight - local).total_seconds()


def _is_id(asked: AccountRef) -> bool:
    return _ID.fullmatch(asked.handle) is not None


def open_youtube(settings: YouTubeSettings, surroundings: Surroundings) -> ApiSource:
    key = credential(settings, surroundings, settings.token_env, settings.token_file)
    web = Web(
        settings.name, surroundings, headers={"X-Goog-Api-Key": key}, private=settings.private
    )
    platform = YouTube(web, settings.api_base or _BASE)
    return ApiSource(settings, surroundings, web, platform)
