"""Forms on Discord: a command without its arguments asks for them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.chat.discord.forms import form, read_form
from bot.commands.table import COMMANDS
from bot.message.voice import voices
from tests.contracts.stage_discord import DiscordStage, open_stage
from tests.loopback.discord import ROLE, Asked
from tests.loopback.discord_rules import check_form

WITH_FORMS = [one for one in COMMANDS if one.form]


@pytest.fixture
async def stage() -> AsyncIterator[DiscordStage]:
    async with open_stage() as opened:
        opened.dispatcher.commands = COMMANDS
        yield opened


async def done(asked: Asked) -> Asked:
    await asyncio.wait_for(asked.done.wait(), 5)
    return asked


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_form_is_one_that_discord_accepts(language: str) -> None:
    assert {one.name for one in WITH_FORMS} == {"subscribe", "goal", "event add", "settings"}
    for command in WITH_FORMS:
        drawn = form(command, voices("UTC")[language])
        assert not check_form(drawn)
        required = {one.name for one in command.arguments if one.required}
        assert required <= set(command.form)


async def test_a_form_is_opened_and_answered_as_the_command(stage: DiscordStage) -> None:
    opened = await done(stage.server.slash("event add"))
    assert opened.form is not None
    assert stage.dispatcher.asked == []
    filled = {"kind": "campaign", "from": "2027-01-19", "name": "Launch of *x*"}
    asked = await done(stage.server.submit(opened.form, filled))
    assert asked.ephemeral
    ((caller, name, arguments),) = stage.dispatcher.asked
    assert (caller.space, caller.channel, name) == (stage.space, stage.channel, "event add")
    assert arguments == {"kind": "campaign", "from": "2027-01-19", "name": "Launch of *x*"}


async def test_a_button_asks_for_what_the_bare_command_shows(stage: DiscordStage) -> None:
    shown = await done(stage.server.slash("settings"))
    assert shown.form is None
    opened = await done(stage.server.press("ebb::settings"))
    assert opened.form is not None
    await done(stage.server.submit(opened.form, {"language": "de"}))
    assert [arguments for _, _, arguments in stage.dispatcher.asked] == [
        {},
        {"language": "de"},
    ]


async def test_a_role_that_is_named_in_a_form_is_the_servers(stage: DiscordStage) -> None:
    await done(stage.server.slash("settings"))
    opened = await done(stage.server.press("ebb::settings"))
    assert opened.form is not None
    told = []
    for name in ("@social Leads", "@nobody"):
        await done(stage.server.submit(opened.form, {"mention": name}))
        told.append(stage.dispatcher.asked[-1][2]["mention"])
    assert told == [f"<@&{ROLE}>", "@nobody"]


async def test_an_account_that_is_called_like_a_role_stays_one(stage: DiscordStage) -> None:
    opened = await done(stage.server.slash("goal"))
    assert opened.form is not None
    filled = {"account": "@social Leads", "followers": "90000"}
    await done(stage.server.submit(opened.form, filled))
    assert stage.dispatcher.asked[-1][2] == filled


async def test_arguments_need_no_form(stage: DiscordStage) -> None:
    asked = await done(stage.server.slash("goal", account="instagram/lena"))
    assert asked.form is None
    assert stage.dispatcher.asked[0][2] == {"account": "instagram/lena"}


async def test_a_form_handed_out_again_is_answered_once(stage: DiscordStage) -> None:
    opened = await done(stage.server.slash("subscribe"))
    assert opened.form is not None
    await done(stage.server.submit(opened.form, {}))
    stage.server.replay()
    await done(stage.server.slash("goal", account="instagram/lena"))
    assert [name for _, name, _ in stage.dispatcher.asked] == ["subscribe", "goal"]


def test_forms_of_others_are_not_read() -> None:
    assert read_form({"custom_id": "other", "components": []}) is None
