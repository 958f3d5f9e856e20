"""What Instagram and Threads share: how Graph is asked, its errors and usage headers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bot.errors import AccountNotFound, SourceChanged, SourceRefused, SourceUnavailable
from bot.sources.web.client import Web

_RATE_CODES = {4, 17, 32, 341, 613, 80001, 80002, 80006}
_TOKEN_CODES = {10, 102, 190, 200}
_MISSING_CODES = {24, 110, 803}
_PAUSE = 3600.0
_FULL = 95


class Graph:
    """Asks with one account's token."""

    def __init__(self, web: Web, base: str) -> None:
        self._web, self._base = web, base

    async def ask(
        self, path: str, params: Mapping[str, Any], token: str, account: str
    ) -> dict[str, Any]:
        """Errors of the token name the account; AccountNotFound where Graph finds none."""
        reply = await self._web.get(
            self._base + path, {**params, "access_token": token}, allow=(400, 401, 403, 404)
        )
        usage = _usage(reply.headers)
        if usage >= _FULL:
            self._web.pace(reply.url).rest(_PAUSE)
        answer = reply.object()
        error = answer.get("error")
        if error is None and reply.status < 400:
            return answer
        raise self._told(error if isinstance(error, dict) else {}, reply.status, account)

    def _told(
        self, error: Mapping[str, Any], status: int, account: str
    ) -> SourceUnavailable | SourceRefused | AccountNotFound | SourceChanged:
        code = error.get("code")
        said = self._web.clean(str(error.get("message", f"status {status}")))
        if code in _RATE_CODES:
            return SourceUnavailable(
                f"the rate limit of Graph is used up ({said}).",
                retry_after=_PAUSE,
            )
        if error.get("is_transient") is True or code in {1, 2}:
            return SourceUnavailable(f"Graph is in trouble ({said}).")
        if code in _MISSING_CODES:
            return AccountNotFound(
                f"Graph finds no {account}: it is gone, renamed, or no business "
                "or creator account (any more).",
                account=account,
            )
        if code in _TOKEN_CODES or status in {401, 403}:
            return SourceRefused(
                f"Graph refused the token for {account} ({said}): its owner has "
                "to grant access again.",
                account=account,
            )
        return SourceChanged(
            f"Graph did not understand the request for {account} ({said}).",
            account=account,
        )


def _usage(headers: Mapping[str, str]) -> float:
    """The fullest of the shares that X-App-Usage tells, in percent."""
    try:
        shares = json.loads(headers.get("x-app-usage", "{}"))
        return max((float(value) for value in shares.values()), default=0.0)
    except (ValueError, TypeError, AttributeError):
        return 0.0
