"""`kill -9` of the real service while it speaks to Slack: every message comes once."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections import Counter
from pathlib import Path

import pytest

from bot.model import Button, Message
from bot.storage import alerts, channels, outbox
from bot.storage.channels import Channel
from bot.storage.database import Store
from tests.contracts.stage_slack import said
from tests.loopback.slack import APP_TOKEN, BOT_TOKEN, SlackServer

CHANCE = random.Random(20221220)
# The first post and the first reply arrived and nobody knows: what hurts most.
KILLS = [(1, "reset_after"), (3, "reset_after")]
if os.environ.get("EBBWATCH_FAULTS"):
    KILLS += [
        (CHANCE.randint(1, 6), CHANCE.choice(["reset", "reset_after"])) for _ in range(18)
    ]
CHANNEL, SPACE = "slack:C0MAIN", "slack:T0LOOP"
WRITES = ("chat.postMessage", "chat.update")
CONFIG = """
[[sources]]
name = "none yet"
kind = "file"
path = "*.csv"

[[spaces]]
id = "slack:T0LOOP"
accounts = ["*"]

[[channels]]
channel = "slack:C0MAIN"

[slack]
base_url = "{base_url}"

[console]
enabled = false
"""


class Service:
    """The real program in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        tokens = {"SLACK_BOT_TOKEN": BOT_TOKEN, "SLACK_APP_TOKEN": APP_TOKEN}
        config = str(self._folder / "config.toml")
        with (self._folder / "log.txt").open("a") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bot", "--config", config, "run"),
                env={**os.environ, **tokens},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)

    async def ended(self) -> None:
        assert self._process is not None
        await asyncio.wait_for(self._process.wait(), 60)

    def log(self) -> str:
        return (self._folder / "log.txt").read_text()


async def queue_lives(store: Store, now: float) -> list[str]:
    """Two alerts, each posted, edited and continued in its thread; gives their last titles."""

    def work(db: object) -> None:
        channels.put(db, Channel(channel=CHANNEL, space=SPACE))  # type: ignore[arg-type]
        for number in (1, 2):
            row = alerts.add(db, CHANNEL, "incident", int(now))  # type: ignore[arg-type]
            for kind, action, title in (
                ("alert", "post", f"Alert {number} suspected"),
                ("alert", "edit", f"Alert {number} over"),
                ("history", "reply", f"History of {number}"),
            ):
                outbox.queue(
                    db,  # type: ignore[arg-type]
                    key=f"{number}/{action}",
                    channel=CHANNEL,
                    space=SPACE,
                    kind=kind,  # type: ignore[arg-type]
                    message=Message(
                        title=title, buttons=(Button(label="Why", command=f"why {number}"),)
                    ),
                    now=now,
                    action=action,  # type: ignore[arg-type]
                    alert=row.id,
                    revision=1 if action == "post" else 2,
                )

    await store.write(work)
    return ["Alert 1 over", "Alert 2 over"]


@pytest.mark.parametrize(("dies_at", "effect"), KILLS)
async def test_a_killed_service_says_everything_once(
    dies_at: int, effect: str, tmp_path: Path
) -> None:
    service, written = Service(tmp_path), 0
    async with SlackServer() as slack:

        def breaks(method: str, body: dict[str, object]) -> str | None:
            nonlocal written
            if method not in WRITES:
                return None
            written += 1
            if written != dies_at:
                return None
            service.kill()
            return effect

        slack.fault_for = breaks
        (tmp_path / "config.toml").write_text(CONFIG.format(base_url=slack.base_url))
        store = Store.open(tmp_path / "ebbwatch.db", now=slack.clock())
        titles = await queue_lives(store, slack.clock())
        await service.start()
        try:
            await service.ended()
            assert written == dies_at, service.log()
            await service.start()
            async with asyncio.timeout(60):
                while await store.read(outbox.waiting):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
        finally:
            store.close()
            service.kill()
            await service.ended()
        assert [said(one).splitlines()[0] for one in slack.shown()] == titles
        told = Counter(
            said(one).splitlines()[0]
            for root in slack.shown()
            for one in slack.thread(root["ts"])
        )
        assert told == {"History of 1": 1, "History of 2": 1}
        assert slack.limited == 0
