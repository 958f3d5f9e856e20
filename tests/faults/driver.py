"""A seeded schedule of alerts, faults and crashes, sent by the real outbox.

Every alert lives through post, edits and replies while requests are reset, hang, are
throttled, answered with garbage or refused, while the sending process dies, its database goes
back to a backup, and the platform is away or says things twice. In the end each alert must
stand in its channel once, in its last form, with each reply once.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from pathlib import Path

from sqlite_utils import Database

import bot.message
from bot.deliver import Clocks, Hooks, OutboxWorker
from bot.errors import StorageError
from bot.model.message import ChartSpec, Picture
from bot.route import News, route
from bot.storage import channels, handled, incidents, outbox, restoring, upkeep
from bot.storage.access import AccessPolicy
from bot.storage.channels import Channel, Subscription
from bot.storage.database import Store
from bot.storage.incidents import Change
from bot.storage.single import only_service
from tests.bot.route.test_route import incident, resolved
from tests.contracts.chat import Stage, until
from tests.faults.lives import Lives, Tally

PNG = b"\x89PNG\r\n\x1a\n"
STEPS = ("post", "upload", "edit", "thread")
_ROUNDS = 80
_OWN, _OTHERS = ("early-ada", "early-bea", "early-cleo"), ("rival-dora", "rival-eva")
"""Accounts of two teams that lose followers before it is known whose channel it is."""


class Driver:
    """Runs one schedule on `stage` with a database of its own in `folder`."""

    def __init__(self, stage: Stage, seed: int, folder: Path) -> None:
        self.stage = stage
        self.chance = random.Random(seed)
        self.folder = folder / "data"
        self.folder.mkdir()
        self.database = self.folder / "faults.db"
        self.backup: Path | None = None
        self.store = Store.open(self.database, now=stage.now())
        self.access = AccessPolicy(
            {
                stage.space: ("tiktok/*", *(f"instagram/{name}" for name in _OWN)),
                stage.other_space: tuple(f"instagram/{name}" for name in _OTHERS),
            }
        )
        self.lives = Lives(stage.channel, stage.space, stage.now, self.chance)
        self.tally = self.lives.tally
        self.early: tuple[str, ...] = ()
        self.asked = 0
        self._monotonic = 0.0
        stage.dispatcher.first = self._is_first
        self._courier = self._fresh_courier()

    async def run(self) -> Tally:
        with only_service(self.database):
            if self.chance.random() < 0.3:
                await self._start_while_away()
            else:
                channel = Channel(channel=self.stage.channel, space=self.stage.space)
                await self.store.write(channels.put, channel)
            for _ in range(self.chance.randint(4, 8)):
                for _ in range(self.chance.randint(1, 3)):
                    await self.store.write(self.lives.happen)
                for _ in range(self.chance.randint(0, 3)):
                    self._break_something()
                await self._deliver(crash=self.chance.random() < 0.3)
                await self._something_else()
            await self.store.write(self.lives.resolve)
            self._break_something()
            await self._finish()
        self.store.close()
        return self._judged()

    def _judged(self) -> Tally:
        shown = self.stage.shown()
        for name in (*_OWN, *_OTHERS):
            told = sum(name in one.text for one in shown)
            if told > 1:
                self.tally.doubled.append(f"{name} {told} times")
            if told == 0 and name in self.early:
                self.tally.lost.append(name)
            if told and name in _OTHERS:
                self.tally.lost.append(f"{name} to another team")
        acted = Counter(str(given.get("text")) for _, _, given in self.stage.dispatcher.asked)
        self.tally.doubled += [f"{what} {n} times" for what, n in acted.items() if n > 1]
        self.tally.lost += [f"{self.asked - len(acted)} requests"] * (len(acted) < self.asked)
        return self.lives.judge(shown, self.stage.replies)

    # --- what goes wrong ----------------------------------------------------------------

    def _break_something(self) -> None:
        if self.lives.all and self.chance.random() < 0.1:
            self.stage.poison(f"Alert {self.chance.choice(self.lives.all).number}: ")
            self.tally.faults += 1
        fault = self.chance.choice(sorted(self.stage.faults))
        self.stage.fail(fault, self.chance.choice(STEPS), self.chance.choice((1, 1, 2)))
        self.tally.faults += 1

    async def _something_else(self) -> None:
        """A backup and later its restore, a second service, a request that comes twice."""
        if self.backup is None and self.chance.random() < 0.3:
            self.backup = self.folder / f"{self.tally.restores}.backup"
            await self.store.read(upkeep.back_up, self.backup)
            self.lives.backed_up()
        elif self.backup is not None and self.chance.random() < 0.3:
            await self._restore(self.backup)
        if self.chance.random() < 0.1:
            self._start_twice()
        if self.chance.random() < 0.2:
            await self._ask_twice(crash=self.chance.random() < 0.3)

    async def _start_while_away(self) -> None:
        """Two teams lose followers while nobody can say whose the channel is; some come back
        before that is known."""
        self.stage.vanish()
        await self.stage.restart()
        self._courier = self._fresh_courier()
        self.early = _OWN
        found = [incident(f"instagram/{name}") for name in (*_OWN, *_OTHERS)]
        over = [resolved(one) for one in found if self.chance.random() < 0.5]

        def begin(db: Database) -> None:
            channels.put(db, Channel(channel=self.stage.channel, space=""))
            channels.subscribe(db, Subscription(channel=self.stage.channel))
            for changed in (found, over):
                changes = [Change(one) for one in changed]
                self._route(db, incidents.save(db, changes, self._now()))

        await self.store.write(begin)
        await self._courier.pump()
        self.stage.come_back()
        await until(lambda: self.stage.chat.health().ready)
        self._pass_time(60)
        await self._courier.pump()
        await self.store.write(self._route, [])
        self.tally.faults += 1

    def _route(self, db: Database, changed: list[incidents.Stored]) -> None:
        ids = frozenset(one.id for one in changed)
        news = News(changed=ids, fresh=ids)
        route(db, bot.message, self.access, self._now(), news)

    async def _restore(self, backup: Path) -> None:
        """What is known goes back to a backup, and is found out anew."""
        self.store.close()
        found = restoring.examine(backup)
        restoring.put_in_place(backup, self.database, f"{self._now()}")
        self.store = Store.open(self.database, now=self.stage.now())
        await self.store.write(restoring.note, found.newest, self.stage.now())
        await self._start_anew()
        await self.store.write(self.lives.happen_again)
        self.backup = None
        self.tally.restores += 1

    def _start_twice(self) -> None:
        """Another service on the same database, by another name."""
        link = self.folder / "link.db"
        link.symlink_to(self.database)
        try:
            with only_service(link):
                self.tally.doubled.append("the service")
        except StorageError:
            self.tally.faults += 1
        link.unlink()

    async def _ask_twice(self, *, crash: bool) -> None:
        """The platform hands one request out again, it may be to another process."""
        self.asked += 1
        await until(lambda: self.stage.chat.health().ready)
        await self.stage.command(f"event add asked {self.asked}")
        if crash:
            await self._start_anew()
        await self.stage.again()
        self.tally.faults += 1

    async def _is_first(self, request: str) -> bool:
        return await self.store.write(handled.take, request, self.stage.now())

    # --- sending ------------------------------------------------------------------------

    def _now(self) -> int:
        return int(self.stage.now())

    def _fresh_courier(self) -> OutboxWorker:
        async def draw(_: Channel, __: ChartSpec) -> Picture:
            return Picture(name="chart.png", png=PNG, alt="followers")

        async def report(_: str) -> None:
            pass

        return OutboxWorker(
            self.store,
            {self.stage.chat.platform: self.stage.chat},
            voices=bot.message,
            access=self.access,
            clocks=Clocks(
                calendar=self.stage.now, wall=self.stage.now, monotonic=lambda: self._monotonic
            ),
            hooks=Hooks(draw=draw, report=report),
        )

    async def _start_anew(self) -> None:
        """Another process: it knows what the database knows."""
        await self.stage.restart()
        self._courier = self._fresh_courier()
        await self._courier.start()
        await until(lambda: self.stage.chat.health().ready)
        self.tally.crashes += 1

    async def _deliver(self, *, crash: bool) -> None:
        if self.chance.random() < 0.1:
            await self._without_database()
        if crash:
            sending = asyncio.create_task(self._courier.run())
            await asyncio.sleep(self.chance.random() * 0.05)
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            await self._start_anew()
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
