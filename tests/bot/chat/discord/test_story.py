"""The whole service on Discord: import, alert, button, thread, and the wall between guilds."""

from __future__ import annotations

import asyncio
import io
import json
import random
import time
import zipfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.app import opened, read_config
from tests.contracts.chat import until
from tests.contracts.stage_discord import buttons_of
from tests.loopback.discord import CHANNEL, GUILD, ROLE, TOKEN, Asked, LoopbackDiscord

OTHER_GUILD, OTHER_CHANNEL = GUILD + 1, CHANNEL + 1
DAY = 86_400
CONFIG = """
database = "{folder}/story.db"
[[sources]]
name = "exports"
kind = "file"
path = "{folder}/*.csv"
platform = "tiktok"
every = "1h"
[[spaces]]
id = "discord:{guild}"
accounts = ["*"]
manager_roles = ["Social leads"]
[[channels]]
channel = "discord:{channel}"
thread = "also"
mention = "role:{role}"
[discord]
api_base = "{server.api_base}"
gateway = "{server.gateway}"
[console]
enabled = false
"""


class Story:
    """A running service, the Discord around it, and people who use it."""

    def __init__(self, server: LoopbackDiscord, service: Any) -> None:
        self.server = server
        self.service = service

    async def ask(
        self, name: str, *, guild: int = GUILD, roles: tuple[int, ...] = (), **options: Any
    ) -> str:
        """What the caller reads after `/ebb name option:value`."""
        asked = self.server.slash(name, guild=guild, roles=roles, **options)
        return _read(await _answered(asked))

    async def press(self, label: str, *, roles: tuple[int, ...] = ()) -> str:
        message = self.server.shown()[0]
        [button] = [one for one in buttons_of(message) if one["label"] == label]
        data = {"custom_id": button["custom_id"], "component_type": 2}
        return _read(await _answered(self.server.interact(3, data, message, roles=roles)))

    async def send_all(self) -> None:
        await self.service.worker.pump()


async def _answered(asked: Asked) -> Asked:
    await asyncio.wait_for(asked.done.wait(), 10)
    return asked


def _read(asked: Asked) -> str:
    assert asked.answer is not None
    return json.dumps(asked.answer["components"], ensure_ascii=False)


@pytest.fixture
async def story(tmp_path: Path) -> AsyncIterator[Story]:
    server = LoopbackDiscord(window=(1000, 1.0))
    server.add_guild(OTHER_GUILD)
    server.add_channel(OTHER_CHANNEL, OTHER_GUILD)
    await server.start()
    config = tmp_path / "config.toml"
    filled = CONFIG.format(
        folder=tmp_path, guild=GUILD, channel=CHANNEL, role=ROLE, server=server
    )
    config.write_text(filled)
    settings = read_config(config)
    async with (
        opened(settings, environ={"DISCORD_TOKEN": TOKEN}, chats=True) as service,
        running(service.chats["discord"].run, lambda: bool(server.sessions)),
    ):
        yield Story(server, service)
    await server.stop()


@asynccontextmanager
async def running(work: Callable[[], Any], ready: Callable[[], bool]) -> AsyncIterator[None]:
    task = asyncio.create_task(work())
    try:
        await until(ready)
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def export(*, drop: float = 0.0) -> bytes:
    """Sixty days of ten calm accounts, up to now; the last day of one may fall."""
    chance = random.Random(7)
    now = datetime.fromtimestamp(time.time() - 60, UTC)
    lines = ["account,date,followers"]
    for name in range(10):
        count = 50_000.0 + 1000 * name
        for day in range(60, -1, -1):
            count += chance.gauss(20, 12)
            if name == 3 and day == 0:
                count *= 1 - drop
            at = (now - timedelta(days=day)).strftime("%Y-%m-%dT%H:%M:%SZ")
            lines.append(f"tiktok/mia{name},{at},{count:.0f}")
    return "\n".join(lines).encode()


