"""Many alerts and commands: memory and latency (`make soak`: the full counts)."""

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
from bot.chat.discord.adapter import Patience
from bot.deliver import Clocks, Hooks, OutboxWorker
from bot.model.message import ChartSpec, Picture
from bot.storage import channels, outbox
from bot.storage.access import AccessPolicy
from bot.storage.channels import Channel
from bot.storage.database import Store
from tests.contracts.chat import CONVERSING, Stage, alert, delivery, open_stage
from tests.contracts.stage_discord import open_stage as open_discord

FULL = bool(os.environ.get("EBBWATCH_SOAK"))
MANY = 10_000 if FULL else 150
FILLED = 3000 if FULL else 50
"""What is remembered is bounded (2,000 of a kind): filled first, then measured."""
WINDOW = (5, 5.0) if FULL else (5, 0.1)
CHART = Picture(name="chart.png", png=b"\x89PNG\r\n\x1a\n" * 5000, alt="followers")
OURS = [
    tracemalloc.Filter(True, f"*/{place}/*")
    for place in ("bot", "discord", "slack_sdk", "slack_bolt", "aiohttp", "asyncio")
]


@pytest.fixture(params=CONVERSING)
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    async with open_stage(request.param) as opened:
        yield opened


async def test_memory_does_not_grow_with_alerts(stage: Stage) -> None:
    """One in ten carries a chart, one in fifty is lost on its way and looked for."""
    sent = 0

    async def send(count: int) -> None:
        nonlocal sent
        for sent in range(sent + 1, sent + count + 1):  # noqa: B020
            chart = CHART if sent % 10 == 1 else None
            wanted = delivery(stage, sent, message=alert(sent, picture=chart))
            if sent % 50 == 0:
                stage.fail("reset after")
                with pytest.raises(Exception, match="look"):
                    await stage.chat.send(wanted)
                assert await stage.chat.find(wanted)
            else:
                await stage.chat.send(wanted)
            stage.forget()

    await assert_steady(send)


async def test_memory_does_not_grow_with_commands(stage: Stage) -> None:
    async def ask(count: int) -> None:
        for start in range(0, count, 20):
            asked = (stage.command("status") for _ in range(min(20, count - start)))
            await asyncio.gather(*asked)
            stage.forget()

    await assert_steady(ask)


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
    # the bounded memories fill anew with at most a few thousand small entries.
    assert grown < 2 * 2**20


async def test_latencies_are_told(stage: Stage, tmp_path: Path) -> None:
    """Figures are printed, bars are held only in the full run: a busy machine is no bug."""
    store = Store.open(tmp_path / "latency.db", now=stage.now())
    await store.write(channels.put, Channel(channel=stage.channel, space=stage.space))
    worker = courier_of(stage, store)
    running = asyncio.create_task(worker.run())
    plain = await shown_after(stage, store, worker, 0)
    charted = await shown_after(
        stage, store, worker, 1000, chart=ChartSpec(account="a/b", start=0, end=1)
    )
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    store.close()
    asked = await asyncio.gather(*(stage.command("status") for _ in range(100)))
    slowest = sorted(one.seconds for one in asked)[98]
    print(
        f"{stage.chat.platform}: queued to shown {plain * 1000:.1f} ms median, with a picture "
        f"{charted * 1000:.1f}; 100 commands at once acknowledged p99 {slowest * 1000:.0f} ms"
    )
    if FULL:
        assert plain < 0.1
        assert charted < 0.6
        assert slowest < 0.5


async def shown_after(
    stage: Stage, store: Store, worker: OutboxWorker, start: int, **more: ChartSpec
) -> float:
    """The median of the seconds from a queued alert to the message in its channel."""
    took = []
    for number in range(start, start + (200 if FULL else 5)):
        stage.forget()
        began = time.perf_counter()
        await queue(stage, store, number, **more)
        worker.wake()
        while not stage.shown():  # noqa: ASYNC110 - the server has no event
            await asyncio.sleep(0.0005)
        took.append(time.perf_counter() - began)
    return sorted(took)[len(took) // 2]


async def test_sixty_alerts_of_sixty_reviews_drain_in_order_at_discords_own_pace(
    tmp_path: Path,
) -> None:
    """In real time: the library itself keeps to the windows that Discord tells."""
    async with open_discord(window=WINDOW, patience=Patience()) as stage:
        store = Store.open(tmp_path / "load.db", now=stage.now())
        await store.write(channels.put, Channel(channel=stage.channel, space=stage.space))
        worker = courier_of(stage, store)
        for number in range(60):
            await queue(stage, store, number)
        began = time.monotonic()
        await worker.pump()
        took = time.monotonic() - began
        store.close()
        titles = [one.text.splitlines()[0] for one in stage.shown()]
        assert titles == [f"Alert {number}: purge" for number in range(60)]
        assert stage.server.limited == 0
        if FULL:
            allowed = 60 / WINDOW[0] * WINDOW[1]  # the library waits out the last window too
            print(f"60 alerts in {took:.1f} s, {allowed / took:.3f} of the allowed rate")
            assert allowed / took >= 0.9


async def queue(stage: Stage, store: Store, number: int, **more: ChartSpec) -> None:
    await store.write(
        outbox.queue,
        outbox.Queued(
            key=f"alert-{number}",
            channel=stage.channel,
            space=stage.space,
            kind="alert",
            message=alert(number, **more),
            now=stage.now(),
            severity="critical",
        ),
    )


def courier_of(stage: Stage, store: Store) -> OutboxWorker:
    async def draw(_: Channel, __: ChartSpec) -> Picture:
        return CHART

    async def report(_: str) -> None:
        pass

    return OutboxWorker(
        store,
        {stage.chat.platform: stage.chat},
        voices=bot.message,
        access=AccessPolicy({stage.space: ("*",)}),
        clocks=Clocks(calendar=stage.now, wall=stage.now, monotonic=time.monotonic),
        hooks=Hooks(draw=draw, report=report),
    )
