"""Readings: late, repeated, corrected, out of order, and from two sources."""

import json

import numpy as np
import polars as pl
import pytest

from bot.storage import accounts, bulk, days, forgetting, readings, sources
from bot.storage.database import Store
from tests.fakes import DAY, calm, ends, frame

NOW = 1_700_000_000


@pytest.fixture
def store(tmp_path):
    store = Store.open(tmp_path / "ebbwatch.db", now=NOW)
    yield store
    store.close()


def rows(*given, metric="followers"):
    return pl.DataFrame(
        [(f"instagram/{name}", at, value) for name, at, value in given],
        schema={"account": pl.String, "at": pl.Int64, metric: pl.Int64},
        orient="row",
    )


async def add(store, table, *, source="files", seen=NOW, priority=1):
    def work(db):
        return readings.add(db, sources.ensure(db, source, priority).id, table, seen)

    return await store.write(work)


async def read(store, start=0, stop=NOW, **more):
    series = await store.read(readings.series, store.path, start=start, stop=stop, **more)
    names = [series.accounts[row] for row in series.rows]
    return list(
        zip(names, series.at.tolist(), series.values["followers"].tolist(), strict=True)
    )


async def pending(store):
    return {
        (one.account, one.start, one.stop, one.first) for one in await store.read(days.pending)
    }


async def test_readings_come_back_in_order_however_they_came(store):
    await add(store, rows(("b", 30, 3), ("a", 20, 2), ("a", 10, 1)))
    assert sorted(await read(store)) == [
        ("instagram/a", 10, 1.0),
        ("instagram/a", 20, 2.0),
        ("instagram/b", 30, 3.0),
    ]
    names = [name for name, *_ in await read(store)]
    assert names in (sorted(names), sorted(names, reverse=True))


async def test_the_same_import_again_changes_nothing(store):
    table = rows(("a", 10, 1), ("a", 20, 2))
    assert (await add(store, table)).changed == 2
    await store.write(lambda db: days.reviewed(db, days.pending(db), NOW))
    again = await add(store, table, seen=NOW + 1)
    assert (again.rows, again.changed) == (2, 0)
    assert await pending(store) == set()


async def test_the_latest_statement_wins_and_the_old_one_is_kept_on_record(store):
    await add(store, rows(("a", 10, 100)))
    await add(store, rows(("a", 10, 90)), seen=NOW + 5)
    assert await read(store) == [("instagram/a", 10, 90.0)]
    ((old, new, seen),) = await store.read(
        lambda db: db.conn.execute("SELECT old, new, seen FROM corrections").fetchall()
    )
    assert json.loads(old)["followers"] == 100
    assert json.loads(new)["followers"] == 90
    assert seen == NOW + 5


async def test_what_is_absent_stays_as_it_was(store):
    await add(store, rows(("a", 10, 100)))
    await add(store, rows(("a", 10, 7), metric="posts"))
    await add(store, rows(("a", 10, None)))
    assert await read(store) == [("instagram/a", 10, 100.0)]
    count = await store.read(
        lambda db: db.conn.execute("SELECT count(*) FROM corrections").fetchone()[0]
    )
    assert count == 0


async def test_a_missing_value_is_never_a_zero(store):
    await add(store, rows(("a", 10, 0), ("b", 10, None)))
    series = await store.read(readings.series, store.path, start=0, stop=NOW)
    values = dict(zip(series.accounts, series.values["followers"], strict=True))
    assert values["instagram/a"] == 0
    assert np.isnan(values["instagram/b"])


async def test_only_changed_days_wait_for_a_review(store):
    await add(store, rows(("a", 10, 1), ("a", 20, 2), ("b", 10, 1)))
    assert await pending(store) == {
        ("instagram/a", 10, 20, True),
        ("instagram/b", 10, 10, True),
    }
    await store.write(lambda db: days.reviewed(db, days.pending(db), NOW))
    await add(store, rows(("a", 10, 1), ("a", 20, 9), ("b", 10, 1)), seen=NOW + 1)
    assert await pending(store) == {("instagram/a", 20, 20, False)}


