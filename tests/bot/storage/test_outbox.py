"""The outbox: claimed by one, in order, and never forgotten."""

import pytest

from bot.model.message import Message
from bot.storage import alerts, channels, outbox
from bot.storage.channels import Channel
from bot.storage.database import Store

NOW = 1_700_000_000
CHANNEL = "fake:1"


@pytest.fixture
def store(tmp_path):
    store = Store.open(tmp_path / "ebbwatch.db", now=NOW)
    store._writer.conn.execute(
        "INSERT INTO channels (channel, space, origin, locale, timezone)"
        " VALUES ('fake:1', 'fake', 'chat', 'en', 'UTC')"
    )
    yield store
    store.close()


async def queue(store, key, **more):
    return await store.write(
        outbox.queue,
        outbox.Queued(
            key=key,
            channel=CHANNEL,
            space="fake",
            kind=more.pop("kind", "alert"),
            message=Message(title=key),
            now=NOW,
            **more,
        ),
    )


async def claim(store, owner="me", now=NOW, monotonic=0.0):
    return await store.write(
        outbox.claim,
        CHANNEL,
        outbox.Attempt(owner=owner, now=now, at=now, monotonic=monotonic, lease=100),
    )


async def settle(store, claimed, ref="m1"):
    await store.write(outbox.sent, claimed, ref, NOW)


async def test_the_worst_goes_first_then_in_order(store):
    await queue(store, "one")
    await queue(store, "two", severity="critical")
    await queue(store, "three", severity="critical")
    order = []
    while claimed := await claim(store):
        order.append(claimed.delivery.key)
        await settle(store, claimed)
    assert order == ["two", "three", "one"]


async def test_a_key_is_queued_once(store):
    assert await queue(store, "one")
    assert not await queue(store, "one")


async def test_one_delivery_at_a_time_per_channel(store):
    await queue(store, "one")
    await queue(store, "two")
    first = await claim(store)
    assert await claim(store, owner="another") is None
    await settle(store, first)
    assert (await claim(store)).delivery.key == "two"


async def test_a_claim_counts_as_an_attempt_that_may_have_arrived(store):
    await queue(store, "one")
    first = await claim(store)
    assert not first.unconfirmed
    assert await store.write(outbox.recover, "another") == 1
    again = await claim(store, owner="another")
    assert again.unconfirmed
    assert (again.delivery.id, again.delivery.attempts) == (first.delivery.id, 2)


async def test_what_surely_failed_is_not_looked_up(store):
    await queue(store, "one")
    first = await claim(store)
    await store.write(outbox.give_back, first.position, "429", unconfirmed=False)
    assert not (await claim(store)).unconfirmed


async def test_a_lost_claim_of_our_own_comes_back_after_its_lease(store):
    await queue(store, "one")
    await claim(store, monotonic=0)
    assert await claim(store, monotonic=99) is None
    assert (await claim(store, monotonic=101)).unconfirmed


async def test_edits_wait_for_the_first_message(store):
    row = await store.write(
        alerts.add, alerts.NewAlert(channel=CHANNEL, kind="incident", now=NOW)
    )
    await queue(store, "edit", alert=row.id, action="edit", severity="critical")
    assert await claim(store) is None
    await queue(store, "other")
    assert (await claim(store)).delivery.key == "other"


async def test_an_alerts_own_messages_keep_their_order(store):
    row = await store.write(
        alerts.add, alerts.NewAlert(channel=CHANNEL, kind="incident", now=NOW)
    )
    await queue(store, "post", alert=row.id)
    await queue(store, "reply", alert=row.id, action="reply", kind="history")
    await queue(store, "edit", alert=row.id, action="edit", severity="critical")
    seen = []
    while claimed := await claim(store):
        seen.append((claimed.delivery.key, claimed.delivery.ref))
        await settle(store, claimed, ref="m7")
    assert seen == [("post", None), ("reply", "m7"), ("edit", "m7")]


async def test_edits_become_the_newest_revision(store):
    row = await store.write(
        alerts.add, alerts.NewAlert(channel=CHANNEL, kind="incident", now=NOW)
    )
    await queue(store, "r1", alert=row.id, revision=1)
    await settle(store, await claim(store))
    await queue(store, "r2", alert=row.id, revision=2, action="edit")
    replaced = await store.write(
        outbox.replace_waiting,
        row.id,
        key="r3",
        message=Message(title="r3"),
        revision=3,
        severity="warning",
    )
    assert replaced
    claimed = await claim(store)
    assert (claimed.delivery.key, claimed.delivery.message.title) == ("r3", "r3")
    assert await claim(store) is None


async def test_a_tried_post_keeps_its_text(store):
    """It may stand in the channel already: the newest revision follows as an edit."""
    row = await store.write(
        alerts.add, alerts.NewAlert(channel=CHANNEL, kind="incident", now=NOW)
    )
    await queue(store, "r1", alert=row.id, revision=1)
    first = await claim(store)
    await store.write(outbox.give_back, first.position, "reset", unconfirmed=True)
    assert not await store.write(
        outbox.replace_waiting,
        row.id,
        key="r2",
        message=Message(title="r2"),
        revision=2,
        severity="info",
    )


async def test_nothing_is_due_before_its_time(store):
    await queue(store, "one", due=NOW + 60)
    assert await claim(store, now=NOW + 59) is None
    assert (await claim(store, now=NOW + 60)).delivery.key == "one"


async def test_a_disabled_channel_keeps_what_waits(store):
    await queue(store, "one")
    await store.write(channels.disable, CHANNEL, "gone", NOW)
    assert await store.read(outbox.channels_waiting, NOW) == []
    await store.write(channels.enable, CHANNEL)
    assert await store.read(outbox.channels_waiting, NOW) == [CHANNEL]


async def test_the_config_decides_over_its_own_channels_only(store):
    configured = Channel(channel="fake:2", space="fake")
    await store.write(channels.configure, [configured], [], NOW)
    await store.write(channels.configure, [], [], NOW)
    known = {one.channel: one.origin for one in await store.read(channels.listing)}
    assert known == {"fake:1": "chat", "fake:2": "chat"}
