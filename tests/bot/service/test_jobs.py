"""What the running service says of its own jobs."""

import asyncio
import logging
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bot import app
from bot.cli.operate import poll_once
from bot.cli.run import replay_moments
from bot.errors import StorageError
from bot.model.reading import FollowerList
from bot.model.source import Batch
from bot.service.polls import Polls
from bot.sources.recorded import RecordedSource
from bot.storage import outbox
from checks.panel.build import Readings, build_panel
from tests.bot.team import console
from tests.contracts.chat import until
from tests.fakes import DAY, Clock, FakeSource, calm, ends, frame

CONFIG = '[console]\nenabled = false\n[[sources]]\nname = "w"\nkind = "file"\npath = "w.csv"\n'


async def test_a_job_that_fails_says_so_once_and_once_that_it_works_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "config.toml").write_text(CONFIG)
    settings = app.read_config(tmp_path / "config.toml")
    full = [StorageError("the disk is full: free some space")] * 3

    async def retain() -> None:
        if full:
            raise full.pop()

    caplog.set_level(logging.INFO, logger="bot.service.jobs")
    async with app.opened(settings) as service:
        service.retain = retain  # type: ignore[method-assign]
        (job,) = (job for job in service.jobs() if job.name == "retention")
        for _ in range(3):
            await job.action()
        jobs = service.conditions()["jobs"]
        assert (jobs.ready, jobs.text) == (False, "the disk is full: free some space")
        for _ in range(2):
            await job.action()
        assert service.conditions()["jobs"].ready
    said = [
        record.getMessage() for record in caplog.records if record.name == "bot.service.jobs"
    ]
    assert said == ["job failed", "job works again"]


async def test_a_replay_sees_every_day_of_a_source_that_is_not_punctual() -> None:
    """Counts come at 03:01:01 or a second later: no day may look empty for that."""
    first = 1_670_209_261
    times = np.array([first + day * DAY + day % 2 for day in range(12)])
    recorded = RecordedSource(FakeSource("files", Batch(readings=frame(calm(1, 12), times))))
    await recorded.load()
    moments = replay_moments([recorded], first)
    assert len(moments) == 12
    for place, now in enumerate(moments):
        seen = times[times <= now]
        panel = build_panel(
            Readings(
                ["instagram/a0"],
                np.zeros(len(seen), np.int64),
                seen,
                {"followers": np.ones(len(seen))},
            ),
            now=now,
            timezone="UTC",
            days=place + 1,
        )
        assert not np.isnan(panel.metrics["followers"]).any()


