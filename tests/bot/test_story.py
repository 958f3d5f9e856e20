"""One wave from the first poll to the last edit, with a crash in the middle, on a real file."""

import asyncio
from datetime import UTC, datetime

import numpy as np
import pytest

from bot import message
from bot.deliver import Clocks, Hooks, OutboxWorker
from bot.ingest.poll import poll
from bot.model.source import Batch
from bot.review import ReviewSettings, reroute, review, settle_routes
from bot.storage import channels, events, forgetting, incidents, outbox
from bot.storage.access import AccessPolicy
from bot.storage.channels import Channel, Subscription
from bot.storage.database import Store
from checks.model import Event
from checks.rules import rules_for
from tests.fakes import DAY, Clock, FakeChat, FakeSource, calm, ends, frame

TEAM, AGENCY = "fake:team", "fake:agency"
WALLS = AccessPolicy({TEAM: ("instagram/mine*",), AGENCY: ("instagram/other*",)})
DAYS, PURGE = 70, 62
MINE, OTHERS = 12, 14
NAMES = [f"instagram/mine{n}" for n in range(MINE)]
NAMES += [f"instagram/other{n}" for n in range(OTHERS)]
HIT = np.r_[0:6, MINE : MINE + 7]
"""Half of each team's accounts lose 8 % on one day."""


class DyingChat(FakeChat):
    """Takes effect, and then the process dies before anybody hears of it."""

    def __init__(self, linked):
        super().__init__(linked)
        self.dying = False
        self.died = asyncio.Event()

    async def send(self, delivery):
        ref = await super().send(delivery)
        if self.dying:
            self.died.set()
            await asyncio.Event().wait()
        return ref


def counts():
    table = calm(len(NAMES), DAYS, seed=7)
    table[HIT, PURGE:] -= (0.08 * table[HIT, PURGE - 1 : PURGE]).round()
    return table


class Story:
    """The service's parts as app puts them together; `restart` is a new process."""

    def __init__(self, path):
        self.path = path
        self.clock = Clock(1_700_000_000)
        self.times = ends(self.clock(), DAYS)
        self.chat = DyingChat({"fake:1": TEAM, "fake:2": AGENCY})
        self.said = []
        self.restart()

    def restart(self):
        self.store = Store.open(self.path, now=self.clock())
        self.review_settings = ReviewSettings(
            rules=rules_for("balanced"), voices=message, access=WALLS
        )
        self.worker = OutboxWorker(
            self.store,
            {"fake": self.chat},
            voices=message,
            access=WALLS,
            clocks=Clocks(calendar=self.clock, wall=self.clock, monotonic=self.clock),
            hooks=Hooks(draw=self._no_chart, report=self._say),
        )

    async def _no_chart(self, *_):
        return None

    async def _say(self, text):
        self.said.append(text)

    async def configure(self):
        def work(db):
            channels.configure(
                db,
                [
                    Channel(channel="fake:1", space=TEAM, thread="also", mention="role:5"),
                    Channel(channel="fake:2", space=AGENCY),
                ],
                [
                    Subscription(channel="fake:1", min_severity="warning"),
                    Subscription(channel="fake:2", min_severity="warning"),
                ],
                int(self.clock()),
            )

        await self.store.write(work)
        await self.worker.start()

    async def day(self, number):
        """One daily poll with its review."""
        self.clock.now = self.times[number]
        start = 0 if number == PURGE - 2 else number
        table = frame(
            counts()[:, start : number + 1], self.times[start : number + 1], names=NAMES
        )
        source = FakeSource("api", Batch(readings=table, state={"day": number}))
        outcome = await poll(self.store, source, datetime.fromtimestamp(self.clock(), UTC))
        assert outcome.broke is None
        await review(self.store, self.review_settings, int(self.clock()))

    async def send(self):
        for _ in range(3):
            await self.worker.pump()
            self.clock.tick(310)

    def of(self, channel):
        return [one for one in self.chat.shown if one.channel == channel]


@pytest.fixture
async def story(tmp_path):
    story = Story(tmp_path / "ebbwatch.db")
    await story.configure()
    yield story
    story.store.close()


async def test_the_life_of_a_wave(story):
    await story.day(PURGE - 2)
    await story.day(PURGE - 1)
    await story.send()
    assert story.chat.shown == []

    # the wave comes; the process dies between the platform's effect and our knowledge of it
    await story.day(PURGE)
    story.chat.dying = True
    running = asyncio.create_task(story.worker.run())
    await story.chat.died.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    story.store.close()
    story.chat.dying = False
    story.restart()
    await story.worker.start()
    await story.send()
    (team,), (agency,) = story.of("fake:1"), story.of("fake:2")
    assert "Purge" in team.message.text
    assert "instagram/mine0" in team.message.to_json()
    assert "instagram/other0" in agency.message.to_json()
    assert "instagram/other" not in team.message.to_json()
    assert "instagram/mine" not in agency.message.to_json()

    # somebody takes it on in the team's channel
    first = await story.store.read(incidents.by_number, TEAM, 1)

    def take(db):
        incidents.acknowledge(db, first.id, "Ana", int(story.clock()))
        reroute(db, story.review_settings, int(story.clock()), [first.id])

    await story.store.write(take)
    await story.send()

    # the platform says so, the evidence firms up, days go by
    notice = Event(
        name="Instagram removes fakes",
        kind="platform_notice",
        start=story.times[PURGE] - DAY,
        end=story.times[PURGE] + DAY,
        platform="instagram",
    )
    await story.store.write(events.add, notice, space=TEAM, by="Ana", at=int(story.clock()))
    for number in range(PURGE + 1, DAYS):
        await story.day(number)
        await settle_routes(story.store, story.review_settings, int(story.clock()))
        await story.send()
    assert len(story.of("fake:1")) == len(story.of("fake:2")) == 1
    assert ", over after " in team.message.title
    assert team.replies
    assert [one.mention for one in team.replies] == [None] * len(team.replies)
    found = await story.store.read(incidents.listing)
    assert {one.incident.state for one in found} == {"resolved"}
    hit = {NAMES[n] for n in HIT}
    assert {one.incident.account for one in found if one.incident.kind == "purge"} >= hit

    # the same days once more change nothing at all
    before = len(story.chat.log)
    story.clock.now = story.times[-1] + 60
    source = FakeSource("api", Batch(readings=frame(counts(), story.times, names=NAMES)))
    outcome = await poll(story.store, source, story.clock.at())
    assert outcome.changed == 0
    await review(story.store, story.review_settings, int(story.clock()))
    await story.send()
    assert len(story.chat.log) == before
    assert story.said == []
    assert await story.store.read(outbox.waiting) == []

    # and a forgotten account is gone from it all
    await story.store.write(forgetting.forget, "instagram/mine0", int(story.clock()))
    left = {one.incident.account for one in await story.store.read(incidents.listing)}
    assert "instagram/mine0" not in left
