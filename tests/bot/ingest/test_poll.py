"""One source's trouble is told once, and never costs another source or a good row."""

import json

import numpy as np
import pytest

from bot.errors import SourceUnavailable
from bot.ingest.poll import Outcome, poll, store_batch
from bot.model.reading import FollowerList
from bot.model.source import Batch, Fault
from bot.storage import accounts, forgetting, readings, sources
from bot.storage.database import Store
from bot.storage.forgetting import Forgotten
from tests.fakes import DAY, Clock, FakeSource, calm, ends, frame


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(tmp_path, clock):
    store = Store.open(tmp_path / "ebbwatch.db", now=clock())
    yield store
    store.close()


def table(clock, accounts=2, days=3):
    return frame(calm(accounts, days), ends(clock(), days))


def gone(*names):
    return tuple(
        Fault(
            kind="gone",
            text=f"instagram/{name} is gone: remove it",
            account=f"instagram/{name}",
        )
        for name in names
    )


async def count(store):
    return await store.read(
        lambda db: db.conn.execute("SELECT count(*) FROM readings").fetchone()[0]
    )


async def test_readings_and_state_are_stored_together(store, clock):
    source = FakeSource("files", Batch(readings=table(clock), state={"cursor": 7}))
    outcome = await poll(store, source, clock.at())
    assert (outcome.rows, outcome.changed, outcome.new_accounts) == (6, 6, 2)
    row = await store.read(sources.get, "files")
    assert (row.state, row.last_success) == ({"cursor": 7}, int(clock()))
    await poll(store, source, clock.at())
    assert source.asked[1] == ((), {"cursor": 7})


async def test_a_long_fetch_goes_on_until_it_is_whole(store, clock):
    days = ends(clock(), 4)
    parts = [
        Batch(readings=frame(calm(1, 2), days[:2]), state=1, more=True),
        Batch(readings=frame(calm(1, 2), days[2:]), state=2),
    ]
    outcome = await poll(store, FakeSource("files", *parts), clock.at())
    assert outcome.changed == 4
    assert (await store.read(sources.get, "files")).state == 2


async def test_a_break_and_a_recovery_are_told_once_each(store, clock):
    source = FakeSource(
        "files",
        SourceUnavailable("files: no answer, tried again in 5 minutes", source="files"),
        SourceUnavailable("files: no answer, tried again in 5 minutes", source="files"),
        Batch(readings=table(clock)),
        Batch(),
    )
    outcomes = [await poll(store, source, clock.at()) for _ in range(4)]
    assert [bool(one.broke) for one in outcomes] == [True, False, False, False]
    assert [bool(one.recovered) for one in outcomes] == [False, False, True, False]


async def test_an_unforeseen_error_is_a_break_too(store, clock, caplog):
    source = FakeSource("files", ZeroDivisionError("boom"), Batch(readings=table(clock)))
    outcome = await poll(store, source, clock.at())
    assert "unforeseen" in outcome.broke
    assert "boom" not in outcome.broke
    assert (await poll(store, source, clock.at())).recovered


async def test_a_bad_row_costs_only_itself(store, clock):
    bad = Fault(kind="row", text="counts.csv, row 7: no number", where="row 7")
    source = FakeSource("files", Batch(readings=table(clock), faults=(bad,)))
    outcome = await poll(store, source, clock.at())
    assert outcome.changed == 6
    assert outcome.broke is None
    assert outcome.faults == [bad]


async def test_an_account_that_is_gone_is_told_once(store, clock):
    batch = Batch(readings=table(clock), faults=gone("x"))
    source = FakeSource(
        "api",
        batch,
        batch,
        Batch(readings=frame(calm(1, 1), [int(clock())], names=["instagram/x"])),
    )
    first = await poll(store, source, clock.at())
    second = await poll(store, source, clock.at())
    assert [one.account for one in first.ended] == ["instagram/x"]
    assert second.ended == second.new_faults == []
    assert (await store.read(accounts.get, "instagram/x")).status == "gone"
    await poll(store, source, clock.at())
    assert (await store.read(accounts.get, "instagram/x")).status == "active"


async def test_a_brown_out_makes_no_account_gone(store, clock):
    """A source that loses most accounts at once is not believed, however long it lasts."""
    good = Batch(readings=table(clock, accounts=4))
    bad = Batch(faults=gone("a0", "a1", "a2", "a3"))
    source = FakeSource("api", good, bad, bad, good)
    await poll(store, source, clock.at())
    second = await poll(store, source, clock.at())
    third = await poll(store, source, clock.at())
    assert second.ended == third.ended == []
    assert "4 of 4 accounts are gone at once" in second.broke
    assert third.broke is None
    assert {one.status for one in await store.read(accounts.listing)} == {"active"}
    assert (await poll(store, source, clock.at())).recovered


