"""`kill -9` of the real service while it talks to Discord, and a restart."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.storage import channels, outbox
from bot.storage.channels import Channel
from bot.storage.database import Store
from tests.contracts.stage_discord import replies_of, shown_of
from tests.faults.driver import Lives, Tally
from tests.loopback.discord import CHANNEL, GUILD, TOKEN, LoopbackDiscord

SCHEDULES = 20 if os.environ.get("EBBWATCH_FAULTS") else 1
ROOT = Path(__file__).parents[2]
CONFIG = """
database = "kill.db"
[[sources]]
name = "files"
kind = "file"
path = "counts.csv"
platform = "tiktok"
every = "1h"
[[spaces]]
id = "discord:{guild}"
accounts = ["*"]
[[channels]]
channel = "discord:{channel}"
[discord]
api_base = "{api_base}"
gateway = "{gateway}"
[console]
enabled = false
"""


class Service:
    """The real program, started anew after each kill."""

    def __init__(self, folder: Path, server: LoopbackDiscord) -> None:
        self.folder = folder
        addresses = {"api_base": server.api_base, "gateway": server.gateway}
        config = CONFIG.format(guild=GUILD, channel=CHANNEL, **addresses)
        (folder / "config.toml").write_text(config)
        (folder / "counts.csv").write_text("account,date,followers\nlena,2026-11-01,1000\n")
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "--config", str(self.folder / "config.toml"), "run"),
            cwd=ROOT,
            env={**os.environ, "DISCORD_TOKEN": TOKEN},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def kill(self) -> None:
        if self.process and self.process.returncode is None:
            self.process.send_signal(signal.SIGKILL)

    async def ended(self) -> None:
        if self.process:
            await self.process.wait()


@pytest.mark.parametrize("seed", range(SCHEDULES))
async def test_a_killed_service_loses_and_doubles_nothing(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    server = LoopbackDiscord(window=(1000, 1.0), nonce_seconds=chance.choice((0.0, 120.0)))
    await server.start()
    service = Service(tmp_path, server)
    try:
        async with asyncio.timeout(90):
            tally = await lived(server, service, chance)
    finally:
        service.kill()
        await service.ended()
        await server.stop()
    assert (tally.lost, tally.doubled, tally.disordered) == ([], [], [])
    assert tally.crashes == 2
    assert tally.messages > 0


async def lived(server: LoopbackDiscord, service: Service, chance: random.Random) -> Tally:
    """Two kills, each between a request and what the service would have learnt of it."""
    channel, space = f"discord:{CHANNEL}", f"discord:{GUILD}"
    store = Store.open(service.folder / "kill.db", now=time.time())
    await store.write(channels.put, Channel(channel=channel, space=space))
    lives = Lives(channel, space, time.time, chance)
    for _ in range(2):
        for _ in range(chance.randint(3, 6)):
            await store.write(lives.happen)
        server.witness = kill_at(
            service, chance.randint(1, 4), chance.choice(("before", "after"))
        )
        await service.start()
        await service.ended()
        lives.tally.crashes += 1
    server.witness = lambda step, moment: None
    await store.write(lives.resolve)
    await service.start()
    while await store.read(outbox.waiting):  # noqa: ASYNC110 - another process sends
        await asyncio.sleep(0.05)
    store.close()
    return lives.judge(shown_of(server), lambda place: replies_of(server, place))


def kill_at(service: Service, count: int, moment: str) -> Callable[[str, str], None]:
    left = count

    def witness(step: str, when: str) -> None:
        nonlocal left
        if step in {"post", "upload", "edit", "thread"} and when == moment:
            left -= 1
            if left == 0:
                service.kill()

    return witness
