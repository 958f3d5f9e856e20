"""Each message exactly once: whatever the chat does, and wherever the process ends."""

import asyncio
import os
import random
from dataclasses import replace

import pytest

from bot import message
from bot.deliver import LONGEST_ASKED, Clocks, Hooks, OutboxWorker
from bot.model import inline
from bot.model.message import ChartSpec, Message, Picture
from bot.storage import alerts, channels, outbox
from bot.storage.access import AccessPolicy
from bot.storage.channels import Channel, Subscription
from bot.storage.database import Store
from tests.contracts.chat import until
from tests.fakes import Clock, FakeChat

CHANNEL = "fake:1"


class Bell(asyncio.Event):
    """Tells that somebody waits for it."""

    def __init__(self):
        super().__init__()
        self.heard = asyncio.Event()

    async def wait(self):
        self.heard.set()
        return await super().wait()


class Dispatcher:
    """A store, a chat and couriers that can be replaced as if the process had ended."""

    def __init__(self, path, clock):
        self.clock = clock
        self.store = Store.open(path, now=clock())
        self.chat = FakeChat({CHANNEL: "fake:team", "fake:2": "fake:team"})
        self.told = []
        self.pictures = []
        self.draw_error = None
        self.page = None
        self.observed = []
        self.queued = Bell()
        self.worker = self.restart()

    def restart(self):
        self.worker = OutboxWorker(
            self.store,
            {"fake": self.chat},
            voices=message,
            access=AccessPolicy({"fake:team": ("*",)}),
            clocks=Clocks(calendar=self.clock, wall=self.clock, monotonic=self.clock),
            hooks=Hooks(
                draw=self._draw,
                report=self._report,
                queued=self.queued,
                page=self.page,
                observe=lambda work, seconds, *of: self.observed.append((work, *of)),
            ),
        )
        return self.worker

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
            outbox.Queued(
                key=key,
                channel=channel,
                space=more.pop("space", "fake:team"),
                kind=more.pop("kind", "alert"),
                message=more.pop("message", Message(title=key)),
                now=self.clock(),
                **more,
            ),
        )

    async def settle(self, limit=50):
        """Pumps and lets time pass until nothing waits."""
        for _ in range(limit):
            await self.worker.pump()
            if not await self.store.read(outbox.waiting):
                return
            self.clock.tick(30)
        raise AssertionError(await self.store.read(outbox.listing))


@pytest.fixture
async def dispatcher(tmp_path):
    dispatcher = Dispatcher(tmp_path / "ebbwatch.db", Clock())
    await dispatcher.add_channel()
    await dispatcher.worker.start()
    yield dispatcher
    dispatcher.store.close()


async def test_a_queued_message_is_sent_once(dispatcher):
    await dispatcher.queue("one")
    await dispatcher.worker.pump()
    await dispatcher.worker.pump()
    assert dispatcher.chat.titles() == ["one"]


@pytest.mark.parametrize("step", ["late", "before", "after", "crash"])
async def test_every_failure_ends_in_exactly_one_message(dispatcher, step):
    dispatcher.chat.plan = [step] * 3
    await dispatcher.queue("one")
    await dispatcher.queue("two")
    await dispatcher.settle()
    assert dispatcher.chat.titles() == ["one", "two"]


async def test_an_unconfirmed_message_is_looked_up_before_a_repeat(dispatcher):
    dispatcher.chat.plan = ["after"]
    await dispatcher.queue("one")
    await dispatcher.settle()
    assert dispatcher.chat.looks == 1
    assert len(dispatcher.chat.log) == 1


async def test_a_look_that_has_to_wait_sends_nothing(dispatcher):
    dispatcher.chat.plan, dispatcher.chat.find_plan = ["after"], ["late"]
    await dispatcher.queue("one")
    await dispatcher.worker.pump()
    dispatcher.clock.tick(10)
    await dispatcher.worker.pump()
    assert dispatcher.chat.looks == 1
    await dispatcher.settle()
    assert dispatcher.chat.titles() == ["one"]


async def test_a_pause_that_the_platform_names_is_kept(dispatcher):
    dispatcher.chat.plan = ["late"]
    await dispatcher.queue("one")
    await dispatcher.worker.pump()
    dispatcher.clock.tick(6)
    await dispatcher.worker.pump()
    assert dispatcher.chat.titles() == []
    dispatcher.clock.tick(2)
    await dispatcher.worker.pump()
    assert dispatcher.chat.titles() == ["one"]


