"""Retention: thinned to daily, then gone; what still counts stays."""

import polars as pl
import pytest

from bot.model.message import Message
from bot.storage import audit, outbox, readings, sources, upkeep
from bot.storage.channels import Channel, put
from bot.storage.database import Store
from tests.fakes import DAY

NOW = 1_700_000_000 - 1_700_000_000 % DAY


@pytest.fixture
def store(tmp_path):
    store = Store.open(tmp_path / "ebbwatch.db", now=NOW)
    yield store
    store.close()


async def add(store, *rows, metric="followers"):
    table = pl.DataFrame(
        rows, schema={"account": pl.String, "at": pl.Int64, metric: pl.Int64}, orient="row"
    )
    await store.write(lambda db: readings.add(db, sources.ensure(db, "files").id, table, NOW))


async def times(store):
    return await store.read(
        lambda db: [at for (at,) in db.conn.execute("SELECT at FROM readings ORDER BY at")]
    )


async def test_old_days_keep_their_last_reading(store):
    hours = [NOW - 10 * DAY + 3600 * n for n in range(48)]
    await add(store, *(("a", at, 100 + n) for n, at in enumerate(hours)))
    gone = await store.write(upkeep.thin, NOW - 9 * DAY)
    assert gone == 23
    assert await times(store) == [hours[23], *hours[24:]]


async def test_thinning_goes_on_where_it_ended(store):
    old = [NOW - 10 * DAY + 3600 * n for n in range(3)]
    await add(store, *(("a", at, 1) for at in old))
    await store.write(upkeep.thin, NOW - 9 * DAY)
    new = [NOW - 8 * DAY + 3600 * n for n in range(3)]
    await add(store, *(("a", at, 1) for at in new))
    assert await store.write(upkeep.thin, NOW - 7 * DAY) == 2
    assert await store.write(upkeep.thin, NOW - 7 * DAY) == 0
    assert await times(store) == [old[-1], new[-1]]


async def test_flows_are_never_thinned(store):
    """Two flows of one day are both part of its sum."""
    await add(store, ("a", NOW - 10 * DAY, 5), ("a", NOW - 10 * DAY + 60, 6), metric="gained")
    assert await store.write(upkeep.thin, NOW) == 0


async def test_a_count_is_not_thinned_by_a_later_reading_without_one(store):
    await add(store, ("a", NOW - 10 * DAY, 5))
    await add(store, ("a", NOW - 10 * DAY + 60, 6), metric="posts")
    assert await store.write(upkeep.thin, NOW) == 0


async def test_what_is_older_than_keep_goes(store):
    await add(store, ("a", NOW - 400 * DAY, 1), ("a", NOW - DAY, 2))
    await store.write(
        audit.add,
        audit.AuditEntry(
            at=NOW - 400 * DAY, space=None, channel=None, user="1", name="Ana", action="x"
        ),
    )
    assert await store.write(upkeep.prune, NOW - 365 * DAY) == 1
    assert await times(store) == [NOW - DAY]
    assert await store.read(audit.listing) == []


async def test_a_message_that_still_waits_is_never_pruned(store):
    def work(db):
        put(db, Channel(channel="fake:1", space="s"))
        outbox.queue(
            db,
            outbox.Queued(
                key="k",
                channel="fake:1",
                space="s",
                kind="alert",
                message=Message(title="x"),
                now=NOW - 900 * DAY,
            ),
        )

    await store.write(work)
    await store.write(upkeep.prune, NOW)
    assert len(await store.read(outbox.listing)) == 1
