"""What adapters say themselves: in the language of the place, like everything else."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import pytest

from bot.chat.discord import render as discord_render
from bot.chat.slack import render as slack_render
from bot.chat.slack.forms import Place, form
from bot.commands.table import COMMANDS
from bot.message import voice_for
from bot.storage import channels
from bot.storage.channels import Channel
from tests.bot.team import ONE, person, two_teams
from tests.contracts.chat import alert, delivery, until
from tests.contracts.stage_console import open_stage as open_console
from tests.contracts.stage_discord import open_stage as open_discord
from tests.contracts.stage_slack import open_workspace, said

GERMAN = voice_for("de", "Europe/Vienna")
CHAT = Path(__file__).parents[3] / "bot" / "chat"


@pytest.mark.parametrize("path", sorted(CHAT.glob("*.py")), ids=lambda path: path.stem)
def test_no_adapter_makes_a_message_of_its_own_words(path: Path) -> None:
    given = [
        ast.unparse(keyword.value)
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "Message"
        for keyword in call.keywords
        if keyword.arg != "severity"
    ]
    assert not any(text.startswith(("'", '"', "f'", 'f"')) for text in given)


async def test_discord_says_in_german_that_a_file_did_not_come() -> None:
    async with open_discord() as stage:
        stage.dispatcher.language = GERMAN
        asked = stage.server.slash("import", file=b"x")
        stage.server.files.clear()
        await asked.done.wait()
        assert "Die Datei ist nicht angekommen" in str(asked.answer)


async def test_slack_asks_for_a_file_and_misses_it_in_german() -> None:
    async with open_workspace() as stage:
        stage.dispatcher.language = GERMAN
        await stage.server.command("import")
        await until(lambda: stage.server.views)
        await stage.server.submit(stage.server.views[0], {"export.csv": b"x" * 10})
        stage.server.files.clear()
        await until(lambda: stage.server.ephemerals)
        assert "Die Datei ist nicht angekommen" in said(stage.server.ephemerals[0])
        stage.server.fail("views.open", "error:expired_trigger_id")
        answer = await (await stage.server.command("import")).answer()
        assert "Das Formular für die Datei ging nicht auf" in said(answer)
        assert ["expired_trigger_id" in one for one in stage.dispatcher.reports] == [
            False,
            True,
        ]


def test_the_form_of_the_real_import_is_german() -> None:
    command = next(one for one in COMMANDS if one.name == "import")
    shown = form(command, "", Place(command="import", channel="C0MAIN"), GERMAN)
    assert shown["blocks"][0]["label"]["text"] == "Der Export"


async def test_the_terminal_marks_changes_in_german() -> None:
    async with open_console() as stage:
        stage.dispatcher.language = GERMAN
        ref = await stage.chat.send(delivery(stage))
        await stage.chat.send(delivery(stage, 2, update=True))
        await stage.chat.send(delivery(stage, 3, action="reply", ref=ref))
        heads = [one.text.split(" · Alert")[0].strip() for one in stage.shown()]
        assert heads == ["KRITISCH", "KRITISCH · aktualisiert", "KRITISCH · Verlauf"]


async def test_the_desk_speaks_the_language_of_the_channel_or_else_its_own(
    tmp_path: Path,
) -> None:
    """Strangers hear the config's language, also where they name a channel of others."""
    async with two_teams(tmp_path) as team:
        member = person(ONE)
        german = Channel(channel=str(member.channel), space=ONE, locale="de")
        await team.store.write(channels.put, german)
        stranger = replace(member, space="discord:stranger")
        told = [await team.dispatcher.words(one) for one in (member, stranger)]
        assert [words.say("Why") for words in told] == ["Warum", "Why"]


def test_what_is_over_looks_so_and_what_is_open_does_not() -> None:
    now, over = alert(), replace(alert(), over=True)
    shown = [slack_render.render(one, "id") for one in (now, over)]
    assert [one.blocks[0]["text"]["text"][0] for one in shown] == ["🔴", "✅"]
    assert [one.text[0] for one in shown] == ["🔴", "✅"]
    frames = [discord_render.render(one, "id").components[-1] for one in (now, over)]
    colours = [frame["accent_color"] for frame in frames]
    assert colours == [0xC8323C, 0x3F9E5A]
