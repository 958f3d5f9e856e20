"""A seeded schedule of alerts, faults and crashes, sent by the real outbox.

Every alert lives through post, edits and replies while requests are reset, hang, are
throttled, answered with garbage or refused, and while the sending process dies. In the end
each alert must stand in its channel once, in its last form, with each reply once.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from sqlite_utils import Database

import bot.message
from bot.deliver import Clocks, Hooks, OutboxWorker
from bot.model.message import Button, ChartSpec, Message, Picture
from bot.storage import alerts, channels, outbox
from bot.storage.access import AccessPolicy
from bot.storage.channels import Channel
from bot.storage.database import Store
from checks.model import SEVERITIES, Severity
from tests.contracts.chat import Shown, Stage

PNG = b"\x89PNG\r\n\x1a\n"
STEPS = ("post", "upload", "edit", "thread")
_ROUNDS = 80
_TITLE = re.compile(r"Alert (\d+): (\w+)")
_REPLY = re.compile(r"reply (\d+) of (\d+)")


@dataclass(slots=True)
class Life:
    """One alert: what was queued for it so far, and whether it carries a chart."""

    number: int
    row: int
    severity: Severity
    chart: bool
    revision: int = 0
    replies: int = 0
    title: str = ""


@dataclass(slots=True, kw_only=True)
class Tally:
    """What went wrong, as sentences; empty lists are the promise kept."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    disordered: list[str] = field(default_factory=list)
    faults: int = 0
    crashes: int = 0
    messages: int = 0

    def counts(self, what: str) -> list[tuple[str, object]]:
        """Properties of a test, which `make faults` sums up."""
        return [
            (f"{what}: schedules", 1),
            (f"{what}: faults", self.faults),
            (f"{what}: crashes", self.crashes),
            (f"{what}: messages", self.messages),
            (f"{what}: lost", len(self.lost)),
            (f"{what}: doubled", len(self.doubled)),
            (f"{what}: out of order", len(self.disordered)),
        ]


class Lives:
    """Alerts of one channel: queues what happens to them, and judges what people see."""

    def __init__(
        self, channel: str, space: str, now: Callable[[], float], chance: random.Random
    ) -> None:
        self.channel, self.space = channel, space
        self.now, self.chance = now, chance
        self.all: list[Life] = []
        self.tally = Tally()

    def happen(self, db: Database) -> None:
        """Something: a new alert, a revision or a reply."""
        if not self.all or self.chance.random() < 0.5:
            self._open(db)
        elif self.chance.random() < 0.4:
            self._reply(db, self.chance.choice(self.all))
        else:
            self._revise(db, self.chance.choice(self.all), "confirmed")

    def resolve(self, db: Database) -> None:
        for life in self.all:
            self._revise(db, life, "resolved")

    def _open(self, db: Database) -> None:
        row = alerts.add(
            db, alerts.NewAlert(channel=self.channel, kind="incident", now=int(self.now()))
        )
        life = Life(
            number=len(self.all) + 1,
            row=row.id,
            severity=self.chance.choice(SEVERITIES),
            chart=self.chance.random() < 0.5,
        )
        self.all.append(life)
        self._show(db, life, "suspected", "post")

    def _revise(self, db: Database, life: Life, state: str) -> None:
        self._show(db, life, state, "edit")

    def _show(
        self, db: Database, life: Life, state: str, action: Literal["post", "edit"]
    ) -> None:
        life.revision += 1
        life.title = f"Alert {life.number}: {state}{life.revision}"
        number, now = life.number, int(self.now())
        spec = ChartSpec(account="tiktok/lena", start=now - 86400, end=now)
        message = Message(
            title=life.title,
            text=f"{life.severity} for everybody to see",
            severity=life.severity,
            chart=spec if life.chart else None,
            buttons=(Button(label="Acknowledge", command=f"ack {number}"),) * (number % 3 > 0),
        )
        self._queue(db, life, f"{number}/{life.revision}", "alert", message, action)

    def _reply(self, db: Database, life: Life) -> None:
        life.replies += 1
        message = Message(text=f"reply {life.replies} of {life.number}")
        key = f"{life.number}/reply/{life.replies}"
        self._queue(db, life, key, "history", message, "reply")

    def _queue(
        self,
        db: Database,
        life: Life,
        key: str,
        kind: Literal["alert", "history"],
        message: Message,
        action: Literal["post", "edit", "reply"],
    ) -> None:
        outbox.queue(
            db,
            outbox.Queued(
                key=key,
                channel=self.channel,
                space=self.space,
                kind=kind,
                message=message,
                now=self.now(),
                action=action,
                severity=life.severity,
                alert=life.row,
                revision=life.revision if kind == "alert" else None,
            ),
        )

    # --- judging ------------------------------------------------------------------------

    def judge(self, shown: Sequence[Shown], replies: Callable[[int], Sequence[Shown]]) -> Tally:
        """`replies` gives the thread of the message at a place of `shown`."""
        found: dict[int, list[tuple[int, str]]] = {}
        for place, one in enumerate(shown):
            for number, state in _TITLE.findall(one.text):
                found.setdefault(int(number), []).append((place, f"Alert {number}: {state}"))
        for life in self.all:
            places = found.get(life.number, [])
            if not places or places[0][1] != life.title:
                self.tally.lost.append(f"{life.title} (shown: {places})")
            if len(places) > 1:
                self.tally.doubled.append(f"{life.title} {len(places)} times")
            if places:
                self._judge_replies(life, replies(places[0][0]))
        for severity in SEVERITIES:
            order = [
                found[life.number][0][0]
                for life in self.all
                if life.severity == severity and life.number in found
            ]
            if order != sorted(order):
                self.tally.disordered.append(f"{severity}: {order}")
        self.tally.messages = len(shown)
        return self.tally

    def _judge_replies(self, life: Life, replies: Sequence[Shown]) -> None:
        told = [int(match[1]) for one in replies if (match := _REPLY.search(one.text))]
        missing = set(range(1, life.replies + 1)) - set(told)
        if missing:
            self.tally.lost.append(f"replies {sorted(missing)} of alert {life.number}")
        if len(told) != len(set(told)):
            self.tally.doubled.append(f"replies {told} of alert {life.number}")
        if told != sorted(told):
            self.tally.disordered.append(f"replies {told} of alert {life.number}")


