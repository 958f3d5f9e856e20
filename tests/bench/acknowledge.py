"""How soon people are answered while the first review of 20,000 accounts runs.

`python -m tests.bench.acknowledge [--accounts N]`: the real program in a process of its own
between a Discord and a Slack on loopback. A hundred people ask at once, again and again, on
one platform after the other, until the review has been written.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bot.storage import readings, sources
from bot.storage.database import Store, connect
from tests.contracts.chat import until
from tests.fakes import calm, ends, frame
from tests.faults.service import Service
from tests.loopback.discord import GUILD, TOKEN, LoopbackDiscord, loopback_discord
from tests.loopback.slack import APP_TOKEN, BOT_TOKEN, TEAM, SlackServer

DAYS, FALLEN, PEOPLE = 90, 50, 100
LIMIT, PATIENCE = 0.5, 120.0
ASKED = {"status": 30, "status {}": 40, "incidents": 10, "why 1": 10, "chart {}": 10}
"""Commands and how often each comes among a hundred."""
STORED = """
database = "x.db"
[console]
enabled = false
[[sources]]
name = "files"
kind = "file"
path = "none.csv"
platform = "tiktok"
every = "1h"
"""
"""The config's beginning: the readings are stored, and the source brings no more."""
CONFIG = """
[[spaces]]
id = "discord:{guild}"
accounts = ["*"]
[[spaces]]
id = "slack:{team}"
accounts = ["*"]
[discord]
api_base = "{api_base}"
gateway = "{gateway}"
[slack]
base_url = "{base_url}"
"""


@dataclass(slots=True)
class Waited:
    """Seconds from asking to the acknowledgement and to the answer."""

    acknowledged: float
    answered: float


Ask = Callable[[str], Awaitable[Waited]]


async def fill(path: Path, accounts: int) -> None:
    """Ninety days that no review has seen; `FALLEN` accounts lost a fifth on the last one."""
    now = int(time.time())
    store = Store.open(path, now=now)
    row = await store.write(sources.ensure, "files")
    counts = calm(accounts, DAYS)
    counts[:FALLEN, -1] *= 0.8
    for low in range(0, accounts, 2000):
        names = [f"tiktok/a{n}" for n in range(low, min(low + 2000, accounts))]
        table = frame(counts[low : low + 2000], ends(now, DAYS), names=names)
        await store.write(readings.add, row.id, table, now)
    store.close()


def lines(accounts: int, seed: int) -> list[str]:
    """What a hundred people type, in no order."""
    chance = random.Random(seed)
    asked = chance.choices(list(ASKED), list(ASKED.values()), k=PEOPLE)
    return [line.format(f"tiktok/a{chance.randrange(accounts)}") for line in asked]


def on_discord(server: LoopbackDiscord) -> Ask:
    async def ask(line: str) -> Waited:
        name, _, rest = line.partition(" ")
        key = "incident" if name == "why" else "account"
        asked = server.slash(name, **({key: rest} if rest else {}))
        await asyncio.wait_for(asked.done.wait(), PATIENCE)
        assert asked.acknowledged is not None
        return Waited(asked.acknowledged - asked.sent, time.monotonic() - asked.sent)

    return ask


def on_slack(server: SlackServer) -> Ask:
    async def ask(line: str) -> Waited:
        began = time.monotonic()
        asked = await server.command(line)
        assert asked.took is not None
        await asyncio.wait_for(asked.answered.wait(), PATIENCE)
        return Waited(asked.took, time.monotonic() - began)

    return ask


async def measure(folder: Path, accounts: int) -> dict[str, list[list[Waited]]]:
    """Per platform the rounds of a hundred that began while the review ran."""
    rounds: dict[str, list[list[Waited]]] = defaultdict(list)
    async with loopback_discord() as discord, SlackServer() as slack:
        slack.paced = False
        config = STORED + CONFIG.format(
            guild=GUILD,
            team=TEAM,
            api_base=discord.api_base,
            gateway=discord.gateway,
            base_url=slack.base_url,
        )
        tokens = {
            "DISCORD_TOKEN": TOKEN,
            "SLACK_BOT_TOKEN": BOT_TOKEN,
            "SLACK_APP_TOKEN": APP_TOKEN,
        }
        service = Service(folder, config, tokens)
        await service.start()
        began = time.monotonic()
        db = connect(folder / "x.db")
        try:
            await until(lambda: discord.identifies and discord.commands and slack.sockets, 60)
            asks = {"discord": on_discord(discord), "slack": on_slack(slack)}
            while db.conn.execute("SELECT 1 FROM pending_days LIMIT 1").fetchone():
                for platform, ask in asks.items():
                    seed = len(rounds[platform])
                    asked = (ask(line) for line in lines(accounts, seed))
                    rounds[platform].append(await asyncio.gather(*asked))
            print(f"the review was written {time.monotonic() - began:.1f} s after the start")
            for platform, ask in asks.items():
                again = await asyncio.gather(*(ask("status") for _ in range(PEOPLE)))
                took = max(one.answered for one in again)
                print(f"{platform}: {PEOPLE} times `status` at once answered in {took:.1f} s")
        finally:
            db.conn.close()
            service.kill()
            await service.ended()
    return rounds


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--accounts", type=int, default=20_000)
    args = given.parse_args()
    with tempfile.TemporaryDirectory() as name:
        asyncio.run(fill(Path(name, "x.db"), args.accounts))
        rounds = asyncio.run(measure(Path(name), args.accounts))
    load = os.getloadavg()[0]
    for platform, found in rounds.items():
        acks = [sorted(one.acknowledged for one in asked) for asked in found]
        every = [one for asked in acks for one in asked]
        p99 = float(np.quantile(every, 0.99))
        worst = max(asked[PEOPLE - 2] for asked in acks)
        answered = statistics.median(max(one.answered for one in asked) for asked in found)
        print(
            f"{platform}, {len(found)} x {PEOPLE} commands at once while {args.accounts:,} "
            f"accounts are reviewed: acknowledged p99 {p99 * 1000:.0f} ms, worst round's p99 "
            f"{worst * 1000:.0f} ms (under {LIMIT * 1000:.0f}); all answered after "
            f"{answered:.1f} s; load {load:.1f}"
        )


if __name__ == "__main__":
    main()