@pytest.mark.parametrize(
    ("asked", "said"), [("year", "of 8,760 hours"), ("nan", "without an end")]
)
async def test_a_pause_without_end_is_not_believed(dispatcher, asked, said):
    dispatcher.chat.plan = [asked] * 3
    await dispatcher.queue("one")
    for _ in range(4):
        await dispatcher.worker.pump()
        dispatcher.clock.tick(LONGEST_ASKED)
    assert dispatcher.chat.titles() == ["one"]
    [told] = dispatcher.told
    assert f"asks for a pause {said}: " in told


async def test_a_poisoned_message_is_said_plainly_and_the_queue_goes_on(dispatcher):
    dispatcher.chat.plan = ["malformed"]
    await dispatcher.queue("one")
    await dispatcher.queue("two")
    await dispatcher.worker.pump()
    assert dispatcher.chat.titles() == ["one", "two"]
    assert [delivery.plain for delivery in dispatcher.chat.sent] == [True, False]
    [told] = dispatcher.told
    assert "plain text" in told


async def test_what_is_refused_even_plainly_is_named_without_its_words(dispatcher):
    dispatcher.chat.plan = ["malformed"] * 2
    await dispatcher.queue("one")
    await dispatcher.worker.pump()
    [title] = dispatcher.chat.titles()
    assert "one" not in title.split()


async def test_what_is_refused_in_every_form_waits_and_the_others_go_on(dispatcher):
    dispatcher.chat.plan = ["malformed"] * 3
    await dispatcher.queue("one")
    await dispatcher.queue("two")
    await dispatcher.worker.pump()
    assert dispatcher.chat.titles() == ["two"]
    assert len(dispatcher.told) == 1
    dispatcher.clock.tick(3600)
    await dispatcher.worker.pump()
    assert dispatcher.chat.titles() == ["two", "one"]


async def test_the_operator_hears_of_refused_layouts_once_until_one_is_taken(dispatcher):
    dispatcher.chat.plan = ["malformed", "ok", "malformed", "ok", "ok", "malformed"]
    for key in ("one", "two", "three", "four"):
        await dispatcher.queue(key)
    await dispatcher.worker.pump()
    assert dispatcher.chat.titles() == ["one", "two", "three", "four"]
    assert len(dispatcher.told) == 2


async def test_a_crash_between_send_and_settle_doubles_nothing(dispatcher):
    """The next process finds the message by its id."""
    await dispatcher.queue("one")
    claimed = await dispatcher.store.write(
        outbox.claim,
        CHANNEL,
        outbox.Attempt(
            owner="the dead",
            now=dispatcher.clock(),
            at=dispatcher.clock(),
            monotonic=dispatcher.clock(),
            lease=300,
        ),
    )
    await dispatcher.chat.send(claimed.delivery)
    await dispatcher.restart().start()
    await dispatcher.settle()
    assert dispatcher.chat.titles() == ["one"]


async def test_a_crash_between_claim_and_send_loses_nothing(dispatcher):
    await dispatcher.queue("one")
    await dispatcher.store.write(
        outbox.claim,
        CHANNEL,
        outbox.Attempt(
            owner="the dead",
            now=dispatcher.clock(),
            at=dispatcher.clock(),
            monotonic=dispatcher.clock(),
            lease=300,
        ),
    )
    await dispatcher.restart().start()
    await dispatcher.settle()
    assert dispatcher.chat.titles() == ["one"]


async def test_a_refused_channel_is_told_to_the_operator_once_and_kept(dispatcher):
    dispatcher.chat.plan = ["closed"] * 2
    await dispatcher.queue("one")
    await dispatcher.worker.pump()
    await dispatcher.queue("two")
    await dispatcher.worker.pump()
    assert dispatcher.told == ["fake:1 is gone: pick another"]
    assert (await dispatcher.store.read(channels.get, CHANNEL)).disabled is not None
    assert len(await dispatcher.store.read(channels.subscriptions, CHANNEL)) == 1
    assert await dispatcher.worker.revive() == [CHANNEL]
    await dispatcher.worker.pump()
    assert len(dispatcher.told) == 1
    await dispatcher.worker.revive()
    await dispatcher.settle()
    assert dispatcher.chat.titles() == ["one", "two"]
    assert dispatcher.told[1:] == ["fake:1 can be reached again: its alerts go on"]


