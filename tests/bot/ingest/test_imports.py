"""What a team may bring in by a file: within its wall, its number, and one spelling each."""

from collections.abc import AsyncIterator
from dataclasses import replace
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


ASKED = b"account,date,Reach,Other\ninstagram/lena,2026-11-01,100,5\n"


async def sent(service: Service, line: str, content: bytes, space: str = "discord:1") -> str:
    file = Attachment(name="counts.csv", content=content)
    answer = await service.dispatcher.answer_line(manager(space), line, [file])
    return answer.to_json()


async def test_a_chat_answers_the_question_of_a_file_once(service: Service) -> None:
    assert "--columns followers=Reach" in await sent(service, "import", ASKED)
    assert await stored(service) == []
    told = await sent(service, "import --columns followers=Reach", ASKED)
    assert "1 reading imported" in told
    assert await stored(service) == ["instagram/lena"]
    later = ASKED.replace(b"2026-11-01", b"2026-11-02").replace(b"lena", b"tom")
    told = await sent(service, "import", later)
    assert "1 reading imported" in told
    assert "read as was said of a file with the same columns before" in told
    other = later.replace(b"Other", b"Another")
    assert "which of" in await sent(service, "import", other), "another table is asked about"


async def test_an_answer_of_one_team_is_none_of_another(service: Service) -> None:
    content = ASKED.replace(b"instagram", b"tiktok")
    await sent(service, "import followers=Reach", ASKED)
    refused = service.dispatcher.answer_line(
        replace(manager("discord:2"), admin=True),
        "import",
        [Attachment(name="counts.csv", content=content)],
    )
    assert "which of" in (await refused).to_json()


async def test_an_answer_that_is_none_says_how_it_is_written(service: Service) -> None:
    told = await sent(service, "import --reach followers", ASKED)
    assert "reach followers" in told
    assert "--columns followers=Reach" in told


BY_ID = b"account_id,username,date,followers\n178414,lena,2026-11-01,100\n"


async def test_a_wall_of_handles_lets_an_account_in_that_is_kept_by_its_id(
    tmp_path: Path,
) -> None:
    (tmp_path / "config.toml").write_text(CONFIG.replace("Instagram/*", "instagram/Lena"))
    async with app.opened(app.read_config(tmp_path / "config.toml")) as service:
        told = await sent(service, "import --platform instagram", BY_ID)
        assert "1 reading imported" in told
        assert await stored(service) == ["instagram/178414"]
        answer = await service.dispatcher.answer_line(manager(), "status instagram/178414")
        assert "100" in answer.to_json()
        listed = await service.dispatcher.answer_line(manager(), "accounts instagram/lena")
        assert "lena" in listed.to_json()
        other = replace(manager("discord:2"), admin=True)
        seen = await service.dispatcher.answer_line(other, "accounts")
        assert "lena" not in seen.to_json()


async def test_a_name_in_a_file_opens_no_wall_to_an_account_that_is_known(
    service: Service, tmp_path: Path
) -> None:
    theirs = BY_ID.replace(b"lena", b"mona")
    path = tmp_path / "theirs.csv"
    path.write_bytes(theirs)
    await service.intake.import_path(path, {"platform": "x"})
    access = replace(service.intake.lists.access, spaces={"discord:1": ("x/lena",)})
    lists = replace(service.intake.lists, access=access)
    intake = replace(service.intake, lists=lists)
    path.write_bytes(BY_ID.replace(b",100", b",7"))
    (found,) = await intake.import_path(path, {"platform": "x"}, "discord:1")
    assert "may not change" in " ".join(found.notes)