async def test_what_arrives_during_a_review_waits_for_the_next(store):
    await add(store, rows(("a", 10, 1)))
    seen = await store.read(days.pending)
    await add(store, rows(("a", 20, 2)))
    await store.write(days.reviewed, seen, NOW)
    assert await pending(store) == {("instagram/a", 10, 20, False)}


async def test_the_newest_reading_speaks_and_priority_between_those_of_one_time(store):
    """A one-off import does not silence the live source, whatever its priority."""
    await add(store, rows(("a", 5 * DAY, 50), ("a", 6 * DAY, 60)), source="import", priority=1)
    live = [("a", n * DAY + (n > 5) * 3600, 100 + n) for n in range(3, 9)]
    await add(store, rows(*live, ("b", 6 * DAY, 6)), source="live", priority=2)
    found = [(at / DAY, value) for name, at, value in await read(store) if name.endswith("a")]
    hour = 1 / 24
    assert found == [
        *((3, 103), (4, 104), (5, 50), (6, 60), (6 + hour, 106)),
        *((7 + hour, 107), (8 + hour, 108)),
    ]
    assert [name for name, *_ in await read(store)].count("instagram/b") == 1


async def test_a_day_that_two_sources_give_is_counted_once(store):
    gained = rows(("a", 5 * DAY - 1, 7)).rename({"followers": "gained"})
    await add(store, gained, source="studio", priority=1)
    other = rows(("a", 5 * DAY - 3600, 8), ("a", 6 * DAY - 1, 9)).rename(
        {"followers": "gained"}
    )
    await add(store, other, source="api", priority=2)
    series = await store.read(readings.series, store.path, start=0, stop=NOW)
    heard = series.values["gained"]
    assert heard[~np.isnan(heard)].tolist() == [7, 9]


async def test_each_metric_has_its_own_better_source(store):
    """What the better source never gives is heard from the other one."""
    await add(store, rows(*(("a", n * DAY, 10 * n) for n in range(1, 6))), source="best")
    both = rows(*(("a", n * DAY, n) for n in range(1, 6))).with_columns(
        pl.col("followers").alias("views")
    )
    await add(store, both, source="other", priority=2)
    series = await store.read(readings.series, store.path, start=0, stop=NOW)
    heard = {name: set(value[~np.isnan(value)]) for name, value in series.values.items()}
    assert heard == {"followers": {10, 20, 30, 40, 50}, "views": {1, 2, 3, 4, 5}}


async def test_an_account_that_came_during_a_bulk_read_waits(store, monkeypatch):
    await add(store, rows(("a", 10, 1)))
    read_now = bulk.read

    def newer(*args):
        found = read_now(*args)
        return bulk.Rows(
            account=np.append(found.account, 99),
            at=np.append(found.at, 11),
            source=np.append(found.source, 1),
            values={name: np.append(value, 7.0) for name, value in found.values.items()},
        )

    monkeypatch.setattr(bulk, "read", newer)
    assert await read(store) == [("instagram/a", 10, 1.0)]


async def test_a_lasting_disagreement_is_seen(store):
    times = ends(NOW, 4)
    await add(store, rows(*(("a", at, 1000) for at in times)), source="one")
    await add(store, rows(*(("a", at, 1010) for at in times)), source="near")
    assert await store.read(readings.disagreements, NOW) == []
    await add(store, rows(*(("a", at, 1100) for at in times)), source="far", priority=3)
    found = await store.read(readings.disagreements, NOW)
    assert {(one.first, one.second) for one in found} == {("one", "far"), ("near", "far")}


async def test_one_odd_day_is_no_disagreement(store):
    times = ends(NOW, 4)
    await add(store, rows(*(("a", at, 1000) for at in times)), source="one")
    other = [("a", at, 1000 if n else 1500) for n, at in enumerate(times[::-1])]
    await add(store, rows(*other), source="other")
    assert await store.read(readings.disagreements, NOW) == []


