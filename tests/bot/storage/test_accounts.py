"""Who may see which account, and what teams noted."""

import numpy as np
import pytest

from bot.model.reading import FollowerList
from bot.storage import accounts, audit, channels, events, goals, lists
from bot.storage.access import AccessPolicy
from bot.storage.accounts import matches
from bot.storage.channels import Channel, Mute, Subscription
from bot.storage.database import Store
from bot.storage.lists import ListChange
from checks.model import Event

NOW = 1_700_000_000


@pytest.fixture
def store(tmp_path):
    store = Store.open(tmp_path / "ebbwatch.db", now=NOW)
    yield store
    store.close()


@pytest.mark.parametrize(
    ("patterns", "seen"),
    [
        (("*",), True),
        (("instagram/*",), True),
        (("Instagram/LENA",), True),
        (("instagram/len",), False),
        (("tiktok/*",), False),
        (("#team-a",), True),
        (("#team",), False),
        ((), False),
        (("tiktok/*", "#team-a"), True),
    ],
)
def test_patterns(patterns, seen):
    assert matches(patterns, "instagram/lena", ("team-a",)) is seen


def test_a_space_that_nobody_linked_sees_nothing():
    access = AccessPolicy({"discord:1": ("*",)})
    assert access.sees("discord:1", "x/a")
    assert not access.sees("discord:2", "x/a")
    assert access.sees("console", "x/a")


async def test_tags_follow_the_config(store):
    await store.write(accounts.ensure, ["instagram/lena", "tiktok/lena", "x/b"], None, NOW)
    await store.write(accounts.set_tags, {"lena": ["team-a"], "X/B": ["b", "a"]})
    assert await store.read(accounts.tags_by_account) == {
        "instagram/lena": ("team-a",),
        "tiktok/lena": ("team-a",),
        "x/b": ("a", "b"),
    }
    await store.write(accounts.set_tags, {})
    assert set((await store.read(accounts.tags_by_account)).values()) == {()}


async def test_lists_keep_hashes_only_and_come_back_whole(store):
    given = FollowerList(
        account="instagram/lena",
        side="followers",
        at=NOW,
        ids=np.array([1, 5, 2**64 - 1], np.uint64),
        since=np.array([0, 10, 20], np.int64),
        complete=True,
    )
    assert await store.write(lists.add, given, None, NOW)
    assert not await store.write(lists.add, given, None, NOW + 1)
    found = await store.read(lists.get, "instagram/lena", "followers", NOW)
    np.testing.assert_array_equal(found.ids, given.ids)
    np.testing.assert_array_equal(found.since, given.since)
    assert found.complete is True
    assert await store.read(lists.times, "instagram/lena", "followers") == [NOW]
    assert await store.read(lists.get, "instagram/lena", "following", NOW) is None
    change = ListChange(
        account="instagram/lena",
        side="followers",
        start=NOW,
        stop=NOW + 9,
        gained=3,
        lost=1,
        kept=2,
        detail={"bursts": [4]},
        refused=None,
    )
    await store.write(lists.put_change, change)
    await store.write(lists.put_change, change)
    assert await store.read(lists.changes, "instagram/lena") == [change]


async def test_the_config_replaces_only_its_own_events(store):
    mine = Event(name="launch", kind="campaign", start=NOW, end=NOW + 9)
    fixed = Event(name="ban", kind="deadline", start=NOW - 9, end=NOW, platform="tiktok")
    id = await store.write(events.add, mine, space="a", by="Ana", at=NOW)
    for _ in range(2):
        await store.write(events.configure, [fixed], NOW)
    assert [one.event for one in await store.read(events.listing)] == [fixed, mine]
    assert [one.event for one in await store.read(events.listing, "b")] == [fixed]
    assert not await store.write(events.remove, id, "b")
    assert await store.write(events.remove, id, "a")


async def test_one_goal_per_account_and_space(store):
    for followers in (100, 200):
        await store.write(
            goals.put,
            goals.Goal(account="x/a", followers=followers, by_date="2025-01-19", space="a"),
        )
    (goal,) = await store.read(goals.listing, "a")
    assert goal.followers == 200
    assert await store.read(goals.listing, "b") == []


async def test_the_audit_trail_is_the_spaces_own(store):
    for space in ("a", "b"):
        await store.write(
            audit.add,
            audit.AuditEntry(
                at=NOW, space=space, channel="c", user="1", name="Ana", action="mute"
            ),
        )
    assert [one.space for one in await store.read(audit.listing, "a")] == ["a"]
    assert len(await store.read(audit.listing)) == 2


async def test_chat_subscriptions_survive_a_new_config(store):
    def work(db):
        channels.configure(
            db,
            [Channel(channel="fake:1", space="a", summary="mon 09:00")],
            [Subscription(channel="fake:1", accounts=("x/*",), kinds=("purge",))],
            NOW,
        )

    await store.write(work)
    await store.write(channels.subscribe, Subscription(channel="fake:1", by="Ana", at=NOW))
    await store.write(channels.disable, "fake:1", "gone", NOW)
    await store.write(work)
    found = await store.read(channels.subscriptions, "fake:1")
    assert sorted((one.origin, one.accounts) for one in found) == [
        ("chat", ("*",)),
        ("config", ("x/*",)),
    ]
    kept = await store.read(channels.get, "fake:1")
    assert (kept.disabled, kept.summary) == ("gone", "mon 09:00")


async def test_mutes_end_and_belong_to_their_space(store):
    for until in (NOW + 10, NOW - 10, None):
        worse = None if until else "warning"
        await store.write(
            channels.mute, Mute(space="a", until=until, worse_than=worse, by="Ana", at=NOW)
        )
    found = await store.read(channels.mutes, NOW, "a")
    assert [one.until for one in found] == [NOW + 10, None]
    assert await store.read(channels.mutes, NOW, "b") == []
    assert await store.write(channels.unmute, [one.id for one in found]) == 2
