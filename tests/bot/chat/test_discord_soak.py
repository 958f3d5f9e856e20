"""Many alerts and commands: pace, order and memory (`make soak`: the full counts)."""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

import bot.message
from bot.chat.discord import Patience
from bot.deliver import Clocks, Courier
from bot.model import ChartSpec, Picture
from bot.storage import channels, outbox
from bot.storage.accounts import Walls
from bot.storage.channels import Channel
from bot.storage.database import Store
from tests.contracts.chat import alert, delivery
from tests.contracts.stage_discord import DiscordStage, open_stage

FULL = bool(os.environ.get("EBBWATCH_SOAK"))
MANY = 10_000 if FULL else 300
WINDOW = (5, 5.0) if FULL else (5, 0.1)
PNG = b"\x89PNG\r\n\x1a\n" * 5000


@pytest.fixture
async def stage() -> AsyncIterator[DiscordStage]:
    async with open_stage(window=(10**9, 1.0)) as opened:
        yield opened


async def test_sixty_alerts_of_sixty_reviews_drain_in_order_without_a_429(
    tmp_path: Path,
) -> None:
    async with open_stage(window=WINDOW, patience=Patience()) as stage:
        store = Store.open(tmp_path / "load.db", now=stage.now())
        place = Channel(channel=stage.channel, space=stage.space)
        await store.write(channels.put, place)
        courier = courier_of(stage, store)
        for number in range(60):
            await store.write(
                outbox.queue,
                key=f"alert-{number}",
                channel=stage.channel,
                space=stage.space,
                kind="alert",
                message=alert(number),
                now=stage.now(),
                severity="critical",
            )
        began = time.monotonic()
        await courier.pump()
        took = time.monotonic() - began
        store.close()
        titles = [one["embeds"][0]["title"] for one in stage.server.shown()]
        assert titles == [f"Alert {number}: purge" for number in range(60)]
        assert stage.server.limited == 0
        if FULL:
            allowed = 60 / WINDOW[0] * WINDOW[1]  # the library waits out the last window too
            print(f"60 alerts in {took:.1f} s, {allowed / took:.3f} of the allowed rate")
            assert allowed / took >= 0.9


async def test_memory_does_not_grow_with_alerts(stage: DiscordStage) -> None:
    async def send(count: int) -> None:
        for number in range(count):
            await stage.chat.send(
                delivery(stage, number, id=f"{time.monotonic_ns():016d}"[-16:])
            )
            stage.server.messages[stage.channel.removeprefix("discord:")].clear()
            stage.server.posted.clear()
            stage.server.forget_nonces()

    await assert_steady(send)


async def test_memory_does_not_grow_with_commands(stage: DiscordStage) -> None:
    async def ask(count: int) -> None:
        for start in range(0, count, 20):
            asked = [stage.server.slash("status") for _ in range(min(20, count - start))]
            await asyncio.gather(*(asyncio.wait_for(one.done.wait(), 5) for one in asked))
            stage.server.asked.clear()
            stage.desk.asked.clear()
            for session in stage.server.sessions.values():
                session.events.clear()

    await assert_steady(ask)


async def assert_steady(work: Callable[[int], Awaitable[None]]) -> None:
    """What is remembered is bounded (2,000 interactions): filled first, then measured."""
    await work(3000 if FULL else 60)
    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.monotonic()
    await work(MANY)
    took = time.monotonic() - began
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(f"peak memory {grown} KiB higher after {MANY} more, {took / MANY * 1000:.1f} ms each")
    assert grown < 16_384


def courier_of(stage: DiscordStage, store: Store) -> Courier:
    async def draw(_: Channel, __: ChartSpec) -> Picture:
        return Picture(name="chart.png", png=PNG, alt="followers")

    async def report(_: str) -> None:
        pass

    return Courier(
        store,
        {"discord": stage.chat},
        voices=bot.message,
        walls=Walls({stage.space: ("*",)}),
        clocks=Clocks(calendar=stage.now, wall=stage.now, monotonic=time.monotonic),
        draw=draw,
        report=report,
    )


async def test_latencies_are_told(stage: DiscordStage, tmp_path: Path) -> None:
    """Figures are printed, bars are held only in the full run: a busy machine is no bug."""
    store = Store.open(tmp_path / "latency.db", now=stage.now())
    await store.write(channels.put, Channel(channel=stage.channel, space=stage.space))
    courier = courier_of(stage, store)
    running = asyncio.create_task(courier.run())
    sent: list[float] = []
    for number in range(200 if FULL else 5):
        began = time.monotonic()
        await store.write(
            outbox.queue,
            key=f"alert-{number}",
            channel=stage.channel,
            space=stage.space,
            kind="alert",
            message=alert(number, chart=ChartSpec(account="a/b", start=0, end=1)),
            now=stage.now(),
        )
        courier.wake()
        while len(stage.server.posted) <= number:  # noqa: ASYNC110 - the server has no event
            await asyncio.sleep(0.0005)
        sent.append(time.monotonic() - began)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    store.close()
    asked = [stage.server.slash("status") for _ in range(100)]
    await asyncio.gather(*(asyncio.wait_for(one.done.wait(), 5) for one in asked))
    acknowledged = sorted(one.acknowledged - one.sent for one in asked if one.acknowledged)
    assert len(acknowledged) == 100
    median, slowest = sorted(sent)[len(sent) // 2], acknowledged[98]
    print(
        f"queued to shown {median * 1000:.1f} ms median, "
        f"acknowledged p99 {slowest * 1000:.0f} ms"
    )
    if FULL:
        assert median < 0.1
        assert slowest < 0.5
