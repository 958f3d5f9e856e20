"""Who hears what, when, and how often."""

from dataclasses import replace

import pytest

from bot import message
from bot.deliver import Clocks, Courier
from bot.route import News, quiet_end, route
from bot.storage import accounts, alerts, channels, forgetting, incidents, notes, outbox
from bot.storage.accounts import Walls
from bot.storage.channels import Channel, Mute, Subscription
from bot.storage.database import Store
from checks.model import Incident, Notice, Reason, Update
from tests.fakes import DAY, Clock, FakeChat

TEAM, RIVAL = "fake:team", "fake:rival"
WALLS = Walls({TEAM: ("instagram/*",), RIVAL: ("tiktok/*",)})


def incident(account="instagram/a", **more):
    given = {
        "metric": "followers",
        "direction": "down",
        "opened_at": 1_700_000_000,
        "alerted_at": 1_700_000_000,
        "resolved_at": None,
        "last_finding_at": 1_700_000_000,
        "state": "suspected",
        "kind": "unfollow_wave",
        "severity": "warning",
        "confidence": 0.7,
        "change": -900.0,
        "expected": 100.0,
        "level": 50_000.0,
        "score": -20.0,
        "reasons": (),
    } | more
    step = Update(
        at=given["last_finding_at"],
        state=given["state"],
        kind=given["kind"],
        severity=given["severity"],
        confidence=given["confidence"],
    )
    return Incident(account=account, **({"updates": (step,)} | given))


def resolved(one, **more):
    return replace(one, state="resolved", resolved_at=one.opened_at + 3 * DAY, **more)


class Desk:
    def __init__(self, path):
        self.clock = Clock(1_700_000_100)
        self.store = Store.open(path, now=self.clock())
        self.chat = FakeChat({})
        self.courier = Courier(
            self.store,
            {"fake": self.chat},
            voices=message,
            walls=WALLS,
            clocks=Clocks(calendar=self.clock, wall=self.clock, monotonic=self.clock),
            draw=self._no_picture,
            report=self._no_picture,
        )

    async def _no_picture(self, *_):
        return None

    async def channel(self, name="fake:1", space=TEAM, hears=(), **more):
        """A channel with one subscription; `hears` are that subscription's settings."""
        self.chat.linked[name] = space

        def work(db):
            channels.put(db, Channel(channel=name, space=space, **more))
            channels.subscribe(db, Subscription(channel=name, **dict(hears)))

        await self.store.write(work)

    async def tell(self, *changed, first=False, older=None, fresh=None):
        """Stores incidents as one review would, routes and sends."""

        def work(db):
            known = {one.key for one in changed if incidents.find(db, one)}
            stored = [incidents.save(db, one, int(self.clock())) for one in changed]
            new = {one.id for one in stored if one.incident.key not in known}
            news = News(
                changed=frozenset(one.id for one in stored),
                fresh=frozenset(new),
                first=frozenset(new if first else ()),
                older=older,
            )
            route(db, message, WALLS, int(self.clock()), news)
            return stored

        stored = await self.store.write(work)
        await self.courier.pump()
        return stored

    async def tick(self, seconds=0.0):
        """What the service does every minute."""
        self.clock.tick(seconds)
        await self.store.write(route, message, WALLS, int(self.clock()), News())
        await self.courier.pump()

    def titles(self, channel=None):
        return self.chat.titles(channel)


@pytest.fixture
async def desk(tmp_path):
    desk = Desk(tmp_path / "ebbwatch.db")
    yield desk
    desk.store.close()


async def test_an_alert_is_edited_not_repeated(desk):
    await desk.channel()
    await desk.tell(incident())
    await desk.tell(incident(state="confirmed", confidence=0.9))
    await desk.tell(resolved(incident(), closed_as="calm"))
    (shown,) = desk.chat.shown
    assert len(shown.revisions) == 2
    assert shown.message.title.startswith("Over after")


async def test_what_a_reader_cannot_see_is_no_edit(desk):
    await desk.channel()
    await desk.tell(incident())
    await desk.tell(incident(calm_days=1, memory={"judged_at": 5}))
    assert desk.chat.shown[0].revisions == []


async def test_a_repeated_review_says_nothing(desk):
    await desk.channel()
    await desk.tell(incident())
    await desk.tell(incident())
    assert len(desk.chat.log) == 1


