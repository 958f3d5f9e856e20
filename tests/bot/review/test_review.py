"""From stored readings to incidents and messages, whenever the readings come."""

import asyncio
from dataclasses import replace

import numpy as np
import pytest

from bot import message
from bot.deliver import Clocks, Hooks, OutboxWorker
from bot.ingest.poll import Outcome, store_batch
from bot.model.source import Batch
from bot.review import ReviewSettings, forget, pending, review
from bot.review.peers import events_behind, walled
from bot.review.pending import CHUNK
from bot.storage import (
    accounts,
    alerts,
    channels,
    days,
    events,
    incidents,
    notices,
    readings,
    sources,
)
from bot.storage.access import AccessPolicy
from bot.storage.channels import Channel, Subscription
from bot.storage.database import Store
from bot.storage.incidents import Change
from checks.judge import judgements
from checks.model import Event, Incident
from checks.panel.build import Readings, build_panel
from checks.panel.panel import LOOKBACK
from checks.replay import incidents_of, replay
from checks.rules import rules_for
from tests.fakes import DAY, Clock, FakeChat, calm, ends, frame

CHANNEL = "console:main"
RULES = rules_for("balanced")
EXAMPLE = Incident(
    account="",
    metric="followers",
    direction="down",
    opened_at=0,
    alerted_at=0,
    resolved_at=1,
    last_finding_at=0,
    state="resolved",
    kind="unexplained_drop",
    severity="warning",
    confidence=0.5,
    change=-100.0,
    expected=0.0,
    level=50_000.0,
    score=-9.0,
    reasons=(),
    closed_as="calm",
)


class Service:
    """Everything between a batch of readings and the messages it leads to."""

    def __init__(self, path, **review_settings):
        self.clock = Clock(1_700_000_000)
        self.store = Store.open(path, now=self.clock())
        self.chat = FakeChat({CHANNEL: "console"}, "console")
        self.review_settings = ReviewSettings(
            rules=RULES, voices=message, **({"access": AccessPolicy({})} | review_settings)
        )
        self.worker = OutboxWorker(
            self.store,
            {"console": self.chat},
            voices=message,
            access=self.review_settings.access,
            clocks=Clocks(calendar=self.clock, wall=self.clock, monotonic=self.clock),
            hooks=Hooks(draw=self._nothing, report=self._nothing),
        )

    async def _nothing(self, *_):
        return None

    async def start(self):
        def work(db):
            channels.put(db, Channel(channel=CHANNEL, space="console"))
            channels.subscribe(db, Subscription(channel=CHANNEL, min_severity="warning"))

        await self.store.write(work)

    async def arrive(self, table, source="files", priority=1):
        """A batch comes in now; it is stored, reviewed and told."""

        def row(db):
            return sources.ensure(db, source, priority).id

        id = await self.store.write(row)
        now = int(self.clock())
        await store_batch(self.store, id, Batch(readings=table), now, Outcome(source=source))
        return await self.look()

    async def look(self):
        done = await review(self.store, self.review_settings, int(self.clock()))
        await self.worker.pump()
        return done

    async def incidents(self):
        return [one.incident for one in await self.store.read(incidents.listing)]


@pytest.fixture
async def service(tmp_path):
    service = Service(tmp_path / "ebbwatch.db")
    await service.start()
    yield service
    service.store.close()


def world(clock, days_=60, accounts_=40):
    """Calm counts and the moments they were read, the last one an hour ago."""
    return calm(accounts_, days_), ends(clock() - 3600, days_)


def purge(counts, day, rows=slice(0, 20), share=0.06):
    """Takes a share of the followers of many accounts away for good."""
    counts = counts.copy()
    counts[rows, day:] -= (share * counts[rows, day - 1 : day]).round()
    return counts


async def feed(service, counts, times, first, last):
    """Day by day, as a source that is polled daily gives it."""
    for day in range(first, last):
        service.clock.now = times[day] + 3600
        await service.arrive(frame(counts[:, : day + 1][:, -1:], times[day : day + 1]))


async def eve_of_a_purge(service, stored=True):
    """59 calm days are judged; the row of the source that gives a last one, with a purge, and
    that day's counts, which wait to be judged where they are `stored`."""
    counts, times = world(service.clock)
    counts = purge(counts, 59)
    service.clock.now = times[58] + 3600
    await service.arrive(frame(counts[:, :59], times[:59]))
    service.clock.now = times[59] + 3600
    row = await service.store.read(sources.get, "files")
    table = frame(counts[:, 59:], times[59:])
    if stored:
        await service.store.write(readings.add, row.id, table, int(service.clock()))
    return row, table


