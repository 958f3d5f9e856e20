"""A clock you tick and a chat that keeps what it was told; neither sleeps nor connects."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bot.errors import DeliveryDeferred, DeliveryRefused, DeliveryUnconfirmed
from bot.model import Delivery, Health, Message


@dataclass
class Clock:
    """Calendar, wall and monotonic time in one; only `tick` and `set` move it."""

    now: float = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now

    def tick(self, seconds: float) -> float:
        self.now += seconds
        return self.now

    def set(self, text: str) -> float:
        """Jumps to an ISO time, UTC where it names no zone."""
        when = datetime.fromisoformat(text)
        self.now = (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
        return self.now

    def at(self) -> datetime:
        return datetime.fromtimestamp(self.now, UTC)


@dataclass
class Shown:
    """One message as the platform has it now."""

    ref: str
    channel: str
    message: Message
    id: str
    revisions: list[Message] = field(default_factory=list)
    replies: list[Message] = field(default_factory=list)


Step = Callable[[Delivery], None]


class FakeChat:
    """A chat platform in memory.

    `plan` holds what the next sends do, in order: "ok", "before" (a failure that had no
    effect, unconfirmed), "after" (it had), "late" (429), "closed" (refused), "crash" (an error
    nobody foresaw, after the effect) or "hang". An empty plan is "ok". `linked` maps channels
    to spaces.
    """

    platform = "fake"

    def __init__(self, linked: dict[str, str | None], platform: str = "fake") -> None:
        self.platform = platform
        self.linked = linked
        self.plan: list[str] = []
        self.find_plan: list[str] = []
        self.shown: list[Shown] = []
        self.log: list[tuple[str, str, Message]] = []
        self.looks = 0

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def send(self, delivery: Delivery) -> str:
        step = self.plan.pop(0) if self.plan else "ok"
        channel = delivery.channel
        if step == "late":
            raise DeliveryDeferred("slow down", channel=channel, retry_after=7)
        if step == "closed":
            raise DeliveryRefused(f"{channel} is gone: pick another", channel=channel)
        if step == "before":
            raise DeliveryUnconfirmed("connection reset", channel=channel)
        if step == "hang":
            await asyncio.Event().wait()
        ref = self._take(delivery)
        if step == "after":
            raise DeliveryUnconfirmed("connection reset", channel=channel)
        if step == "crash":
            raise RuntimeError("boom")
        return ref

    def _take(self, delivery: Delivery) -> str:
        self.log.append((delivery.action, delivery.channel, delivery.message))
        if delivery.action == "post":
            ref = f"m{len(self.shown)}"
            self.shown.append(
                Shown(
                    ref=ref,
                    channel=delivery.channel,
                    message=delivery.message,
                    id=delivery.id,
                )
            )
            return ref
        shown = next(one for one in self.shown if one.ref == delivery.ref)
        if delivery.action == "edit":
            shown.revisions.append(shown.message)
            shown.message = delivery.message
        else:
            shown.replies.append(delivery.message)
            self._replied.add(delivery.id)
        return shown.ref

    async def find(self, delivery: Delivery) -> str | None:
        self.looks += 1
        step = self.find_plan.pop(0) if self.find_plan else "ok"
        if step == "late":
            raise DeliveryDeferred("look later", channel=delivery.channel, retry_after=60)
        for one in self.shown:
            if one.id == delivery.id:
                return one.ref
        return delivery.ref if delivery.id in self._replied else None

    @property
    def _replied(self) -> set[str]:
        return self.__dict__.setdefault("replied", set())

    async def space_of(self, channel: str) -> str | None:
        return self.linked.get(channel)

    async def problems(self, channel: str | None) -> list[str]:
        return []

    def health(self) -> Health:
        return Health(ready=True, since=0.0, text="in memory")

    async def close(self) -> None:
        return None

    def titles(self, channel: str | None = None) -> list[str]:
        return [one.message.title for one in self.shown if channel in (None, one.channel)]
