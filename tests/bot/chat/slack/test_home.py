"""The app's home, a mention of the app, and "Why?" in a message's menu."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence

import pytest

from bot.chat.slack import SlackSettings
from bot.chat.slack.home import WHY
from bot.chat.slack.manifest import slack_manifest
from bot.chat.slack.render import home_view, message_blocks
from bot.commands.table import COMMANDS as ALL_COMMANDS
from bot.model.command import Attachment, Caller
from bot.model.message import Button, Message, Sheet
from tests.contracts.chat import RecordingDesk, delivery, open_stage, until
from tests.contracts.stage_slack import SlackStage, open_workspace, said
from tests.loopback.slack_limits import check_blocks


@pytest.fixture
async def stage() -> AsyncIterator[SlackStage]:
    async with open_stage("slack") as opened:
        assert isinstance(opened, SlackStage)
        yield opened


async def test_the_home_shows_how_things_stand_and_the_accounts(stage: SlackStage) -> None:
    await stage.server.event("app_home_opened", tab="home", channel="D1")
    await until(lambda: "U0LENA" in stage.server.homes)
    told = said(stage.server.homes["U0LENA"])
    assert "answer to status" in told
    assert "answer to accounts" in told


async def test_a_mention_is_answered_to_who_asked_alone(stage: SlackStage) -> None:
    text = "<@U0BOT> event add Lena &amp; Mo"
    await stage.server.event("app_mention", text=text, channel="C0MAIN", ts="1.0")
    await until(lambda: stage.server.ephemerals)
    caller, name, arguments = stage.dispatcher.asked[-1]
    assert (name, arguments["text"]) == ("event add", "Lena & Mo")
    assert (caller.channel, caller.space) == ("slack:C0MAIN", stage.space)


async def test_a_mention_that_slack_tells_again_acts_once(stage: SlackStage) -> None:
    """Slack repeats an event in a new envelope; the event's id stays."""
    text = "<@U0BOT> event add Lena"
    await stage.server.event("app_mention", text=text, channel="C0MAIN", ts="1.0")
    await stage.server.again(envelope="another")
    await stage.command("status")
    assert [name for _, name, _ in stage.dispatcher.asked] == ["event add", "status"]


async def test_a_bot_that_mentions_the_app_is_not_answered(stage: SlackStage) -> None:
    await stage.server.event("app_mention", text="<@U0BOT> x", channel="C0MAIN", bot_id="B1")
    await stage.command("status")
    assert [name for _, name, _ in stage.dispatcher.asked] == ["status"]


async def test_why_in_the_menu_asks_what_the_messages_button_asks(stage: SlackStage) -> None:
    await stage.chat.send(delivery(stage, 7))
    asked = await stage.server.shortcut(WHY, stage.server.shown()[0])
    assert "answer to why 7" in said(await asked.answer())


async def test_why_of_a_foreign_message_shows_what_is_open(stage: SlackStage) -> None:
    asked = await stage.server.shortcut(WHY, {"text": "hello"})
    assert "answer to incidents" in said(await asked.answer())


async def test_the_home_shows_each_channel_and_what_can_be_added(stage: SlackStage) -> None:
    stage.dispatcher.places = ["slack:C0MAIN", "slack:C0OTHER"]
    await stage.server.event("app_home_opened", tab="home", channel="D1")
    await until(lambda: "U0LENA" in stage.server.homes)
    view = stage.server.homes["U0LENA"]
    told = json.dumps(view, ensure_ascii=False)
    assert ["*<#C0MAIN>*" in told, "*<#C0OTHER>*" in told] == [True, True]
    assert "subscriptions" in [line for _, line in stage.dispatcher.lines]
    labels = [
        one["text"]["text"]
        for block in view["blocks"]
        if block["type"] == "actions"
        for one in block["elements"]
    ]
    both = ["Add a subscription …", "Change settings …"]
    assert labels == ["Set a goal …", "Note an event …", *both, *both]


