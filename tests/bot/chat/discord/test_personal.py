"""`/ebb-status` in a direct message: of the servers a person is in, and of no other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.chat.discord.commands import PERSONAL, personal_payload
from bot.commands.table import COMMANDS
from bot.message.voice import voices
from tests.contracts.chat import until
from tests.contracts.stage_discord import DiscordStage, buttons_of, open_stage
from tests.loopback.discord import GUILD, Asked
from tests.loopback.discord_rules import check_command

OTHER = 800000000000000002
LENA = 4242


@pytest.fixture
async def stage() -> AsyncIterator[DiscordStage]:
    async with open_stage(user_install=True) as opened:
        opened.server.add_guild(OTHER)
        opened.dispatcher.spaces = (f"discord:{GUILD}", f"discord:{OTHER}", "slack:T0TEAM")
        yield opened


async def asked_by(stage: DiscordStage, user: int = LENA, **options: str) -> Asked:
    asked = stage.server.direct(PERSONAL, user=user, **options)
    await asyncio.wait_for(asked.done.wait(), 5)
    return asked


def spaces_of(stage: DiscordStage) -> list[str | None]:
    return [caller.space for caller, _, _ in stage.dispatcher.asked]


def test_discord_accepts_the_command() -> None:
    wanted = personal_payload(COMMANDS, voices("UTC"))
    assert check_command(wanted) == {}
    assert (wanted["contexts"], wanted["integration_types"]) == ([1, 2], [0, 1])


async def test_it_is_registered_where_people_may_install_the_app(stage: DiscordStage) -> None:
    await until(lambda: PERSONAL in stage.server.commands)
    assert stage.server.commands["ebb"]["contexts"] == [0]


async def test_it_is_not_registered_where_they_may_not() -> None:
    async with open_stage() as closed:
        assert list(closed.server.commands) == ["ebb"]


async def test_a_member_reads_how_things_stand_in_their_server(stage: DiscordStage) -> None:
    stage.server.members[str(LENA)] = []
    stage.server.absent.add((str(OTHER), str(LENA)))
    asked = await asked_by(stage, account="instagram/lena")
    assert asked.ephemeral
    assert "answer to status" in str(asked.answer)
    ((caller, name, arguments),) = stage.dispatcher.asked
    assert (caller.space, caller.channel, name) == (stage.space, None, "status")
    assert arguments == {"account": "instagram/lena"}
    assert asked.answer is not None
    assert buttons_of(asked.answer) == []


async def test_whoever_left_sees_nothing_from_then_on(stage: DiscordStage) -> None:
    stage.server.members[str(LENA)] = []
    stage.server.absent.add((str(OTHER), str(LENA)))
    await asked_by(stage)
    stage.server.members.clear()
    asked = await asked_by(stage)
    assert "None of the servers" in str(asked.answer)
    assert spaces_of(stage) == [stage.space]


async def test_each_server_answers_for_itself(stage: DiscordStage) -> None:
    stage.server.members = {str(LENA): [], "7": []}
    stage.server.absent.add((str(GUILD), "7"))
    asked = await asked_by(stage)
    await until(lambda: asked.more)
    assert spaces_of(stage) == [f"discord:{GUILD}", f"discord:{OTHER}"]
    assert f"guild {GUILD}" in str(asked.answer)
    assert asked.more[0]["flags"] & 64
    await asked_by(stage, user=7)
    assert spaces_of(stage)[2:] == [f"discord:{OTHER}"]


async def test_nothing_is_shown_while_discord_does_not_say_who_is_where(
    stage: DiscordStage,
) -> None:
    stage.server.members[str(LENA)] = []
    stage.server.fail("no access", "member", times=9)
    asked = await asked_by(stage)
    assert "None of the servers" in str(asked.answer)
    assert stage.dispatcher.asked == []