async def test_one_broken_channel_never_stops_the_others(dispatcher):
    await dispatcher.add_channel("fake:2")
    dispatcher.chat.plan = ["closed"]
    await dispatcher.queue("one")
    await dispatcher.worker.pump()
    await dispatcher.queue("two", channel="fake:2")
    await dispatcher.worker.pump()
    assert dispatcher.chat.titles() == ["two"]


async def test_nothing_is_said_before_the_channel_is_surely_the_teams(dispatcher):
    dispatcher.chat.linked[CHANNEL] = None
    await dispatcher.queue("one")
    await dispatcher.worker.pump()
    assert dispatcher.chat.titles() == []
    dispatcher.chat.linked[CHANNEL] = "fake:team"
    await dispatcher.settle()
    assert dispatcher.chat.titles() == ["one"]


async def test_nothing_is_said_in_another_teams_channel(dispatcher):
    dispatcher.chat.linked[CHANNEL] = "fake:strangers"
    await dispatcher.queue("one")
    await dispatcher.worker.pump()
    assert dispatcher.chat.titles() == []
    assert "belongs to fake:strangers" in dispatcher.told[0]


async def test_a_channel_learns_its_space_from_the_platform(dispatcher):
    await dispatcher.add_channel("fake:2", space="")
    await dispatcher.worker.pump()
    dispatcher.clock.tick(61)
    await dispatcher.worker.pump()
    assert (await dispatcher.store.read(channels.get, "fake:2")).space == "fake:team"


async def test_a_chart_is_drawn_just_before_sending(dispatcher):
    spec = ChartSpec(account="instagram/a", start=0, end=1)
    await dispatcher.queue("one", message=Message(title="one", chart=spec))
    await dispatcher.settle()
    assert dispatcher.chat.shown[0].message.picture.alt == "instagram/a"


async def test_a_chart_that_fails_never_stops_the_alert(dispatcher):
    dispatcher.draw_error = RuntimeError("no font")
    spec = ChartSpec(account="instagram/a", start=0, end=1)
    await dispatcher.queue("one", message=Message(title="one", chart=spec))
    await dispatcher.settle()
    assert dispatcher.chat.titles() == ["one"]
    assert dispatcher.chat.shown[0].message.picture is None


async def test_what_another_program_queued_is_sent(dispatcher):
    other = Store.open(dispatcher.store.path, now=dispatcher.clock())
    await other.write(
        outbox.queue,
        outbox.Queued(
            key="foreign",
            channel=CHANNEL,
            space="fake:team",
            kind="test",
            message=Message(title="foreign"),
            now=dispatcher.clock(),
        ),
    )
    other.close()
    await dispatcher.worker.pump()
    assert dispatcher.chat.titles() == ["foreign"]


async def test_a_summary_half_a_day_late_is_dropped(dispatcher):
    await dispatcher.queue("summary", kind="summary")
    dispatcher.clock.tick(12 * 3600 + 1)
    await dispatcher.settle()
    assert dispatcher.chat.titles() == []


@pytest.mark.parametrize(("asked", "seconds"), [("0", 1), ("-5", 1), ("nan", LONGEST_ASKED)])
async def test_a_pause_that_is_none_is_not_asked_again_at_once(dispatcher, asked, seconds):
    dispatcher.chat.plan = [asked] * 3
    await dispatcher.queue("one")
    for tries in (1, 2, 3):
        await dispatcher.worker.pump()
        dispatcher.clock.tick(seconds - 0.1)
        await dispatcher.worker.pump()
        assert len(dispatcher.observed) == tries
        dispatcher.clock.tick(0.1)
    await dispatcher.worker.pump()
    assert dispatcher.chat.titles() == ["one"]


@pytest.mark.parametrize("steps", range(5))
async def test_a_worker_that_is_ended_just_when_something_is_queued_ends(dispatcher, steps):
    running = asyncio.create_task(dispatcher.worker.run())
    await dispatcher.queued.heard.wait()
    dispatcher.worker.wake()
    for _ in range(steps):
        await asyncio.sleep(0)
    running.cancel()
    ended, _ = await asyncio.wait([running], timeout=5)
    assert ended