async def test_a_space_hears_only_its_own_accounts(desk):
    await desk.channel()
    await desk.channel("fake:2", RIVAL)
    await desk.tell(incident("instagram/a"), incident("tiktok/b"))
    assert ["instagram/a" in title for title in desk.titles("fake:1")] == [True]
    assert ["tiktok/b" in title for title in desk.titles("fake:2")] == [True]


async def test_an_unlinked_space_hears_nothing(desk):
    await desk.channel(space="fake:strangers")
    await desk.tell(incident())
    assert desk.titles() == []


async def test_incident_numbers_count_per_space(desk):
    await desk.channel()
    await desk.channel("fake:2", RIVAL)
    await desk.tell(incident("instagram/a"))
    (stored,) = await desk.tell(incident("tiktok/b"))
    found = await desk.store.read(incidents.by_number, RIVAL, 1)
    assert found.id == stored.id
    assert await desk.store.read(incidents.by_number, RIVAL, 2) is None


@pytest.mark.parametrize(
    ("hears", "heard"),
    [
        ({}, True),
        ({"accounts": ("instagram/b",)}, False),
        ({"accounts": ("#mine",)}, True),
        ({"accounts": ("#other",)}, False),
        ({"kinds": ("purge",)}, False),
        ({"kinds": ("purge", "unfollow_wave")}, True),
        ({"direction": "up"}, False),
        ({"direction": "down"}, True),
        ({"min_severity": "critical"}, False),
        ({"min_severity": "info"}, True),
        ({"min_count": 1000.0}, True),
        ({"min_count": 1001.0}, False),
        ({"min_percent": 2.0}, True),
        ({"min_percent": 2.1}, False),
    ],
)
def test_a_subscription_narrows(hears, heard):
    subscription = Subscription(channel="fake:1", **hears)
    assert subscription.wants(incident(), ("mine",)) is heard


def test_a_percent_floor_says_nothing_about_a_series_without_level():
    subscription = Subscription(channel="fake:1", min_percent=50.0)
    assert subscription.wants(incident(level=float("nan")), ())


def test_a_swing_is_heard_in_either_direction():
    subscription = Subscription(channel="fake:1", direction="up")
    assert subscription.wants(incident(direction="swing"), ())


async def test_a_revision_that_first_meets_the_subscription_is_told(desk):
    await desk.channel(hears={"min_severity": "critical"})
    await desk.tell(incident())
    assert desk.titles() == []
    await desk.tell(incident(severity="critical"))
    assert len(desk.titles()) == 1


async def test_who_was_told_hears_every_edit_whatever_it_becomes(desk):
    await desk.channel(hears={"kinds": ("unfollow_wave",)})
    await desk.tell(incident())
    await desk.tell(incident(kind="purge"))
    assert "Purge" in desk.chat.shown[0].message.title


async def test_many_at_once_become_one_digest_that_names_all(desk):
    await desk.channel(digest_above=5)
    names = [f"instagram/n{n:02}" for n in range(12)]
    await desk.tell(*(incident(name) for name in names))
    (shown,) = desk.chat.shown
    body = shown.message.to_json()
    assert all(name.removeprefix("instagram/") in body for name in names)
    await desk.tell(resolved(incident(names[3]), closed_as="calm"))
    assert len(desk.chat.shown) == 1
    assert len(shown.revisions) == 1


async def test_a_wave_is_one_message_that_lists_only_what_the_channel_may_see(desk):
    await desk.channel()
    await desk.channel("fake:2", RIVAL)
    wave = {"wave": "platform:x|1700000000", "kind": "purge"}
    mine = [incident(f"instagram/n{n}", **wave) for n in range(8)]
    theirs = [incident(f"tiktok/n{n}", **wave) for n in range(3)]
    await desk.tell(*mine, *theirs)
    assert len(desk.titles("fake:1")) == len(desk.titles("fake:2")) == 1
    for channel, own, foreign in (
        ("fake:1", "instagram", "tiktok"),
        ("fake:2", "tiktok", "instagram"),
    ):
        (shown,) = (one for one in desk.chat.shown if one.channel == channel)
        body = shown.message.to_json()
        assert own in body
        assert foreign not in body


async def test_members_that_join_a_wave_edit_its_message(desk):
    await desk.channel()
    wave = {"wave": "platform:x|1700000000", "kind": "purge"}
    await desk.tell(*(incident(f"instagram/n{n}", **wave) for n in range(3)))
    await desk.tell(incident("instagram/late", **wave))
    (shown,) = desk.chat.shown
    assert "instagram/late" in shown.message.to_json()


