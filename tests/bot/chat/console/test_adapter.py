"""The terminal: what people read there, and what survives a crash."""

from __future__ import annotations

import asyncio
import io
import os
import pty
import resource
from pathlib import Path

import pytest

from bot.chat.console.adapter import CHANNEL, SPACE, ConsoleChat
from bot.errors import DeliveryDeferred, DeliveryRefused
from bot.model.chat import Delivery
from bot.model.message import Button, Field, Message, Picture
from tests.contracts.chat import RecordingDesk, until

PNG = b"\x89PNG\r\n\x1a\n"


def alert(**changes: object) -> Message:
    given: dict[str, object] = {
        "title": "Purge: instagram/lena",
        "text": "1,234 followers went in one day.",
        "fields": (Field(name="Change", value="-10.2 %"),),
        "severity": "critical",
        "buttons": (Button(label="Mute 1 h", command="mute 12 1h"),),
        "footer": "Incident 12",
    }
    return Message(**{**given, **changes})  # type: ignore[arg-type]


def delivery(message: Message, **changes: object) -> Delivery:
    given: dict[str, object] = {
        "id": "abc123",
        "key": "k",
        "channel": CHANNEL,
        "space": SPACE,
        "action": "post",
        "message": message,
    }
    return Delivery(**{**given, **changes})  # type: ignore[arg-type]


async def test_an_alert_is_plain_lines_where_there_is_no_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.chat.console.adapter._WIDE", 300)
    out = io.StringIO()
    chat = ConsoleChat(RecordingDesk(), out=out, pictures=tmp_path / "charts")
    picture = Picture(name="lena.png", png=PNG, alt="Followers of lena")
    await chat.send(delivery(alert(picture=picture)))
    path = tmp_path / "charts" / "abc123-lena.png"
    assert out.getvalue().splitlines() == [
        "CRITICAL · Purge: instagram/lena",
        "  1,234 followers went in one day.",
        "  Change  -10.2 %",
        f"  Followers of lena: {path}",
        "  Mute 1 h: mute 12 1h",
        "  Incident 12",
        "",
    ]
    assert path.read_bytes() == PNG


async def test_tables_are_lined_up_and_lose_nothing() -> None:
    out = io.StringIO()
    rows = (("account", "followers"), ("instagram/" + "x" * 150, "12,345"), ("a", "9"))
    await ConsoleChat(RecordingDesk(), out=out).send(delivery(Message(table=rows)))
    assert "".join(out.getvalue().split()).count("x") == 150
    assert "12,345" in out.getvalue()


async def test_a_terminal_gets_colours() -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w", closefd=True) as out:
        await ConsoleChat(RecordingDesk(), out=out).send(delivery(alert()))
    shown = os.read(ours, 4096).decode()
    os.close(ours)
    assert "\x1b[1;31mCRITICAL · Purge: instagram/lena" in shown


async def test_what_goes_on_is_one_line_a_day_and_what_changes_is_said_at_once() -> None:
    out, now = io.StringIO(), 86400.0
    chat = ConsoleChat(RecordingDesk(), out=out, calendar=lambda: now)

    async def shown(id: str, **changes: object) -> list[str]:
        out.truncate(out.seek(0))
        await chat.send(delivery(alert(**changes), id=id, ref="first", update=True))
        return out.getvalue().splitlines()[:-1]

    await chat.send(delivery(alert(), id="first"))
    assert await shown("b") == []
    now += 86400
    assert await shown("c") == ["CRITICAL · updated · Purge: instagram/lena"]
    assert await shown("d") == []
    over = await shown("e", over=True)
    assert over[:2] == ["CRITICAL · updated · Purge: instagram/lena", "  Change  -10.2 %"]


async def test_the_picture_of_an_edit_replaces_the_one_before(tmp_path: Path) -> None:
    chat = ConsoleChat(RecordingDesk(), out=io.StringIO(), pictures=tmp_path)
    for id, png in (("first", PNG), ("later", PNG + b"!")):
        picture = Picture(name="lena.png", png=png, alt="Followers of lena")
        message = alert(picture=picture, over=id == "later")
        await chat.send(delivery(message, id=id, ref="first", update=id == "later"))
    assert os.listdir(tmp_path) == ["first-lena.png"]
    assert (tmp_path / "first-lena.png").read_bytes() == PNG + b"!"