async def test_an_import_becomes_an_alert_that_lives_in_its_channel(story: Story) -> None:
    refused = await story.ask("import", file=export())
    assert "manager" in refused.lower()
    told = await story.ask("import", roles=(ROLE,), file=export())
    assert "610" in told
    await story.ask("import", roles=(ROLE,), file=export(drop=0.2))
    await story.send_all()
    [message] = story.server.shown()
    assert "mia3" in json.dumps(message["components"][-1]["components"][0])
    assert [one["filename"] for one in message["attachments"]] == ["chart.png"]
    assert [who for _, who in story.server.pings] == [f"roles:{ROLE}"]
    assert "manager" in (await story.press("Acknowledge")).lower()
    await story.press("Acknowledge", roles=(ROLE,))
    await story.send_all()
    [message] = story.server.shown()
    assert "lena" in json.dumps(message["components"])
    assert len(story.server.pings) == 1
    assert "mia3" in await story.press("Why")


def follower_list() -> bytes:
    """A zip as Instagram gives it: two years of 3,000 followers, and 900 of yesterday."""
    chance, now = random.Random(5), int(time.time())
    since = [now - chance.randrange(2 * DAY, 730 * DAY) for _ in range(3_000)]
    since += [now - chance.randrange(DAY // 2, DAY) for _ in range(900)]
    rows = [
        {"string_list_data": [{"href": "", "value": f"fan{number}", "timestamp": at}]}
        for number, at in enumerate(since)
    ]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        inner = "connections/followers_and_following/followers_1.json"
        archive.writestr(inner, json.dumps(rows))
    return packed.getvalue()


async def test_a_zip_of_followers_becomes_an_alert_about_the_batch_in_it(story: Story) -> None:
    today = datetime.now(UTC).date()
    name = f"instagram-lena-{today}-Ab3d.zip"
    told = await story.ask("import", roles=(ROLE,), filename=name, file=follower_list())
    assert "1 reading imported" in told
    assert "who still follow, 23% of the list" in told
    await story.send_all()
    [message] = story.server.shown()
    said = json.dumps(message["components"], ensure_ascii=False)
    assert "instagram/lena" in said
    assert "Mass follow suspected" in said
    assert "who still follow, 23% of the list" in said


async def test_another_guild_gets_one_sentence_and_no_data(story: Story) -> None:
    await story.ask("import", roles=(ROLE,), file=export())
    for name in ("status", "incidents"):
        told = await story.ask(name, guild=OTHER_GUILD)
        assert "mia" not in told
    asked = story.server.slash("status", guild=OTHER_GUILD, account="le", focused="account")
    assert (await _answered(asked)).choices == []


async def test_names_are_completed_for_those_who_may_see_them(story: Story) -> None:
    await story.ask("import", roles=(ROLE,), file=export())
    asked = await _answered(story.server.slash("status", account="mia3", focused="account"))
    assert asked.choices == [{"name": "tiktok/mia3", "value": "tiktok/mia3"}]


async def test_a_form_has_the_rights_the_parsing_and_the_audit_of_its_command(
    story: Story,
) -> None:
    opened = await _answered(story.server.slash("event add"))
    assert opened.form is not None
    filled = {"kind": "campaign", "from": "19 Jan 2027", "name": "Spring, the launch"}
    reader = await _answered(story.server.submit(opened.form, filled))
    assert "event" not in _read(reader)
    wrong = await _answered(
        story.server.submit(opened.form, {**filled, "from": "soonish"}, permissions=1 << 5)
    )
    assert "soonish" in _read(wrong)
    done = await _answered(story.server.submit(opened.form, filled, permissions=1 << 5))
    assert "Spring, the launch" in _read(done)
    rows = await story.service.store.read(
        lambda db: [tuple(row) for row in db.conn.execute("SELECT action, name FROM audit")]
    )
    assert rows == [("event add", "lena")]
