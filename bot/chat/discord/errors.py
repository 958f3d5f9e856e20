"""What Discord's failures mean for a delivery: send later, never, or look first.

discord.py repeats 429 and most 5xx by itself, sleeping in between; a delivery must not, so
its requests are watched and end at the first such answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import aiohttp

from bot.chat.text import seconds as seconds_of
from bot.errors import (
    DeliveryDeferred,
    DeliveryError,
    DeliveryMalformed,
    DeliveryRefused,
    DeliveryUnconfirmed,
)

UNKNOWN_CHANNEL, UNKNOWN_MESSAGE = 10003, 10008
UNKNOWN_MEMBER, UNKNOWN_USER = 10007, 10013
ALREADY_ACKNOWLEDGED, THREAD_EXISTS = 40060, 160004
_REFUSALS = {
    UNKNOWN_CHANNEL: "does not exist any more: choose another channel",
    10004: "belongs to a server that the bot is not in: invite it again",
    50001: "cannot be seen by the bot: give it the View Channel permission",
    50013: "lacks a permission for the bot: `ebbwatch doctor` names it",
    50008: "is no text channel: choose another one",
}
_MALFORMED = frozenset({40005, 50006, 50035, 50109, 20009, 200000, 200001, 240000})
"""Too large, empty, not as documented; or its words are filtered by the server's own rules."""
_OF_THE_MESSAGE = frozenset({400, 413, 422})
_TOKEN_PAUSE = 60.0
_LONGEST_HELD = 900.0
"""Discord's own windows are seconds, its longest bans an hour."""


class TokenRefused(Exception):
    pass


@dataclass(slots=True)
class _Attempt:
    """`written` is set once a request that changes something is on its way."""

    written: bool = False


class _Unrepeated(Exception):
    """Discord answered 429 or 5xx."""

    def __init__(self, status: int, retry_after: float | None) -> None:
        self.status = status
        self.retry_after = retry_after
        super().__init__(f"status {status}")


_attempt: ContextVar[_Attempt | None] = ContextVar("attempt", default=None)


def watch_requests() -> aiohttp.TraceConfig:
    """For the library's session; requests outside `delivering` pass unchanged."""

    async def headers_sent(
        _: aiohttp.ClientSession, __: Any, sent: aiohttp.TraceRequestHeadersSentParams
    ) -> None:
        if (attempt := _attempt.get()) and sent.method != "GET":
            attempt.written = True

    async def request_ended(
        _: aiohttp.ClientSession, __: Any, ended: aiohttp.TraceRequestEndParams
    ) -> None:
        status = ended.response.status
        if _attempt.get() and (status == 429 or status >= 500):
            retry_after = seconds_of(ended.response.headers.get("Retry-After", ""))
            ended.response.close()
            raise _Unrepeated(status, retry_after)

    trace = aiohttp.TraceConfig()
    trace.on_request_headers_sent.append(headers_sent)
    trace.on_request_end.append(request_ended)
    return trace


@asynccontextmanager
async def delivering(
    channel: str, *, seconds: float, unstick: Callable[[], None]
) -> AsyncIterator[None]:
    """Turns whatever goes wrong inside into a DeliveryError.

    `unstick` is called where the time ran out before anything was written, and where the
    library would keep a pause that is not believed.
    """
    if _attempt.get() is not None:  # the outer one sees to it
        yield
        return
    attempt = _Attempt()
    token = _attempt.set(attempt)
    try:
        async with asyncio.timeout(seconds):
            yield
    except DeliveryError:
        raise
    except Exception as error:
        timed_out = isinstance(error, TimeoutError) and not attempt.written
        if timed_out or (getattr(error, "retry_after", None) or 0.0) > _LONGEST_HELD:
            unstick()
        raise translate(error, channel, may_have_arrived=attempt.written) from None
    finally:
        _attempt.reset(token)


def translate(error: Exception, channel: str, *, may_have_arrived: bool) -> DeliveryError:
    """Reads `status`, `code` and `retry_after` of the library's exceptions."""
    status = getattr(error, "status", None)
    code = code_of(error)
    retry_after = getattr(error, "retry_after", None)
    if status == 429 or (status is None and retry_after is not None):
        return DeliveryDeferred(
            f"{channel}: Discord asked for a pause, the message waits.",
            channel=channel,
            retry_after=retry_after,
        )
    if code in _REFUSALS:
        return DeliveryRefused(f"{channel} {_REFUSALS[code]}.", channel=channel)
    if code in _MALFORMED or status in _OF_THE_MESSAGE:
        return DeliveryMalformed(
            f"{channel}: Discord does not take a message as it is (code {code}).",
            channel=channel,
        )
    if status == 401 or isinstance(error, TokenRefused):
        return DeliveryDeferred(
            f"{channel}: Discord refuses the bot's token, the message waits for a new one.",
            channel=channel,
            retry_after=_TOKEN_PAUSE,
        )
    if may_have_arrived and not (status and 400 <= status < 500):
        return DeliveryUnconfirmed(
            f"{channel}: Discord did not say whether the message arrived ({kind_of(error)}): "
            "it is looked for before a repeat.",
            channel=channel,
        )
    return DeliveryDeferred(
        f"{channel}: Discord cannot be used just now ({kind_of(error)}), the message waits.",
        channel=channel,
    )


def code_of(error: Exception) -> object:
    return getattr(error, "code", None)


def kind_of(error: BaseException) -> str:
    """What went wrong without addresses, ids or tokens."""
    status = getattr(error, "status", None)
    return f"status {status}" if status else type(error).__name__.strip("_")
