"""Staying below Slack's limits, so that no call is refused in normal work."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable

from bot.errors import DeliveryDeferred

# A little below the published limits: what leaves evenly does not arrive evenly.
_LIMITS = {
    "chat.postMessage": (1, 1.05),  # per channel
    "chat.update": (48, 61.0),
    "chat.postEphemeral": (95, 61.0),
    "files.getUploadURLExternal": (95, 61.0),
    "files.completeUploadExternal": (95, 61.0),
    "conversations.history": (1, 61.0),  # per channel; what some apps get at most
    "conversations.replies": (1, 61.0),  # per channel
    "usergroups.list": (18, 61.0),
}
PATIENCE = 10.0
"""The longest wait in seconds that a call sits out; above it the outbox waits instead."""


class Pace:
    """Lets `wait` return only when the call may go out, in the order of asking."""

    def __init__(
        self, monotonic: Callable[[], float], sleep: Callable[[float], Awaitable[None]]
    ) -> None:
        self._monotonic = monotonic
        self._sleep = sleep
        self._sent: dict[tuple[str, str], deque[float]] = {}
        self._held: dict[tuple[str, str], float] = {}

    async def wait(self, method: str, channel: str = "") -> None:
        """Raises DeliveryDeferred where it would take longer than PATIENCE."""
        amount, per = _LIMITS.get(method, (0, 0.0))
        key = (method, channel)
        now = self._monotonic()
        slot = max(now, self._held.get(key, now))
        sent = self._sent.setdefault(key, deque(maxlen=amount)) if amount else None
        if sent is not None and len(sent) == amount:
            slot = max(slot, sent[0] + per)
        if slot - now > PATIENCE:
            raise DeliveryDeferred(
                f"{channel or 'Slack'}: {method} is at Slack's limit: it is tried again in "
                f"{slot - now:.0f} s by itself",
                channel=channel,
                retry_after=slot - now,
            )
        if sent is not None:
            sent.append(slot)
        if slot > now:
            await self._sleep(slot - now)

    def hold(self, method: str, channel: str, seconds: float) -> None:
        """Slack has named a pause: nothing of this kind goes out before its end."""
        self._held[method, channel] = self._monotonic() + seconds
