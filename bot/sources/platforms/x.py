"""X API v2: 100 accounts a request. Every account read is paid, so the month has a cap."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import Field

from bot.errors import SourceUnavailable
from bot.model.source import Fault, Surroundings
from bot.sources.platforms.fields import record, records, title, whole
from bot.sources.platforms.platform import AccountRef, ApiSettings, Profile, Traits, lost
from bot.sources.platforms.source import ApiSource
from bot.sources.web.client import Web
from bot.sources.web.credentials import credential

_BASE = "https://api.x.com/2"
_USERNAME = re.compile(r"\w{1,15}", re.ASCII)


class XSettings(ApiSettings):
    """Reading stops for the month before `monthly_cap` (US dollars) is passed; one account
    costs `price` once per UTC day, however often it is read."""

    token_env: str | None = "X_BEARER_TOKEN"
    token_file: str | None = None
    monthly_cap: float = Field(default=20.0, gt=0, le=1_000_000)
    price: float = Field(default=0.010, ge=0, le=1000)


class X:
    """`memory` holds the month, what it cost so far, the day and the accounts read that day."""

    traits = Traits(
        "x",
        group=100,
        no_lists="follower lists of X cost a cent a name and are not read: remove lists, or "
        "import the archive that X gives its users.",
    )

    def __init__(self, settings: XSettings, web: Web) -> None:
        self._web, self._base = web, settings.api_base or _BASE
        self._cap, self._price = settings.monthly_cap, settings.price
        self.memory: dict[str, Any] = {}

    def remarks(self) -> tuple[str, ...]:
        spent = self.memory.get("spent", 0.0)
        month = self.memory.get("month")
        return (f"X: ${spent:.2f} of ${self._cap:.2f} in {month}",) if month else ()

    async def profiles(
        self, asked: Sequence[AccountRef], now: datetime | None
    ) -> Sequence[Profile | Fault]:
        if now is not None:
            self._pay(asked, now)
        known = [each for each in asked if each.id]
        named = [each for each in asked if not each.id and _USERNAME.fullmatch(each.handle)]
        found: list[Profile | Fault] = []
        if known:
            ids = ",".join(str(each.id) for each in known)
            found += await self._users("/users", {"ids": ids}, "id", known)
        if named:
            names = ",".join(each.handle for each in named)
            found += await self._users("/users/by", {"usernames": names}, "username", named)
        # one malformed name would make the server refuse the whole request
        return found + [
            self._missing(e, {}) for e in asked if e not in known and e not in named
        ]

    def _pay(self, asked: Sequence[AccountRef], now: datetime) -> None:
        """Counts what the request will cost before it is sent. Raises where the cap is met."""
        today = now.astimezone(UTC)
        month, day = f"{today:%Y-%m}", f"{today:%Y-%m-%d}"
        if self.memory.get("month") != month:
            self.memory |= {"month": month, "spent": 0.0}
        if self.memory.get("day") != day:
            self.memory |= {"day": day, "read": []}
        new = sorted({each.handle for each in asked} - set(self.memory["read"]))
        spent = self.memory["spent"] + len(new) * self._price
        if new and spent > self._cap:
            following = (today.replace(day=1) + timedelta(days=32)).replace(
                day=1, hour=0, minute=0, second=0, microsecond=0
            )
            raise SourceUnavailable(
                f"reading on would pass the month's cap of ${self._cap:.2f} for "
                f"X (${self.memory['spent']:.2f} spent): raise monthly_cap, watch fewer "
                "accounts, or wait for the next month.",
                retry_after=(following - today).total_seconds(),
            )
        self.memory |= {"spent": spent, "read": [*self.memory["read"], *new]}

    async def _users(
        self, path: str, params: Mapping[str, str], key: str, asked: Sequence[AccountRef]
    ) -> list[Profile | Fault]:
        reply = await self._web.get(
            self._base + path, {**params, "user.fields": "public_metrics,protected"}
        )
        answer = reply.object()
        users = {str(raw.get(key)).lower(): raw for raw in records(answer, "data")}
        errors = {str(raw.get("value")).lower(): raw for raw in records(answer, "errors")}
        found: list[Profile | Fault] = []
        for each in asked:
            wanted = str(each.id if key == "id" else each.handle).lower()
            if raw := users.get(wanted):
                found.append(_profile(each, raw))
            else:
                found.append(self._missing(each, errors.get(wanted, {})))
        return found

    def _missing(self, asked: AccountRef, error: Mapping[str, Any]) -> Fault:
        told = f"{error.get('detail', '')} {error.get('title', '')}".lower()
        if "suspended" in told:
            return lost(asked, "suspended", f"X has suspended {asked.account}")
        return lost(asked, "gone", f"X knows no {asked.account} (any more)")


def _profile(asked: AccountRef, raw: Mapping[str, Any]) -> Profile:
    metrics = record(raw, "public_metrics")
    posts = whole(metrics, "post_count")
    return Profile(
        handle=asked.handle,
        id=str(raw.get("id") or "") or None,
        name=raw.get("username"),
        title=title(raw, "name"),
        counts={
            "followers": whole(metrics, "followers_count"),
            "following": whole(metrics, "following_count"),
            "posts": whole(metrics, "tweet_count") if posts is None else posts,
        },
    )


def open_x(settings: XSettings, surroundings: Surroundings) -> ApiSource:
    token = credential(settings, surroundings, settings.token_env, settings.token_file)
    headers = {"Authorization": f"Bearer {token}"}
    web = Web(
        settings.name, surroundings, headers=headers, secrets=[token], private=settings.private
    )
    return ApiSource(settings, surroundings, web, X(settings, web))
