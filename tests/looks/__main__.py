"""Pictures of every message as people see it: `make looks` puts them into docs/looks/.

Each message goes through the real adapters to the loopback servers; what those received is
drawn as HTML in four panels (desktop and 360 px wide, light and dark) and photographed by
Chromium, which `make looks` installs where it can. It fails where text has a contrast below
4.5 or does not fit.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from bot.chat.discord.adapter import Patience
from bot.chat.slack.render import buttons
from bot.commands.table import COMMANDS
from bot.model.command import Attachment, Caller
from bot.model.message import Message
from tests.contracts import stage_discord, stage_slack
from tests.contracts.chat import RecordingDesk, delivery, until
from tests.looks import discord_page, slack_page
from tests.looks.kinds import home_answers, kinds, voice
from tests.looks.measure import LEAST, measure

FOLDER = Path(__file__).parents[2] / "docs" / "looks"
WIDTHS = (("desktop", 560), ("phone", 360))
THEMES = ("light", "dark")
GAP, BACK = 8, "#8a8d93"
STRIP, STRIP_COLOUR = 4, "#ff00fe"
HEIGHT, TOGETHER = 15_000, 6
"""Pixels of one picture, which a browser draws at most 16,384 high, and pages on it."""
COLOURS = 192
FORMS = (
    ("en", "subscribe"),
    ("en", "goal"),
    ("en", "event add"),
    ("en", "settings"),
    ("de", "subscribe"),
)
Page = Callable[[str], str]


def _stage(platform: str) -> AbstractAsyncContextManager[Any]:
    """Nothing hangs here, so that a busy machine may take its time."""
    if platform == "slack":
        return stage_slack.open_workspace(patience=30.0)
    return stage_discord.open_stage(patience=Patience(delivery=30.0, acknowledge=2.5))


async def received(platform: str, messages: Mapping[str, Message]) -> dict[str, Page]:
    """What the platform's server got of each message, as a page for a theme."""
    pages: dict[str, Page] = {}
    async with _stage(platform) as stage:
        for number, (name, message) in enumerate(messages.items(), 1):
            stage.tick(5)
            sent = delivery(stage, number, message=message)
            await stage.chat.send(sent)
            pages[name] = _page(platform, stage, stage.server.shown()[-1])
    return pages


async def asked_for(platform: str) -> dict[str, Page]:
    """Forms, and the app's home at Slack."""
    pages: dict[str, Page] = {}
    async with _stage(platform) as stage:
        stage.dispatcher.commands = COMMANDS
        for language, name in FORMS:
            stage.dispatcher.language = voice(language)
            form = await (_discord_form if platform == "discord" else _slack_form)(stage, name)
            title = name.replace("event add", "event")
            pages[f"form {title}{'' if language == 'en' else ' german'}"] = form
    if platform == "slack":
        pages["home"] = await _home()
    return pages


async def _discord_form(stage: Any, name: str) -> Page:
    asked = stage.server.press(f"ebb::{name}")
    await asyncio.wait_for(asked.done.wait(), 5)
    return partial(discord_page.dialog, asked.form)


async def _slack_form(stage: Any, name: str) -> Page:
    stage.server.homes["U0LENA"] = {"type": "home", "blocks": [buttons({name: name})]}
    await stage.server.press_home(name)
    await until(lambda: stage.server.views)
    return partial(slack_page.dialog, stage.server.views.pop())


class _Desk(RecordingDesk):
    """Answers with what a team would read."""

    async def answer_line(
        self, caller: Caller, line: str, files: Sequence[Attachment] = ()
    ) -> Message:
        return home_answers()[line]


async def _home() -> Page:
    desk = _Desk(places=["slack:C0MAIN"])
    async with stage_slack.open_workspace(patience=30.0, answers=desk) as stage:
        await stage.server.event("app_home_opened", tab="home", channel="D1")
        await until(lambda: stage.server.homes)
        return partial(slack_page.page, stage.server.homes["U0LENA"], {})


def _page(platform: str, stage: Any, shown: dict[str, Any]) -> Page:
    if platform == "discord":
        files = {one["filename"]: stage.server.files[one["id"]] for one in shown["attachments"]}
        return partial(discord_page.page, shown, files)
    kept = {name: file.content for name, file in stage.server.files.items()}
    return partial(slack_page.page, shown, kept)


