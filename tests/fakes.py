"""A clock you tick and a chat that keeps what it was told; neither sleeps nor connects."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl

from bot.errors import DeliveryDeferred, DeliveryMalformed, DeliveryRefused, DeliveryUnconfirmed
from bot.model.chat import Capabilities, Delivery, Health
from bot.model.message import Message
from bot.model.source import Batch
from bot.storage import database


def spare_the_disk() -> None:
    """No write waits for the disk: the system keeps what it was handed through any `kill -9`,
    and no test cuts the power."""
    database.PRAGMAS = tuple(
        "synchronous = off" if pragma.startswith("synchronous") else pragma
        for pragma in database.PRAGMAS
    )


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


class FakeChat:
    """A chat platform in memory.

    `plan` holds what the next sends do, in order: "ok", "before" (a failure that had no
    effect, unconfirmed), "after" (it had), "late" (429), "year", "0", "-5", "nan" (429 for so
    long), "closed" (refused), "malformed", "crash" (an error nobody foresaw, after the effect)
    or "hang". An empty plan is "ok". `linked` maps channels to spaces; nothing is said of
    `silent` ones.
    """

    platform = "fake"
    can = Capabilities(edits=True, threads=True, finds=True, commands=True, pictures=True)

    def __init__(self, linked: dict[str, str | None], platform: str = "fake") -> None:
        self.platform = platform
        self.linked = linked
        self.silent: set[str] = set()
        self.plan: list[str] = []
        self.find_plan: list[str] = []
        self.shown: list[Shown] = []
        self.log: list[tuple[str, str, Message]] = []
        self.sent: list[Delivery] = []
        self.looks = 0
        self._replied: set[str] = set()

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def send(self, delivery: Delivery) -> str:
        step = self.plan.pop(0) if self.plan else "ok"
        channel = delivery.channel
        if step == "late":
            raise DeliveryDeferred("slow down", channel=channel, retry_after=7)
        if step in ("0", "-5", "nan"):
            raise DeliveryDeferred("slow down", channel=channel, retry_after=float(step))
        if step == "year":
            raise DeliveryDeferred("slow down", channel=channel, retry_after=365 * 86400)
        if step == "malformed":
            raise DeliveryMalformed(f"{channel}: not as it is.", channel=channel)
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
        self.sent.append(delivery)
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

    async def space_of(self, channel: str) -> str | None:
        if channel in self.silent:
            await asyncio.Event().wait()
        return self.linked.get(channel)

    async def problems(self, channel: str | None) -> list[str]:
        return []

    def health(self) -> Health:
        return Health(ready=True, since=0.0, text="in memory")

    async def close(self) -> None:
        return None

    def titles(self, channel: str | None = None) -> list[str]:
        return [one.message.title for one in self.shown if channel in (None, one.channel)]


DAY = 86400


def calm(accounts: int, days: int, *, seed: int = 1, level: int = 50_000) -> np.ndarray:
    """Follower counts (accounts x days) that grow by 100 a day, give or take 10."""
    rng = np.random.default_rng(seed)
    gains = rng.normal(100, 10, (accounts, days)).round()
    return level + gains.cumsum(axis=1)


def frame(
    counts: np.ndarray,
    ends: Sequence[int],
    *,
    names: Sequence[str] | None = None,
    metric: str = "followers",
) -> pl.DataFrame:
    """Readings as a source gives them; NaN is no reading."""
    names = names or [f"instagram/a{n}" for n in range(len(counts))]
    rows = [
        (name, int(end), int(value))
        for name, row in zip(names, counts, strict=True)
        for end, value in zip(ends, row, strict=True)
        if not np.isnan(value)
    ]
    schema = {"account": pl.String, "at": pl.Int64, metric: pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def ends(last: float, days: int) -> list[int]:
    """The last `days` daily moments up to `last`, oldest first."""
    return [int(last) - DAY * k for k in range(days)][::-1]


class FakeSource:
    """Gives its batches in order; an exception among them is raised."""

    def __init__(self, name: str, *batches: Batch | Exception) -> None:
        self.name = name
        self.batches = list(batches)
        self.asked: list[tuple[Sequence[str], Any]] = []

    async def fetch(self, wanted: Sequence[str], state: Any, now: datetime) -> Batch:
        self.asked.append((tuple(wanted), state))
        batch = self.batches.pop(0) if self.batches else Batch(state=state)
        if isinstance(batch, Exception):
            raise batch
        return batch

    async def look(self, handle: str) -> str:
        return handle

    async def close(self) -> None:
        return None
