"""Every way out against two spaces and three roles: no word of the other team."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from bot import app
from bot.commands.table import COMMANDS
from bot.model.command import Attachment, Caller
from bot.service.jobs import Service
from bot.storage import channels, notices, outbox
from checks.model import Notice
from tests.bot.test_isolation import OWN

ONE, TWO = "discord:1", "discord:2"
FORBIDDEN = {
    ONE: ("rival", "theirfile", "their.example"),
    TWO: ("lena", "ourfile", "our.example"),
}
CONFIG = """
timezone = "UTC"
[console]
enabled = false
[[sources]]
name = "exports"
kind = "file"
path = "exports"
platform = "instagram"
[[spaces]]
id = "discord:1"
accounts = ["instagram/lena*"]
manager_roles = ["leads"]
[[spaces]]
id = "discord:2"
accounts = ["instagram/rival*"]
manager_roles = ["leads"]
[[channels]]
channel = "discord:11"
[[channels]]
channel = "discord:22"
[discord]
"""
ROLES = {"reader": {}, "manager": {"roles": frozenset({"leads"})}, "admin": {"admin": True}}
NOW = 1_700_000_000


def rows(name: str, drop: int) -> list[str]:
    counts = [20_000 + 20 * day + day % 3 for day in range(60)]
    counts[-1] -= drop
    return [f"{name},{NOW - (59 - day) * 86400},{n}" for day, n in enumerate(counts)]


@pytest_asyncio.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    (tmp_path / "exports").mkdir()
    lines = ["account,at,followers", *rows("lena", 6000), *rows("rival", 6000)]
    (tmp_path / "exports" / "counts.csv").write_text("\n".join([*lines, ""]))
    for name in ("ourfile", "theirfile"):
        (tmp_path / "exports" / f"{name}.csv").write_text(
            f"nothing\nhttps://{name[:-4]}.example\n"
        )
    (tmp_path / "config.toml").write_text(CONFIG)
    settings = app.read_config(tmp_path / "config.toml")
    async with app.opened(settings, calendar=lambda: NOW + 60.0) as opened:
        for channel, space in (("discord:11", ONE), ("discord:22", TWO)):
            await opened.store.write(channels.set_space, channel, space)
        await opened.poll(opened.feeds[0])
        for number, name in enumerate(("instagram/lena", "instagram/rival")):
            note = Notice(kind="milestone", account=name, at=NOW, reasons=())
            await opened.store.write(notices.add, note, f"milestone:{name}:{number}", NOW)
        await opened.minute()
        yield opened


def person(space: str, role: str) -> Caller:
    caller = Caller(
        platform="discord", space=space, channel=f"{space}{space[-1]}", user="U", name="Ana"
    )
    return replace(caller, **ROLES[role])


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("space", FORBIDDEN)
async def test_no_answer_names_the_other_team(service: Service, space: str, role: str) -> None:
    own, other = ("lena", "rival") if space == ONE else ("rival", "lena")
    content = f"account,date,followers\ninstagram/{own},2026-11-01,5\nx/other,2026-11-01,5\n"
    file = Attachment(name="counts.csv", content=content.encode())
    lines = [line.replace("instagram/lena", f"instagram/{own}") for line in OWN.values()]
    lines += ["why 2", "chart 2", "ack w2", "watch instagram/rivalx", "watch instagram/lenax"]
    for line in lines:
        files = [file] if line == "import" else []
        shown = await service.dispatcher.answer_line(person(space, role), line, files)
        told = shown.to_json() + (shown.picture.alt if shown.picture else "")
        if other not in line and f"{other}x" not in line:
            assert not [word for word in FORBIDDEN[space] if word in told], line
    for kind in ("account", "incident", "number", "subscription", "text", "choice"):
        for text in ("", other[0], other, "instagram/"):
            offered = await service.dispatcher.suggest(person(space, role), kind, text)  # type: ignore[arg-type]
            assert not [word for word in FORBIDDEN[space] if word in " ".join(offered)]
    assert {command.name for command in COMMANDS} >= set(OWN)


async def test_no_message_to_a_channel_names_the_other_team(service: Service) -> None:
    """Alerts, notices, digests, reminders and summaries as they wait in the outbox."""
    said: dict[str, list[str]] = {"discord:11": [], "discord:22": []}

    def read(db: object) -> None:
        query = "SELECT channel, message FROM deliveries"
        for channel, text in db.conn.execute(query).fetchall():  # type: ignore[attr-defined]
            said[channel].append(text)

    await service.store.read(read)
    for channel, space in (("discord:11", ONE), ("discord:22", TWO)):
        assert said[channel], "each team was told something"
        assert not [word for word in FORBIDDEN[space] if word in "\n".join(said[channel])]
    assert await service.store.read(outbox.waiting)


async def test_what_the_operator_reads_names_all_and_no_secret(service: Service) -> None:
    parts = json.dumps({name: one.text for name, one in service.conditions().items()})
    assert "database" in parts
    numbers = json.dumps(await service.numbers())
    assert not [word for word in (*FORBIDDEN[ONE], *FORBIDDEN[TWO]) if word in numbers]
