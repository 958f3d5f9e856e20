"""Each message exactly once: whatever the chat does, and wherever the process ends."""

import os
import random
from dataclasses import replace

import pytest

from bot import message
from bot.deliver import Clocks, Courier
from bot.model import ChartSpec, Message, Picture
from bot.storage import alerts, channels, outbox
from bot.storage.accounts import Walls
from bot.storage.channels import Channel, Subscription
from bot.storage.database import Store
from tests.fakes import Clock, FakeChat

CHANNEL = "fake:1"


class Desk:
    """A store, a chat and couriers that can be replaced as if the process had ended."""

    def __init__(self, path, clock):
        self.clock = clock
        self.store = Store.open(path, now=clock())
        self.chat = FakeChat({CHANNEL: "fake:team", "fake:2": "fake:team"})
        self.told = []
        self.pictures = []
        self.draw_error = None
        self.courier = self.restart()

    def restart(self):
        self.courier = Courier(
            self.store,
            {"fake": self.chat},
            voices=message,
            walls=Walls({"fake:team": ("*",)}),
            clocks=Clocks(calendar=self.clock, wall=self.clock, monotonic=self.clock),
            draw=self._draw,
            report=self._report,
        )
        return self.courier

    async def _draw(self, channel, spec):
        if self.draw_error:
            raise self.draw_error
        return Picture(name="chart.png", png=b"png", alt=spec.account)

    async def _report(self, text):
        self.told.append(text)

    async def add_channel(self, name=CHANNEL, **more):
        def work(db):
            channels.put(
                db, Channel(channel=name, space=more.pop("space", "fake:team"), **more)
            )
            channels.subscribe(db, Subscription(channel=name, at=int(self.clock())))

        await self.store.write(work)

    async def queue(self, key, channel=CHANNEL, **more):
        await self.store.write(
            outbox.queue,
            key=key,
            channel=channel,
            space="fake:team",
            kind=more.pop("kind", "alert"),
            message=more.pop("message", Message(title=key)),
            now=self.clock(),
            **more,
        )

    async def settle(self, limit=50):
        """Pumps and lets time pass until nothing waits."""
        for _ in range(limit):
            await self.courier.pump()
            if not await self.store.read(outbox.waiting):
                return
            self.clock.tick(30)
        raise AssertionError(await self.store.read(outbox.listing))


@pytest.fixture
async def desk(tmp_path):
    desk = Desk(tmp_path / "ebbwatch.db", Clock())
    await desk.add_channel()
    await desk.courier.start()
    yield desk
    desk.store.close()


async def test_a_queued_message_is_sent_once(desk):
    await desk.queue("one")
    await desk.courier.pump()
    await desk.courier.pump()
    assert desk.chat.titles() == ["one"]


@pytest.mark.parametrize("step", ["late", "before", "after", "crash"])
async def test_every_failure_ends_in_exactly_one_message(desk, step):
    desk.chat.plan = [step] * 3
    await desk.queue("one")
    await desk.queue("two")
    await desk.settle()
    assert desk.chat.titles() == ["one", "two"]


async def test_an_unconfirmed_message_is_looked_up_before_a_repeat(desk):
    desk.chat.plan = ["after"]
    await desk.queue("one")
    await desk.settle()
    assert desk.chat.looks == 1
    assert len(desk.chat.log) == 1


async def test_a_look_that_has_to_wait_sends_nothing(desk):
    desk.chat.plan, desk.chat.find_plan = ["after"], ["late"]
    await desk.queue("one")
    await desk.courier.pump()
    desk.clock.tick(10)
    await desk.courier.pump()
    assert desk.chat.looks == 1
    await desk.settle()
    assert desk.chat.titles() == ["one"]


async def test_a_pause_that_the_platform_names_is_kept(desk):
    desk.chat.plan = ["late"]
    await desk.queue("one")
    await desk.courier.pump()
    desk.clock.tick(6)
    await desk.courier.pump()
    assert desk.chat.titles() == []
    desk.clock.tick(2)
    await desk.courier.pump()
    assert desk.chat.titles() == ["one"]