async def test_a_purge_is_one_message_for_all_its_accounts(service):
    counts, times = world(service.clock)
    counts = purge(counts, 57)
    service.clock.now = times[55] + 3600
    await service.arrive(frame(counts[:, :56], times[:56]))
    assert service.chat.titles() == []
    await feed(service, counts, times, 56, 60)
    (shown,) = service.chat.shown
    assert "Purge" in shown.message.text
    hit = {f"instagram/a{n}" for n in range(20)}
    assert {one.account for one in await service.incidents() if one.kind == "purge"} >= hit
    assert len(await service.store.read(alerts.told, CHANNEL, range(1, 100))) >= 20


async def test_a_review_in_parts_says_what_one_of_the_whole_says(tmp_path, monkeypatch):
    """The import of the past, a purge and the days after it, in parts of one to 40 accounts."""
    found = []
    for size in (10**9, 1_000, 200):
        monkeypatch.setattr(pending, "PART_CELLS", size)
        service = Service(tmp_path / f"{size}.db")
        await service.start()
        counts, times = world(service.clock)
        counts = purge(counts, 57)
        service.clock.now = times[55] + 3600
        await service.arrive(frame(counts[:, :56], times[:56]))
        await feed(service, counts, times, 56, 60)
        told = await service.incidents()
        found.append(sorted(map(repr, told)))
        service.store.close()
    assert len(found[0]) >= 20
    assert found[0] == found[1] == found[2]


async def test_a_weekly_file_with_a_purge_on_day_three_alerts(service):
    counts, times = world(service.clock)
    counts = purge(counts, 55)
    service.clock.now = times[52] + 3600
    await service.arrive(frame(counts[:, :53], times[:53]))
    service.clock.now = times[59] + 3600
    await service.arrive(frame(counts[:, 53:], times[53:]))
    (shown,) = service.chat.shown
    assert "Purge" in shown.message.to_json()
    assert "seen" in shown.message.text
    before = len(service.chat.log)
    await service.arrive(frame(counts[:, 53:], times[53:]))
    await service.arrive(frame(counts, times))
    assert len(service.chat.log) == before


async def test_two_years_at_once_are_one_digest_and_one_line(service):
    counts, times = world(service.clock, days_=2 * CHUNK + 300, accounts_=30)
    counts = purge(counts, 200, slice(0, 1), 0.2)
    counts = purge(counts, 400, slice(1, 2), 0.2)
    counts = purge(counts, len(times) - 1, slice(2, 3), 0.2)
    await service.arrive(frame(counts, times))
    (shown,) = service.chat.shown
    text = shown.message.to_json()
    assert "instagram/a2" in text
    assert "2 older incidents" in text
    assert {one.account for one in await service.incidents()} == {
        "instagram/a0",
        "instagram/a1",
        "instagram/a2",
    }
    await service.arrive(frame(counts, times))
    assert len(service.chat.log) == 1


async def test_what_fell_and_came_back_within_one_batch_is_only_recorded(service):
    counts, times = world(service.clock)
    service.clock.now = times[52] + 3600
    await service.arrive(frame(counts[:, :53], times[:53]))
    counts[0, 55] -= 20_000
    service.clock.now = times[59] + 3600
    await service.arrive(frame(counts[:, 53:], times[53:]))
    assert service.chat.titles() == []
    (stored,) = await service.store.read(incidents.listing)
    assert (stored.incident.kind, stored.silent) == ("glitch", "returned")


async def test_old_news_is_one_line(service):
    counts, times = world(service.clock)
    counts = purge(counts, 30, slice(0, 1), 0.2)
    await service.arrive(frame(counts[:, :20], times[:20]))
    assert service.chat.titles() == []
    await service.arrive(frame(counts[:, 20:], times[20:]))
    assert ["1 older" in one for one in service.chat.titles()] == [True]


