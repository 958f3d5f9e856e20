"""What commands answer and what they change, on a real database."""

import dataclasses
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
import pytest_asyncio
from sqlite_utils import Database

from bot.commands.dispatch import CommandDispatcher
from bot.commands.summary import due_summary
from bot.errors import SourceUnavailable, StorageError
from bot.model.command import Attachment
from bot.model.inline import plain
from bot.model.message import Message
from bot.storage import (
    accounts,
    audit,
    channels,
    events,
    forgetting,
    incidents,
    notices,
    readings,
    sources,
)
from bot.storage.channels import Channel, Subscription
from bot.storage.incidents import Change
from checks.model import Event, Notice
from checks.reasons import reason
from tests.bot.cases import messages
from tests.bot.team import (
    DAY,
    NOW,
    ONE,
    OURS,
    THEIRS,
    TWO,
    Team,
    console,
    counts,
    incident,
    person,
    two_teams,
)

MANAGER = person(manager=True)


@pytest_asyncio.fixture
async def team(tmp_path: Path) -> AsyncIterator[Team]:
    async with two_teams(tmp_path) as made:
        yield made


def field(shown: Message, name: str) -> str:
    return next(each.value for each in shown.fields if each.name == name)


async def test_status_of_everything_and_of_one_account(team: Team) -> None:
    shown = await team.ask(person(), "status")
    assert shown.title == "3 accounts, 2 open incidents"
    assert "2 accounts (Instagram): " in shown.text
    one = await team.ask(person(), "status @Lena tiktok".replace("@Lena tiktok", "tiktok/LENA"))
    assert one.title.startswith("tiktok/lena: ")
    assert "+" in field(one, "7 days")
    assert len(one.text) == 30


async def test_nothing_read_is_never_all_calm(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await team.ask(person(TWO), "status")).title == "2 accounts, 2 open incidents"
    await team.store.write(lambda db: db.conn.execute("UPDATE incidents SET resolved_at = 1"))
    assert (await team.ask(person(), "status")).title == "3 accounts, all calm"
    later(team, monkeypatch, days=9)
    assert (await team.ask(person(), "status")).title == "3 accounts, no news since Sun, Nov 20"
    for name in (*OURS, *THEIRS):
        await team.store.write(forgetting.forget, name, NOW)
    shown = await team.ask(person(), "status")
    assert shown.title == "No accounts yet"
    assert "watch" in shown.text


def later(team: Team, monkeypatch: pytest.MonkeyPatch, *, days: int) -> None:
    context = dataclasses.replace(team.context, now=lambda: NOW + days * DAY)
    monkeypatch.setattr(team.dispatcher, "_context", context)