async def test_a_chat_that_lacks_its_token_is_not_well(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(CONFIG + '[discord]\ntoken_env = "NOWHERE"\n')
    settings = app.read_config(tmp_path / "config.toml")
    async with app.opened(settings, environ={}, chats=True) as service:
        discord = service.conditions()["discord"]
    assert not discord.ready
    assert "set the variable NOWHERE" in discord.text


def follower_list(at: int, ids: range) -> FollowerList:
    return FollowerList(
        account="bluesky/lena", side="followers", at=at, ids=np.array(ids, np.uint64)
    )


async def test_lists_that_a_source_gives_are_compared_and_shown(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(CONFIG)
    settings = app.read_config(tmp_path / "config.toml")
    now = 1_700_000_000
    first = Batch(lists=(follower_list(now - 7 * DAY, range(1000)),), state=1)
    second = Batch(lists=(follower_list(now, range(40, 1100)),), state=2)
    source = FakeSource("w", first, second, second)
    async with app.opened(settings, calendar=lambda: now) as service:
        service.feeds = [replace(service.feeds[0], source=source)]
        assert (await service.poll(service.feeds[0])).notes == []
        said = "Since the list of Nov 7, 2023 100 came, 40 left and 960 stayed."
        assert f"bluesky/lena: {said}" in (await service.poll(service.feeds[0])).notes
        assert (await service.poll(service.feeds[0])).notes == [], "it is known already"
        shown = await service.dispatcher.answer_line(console(), "status bluesky/lena")
    (told,) = [each.value for each in shown.fields if each.name == "Follower lists"]
    assert told == "• Tue, Nov 7 to Tue, Nov 14: 100 gained, 40 lost, 960 kept"


async def test_a_summary_is_made_once_per_period_and_not_long_after(tmp_path: Path) -> None:
    channel = '[[channels]]\nchannel = "console:main"\nsummary = "daily 09:00"\n'
    (tmp_path / "config.toml").write_text(CONFIG + channel)
    settings = app.read_config(tmp_path / "config.toml")
    nine = 1_700_038_800

    async def made(*moments: int) -> int:
        for now in moments:
            async with app.opened(settings, calendar=lambda now=now: now) as service:
                await service.minute()
                rows = await service.store.read(outbox.listing)
        return sum(row["kind"] == "summary" for row in rows)

    assert await made(nine) == 0, "nothing has been read yet"
    async with app.opened(settings, calendar=lambda: nine) as service:
        source = FakeSource("w", Batch(readings=frame(calm(1, 12), ends(nine, 12))))
        await service.poll(replace(service.feeds[0], source=source), judge=False)
    assert await made(nine - 60 + 13 * 3600 - 86400) == 0, "yesterday's came too late"
    assert await made(nine, nine + 60, nine + 3600) == 1
    assert await made(nine + 86400 + 13 * 3600) == 1
    assert await made(nine + 2 * 86400 + 60) == 2


async def test_a_database_that_vanished_is_told_by_healthz(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    config = 'database = "data/ebbwatch.db"\n' + CONFIG
    (tmp_path / "config.toml").write_text(config)
    settings = app.read_config(tmp_path / "config.toml")
    async with app.opened(settings) as service:
        assert service.conditions()["database"].ready
        (tmp_path / "data").rename(tmp_path / "away")
        database = service.conditions()["database"]
        assert not database.ready
        assert "is gone" in database.text
        (job,) = (job for job in service.jobs() if job.name == "minute")
        await job.action()
        assert not service.conditions()["jobs"].ready
        (tmp_path / "away").rename(tmp_path / "data")
        await job.action()
        assert all(part.ready for part in service.conditions().values())


TWO = """
[console]
enabled = false
[[sources]]
name = "dash"
kind = "sql"
url_env = "NOWHERE"
query = "select 1"
[[sources]]
name = "files"
kind = "file"
path = "w.csv"
platform = "tiktok"
"""


async def test_a_source_without_its_secret_stops_no_other_one(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(TWO)
    (tmp_path / "w.csv").write_text("account,date,followers\nlena,2026-11-01,5\n")
    settings = app.read_config(tmp_path / "config.toml")
    environ: dict[str, str] = {}
    async with app.opened(settings, environ=environ) as service:
        outcomes = [await service.poll(feed) for feed in service.feeds]
        assert "set the variable NOWHERE" in (outcomes[0].failed or "")
        assert outcomes[1].changed == 1
        said = service.conditions()["sources"]
        assert not said.ready
        assert "NOWHERE" in said.text
        await service.poll(service.feeds[0])
        assert not service.conditions()["sources"].ready, "still broken at the second poll"
    said, well = await poll_once(settings, ())
    assert well
    assert any("set the variable NOWHERE" in line for line in said)


async def test_what_was_broken_is_broken_after_a_restart(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(TWO)
    settings = app.read_config(tmp_path / "config.toml")
    async with app.opened(settings, environ={}) as service:
        await service.poll(service.feeds[0])
    async with app.opened(settings, environ={}) as service:
        assert not service.conditions()["sources"].ready
        database = tmp_path / "counts.db"
        with closing(sqlite3.connect(database)) as made:
            made.execute("create table t (handle, at, followers)")
    async with app.opened(settings, environ={"NOWHERE": f"sqlite:///{database}"}) as service:
        await service.poll(service.feeds[0])
        assert "NOWHERE" not in service.conditions()["sources"].text


class Hanging(FakeSource):
    """Says nothing until it is let go."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.free = asyncio.Event()
        self.calls = 0

    async def fetch(self, wanted: Sequence[str], state: Any, now: datetime) -> Batch:
        self.calls += 1
        await self.free.wait()
        return Batch(state=state)


async def test_a_source_that_hangs_is_told_and_asked_once(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(CONFIG)
    settings = app.read_config(tmp_path / "config.toml")
    async with app.opened(settings) as service:
        source = Hanging("w")
        feed = replace(service.feeds[0], source=source)
        clock = Clock(0.0)
        service.polls = Polls(clock, patience=100.0)
        polling = asyncio.create_task(service.poll(feed))
        await until(lambda: source.calls)
        clock.tick(99)
        assert service.conditions()["sources"].text == "w: has been asked for 99 s"
        clock.tick(1)
        service.polls._patience = 0.0  # the wait is real time, which no test spends
        outcome = await service.poll(feed)
        assert "says nothing" in (outcome.failed or "")
        assert source.calls == 1
        said = service.conditions()["sources"]
        assert not said.ready
        service.polls._patience = 100.0
        source.free.set()
        polling.cancel()
        await asyncio.gather(polling, return_exceptions=True)
        assert (await service.poll(feed)).failed is None
        assert service.conditions()["sources"].ready