async def test_members_below_their_floor_are_listed_once_the_wave_is_told(desk):
    await desk.channel(hears={"min_severity": "warning"})
    wave = {"wave": "platform:x|1700000000", "kind": "purge"}
    small = [incident(f"instagram/n{n}", severity="info", **wave) for n in range(3)]
    silent = incident("instagram/silent", severity="info", alerted_at=None, **wave)
    await desk.tell(*small, silent)
    assert desk.titles() == []
    await desk.tell(incident("instagram/big", **wave))
    (shown,) = desk.chat.shown
    body = shown.message.to_json()
    assert all(f"instagram/n{n}" in body for n in range(3))
    assert "instagram/silent" not in body


async def test_quiet_hours_end_in_one_digest(desk):
    desk.clock.set("2023-11-14T22:30:00")
    await desk.channel(quiet="22:00-07:00", timezone="Europe/Vienna")
    await desk.tell(incident("instagram/a"), incident("instagram/b"))
    await desk.tick(3600)
    assert desk.titles() == []
    desk.clock.set("2023-11-15T06:00:30")
    await desk.tick()
    assert len(desk.chat.shown) == 1
    body = desk.chat.shown[0].message.to_json()
    assert "instagram/a" in body
    assert "instagram/b" in body
    await desk.tick(3600)
    assert len(desk.chat.log) == 1


async def test_what_a_wave_named_at_night_is_not_told_again_in_the_morning(desk):
    desk.clock.set("2023-11-14T23:30:00")
    await desk.channel(quiet="22:00-07:00")
    wave = {"wave": "platform:x|1700000000", "kind": "purge"}
    await desk.tell(incident("instagram/a", **wave))
    await desk.tell(incident("instagram/b", severity="critical", **wave))
    desk.clock.set("2023-11-15T08:00:00")
    await desk.tick()
    (shown,) = desk.chat.shown
    assert "instagram/a" in shown.message.to_json()


async def test_critical_alerts_break_the_quiet(desk):
    desk.clock.set("2023-11-14T23:30:00")
    await desk.channel(quiet="22:00-07:00")
    await desk.tell(incident())
    assert desk.titles() == []
    await desk.tell(incident(severity="critical"))
    assert len(desk.titles()) == 1
    desk.clock.set("2023-11-15T08:00:00")
    await desk.tick()
    assert len(desk.titles()) == 1


@pytest.mark.parametrize(
    ("now", "quiet", "end"),
    [
        ("2024-01-10T21:59", "22:00-07:00", None),
        ("2024-01-10T22:00", "22:00-07:00", "2024-01-11T07:00"),
        ("2024-01-10T03:00", "22:00-07:00", "2024-01-10T07:00"),
        ("2024-01-10T07:00", "22:00-07:00", None),
        ("2024-01-10T12:30", "12:00-13:00", "2024-01-10T13:00"),
        ("2024-01-10T13:00", "12:00-13:00", None),
    ],
)
def test_quiet_hours_are_wall_clock_times(now, quiet, end):
    clock = Clock()
    channel = Channel(channel="fake:1", space=TEAM, quiet=quiet)
    expected = None if end is None else Clock().set(end)
    assert quiet_end(channel, clock.set(now)) == expected


async def test_a_mute_ends_by_itself_and_tells_what_is_still_open(desk):
    await desk.channel()
    now = int(desk.clock())
    mute = Mute(space=TEAM, account="instagram/a", until=now + 3600, by="me", at=now)
    await desk.store.write(channels.mute, mute)
    await desk.tell(incident("instagram/a"), incident("instagram/b"))
    assert len(desk.titles()) == 1
    await desk.tick(3601)
    assert len(desk.titles()) == 2
    await desk.tick(3600)
    assert len(desk.chat.log) == 2


async def test_one_alert_after_a_mute_is_an_alert_and_no_digest(desk):
    await desk.channel()
    now = int(desk.clock())
    mute = Mute(space=TEAM, account="instagram/a", until=now + 3600, by="me", at=now)
    await desk.store.write(channels.mute, mute)
    await desk.tell(incident("instagram/a"))
    await desk.tick(3601)
    (shown,) = desk.chat.shown
    assert any(button.command.startswith("ack") for button in shown.message.buttons)


async def test_the_line_about_the_past_waits_for_the_morning(desk):
    desk.clock.set("2023-11-14T23:30:00")
    await desk.channel(quiet="22:00-07:00")
    await desk.tell(older={"instagram/a": 2}, first=True)
    assert desk.titles() == []
    desk.clock.set("2023-11-15T07:00:01")
    await desk.tick()
    assert "2 older" in desk.titles()[0]