async def test_a_child_process_reads_the_same(store):
    table = frame(calm(30, 40), ends(NOW, 40)).with_columns(
        pl.lit(None, pl.Int64).alias("following"), (pl.col("followers") * 3).alias("views")
    )
    await add(store, table)
    metrics = ("followers", "following", "views")
    start = NOW - 20 * DAY
    here = await store.read(bulk.read, store.path, start, NOW, None, metrics)
    apart = next(bulk.pieces_apart(store.path, start, NOW, [(0, 2**62)], metrics))
    assert len(here.at) == 30 * 20
    for name in ("account", "at", "source"):
        np.testing.assert_array_equal(getattr(here, name), getattr(apart, name))
    for name in metrics:
        np.testing.assert_array_equal(here.values[name], apart.values[name])
    nothing = next(bulk.pieces_apart(store.path, NOW, NOW, [(0, 2**62)], metrics))
    assert len(nothing.at) == 0


async def test_a_large_read_goes_apart_and_falls_back(store, monkeypatch, caplog):
    await add(store, frame(calm(60, 20), ends(NOW, 20)))
    monkeypatch.setattr(bulk, "APART_FROM", 1000)
    before = await read(store)
    assert len(before) == 1200
    monkeypatch.setattr(bulk, "_CHILD", "raise SystemExit('no adbc')")
    with caplog.at_level("WARNING", logger=bulk.__name__):
        assert await read(store) == before
    assert "could not be read in bulk (no adbc)" in caplog.records[0].said


async def test_a_child_that_hangs_in_the_middle_is_not_waited_for(store, monkeypatch):
    await add(store, frame(calm(60, 20), ends(NOW, 20)))
    before = await read(store)
    monkeypatch.setattr(bulk, "APART_FROM", 1000)
    monkeypatch.setattr(bulk, "_PIECE_SECONDS", 0.2)
    said = "(9).to_bytes(8, 'big') + b'half'"
    hangs = f"import sys, signal; sys.stdout.buffer.write({said}); sys.stdout.flush()"
    monkeypatch.setattr(bulk, "_CHILD", f"{hangs}; signal.pause()")
    assert await read(store) == before


async def test_only_some_accounts(store):
    await add(store, rows(("a", 10, 1), ("b", 10, 2)))
    assert await read(store, only=["instagram/b"]) == [("instagram/b", 10, 2.0)]
    assert await read(store, only=[]) == []


async def test_forgetting_leaves_nothing(store):
    """Nothing with an account column holds it, but for the name that keeps it away."""
    await add(store, rows(("a", 10, 1), ("b", 10, 2)))
    await add(store, rows(("a", 10, 5)))
    await store.write(accounts.watch, "instagram/a", "files", "console", "me", NOW)
    assert await store.write(forgetting.forget, "instagram/a", NOW) == 1

    def left(db):
        found = set()
        for table in set(db.table_names()) - {"forgotten"}:
            columns = {column.name: column for column in db[table].columns}
            if "account" in columns:
                found |= {row["account"] for row in db[table].rows}
        return found

    kept = await store.read(lambda db: accounts.get(db, "instagram/b").id)
    assert await store.read(left) == {"instagram/b", kept}
    assert await store.write(forgetting.forget, "instagram/a", NOW) == 0


async def test_accounts_read_every_hour_are_looked_at_so_often(store):
    assert await store.read(readings.looks_per_day, NOW) == 1
    await add(store, rows(*(("lena", NOW - 3600 * hour, 5) for hour in range(96))))
    assert 18 <= await store.read(readings.looks_per_day, NOW) <= 24
    await add(store, rows(*((f"daily{n}", NOW - DAY * n, 5) for n in range(7))))
    assert await store.read(readings.looks_per_day, NOW) < 18
