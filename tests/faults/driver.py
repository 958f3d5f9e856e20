"""A seeded schedule of alerts, faults and crashes, sent by the real outbox.

Every alert lives through post, edits and replies while requests are reset, hang, are
throttled, answered with garbage or refused, and while the sending process dies. In the end
each alert must stand in its channel once, in its last form, with each reply once.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlite_utils import Database

import bot.message
from bot.deliver import Clocks, Courier
from bot.model import Button, ChartSpec, Message, Picture
from bot.storage import alerts, channels, outbox
from bot.storage.accounts import Walls
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


class Driver:
    """Runs one schedule on `stage` with a database of its own in `folder`."""

    def __init__(self, stage: Stage, seed: int, folder: Path) -> None:
        self.stage = stage
        self.chance = random.Random(seed)
        self.store = Store.open(folder / "faults.db", now=stage.now())
        self.lives: list[Life] = []
        self.tally = Tally()
        self._monotonic = 0.0
        self._courier = self._fresh_courier()

    async def run(self) -> Tally:
        await self.store.write(
            channels.put, Channel(channel=self.stage.channel, space=self.stage.space)
        )
        for _ in range(self.chance.randint(4, 8)):
            for _ in range(self.chance.randint(1, 3)):
                await self._queue_something()
            for _ in range(self.chance.randint(0, 3)):
                self._break_something()
            await self._deliver(crash=self.chance.random() < 0.3)
        await self._resolve_all()
        await self._finish()
        self._judge()
        self.store.close()
        return self.tally

    # --- what happens -------------------------------------------------------------------

    async def _queue_something(self) -> None:
        if not self.lives or self.chance.random() < 0.5:
            await self.store.write(self._open)
            return
        life = self.chance.choice(self.lives)
        step = self._reply if self.chance.random() < 0.4 else self._revise
        await self.store.write(step, life, "confirmed")

    def _break_something(self) -> None:
        fault = self.chance.choice(sorted(self.stage.faults))
        self.stage.fail(fault, self.chance.choice(STEPS), self.chance.choice((1, 1, 2)))
        self.tally.faults += 1

    async def _resolve_all(self) -> None:
        for life in self.lives:
            await self.store.write(self._revise, life, "resolved")
        self._break_something()

    def _open(self, db: Database) -> None:
        row = alerts.add(db, self.stage.channel, "incident", int(self.stage.now()))
        life = Life(
            number=len(self.lives) + 1,
            row=row.id,
            severity=self.chance.choice(SEVERITIES),
            chart=self.chance.random() < 0.5,
        )
        self.lives.append(life)
        self._queue(db, life, "suspected", "post")

    def _revise(self, db: Database, life: Life, state: str) -> None:
        self._queue(db, life, state, "edit")

    def _queue(self, db: Database, life: Life, state: str, action: str) -> None:
        life.revision += 1
        life.title = f"Alert {life.number}: {state}{life.revision}"
        number, now = life.number, int(self.stage.now())
        spec = ChartSpec(account="tiktok/lena", start=now - 86400, end=now)
        message = Message(
            title=life.title,
            text=f"{life.severity} for everybody to see",
            severity=life.severity,
            chart=spec if life.chart else None,
            buttons=(Button(label="Acknowledge", command=f"ack {number}"),) * (number % 3 > 0),
        )
        outbox.queue(
            db,
            key=f"{number}/{life.revision}",
            channel=self.stage.channel,
            space=self.stage.space,
            kind="alert",
            message=message,
            now=self.stage.now(),
            action=action,  # type: ignore[arg-type]
            severity=life.severity,
            alert=life.row,
            revision=life.revision,
        )

    def _reply(self, db: Database, life: Life, _: str) -> None:
        life.replies += 1
        outbox.queue(
            db,
            key=f"{life.number}/reply/{life.replies}",
            channel=self.stage.channel,
            space=self.stage.space,
            kind="history",
            message=Message(text=f"reply {life.replies} of {life.number}"),
            now=self.stage.now(),
            action="reply",
            severity=life.severity,
            alert=life.row,
        )

    # --- sending ------------------------------------------------------------------------

    def _fresh_courier(self) -> Courier:
        async def draw(_: Channel, __: ChartSpec) -> Picture:
            return Picture(name="chart.png", png=PNG, alt="followers")

        async def report(_: str) -> None:
            pass

        return Courier(
            self.store,
            {self.stage.chat.platform: self.stage.chat},
            voices=bot.message,
            walls=Walls({self.stage.space: ("*",)}),
            clocks=Clocks(
                calendar=self.stage.now, wall=self.stage.now, monotonic=lambda: self._monotonic
            ),
            draw=draw,
            report=report,
        )

    async def _deliver(self, *, crash: bool) -> None:
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

    def _pass_time(self, seconds: float) -> None:
        self._monotonic += 600.0
        self.stage.tick(seconds)

    async def _finish(self) -> None:
        for _ in range(_ROUNDS):
            if not await self.store.read(outbox.waiting):
                return
            await self._deliver(crash=False)
        self.tally.lost += [str(one) for one in await self.store.read(outbox.waiting)]

    # --- judging ------------------------------------------------------------------------

    def _judge(self) -> None:
        shown = self.stage.shown()
        found: dict[int, list[tuple[int, str]]] = {}
        for place, one in enumerate(shown):
            for number, state in _TITLE.findall(one.text):
                found.setdefault(int(number), []).append((place, f"Alert {number}: {state}"))
        for life in self.lives:
            places = found.get(life.number, [])
            if not places or places[0][1] != life.title:
                self.tally.lost.append(f"{life.title} (shown: {places})")
            if len(places) > 1:
                self.tally.doubled.append(f"{life.title} {len(places)} times")
            if places:
                self._judge_replies(life, self.stage.replies(places[0][0]))
        for severity in SEVERITIES:
            order = [
                found[life.number][0][0]
                for life in self.lives
                if life.severity == severity and life.number in found
            ]
            if order != sorted(order):
                self.tally.disordered.append(f"{severity}: {order}")
        self.tally.messages = len(shown)

    def _judge_replies(self, life: Life, replies: Sequence[Shown]) -> None:
        told = [int(match[1]) for one in replies if (match := _REPLY.search(one.text))]
        missing = set(range(1, life.replies + 1)) - set(told)
        if missing:
            self.tally.lost.append(f"replies {sorted(missing)} of alert {life.number}")
        if len(told) != len(set(told)):
            self.tally.doubled.append(f"replies {told} of alert {life.number}")
        if told != sorted(told):
            self.tally.disordered.append(f"replies {told} of alert {life.number}")