def photograph(pages: Mapping[Path, Page]) -> None:
    """Several pages in one picture, as a browser takes a second to start, cut at the strips
    between them."""
    whole = sum(width for _, width in WIDTHS) * 2 + 5 * GAP
    rows = "".join(f'<div class="sheet">{_panels(page)}</div>' for page in pages.values())
    text = (
        "<!doctype html><meta charset=utf-8><style>"
        f"body{{margin:0;background:{BACK}}}.sheet{{display:flex;gap:{GAP}px;padding:{GAP}px;"
        f"align-items:flex-start;border-bottom:{STRIP}px solid {STRIP_COLOUR}}}"
        f"{discord_page.STYLE}{slack_page.STYLE}</style>{rows}"
    )
    with tempfile.TemporaryDirectory() as folder:
        source, shot = Path(folder) / "page.html", Path(folder) / "shot.png"
        source.write_text(text)
        subprocess.run(
            [
                "chromium",
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
                f"--user-data-dir={folder}/profile",
                f"--window-size={whole},{HEIGHT}",
                f"--screenshot={shot}",
                source.as_uri(),
            ],
            check=True,
            capture_output=True,
        )
        picture = Image.open(shot).convert("RGB")
    column = np.asarray(picture)[:, 0]
    strip = np.flatnonzero((column == _rgb(STRIP_COLOUR)).all(axis=1))
    ends = strip[STRIP - 1 :: STRIP]
    if len(ends) != len(pages):
        raise SystemExit(f"{len(pages)} pages are higher than {HEIGHT} pixels: take fewer")
    top = 0
    for target, end in zip(pages, ends, strict=True):
        cut = picture.crop((0, top, picture.width, int(end) + 1 - STRIP))
        cut.quantize(COLOURS, dither=Image.Dither.NONE).save(target, optimize=True)
        top = int(end) + 1


def _panels(page: Page) -> str:
    return "".join(
        f'<div style="width:{width}px">{page(theme)}</div>'
        for _, width in WIDTHS
        for theme in THEMES
    )


def _rgb(colour: str) -> tuple[int, int, int]:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return red, green, blue


def contact_sheet(names: list[Path], target: Path) -> None:
    """All of them small, side by side."""
    small = []
    for name in names:
        picture = Image.open(name).convert("RGB")
        picture.thumbnail((480, 480))
        small.append(picture)
    rows = [small[start : start + 4] for start in range(0, len(small), 4)]
    heights = [max(one.height for one in row) + GAP for row in rows]
    sheet = Image.new("RGB", (4 * (480 + GAP), sum(heights)), BACK)
    top = 0
    for row, height in zip(rows, heights, strict=True):
        for place, one in enumerate(row):
            sheet.paste(one, (place * (480 + GAP), top))
        top += height
    sheet.quantize(COLOURS, dither=Image.Dither.NONE).save(target, optimize=True)


def judged(platform: str, pages: Mapping[str, Page]) -> list[str]:
    """What is too faint or cut, in words; prints the least contrast of all."""
    panels = {
        f"{platform} {name}, {device}, {theme}": f'<div style="width:{width}px">'
        f"{page(theme)}</div>"
        for name, page in pages.items()
        for device, width in WIDTHS
        for theme in THEMES
    }
    told = measure(panels, discord_page.STYLE + slack_page.STYLE)
    least = min(told, key=lambda one: one["contrast"])
    print(f"{platform}: least contrast {least['contrast']:.2f}, {least['text'][:40]!r}")
    faint = [
        f"{one['name']}: contrast {one['contrast']:.2f} of {one['text'][:40]!r}"
        for one in told
        if one["contrast"] < LEAST
    ]
    return faint + [f"{one['name']}: cut: {text!r}" for one in told for text in one["cut"]]


def main(wanted: list[str]) -> None:
    """Only these kinds where some are named; "measure" draws no picture."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    bad = []
    only_measure = wanted == ["measure"]
    wanted = [] if only_measure else wanted
    for platform in ("discord", "slack"):
        messages = {
            name: message
            for name, message in kinds(platform).items()
            if not wanted or name in wanted
        }
        pages = asyncio.run(received(platform, messages))
        asked = asyncio.run(asked_for(platform))
        pages |= {name: page for name, page in asked.items() if not wanted or name in wanted}
        bad += judged(platform, pages)
        if only_measure:
            continue
        named = [
            (FOLDER / f"{platform}-{name.replace(' ', '-')}.png", page)
            for name, page in pages.items()
        ]
        for start in range(0, len(named), TOGETHER):
            photograph(dict(named[start : start + TOGETHER]))
        made = [target for target, _ in named]
        print(f"{len(made)} pictures, {sum(one.stat().st_size for one in made) >> 10} KB")
        if not wanted:
            contact_sheet(made, FOLDER / f"{platform}.png")
    sys.exit("\n".join(bad) or None)


main(sys.argv[1:])