async def test_a_service_fed_day_by_day_finds_what_a_replay_finds(service):
    counts, times = world(service.clock, days_=72, accounts_=24)
    counts = purge(counts, 56, slice(0, 12))
    counts[20, 60:] += 9000
    counts[22, 64] -= 15_000
    first = 50
    service.clock.now = times[first - 1]
    await service.arrive(frame(counts[:, :first], times[:first]))
    for day in range(first, 72):
        service.clock.now = times[day]
        await service.arrive(frame(counts[:, day : day + 1], times[day : day + 1]))
    names = [f"instagram/a{n}" for n in range(24)]
    rows, columns = np.divmod(np.arange(counts.size), counts.shape[1])
    panel = build_panel(
        Readings(names, rows, np.array(times)[columns], {"followers": counts.ravel()}),
        now=times[-1],
        timezone="UTC",
        days=72,
        with_read_at=True,
    )
    decisions = replay(panel, RULES, columns=np.arange(first - 1, 72))
    expected = [one for one in incidents_of(decisions) if one.alerted_at is not None]
    found = sorted(await service.incidents(), key=lambda one: (one.opened_at, one.key))
    assert len(expected) >= 14
    assert [one.key for one in found] == [one.key for one in expected]
    for mine, other in zip(found, expected, strict=True):
        assert (mine.kind, mine.state, mine.alerted_at, mine.resolved_at, mine.updates) == (
            other.kind,
            other.state,
            other.alerted_at,
            other.resolved_at,
            other.updates,
        )


async def test_a_file_that_comes_weekly_finds_what_daily_ones_find(service, tmp_path):
    """Each day-column that new readings touch is judged, in time order."""
    counts, times = world(service.clock, days_=72, accounts_=24)
    counts = purge(counts, 56, slice(0, 12))
    counts[20, 64:] += 9000
    daily = Service(tmp_path / "daily.db")
    await daily.start()
    for each in (service, daily):
        each.clock.now = times[53]
        await each.arrive(frame(counts[:, :54], times[:54]))
    for day in range(54, 72):
        daily.clock.now = times[day]
        await daily.arrive(frame(counts[:, day : day + 1], times[day : day + 1]))
    for day in range(54, 72, 6):
        service.clock.now = times[day + 5]
        await service.arrive(frame(counts[:, day : day + 6], times[day : day + 6]))
    assert [one.key for one in await service.incidents()] == [
        one.key for one in await daily.incidents()
    ]
    assert [one.alerted_at for one in await service.incidents()] == [
        one.alerted_at for one in await daily.incidents()
    ]
    daily.store.close()


async def test_a_correction_at_the_source_takes_the_alert_back(service):
    counts, times = world(service.clock)
    service.clock.now = times[57] + 3600
    await service.arrive(frame(counts[:, :58], times[:58]))
    wrong = counts.copy()
    wrong[0, 58] -= 20_000
    service.clock.now = times[58] + 3600
    await service.arrive(frame(wrong[:, 58:59], times[58:59]))
    (shown,) = service.chat.shown
    assert "instagram/a0" in shown.message.title
    service.clock.tick(1800)
    await service.arrive(frame(counts[:, 58:59], times[58:59]))
    assert len(service.chat.shown) == 1
    assert "orrected" in shown.message.to_json()
    (stored,) = await service.store.read(incidents.listing)
    assert (stored.incident.kind, stored.incident.closed_as) == ("glitch", "corrected")


async def test_a_missing_day_is_held_and_no_calm(service):
    counts, times = world(service.clock)
    counts = purge(counts, 50, slice(0, 1), 0.2)
    service.clock.now = times[50] + 3600
    await service.arrive(frame(counts[:, :50], times[:50]))
    await service.arrive(frame(counts[:, 50:51], times[50:51]))
    for _ in range(5):
        service.clock.tick(DAY)
        await service.look()
    (one,) = await service.incidents()
    assert one.open
    for _ in range(12):
        service.clock.tick(DAY)
        await service.look()
    (one,) = await service.incidents()
    assert one.closed_as == "no_more_data"


