"""Every command, button and completion against two spaces and three roles.

Team ONE asks about accounts and incidents of team TWO: nothing may come back, and a number
that exists beyond the wall is answered exactly like one that exists nowhere.
"""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from bot.commands.table import COMMANDS
from bot.model.command import ArgumentKind, Attachment, Caller
from bot.model.message import Message
from bot.storage import audit, incidents
from bot.storage.accounts import listing, watched
from tests.bot.team import ONE, OURS, THEIRS, TWO, Team, console, person, two_teams

SECRETS = ("rival", "secret")
EXPORT = Attachment(name="counts.csv", content=b"x")

# every command once, about something of the caller's own team, and about the other team's
OWN = {
    "status": "status instagram/lena",
    "accounts": "accounts",
    "chart": "chart instagram/lena 10d",
    "check": "check instagram/lena",
    "incidents": "incidents all",
    "why": "why 1",
    "ack": "ack w1",
    "feedback": "feedback w1 false",
    "summary": "summary week",
    "subscribe": "subscribe *",
    "unsubscribe": "unsubscribe 1",
    "subscriptions": "subscriptions",
    "mute": "mute w1 1h",
    "unmute": "unmute all",
    "event add": "event add outage 2022-11-19 down about=instagram",
    "event list": "event list",
    "event remove": "event remove 1",
    "goal": "goal instagram/lena 90000 by 2023-01-19",
    "preview": "preview",
    "import": "import",
    "watch": "watch instagram/newbie",
    "unwatch": "unwatch instagram/newbie",
    "forget": "forget instagram/mo yes",
    "help": "help",
    "audience": "audience instagram/lena",
    "web": "web",
    "settings": "settings",
}
BEYOND = {
    "status": "status instagram/rival",
    "chart": "chart youtube/secret",
    "check": "check secret",
    "audience": "audience youtube/secret",
    "web": "web share youtube/secret",
    "why": "why 3",
    "ack": "ack 3",
    "feedback": "feedback w3 false",
    "mute": "mute youtube/secret 1h",
    "unmute": "unmute instagram/rival",
    "subscribe": "subscribe youtube/secret",
    "event add": "event add outage 2022-11-19 down about=instagram/rival",
    "goal": "goal instagram/rival 90000 by 2023-01-19",
    "watch": "watch instagram/rival",
    "unwatch": "unwatch instagram/rival",
    "forget": "forget instagram/rival yes",
    "unsubscribe": "unsubscribe 99",
    "event remove": "event remove 99",
}
MANAGERS_ONLY = {command.name for command in COMMANDS if command.role == "manager"}


@pytest_asyncio.fixture
async def team(tmp_path: Path) -> AsyncIterator[Team]:
    async with two_teams(tmp_path) as made:
        yield made


def everything(shown: Message) -> str:
    return shown.to_json() + (shown.picture.alt if shown.picture else "")


def test_the_table_is_tested_whole() -> None:
    assert set(OWN) == {command.name for command in COMMANDS}


@pytest.mark.parametrize("name", OWN)
async def test_no_answer_names_the_other_team(team: Team, name: str) -> None:
    files = (EXPORT,) if name == "import" else ()
    shown = await team.ask(person(manager=True), OWN[name], *files)
    assert not any(secret in everything(shown) for secret in SECRETS)
    assert shown.text or shown.title or shown.table
    assert team.reported == []


@pytest.mark.parametrize("name", BEYOND)
async def test_beyond_the_wall_is_like_nowhere(team: Team, name: str) -> None:
    """The answer does not change when the other team's accounts are erased altogether."""
    shown = await team.ask(person(manager=True), BEYOND[name])
    for account in THEIRS:
        await team.ask(console(), f"forget {account} yes")
    assert await team.store.read(listing, ["*rival", "*secret"]) == []
    assert shown == await team.ask(person(manager=True), BEYOND[name])
    assert shown.severity == "warning"


@pytest.mark.parametrize("number", range(1, 9))
async def test_numbers_of_one_space_mean_nothing_in_another(team: Team, number: int) -> None:
    shown = await team.ask(person(ONE, manager=True), f"why {number}")
    if number > 2:
        assert "There is no incident" in shown.text
    else:
        assert OURS[number - 1] in shown.title
    theirs = await team.ask(person(TWO, manager=True), f"why {number}")
    assert not any(name in everything(theirs) for name in OURS)


async def test_a_button_of_another_space_is_answered_as_unknown(team: Team) -> None:
    """A forged or replayed payload is only a line: the caller's own space decides."""
    pressed = Caller(
        platform="slack",
        space=TWO,
        channel="slack:elsewhere",
        user="U9",
        name="Eve",
        admin=True,
        alert="deliveryofteamone",
    )
    for line in ("ack 3", "mute w3 1h", "chart 3", "why 3", "feedback 3 false"):
        assert "There is no incident 3" in (await team.ask(pressed, line)).text
    assert team.routed == []


async def test_a_wave_across_the_wall_is_acknowledged_for_the_own_members_only(
    team: Team,
) -> None:
    shown = await team.ask(person(manager=True), "ack w1")
    assert "instagram/lena" in shown.text
    assert "instagram/mo" in shown.text
    assert len(team.routed) == 2
    assert "already" not in (await team.ask(person(TWO, manager=True), "ack 1")).text


@pytest.mark.parametrize("name", sorted(MANAGERS_ONLY))
async def test_readers_change_nothing(team: Team, name: str) -> None:
    files = (EXPORT,) if name == "import" else ()
    shown = await team.ask(person(), OWN[name], *files)
    assert shown.text == "Only managers of this team may do that; ask one of them."
    assert await team.store.read(audit.listing) == []
    assert team.imported == []
    assert team.looked == []


