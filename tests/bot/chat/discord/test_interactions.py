"""Commands, completions and buttons on Discord, with everything that can go wrong."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from bot.chat.clocks import Clocks
from bot.chat.discord import DiscordSettings
from bot.chat.discord.adapter import DiscordChat
from bot.chat.discord.commands import payload, read_call, same
from bot.commands.table import COMMANDS as ALL_COMMANDS
from bot.message.voice import voices
from bot.model.command import Argument, Command
from tests.contracts.chat import COMMANDS, delivery, until
from tests.contracts.stage_discord import QUICK, DiscordStage, buttons_of, open_stage
from tests.loopback.discord import TOKEN, Asked
from tests.loopback.discord_rules import check_command


@pytest.fixture
async def stage() -> AsyncIterator[DiscordStage]:
    async with open_stage() as opened:
        yield opened


async def done(asked: Asked) -> Asked:
    await asyncio.wait_for(asked.done.wait(), 5)
    return asked


LANGUAGES = voices("UTC")


def test_the_whole_table_is_one_command_that_discord_accepts_in_all_languages() -> None:
    assert check_command(payload(ALL_COMMANDS, LANGUAGES)) == {}


def test_each_person_reads_the_descriptions_in_the_language_of_their_own_app() -> None:
    def walk(option: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield option
        for one in option.get("options", ()):
            yield from walk(one)

    described = [
        one for one in walk(payload(ALL_COMMANDS, LANGUAGES)) if one["type"] not in {2}
    ]
    texts = {one["description"]: one["description_localizations"]["de"] for one in described}
    shared = texts["Show the answer to everybody in this channel"]
    assert shared == "Die Antwort allen in diesem Kanal zeigen"
    assert [text for text, german in texts.items() if text == german] == []


async def test_a_new_language_registers_the_commands_anew(stage: DiscordStage) -> None:
    stage.dispatcher.languages = LANGUAGES
    again = DiscordChat(
        DiscordSettings(api_base=stage.server.api_base, gateway=stage.server.gateway),
        TOKEN,
        stage.dispatcher,
        Clocks(wall=stage.now, monotonic=time.monotonic),
        patience=QUICK,
    )
    for _ in range(2):
        running = asyncio.create_task(again.run())
        await until(lambda: "de" in stage.server.commands["ebb"]["description_localizations"])
        await until(lambda: again.health().ready)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    written = [path for how, path, _ in stage.server.requests if how == "POST"]
    assert len([path for path in written if path.endswith("/commands")]) == 2


@pytest.mark.parametrize("command", ALL_COMMANDS, ids=lambda one: one.name)
async def test_every_command_of_the_table_reaches_the_desk(command: Command) -> None:
    nested: list[dict[str, object]] = [
        {"name": one.name, "type": 3, "value": "x"}
        for one in command.arguments
        if one.kind != "file"
    ]
    for depth, word in enumerate(reversed(command.name.split())):
        nested = [{"name": word, "type": 1 if depth == 0 else 2, "options": nested}]
    call = read_call({"name": "ebb", "options": nested})
    assert call.name == command.name
    wanted = {one.name for one in command.arguments if one.kind != "file"}
    assert set(call.arguments) == wanted


def test_what_discord_adds_to_a_command_is_no_change() -> None:
    wanted = payload(COMMANDS, LANGUAGES)
    stored = {**wanted, "id": "1", "version": "2", "nsfw": False, "dm_permission": None}
    stored["options"] = [
        {**one, "name_localizations": None, "required": False} for one in wanted["options"]
    ]
    assert same(stored, wanted)
    assert not same({**stored, "description": "old"}, wanted)
    assert not same({**stored, "options": stored["options"][1:]}, wanted)


def test_required_options_come_first() -> None:
    arguments = (
        Argument(name="later", help="x", required=False),
        Argument(name="first", help="x"),
    )
    command = Command(name="x", help="x", handler=COMMANDS[0].handler, arguments=arguments)
    [option] = payload([command], LANGUAGES)["options"]
    assert [one["name"] for one in option["options"]] == ["first", "later", "share"]


def test_numbers_are_told_as_people_write_them() -> None:
    options = [{"name": "goal", "type": 10, "value": 200000.0}]
    call = read_call({"options": [{"name": "goal", "type": 1, "options": options}]})
    assert call.arguments == {"goal": "200000"}


async def test_accounts_are_completed(stage: DiscordStage) -> None:
    asked = await done(stage.server.slash("status", account="tik", focused="account"))
    assert asked.choices is not None
    assert len(asked.choices) == 25
    assert asked.choices[0] == {"name": "account tik0", "value": "account/tik0"}


async def test_an_attached_file_reaches_the_desk(stage: DiscordStage) -> None:
    asked = await done(stage.server.slash("import", file=b"date,followers\n"))
    [sent] = [arguments["file"] for _, _, arguments in stage.dispatcher.asked]
    assert (sent.name, sent.content) == ("export.csv", b"date,followers\n")
    assert asked.ephemeral


async def test_a_file_that_does_not_come_is_said(stage: DiscordStage) -> None:
    asked = stage.server.slash("import", file=b"x")
    stage.server.files.clear()
    await done(asked)
    assert "send it again" in str(asked.answer)
    assert stage.dispatcher.asked == []


async def test_an_interaction_that_came_too_late_does_nothing(stage: DiscordStage) -> None:
    """After a resumed session Discord hands over what was asked meanwhile."""
    asked = stage.server.slash("status")
    asked.at -= 5
    await done(stage.server.slash("event add", text="x"))
    assert asked.acknowledged is None
    assert [name for _, name, _ in stage.dispatcher.asked] == ["event add"]


async def test_the_same_interaction_twice_is_answered_once(stage: DiscordStage) -> None:
    await done(stage.server.slash("event add", text="x"))
    stage.server.replay()
    await done(stage.server.slash("status"))
    assert [name for _, name, _ in stage.dispatcher.asked] == ["event add", "status"]


@pytest.mark.parametrize("fault", ["reset before", "reset after", "hang after"])
async def test_a_lost_acknowledgement_is_made_good(stage: DiscordStage, fault: str) -> None:
    stage.server.fail(fault, "acknowledge")
    asked = await done(stage.server.slash("event add", text="x"))
    assert asked.answer is not None
    assert len(stage.dispatcher.asked) == 1


async def test_an_answer_is_shown_in_spite_of_a_reset(stage: DiscordStage) -> None:
    stage.server.fail("reset before", "answer")
    asked = await done(stage.server.slash("status"))
    assert "answer to status" in str(asked.answer)


async def test_an_answer_that_cannot_be_shown_breaks_nothing(stage: DiscordStage) -> None:
    stage.server.fail("reset before", "answer", times=2)
    stage.server.slash("event add", text="x")
    await until(lambda: not stage.server.faults)
    await done(stage.server.slash("status"))
    assert len(stage.dispatcher.asked) == 2


async def test_a_button_works_after_a_restart() -> None:
    async with open_stage() as stage:
        await stage.chat.send(delivery(stage))
        message = stage.server.shown()[0]
    async with open_stage() as later:
        button = buttons_of(message)[0]["custom_id"]
        asked = await done(later.server.press(button, message))
        assert asked.ephemeral
        assert later.dispatcher.lines[0][1] == "ack 1"
        assert later.dispatcher.lines[0][0].alert == delivery(later).id


async def test_buttons_of_other_bots_are_left_alone(stage: DiscordStage) -> None:
    foreign = stage.server.press("poll:1:yes")
    await done(stage.server.slash("status"))
    assert foreign.acknowledged is None
    assert stage.dispatcher.lines == []


async def test_a_hundred_commands_at_once_are_all_acknowledged(stage: DiscordStage) -> None:
    asked = [stage.server.slash("status") for _ in range(100)]
    await asyncio.gather(*map(done, asked))
    assert len(stage.dispatcher.asked) == 100
    assert all(one.answer for one in asked)
