"""`kill -9` of the real service while it talks to a platform, and a restart."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.storage import channels, outbox
from bot.storage.channels import Channel
from bot.storage.database import Store
from tests.contracts import stage_discord, stage_slack
from tests.contracts.chat import Shown
from tests.faults.driver import STEPS
from tests.faults.lives import Lives, Tally
from tests.faults.service import Service
from tests.loopback.discord import CHANNEL, GUILD, TOKEN, LoopbackDiscord, loopback_discord
from tests.loopback.slack import APP_TOKEN, BOT_TOKEN, TEAM, SlackServer

SCHEDULES = 20 if os.environ.get("EBBWATCH_FAULTS") else 1
CONFIG = """
database = "kill.db"
[[sources]]
name = "files"
kind = "file"
path = "counts.csv"
platform = "tiktok"
every = "1h"
[[spaces]]
id = "{space}"
accounts = ["*"]
[[channels]]
channel = "{channel}"
[console]
enabled = false
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """A platform on loopback, and how the service finds it."""

    server: LoopbackDiscord | SlackServer
    channel: str
    space: str
    section: str
    tokens: Mapping[str, str]
    shown: Callable[[], Sequence[Shown]]
    replies: Callable[[int], Sequence[Shown]]
    rest: Callable[[], None] = lambda: None
    """Stands for the second that a start takes which is not forked."""


@asynccontextmanager
async def discord(chance: random.Random) -> AsyncIterator[Home]:
    """One that remembers nonces, or has just forgotten them."""
    nonce_seconds = chance.choice((0.0, 120.0))
    async with loopback_discord(window=(1000, 1.0), nonce_seconds=nonce_seconds) as server:
        yield Home(
            server=server,
            channel=f"discord:{CHANNEL}",
            space=f"discord:{GUILD}",
            section=f'[discord]\napi_base = "{server.api_base}"\n'
            f'gateway = "{server.gateway}"\n',
            tokens={"DISCORD_TOKEN": TOKEN},
            shown=lambda: stage_discord.shown_of(server),
            replies=lambda place: stage_discord.replies_of(server, place),
        )


@asynccontextmanager
async def slack(chance: random.Random) -> AsyncIterator[Home]:
    async with SlackServer() as server:
        yield Home(
            server=server,
            channel="slack:C0MAIN",
            space=f"slack:{TEAM}",
            section=f'[slack]\nbase_url = "{server.base_url}"\n',
            tokens={"SLACK_BOT_TOKEN": BOT_TOKEN, "SLACK_APP_TOKEN": APP_TOKEN},
            shown=lambda: stage_slack.shown_of(server),
            replies=lambda place: stage_slack.replies_of(server, place),
            rest=server.rest,
        )


HOMES: Mapping[str, Callable[[random.Random], AbstractAsyncContextManager[Home]]] = {
    "discord": discord,
    "slack": slack,
}


@pytest.mark.parametrize("platform", HOMES)
@pytest.mark.parametrize("seed", range(SCHEDULES))
async def test_a_killed_service_loses_and_doubles_nothing(
    platform: str, seed: int, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    chance = random.Random(seed)
    async with HOMES[platform](chance) as home:
        (tmp_path / "counts.csv").write_text("account,date,followers\nlena,2026-11-01,1000\n")
        config = CONFIG.format(space=home.space, channel=home.channel) + home.section
        service = Service(tmp_path, config, home.tokens)
        try:
            async with asyncio.timeout(120):
                tally = await lived(home, service, chance)
        finally:
            service.kill()
            await service.ended()
        assert home.server.limited == 0
    request.node.user_properties += tally.counts(f"{platform} killed")
    assert (tally.lost, tally.doubled, tally.disordered) == ([], [], [])
    assert tally.crashes == 2
    assert tally.messages > 0


async def lived(home: Home, service: Service, chance: random.Random) -> Tally:
    """Two kills, each where a request is made and the service will never know its end."""
    store = Store.open(service.folder / "kill.db", now=time.time())
    await store.write(channels.put, Channel(channel=home.channel, space=home.space))
    lives = Lives(home.channel, home.space, time.time, chance)
    for _ in range(2):
        for _ in range(chance.randint(3, 6)):
            await store.write(lives.happen)
        home.server.witness = kill_at(service, chance)
        home.rest()
        await service.start()
        await service.ended()
        lives.tally.crashes += 1
    home.server.witness = lambda step, moment: None
    await store.write(lives.resolve)
    home.rest()
    await service.start()
    while await store.read(outbox.waiting):  # noqa: ASYNC110 - another process sends
        await asyncio.sleep(0.05)
    store.close()
    return lives.judge(home.shown(), home.replies)


def kill_at(service: Service, chance: random.Random) -> Callable[[str, str], None]:
    """At one of the first four requests, which then takes effect or does not."""
    left, moment = chance.randint(1, 4), chance.choice(("before", "after"))

    def witness(step: str, when: str) -> None:
        nonlocal left
        if step in STEPS and when == moment:
            left -= 1
            if left == 0:
                service.kill()
                if moment == "before":
                    raise ConnectionAbortedError

    return witness
