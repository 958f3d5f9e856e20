"""Who hears what, when, and how often."""

from dataclasses import replace

import pytest

from bot import message
from bot.deliver import Clocks, Hooks, OutboxWorker
from bot.route import News, quiet_end, route
from bot.storage import accounts, alerts, channels, forgetting, incidents, notices, outbox
from bot.storage.access import AccessPolicy
from bot.storage.channels import Channel, Mute, Subscription
from bot.storage.database import Store
from bot.storage.incidents import Change
from checks.model import Incident, Notice, Reason, Update
from tests.fakes import DAY, Clock, FakeChat

TEAM, RIVAL = "fake:team", "fake:rival"
WALLS = AccessPolicy({TEAM: ("instagram/*",), RIVAL: ("tiktok/*",)})


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


class Dispatcher:
    def __init__(self, path):
        self.clock = Clock(1_700_000_100)
        self.store = Store.open(path, now=self.clock())
        self.chat = FakeChat({})
        self.worker = OutboxWorker(
            self.store,
            {"fake": self.chat},
            voices=message,
            access=WALLS,
            clocks=Clocks(calendar=self.clock, wall=self.clock, monotonic=self.clock),
            hooks=Hooks(draw=self._no_picture, report=self._no_picture),
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
            known = incidents.stored(db, changed)
            stored = incidents.save(db, [Change(one) for one in changed], int(self.clock()))
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
        await self.worker.pump()
        return stored

    async def tick(self, seconds=0.0):
        """What the service does every minute."""
        self.clock.tick(seconds)
        await self.store.write(route, message, WALLS, int(self.clock()), News())
        await self.worker.pump()

    def titles(self, channel=None):
        return self.chat.titles(channel)


@pytest.fixture
async def dispatcher(tmp_path):
    dispatcher = Dispatcher(tmp_path / "ebbwatch.db")
    yield dispatcher
    dispatcher.store.close()


async def test_an_alert_is_edited_not_repeated(dispatcher):
    await dispatcher.channel()
    await dispatcher.tell(incident())
    await dispatcher.tell(incident(state="confirmed", confidence=0.9))
    await dispatcher.tell(resolved(incident(), closed_as="calm"))
    (shown,) = dispatcher.chat.shown
    assert len(shown.revisions) == 2
    assert ", over after " in shown.message.title


async def test_what_a_reader_cannot_see_is_no_edit(dispatcher):
    await dispatcher.channel()
    await dispatcher.tell(incident())
    await dispatcher.tell(incident(calm_days=1, memory={"judged_at": 5}))
    assert dispatcher.chat.shown[0].revisions == []


async def test_a_repeated_review_says_nothing(dispatcher):
    await dispatcher.channel()
    await dispatcher.tell(incident())
    await dispatcher.tell(incident())
    assert len(dispatcher.chat.log) == 1


async def test_a_space_hears_only_its_own_accounts(dispatcher):
    await dispatcher.channel()
    await dispatcher.channel("fake:2", RIVAL)
    await dispatcher.tell(incident("instagram/a"), incident("tiktok/b"))
    assert ["instagram/a" in title for title in dispatcher.titles("fake:1")] == [True]
    assert ["tiktok/b" in title for title in dispatcher.titles("fake:2")] == [True]


async def test_an_unlinked_space_hears_nothing(dispatcher):
    await dispatcher.channel(space="fake:strangers")
    await dispatcher.tell(incident())
    assert dispatcher.titles() == []


async def test_incident_numbers_count_per_space(dispatcher):
    await dispatcher.channel()
    await dispatcher.channel("fake:2", RIVAL)
    await dispatcher.tell(incident("instagram/a"))
    (stored,) = await dispatcher.tell(incident("tiktok/b"))
    found = await dispatcher.store.read(incidents.by_number, RIVAL, 1)
    assert found.id == stored.id
    assert await dispatcher.store.read(incidents.by_number, RIVAL, 2) is None


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


async def test_a_revision_that_first_meets_the_subscription_is_told(dispatcher):
    await dispatcher.channel(hears={"min_severity": "critical"})
    await dispatcher.tell(incident())
    assert dispatcher.titles() == []
    await dispatcher.tell(incident(severity="critical"))
    assert len(dispatcher.titles()) == 1


async def test_who_was_told_hears_every_edit_whatever_it_becomes(dispatcher):
    await dispatcher.channel(hears={"kinds": ("unfollow_wave",)})
    await dispatcher.tell(incident())
    await dispatcher.tell(incident(kind="purge"))
    assert "Purge" in dispatcher.chat.shown[0].message.text


async def test_many_at_once_become_one_digest_that_names_all(dispatcher):
    await dispatcher.channel(digest_above=5)
    names = [f"instagram/n{n:02}" for n in range(12)]
    await dispatcher.tell(*(incident(name) for name in names))
    (shown,) = dispatcher.chat.shown
    body = shown.message.to_json()
    assert all(name.removeprefix("instagram/") in body for name in names)
    await dispatcher.tell(resolved(incident(names[3]), closed_as="calm"))
    assert len(dispatcher.chat.shown) == 1
    assert len(shown.revisions) == 1


async def test_a_wave_is_one_message_that_lists_only_what_the_channel_may_see(dispatcher):
    await dispatcher.channel()
    await dispatcher.channel("fake:2", RIVAL)
    wave = {"wave": "platform:x|1700000000", "kind": "purge"}
    mine = [incident(f"instagram/n{n}", **wave) for n in range(8)]
    theirs = [incident(f"tiktok/n{n}", **wave) for n in range(3)]
    await dispatcher.tell(*mine, *theirs)
    assert len(dispatcher.titles("fake:1")) == len(dispatcher.titles("fake:2")) == 1
    for channel, own, foreign in (
        ("fake:1", "instagram", "tiktok"),
        ("fake:2", "tiktok", "instagram"),
    ):
        (shown,) = (one for one in dispatcher.chat.shown if one.channel == channel)
        body = shown.message.to_json()
        assert own in body
        assert foreign not in body


async def test_members_that_join_a_wave_edit_its_message(dispatcher):
    await dispatcher.channel()
    wave = {"wave": "platform:x|1700000000", "kind": "purge"}
    await dispatcher.tell(*(incident(f"instagram/n{n}", **wave) for n in range(3)))
    await dispatcher.tell(incident("instagram/late", **wave))
    (shown,) = dispatcher.chat.shown
    assert "instagram/late" in shown.message.to_json()


async def test_members_below_their_floor_are_listed_once_the_wave_is_told(dispatcher):
    await dispatcher.channel(hears={"min_severity": "warning"})
    wave = {"wave": "platform:x|1700000000", "kind": "purge"}
    small = [incident(f"instagram/n{n}", severity="info", **wave) for n in range(3)]
    silent = incident("instagram/silent", severity="info", alerted_at=None, **wave)
    await dispatcher.tell(*small, silent)
    assert dispatcher.titles() == []
    await dispatcher.tell(incident("instagram/big", **wave))
    (shown,) = dispatcher.chat.shown
    body = shown.message.to_json()
    assert all(f"instagram/n{n}" in body for n in range(3))
    assert "instagram/silent" not in body


async def test_quiet_hours_end_in_one_digest(dispatcher):
    dispatcher.clock.set("2023-11-14T22:30:00")
    await dispatcher.channel(quiet="22:00-07:00", timezone="Europe/Vienna")
    await dispatcher.tell(incident("instagram/a"), incident("instagram/b"))
    await dispatcher.tick(3600)
    assert dispatcher.titles() == []
    dispatcher.clock.set("2023-11-15T06:00:30")
    await dispatcher.tick()
    assert len(dispatcher.chat.shown) == 1
    body = dispatcher.chat.shown[0].message.to_json()
    assert "instagram/a" in body
    assert "instagram/b" in body
    await dispatcher.tick(3600)
    assert len(dispatcher.chat.log) == 1


async def test_what_a_wave_named_at_night_is_not_told_again_in_the_morning(dispatcher):
    dispatcher.clock.set("2023-11-14T23:30:00")
    await dispatcher.channel(quiet="22:00-07:00")
    wave = {"wave": "platform:x|1700000000", "kind": "purge"}
    await dispatcher.tell(incident("instagram/a", **wave))
    await dispatcher.tell(incident("instagram/b", severity="critical", **wave))
    dispatcher.clock.set("2023-11-15T08:00:00")
    await dispatcher.tick()
    (shown,) = dispatcher.chat.shown
    assert "instagram/a" in shown.message.to_json()


async def test_critical_alerts_break_the_quiet(dispatcher):
    dispatcher.clock.set("2023-11-14T23:30:00")
    await dispatcher.channel(quiet="22:00-07:00")
    await dispatcher.tell(incident())
    assert dispatcher.titles() == []
    await dispatcher.tell(incident(severity="critical"))
    assert len(dispatcher.titles()) == 1
    dispatcher.clock.set("2023-11-15T08:00:00")
    await dispatcher.tick()
    assert len(dispatcher.titles()) == 1


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


async def test_a_mute_ends_by_itself_and_tells_what_is_still_open(dispatcher):
    await dispatcher.channel()
    now = int(dispatcher.clock())
    mute = Mute(space=TEAM, account="instagram/a", until=now + 3600, by="me", at=now)
    await dispatcher.store.write(channels.mute, mute)
    await dispatcher.tell(incident("instagram/a"), incident("instagram/b"))
    assert len(dispatcher.titles()) == 1
    await dispatcher.tick(3601)
    assert len(dispatcher.titles()) == 2
    await dispatcher.tick(3600)
    assert len(dispatcher.chat.log) == 2


async def test_one_alert_after_a_mute_is_an_alert_and_no_digest(dispatcher):
    await dispatcher.channel()
    now = int(dispatcher.clock())
    mute = Mute(space=TEAM, account="instagram/a", until=now + 3600, by="me", at=now)
    await dispatcher.store.write(channels.mute, mute)
    await dispatcher.tell(incident("instagram/a"))
    await dispatcher.tick(3601)
    (shown,) = dispatcher.chat.shown
    assert any(button.command.startswith("ack") for button in shown.message.buttons)


async def test_the_line_about_the_past_waits_for_the_morning(dispatcher):
    dispatcher.clock.set("2023-11-14T23:30:00")
    await dispatcher.channel(quiet="22:00-07:00")
    await dispatcher.tell(older={"instagram/a": 2}, first=True)
    assert dispatcher.titles() == []
    dispatcher.clock.set("2023-11-15T07:00:01")
    await dispatcher.tick()
    assert "2 older" in dispatcher.titles()[0]


async def test_what_ended_under_a_mute_is_not_told_afterwards(dispatcher):
    await dispatcher.channel()
    now = int(dispatcher.clock())
    await dispatcher.store.write(
        channels.mute, Mute(space=TEAM, until=now + 3600, by="me", at=now)
    )
    await dispatcher.tell(incident())
    await dispatcher.tell(resolved(incident(), closed_as="calm"))
    await dispatcher.tick(3601)
    assert dispatcher.titles() == []


async def test_a_mute_until_worse_ends_when_it_gets_worse(dispatcher):
    await dispatcher.channel()
    now = int(dispatcher.clock())
    mute = Mute(space=TEAM, account="instagram/a", worse_than="warning", by="me", at=now)
    await dispatcher.store.write(channels.mute, mute)
    await dispatcher.tell(incident())
    await dispatcher.tick(30 * DAY)
    assert dispatcher.titles() == []
    await dispatcher.tell(incident(severity="critical"))
    assert len(dispatcher.titles()) == 1


async def test_a_mute_of_another_space_mutes_nothing_here(dispatcher):
    await dispatcher.channel()
    now = int(dispatcher.clock())
    await dispatcher.store.write(
        channels.mute, Mute(space=RIVAL, until=now + 99, by="me", at=now)
    )
    await dispatcher.tell(incident())
    assert len(dispatcher.titles()) == 1


async def test_a_role_is_mentioned_once_when_it_first_becomes_critical(dispatcher):
    await dispatcher.channel(mention="role:9")
    await dispatcher.tell(incident())
    assert dispatcher.chat.shown[0].message.mention is None
    await dispatcher.tell(incident(severity="critical"))
    await dispatcher.tell(incident(severity="critical", confidence=0.95, state="confirmed"))
    await dispatcher.tell(resolved(incident(severity="critical"), closed_as="calm"))
    pings = [(action, one.mention) for action, _, one in dispatcher.chat.log if one.mention]
    assert pings == [("reply", "role:9")]


async def test_a_critical_alert_mentions_in_its_first_message(dispatcher):
    await dispatcher.channel(mention="role:9")
    await dispatcher.tell(incident(severity="critical"))
    await dispatcher.tell(incident(severity="critical", state="confirmed"))
    pings = [action for action, _, one in dispatcher.chat.log if one.mention]
    assert pings == ["post"]


async def test_a_first_message_replaced_before_it_went_out_still_mentions(dispatcher):
    await dispatcher.channel(mention="role:9")
    dispatcher.chat.linked["fake:1"] = None
    await dispatcher.tell(incident())
    await dispatcher.tell(incident(severity="critical"))
    dispatcher.chat.linked["fake:1"] = TEAM
    await dispatcher.tick(400)
    assert [(action, one.mention) for action, _, one in dispatcher.chat.log] == [
        ("post", "role:9")
    ]


async def test_a_thread_keeps_the_history(dispatcher):
    await dispatcher.channel(thread="also")
    await dispatcher.tell(incident())
    await dispatcher.tell(incident(state="confirmed", confidence=0.9))
    (shown,) = dispatcher.chat.shown
    assert len(shown.replies) == 1
    assert len(shown.revisions) == 1


async def test_thread_only_leaves_one_line_in_the_channel(dispatcher):
    await dispatcher.channel(thread="only")
    await dispatcher.tell(incident())
    await dispatcher.tell(incident(state="confirmed", confidence=0.9))
    (shown,) = dispatcher.chat.shown
    assert shown.message.text == ""
    assert shown.message.title
    assert len(shown.replies) == 2
    assert "expected" in shown.replies[0].text


async def test_a_thread_says_a_thing_once(dispatcher):
    await dispatcher.channel(thread="also")
    await dispatcher.tell(incident())
    for confidence in (0.90, 0.901, 0.902):
        await dispatcher.tell(incident(state="confirmed", confidence=confidence))
    (shown,) = dispatcher.chat.shown
    told = [one.text for one in shown.replies]
    assert len(told) == len(set(told))


async def test_nobody_is_reminded_once_somebody_took_it_on(dispatcher):
    await dispatcher.channel(remind=3600)
    (stored,) = await dispatcher.tell(incident(severity="critical"))
    await dispatcher.tick(3599)
    assert len(dispatcher.titles()) == 1
    await dispatcher.tick(1)
    await dispatcher.tick(60)
    assert len(dispatcher.titles()) == 2
    await dispatcher.tick(3600)
    assert len(dispatcher.titles()) == 3

    def take(db):
        incidents.acknowledge(db, stored.id, "Ana", int(dispatcher.clock()))
        route(db, message, WALLS, int(dispatcher.clock()), News(changed=frozenset({stored.id})))

    await dispatcher.store.write(take)
    await dispatcher.tick(7200)
    assert len(dispatcher.titles()) == 3
    assert "Ana" in dispatcher.chat.shown[0].message.to_json()


async def test_notices_are_told_once_to_those_who_may_see_them(dispatcher):
    await dispatcher.channel()
    await dispatcher.channel("fake:2", RIVAL)
    await dispatcher.channel("fake:3", hears={"min_severity": "warning"})
    said = Reason(code="milestone", values={"milestone": 100_000, "followers": 100_004})
    notice = Notice(kind="milestone", account="instagram/a", at=1_700_000_000, reasons=(said,))

    def work(db):
        accounts.ensure(db, ["instagram/a"], None, 1)
        notices.add(db, notice, "milestone:instagram/a:100000", int(dispatcher.clock()))

    await dispatcher.store.write(work)
    await dispatcher.tick()
    await dispatcher.store.write(work)
    await dispatcher.tick()
    assert [one.channel for one in dispatcher.chat.shown] == ["fake:1"]


async def test_a_first_import_is_one_digest_and_one_line(dispatcher):
    await dispatcher.channel()
    await dispatcher.tell(incident(), first=True, older={"instagram/a": 4, "tiktok/x": 9})
    (shown,) = dispatcher.chat.shown
    body = shown.message.title + shown.message.text
    assert "instagram/a" in shown.message.to_json()
    assert "4 older" in body


async def test_only_older_ones_are_one_line(dispatcher):
    await dispatcher.channel()
    await dispatcher.tell(older={"instagram/a": 2}, first=True)
    assert "2 older" in dispatcher.titles()[0]


async def test_a_day_of_outage_ends_in_one_message_worst_first(dispatcher):
    await dispatcher.channel(digest_above=1)
    dispatcher.chat.plan = ["late"] * 500
    await dispatcher.tell(incident("instagram/small"))
    for _ in range(30):
        await dispatcher.tick(3600)
    await dispatcher.tell(incident("instagram/big", severity="critical", change=-9000.0))
    dispatcher.chat.plan = []
    await dispatcher.tick(3600)
    await dispatcher.tick(3600)
    (shown,) = dispatcher.chat.shown
    body = shown.message.to_json()
    assert body.index("instagram/big") < body.index("instagram/small")
    await dispatcher.tell(resolved(incident("instagram/small"), closed_as="calm"))
    assert len(dispatcher.chat.shown) == 1
    assert len(shown.revisions) == 1


async def test_what_may_have_arrived_is_not_told_again_after_an_outage(dispatcher):
    await dispatcher.channel()
    dispatcher.chat.plan = ["after"]
    await dispatcher.tell(incident("instagram/a"))
    dispatcher.chat.find_plan = ["late"] * 300
    dispatcher.chat.plan = ["late"] * 300
    await dispatcher.tell(incident("instagram/b"))
    for _ in range(30):
        await dispatcher.tick(3600)
    dispatcher.chat.plan, dispatcher.chat.find_plan = [], []
    for _ in range(3):
        await dispatcher.tick(3600)
    bodies = [one.message.to_json() for one in dispatcher.chat.shown]
    assert [
        sum(name in body for body in bodies) for name in ("instagram/a", "instagram/b")
    ] == [1, 1]


async def test_a_channel_that_comes_back_hears_what_is_still_open(dispatcher):
    await dispatcher.channel()
    await dispatcher.store.write(channels.disable, "fake:1", "gone", 1)
    await dispatcher.tell(incident("instagram/a"), incident("instagram/b"))
    await dispatcher.tell(resolved(incident("instagram/b"), closed_as="calm"))
    await dispatcher.store.write(channels.enable, "fake:1")
    await dispatcher.tick()
    assert len(dispatcher.titles()) == 1
    assert "instagram/a" in dispatcher.chat.shown[0].message.to_json()


async def test_forgetting_an_account_blanks_what_was_sent_of_it(dispatcher):
    await dispatcher.channel()

    def work(db):
        accounts.ensure(db, ["instagram/a"], None, 1)
        for name in ("instagram/a", "instagram/b"):
            said = Reason(code="not_read", values={"days": 4})
            notices.add(db, Notice(kind="stale", account=name, at=1, reasons=(said,)), name, 1)

    await dispatcher.store.write(work)
    await dispatcher.tick()
    assert len(dispatcher.titles()) == 1
    await dispatcher.store.write(forgetting.forget, "instagram/a", int(dispatcher.clock()))
    kept = await dispatcher.store.read(
        lambda db: [row["message"] for row in db.conn.execute("SELECT message FROM deliveries")]
    )
    assert kept == ["{}"]
    await dispatcher.tick(400)
    assert len(dispatcher.titles()) == 1


async def test_forgetting_an_account_takes_its_waiting_words_along(dispatcher):
    await dispatcher.channel()
    dispatcher.chat.linked["fake:1"] = None
    await dispatcher.tell(incident("instagram/a"))
    await dispatcher.store.write(forgetting.forget, "instagram/a", int(dispatcher.clock()))
    dispatcher.chat.linked["fake:1"] = TEAM
    await dispatcher.tick(400)
    assert dispatcher.titles() == []
    assert await dispatcher.store.read(outbox.listing) == []
    rows = await dispatcher.store.read(
        lambda db: db.conn.execute("SELECT shown FROM alerts").fetchall()
    )
    assert all(row[0] is None for row in rows)
    assert await dispatcher.store.read(alerts.held, "fake:1") == {}


# --- channels whose space nobody knows yet --------------------------------------------------


async def linked(dispatcher, name="fake:1", space=TEAM):
    """The platform is there again and tells where the channel lies."""
    await dispatcher.store.write(channels.set_space, name, space)
    await dispatcher.tick(60)


async def test_what_fell_due_before_a_space_was_known_is_told_then(dispatcher):
    await dispatcher.channel(space="", thread="no")
    dispatcher.chat.linked["fake:1"] = TEAM
    await dispatcher.tell(incident(), incident("tiktok/theirs"))
    assert dispatcher.titles() == []
    await linked(dispatcher)
    [title] = dispatcher.titles()
    assert "instagram/a" in title
    await dispatcher.tick(60)
    assert len(dispatcher.titles()) == 1


async def test_what_began_and_ended_before_a_space_was_known_is_told_as_over(dispatcher):
    await dispatcher.channel(space="")
    dispatcher.chat.linked["fake:1"] = TEAM
    await dispatcher.tell(incident())
    await dispatcher.tell(resolved(incident()))
    await linked(dispatcher)
    [shown] = dispatcher.chat.shown
    assert shown.message.over


async def test_an_alert_that_changed_while_the_space_was_forgotten_is_edited_later(dispatcher):
    await dispatcher.channel()
    await dispatcher.tell(incident())
    await dispatcher.store.write(channels.set_space, "fake:1", "")
    await dispatcher.tell(resolved(incident()))
    await linked(dispatcher)
    [shown] = dispatcher.chat.shown
    assert shown.message.over


async def test_a_notice_waits_for_the_space_too(dispatcher):
    await dispatcher.channel(space="")
    dispatcher.chat.linked["fake:1"] = TEAM
    note = Notice(kind="milestone", account="instagram/a", at=1_700_000_000, reasons=())
    theirs = Notice(kind="milestone", account="tiktok/theirs", at=1_700_000_000, reasons=())
    await dispatcher.tell(incident())
    await dispatcher.store.write(notices.add, note, "m:1", 1_700_000_000)
    await dispatcher.store.write(notices.add, theirs, "m:2", 1_700_000_000)
    await dispatcher.tick(60)
    await linked(dispatcher)
    told = [title for title in dispatcher.titles() if "Milestone" in title]
    assert len(told) == 1
    assert "instagram/a" in told[0]