async def test_a_crash_between_send_and_settle_doubles_nothing(desk):
    """The next process finds the message by its id."""
    await desk.queue("one")
    claimed = await desk.store.write(
        outbox.claim,
        CHANNEL,
        owner="the dead",
        now=desk.clock(),
        at=desk.clock(),
        monotonic=desk.clock(),
        lease=300,
    )
    await desk.chat.send(claimed.delivery)
    await desk.restart().start()
    await desk.settle()
    assert desk.chat.titles() == ["one"]


async def test_a_crash_between_claim_and_send_loses_nothing(desk):
    await desk.queue("one")
    await desk.store.write(
        outbox.claim,
        CHANNEL,
        owner="the dead",
        now=desk.clock(),
        at=desk.clock(),
        monotonic=desk.clock(),
        lease=300,
    )
    await desk.restart().start()
    await desk.settle()
    assert desk.chat.titles() == ["one"]


async def test_a_refused_channel_is_told_to_the_operator_once_and_kept(desk):
    desk.chat.plan = ["closed"] * 2
    await desk.queue("one")
    await desk.courier.pump()
    await desk.queue("two")
    await desk.courier.pump()
    assert desk.told == ["fake:1 is gone: pick another"]
    assert (await desk.store.read(channels.get, CHANNEL)).disabled is not None
    assert len(await desk.store.read(channels.subscriptions, CHANNEL)) == 1
    assert await desk.courier.revive() == [CHANNEL]
    await desk.courier.pump()
    assert len(desk.told) == 1
    await desk.courier.revive()
    await desk.settle()
    assert desk.chat.titles() == ["one", "two"]
    assert desk.told[1:] == ["fake:1 can be reached again: its alerts go on"]


async def test_one_broken_channel_never_stops_the_others(desk):
    await desk.add_channel("fake:2")
    desk.chat.plan = ["closed"]
    await desk.queue("one")
    await desk.courier.pump()
    await desk.queue("two", channel="fake:2")
    await desk.courier.pump()
    assert desk.chat.titles() == ["two"]


async def test_nothing_is_said_before_the_channel_is_surely_the_teams(desk):
    desk.chat.linked[CHANNEL] = None
    await desk.queue("one")
    await desk.courier.pump()
    assert desk.chat.titles() == []
    desk.chat.linked[CHANNEL] = "fake:team"
    await desk.settle()
    assert desk.chat.titles() == ["one"]


async def test_nothing_is_said_in_another_teams_channel(desk):
    desk.chat.linked[CHANNEL] = "fake:strangers"
    await desk.queue("one")
    await desk.courier.pump()
    assert desk.chat.titles() == []
    assert "belongs to fake:strangers" in desk.told[0]


async def test_a_channel_learns_its_space_from_the_platform(desk):
    await desk.add_channel("fake:2", space="")
    await desk.courier.pump()
    desk.clock.tick(61)
    await desk.courier.pump()
    assert (await desk.store.read(channels.get, "fake:2")).space == "fake:team"


async def test_a_chart_is_drawn_just_before_sending(desk):
    spec = ChartSpec(account="instagram/a", start=0, end=1)
    await desk.queue("one", message=Message(title="one", chart=spec))
    await desk.settle()
    assert desk.chat.shown[0].message.picture.alt == "instagram/a"


async def test_a_chart_that_fails_never_stops_the_alert(desk):
    desk.draw_error = RuntimeError("no font")
    spec = ChartSpec(account="instagram/a", start=0, end=1)
    await desk.queue("one", message=Message(title="one", chart=spec))
    await desk.settle()
    assert desk.chat.titles() == ["one"]
    assert desk.chat.shown[0].message.picture is None


async def test_what_another_program_queued_is_sent(desk):
    other = Store.open(desk.store.path, now=desk.clock())
    await other.write(
        outbox.queue,
        key="foreign",
        channel=CHANNEL,
        space="fake:team",
        kind="test",
        message=Message(title="foreign"),
        now=desk.clock(),
    )
    other.close()
    await desk.courier.pump()
    assert desk.chat.titles() == ["foreign"]


