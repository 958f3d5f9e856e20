"""Rate limits: read from the answers, kept before they are hit."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_PREFIXES = ("x-ratelimit-", "x-rate-limit-", "ratelimit-")
_RELATIVE = 10_000_000

LONGEST_REST = 3600.0
"""The longest pause in seconds that a server is believed: real windows are up to an hour, and
one request an hour is careful for those of a day. Double is told later, half asks more."""


class Pace:
    """When the next request may start.

    As long as the window holds more requests than are planned, at once; else the requests
    that it still holds are spread over the time until it begins anew. `spacing` is the
    least distance in seconds for servers that say nothing.
    """

    def __init__(
        self,
        monotonic: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        spacing: float = 0.0,
    ) -> None:
        self.planned = 1
        self._monotonic, self._sleep, self._spacing = monotonic, sleep, spacing
        self._last = float("-inf")
        self._remaining: float | None = None
        self._reset = 0.0

    def next_wait(self) -> float:
        """Seconds until the next request may start."""
        now = self._monotonic()
        distance = self._spacing
        left = self._reset - now
        if self._remaining is not None and left > 0:
            if self._remaining < 1:
                return left
            if self._remaining < self.planned:
                distance = max(distance, left / self._remaining)
        return max(0.0, self._last + distance - now)

    async def take(self) -> None:
        """Waits for the next start and takes it."""
        wait = self.next_wait()
        # taken before the wait: whoever comes meanwhile queues behind
        self._last = self._monotonic() + wait
        if self._remaining is not None:
            self._remaining -= 1
        self.planned = max(1, self.planned - 1)
        if wait > 0:
            await self._sleep(wait)

    def heed(self, status: int, headers: Mapping[str, str]) -> None:
        """Takes over what an answer says about its window."""
        remaining = _number(_first(headers, "remaining"))
        reset = _seconds(_first(headers, "reset"), headers)
        if remaining is not None and reset is not None:
            reset = min(reset, LONGEST_REST)
            self._remaining, self._reset = remaining, self._monotonic() + reset
        if status == 429:
            pause = retry_after(headers, reset)
            if pause is not None:
                self.rest(pause)

    def rest(self, seconds: float) -> None:
        """Nothing is asked for that long, at most LONGEST_REST."""
        seconds = min(seconds, LONGEST_REST)
        self._remaining, self._reset = 0.0, self._monotonic() + seconds

    def asked(self, headers: Mapping[str, str]) -> float | None:
        """The pause that a refusing answer asks for, however long."""
        reset = _seconds(_first(headers, "reset"), headers)
        return retry_after(headers, self.reset_in() if reset is None else reset)

    def reset_in(self) -> float | None:
        """Seconds until a used-up window begins anew."""
        left = self._reset - self._monotonic()
        return (
            left if self._remaining is not None and self._remaining < 1 and left > 0 else None
        )


def retry_after(headers: Mapping[str, str], reset: float | None) -> float | None:
    """Seconds that the answer asks to wait, by Retry-After or by the window's end."""
    text = headers.get("retry-after")
    if text is None:
        return reset
    if (seconds := _number(text)) is not None:
        return seconds
    return _until(text, headers)


def _first(headers: Mapping[str, str], name: str) -> str | None:
    found = (headers.get(prefix + name) for prefix in _PREFIXES)
    return next((value for value in found if value), None)


def _number(text: str | None) -> float | None:
    match = re.match(r"\s*(\d{1,12}(?:\.\d+)?)\s*(?:,|;|$)", text or "")
    return float(match[1]) if match else None


def _seconds(text: str | None, headers: Mapping[str, str]) -> float | None:
    """A reset as seconds from now: given so, as Unix time or as a date."""
    if text is None:
        return None
    number = _number(text)
    if number is None:
        return _until(text, headers)
    if number < _RELATIVE:
        return number
    now = _date(headers.get("date", ""))
    return None if now is None else max(0.0, number - now.timestamp())


def _until(text: str, headers: Mapping[str, str]) -> float | None:
    """By the server's own clock, which stands in the same answer."""
    then, now = _date(text), _date(headers.get("date", ""))
    if then is None or now is None:
        return None
    return max(0.0, (then - now).total_seconds())


def _date(text: str) -> datetime | None:
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = read(text)
        except (TypeError, ValueError, OverflowError):
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None
