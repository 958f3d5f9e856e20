"""Staying below Slack's limits, so that no call is refused in normal work."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from bot.errors import DeliveryDeferred

Body = Mapping[str, Any]


class Call(Protocol):
    """Calls a Web API method; raises DeliveryError classes, nothing else."""

    async def __call__(self, method: str, *, channel: str = "", **body: Any) -> Body: ...


@dataclass(frozen=True, slots=True)
class _Limit:
    calls: int
    seconds: float
    per_channel: bool = False


_FREE = _Limit(0, 0.0)
_SPARE = 0.05
# A little below what Slack publishes: calls that leave evenly do not arrive evenly.
_LIMITS = {
    "chat.postMessage": _Limit(1, 1.05, per_channel=True),
    "chat.update": _Limit(48, 61.0),
    "chat.postEphemeral": _Limit(95, 61.0),
    "files.getUploadURLExternal": _Limit(95, 61.0),
    "files.completeUploadExternal": _Limit(95, 61.0),
    "usergroups.list": _Limit(18, 61.0),
    # What some apps get at most.
    "conversations.history": _Limit(1, 61.0, per_channel=True),
    "conversations.replies": _Limit(1, 61.0, per_channel=True),
}
_LONGEST_HELD = 900.0
"""A longer pause is not believed; Slack's own windows are a minute."""
PATIENCE = 10.0
"""The longest wait in seconds that a call sits out; above it the outbox waits instead."""


class Slots:
    """Puts each call into its slot, in the order of asking."""

    def __init__(
        self,
        call: Call,
        monotonic: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._call = call
        self._monotonic = monotonic
        self._sleep = sleep
        self._sent: dict[tuple[str, str], deque[float]] = {}
        self._held: dict[tuple[str, str], float] = {}

    async def call(self, method: str, *, channel: str = "", **body: Any) -> Body:
        """Raises DeliveryDeferred where the slot is more than PATIENCE away."""
        limit = _LIMITS.get(method, _FREE)
        key = (method, channel if limit.per_channel else "")
        await self._wait(key, limit)
        pause = limit.seconds - _SPARE if limit.calls == 1 else 0.0
        try:
            return await self._call(method, channel=channel, **body)
        except DeliveryDeferred as error:
            pause = max(pause, min(error.retry_after or 0.0, _LONGEST_HELD))
            raise
        finally:
            # When the call arrived is not known: surely not after its answer.
            self._held[key] = max(self._held.get(key, 0.0), self._monotonic() + pause)

    async def _wait(self, key: tuple[str, str], limit: _Limit) -> None:
        now = self._monotonic()
        slot = max(now, self._held.get(key, now))
        sent = self._sent.setdefault(key, deque(maxlen=limit.calls)) if limit.calls else None
        if sent is not None and len(sent) == limit.calls:
            slot = max(slot, sent[0] + limit.seconds)
        if slot - now > PATIENCE:
            raise DeliveryDeferred(
                f"Slack: {key[0]} is at its limit: it is tried again in {slot - now:.0f} s",
                retry_after=slot - now,
            )
        if sent is not None:
            sent.append(slot)
        if slot > now:
            await self._sleep(slot - now)
