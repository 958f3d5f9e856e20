"""Threads: each account by its own token; the insight gives the total of now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from pydantic import Field

from bot.errors import SourceChanged, SourceRefused
from bot.model.source import Fault, Surroundings
from bot.sources.platforms.fields import record, records, whole
from bot.sources.platforms.graph import Graph
from bot.sources.platforms.platform import AccountRef, ApiSettings, Profile, Traits
from bot.sources.platforms.source import ApiSource
from bot.sources.web.client import Web
from bot.sources.web.credentials import credential
from bot.sources.web.tokens import Tokens

_BASE = "https://graph.threads.net"
_RENEW_AFTER = 7 * 86400


class ThreadsSettings(ApiSettings):
    """`accounts` maps handles to variables with a long-lived token of their owner (scopes
    threads_basic and threads_manage_insights), renewed by itself."""

    accounts: Mapping[str, str] = Field(min_length=1)


class Threads:
    traits = Traits("threads", no_lists="Threads gives no list of followers: remove lists.")

    def __init__(self, graph: Graph, tokens: Tokens, seeds: Mapping[str, str]) -> None:
        self._graph, self._tokens, self._seeds = graph, tokens, seeds

    async def profiles(
        self, asked: Sequence[AccountRef], now: datetime | None
    ) -> Sequence[Profile | Fault]:
        (each,) = asked
        account = each.account
        seed = self._seeds.get(each.handle)
        if seed is None:
            raise SourceRefused(
                f"{account} has granted nothing: name the variable of its token "
                "under accounts.",
                account=account,
            )
        token = await self._token(each.handle, seed, account, now)
        answer = await self._graph.ask(
            "/v1.0/me/threads_insights", {"metric": "followers_count"}, token, account
        )
        found = [r for r in records(answer, "data") if r.get("name") == "followers_count"]
        followers = whole(record(found[0], "total_value"), "value") if found else None
        return [Profile(handle=each.handle, counts={"followers": followers})]

    async def _token(self, handle: str, seed: str, account: str, now: datetime | None) -> str:
        """As it is now; it lives for sixty days from its last renewal."""
        if now is None:
            kept = self._tokens.get(handle, seed)
            return str(kept["access"]) if kept else seed
        at = now.timestamp()

        async def renew(kept: Mapping[str, Any]) -> Mapping[str, Any]:
            return {
                "access": await self._renewed(kept["access"], account) if kept else seed,
                "at": at,
            }

        return await self._tokens.access(
            handle, seed, renew, ended=lambda kept: at - float(kept["at"]) >= _RENEW_AFTER
        )

    async def _renewed(self, token: str, account: str) -> str:
        answer = await self._graph.ask(
            "/refresh_access_token", {"grant_type": "th_refresh_token"}, token, account
        )
        fresh = answer.get("access_token")
        if not isinstance(fresh, str):
            raise SourceChanged(f"the renewed token of {account} is no text.")
        return fresh


def open_threads(settings: ThreadsSettings, surroundings: Surroundings) -> ApiSource:
    value = partial(credential, settings, surroundings)
    seeds = {handle: value(env) for handle, env in settings.accounts.items()}
    web = Web(settings.name, surroundings, secrets=seeds.values(), private=settings.private)
    tokens = Tokens(surroundings.secrets, settings.name, web.secrets)
    base = settings.api_base or _BASE
    graph = Graph(web, base)
    known = settings.model_copy(update={"handles": tuple(seeds)})
    return ApiSource(known, surroundings, web, Threads(graph, tokens, seeds))