async def test_what_ended_under_a_mute_is_not_told_afterwards(desk):
    await desk.channel()
    now = int(desk.clock())
    await desk.store.write(channels.mute, Mute(space=TEAM, until=now + 3600, by="me", at=now))
    await desk.tell(incident())
    await desk.tell(resolved(incident(), closed_as="calm"))
    await desk.tick(3601)
    assert desk.titles() == []


async def test_a_mute_until_worse_ends_when_it_gets_worse(desk):
    await desk.channel()
    now = int(desk.clock())
    mute = Mute(space=TEAM, account="instagram/a", worse_than="warning", by="me", at=now)
    await desk.store.write(channels.mute, mute)
    await desk.tell(incident())
    await desk.tick(30 * DAY)
    assert desk.titles() == []
    await desk.tell(incident(severity="critical"))
    assert len(desk.titles()) == 1


async def test_a_mute_of_another_space_mutes_nothing_here(desk):
    await desk.channel()
    now = int(desk.clock())
    await desk.store.write(channels.mute, Mute(space=RIVAL, until=now + 99, by="me", at=now))
    await desk.tell(incident())
    assert len(desk.titles()) == 1


async def test_a_role_is_mentioned_once_when_it_first_becomes_critical(desk):
    await desk.channel(mention="role:9")
    await desk.tell(incident())
    assert desk.chat.shown[0].message.mention is None
    await desk.tell(incident(severity="critical"))
    await desk.tell(incident(severity="critical", confidence=0.95, state="confirmed"))
    await desk.tell(resolved(incident(severity="critical"), closed_as="calm"))
    pings = [(action, one.mention) for action, _, one in desk.chat.log if one.mention]
    assert pings == [("reply", "role:9")]


async def test_a_critical_alert_mentions_in_its_first_message(desk):
    await desk.channel(mention="role:9")
    await desk.tell(incident(severity="critical"))
    await desk.tell(incident(severity="critical", state="confirmed"))
    pings = [action for action, _, one in desk.chat.log if one.mention]
    assert pings == ["post"]


async def test_a_first_message_replaced_before_it_went_out_still_mentions(desk):
    await desk.channel(mention="role:9")
    desk.chat.linked["fake:1"] = None
    await desk.tell(incident())
    await desk.tell(incident(severity="critical"))
    desk.chat.linked["fake:1"] = TEAM
    await desk.tick(400)
    assert [(action, one.mention) for action, _, one in desk.chat.log] == [("post", "role:9")]


async def test_a_thread_keeps_the_history(desk):
    await desk.channel(thread="also")
    await desk.tell(incident())
    await desk.tell(incident(state="confirmed", confidence=0.9))
    (shown,) = desk.chat.shown
    assert len(shown.replies) == 1
    assert len(shown.revisions) == 1


async def test_thread_only_leaves_one_line_in_the_channel(desk):
    await desk.channel(thread="only")
    await desk.tell(incident())
    await desk.tell(incident(state="confirmed", confidence=0.9))
    (shown,) = desk.chat.shown
    assert shown.message.text == ""
    assert shown.message.title
    assert len(shown.replies) == 2
    assert shown.replies[0].fields


async def test_nobody_is_reminded_once_somebody_took_it_on(desk):
    await desk.channel(remind=3600)
    (stored,) = await desk.tell(incident(severity="critical"))
    await desk.tick(3599)
    assert len(desk.titles()) == 1
    await desk.tick(1)
    await desk.tick(60)
    assert len(desk.titles()) == 2
    await desk.tick(3600)
    assert len(desk.titles()) == 3

    def take(db):
        incidents.acknowledge(db, stored.id, "Ana", int(desk.clock()))
        route(db, message, WALLS, int(desk.clock()), News(changed=frozenset({stored.id})))

    await desk.store.write(take)
    await desk.tick(7200)
    assert len(desk.titles()) == 3
    assert "Ana" in desk.chat.shown[0].message.to_json()