async def test_accounts_added_in_chat_are_asked_for(store, clock):
    await store.write(accounts.watch, "bluesky/new", "api", "console", "me", 1)
    source = FakeSource("api")
    await poll(store, source, clock.at(), handles=["bluesky/old"])
    assert source.asked == [(("bluesky/old", "bluesky/new"), None)]


async def test_a_large_import_is_stored_in_short_transactions(store, clock, monkeypatch):
    """Another writer gets its turn in between, and a slow disk makes the parts smaller."""
    monkeypatch.setattr(readings, "BATCH_ROWS", 2000)
    sizes = []
    add = readings.add

    def spy(db, source, part, seen):
        sizes.append(part.height)
        return add(db, source, part, seen)

    monkeypatch.setattr(readings, "add", spy)
    row = await store.write(sources.ensure, "import")
    ticks = iter(range(1000))
    big = table(clock, accounts=60, days=100)
    outcome = Outcome(source="import")
    await store_batch(
        store,
        row.id,
        Batch(readings=big, state={"done": True}),
        int(clock()),
        outcome,
        monotonic=lambda: next(ticks),
    )
    assert sizes == [2000, 1000, 1000, 1000, 1000]
    assert await count(store) == outcome.changed == 6000


async def test_a_crash_in_the_middle_of_an_import_is_made_good(store, clock, monkeypatch):
    """What was stored stays, the state does not move, and the same fetch completes it."""
    monkeypatch.setattr(readings, "BATCH_ROWS", 100)
    add, calls = readings.add, []

    def fail_once(db, source, part, seen):
        calls.append(part.height)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return add(db, source, part, seen)

    monkeypatch.setattr(readings, "add", fail_once)
    batch = Batch(readings=table(clock, accounts=3, days=100), state={"read": "all"})
    with pytest.raises(KeyboardInterrupt):
        await poll(store, FakeSource("files", batch), clock.at())
    assert await count(store) == 100
    assert (await store.read(sources.get, "files")).state is None
    outcome = await poll(store, FakeSource("files", batch), clock.at())
    assert (outcome.rows, outcome.changed) == (300, 200)
    assert (await store.read(sources.get, "files")).state == {"read": "all"}


async def test_the_state_is_any_json(store, clock):
    state = {"pages": ["a", None, 3.5], "time": DAY}
    await poll(store, FakeSource("api", Batch(state=state)), clock.at())
    assert (await store.read(sources.get, "api")).state == json.loads(json.dumps(state))


async def test_what_was_forgotten_stays_so_while_its_source_lists_it(store, clock):
    """Readings, lists and faults of it are refused, the others go on."""
    source = FakeSource("files", Batch(readings=table(clock)))
    await poll(store, source, clock.at())
    await store.write(forgetting.forget, "instagram/a0", int(clock()))
    clock.tick(DAY)
    given = FollowerList(
        account="instagram/a0", side="followers", at=int(clock()), ids=np.ones(1, np.uint64)
    )
    batch = Batch(readings=table(clock), lists=(given,), faults=gone("a0"))
    outcome = await poll(store, FakeSource("files", batch), clock.at())
    assert [one.account for one in await store.read(accounts.listing)] == ["instagram/a1"]
    assert (outcome.lists, outcome.new_accounts, outcome.new_faults) == ([], 0, [])
    assert outcome.refused == {"instagram/a0"}
    assert await count(store) == 4

    known = await store.read(forgetting.find, "Instagram/A0")
    assert known == Forgotten(account="instagram/a0", source="files", watched=False)
    await store.write(forgetting.bring_back, known.account)
    clock.tick(DAY)
    await poll(store, FakeSource("files", Batch(readings=table(clock))), clock.at())
    assert len(await store.read(accounts.listing)) == 2


async def test_a_platform_is_not_asked_for_what_was_forgotten(store, clock):
    await poll(store, FakeSource("api", Batch(readings=table(clock))), clock.at())
    await store.write(forgetting.forget, "instagram/a0", int(clock()))
    source = FakeSource("api")
    await poll(store, source, clock.at(), handles=("@A0", "a1"))
    await store.write(forgetting.forget, "instagram/a1", int(clock()))
    await poll(store, source, clock.at(), handles=("@A0", "a1"))
    assert [wanted for wanted, _ in source.asked] == [("a1",)], "nothing is no question"


async def test_a_new_name_is_kept_and_said_once(store, clock):
    parts = [
        Batch(readings=table(clock), names={"instagram/a0": name})
        for name in ("Lena", "Lena", "Lena Makes")
    ]
    source = FakeSource("files", *parts)
    said = [(await poll(store, source, clock.at())).notes for _ in parts]
    assert said == [
        [],
        [],
        ['instagram/a0 is called "Lena Makes" now, before "Lena": its counts go on'],
    ]
    known = await store.read(accounts.listing)
    assert [one.name for one in known] == ["Lena Makes", None]
