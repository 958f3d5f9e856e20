"""Instagram Graph: own accounts with their gains and losses, others by business_discovery."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any

from pydantic import Field

from bot.errors import AccountNotFound, SourceChanged, SourceRefused
from bot.model.source import Fault, Surroundings
from bot.sources.platforms.fields import record, records, whole
from bot.sources.platforms.graph import Graph
from bot.sources.platforms.platform import AccountRef, ApiSettings, Profile, Traits
from bot.sources.platforms.source import ApiSource
from bot.sources.web.client import Web
from bot.sources.web.credentials import credential

_BASE = "https://graph.facebook.com/v23.0"
_COUNTS = "followers_count,follows_count,media_count"
_DAYS = 3
"""Days looked back for gains and losses: Graph says that they may come 48 hours late."""


class InstagramSettings(ApiSettings):
    """`own` maps the team's handles to their Instagram user ids; `handles` are others, seen
    through the first of the own ones (business and creator accounts only)."""

    own: Mapping[str, str] = Field(min_length=1)
    token_env: str | None = "INSTAGRAM_TOKEN"
    token_file: str | None = None


class Instagram:
    traits = Traits(
        "instagram",
        cost=1 + _DAYS,
        no_lists="Instagram gives no list of followers: remove lists, and import the export "
        "that Instagram gives its users.",
    )

    def __init__(self, settings: InstagramSettings, graph: Graph, token: str) -> None:
        self._graph, self._token = graph, token
        self._own = dict(settings.own)
        self._without_flows: set[str] = set()

    def remarks(self) -> tuple[str, ...]:
        names = ", ".join(sorted(self._without_flows))
        return (f"no gains and losses from Instagram for {names}",) if names else ()

    async def profiles(
        self, asked: Sequence[AccountRef], now: datetime | None
    ) -> Sequence[Profile | Fault]:
        (each,) = asked
        account = each.account
        own = self._own.get(each.handle)
        if own is None:
            return [await self._discovered(each, account)]
        raw = await self._graph.ask(
            f"/{own}", {"fields": f"username,{_COUNTS}"}, self._token, account
        )
        if now is None:
            return [_profile(each, raw, ())]
        try:
            days = tuple([day async for day in self._flows(own, account, now)])
        except (SourceRefused, SourceChanged, AccountNotFound):
            # needs a right of its own and 100 followers; the counts stand without it
            self._without_flows.add(account)
            days = ()
        return [_profile(each, raw, days)]

    async def _discovered(self, asked: AccountRef, account: str) -> Profile:
        through = next(iter(self._own.values()))
        if not asked.handle.replace(".", "").replace("_", "").isalnum():
            raise SourceRefused(f"{account} is no user name.", account=account)
        fields = f"business_discovery.username({asked.handle}){{username,{_COUNTS}}}"
        answer = await self._graph.ask(f"/{through}", {"fields": fields}, self._token, account)
        return _profile(asked, record(answer, "business_discovery"), ())

    async def _flows(
        self, own: str, account: str, now: datetime
    ) -> AsyncIterator[tuple[int, Mapping[str, int]]]:
        """Whole days of UTC; an empty answer is a day without data, never 0."""
        today = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
        for back in range(_DAYS, 0, -1):
            start = today - timedelta(days=back)
            end = start + timedelta(days=1)
            params = {
                "metric": "follows_and_unfollows",
                "metric_type": "total_value",
                "period": "day",
                "breakdown": "follow_type",
                "since": int(start.timestamp()),
                "until": int(end.timestamp()),
            }
            answer = await self._graph.ask(f"/{own}/insights", params, self._token, account)
            if flows := _gained_lost(answer):
                yield int(end.timestamp()) - 1, flows


def _profile(
    asked: AccountRef, raw: Mapping[str, Any], days: tuple[tuple[int, Mapping[str, int]], ...]
) -> Profile:
    return Profile(
        handle=asked.handle,
        name=raw.get("username"),
        counts={
            "followers": whole(raw, "followers_count"),
            "following": whole(raw, "follows_count"),
            "posts": whole(raw, "media_count"),
        },
        days=days,
    )


def _gained_lost(answer: Mapping[str, Any]) -> dict[str, int]:
    flows: dict[str, int] = {}
    names = {"FOLLOWER": "gained", "NON_FOLLOWER": "lost"}
    for metric in records(answer, "data"):
        for breakdown in records(record(metric, "total_value"), "breakdowns"):
            for result in records(breakdown, "results"):
                kind = (result.get("dimension_values") or [""])[0]
                value = whole(result, "value")
                if kind in names and value is not None:
                    flows[names[kind]] = value
    return flows


def open_instagram(settings: InstagramSettings, surroundings: Surroundings) -> ApiSource:
    token = credential(settings, surroundings, settings.token_env, settings.token_file)
    web = Web(settings.name, surroundings, secrets=[token], private=settings.private)
    graph = Graph(web, settings.api_base or _BASE)
    known = settings.model_copy(update={"handles": (*settings.own, *settings.handles)})
    return ApiSource(known, surroundings, web, Instagram(settings, graph, token))