async def test_a_chat_that_does_not_say_where_a_channel_lies_holds_no_other(dispatcher):
    """Neither while it is asked about new channels, nor for one that is known."""
    dispatcher.chat.silent = {"fake:2", "fake:3"}
    await dispatcher.add_channel("fake:2", space="")
    await dispatcher.add_channel("fake:3")
    await dispatcher.queue("held", channel="fake:3")
    await dispatcher.queue("one")
    running = asyncio.create_task(dispatcher.worker.run())
    await until(lambda: dispatcher.chat.titles() == ["one"])
    running.cancel()
    await asyncio.wait([running])


async def test_a_chart_that_is_never_done_does_not_hold_its_alert(dispatcher, monkeypatch):
    monkeypatch.setattr("bot.deliver.SEND_SECONDS", 0.01)

    async def draw(channel, spec):
        await asyncio.Event().wait()

    dispatcher._draw = draw
    spec = ChartSpec(account="instagram/a", start=0, end=1)
    await dispatcher.queue("one", message=Message(title="one", chart=spec))
    await dispatcher.restart().pump()
    assert dispatcher.chat.titles() == ["one"]


async def test_what_was_queued_before_its_space_was_known_belongs_there(dispatcher):
    dispatcher.chat.linked["fake:2"] = None
    await dispatcher.add_channel("fake:2", space="")
    await dispatcher.queue("one", channel="fake:2", space="")
    await dispatcher.worker.pump()
    dispatcher.chat.linked["fake:2"] = "fake:team"
    dispatcher.clock.tick(61)
    await dispatcher.worker.pump()
    assert [one.space for one in dispatcher.chat.sent] == ["fake:team"]


@pytest.mark.parametrize("spoiled", ["{broken", "[]", "5", '{"title": 1}', "null"])
async def test_a_row_that_nobody_can_read_does_not_hold_the_others(dispatcher, spoiled):
    await dispatcher.queue("bad")
    await dispatcher.queue("good")

    def spoil(db):
        db.conn.execute("UPDATE deliveries SET message = ? WHERE key = 'bad'", (spoiled,))

    await dispatcher.store.write(spoil)
    await dispatcher.settle()
    assert dispatcher.chat.titles() == ["good"]
    [told] = dispatcher.told
    assert told.startswith(f"{CHANNEL}: a message that waited for it cannot be read any more")


@pytest.mark.parametrize("queued", ["before", "after"])
async def test_an_alert_whose_first_message_cannot_be_read_is_told_by_the_next(
    dispatcher, queued
):
    new = alerts.NewAlert(channel=CHANNEL, kind="incident", now=int(dispatcher.clock()))
    row = await dispatcher.store.write(alerts.add, new)
    await dispatcher.queue("bad", alert=row.id, revision=1)
    if queued == "before":
        await dispatcher.queue("resolved", alert=row.id, revision=2, action="edit")
    await dispatcher.store.write(
        lambda db: db.conn.execute("UPDATE deliveries SET message = '?' WHERE key = 'bad'")
    )
    await dispatcher.worker.pump()
    if queued == "after":
        assert await dispatcher.store.read(alerts.stage, row.id) == "new"
        await dispatcher.queue("resolved", alert=row.id, revision=2)
    await dispatcher.settle()
    assert dispatcher.chat.titles() == ["resolved"]


async def test_unsent_reads_as_an_age(dispatcher):
    await dispatcher.queue("one")
    (waiting,) = await dispatcher.store.read(outbox.waiting)
    assert (waiting.channel, waiting.deliveries, waiting.oldest) == (
        CHANNEL,
        1,
        int(dispatcher.clock()),
    )


async def test_edits_go_to_the_message_they_belong_to(dispatcher):
    row = await dispatcher.store.write(
        alerts.add,
        alerts.NewAlert(channel=CHANNEL, kind="incident", now=int(dispatcher.clock())),
    )
    await dispatcher.queue("r1", alert=row.id, revision=1)
    await dispatcher.settle()
    dispatcher.chat.plan = ["before", "after"]
    await dispatcher.queue("r2", alert=row.id, revision=2, action="edit")
    await dispatcher.queue("line", alert=row.id, action="reply", kind="history")
    await dispatcher.settle()
    (shown,) = dispatcher.chat.shown
    assert shown.message.title == "r2"
    assert [one.title for one in shown.replies] == ["line"]