class Driver:
    """Runs one schedule on `stage` with a database of its own in `folder`."""

    def __init__(self, stage: Stage, seed: int, folder: Path) -> None:
        self.stage = stage
        self.chance = random.Random(seed)
        self.folder = folder / "data"
        self.folder.mkdir()
        self.store = Store.open(self.folder / "faults.db", now=stage.now())
        self.lives = Lives(stage.channel, stage.space, stage.now, self.chance)
        self.tally = self.lives.tally
        self._monotonic = 0.0
        self._courier = self._fresh_courier()

    async def run(self) -> Tally:
        await self.store.write(
            channels.put, Channel(channel=self.stage.channel, space=self.stage.space)
        )
        for _ in range(self.chance.randint(4, 8)):
            for _ in range(self.chance.randint(1, 3)):
                await self.store.write(self.lives.happen)
            for _ in range(self.chance.randint(0, 3)):
                self._break_something()
            await self._deliver(crash=self.chance.random() < 0.3)
        await self.store.write(self.lives.resolve)
        self._break_something()
        await self._finish()
        self.store.close()
        return self.lives.judge(self.stage.shown(), self.stage.replies)

    def _break_something(self) -> None:
        if self.lives.all and self.chance.random() < 0.1:
            self.stage.poison(f"Alert {self.chance.choice(self.lives.all).number}: ")
            self.tally.faults += 1
        fault = self.chance.choice(sorted(self.stage.faults))
        self.stage.fail(fault, self.chance.choice(STEPS), self.chance.choice((1, 1, 2)))
        self.tally.faults += 1

    def _fresh_courier(self) -> OutboxWorker:
        async def draw(_: Channel, __: ChartSpec) -> Picture:
            return Picture(name="chart.png", png=PNG, alt="followers")

        async def report(_: str) -> None:
            pass

        return OutboxWorker(
            self.store,
            {self.stage.chat.platform: self.stage.chat},
            voices=bot.message,
            access=AccessPolicy({self.stage.space: ("*",)}),
            clocks=Clocks(
                calendar=self.stage.now, wall=self.stage.now, monotonic=lambda: self._monotonic
            ),
            hooks=Hooks(draw=draw, report=report),
        )

    async def _deliver(self, *, crash: bool) -> None:
        if self.chance.random() < 0.1:
            await self._without_database()
        if crash:
            sending = asyncio.create_task(self._courier.run())
            await asyncio.sleep(self.chance.random() * 0.05)
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            self._courier = self._fresh_courier()
            await self._courier.start()
            self.tally.crashes += 1
        await self._courier.pump()
        self._pass_time(self.chance.choice((1, 30, 400)))
        await self._courier.revive()

    async def _without_database(self) -> None:
        """The database's folder is away for a moment: nothing may be sent meanwhile."""
        away = self.folder.rename(self.folder.with_name("away"))
        await self._courier.pump()
        away.rename(self.folder)
        self.tally.faults += 1

    def _pass_time(self, seconds: float) -> None:
        self._monotonic += 600.0
        self.stage.tick(seconds)

    async def _finish(self) -> None:
        for _ in range(_ROUNDS):
            if not await self.store.read(outbox.waiting):
                return
            await self._deliver(crash=False)
        self.tally.lost += [str(one) for one in await self.store.read(outbox.waiting)]
