"""How the connection to Discord lives through trouble, and what it says about it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from bot.chat.clocks import Clocks
from bot.chat.discord import DiscordSettings
from bot.chat.discord.adapter import DiscordChat, Patience
from bot.chat.discord.permissions import PERMISSIONS, discord_invite
from bot.errors import DeliveryDeferred
from tests.contracts.chat import COMMANDS, RecordingDesk, delivery, failure, until
from tests.contracts.stage_discord import DiscordStage, open_stage
from tests.loopback.discord import CHANNEL, GUILD, ROLE, TOKEN, LoopbackDiscord

QUICK = Patience(delivery=0.5, acknowledge=0.5, gateway=0.2, pause=0.05, token=0.05)


@pytest.fixture
async def server() -> AsyncIterator[LoopbackDiscord]:
    discord = LoopbackDiscord()
    await discord.start()
    yield discord
    await discord.stop()


@pytest.fixture
async def stage() -> AsyncIterator[DiscordStage]:
    async with open_stage(patience=QUICK) as opened:
        yield opened


class Running:
    """A chat that runs beside the test."""

    def __init__(self, server: LoopbackDiscord, token: str = TOKEN) -> None:
        self.dispatcher = RecordingDesk(commands=COMMANDS)
        settings = DiscordSettings(api_base=server.api_base, gateway=server.gateway)
        self.chat = DiscordChat(
            settings,
            token,
            self.dispatcher,
            Clocks(wall=time.time, monotonic=time.monotonic),
            patience=QUICK,
        )

    async def __aenter__(self) -> Running:
        self.task = asyncio.create_task(self.chat.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


async def test_only_the_guilds_intent_is_asked_for(stage: DiscordStage) -> None:
    assert stage.server.identifies == [1]


async def test_rest_unreachable_at_the_start_is_said_once_and_overcome(
    server: LoopbackDiscord,
) -> None:
    server.rest_open = False
    async with Running(server) as running:
        await until(lambda: running.dispatcher.reports)
        assert not running.chat.health().ready
        server.rest_open = True
        await until(lambda: len(running.dispatcher.reports) == 2)
        assert running.chat.health().ready
    first, second = running.dispatcher.reports
    assert "cannot be reached" in first
    assert second == "Discord is connected again."


async def test_a_gateway_unreachable_at_the_start_is_overcome(server: LoopbackDiscord) -> None:
    server.gateway_open = False
    async with Running(server) as running:
        await until(lambda: running.dispatcher.reports)
        server.gateway_open = True
        await until(lambda: running.chat.health().ready)
    assert len(running.dispatcher.reports) == 2


async def test_messages_go_out_while_only_the_gateway_is_away(server: LoopbackDiscord) -> None:
    server.gateway_open = False
    async with Running(server) as running:
        await until(lambda: running.dispatcher.reports)
        stage = DiscordStage(server, lambda: running.chat, running.dispatcher)
        await running.chat.send(delivery(stage))
    assert len(server.shown()) == 1


async def test_a_refused_token_is_said_once_and_not_tried_hotly(
    server: LoopbackDiscord,
) -> None:
    async with Running(server, token="an.old.token") as running:
        await until(lambda: sum("users/@me" in path for _, path, _ in server.requests) >= 3)
        stage = DiscordStage(server, lambda: running.chat, running.dispatcher)
        error = await failure(running.chat.send(delivery(stage)))
    assert isinstance(error, DeliveryDeferred)
    assert len(running.dispatcher.reports) == 1
    assert "token" in running.dispatcher.reports[0]
    assert "DISCORD_TOKEN" in running.dispatcher.reports[0]
    assert "an.old.token" not in running.dispatcher.reports[0] + str(error)


async def test_a_token_revoked_while_connected_is_said(stage: DiscordStage) -> None:
    stage.server.token = "a.new.token"
    stage.server.drop_gateway()
    stage.server.sessions.clear()
    await until(lambda: stage.dispatcher.reports, 12)
    assert not stage.chat.health().ready


async def test_a_dropped_gateway_is_resumed_and_nothing_is_said() -> None:
    async with open_stage() as stage:
        stage.server.drop_gateway()
        await until(lambda: stage.server.resumes == 1 and stage.chat.health().ready)
        assert stage.dispatcher.reports == []
        assert len(stage.server.identifies) == 1


async def test_a_requested_reconnect_is_followed_and_commands_go_on() -> None:
    async with open_stage() as stage:
        await stage.server.ask_to_reconnect()
        await until(lambda: stage.server.resumes == 1)
        assert (await stage.command("status")).private
        assert stage.dispatcher.reports == []


async def test_a_gateway_that_stays_away_is_said_once_and_comes_back(
    stage: DiscordStage,
) -> None:
    stage.server.gateway_open = False
    stage.server.drop_gateway()
    await until(lambda: stage.dispatcher.reports)
    assert not stage.chat.health().ready
    stage.server.gateway_open = True
    await until(lambda: stage.chat.health().ready)
    await until(lambda: len(stage.dispatcher.reports) == 2)
    assert (await stage.command("status")).private


def _asked_for_commands(server: LoopbackDiscord) -> int:
    return sum(one[0] == "GET" and one[1].endswith("/commands") for one in server.requests)


async def test_commands_are_registered_once_and_again_only_when_changed(
    server: LoopbackDiscord,
) -> None:
    for times in (1, 2):
        async with Running(server):
            await until(lambda: server.commands)
            await until(lambda times=times: _asked_for_commands(server) == times)
    writes = [
        one for one in server.requests if one[0] in {"POST", "PUT"} and "commands" in one[1]
    ]
    assert len(writes) == 1
    changed = Running(server)
    changed.dispatcher.commands = COMMANDS[:2]
    async with changed:
        await until(lambda: len(server.commands["ebb"]["options"]) == 2)
    assert server.creates == 1


async def test_commands_of_others_stay(server: LoopbackDiscord) -> None:
    server.commands["launch"] = {"name": "launch", "type": 4, "id": "1"}
    async with Running(server):
        await until(lambda: "ebb" in server.commands)
    assert "launch" in server.commands


async def test_problems_name_the_missing_permissions(stage: DiscordStage) -> None:
    assert await stage.chat.problems(stage.channel) == []
    stage.server.deny(CHANNEL, PERMISSIONS["Embed Links"] | PERMISSIONS["Attach Files"])
    stage.server.dispatch("CHANNEL_UPDATE", stage.server.channels[str(CHANNEL)])
    await stage.command("status")
    found = await stage.chat.problems(stage.channel)
    assert len(found) == 2
    assert '"Embed Links"' in found[0]
    assert '"Attach Files"' in found[1]


async def test_problems_need_no_gateway(server: LoopbackDiscord) -> None:
    """As in `ebbwatch doctor`, beside a service or without one."""
    chat = Running(server).chat
    server.deny(CHANNEL, PERMISSIONS["Create Public Threads"])
    try:
        [found] = await chat.problems(f"discord:{CHANNEL}")
        assert "Create Public Threads" in found
        [gone] = await chat.problems("discord:1")
        assert "does not exist" in gone
        assert await chat.problems(None) == []
    finally:
        await chat.close()


def test_the_invitation_asks_for_what_is_used_and_no_more() -> None:
    link = discord_invite("1234")
    assert link.startswith("https://discord.com/oauth2/authorize?client_id=1234&")
    assert "scope=bot+applications.commands" in link
    used = (1 << 10) | (1 << 11) | (1 << 14) | (1 << 15) | (1 << 16) | (1 << 35) | (1 << 38)
    assert link.endswith(f"permissions={used}")


async def test_a_callers_roles_and_rights_are_told(stage: DiscordStage) -> None:
    data = {"id": "1", "name": "ebb", "type": 1, "options": [{"name": "status", "type": 1}]}
    asked = stage.server.interact(2, data, roles=(ROLE,), permissions=1 << 5)
    await asyncio.wait_for(asked.done.wait(), 5)
    caller = stage.dispatcher.asked[-1][0]
    assert caller.roles == {str(ROLE), "Social leads"}
    assert caller.admin
    assert (caller.space, caller.channel) == (f"discord:{GUILD}", f"discord:{CHANNEL}")
    assert (caller.user, caller.name) == ("4242", "lena")
