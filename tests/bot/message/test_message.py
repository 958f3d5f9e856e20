"""Golden messages: what people read in both languages, as plain text files."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from bot import message
from bot.message import details, status, voice_for
from bot.message.progress import AccountProgress
from bot.message.status import Overview
from bot.model.inline import plain
from bot.model.message import Message
from checks.model import Cause, Notice
from checks.reasons import reason
from tests.bot.cases import CONFIRMED, OVER, PURGE, SEEN, members, messages, told, week

GOLDEN = Path(__file__).parent / "golden"
REWRITE = bool(os.environ.get("EBBWATCH_GOLDEN"))


def as_text(shown: Message) -> str:
    """A message as one can read it; no-break spaces become plain ones."""
    parts = [f"[{shown.severity}] {shown.title}", shown.text]
    parts += [f"{field.name}: {field.value}" for field in shown.fields]
    parts += [" | ".join(row) for row in shown.table]
    parts += [f"beside: ({button.label}) {button.command}" for button in shown.row_buttons]
    parts += [f"({button.label}) {button.command}" for button in shown.buttons]
    parts += [
        f"({menu.label}) " + " / ".join(f"{one.label} = {one.command}" for one in menu.choices)
        for menu in shown.menus
    ]
    parts += [f"-- {shown.footer}", f"mention {shown.mention}" if shown.mention else ""]
    text = plain("\n".join(part for part in parts if part))
    return (
        text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ") + "\n"
    )


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("name", messages())
def test_golden(name: str, language: str) -> None:
    shown = as_text(messages()[name](voice_for(language, "Europe/Vienna")))
    path = GOLDEN / language / f"{name.replace(',', '').replace(' ', '-')}.txt"
    if REWRITE:
        path.write_text(shown, encoding="utf-8")
    assert shown == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", messages())
def test_every_message_survives_the_outbox(name: str) -> None:
    shown = messages()[name](voice_for("de", "Europe/Vienna"))
    assert Message.from_json(shown.to_json()) == shown


@pytest.mark.parametrize("name", messages())
def test_buttons_are_short_command_lines(name: str) -> None:
    for button in messages()[name](voice_for("de", "UTC")).buttons:
        assert len(button.command) <= 60
        assert len(button.label) <= 40


def test_a_mention_is_for_critical_alerts_alone() -> None:
    voice = voice_for("en", "UTC")
    asked = told(PURGE, mention="role:7")
    assert message.alert(voice, asked, SEEN).mention is None
    assert message.alert(voice, replace(asked, incident=CONFIRMED), SEEN).mention == "role:7"


def test_a_resolved_alert_offers_no_mute_and_no_acknowledgement() -> None:
    shown = message.alert(voice_for("en", "UTC"), told(OVER), SEEN)
    words = {button.command.split()[0] for button in shown.buttons}
    words |= {choice.command.split()[0] for menu in shown.menus for choice in menu.choices}
    assert words == {"chart", "why", "feedback"}


@pytest.mark.parametrize("extra", ["", "_of_the_house"])
def test_a_thousand_alerts_are_at_most_ten_messages_that_name_everyone(extra: str) -> None:
    told_all = [
        replace(one, incident=replace(one.incident, account=one.incident.account + extra))
        for one in members(1000)
    ]
    parts = message.digest(voice_for("en", "UTC"), told_all, SEEN, reason="many")
    everything = "\n".join(as_text(part) for part in parts)
    assert len(parts) <= 10
    assert all(one.incident.account.partition("/")[2] in everything for one in told_all)
    assert all(len(as_text(part)) < 4000 for part in parts)
    assert plain(parts[0].fields[0].name) == f"instagram/creator_0000{extra}"
    lines = [line for field in parts[0].fields[:10] for line in field.value.splitlines()]
    assert max(map(len, lines)) <= 36


def test_a_wave_names_every_account_it_hit() -> None:
    hit, voice = members(60), voice_for("de", "UTC")
    wave = message.wave(voice, hit, SEEN, watched=80)
    assert "60 von 80" in as_text(wave)
    assert "52 weitere" in wave.footer
    shown = as_text(details.why(voice, hit[0], [], SEEN, members=hit))
    assert all(one.incident.account.partition("/")[2] in shown for one in hit)


def test_the_headline_of_a_wave_is_that_of_the_most_members() -> None:
    """Most came back the next day, one did not: the wave was a glitch with a purge in it."""
    hit = members(9)
    back = [
        replace(
            one,
            incident=replace(
                one.incident,
                kind="glitch",
                causes=(Cause("glitch", 0.97),),
                state="resolved",
                severity="info",
                resolved_at=PURGE.opened_at + 86400,
            ),
        )
        for one in hit[1:]
    ]
    shown = message.wave(voice_for("en", "UTC"), [hit[0], *back], SEEN, watched=40)
    assert shown.title.startswith("8 accounts")
    assert "counter glitch" in shown.title
    text = as_text(shown)
    assert "Of these: 8 × Counter glitch (over), 1 × Purge" in text
    assert "ack w" in text, "one is still open"


def test_a_wave_tells_no_reason_of_one_member() -> None:
    own = (
        reason("peers_fell", group="platform:youtube", share=14.0, usual=0.5, judged=138),
        reason("beyond_wave", median=0.6),
        reason("surprise", score=47.0),
        reason("shown_step", step=100),
    )
    hit = members(4)
    worst = replace(hit[0], incident=replace(hit[0].incident, reasons=own))
    text = as_text(message.wave(voice_for("en", "UTC"), [worst, *hit[1:]], SEEN, watched=40))
    assert "14% of 138" in text
    assert "steps of 100" in text
    assert "this account" not in text
    assert "47 times" not in text


def test_members_recorded_silently_are_not_listed() -> None:
    hit = members(4)
    silent = replace(hit[3], incident=replace(hit[3].incident, alerted_at=None))
    shown = message.wave(voice_for("en", "UTC"), [*hit[:3], silent], SEEN, watched=40)
    assert "3 accounts" in shown.title
    assert "creator_0003" not in as_text(shown)


def test_the_time_zone_of_the_channel_decides_the_day() -> None:
    vienna = message.alert(voice_for("en", "Europe/Vienna"), told(), SEEN).text
    tokyo = message.alert(voice_for("en", "Asia/Tokyo"), told(), SEEN).text
    assert "Nov 19" in vienna
    assert "Nov 20" in tokyo


def test_the_day_told_is_that_of_the_reading_and_not_of_the_look() -> None:
    """A count dated Thursday night that a look on Friday morning judged is Thursday's."""
    looked = PURGE.opened_at + 9 * 3600
    memory = {"fell_at": PURGE.opened_at, "seen_at": PURGE.opened_at}
    judged = replace(
        PURGE, opened_at=looked, last_finding_at=looked, alerted_at=looked, memory=memory
    )
    week_later = told(judged, seen_at=SEEN + 5 * 86400)
    shown = message.alert(voice_for("en", "Europe/Vienna"), week_later, SEEN + 5 * 86400)
    assert "suspected on Sat, Nov 19, " in shown.text
    assert shown.text.startswith("Happened Sat, Nov 19, seen today.")
    assert "Nov 20" not in as_text(shown)