async def test_a_review_that_fails_to_write_is_repeated_whole(service, monkeypatch):
    _, table = await eve_of_a_purge(service, stored=False)
    with monkeypatch.context() as patch:
        patch.setattr("bot.review.route", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            await service.arrive(table)
    assert await service.incidents() == []
    assert await service.store.read(days.pending)
    await service.look()
    assert len(service.chat.shown) == 1
    assert await service.store.read(days.pending) == []


async def test_what_arrives_while_judging_is_judged_next(service):
    row, table = await eve_of_a_purge(service, stored=False)

    def meanwhile(panel, rules, **more):
        loop.call_soon_threadsafe(
            lambda: loop.create_task(
                service.store.write(readings.add, row.id, table, int(service.clock()))
            ).add_done_callback(lambda _: done.set())
        )
        asyncio.run_coroutine_threadsafe(done.wait(), loop).result(timeout=10)
        return judgements(panel, rules, **more)

    loop, done = asyncio.get_running_loop(), asyncio.Event()
    await review(
        service.store, replace(service.review_settings, judge=meanwhile), int(service.clock())
    )
    assert await service.incidents() == []
    await service.look()
    assert len(service.chat.shown) == 1


async def test_what_is_forgotten_while_a_review_judges_it_stays_forgotten(service):
    await eve_of_a_purge(service)
    now = int(service.clock())

    def meanwhile(panel, rules, **more):
        if "instagram/a0" in panel.row:
            asyncio.run_coroutine_threadsafe(
                service.store.write(forget, "instagram/a0", now), loop
            ).result(timeout=10)
        return judgements(panel, rules, **more)

    loop = asyncio.get_running_loop()
    await review(service.store, replace(service.review_settings, judge=meanwhile), now)
    hit = {one.account for one in await service.incidents()}
    assert len(hit) >= 10
    assert "instagram/a0" not in hit


async def test_a_review_that_another_program_overtook_starts_over(service):
    await eve_of_a_purge(service)
    now = int(service.clock())
    other = Store.open(service.store.path, now=now)
    loop, calls = asyncio.get_running_loop(), []

    def overtaken(panel, rules, **more):
        calls.append(len(calls))
        if len(calls) == 1:
            work = review(other, service.review_settings, now)
            asyncio.run_coroutine_threadsafe(work, loop).result(timeout=20)
        return judgements(panel, rules, **more)

    done = await review(service.store, replace(service.review_settings, judge=overtaken), now)
    other.close()
    assert len(calls) == 2
    assert (done.opened, done.queued) == (0, 0)
    await service.worker.pump()
    assert len(service.chat.shown) == 1


async def test_reviews_at_the_same_time_say_everything_once(service):
    await eve_of_a_purge(service)
    now = int(service.clock())
    await asyncio.gather(
        *(review(service.store, service.review_settings, now - n) for n in range(3))
    )
    await service.worker.pump()
    assert len(service.chat.log) == 1


async def test_a_clock_set_back_takes_nothing_back(service):
    counts, times = world(service.clock)
    counts = purge(counts, 59)
    await service.arrive(frame(counts[:, :59], times[:59]))
    service.clock.now = times[59] + 3600
    await service.arrive(frame(counts[:, 59:], times[59:]))
    service.clock.tick(-7200)
    await service.look()
    assert {one.state for one in await service.incidents()} == {"suspected"}


async def test_feedback_moves_the_floor(service):
    """Enough words that nobody needed the alarm, and the next small one stays quiet."""
    counts, times = world(service.clock)
    counts = purge(counts, 57, slice(0, 1), 0.02)
    service.clock.now = times[56] + 3600
    await service.arrive(frame(counts[:, :57], times[:57]))

    def complain(db):
        (noise,) = incidents.save(
            db,
            [Change(replace(EXAMPLE, account="instagram/a0", opened_at=times[10]), "older")],
            times[10],
        )
        for n in range(5):
            incidents.give_feedback(db, noise.id, "false", f"s{n}", "me", times[10])

    await service.store.write(complain)
    service.clock.now = times[57] + 3600
    await service.arrive(frame(counts[:, 57:58], times[57:58]))
    assert service.chat.titles() == []


async def test_stale_and_ended_accounts_are_noticed_once(service):
    await service.store.write(
        channels.subscribe, Subscription(channel=CHANNEL, min_severity="info")
    )
    counts, times = world(service.clock, accounts_=3)
    await service.arrive(frame(counts, times))
    assert service.chat.titles() == []
    service.clock.tick(5 * DAY)
    await service.store.write(accounts.set_status, "instagram/a1", "gone", int(service.clock()))
    await service.look()
    await service.look()
    rows = await service.store.read(notices.listing, 0)
    assert sorted((row["kind"], row["account"]) for row in rows) == [
        ("account_gone", "instagram/a1"),
        ("stale", "instagram/a0"),
        ("stale", "instagram/a2"),
    ]
    assert len(service.chat.shown) == 1


async def test_a_source_that_fell_silent_is_told_by_its_name(service):
    await service.store.write(channels.subscribe, Subscription(channel=CHANNEL))
    counts, times = world(service.clock, accounts_=12)
    await service.arrive(frame(counts, times), source="weekly exports")
    service.clock.tick(5 * DAY)
    await service.look()
    (shown,) = service.chat.shown
    assert shown.message.title == "No news · weekly exports"
    assert "12 accounts: " in shown.message.text
    assert "instagram/a0" in shown.message.text
    assert "9 more" in shown.message.text


async def test_two_sources_that_disagree_are_a_notice(service):
    counts, times = world(service.clock, accounts_=1)
    await service.arrive(frame(counts, times))
    service.clock.tick(6 * 3600)
    await service.arrive(frame(counts[:, -4:] * 1.1, times[-4:]), source="other", priority=2)
    rows = await service.store.read(notices.listing, 0)
    assert [(row["kind"], row["account"]) for row in rows] == [("source_fault", "instagram/a0")]


PANEL = {"values": {"followers": np.ones(1)}, "now": 1_700_000_000, "timezone": "UTC"}


def groups(access, names, tags=None):
    panel = build_panel(
        Readings(names, np.zeros(1, np.int64), np.array([1_700_000_000]), PANEL["values"]),
        now=1_700_000_000,
        timezone="UTC",
        days=LOOKBACK,
        tags=tags or {},
    )
    found = walled(panel.accounts, tags or {}, AccessPolicy(access))
    return {name: [names[row] for row in rows] for name, rows in found.items()}


def test_peers_are_cut_at_the_wall():
    names = ["x/a1", "x/a2", "x/b1"]
    found = groups({"s:a": ("x/a*",), "s:b": ("x/b*",)}, names)
    assert found == {"platform:x@1": ["x/a1", "x/a2"], "platform:x@2": ["x/b1"]}


def test_a_shared_account_has_peers_that_all_its_teams_may_see():
    found = groups(
        {"s:a": ("x/a*", "x/both"), "s:b": ("x/b*", "x/both")}, ["x/a1", "x/both", "x/b1"]
    )
    assert sorted(found.values()) == [["x/a1"], ["x/b1"], ["x/both"]]


def test_without_walls_all_are_peers():
    assert groups({}, ["x/a", "x/b"]) == {"platform:x": ["x/a", "x/b"]}


def test_a_group_inside_one_team_stays_whole():
    assert groups({"s:a": ("*",)}, ["x/a", "x/b"]) == {"platform:x": ["x/a", "x/b"]}


def test_peers_of_many_teams_count_as_a_share():
    names = [f"x/{team}{n}" for team in "abc" for n in range(7)]
    access = {f"s:{team}": (f"x/{team}*",) for team in "abc"}
    assert list(groups(access, names)) == ["platform:x@*"]
    assert list(groups(access, names[:19])) == ["platform:x@1", "platform:x@2", "platform:x@3"]
    assert list(groups({k: access[k] for k in ("s:a", "s:b")}, names)) != ["platform:x@*"]


def test_an_event_is_evidence_only_where_its_team_alone_sees_the_account():
    access = AccessPolicy({"s:a": ("x/a*", "x/both"), "s:b": ("x/b*", "x/both")})
    launch = Event(name="secret launch", kind="campaign", start=0, end=1)
    ban = Event(name="ban", kind="deadline", start=0, end=1, platform="x")
    noted = [
        events.NotedEvent(id=1, event=launch, space="s:a", origin="chat", by="Ana"),
        events.NotedEvent(id=2, event=ban, space=None, origin="config", by=None),
    ]
    tags = dict.fromkeys(["x/a1", "x/a2", "x/b1", "x/both", "y/a1"], ())
    found = [(one.name, one.account) for one in events_behind(access, noted, tags)]
    assert found == [("secret launch", "x/a1"), ("secret launch", "x/a2"), ("ban", None)]
    assert list(events_behind(AccessPolicy({}), noted, tags)) == [launch, ban]


async def test_a_new_account_with_a_long_past_costs_the_others_nothing(service):
    """Days that nobody is told about are judged among the few accounts that are new."""
    counts, times = world(service.clock, days_=150, accounts_=30)
    counts = purge(counts, 60, slice(29, 30), 0.2)
    names = [f"instagram/a{n}" for n in range(30)]
    await service.arrive(frame(counts[:29], times, names=names[:29]))
    widths = []

    def spy(panel, rules, **more):
        widths.append((len(panel.accounts), len(more["columns"])))
        return judgements(panel, rules, **more)

    service.review_settings = replace(service.review_settings, judge=spy)
    await service.arrive(frame(counts[29:], times, names=names[29:]))
    assert widths == [(1, 119), (30, 31)]
    assert [one.account for one in await service.incidents()] == ["instagram/a29"]
    assert "1 older" in service.chat.titles()[0]