async def test_a_summary_half_a_day_late_is_dropped(desk):
    await desk.queue("summary", kind="summary")
    desk.clock.tick(12 * 3600 + 1)
    await desk.settle()
    assert desk.chat.titles() == []


async def test_unsent_reads_as_an_age(desk):
    await desk.queue("one")
    (waiting,) = await desk.store.read(outbox.waiting)
    assert (waiting.channel, waiting.deliveries, waiting.oldest) == (
        CHANNEL,
        1,
        int(desk.clock()),
    )


async def test_edits_go_to_the_message_they_belong_to(desk):
    row = await desk.store.write(alerts.add, CHANNEL, "incident", int(desk.clock()))
    await desk.queue("r1", alert=row.id, revision=1)
    await desk.settle()
    desk.chat.plan = ["before", "after"]
    await desk.queue("r2", alert=row.id, revision=2, action="edit")
    await desk.queue("line", alert=row.id, action="reply", kind="history")
    await desk.settle()
    (shown,) = desk.chat.shown
    assert shown.message.title == "r2"
    assert [one.title for one in shown.replies] == ["line"]


SCHEDULES = 1000 if os.environ.get("EBBWATCH_FAULTS") == "1" else 10


@pytest.mark.parametrize("seed", range(SCHEDULES))
async def test_any_schedule_of_faults_loses_and_doubles_nothing(tmp_path, seed):
    """Alerts, edits, replies, faults of every kind and restarts, in random order."""
    dice = random.Random(seed)
    desk = Desk(tmp_path / "ebbwatch.db", Clock())
    await desk.add_channel()
    await desk.courier.start()
    posts, replies, last = [], [], {}
    for step in range(12):
        kind = dice.choice(["post", "post", "edit", "reply"])
        row = dice.choice([*last]) if last and kind != "post" else None
        if row is None:
            made = await desk.store.write(alerts.add, CHANNEL, "incident", int(desk.clock()))
            row, kind = made.id, "post"
        title = f"{kind} {step}"
        queued = {"alert": row, "revision": step, "action": kind}
        severity = dice.choice(["info", "warning", "critical"])
        if kind == "reply":
            replies.append(title)
            await desk.queue(title, kind="history", severity=severity, **queued)
        else:
            posts += [title] if kind == "post" else []
            last[row] = title
            await desk.queue(title, severity=severity, **queued)
        desk.chat.plan = dice.choices(
            ["ok", "late", "before", "after", "crash"], [4, 1, 1, 1, 1], k=dice.randrange(6)
        )
        desk.chat.find_plan = dice.choices(["ok", "late"], [3, 1], k=dice.randrange(3))
        if dice.random() < 0.7:
            await desk.courier.pump()
        if dice.random() < 0.3:
            await desk.store.write(
                outbox.claim,
                CHANNEL,
                owner="the dead",
                now=desk.clock(),
                at=desk.clock(),
                monotonic=desk.clock(),
                lease=1,
            )
            await desk.restart().start()
        desk.clock.tick(dice.choice([0, 1, 40, 400]))
    desk.chat.plan, desk.chat.find_plan = [], []
    await desk.settle(limit=200)
    desk.store.close()
    assert sorted(
        one.revisions[0].title if one.revisions else one.message.title
        for one in desk.chat.shown
    ) == sorted(posts)
    assert sorted(one.message.title for one in desk.chat.shown) == sorted(last.values())
    assert sorted(line.title for one in desk.chat.shown for line in one.replies) == sorted(
        replies
    )


def test_the_outbox_gives_a_message_back_as_it_was():
    """Pictures are drawn anew, everything else survives the database."""
    given = Message(
        title="t",
        text="x",
        severity="critical",
        mention="role:1",
        chart=ChartSpec(account="a", start=0, end=1),
    )
    assert Message.from_json(given.to_json()) == given
    assert replace(given, picture=None) == given
