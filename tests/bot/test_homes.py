"""The whole program with both platforms: config, poll, review, alerts, buttons, walls."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot import app
from bot.service.jobs import Service
from tests.contracts import stage_discord, stage_slack
from tests.loopback.discord import CHANNEL, GUILD, TOKEN, LoopbackDiscord
from tests.loopback.slack import APP_TOKEN, BOT_TOKEN, TEAM, SlackServer

SLACK_CHANNEL = "C0MAIN"
MANAGE_SERVER = 1 << 5
NOW = datetime(2026, 4, 1, 23, 59, 59, tzinfo=UTC).timestamp()
ENVIRON = {
    "DISCORD_TOKEN": TOKEN,
    "SLACK_BOT_TOKEN": BOT_TOKEN,
    "SLACK_APP_TOKEN": APP_TOKEN,
}


def counts(path: Path, days: int) -> None:
    """Two accounts of two teams; both lose a tenth on day 90."""
    rows = ["account,date,followers"]
    for name, level in (("instagram/lena", 50_000), ("tiktok/jo", 80_000)):
        for day in range(days):
            level += 40 + (day * 37) % 23
            if day == 90:
                level -= level // 10
            at = datetime.fromtimestamp(NOW - (90 - day) * 86400, UTC)
            rows.append(f"{name},{at:%Y-%m-%d},{level}")
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")


def config(discord: LoopbackDiscord, slack: SlackServer) -> str:
    return f"""
[[sources]]
name = "counts"
kind = "file"
path = "counts.csv"
[[spaces]]
id = "discord:{GUILD}"
accounts = ["instagram/*"]
[[spaces]]
id = "slack:{TEAM}"
accounts = ["tiktok/*"]
[[channels]]
channel = "discord:{CHANNEL}"
[[channels]]
channel = "slack:{SLACK_CHANNEL}"
[discord]
api_base = "{discord.api_base}"
gateway = "{discord.gateway}"
[slack]
base_url = "{slack.base_url}"
[console]
enabled = false
"""


@pytest.fixture
async def homes(tmp_path: Path) -> AsyncIterator[tuple[Service, LoopbackDiscord, SlackServer]]:
    counts(tmp_path / "counts.csv", 90)
    discord = LoopbackDiscord(window=(1000, 1.0))
    await discord.start()
    async with SlackServer(time.time) as slack:
        (tmp_path / "config.toml").write_text(config(discord, slack), encoding="utf-8")
        settings = app.read_config(tmp_path / "config.toml")
        async with app.opened(
            settings, environ=ENVIRON, calendar=lambda: NOW, chats=True
        ) as service:
            tasks = [asyncio.create_task(chat.run()) for chat in service.chats.values()]
            try:
                async with asyncio.timeout(10):
                    while not all(one.health().ready for one in service.chats.values()):  # noqa: ASYNC110
                        await asyncio.sleep(0.01)
                await service.take_history()
                counts(tmp_path / "counts.csv", 91)
                yield service, discord, slack
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
    await discord.stop()


async def test_each_team_hears_of_its_own_account_alone(
    homes: tuple[Service, LoopbackDiscord, SlackServer],
) -> None:
    service, discord, slack = homes
    for feed in service.feeds:
        await service.poll(feed)
    await service.worker.pump()
    (seen,) = stage_discord.shown_of(discord)
    assert "instagram/lena" in seen.text
    assert seen.picture
    assert "tiktok/jo" not in seen.text
    (posted,) = [stage_slack.as_seen(slack, one) for one in slack.shown(SLACK_CHANNEL)]
    assert "tiktok/jo" in posted.text
    assert "instagram/lena" not in posted.text


async def test_a_manager_acknowledges_by_button_and_a_reader_cannot(
    homes: tuple[Service, LoopbackDiscord, SlackServer],
) -> None:
    service, discord, _ = homes
    for feed in service.feeds:
        await service.poll(feed)
    await service.worker.pump()
    message = discord.shown()[0]
    buttons = stage_discord.buttons_of(message)
    ack = next(one for one in buttons if one["label"] == "Acknowledge")
    pressed = {"custom_id": ack["custom_id"], "component_type": 2}
    for rights, acknowledged in ((0, False), (MANAGE_SERVER, True)):
        asked = discord.interact(3, pressed, message, permissions=rights)
        await asyncio.wait_for(asked.done.wait(), 5)
        await service.worker.pump()
        (seen,) = stage_discord.shown_of(discord)
        assert ("cknowledged" in seen.text) == acknowledged