async def test_notices_are_told_once_to_those_who_may_see_them(desk):
    await desk.channel()
    await desk.channel("fake:2", RIVAL)
    await desk.channel("fake:3", hears={"min_severity": "warning"})
    said = Reason(code="milestone", values={"milestone": 100_000, "followers": 100_004})
    notice = Notice(kind="milestone", account="instagram/a", at=1_700_000_000, reasons=(said,))

    def work(db):
        accounts.ensure(db, ["instagram/a"], None, 1)
        notes.note(db, notice, "milestone:instagram/a:100000", int(desk.clock()))

    await desk.store.write(work)
    await desk.tick()
    await desk.store.write(work)
    await desk.tick()
    assert [one.channel for one in desk.chat.shown] == ["fake:1"]


async def test_a_first_import_is_one_digest_and_one_line(desk):
    await desk.channel()
    await desk.tell(incident(), first=True, older={"instagram/a": 4, "tiktok/x": 9})
    (shown,) = desk.chat.shown
    body = shown.message.title + shown.message.text
    assert "instagram/a" in shown.message.to_json()
    assert "4 older" in body


async def test_only_older_ones_are_one_line(desk):
    await desk.channel()
    await desk.tell(older={"instagram/a": 2}, first=True)
    assert "2 older" in desk.titles()[0]


async def test_a_day_of_outage_ends_in_one_message_worst_first(desk):
    await desk.channel(digest_above=1)
    desk.chat.plan = ["late"] * 500
    await desk.tell(incident("instagram/small"))
    for _ in range(30):
        await desk.tick(3600)
    await desk.tell(incident("instagram/big", severity="critical", change=-9000.0))
    desk.chat.plan = []
    await desk.tick(3600)
    await desk.tick(3600)
    (shown,) = desk.chat.shown
    body = shown.message.to_json()
    assert body.index("instagram/big") < body.index("instagram/small")
    await desk.tell(resolved(incident("instagram/small"), closed_as="calm"))
    assert len(desk.chat.shown) == 1
    assert len(shown.revisions) == 1


async def test_what_may_have_arrived_is_not_told_again_after_an_outage(desk):
    await desk.channel()
    desk.chat.plan = ["after"]
    await desk.tell(incident("instagram/a"))
    desk.chat.find_plan = ["late"] * 300
    desk.chat.plan = ["late"] * 300
    await desk.tell(incident("instagram/b"))
    for _ in range(30):
        await desk.tick(3600)
    desk.chat.plan, desk.chat.find_plan = [], []
    for _ in range(3):
        await desk.tick(3600)
    bodies = [one.message.to_json() for one in desk.chat.shown]
    assert [
        sum(name in body for body in bodies) for name in ("instagram/a", "instagram/b")
    ] == [1, 1]


async def test_a_channel_that_comes_back_hears_what_is_still_open(desk):
    await desk.channel()
    await desk.store.write(channels.disable, "fake:1", "gone", 1)
    await desk.tell(incident("instagram/a"), incident("instagram/b"))
    await desk.tell(resolved(incident("instagram/b"), closed_as="calm"))
    await desk.store.write(channels.enable, "fake:1")
    await desk.tick()
    assert len(desk.titles()) == 1
    assert "instagram/a" in desk.chat.shown[0].message.to_json()


async def test_forgetting_an_account_blanks_what_was_sent_of_it(desk):
    await desk.channel()

    def work(db):
        accounts.ensure(db, ["instagram/a"], None, 1)
        for name in ("instagram/a", "instagram/b"):
            said = Reason(code="not_read", values={"days": 4})
            notes.note(db, Notice(kind="stale", account=name, at=1, reasons=(said,)), name, 1)

    await desk.store.write(work)
    await desk.tick()
    assert len(desk.titles()) == 1
    await desk.store.write(forgetting.forget, "instagram/a", int(desk.clock()))
    kept = await desk.store.read(
        lambda db: [row["message"] for row in db.conn.execute("SELECT message FROM deliveries")]
    )
    assert kept == ["{}"]
    await desk.tick(400)
    assert len(desk.titles()) == 1


async def test_forgetting_an_account_takes_its_waiting_words_along(desk):
    await desk.channel()
    desk.chat.linked["fake:1"] = None
    await desk.tell(incident("instagram/a"))
    await desk.store.write(forgetting.forget, "instagram/a", int(desk.clock()))
    desk.chat.linked["fake:1"] = TEAM
    await desk.tick(400)
    assert desk.titles() == []
    assert await desk.store.read(outbox.listing) == []
    rows = await desk.store.read(
        lambda db: db.conn.execute("SELECT shown FROM alerts").fetchall()
    )
    assert all(row[0] is None for row in rows)
    assert await desk.store.read(alerts.held, "fake:1") == {}
