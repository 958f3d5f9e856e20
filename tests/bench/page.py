"""How soon the page's overview comes while a review of 20,000 accounts runs, and what it takes.

`python -m tests.bench.page [--accounts N]`: the real program in a process of its own, signed
into through a Discord on loopback. One viewer of a team of 1,000 accounts, each with a display
name, opens the overview again and again while the review runs, and an account's page
after every twentieth; then a hundred viewers do at once.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import socket
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from aiohttp import ClientSession, CookieJar

from bot.storage.database import connect
from tests.bench.acknowledge import STORED, fill
from tests.contracts.chat import until
from tests.faults.service import Service
from tests.loopback.discord import GUILD, TOKEN, LoopbackDiscord, loopback_discord

VIEWERS, LARGEST, SLOWEST, MEMORY = 100, 100_000, 0.050, 50
ASKER = "4242"
"""Whose commands the loopback server makes."""
CONFIG = """
[[spaces]]
id = "discord:{guild}"
accounts = ["tiktok/a?", "tiktok/a??", "tiktok/a???"]
[discord]
api_base = "{api_base}"
gateway = "{gateway}"
[serve]
listen = "127.0.0.1:{port}"
web = true
"""


async def signed_in(server: LoopbackDiscord, base: str) -> ClientSession:
    asked = server.slash("web")
    await asyncio.wait_for(asked.done.wait(), 60)
    token = re.search(r"login\?t=([\w-]+)", str(asked.answer))
    assert token is not None
    client = ClientSession(base, cookie_jar=CookieJar(unsafe=True))
    async with client.post("/login", data={"t": token[1]}) as answer:
        assert answer.status == 200, await answer.text()
    return client


async def opened(client: ClientSession, path: str = "/") -> tuple[float, int]:
    """Seconds from the request to the last byte, and how many bytes."""
    began = time.perf_counter()
    async with client.get(path) as answer:
        size = len(await answer.read())
        assert answer.status == 200
    return time.perf_counter() - began, size


def resident(process: int) -> int:
    status = Path(f"/proc/{process}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) // 1024


def worked(process: int) -> float:
    """CPU seconds of a process so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def measure(folder: Path, accounts: int) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    async with loopback_discord() as discord:
        discord.members[ASKER] = []
        config = STORED + CONFIG.format(
            guild=GUILD, api_base=discord.api_base, gateway=discord.gateway, port=port
        )
        service = Service(folder, config, {"DISCORD_TOKEN": TOKEN})
        await service.start()
        db = connect(folder / "x.db")
        clients: list[ClientSession] = []
        try:
            await until(lambda: discord.identifies and discord.commands, 60)
            clients.append(await signed_in(discord, f"http://127.0.0.1:{port}"))
            took: list[tuple[float, int]] = []
            one: list[float] = []
            while db.conn.execute("SELECT 1 FROM pending_days LIMIT 1").fetchone():
                took.append(await opened(clients[0]))
                if len(took) % 20 == 0:
                    path = f"/account/tiktok/a{len(took) % 1000}"
                    one.append((await opened(clients[0], path))[0])
            told(took, accounts)
            print(
                f"an account's page meanwhile in {statistics.median(one) * 1000:.0f} ms at the "
                f"median, worst {max(one) * 1000:.0f} ms"
            )
            used = worked(service.pid)
            calm = [await opened(clients[0]) for _ in range(50)]
            used = (worked(service.pid) - used) / len(calm)
            median = statistics.median(each for each, _ in calm)
            print(
                f"without a review {median * 1000:.0f} ms, "
                f"{used * 1000:.1f} ms of CPU in the server"
            )
            base = f"http://127.0.0.1:{port}"
            clients += [await signed_in(discord, base) for _ in range(VIEWERS - 1)]
            before = resident(service.pid)
            most = before
            for _ in range(5):
                at_once = asyncio.gather(*map(opened, clients))
                while not at_once.done():
                    most = max(most, resident(service.pid))
                    await asyncio.sleep(0.01)
            print(f"{VIEWERS} viewers at once: {most - before} MB more (at most {MEMORY})")
        finally:
            for client in clients:
                await client.close()
            db.conn.close()
            service.kill()
            await service.ended()


def told(took: Sequence[tuple[float, int]], accounts: int) -> None:
    first, *later = [each for each, _ in took]
    size = max(size for _, size in took)
    print(
        f"first page of 1,000 accounts: {size / 1000:.0f} KB (at most {LARGEST // 1000}); "
        f"while {accounts:,} accounts are reviewed the first one after {first * 1000:.0f} ms, "
        f"{len(later)} more in {statistics.median(later) * 1000:.0f} ms at the median (at "
        f"most {SLOWEST * 1000:.0f}), worst {max(later) * 1000:.0f} ms; "
        f"load {os.getloadavg()[0]:.1f}"
    )


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--accounts", type=int, default=20_000)
    args = given.parse_args()
    with tempfile.TemporaryDirectory() as name:
        asyncio.run(fill(Path(name, "x.db"), args.accounts))
        db = connect(Path(name, "x.db"))
        db.conn.execute("UPDATE accounts SET name = 'The one of ' || account WHERE id <= 1000")
        db.conn.close()
        asyncio.run(measure(Path(name), args.accounts))


if __name__ == "__main__":
    main()
