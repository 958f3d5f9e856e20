"""What a team may bring in by a file: within its wall, its number, and one spelling each."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from bot import app
from bot.model.command import Attachment, Caller
from bot.service.jobs import Service
from bot.storage import accounts

CONFIG = """
timezone = "UTC"
[console]
enabled = false
[[sources]]
name = "files"
kind = "file"
path = "none.csv"
platform = "tiktok"
tags = { "Mona" = ["team-a"] }
[[spaces]]
id = "discord:1"
accounts = ["Instagram/*", "#team-a"]
manager_roles = ["leads"]
max_accounts = 5
[[spaces]]
id = "discord:2"
accounts = ["tiktok/*"]
"""


@pytest_asyncio.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    (tmp_path / "config.toml").write_text(CONFIG)
    async with app.opened(app.read_config(tmp_path / "config.toml")) as opened:
        yield opened


def manager(space: str = "discord:1") -> Caller:
    return Caller(
        platform="discord",
        space=space,
        channel="discord:77",
        user="1",
        name="Ana",
        roles=frozenset({"leads"}),
    )


async def bring_in(service: Service, *names: str) -> str:
    rows = [f"{name},2026-11-0{day},{1000 + day}" for name in names for day in (1, 2)]
    content = "\n".join(["account,date,followers", *rows, ""]).encode()
    file = Attachment(name="counts.csv", content=content)
    answer = await service.dispatcher.answer_line(manager(), "import", [file])
    return answer.to_json()


async def stored(service: Service) -> list[str]:
    return [one.account for one in await service.store.read(accounts.listing)]


async def test_a_file_brings_in_no_more_accounts_than_a_team_may_have(service: Service) -> None:
    said = await bring_in(service, *(f"instagram/a{n}" for n in range(20_000)))
    assert "19995 accounts were left out: this team may have 5" in said
    assert len(await stored(service)) == 5
    said = await bring_in(service, "instagram/a0", "instagram/new")
    assert "1 accounts were left out" in said
    assert len(await stored(service)) == 5


async def test_the_wall_reads_names_in_any_spelling(service: Service) -> None:
    said = await bring_in(service, "INSTAGRAM/Lena", "TikTok/rival", "TIKTOK/MONA", "x/rival")
    assert "may not change were left out" in said
    assert await stored(service) == ["instagram/lena", "tiktok/mona"]


async def test_one_account_is_one_account_however_it_is_spelled(service: Service) -> None:
    await bring_in(service, "instagram/Lena")
    await bring_in(service, "instagram/lena", "Instagram/LENA")
    assert await stored(service) == ["instagram/lena"]
    line = "forget instagram/lena yes"
    assert "erased" in (await service.dispatcher.answer_line(manager(), line)).to_json()
    await bring_in(service, "instagram/LENA")
    assert await stored(service) == []