@pytest.mark.parametrize("name", sorted(set(OWN) - MANAGERS_ONLY))
async def test_readers_may_read(team: Team, name: str) -> None:
    assert (await team.ask(person(), OWN[name])).text != (
        "Only managers of this team may do that; ask one of them."
    )


@pytest.mark.parametrize("space", ["discord:999", "slack:T9", "console", None])
async def test_an_unlinked_space_gets_one_sentence_and_no_data(
    team: Team, space: str | None
) -> None:
    stranger = Caller(
        platform="discord", space=space, channel="discord:5", user="U", name="E", admin=True
    )
    for line in OWN.values():
        shown = await team.ask(stranger, line, EXPORT)
        assert shown.text.startswith("ebbwatch does not know this server yet")
        assert shown == Message(text=shown.text, severity=shown.severity)


@pytest.mark.parametrize(
    "kind", ["account", "incident", "span", "text", "choice", "number", "date", "subscription"]
)
async def test_completions_stay_within_the_wall(team: Team, kind: ArgumentKind) -> None:
    for text in ("", "r", "rival", "secret", "3", "youtube/", "inst"):
        for caller in (person(), person(manager=True)):
            found = await team.dispatcher.suggest(caller, kind, text)
            told = [*found, *found.values()]
            assert not any(secret in each for each in told for secret in SECRETS)
        stranger = person("discord:999")
        assert await team.dispatcher.suggest(stranger, kind, text) == {} or kind == "span"


async def test_the_other_team_and_the_console_do_see_them(team: Team) -> None:
    assert "rival" in everything(await team.ask(person(TWO), "accounts"))
    seen = everything(await team.ask(console(), "accounts"))
    assert all(name in seen for name in (*OURS, *THEIRS))


async def test_a_canonical_name_beyond_the_wall_is_not_watched(team: Team) -> None:
    """A platform may answer with another handle than the one that was asked for."""
    shown = await team.ask(person(manager=True), "watch instagram/newALIAS")
    assert "does not allow instagram/rival" in shown.text
    assert await team.store.read(watched, "exports") == []
    shown = await team.ask(person(manager=True), "watch tiktok/other")
    assert "does not allow" in shown.text
    assert team.looked == ["instagram/newALIAS"]


async def test_a_number_outlives_the_right_to_see_its_account(team: Team) -> None:
    """The config may take an account from a team after its incidents were told there."""
    theirs = (await team.store.read(incidents.listing, account=THEIRS[0]))[0]
    number = await team.store.write(incidents.number, ONE, theirs.id)
    shown = await team.ask(person(manager=True), f"why {number}")
    assert shown.text.startswith(f"There is no incident {number} here")
    assert "There is no incident" in (await team.ask(person(manager=True), "ack 3")).text


async def test_imports_carry_the_wall_with_them(team: Team) -> None:
    await team.ask(person(manager=True), "import", EXPORT)
    await team.ask(console(), "import exports/some.csv")
    assert team.imported == [("counts.csv", ONE), ("exports/some.csv", "console")]
    shown = await team.ask(person(manager=True), "import /etc/passwd")
    assert "Attach the export" in shown.text
    assert len(team.imported) == 2


async def test_one_team_cannot_erase_what_another_one_works_with(team: Team) -> None:
    spaces = {**team.context.access.spaces, TWO: (*THEIRS, "Instagram/MO")}
    object.__setattr__(team.context.access, "spaces", spaces)
    shown = await team.ask(person(manager=True), "forget instagram/mo yes")
    assert "can only be erased by whoever runs ebbwatch" in shown.text
    assert "instagram/mo" in [one.account for one in await team.store.read(listing)]


async def test_events_and_goals_of_one_team_stay_there(team: Team) -> None:
    await team.ask(person(manager=True), "event add campaign 2022-11-22 Sale of team one")
    await team.ask(person(manager=True), "goal instagram/lena 90000 by 2023-01-19")
    for line in ("event list", "summary", "status", "accounts"):
        shown = everything(await team.ask(person(TWO), line))
        assert "Sale of team one" not in shown
        assert "90,000" not in shown
    assert "No event 1" in (await team.ask(person(TWO, manager=True), "event remove 1")).text
    assert "Sale of team one" in everything(await team.ask(person(), "event list"))


async def test_mutes_and_subscriptions_belong_to_a_channel(team: Team) -> None:
    await team.ask(person(manager=True), "subscribe #team-a")
    await team.ask(person(manager=True), "mute all 2h")
    other = await team.ask(person(TWO), "subscriptions")
    assert other.title == "0 subscriptions"
    assert {one.name for one in other.fields} <= {"Language", "Time zone"}
    gone = await team.ask(person(TWO, manager=True), "unsubscribe 1")
    assert "no subscription 1" in gone.text
    assert "Nothing like that" in (await team.ask(person(TWO, manager=True), "unmute all")).text


async def test_a_channel_that_was_another_spaces_shows_nothing_of_it(team: Team) -> None:
    """A forged channel id, or a channel that moved: what it heard stays behind."""
    await team.ask(person(TWO, manager=True), "subscribe instagram/rival")
    forged = replace(person(ONE, manager=True), channel=person(TWO).channel)
    shown = await team.ask(forged, "subscriptions")
    assert shown.title == "0 subscriptions"
    assert "no subscription 1" in (await team.ask(forged, "unsubscribe 1")).text
    kept = await team.ask(person(TWO), "subscriptions")
    assert "instagram/rival" in kept.text