async def open_settings(stage: SlackStage) -> None:
    stage.dispatcher.commands = ALL_COMMANDS
    stage.dispatcher.places = ["slack:C0OTHER"]
    await stage.server.event("app_home_opened", tab="home", channel="D1")
    await until(lambda: "U0LENA" in stage.server.homes)
    await stage.server.press_home("Change settings …")
    await until(lambda: stage.server.views)


async def test_what_is_changed_in_the_home_concerns_its_channel(stage: SlackStage) -> None:
    """The form's answer comes directly, and the home is drawn anew."""
    await open_settings(stage)
    stage.server.homes.clear()
    filled = {"language": "de", "remind": "12h"}
    await stage.server.submit(stage.server.views[0], filled=filled)
    await until(lambda: "U0LENA" in stage.server.homes)
    [(caller, name, arguments)] = [
        one for one in stage.dispatcher.asked if one[1] == "settings"
    ]
    assert (caller.channel, name, arguments) == ("slack:C0OTHER", "settings", filled)
    assert "answer to settings" in said(stage.server.shown("D0LENA")[0])


@pytest.mark.parametrize(
    ("named", "told"),
    [("@s0leads", "<!subteam^S0LEADS>"), ("@S0Leads", "<!subteam^S0LEADS>"), ("@no", "@no")],
)
async def test_a_group_that_is_named_in_a_form_is_the_workspaces(
    stage: SlackStage, named: str, told: str
) -> None:
    await open_settings(stage)
    filled = {"mention": named, "timezone": named}
    await stage.server.submit(stage.server.views[0], filled=filled)
    await until(lambda: any(one[1] == "settings" for one in stage.dispatcher.asked))
    assert stage.dispatcher.asked[-1][2] == {"mention": told, "timezone": named}


def test_a_home_of_any_size_is_within_its_limits() -> None:
    rows = tuple((f"instagram/account{n}", str(n)) for n in range(3000))
    button = Button(label="Chart", command="chart 1")
    big = Message(title="x", table=(("Account", "Followers"), *rows), buttons=(button,))
    view = home_view([*message_blocks(big), *message_blocks(big)])
    check_blocks(view["blocks"], {}, 100)
    assert "instagram/account0\n0\n" in said(view)


@pytest.mark.parametrize("mode", ["socket", "http"])
def test_the_manifest_asks_for_the_doors(mode: str) -> None:
    manifest = json.loads(slack_manifest(SlackSettings(mode=mode)))  # type: ignore[arg-type]
    events = manifest["settings"]["event_subscriptions"]
    assert events["bot_events"] == ["app_home_opened", "app_mention"]
    assert ("request_url" in events) == (mode == "http")
    assert manifest["features"]["shortcuts"][0]["callback_id"] == WHY
    assert "app_mentions:read" in manifest["oauth_config"]["scopes"]["bot"]


class SheetDesk(RecordingDesk):
    """Answers everything with a spreadsheet."""

    async def answer_line(
        self, caller: Caller, line: str, files: Sequence[Attachment] = ()
    ) -> Message:
        rows = (("account", "followers"), ("x/lena", "12"))
        return Message(title="Month", sheet=Sheet(name="ebbwatch-month", rows=rows))


async def test_a_sheet_of_an_answer_comes_directly() -> None:
    """No answer to a command can hold a file."""
    async with open_workspace(answers=SheetDesk()) as stage:
        await (await stage.server.command("summary month")).answer()
        await until(lambda: any("files" in one for one in stage.server.messages))
        told, file = stage.server.messages
        assert (told["channel"], file["thread_ts"]) == ("D0LENA", told["ts"])
        [kept] = [one for one in stage.server.files.values() if one.name.endswith(".csv")]
        assert kept.content.decode("utf-8-sig") == "account,followers\r\nx/lena,12\r\n"