@pytest.mark.parametrize("word", ["exit", "Quit"])
async def test_a_word_ends_the_program(word: str) -> None:
    left = asyncio.Event()
    read, write = os.pipe()
    os.write(write, f"{word}\n".encode())
    with os.fdopen(read) as typed:
        chat = ConsoleChat(RecordingDesk(), out=io.StringIO(), input=typed, leave=left.set)
        running = asyncio.create_task(chat.run())
        await left.wait()
        os.close(write)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_names_cannot_steer_the_terminal() -> None:
    out = io.StringIO()
    hostile = "\x1b]0;owned\x07\x1b[2J lena \u202e[red]"
    message = alert(title=hostile, text=hostile, fields=(Field(name=hostile, value=hostile),))
    await ConsoleChat(RecordingDesk(), out=out).send(delivery(message))
    assert "\x1b" not in out.getvalue()
    assert "\u202e" not in out.getvalue()
    assert "[red]" in out.getvalue()


async def test_lines_are_answered_and_the_end_of_input_ends_nothing() -> None:
    read, write = os.pipe()
    os.write(write, b"status\n\n  why 12  \n")
    os.close(write)
    dispatcher = RecordingDesk()
    with os.fdopen(read) as typed:
        chat = ConsoleChat(dispatcher, out=io.StringIO(), input=typed)
        running = asyncio.create_task(chat.run())
        await until(lambda: len(dispatcher.lines) == 2)
        await asyncio.sleep(0)
        assert not running.done()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert [line for _, line in dispatcher.lines] == ["status", "why 12"]
    caller = dispatcher.lines[0][0]
    assert (caller.space, caller.channel, caller.name) == (SPACE, CHANNEL, "console")


async def test_a_file_tells_what_was_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "told.txt"
    wanted = delivery(alert())
    chat = ConsoleChat(RecordingDesk(), out=path)
    assert await chat.find(wanted) is None
    assert await chat.send(wanted) == "abc123"
    assert await ConsoleChat(RecordingDesk(), out=path).find(wanted) == "abc123"


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
async def test_a_message_torn_by_a_crash_comes_once(tmp_path: Path, share: float) -> None:
    path = tmp_path / "told.txt"
    await ConsoleChat(RecordingDesk(), out=path).send(delivery(alert(), id="first1"))
    before = path.read_bytes()
    await ConsoleChat(RecordingDesk(), out=path).send(delivery(alert()))
    whole = path.read_bytes()
    torn = len(before) + int(share * (len(whole) - len(before)))
    path.write_bytes(whole[:torn])

    restarted = ConsoleChat(RecordingDesk(), out=path)
    assert await restarted.find(delivery(alert())) is None
    await restarted.send(delivery(alert()))
    assert path.read_bytes() == whole


async def test_a_text_cannot_pretend_to_be_another_message(tmp_path: Path) -> None:
    path = tmp_path / "told.txt"
    chat = ConsoleChat(RecordingDesk(), out=path)
    await chat.send(delivery(alert(text="#- other1\n#+ other1\n#- other1"), id="first1"))
    assert await chat.find(delivery(alert(), id="other1")) is None


async def test_an_update_is_short_and_a_reply_names_its_message(tmp_path: Path) -> None:
    path = tmp_path / "told.txt"
    chat = ConsoleChat(RecordingDesk(), out=path)
    ref = await chat.send(delivery(alert()))
    update = delivery(alert(title="Resolved"), id="edit01", update=True)
    assert await chat.find(update) is None
    await chat.send(update)
    assert await chat.find(update)
    assert "CRITICAL · updated · Resolved" in path.read_text()
    assert path.read_text().count("1,234 followers went") == 1
    line = delivery(Message(text="it is over"), id="line01", action="reply", ref=ref)
    assert await chat.send(line) == ref


async def test_a_full_disk_defers_and_leaves_no_half_message(tmp_path: Path) -> None:
    path = tmp_path / "told.txt"
    chat = ConsoleChat(RecordingDesk(), out=path)
    await chat.send(delivery(alert(), id="first1"))
    before = path.stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (before + 40, hard))
    try:
        with pytest.raises(DeliveryDeferred, match="free the disk"):
            await chat.send(delivery(alert()))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert await chat.find(delivery(alert())) is None
    await chat.send(delivery(alert()))
    assert path.read_text().count("#+ abc123") == 1


async def test_a_closed_terminal_refuses() -> None:
    closed = io.StringIO()
    closed.close()
    with pytest.raises(DeliveryRefused, match="closed"):
        await ConsoleChat(RecordingDesk(), out=closed).send(delivery(alert()))


async def test_other_channels_are_named_as_a_problem() -> None:
    chat = ConsoleChat(RecordingDesk(), out=io.StringIO())
    assert await chat.problems(CHANNEL) == []
    assert "console:main" in (await chat.problems("console:x"))[0]
    assert await chat.space_of("console:x") is None
