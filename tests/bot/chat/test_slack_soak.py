"""Many alerts and commands on Slack: memory and latency (`make soak`: the full counts)."""

from __future__ import annotations

import asyncio
import gc
import os
import time
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

import bot.message
from bot.deliver import Clocks, Courier
from bot.model import ChartSpec, Picture
from bot.storage import channels, outbox
from bot.storage.accounts import Walls
from bot.storage.channels import Channel
from bot.storage.database import Store
from tests.contracts.chat import alert, delivery
from tests.contracts.stage_slack import SlackStage, open_workspace

FULL = bool(os.environ.get("EBBWATCH_SOAK"))
MANY = 10_000 if FULL else 150
FILLED = 1500 if FULL else 50
"""What is remembered is bounded (500 of a kind): filled first, then measured."""
PNG = b"\x89PNG\r\n\x1a\n" * 5000
OURS = [
    tracemalloc.Filter(True, f"*/{place}/*")
    for place in ("bot", "slack_sdk", "slack_bolt", "aiohttp", "asyncio")
]


@pytest.fixture
async def stage() -> AsyncIterator[SlackStage]:
    async with open_workspace() as opened:
        opened.server.paced = False
        yield opened


async def test_memory_does_not_grow_with_alerts(stage: SlackStage) -> None:
    counted = iter(range(10**9))

    async def send(count: int) -> None:
        for _ in range(count):
            number = next(counted)
            chart = Picture(name="chart.png", png=PNG, alt="followers")
            message = alert(number, picture=chart if number % 10 == 0 else None)
            if number % 50 == 0:
                stage.fail("reset after")
                with pytest.raises(Exception, match="looked up"):
                    await stage.chat.send(delivery(stage, number, message=message))
                assert await stage.chat.find(delivery(stage, number, message=message))
            else:
                await stage.chat.send(delivery(stage, number, message=message))
            forget(stage)

    await assert_steady(send)


async def test_memory_does_not_grow_with_commands(stage: SlackStage) -> None:
    async def ask(count: int) -> None:
        for start in range(0, count, 20):
            asking = (stage.server.command("status") for _ in range(min(20, count - start)))
            asked = await asyncio.gather(*asking)
            await asyncio.gather(*(one.answer() for one in asked))
            forget(stage)

    await assert_steady(ask)


def forget(stage: SlackStage) -> None:
    server, desk = stage.server, stage.desk
    for memory in (server.messages, server.files, server.calls, desk.asked, desk.lines):
        memory.clear()
    server._interactions.clear()
    server._triggers.clear()


async def assert_steady(work: Callable[[int], Awaitable[None]]) -> None:
    await work(FILLED)
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.take_snapshot().filter_traces(OURS)
    began = time.perf_counter()
    await work(MANY)
    each = (time.perf_counter() - began) / MANY * 1000
    gc.collect()
    after = tracemalloc.take_snapshot().filter_traces(OURS)
    tracemalloc.stop()
    grown = sum(one.size_diff for one in after.compare_to(before, "filename"))
    print(f"{grown / 1024:.0f} KiB more after {MANY}, {each:.1f} ms each")
    # What was there before tracing started is not counted, so this is all that was added:
    # the bounded memories fill anew with at most a few hundred entries.
    assert grown < 2 * 2**20


async def test_latencies_are_told(stage: SlackStage, tmp_path: Path) -> None:
    """Figures are printed, bars are held only in the full run: a busy machine is no bug."""
    store = Store.open(tmp_path / "latency.db", now=stage.now())
    await store.write(channels.put, Channel(channel=stage.channel, space=stage.space))
    courier = courier_of(stage, store)
    running = asyncio.create_task(courier.run())
    plain = await shown_after(stage, store, courier, 0)
    charted = await shown_after(
        stage, store, courier, 1000, chart=ChartSpec(account="a/b", start=0, end=1)
    )
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    store.close()
    asked = await asyncio.gather(*(stage.server.command("status") for _ in range(100)))
    acknowledged = sorted(one.took for one in asked if one.took is not None)
    assert len(acknowledged) == 100
    print(
        f"queued to shown: {plain * 1000:.1f} ms median, with a picture {charted * 1000:.1f}; "
        f"acknowledged p99 {acknowledged[98] * 1000:.0f} ms"
    )
    if FULL:
        assert plain < 0.1
        assert charted < 0.6
        assert acknowledged[98] < 0.5


async def shown_after(
    stage: SlackStage, store: Store, courier: Courier, start: int, **more: ChartSpec
) -> float:
    """The median of the seconds from a queued alert to the message in its channel."""
    took = []
    for number in range(start, start + (200 if FULL else 5)):
        shown = len(stage.server.messages)
        began = time.perf_counter()
        await store.write(
            outbox.queue,
            key=f"alert-{number}",
            channel=stage.channel,
            space=stage.space,
            kind="alert",
            message=alert(number, **more),
            now=stage.now(),
        )
        courier.wake()
        while len(stage.server.messages) == shown:  # noqa: ASYNC110
            await asyncio.sleep(0.0005)
        took.append(time.perf_counter() - began)
    return sorted(took)[len(took) // 2]


def courier_of(stage: SlackStage, store: Store) -> Courier:
    async def draw(_: Channel, __: ChartSpec) -> Picture:
        return Picture(name="chart.png", png=PNG, alt="followers")

    async def report(_: str) -> None:
        pass

    return Courier(
        store,
        {"slack": stage.chat},
        voices=bot.message,
        walls=Walls({stage.space: ("*",)}),
        clocks=Clocks(calendar=stage.now, wall=stage.now, monotonic=time.monotonic),
        draw=draw,
        report=report,
    )
