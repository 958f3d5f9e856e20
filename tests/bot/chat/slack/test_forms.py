"""Forms in Slack: a command without its arguments asks for them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.chat.slack.forms import Place, form
from bot.commands.table import COMMANDS
from bot.message.voice import voices
from bot.model.command import Command
from tests.contracts.chat import open_stage, until
from tests.contracts.stage_slack import SlackStage, said
from tests.loopback.slack_limits import check_blocks

WITH_FORMS = [one for one in COMMANDS if one.form]


@pytest.fixture
async def stage() -> AsyncIterator[SlackStage]:
    async with open_stage("slack") as opened:
        assert isinstance(opened, SlackStage)
        opened.dispatcher.commands = COMMANDS
        yield opened


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("command", WITH_FORMS, ids=lambda one: one.name)
def test_every_form_is_one_that_slack_accepts(language: str, command: Command) -> None:
    view = form(command, "", Place(command=command.name), voices("UTC")[language])
    check_blocks(view["blocks"], {}, 100)
    assert all(len(view[part]["text"]) <= 24 for part in ("title", "submit", "close"))


async def test_a_form_is_opened_and_answered_as_the_command(stage: SlackStage) -> None:
    await stage.server.command("event add")
    await until(lambda: stage.server.views)
    view = stage.server.views[0]
    kinds = [block["element"]["type"] for block in view["blocks"]]
    assert kinds[:3] == ["static_select", "datepicker", "plain_text_input"]
    filled = {"kind": "campaign", "from": "2027-01-19", "name": "Launch of *x*"}
    await stage.server.submit(view, filled=filled)
    await until(lambda: stage.server.ephemerals)
    ((caller, name, arguments),) = stage.dispatcher.asked
    assert (caller.space, caller.channel, name) == (stage.space, "slack:C0MAIN", "event add")
    assert arguments == filled
    assert "answer to event add" in said(stage.server.ephemerals[0])


async def test_arguments_need_no_form(stage: SlackStage) -> None:
    asked = await stage.server.command("goal instagram/lena 20000 2027-01-19")
    await asked.answer()
    assert stage.server.views == []


async def test_the_bare_settings_are_shown_and_not_asked_for(stage: SlackStage) -> None:
    asked = await stage.server.command("settings")
    await asked.answer()
    assert stage.server.views == []