def silent(names: list[str], days: int = 3) -> list[Notice]:
    said = (reason("not_read", days=days),)
    return [Notice(kind="stale", account=name, at=SEEN, reasons=said) for name in names]


def test_a_stale_source_is_named_with_a_few_of_its_accounts() -> None:
    names = [f"youtube/channel-{n}" for n in range(138)]
    sources = dict.fromkeys(names, "weekly exports")
    shown = message.notice(voice_for("en", "UTC"), silent(names), SEEN, sources=sources)
    assert shown.title == "No news · weekly exports"
    assert "138 accounts: youtube/channel-0, youtube/channel-1, youtube/channel-2" in plain(
        shown.text
    )
    assert "135 more" in shown.text
    assert "3 days" in shown.text
    assert "channel-3" not in as_text(shown)


def test_silent_accounts_of_other_sources_keep_their_names() -> None:
    names = [f"youtube/channel-{n}" for n in range(20)]
    sources = dict.fromkeys(names, "weekly exports") | {"x/a": "api", "x/b": "api"}
    told_all = [*silent(names), *silent(["x/a", "x/b"])]
    shown = message.notice(voice_for("en", "UTC"), told_all, SEEN, sources=sources)
    assert shown.title == "3 notices"
    assert [line.split(":")[0] for line in plain(shown.text).splitlines()] == [
        "• weekly exports",
        "• x/a",
        "• x/b",
    ]


def test_an_account_that_grew_is_never_among_the_worst() -> None:
    grown = [
        AccountProgress(account=f"tiktok/{n}", values=(), before=1000, after=1001 + n)
        for n in range(9)
    ]
    fallen = AccountProgress(account="tiktok/fell", values=(), before=1000, after=990)

    def extremes(courses: list[AccountProgress]) -> dict[str, str]:
        shown = message.summary(voice_for("en", "UTC"), replace(week(), accounts=courses), SEEN)
        return {each.name: each.value for each in shown.fields}

    assert "Worst" not in extremes(grown)
    assert plain(extremes([*grown, fallen])["Worst"]) == "• tiktok/fell −10 (−1.0%)"


@pytest.mark.parametrize(("ahead", "told"), [(-3600, "1 hour ago"), (3600, "today")])
def test_a_reading_with_a_date_alone_is_of_today(ahead: int, told: str) -> None:
    look = Overview(accounts=1, newest=SEEN + ahead)
    shown = status.overview(voice_for("en", "UTC"), look, SEEN)
    assert plain(shown.fields[0].value) == told
