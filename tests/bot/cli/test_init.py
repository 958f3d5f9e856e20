"""From an empty folder to a test message with a chart, as a newcomer does it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import stat
import sys
import tomllib
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.app import read_config
from bot.cli.cli import main
from bot.config.write import APIS, Answers, first_config
from bot.sources.table import SOURCES
from tests.loopback.discord import CHANNEL, GUILD, TOKEN, LoopbackDiscord

ROOT = Path(__file__).parents[3]


@pytest.fixture
async def discord() -> AsyncIterator[LoopbackDiscord]:
    server = LoopbackDiscord()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """A month of one account."""
    path = tmp_path / "counts.csv"
    days = [date(2026, 1, 1) + timedelta(days=day) for day in range(30)]
    rows = [f"youtube/lena,{day},{20_000 + 37 * day.day}" for day in days]
    path.write_text("\n".join(["account,date,followers", *rows]), encoding="utf-8")
    return path


SPOKEN = {"LANG": "de_AT.UTF-8"}


async def ebbwatch(
    where: Path, *words: str, typed: str = "", **environ: str
) -> tuple[int, str, str]:
    """In this process, in a thread of its own: the servers it asks run in this one."""

    def call() -> tuple[int, str, str]:
        with (
            contextlib.chdir(where),
            CliRunner().isolation(typed, {**SPOKEN, **environ}) as (out, errors, _),
            pytest.MonkeyPatch.context() as patched,
        ):
            patched.setattr(sys, "argv", ["ebbwatch", *words])
            code: object = 0
            try:
                main()
            except SystemExit as end:
                code = end.code
            return int(str(code or 0)), out.getvalue().decode(), errors.getvalue().decode()

    return await asyncio.to_thread(call)


async def begun_as_process(where: Path, *words: str, typed: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", *words),
        cwd=where,
        env={**os.environ, **SPOKEN, "PYTHONPATH": str(ROOT)},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, errors = await process.communicate(typed.encode())
    return process.returncode or 0, out.decode(), errors.decode()


async def test_one_command_and_five_answers_give_a_chart_in_discord(
    tmp_path: Path, discord: LoopbackDiscord, export: Path
) -> None:
    api = ("--api", discord.api_base, "--api", discord.gateway)
    typed = f"youtube\nexports\ndiscord\n{TOKEN}\nen Europe/Vienna\n"
    code, out, errors = await begun_as_process(tmp_path, "init", "--ask", *api, typed=typed)
    assert code == 0, errors
    assert f"A test message with a chart is in discord:{CHANNEL}." in out
    assert any(message["attachments"] for message in discord.shown())
    settings = read_config(tmp_path / "config.toml")
    assert [space.id for space in settings.spaces] == [f"discord:{GUILD}"]
    secret = tmp_path / "secrets" / "discord.token"
    assert secret.read_text(encoding="utf-8").strip() == TOKEN
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert TOKEN not in (tmp_path / "config.toml").read_text(encoding="utf-8") + out


async def test_the_bot_is_waited_for_until_somebody_lets_it_in(
    tmp_path: Path, discord: LoopbackDiscord, export: Path
) -> None:
    guilds, discord.guilds = discord.guilds, {}
    asked = asyncio.create_task(
        ebbwatch(
            tmp_path,
            *("init", "--ask", "--platform", "youtube", "--source", "exports", "--discord"),
            *("--file", str(export), "--timezone", "UTC", "--locale", "en"),
            *("--api", discord.api_base, "--api", discord.gateway),
            DISCORD_TOKEN=TOKEN,
        )
    )
    while not any(path.endswith("/users/@me/guilds") for _, path, _ in discord.requests):
        await asyncio.wait({asked}, timeout=0.05)
    discord.guilds = guilds
    code, out, errors = await asked
    assert code == 0, errors
    assert "https://discord.com/oauth2/authorize?client_id=" in out
    assert "A test message with a chart" in out


async def test_a_wrong_token_is_said_in_a_sentence(
    tmp_path: Path, discord: LoopbackDiscord
) -> None:
    code, _, errors = await ebbwatch(
        tmp_path,
        *("init", "--no-ask", "--discord", "--api", discord.api_base),
        DISCORD_TOKEN="wrong",
    )
    assert code == 1
    assert errors == (
        "ebbwatch: Discord does not know this token: copy it anew from the Bot page\n"
    )
    assert not (tmp_path / "config.toml").exists()


async def test_a_script_gets_a_config_without_a_question(tmp_path: Path) -> None:
    code, out, errors = await ebbwatch(
        tmp_path, "init", "--platform", "instagram", "--discord", DISCORD_TOKEN=""
    )
    assert code == 0, errors
    assert "discord has no token yet" in out
    settings = read_config(tmp_path / "config.toml")
    assert settings.locale == "de"
    assert (tmp_path / "exports").is_dir()
    assert [source.kind for source in settings.sources] == ["export"]
    code, _, errors = await ebbwatch(tmp_path, "init")
    assert (code, errors) == (
        1,
        "ebbwatch: config.toml exists already: edit it, or name another file "
        "(ebbwatch init my.toml)\n",
    )


@pytest.mark.parametrize("platform", sorted(APIS))
def test_what_is_written_for_every_api_can_be_read(platform: str, tmp_path: Path) -> None:
    assert platform in SOURCES
    handle = {"mastodon": "lena@server.example", "reddit": "r/lena"}.get(platform, 'le"na')
    text = first_config(Answers(platforms=(platform,), origin="api", handles=(handle,)))
    (tmp_path / "config.toml").write_text(text, encoding="utf-8")
    (source,) = read_config(tmp_path / "config.toml").sources
    assert source.kind == platform
    assert tomllib.loads(text)["channels"][0]["channel"] == "console:main"


async def test_an_answer_that_cannot_be_leaves_no_config(tmp_path: Path) -> None:
    code, _, errors = await ebbwatch(
        tmp_path, "init", "--platform", "mastodon", "--source", "api", "--account", "lena"
    )
    assert code == 1
    assert "is no full address: write user@server" in errors
    assert not (tmp_path / "config.toml").exists()


def test_a_database_is_named_by_a_variable(tmp_path: Path) -> None:
    answers = Answers(platforms=("tiktok",), origin="database", timezone="Europe/Vienna")
    (tmp_path / "config.toml").write_text(first_config(answers), encoding="utf-8")
    settings = read_config(tmp_path / "config.toml")
    assert settings.timezone == "Europe/Vienna"
    assert [source.platform for source in settings.sources] == ["tiktok"]


async def test_what_is_mistyped_is_asked_again_and_not_all_of_it(
    tmp_path: Path, discord: LoopbackDiscord, export: Path
) -> None:
    api = ("--api", discord.api_base, "--api", discord.gateway)
    typed = f"youtub\nyoutube\nexport\nexports\ndiscord\nno.token\n{TOKEN}\n"
    typed += "xx Mars/Base\nen Mars/Base\nen Europe/Vienna\n"
    code, out, errors = await ebbwatch(tmp_path, "init", "--ask", *api, typed=typed)
    assert code == 0, errors
    assert 'did you mean "youtube"?' in out + errors
    assert "Discord does not know this token" in out
    assert '"xx" is not spoken here' in out + errors
    assert "A test message with a chart is in" in out


async def test_who_stops_in_the_middle_is_told_that_nothing_is_written(tmp_path: Path) -> None:
    code, _, errors = await ebbwatch(tmp_path, "init", "--ask", "--terminal", typed="youtube\n")
    assert code == 130
    assert "Nothing is written" in errors
    assert os.listdir(tmp_path) == []


async def test_a_token_that_is_kept_is_named_and_not_asked_again(
    tmp_path: Path, discord: LoopbackDiscord, export: Path
) -> None:
    api = ("--api", discord.api_base, "--api", discord.gateway)
    words = ("init", "--ask", "--platform", "youtube", "--source", "exports", "--discord", *api)
    code, _, errors = await ebbwatch(tmp_path, *words, typed=f"{TOKEN}\n")
    assert code == 130
    assert "Kept for the next `ebbwatch init`: secrets/discord.token." in errors
    assert not (tmp_path / "config.toml").exists()
    code, out, errors = await ebbwatch(tmp_path, *words, typed="en Europe/Vienna\n")
    assert code == 0, errors
    assert "taken from secrets/discord.token" in out
    assert "A test message with a chart is in" in out


async def test_a_channel_that_is_not_there_is_refused_with_those_that_are(
    tmp_path: Path, discord: LoopbackDiscord
) -> None:
    words = ("init", "--no-ask", "--platform", "youtube", "--discord", "--channel", "discord:1")
    api = ("--api", discord.api_base, "--api", discord.gateway)
    code, _, errors = await ebbwatch(tmp_path, *words, *api, DISCORD_TOKEN=TOKEN)
    assert code == 1
    assert f"It sees discord:{CHANNEL} #channel-{CHANNEL}" in errors
