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

from bot.errors import DeliveryDeferred, DeliveryError, DeliveryRefused, DeliveryUnconfirmed

UNKNOWN_CHANNEL, UNKNOWN_MESSAGE = 10003, 10008
ALREADY_ACKNOWLEDGED, THREAD_EXISTS = 40060, 160004
_REFUSALS = {
    UNKNOWN_CHANNEL: "does not exist any more: choose another channel",
    10004: "belongs to a server that the bot is not in: invite it again",
    50001: "cannot be seen by the bot: give it the View Channel permission",
    50013: "lacks a permission for the bot: `ebbwatch doctor` names it",
    50008: "is no text channel: choose another one",
    50006: "was sent an empty message: please report this",
    50035: "was sent a message that Discord does not accept: please report this",
    40005: "was sent a file that is too large for it: please report this",
}
_TOKEN_PAUSE = 60.0


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
            retry_after = _seconds(ended.response.headers.get("Retry-After", ""))
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

    `unstick` is called where the time ran out before anything was written.
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
        if isinstance(error, TimeoutError) and not attempt.written:
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


def _seconds(text: str) -> float | None:
    return float(text) if text.replace(".", "", 1).isdigit() else None