async def test_a_count_older_than_a_week_is_still_listed(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    later(team, monkeypatch, days=40)
    shown = await team.ask(person(), "accounts")
    assert len(shown.table) == 4
    assert all(row[1] != "–" and row[2] == "–" for row in shown.table[1:])


async def test_days_without_a_reading_are_no_picture_and_no_preview(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    later(team, monkeypatch, days=100)
    shown = await team.ask(person(), "chart instagram/mo 30d")
    assert shown.picture is None
    assert "last reading is of Sun, Nov 20, 2022" in shown.text
    assert '"chart instagram/mo 111d"' in shown.text
    assert (await team.ask(person(), "chart instagram/mo 111d")).picture is not None
    assert "no views" in (await team.ask(person(), "chart instagram/mo 110d views")).text
    assert "Nothing was read in the last 90 days" in (await team.ask(person(), "preview")).text


async def test_a_source_in_trouble_is_named_once(team: Team) -> None:
    def fail(db: Database) -> None:
        row = sources.ensure(db, "exports")
        sources.failed(db, row.id, "exports: /x/rival.csv is no table", NOW, "changed")

    await team.store.write(fail)
    said = field(await team.ask(console(), "status"), "Sources")
    assert said == "• exports: /x/rival.csv is no table"
    said = field(await team.ask(person(), "status"), "Sources")
    assert said == "• exports: gives what cannot be read; whoever runs ebbwatch was told."


async def test_what_a_source_cost_stands_in_the_status(team: Team) -> None:
    def read(db: Database) -> None:
        row = sources.ensure(db, "exports")
        remarks = ("X: $0.20 of $20.00 in 2026-11", "no flows for lena, rival")
        sources.succeeded(db, row.id, None, NOW, remarks)

    await team.store.write(read)
    said = field(await team.ask(person(), "status"), "Sources")
    assert said == "• exports: X: $0.20 of $20.00 in 2026-11"
    assert "rival" in field(await team.ask(console(), "status"), "Sources")


async def test_a_handle_alone_will_do_where_it_is_the_only_one(team: Team) -> None:
    assert (await team.ask(person(), "status mo")).title.startswith("instagram/mo")
    shared = await team.ask(person(), "status lena")
    assert "instagram/lena and tiktok/lena" in shared.text
    near = await team.ask(person(), "status instagram/lna")
    assert 'did you mean "instagram/lena"?' in near.text


async def test_a_gap_or_a_new_account_is_no_zero(team: Team) -> None:
    await team.store.write(accounts.ensure, ["instagram/newest"], None, NOW)
    shown = await team.ask(person(), "status instagram/newest")
    assert shown.title == "instagram/newest"
    assert field(shown, "7 days") == "–"
    assert field(shown, "Last reading") == "never"


async def test_accounts_are_listed_with_their_week(team: Team) -> None:
    shown = await team.ask(person(), "accounts")
    assert [row[0] for row in shown.table[1:]] == [
        "tiktok/lena",
        "instagram/mo",
        "instagram/lena",
    ]
    assert shown.table[-1][-1] == "Purge"


async def test_accounts_can_be_narrowed(team: Team) -> None:
    shown = await team.ask(person(), "accounts #team-a")
    assert [row[0] for row in shown.table[1:]] == ["tiktok/lena"]
    assert "No account here matches" in (await team.ask(person(), "accounts youtube/*")).text


async def test_reading_does_not_wait_for_the_writer(team: Team) -> None:
    """Everything is numbered already, so a busy writer holds nobody up."""

    async def busy(*args: object) -> None:
        raise AssertionError("a reading command asked for the writer")

    team.store.write = busy  # type: ignore[method-assign, assignment]
    for line in ("status", "status mo", "incidents all", "why 1", "summary", "accounts"):
        shown = await team.ask(person(), line)
        assert shown.title, shown.text
    assert await team.dispatcher.suggest(person(), "incident", "") != {}


async def test_why_tells_reasons_life_and_feedback(team: Team) -> None:
    await team.ask(MANAGER, "feedback 1 expected")
    shown = await team.ask(person(), "why 1")
    assert "74% of 31 Instagram accounts" in field(shown, "Why")
    assert field(shown, "Was this right?") == "• Ana: expected"
    assert shown.table[1][1] == "suspected"
    assert shown.table[1][3] == "Purge, warning"


async def test_acknowledging_shows_who_and_edits_once(team: Team) -> None:
    assert "Acknowledged" in (await team.ask(MANAGER, "ack 1")).text
    assert "Ana has acknowledged" in (await team.ask(MANAGER, "ack 1")).text
    assert len(team.routed) == 1
    shown = await team.ask(person(), "why 1")
    assert field(shown, "Acknowledged").startswith("Ana, today")


async def test_feedback_reaches_the_floors_of_the_account(team: Team) -> None:
    await team.ask(MANAGER, "feedback w1 false")
    told = await team.store.read(incidents.feedback_by_account)
    assert set(told) == {"instagram/lena", "instagram/mo"}
    assert [kind for kind, _ in told["instagram/mo"]] == ["false"]


async def test_a_wave_is_one_line_one_mute_and_one_word_worst_first(team: Team) -> None:
    """Members that were recorded silently are left alone."""
    names = [f"instagram/new-{n}" for n in range(6)]

    def hit(db: Database) -> None:
        for place, name in enumerate(names):
            one = incident(name, wave="w", change=-100 * place)
            silent = replace(one, alerted_at=None) if place == 5 else one
            (stored,) = incidents.save(db, [Change(silent)], NOW)
            incidents.number(db, ONE, stored.id)

    await team.store.write(hit)
    shown = await team.ask(person(), "incidents")
    assert shown.title == "7 open incidents"
    assert len(shown.text.splitlines()) == 2
    assert "#7 5 accounts (Instagram): " in shown.text
    acked = (await team.ask(MANAGER, "ack w3")).text
    assert acked == "Acknowledged: instagram/new-0, instagram/new-4, instagram/new-3 +2."
    await team.ask(MANAGER, "mute w3 2h")
    muted = field(await team.ask(person(), "subscriptions"), "Muted")
    assert muted.startswith("• #3, #7, #6 … and 2 more until today 10:00")
    assert "\n" not in muted


async def test_mutes_end_by_themselves(team: Team) -> None:
    await team.ask(MANAGER, "mute all 2h")
    (mute,) = await team.store.read(channels.mutes, NOW, ONE)
    assert mute.until == NOW + 7200
    assert mute.account is None
    assert await team.store.read(channels.mutes, NOW + 7200, ONE) == []
    shown = await team.ask(person(), "subscriptions")
    assert "everything until today 10:00" in field(shown, "Muted")
    assert "No longer muted" in (await team.ask(MANAGER, "unmute all")).text
    assert await team.store.read(channels.mutes, NOW, ONE) == []


async def test_until_worse_needs_something_that_can_get_worse(team: Team) -> None:
    await team.ask(MANAGER, "mute instagram/lena until worse")
    (mute,) = await team.store.read(channels.mutes, NOW, ONE)
    assert (mute.until, mute.worse_than) == (None, "warning")
    assert mute.covers(ONE, str(MANAGER.channel), "instagram/lena", 1, "warning", NOW)
    assert not mute.covers(ONE, str(MANAGER.channel), "instagram/lena", 1, "critical", NOW)
    calm = await team.ask(MANAGER, "mute tiktok/lena until worse")
    assert "no open incident that could get worse" in calm.text


async def test_muting_an_incident_and_its_wave(team: Team) -> None:
    await team.ask(MANAGER, "mute 1 1d")
    await team.ask(MANAGER, "mute w1 1w")
    found = await team.store.read(channels.mutes, NOW, ONE)
    assert len(found) == 3
    assert all(mute.incident is not None for mute in found)
    await team.ask(MANAGER, "unmute w1")
    assert await team.store.read(channels.mutes, NOW, ONE) == []


async def test_subscriptions_come_and_go(team: Team) -> None:
    shown = await team.ask(MANAGER, "subscribe #team-a kinds=purge,slow-leak")
    assert "none of the choices" in shown.text
    shown = await team.ask(MANAGER, "subscribe #team-a kinds=purge,leak severity=critical")
    assert "#team-a; Purge, Slow leak; from critical on" in shown.text
    (made,) = await team.store.read(channels.subscriptions, MANAGER.channel)
    assert (made.accounts, made.kinds) == (("#team-a",), ("purge", "leak"))
    assert "has ended" in (await team.ask(MANAGER, f"unsubscribe {made.id}")).text
    assert await team.store.read(channels.subscriptions, MANAGER.channel) == []


async def test_subscribing_to_the_same_accounts_again_changes_it(team: Team) -> None:
    await team.ask(MANAGER, "subscribe #team-a severity=critical")
    await team.ask(MANAGER, "subscribe #team-a severity=warning")
    await team.ask(MANAGER, "subscribe instagram/*")
    found = await team.store.read(channels.subscriptions, MANAGER.channel)
    assert [(one.accounts, one.min_severity) for one in found] == [
        (("#team-a",), "warning"),
        (("instagram/*",), "info"),
    ]


@pytest.mark.parametrize(
    "group", ["<!subteam^S0LEADS|@leads>", "<!subteam^S0LEADS>", "S0LEADS"]
)
async def test_a_group_of_slack_is_set_by_its_mention(team: Team, group: str) -> None:
    await team.ask(MANAGER, f"settings mention={group}")
    known = await team.store.read(channels.get, str(MANAGER.channel))
    assert known is not None
    assert known.mention == "role:S0LEADS"


async def test_language_zone_reminder_and_mention_are_set_in_chat(team: Team) -> None:
    asked = "settings language=de timezone=vienna remind=12h mention=<@&77>"
    shown = await team.ask(MANAGER, asked)
    assert shown.text.startswith("Für diesen Kanal eingestellt")
    known = await team.store.read(channels.get, str(MANAGER.channel))
    assert known is not None
    assert (known.locale, known.timezone) == ("de", "Europe/Vienna")
    assert (known.remind, known.mention) == (12 * 3600, "role:77")
    [done] = [d for d in await team.store.read(audit.listing) if d.action == "settings"]
    assert "timezone=Europe/Vienna" in done.detail
    assert "Status" not in (await team.ask(MANAGER, "settings remind=off")).title
    for wrong in ("timezone=Mars", "remind=soon", "mention=@everyone", "language=xx"):
        assert (await team.ask(MANAGER, f"settings {wrong}")).severity == "warning"
    assert "nur" in (await team.ask(person(), "settings language=en")).text.lower()


async def test_quiet_hours_summary_and_thread_are_set_in_chat(team: Team) -> None:
    asked = "subscribe #team-a quiet=22:00-07:00 summary=mon 09:00 thread=only"
    shown = await team.ask(MANAGER, asked)
    assert shown.text.startswith("Subscription 1: #team-a")
    listed = await team.ask(person(), "subscriptions")
    for seen in (shown, listed):
        assert field(seen, "Quiet hours") == "22:00-07:00 (UTC)"
        assert field(seen, "Summary") == "mon 09:00 (UTC)"
        assert field(seen, "Thread") == "one line here, everything else in a thread"
    known = await team.store.read(channels.get, str(MANAGER.channel))
    assert known is not None
    assert (known.quiet, known.summary, known.thread) == ("22:00-07:00", "mon 09:00", "only")
    (done, *_) = await team.store.read(audit.listing)
    assert done.action == "subscribe"
    assert "quiet=22:00-07:00" in done.detail


async def test_native_options_set_the_channel_too(team: Team) -> None:
    options = {"quiet": "22:00-07:00", "summary": "1st 9:00", "thread": "also"}
    shown = await team.dispatcher.answer(MANAGER, "subscribe", options)
    assert shown.text.startswith("Subscription 1: *")
    assert field(shown, "Summary") == "1st 09:00 (UTC)"
    refused = await team.dispatcher.answer(MANAGER, "subscribe", {"quiet": "at night"})
    assert "is not a part of the day" in refused.text


async def test_settings_alone_leave_the_subscriptions_as_they_are(team: Team) -> None:
    await team.ask(MANAGER, "subscribe * severity=critical")
    shown = await team.ask(MANAGER, "subscribe summary=daily 09:00")
    assert shown.text == "Set for this channel; what is not listed is off."
    shown = await team.ask(MANAGER, "subscribe quiet=22:00-07:00 summary=off thread=no")
    assert [each.name for each in shown.fields] == ["Quiet hours"]
    (kept,) = await team.store.read(channels.subscriptions, MANAGER.channel)
    assert (kept.accounts, kept.min_severity) == (("*",), "critical")
    known = await team.store.read(channels.get, str(MANAGER.channel))
    assert known is not None
    assert (known.quiet, known.summary, known.thread) == ("22:00-07:00", None, "no")


async def test_settings_of_a_silent_channel_subscribe_it_to_everything(team: Team) -> None:
    assert "Subscription 1: *" in (await team.ask(MANAGER, "subscribe summary=mon 09:00")).text
    await team.ask(MANAGER, "unsubscribe 1")
    known = await team.store.read(channels.get, str(MANAGER.channel))
    assert known is not None
    assert known.summary is None, "who hears nothing any more gets no summary either"


async def test_settings_of_the_config_file_are_changed_there(team: Team) -> None:
    configured = Channel(channel=str(MANAGER.channel), space=ONE, quiet="20:00-08:00")
    await team.store.write(channels.configure, [configured], [], NOW)
    shown = await team.ask(MANAGER, "subscribe #team-a quiet=off")
    assert "come from the config file" in shown.text
    assert await team.store.read(channels.subscriptions, MANAGER.channel) == []
    assert field(await team.ask(person(), "subscriptions"), "Quiet hours")


async def test_a_pattern_that_matches_nothing_is_refused(team: Team) -> None:
    assert 'matches "youtube/*"' in (await team.ask(MANAGER, "subscribe youtube/*")).text
    assert (
        'did you mean "instagram/mo"'
        in (await team.ask(MANAGER, "subscribe instagram/moo")).text
    )


async def test_the_config_file_owns_its_subscriptions(team: Team) -> None:
    subscription = Subscription(channel=str(MANAGER.channel), origin="config")
    number = await team.store.write(channels.subscribe, subscription)
    shown = await team.ask(MANAGER, f"unsubscribe {number}")
    assert "comes from the config file" in shown.text
    assert "(config file)" in (await team.ask(person(), "subscriptions")).text


async def test_subscribing_wakes_a_channel_that_was_switched_off(team: Team) -> None:
    channel = str(MANAGER.channel)
    await team.store.write(channels.disable, channel, "it was deleted", NOW)
    assert "it was deleted" in str((await team.ask(person(), "subscriptions")).fields)
    await team.ask(MANAGER, "subscribe")
    known = await team.store.read(channels.get, channel)
    assert known is not None
    assert known.disabled is None


async def test_events_show_in_lists_status_and_summary(team: Team) -> None:
    await team.ask(MANAGER, 'event add deadline 2022-11-25 "US ban" about=tiktok')
    await team.ask(MANAGER, "event add campaign 2022-11-18 Sale to=2022-11-21")
    assert (
        "US ban (deadline, TikTok): Fri, Nov 25"
        in (await team.ask(person(), "event list")).text
    )
    assert "US ban (TikTok): in 5 days" in str((await team.ask(person(), "summary")).fields)
    assert "Sale" in str((await team.ask(person(), "status instagram/mo")).fields)
    assert "US ban" not in str((await team.ask(person(), "status instagram/mo")).fields)
    swapped = await team.ask(MANAGER, "event add outage 2022-11-19 x to=2022-11-18")
    assert "swap the dates" in swapped.text
    assert "removed" in (await team.ask(MANAGER, "event remove 1")).text
    assert "US ban" not in (await team.ask(person(), "event list")).text


async def test_a_platform_notice_prints_the_advice_at_once(team: Team) -> None:
    shown = await team.ask(MANAGER, "event add platform_notice 2022-11-21 Fakes will go")
    assert "Disconnect third-party follower apps" in shown.text
    shown = await team.ask(MANAGER, "event add outage 2022-11-21 Feed down")
    assert "Disconnect" not in shown.text


async def test_what_the_console_notes_every_team_sees(team: Team) -> None:
    await team.ask(console(), "event add platform_notice 2022-11-19 Fakes go about=instagram")
    assert "Fakes go" in (await team.ask(person(), "event list")).text
    assert "No event 1" in (await team.ask(MANAGER, "event remove 1")).text


async def test_goals_are_forecast(team: Team) -> None:
    shown = await team.ask(MANAGER, "goal instagram/mo 42000 by 2022-12-31")
    assert "42,000 by Sat, Dec 31" in shown.text
    assert "expected (" in shown.text
    assert "Goals" in [each.name for each in (await team.ask(person(), "summary")).fields]
    assert (
        "name a day to come"
        in (await team.ask(MANAGER, "goal instagram/mo 42000 by 2022-11-20")).text
    )
    assert "Say by when" in (await team.ask(MANAGER, "goal instagram/mo 42000")).text
    assert "no goal any more" in (await team.ask(MANAGER, "goal instagram/mo")).text


async def test_the_forecast_holds_what_came_true(team: Team) -> None:
    """mo gains some 21 a day: 41 days ahead that is 861, and the interval is around it."""
    shown = await team.ask(MANAGER, "goal instagram/mo 1 by 2022-12-31")
    assert "reached" in shown.text
    shown = await team.ask(MANAGER, "goal instagram/mo 90000 by 2022-12-31")
    middle = int(shown.text.split("far: ")[1].split(" expected")[0].replace(",", ""))
    newest = int(
        (await team.ask(person(), "status mo")).title.split(": ")[1][:6].replace(",", "")
    )
    assert 700 < middle - newest < 1000


async def test_charts_are_drawn_for_accounts_and_incidents(team: Team) -> None:
    for line in ("chart mo", "chart mo 10d", "chart 1", "chart 1 90d"):
        shown = await team.ask(person(), line)
        assert shown.picture is not None, shown.text
        assert shown.picture.png.startswith(b"\x89PNG")
        assert "Chart of instagram/" in shown.picture.alt


async def test_other_metrics_can_be_drawn(team: Team) -> None:
    seen = counts(["instagram/mo"]).rename({"followers": "views"})
    await team.store.write(lambda db: readings.add(db, 1, seen, NOW))
    shown = await team.ask(person(), "chart mo metric=views")
    assert shown.picture is not None
    assert shown.picture.alt.startswith("Chart of instagram/mo: views from")
    assert shown.chart is not None
    assert shown.chart.metric == "views"


async def test_a_new_account_is_too_early_to_judge(team: Team) -> None:
    def add(db: Database) -> None:
        readings.add(db, sources.ensure(db, "exports").id, counts(["instagram/newest"], 4), NOW)

    await team.store.write(add)
    shown = await team.ask(person(), "check newest")
    assert shown.title == "instagram/newest: too early to say"
    assert "it takes 8" in shown.text


async def test_check_judges_right_now(team: Team) -> None:
    fallen = await team.ask(person(), "check instagram/lena")
    assert fallen.title != "instagram/lena: all calm"
    assert "−" in fallen.text
    calm = await team.ask(person(), "check instagram/mo")
    assert calm.title == "instagram/mo: all calm"
    assert "expected" in calm.text


async def test_check_judges_the_last_reading_where_today_has_none_yet(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = team.dispatcher._context
    monkeypatch.setattr(
        team.dispatcher, "_context", dataclasses.replace(context, now=lambda: NOW + 86400)
    )
    fallen = await team.ask(person(), "check instagram/lena")
    assert fallen.title != "instagram/lena: all calm"


async def test_preview_counts_with_the_channels_own_filters(team: Team) -> None:
    heard = await team.ask(person(), "preview")
    assert [row[0] for row in heard.table[1:]] == ["strict", "balanced (yours)", "sensitive"]
    assert int(heard.table[2][1]) >= 1
    await team.ask(MANAGER, "subscribe tiktok/lena")
    assert (await team.ask(person(), "preview")).table[2][1] == "0"
    await team.ask(MANAGER, "unsubscribe 1")
    await team.ask(MANAGER, "subscribe * kinds=viral")
    assert (await team.ask(person(), "preview")).table[2][1] == "0"
    for narrow in ("direction=up", "severity=critical percent=90", "count=1m"):
        await team.ask(MANAGER, f"subscribe * {narrow}")
        assert (await team.ask(person(), "preview")).table[2][1] == "0"
    await team.ask(MANAGER, "subscribe * direction=down count=1000")
    assert (await team.ask(person(), "preview")).table[2][1] == "1"


async def test_preview_counts_a_wave_once_and_many_at_once_as_their_digest(team: Team) -> None:
    names = [f"instagram/new-{n}" for n in range(24)]
    fallen = counts(names).with_columns(
        pl.col("followers")
        - pl.when(pl.col("at") > NOW - 10 * DAY).then(pl.col("followers") // 10).otherwise(0)
    )
    alone = counts([f"tiktok/other-{n}" for n in range(8)]).with_columns(
        pl.col("followers") - pl.when(pl.col("at") > NOW - 4 * DAY).then(5000).otherwise(0)
    )

    def fall(db: Database) -> None:
        source = sources.ensure(db, "exports")
        readings.add(db, source.id, pl.concat([fallen, alone]), NOW)

    await team.store.write(fall)
    shown = await team.ask(console(), "preview")
    assert shown.table[2][:2] == ("balanced (yours)", "3"), "a wave, a digest and one alone"
    assert any("24 accounts (Instagram): " in line for line in shown.text.splitlines())
    assert "8 incidents at once" in shown.text


async def test_forget_asks_first_and_then_erases(team: Team) -> None:
    asked = await team.ask(MANAGER, "forget instagram/mo")
    assert asked.buttons[0].command == "forget instagram/mo yes"
    assert "60 readings were erased" in (await team.ask(MANAGER, asked.buttons[0].command)).text
    assert "No account is called" in (await team.ask(person(), "status instagram/mo")).text
    assert "There is no incident 2" in (await team.ask(person(), "why 2")).text


async def test_what_is_forgotten_stays_so_until_it_is_watched_again(team: Team) -> None:
    told = (await team.ask(MANAGER, "forget instagram/mo yes")).text
    assert 'stays forgotten even where a source still lists it: "watch instagram/mo"' in told

    def poll(db: Database) -> None:
        readings.add(db, sources.ensure(db, "exports").id, counts(["instagram/mo"]), NOW)

    await team.store.write(poll)
    assert "No account is called" in (await team.ask(person(), "status instagram/mo")).text
    assert "only be" not in (await team.ask(MANAGER, "watch instagram/mo")).text
    assert team.looked == [], "its source lists it: no platform has to be asked"
    await team.store.write(poll)
    assert (await team.ask(person(), "status instagram/mo")).title.startswith("instagram/mo")


async def test_a_watched_account_that_was_forgotten_is_watched_again(team: Team) -> None:
    def read(db: Database) -> None:
        readings.add(db, sources.ensure(db, "api").id, counts(["instagram/new-one"]), NOW)

    await team.ask(MANAGER, "watch instagram/new-one")
    await team.store.write(read)
    await team.ask(MANAGER, "forget instagram/new-one yes")
    assert await team.store.read(accounts.watched, "exports") == []
    shown = await team.ask(MANAGER, "watch instagram/new-one")
    assert "is watched from now on" in shown.text
    assert await team.store.read(accounts.watched, "exports") == ["instagram/new-one"]
    await team.store.write(read)
    assert await team.store.read(accounts.get, "instagram/new-one") is not None


async def test_watching_needs_room(team: Team) -> None:
    assert "is watched from now on" in (await team.ask(MANAGER, "watch instagram/new-one")).text
    assert await team.store.read(accounts.watched, "exports") == ["instagram/new-one"]
    await team.store.write(accounts.ensure, ["instagram/new-one"], None, NOW)
    assert "may watch 4 accounts" in (await team.ask(MANAGER, "watch instagram/new-two")).text
    assert "no longer watched" in (await team.ask(MANAGER, "unwatch instagram/new-one")).text
    assert "cannot be unwatched" in (await team.ask(MANAGER, "unwatch instagram/mo")).text


async def test_every_change_is_in_the_audit_trail(team: Team) -> None:
    lines = [
        "ack 1",
        "feedback 1 useful",
        "subscribe *",
        "mute all 2h",
        "unmute all",
        "event add outage 2022-11-19 x",
        "event remove 1",
        "goal instagram/mo 90000 by 2023-01-19",
        "goal instagram/mo",
        "unsubscribe 1",
        "watch instagram/new-one",
        "unwatch instagram/new-one",
        "forget instagram/mo yes",
    ]
    for line in lines:
        await team.ask(MANAGER, line)
    await team.ask(MANAGER, "import", Attachment(name="a.csv", content=b""))
    trail = await team.store.read(audit.listing, ONE)
    assert len(trail) == len(lines) + 1
    assert {done.name for done in trail} == {"Ana"}
    assert {done.channel for done in trail} == {MANAGER.channel}


async def test_reading_leaves_no_trail(team: Team) -> None:
    for line in ("status", "accounts", "incidents all", "why 1", "summary", "event list"):
        await team.ask(person(), line)
    assert await team.store.read(audit.listing) == []


async def test_roles_come_from_the_space_or_the_platform(team: Team) -> None:
    assert "Acknowledged" in (await team.ask(person(admin=True), "ack 1")).text
    assert "Only managers" in (await team.ask(person(), "ack 2")).text
    await team.ask(console(), "incidents")
    assert "Acknowledged" in (await team.ask(console(), "ack w1")).text


@pytest.mark.parametrize("period", ["day", "week", "month"])
async def test_summaries_hold_totals_extremes_and_what_is_open(team: Team, period: str) -> None:
    shown = await team.ask(person(), f"summary {period}")
    assert shown.title.startswith(f"{period.title()} to Sun, Nov 20: −")
    assert shown.text.startswith("3 accounts, 119,801 followers.")
    names = [each.name for each in shown.fields]
    assert {"Platforms", "Best", "Worst", "Incidents", "Open incidents"} <= set(names)
    assert (shown.picture is not None) == (period != "day")
    assert (shown.sheet is not None) == (period == "month")
    assert len(shown.table) == 4


async def test_a_channels_own_summary_speaks_its_language_of_its_accounts(team: Team) -> None:
    channel = Channel(channel="discord:9", space=ONE, locale="de", timezone="Europe/Vienna")
    await team.store.write(channels.put, channel)
    subscription = Subscription(channel="discord:9", accounts=("#team-a",))
    await team.store.write(channels.subscribe, subscription)
    shown = await due_summary(team.context, channel, "week", NOW)
    assert shown.title.startswith("Woche bis So., 20. Nov.: +160")
    assert [plain(row[0]) for row in shown.table[1:]] == ["tiktok/lena"]
    assert "Offene Vorfälle" not in [each.name for each in shown.fields]


async def test_what_was_told_late_is_named(team: Team) -> None:
    old = incident("tiktok/lena", opened_at=NOW - 5 * DAY, alerted_at=NOW - 5 * DAY)
    old = replace(old, last_finding_at=NOW - 5 * DAY)
    await team.store.write(incidents.save, [Change(old)], NOW)
    assert "tiktok/lena" in field(await team.ask(person(), "summary"), "Told late")


async def test_a_summary_names_a_silent_source_and_not_all_its_accounts(team: Team) -> None:
    names = [f"instagram/new-{n}" for n in range(9)]

    def fall_silent(db: Database) -> None:
        source = sources.ensure(db, "weekly exports")
        readings.add(db, source.id, counts(names, 10), NOW)
        for name in [*names, "instagram/mo"]:
            said = (reason("not_read", days=4),)
            stale = Notice(kind="stale", account=name, at=NOW, reasons=said)
            notices.add(db, stale, f"stale:{name}", NOW)

    await team.store.write(fall_silent)
    quiet = field(await team.ask(person(), "summary"), "No news from")
    assert [line.split(":")[0] for line in quiet.splitlines()] == [
        "• instagram/mo",
        "• weekly exports (9 accounts)",
    ]


async def test_the_channel_decides_the_language(team: Team) -> None:
    channel = Channel(channel=str(MANAGER.channel), space=ONE, locale="de", timezone="UTC")
    await team.store.write(channels.put, channel)
    assert (await team.ask(person(), "status")).title == "3 Accounts, 2 offene Vorfälle"
    assert "ist kein Befehl; war „status“ gemeint?" in (await team.ask(person(), "stauts")).text
    assert "Verwaltungsrolle" in (await team.ask(person(), "ack 1")).text


async def test_help_names_every_command_and_its_arguments(team: Team) -> None:
    shown = await team.ask(person(), "")
    assert len(shown.table) == 1 + len(team.dispatcher.commands)
    assert "(managers)" in str(shown.table)
    assert "(managers)" not in str((await team.ask(MANAGER, "help")).table)
    one = await team.ask(person(), "help goal")
    assert one.title == "goal ACCOUNT [FOLLOWERS] [BY]"
    assert "left out: no goal any more" in one.text


async def test_named_arguments_of_native_commands(team: Team) -> None:
    shown = await team.dispatcher.answer(person(), "chart", {"account": "mo", "days": "30d"})
    assert shown.picture is not None
    shown = await team.dispatcher.answer(MANAGER, "event remove", {"event": "7"})
    assert "No event 7" in shown.text
    assert "is no command" in (await team.dispatcher.answer(person(), "nothing", {})).text
    assert (
        "more than this command"
        in (
            await team.dispatcher.answer(person(), "why", {"incident": "1", "colour": "red"})
        ).text
    )


async def test_completions_are_sorted_by_likeness(team: Team) -> None:
    assert list(await team.dispatcher.suggest(person(), "account", "le")) == [
        "instagram/lena",
        "tiktok/lena",
    ]
    assert await team.dispatcher.suggest(person(), "account", "mm") == {}
    named = await team.dispatcher.suggest(person(), "incident", "")
    assert sorted(named.values()) == ["1 instagram/lena", "2 instagram/mo"]
    assert "30d" in await team.dispatcher.suggest(person(), "span", "3")
    (completed,) = await team.dispatcher.suggest(person(), "incident", "mo")
    assert "instagram/mo" in (await team.ask(person(), f"why {completed}")).title


async def test_completions_know_accounts_by_the_names_that_people_give_them(
    team: Team,
) -> None:
    await team.store.write(accounts.set_names, {"tiktok/lena": "Die Tänzerin"})
    offered = await team.dispatcher.suggest(person(), "account", "tänz")
    assert offered == {"tiktok/lena": "Die Tänzerin (TikTok)"}
    beyond = await team.dispatcher.suggest(person(TWO), "account", "tänz")
    assert beyond == {}


async def test_no_error_leaves_the_desk(team: Team, caplog: pytest.LogCaptureFixture) -> None:
    async def broken(account: str) -> tuple[str, str]:
        raise failures.pop()

    context = replace(team.context, look=broken)

    async def tell(problem: str) -> None:
        team.reported.append(problem)

    dispatcher = CommandDispatcher(context, team.dispatcher.commands, tell)
    failures: list[Exception] = [
        ValueError("/home/secret"),
        StorageError("/srv/ebbwatch.db is locked"),
        SourceUnavailable("youtube answers 503: try again later", source="youtube"),
    ]
    line = "watch instagram/new-one"
    assert "cannot be reached just now" in (await dispatcher.answer_line(MANAGER, line)).text
    assert "/srv" not in (await dispatcher.answer_line(MANAGER, line)).text
    assert "/home" not in (await dispatcher.answer_line(MANAGER, line)).text
    assert team.reported == ["A command failed inside ebbwatch (ValueError)."]
    assert failures == []


async def test_every_button_is_a_line_of_the_table(team: Team) -> None:
    """Those of all messages, pressed with the numbers of this team."""
    seen = set()
    for make in messages().values():
        from bot.message import voice_for

        shown = make(voice_for("en", "UTC"))
        pressed = [*shown.buttons, *(choice for menu in shown.menus for choice in menu.choices)]
        seen |= {one.command.replace("12", "1") for one in pressed}
    assert len(seen) > 10
    for command in sorted(seen):
        shown = await team.ask(MANAGER, command)
        assert "is no command" not in shown.text
        assert "There is no incident" not in shown.text
        assert team.reported == []


async def test_events_of_the_config_are_seen_but_not_removed(team: Team) -> None:
    event = Event(name="Ban", kind="deadline", start=NOW + DAY, end=NOW + DAY)
    await team.store.write(events.configure, [event], NOW)
    shown = await team.ask(person(), "event list")
    assert "#" not in shown.text
    assert "No event 1" in (await team.ask(MANAGER, "event remove 1")).text