SCHEDULES = 1000 if os.environ.get("EBBWATCH_FAULTS") == "1" else 10


@pytest.mark.parametrize("seed", range(SCHEDULES))
async def test_any_schedule_of_faults_loses_and_doubles_nothing(tmp_path, seed):
    """Alerts, edits, replies, faults of every kind and restarts, in random order."""
    dice = random.Random(seed)
    dispatcher = Dispatcher(tmp_path / "ebbwatch.db", Clock())
    await dispatcher.add_channel()
    await dispatcher.worker.start()
    posts, replies, last = [], [], {}
    for step in range(12):
        kind = dice.choice(["post", "post", "edit", "reply"])
        row = dice.choice([*last]) if last and kind != "post" else None
        if row is None:
            made = await dispatcher.store.write(
                alerts.add,
                alerts.NewAlert(channel=CHANNEL, kind="incident", now=int(dispatcher.clock())),
            )
            row, kind = made.id, "post"
        title = f"{kind} {step}"
        queued = {"alert": row, "revision": step, "action": kind}
        severity = dice.choice(["info", "warning", "critical"])
        if kind == "reply":
            replies.append(title)
            await dispatcher.queue(title, kind="history", severity=severity, **queued)
        else:
            posts += [title] if kind == "post" else []
            last[row] = title
            await dispatcher.queue(title, severity=severity, **queued)
        dispatcher.chat.plan = dice.choices(
            ["ok", "late", "before", "after", "crash"], [4, 1, 1, 1, 1], k=dice.randrange(6)
        )
        dispatcher.chat.find_plan = dice.choices(["ok", "late"], [3, 1], k=dice.randrange(3))
        if dice.random() < 0.7:
            await dispatcher.worker.pump()
        if dice.random() < 0.3:
            await dispatcher.store.write(
                outbox.claim,
                CHANNEL,
                outbox.Attempt(
                    owner="the dead",
                    now=dispatcher.clock(),
                    at=dispatcher.clock(),
                    monotonic=dispatcher.clock(),
                    lease=1,
                ),
            )
            await dispatcher.restart().start()
        dispatcher.clock.tick(dice.choice([0, 1, 40, 400]))
    dispatcher.chat.plan, dispatcher.chat.find_plan = [], []
    await dispatcher.settle(limit=200)
    dispatcher.store.close()
    assert sorted(
        one.revisions[0].title if one.revisions else one.message.title
        for one in dispatcher.chat.shown
    ) == sorted(posts)
    assert sorted(one.message.title for one in dispatcher.chat.shown) == sorted(last.values())
    assert sorted(
        line.title for one in dispatcher.chat.shown for line in one.replies
    ) == sorted(replies)


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


@pytest.mark.parametrize(
    ("kind", "days", "incident", "path"),
    [
        ("alert", 1, 7, "incident/7"),
        ("alert", 0, None, "incidents"),
        ("summary", 30, None, "report/month"),
        ("summary", 7, None, "report/week"),
        ("summary", 0, None, ""),
    ],
)
async def test_what_is_told_leads_to_where_the_page_shows_it(
    dispatcher, kind, days, incident, path
):
    dispatcher.page = "https://page.example/"
    await dispatcher.restart().start()
    spec = ChartSpec(account="instagram/lena", start=0, end=days * 86400, incident=incident)
    message = Message(title="a", text="fell", chart=spec if days else None)
    await dispatcher.queue("told", kind=kind, message=message)
    await dispatcher.queue("operator", kind="operator", message=Message(title="b", text="calm"))
    await dispatcher.settle()
    told, calm = (shown.message for shown in dispatcher.chat.sent)
    assert told.text.endswith(inline.link("Open page", f"https://page.example/{path}"))
    assert calm.text == "calm"


async def test_every_try_is_observed_with_what_became_of_it(dispatcher):
    dispatcher.chat.plan = ["late", "ok"]
    await dispatcher.queue("a")
    await dispatcher.settle()
    assert dispatcher.observed == [("send", CHANNEL, "deferred"), ("send", CHANNEL, "sent")]
