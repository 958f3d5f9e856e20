"""Incidents come back as they were stored; what a reader sees makes the revision."""

import math
from dataclasses import replace

import pytest

from bot.storage import incidents
from bot.storage.database import Store
from bot.storage.incidents import Change
from checks.model import Incident, Reason, Update

NOW = 1_700_000_000
FULL = Incident(
    account="instagram/lena",
    metric="followers",
    direction="down",
    opened_at=NOW,
    alerted_at=NOW + 60,
    resolved_at=NOW + 500,
    last_finding_at=NOW + 90,
    state="resolved",
    kind="purge",
    severity="critical",
    confidence=0.93,
    change=-1200.5,
    expected=40.25,
    level=50_000.0,
    score=-33.5,
    reasons=(
        Reason(code="moved", values={"change": -1200, "share": 2.5, "group": "#team"}),
        Reason(code="no_peers"),
    ),
    advice=("change_password",),
    wave="platform:instagram|down|1700000000",
    calm_days=2,
    closed_as="calm",
    supersedes=NOW - 900,
    updates=(
        Update(at=NOW, state="suspected", kind="purge", severity="warning", confidence=0.7),
        Update(at=NOW + 9, state="resolved", kind="purge", severity="critical", confidence=0.9),
    ),
    memory={"base": 50_000.5, "seen_at": NOW, "check": "churn"},
)
OPEN = replace(FULL, resolved_at=None, state="confirmed", closed_as=None, wave=None)


@pytest.fixture
def store(tmp_path):
    store = Store.open(tmp_path / "ebbwatch.db", now=NOW)
    yield store
    store.close()


async def save(store, incident, silent=None):
    """Stores one; gives what is read back of it."""

    def work(db):
        (saved,) = incidents.save(db, [Change(incident, silent)], NOW)
        return saved, incidents.get(db, saved.id)

    saved, stored = await store.write(work)
    assert replace(saved, incident=stored.incident) == stored
    return stored


async def test_every_field_survives(store):
    stored = await save(store, FULL)
    assert stored.incident == FULL
    assert (stored.seen_at, stored.revision, stored.silent) == (NOW, 1, None)


async def test_many_are_stored_at_once_each_under_its_own_identity(store):
    known = await save(store, OPEN)
    found = [
        replace(FULL, account="instagram/new"),
        replace(OPEN, severity="warning"),
        replace(FULL, account="instagram/newer"),
    ]
    saved = await store.write(incidents.save, [Change(one) for one in found], NOW + 5)
    assert [one.revision for one in saved] == [1, 2, 1]
    assert saved[1].id == known.id
    stored = await store.read(incidents.of_ids, [one.id for one in saved])
    assert [stored[one.id].incident for one in saved] == found
    assert [one.seen_at for one in stored.values()] == [NOW, NOW + 5, NOW + 5]


async def test_no_number_stays_no_number(store):
    stored = await save(store, replace(FULL, level=math.nan, score=math.inf))
    assert math.isnan(stored.incident.level)
    assert math.isnan(stored.incident.score)


async def test_what_only_decide_remembers_is_no_new_revision(store):
    await save(store, OPEN)
    quiet = replace(OPEN, calm_days=3, memory={"judged_at": 1}, last_finding_at=NOW + 95)
    stored = await save(store, quiet)
    assert stored.revision == 1
    assert stored.incident == quiet


@pytest.mark.parametrize(
    "change",
    [
        {"confidence": 0.99},
        {"kind": "unfollow_wave"},
        {"severity": "warning"},
        {"state": "suspected"},
        {"change": -1300.0},
        {"reasons": ()},
        {"resolved_at": NOW + 7, "closed_as": "calm", "state": "resolved"},
    ],
)
async def test_what_a_reader_sees_is_a_new_revision(store, change):
    await save(store, OPEN)
    assert (await save(store, replace(OPEN, **change))).revision == 2


async def test_an_alert_keeps_the_time_it_was_first_given(store):
    await save(store, OPEN)
    assert (await save(store, replace(OPEN, alerted_at=NOW + 999))).incident.alerted_at == (
        NOW + 60
    )


async def test_numbers_count_from_one_in_each_space(store):
    one, two = await save(store, FULL), await save(store, replace(FULL, account="x/b"))
    give = incidents.number
    assert [await store.write(give, "a", id) for id in (two.id, one.id, two.id)] == [1, 2, 1]
    assert await store.write(give, "b", one.id) == 1
    assert (await store.read(incidents.by_number, "a", 2)).id == one.id
    assert await store.read(incidents.by_number, "b", 2) is None


async def test_only_who_comes_first_takes_it_on(store):
    stored = await save(store, OPEN)
    assert await store.write(incidents.acknowledge, stored.id, "Ana", NOW)
    assert not await store.write(incidents.acknowledge, stored.id, "Ben", NOW + 1)
    again = await store.read(incidents.get, stored.id)
    assert (again.acknowledged_by, again.revision) == ("Ana", 2)


async def test_a_spaces_last_word_counts(store):
    stored = await save(store, OPEN)
    for kind, space in (("false", "a"), ("useful", "b"), ("expected", "a")):
        await store.write(incidents.give_feedback, stored.id, kind, space, "me", NOW)
    told = await store.read(incidents.feedback_by_account)
    assert sorted(kind for kind, _ in told["instagram/lena"]) == ["expected", "useful"]
    rows = await store.read(incidents.feedback_on, stored.id)
    assert {(kind, space) for kind, space, *_ in rows} == {("expected", "a"), ("useful", "b")}


async def test_listing_narrows(store):
    await save(store, FULL)
    await save(store, replace(OPEN, account="tiktok/b", opened_at=NOW + 5))
    await save(store, replace(OPEN, account="tiktok/c", alerted_at=None))

    async def names(**more):
        return [one.incident.account for one in await store.read(incidents.listing, **more)]

    assert await names() == ["tiktok/b", "instagram/lena"]
    assert await names(open_only=True) == ["tiktok/b"]
    assert await names(patterns=("instagram/*",)) == ["instagram/lena"]
    assert await names(account="tiktok/b") == ["tiktok/b"]
    assert await names(limit=1) == ["tiktok/b"]


async def test_decide_gets_what_is_open_or_ended_lately(store):
    day = 86_400
    await save(store, FULL)
    await save(store, replace(OPEN, account="x/open", opened_at=NOW - 400 * day))
    later = NOW + (incidents.MEMORY_DAYS + 9) * day
    found = await store.read(incidents.recent, later, later)
    assert [one.incident.account for one in found] == ["x/open"]
    found = await store.read(incidents.recent, NOW + 5 * day, NOW + 5 * day)
    assert len(found) == 2


async def test_a_wave_lists_all_its_members(store):
    await save(store, FULL)
    await save(store, replace(FULL, account="x/b", alerted_at=None))
    found = await store.read(incidents.of_wave, FULL.wave)
    assert {one.incident.account for one in found} == {"instagram/lena", "x/b"}
