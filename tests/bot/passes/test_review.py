"""The review of lakes: incidents and their accounts come into the database, nothing else."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from bot import message
from bot.engine.kept import KeptEngine
from bot.errors import EngineError
from bot.ingest.poll import Outcome, store_batch
from bot.model.source import Batch
from bot.passes.judge import Lakes
from bot.passes.review import LakeReviewer
from bot.review import ReviewSettings, review
from bot.storage import incidents, notices, readings, sources
from bot.storage.access import AccessPolicy
from bot.storage.database import Store
from checks.model import Incident
from checks.rules import rules_for
from tests.bench.world import DAY, NEWEST
from tests.fakes import Clock
from tests.lakes import InlineEngine, by_account, lake, world

SETTINGS = ReviewSettings(
    rules=rules_for("balanced"), voices=message, access=AccessPolicy({}), news=7 * DAY
)


class Desk:
    """A store with a lake beside it."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.store = Store.open(folder / "store.db", now=clock())
        self.told: list[str] = []
        self.kept = KeptEngine(InlineEngine(), folder / "judging")
        self.lakes = Lakes(settings=[lake(folder / "lake")], root=".", engine=self.kept)
        self.review = LakeReviewer(
            store=self.store,
            settings=SETTINGS,
            lakes=self.lakes,
            kept=self.kept,
            calendar=clock,
            queued=lambda: None,
            report=self._report,
        )

    async def _report(self, text: str) -> None:
        self.told.append(text)

    async def incidents(self) -> list[Incident]:
        found = await self.store.read(incidents.listing)
        return sorted((one.incident for one in found), key=lambda one: one.key)


@pytest.fixture
def frame() -> pl.DataFrame:
    return world(4)


def until(frame: pl.DataFrame, at: int) -> pl.DataFrame:
    return frame.filter(pl.col("at") <= at)


async def stored(folder: Path, frame: pl.DataFrame, days: list[int]) -> list[Incident]:
    """What the service says of the same readings in its own database, day by day."""
    store = Store.open(folder / "plain.db", now=days[0])
    row = await store.write(sources.ensure, "lake")
    before = 0
    for now in days:
        part = frame.filter(pl.col("at").is_between(before + 1, now))
        await store_batch(store, row.id, Batch(readings=part), now, Outcome(source="lake"))
        if not before:
            await store.write(lambda db: db.conn.execute("DELETE FROM pending_days"))
        await review(store, SETTINGS, now)
        before = now
    found = await store.read(incidents.listing)
    store.close()
    return sorted((one.incident for one in found), key=lambda one: one.key)


async def test_it_says_what_the_service_says_of_readings_of_its_own(
    tmp_path: Path, frame: pl.DataFrame
) -> None:
    days = [NEWEST - DAY * back for back in (3, 2, 1, 0)]
    clock = Clock()
    desk = Desk(tmp_path, clock)
    for now in days:
        clock.now = now
        by_account(until(frame, now), tmp_path / "lake")
        assert await desk.review() is not None
    assert await desk.incidents() == await stored(tmp_path, frame, days) != []


async def test_days_that_were_missed_are_judged_too(
    tmp_path: Path, frame: pl.DataFrame
) -> None:
    clock = Clock(NEWEST - 3 * DAY)
    desk = Desk(tmp_path, clock)
    by_account(frame, tmp_path / "lake")
    await desk.review()
    clock.now = NEWEST
    await desk.review()
    days = [NEWEST - DAY * back for back in (3, 2, 1, 0)]
    assert await desk.incidents() == await stored(tmp_path, frame, days)


async def test_only_accounts_with_incidents_come_over_with_their_days(
    tmp_path: Path, frame: pl.DataFrame
) -> None:
    desk = Desk(tmp_path, Clock(NEWEST))
    by_account(frame, tmp_path / "lake")
    await desk.review()
    found = await desk.incidents()
    here = await desk.store.read(
        lambda db: {row[0] for row in db.conn.execute("SELECT account FROM accounts")}
    )
    assert here == {one.account for one in found}
    series = await desk.store.read(
        readings.series, desk.store.path, start=0, stop=NEWEST, only=sorted(here)
    )
    wanted = frame.filter(pl.col("account").is_in(sorted(here)))
    assert len(series.at) == wanted.height


async def test_another_review_leaves_what_lakes_said_alone(
    tmp_path: Path, frame: pl.DataFrame
) -> None:
    clock = Clock(NEWEST)
    desk = Desk(tmp_path, clock)
    by_account(frame, tmp_path / "lake")
    await desk.review()
    before, told = await desk.incidents(), await desk.store.read(notices.in_force)
    for _ in range(20):
        clock.tick(DAY)
        await review(desk.store, SETTINGS, int(clock()))
    assert await desk.incidents() == before
    assert await desk.store.read(notices.in_force) == told


async def test_a_file_that_was_left_out_is_told_once(
    tmp_path: Path, frame: pl.DataFrame
) -> None:
    clock = Clock(NEWEST)
    desk = Desk(tmp_path, clock)
    bad = by_account(frame, tmp_path / "lake") / "part-1.parquet"
    bad.write_bytes(bad.read_bytes()[:900])
    for _ in range(2):
        await desk.review()
    (text,) = desk.told
    assert text.startswith(f"lake: left out: {bad} is damaged")
    (row,) = await desk.store.read(sources.listing)
    assert row.fault is None
    assert len(row.remarks) == 1


async def test_a_lake_that_is_gone_is_told_once_and_when_it_is_back(
    tmp_path: Path, frame: pl.DataFrame
) -> None:
    from bot.errors import SourceUnavailable

    desk = Desk(tmp_path, Clock(NEWEST))
    for _ in range(2):
        with pytest.raises(SourceUnavailable):
            await desk.review()
    by_account(frame, tmp_path / "lake")
    await desk.review()
    assert ["no Parquet file" in desk.told[0], "works again" in desk.told[1]] == [True, True]
    assert len(desk.told) == 2


async def test_a_review_that_was_stopped_goes_on_at_its_own_time(
    tmp_path: Path, frame: pl.DataFrame
) -> None:
    clock = Clock(NEWEST)
    desk = Desk(tmp_path, clock)
    desk.lakes.size = 1000
    by_account(frame, tmp_path / "lake")
    steps: list[tuple[str, int]] = []

    def progress(name: str, done: int, whole: int) -> None:
        steps.append((name, done))
        if (name, done) == ("judgements", 2):
            desk.lakes.stop()

    desk.lakes.progress = progress
    with pytest.raises(EngineError, match="stopped"):
        await desk.review()
    clock.tick(3600)
    again = Desk(tmp_path, clock)
    again.lakes.size = 1000
    await again.review()
    assert await again.incidents() == await stored(tmp_path, frame, [NEWEST])
