"""Pictures of every message as people see it: `make looks` puts them into docs/looks/.

Each message goes through the real adapters to the loopback servers; what those received is
drawn as HTML in four panels (desktop and 360 px wide, light and dark) and photographed by
Chromium, which `make looks` installs where it can.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops

from bot.model.message import Message
from tests.contracts import stage_discord, stage_slack
from tests.contracts.chat import delivery
from tests.looks import discord_page, slack_page
from tests.looks.kinds import kinds

FOLDER = Path(__file__).parents[2] / "docs" / "looks"
WIDTHS = (("desktop", 560), ("phone", 360))
THEMES = ("light", "dark")
GAP, BACK = 8, "#8a8d93"
HEIGHT = 4200
COLOURS = 40
Page = Callable[[str], str]


async def received(platform: str, messages: Mapping[str, Message]) -> dict[str, Page]:
    """What the platform's server got of each message, as a page for a theme."""
    module = stage_discord if platform == "discord" else stage_slack
    pages: dict[str, Page] = {}
    async with module.open_stage() as stage:
        for number, (name, message) in enumerate(messages.items(), 1):
            stage.tick(5)
            sent = delivery(stage, number, message=message)
            await stage.chat.send(sent)
            pages[name] = _page(platform, stage, stage.server.shown()[-1])
    return pages


def _page(platform: str, stage: Any, shown: dict[str, Any]) -> Page:
    if platform == "discord":
        files = {one["filename"]: stage.server.files[one["id"]] for one in shown["attachments"]}
        return lambda theme: discord_page.page(shown, files, theme)
    kept = {name: file.content for name, file in stage.server.files.items()}
    return lambda theme: slack_page.page(shown, kept, theme)


def photograph(page: Page, target: Path) -> None:
    panels = "".join(
        f'<div style="width:{width}px">{page(theme)}</div>'
        for _, width in WIDTHS
        for theme in THEMES
    )
    whole = sum(width for _, width in WIDTHS) * 2 + 5 * GAP
    text = (
        "<!doctype html><meta charset=utf-8><style>"
        f"body{{margin:0;background:{BACK};display:flex;"
        f"gap:{GAP}px;padding:{GAP}px;align-items:flex-start}}{discord_page.STYLE}"
        f"{slack_page.STYLE}</style>{panels}"
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
        _keep(Image.open(shot).convert("RGB"), target)


def _keep(shot: Image.Image, target: Path) -> None:
    """Cut to what is on it, in few colours."""
    empty = Image.new("RGB", shot.size, BACK)
    box = ImageChops.difference(shot, empty).getbbox() or (0, 0, *shot.size)
    cut = shot.crop((0, 0, shot.width, min(box[3] + GAP, shot.height)))
    cut.quantize(COLOURS, dither=Image.Dither.NONE).save(target, optimize=True)


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


def main(wanted: list[str]) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for platform in ("discord", "slack"):
        messages = {
            name: message
            for name, message in kinds(platform).items()
            if not wanted or name in wanted
        }
        pages = asyncio.run(received(platform, messages))
        made = []
        for name, page in pages.items():
            target = FOLDER / f"{platform}-{name.replace(' ', '-')}.png"
            photograph(page, target)
            made.append(target)
            print(f"{target.name}: {target.stat().st_size // 1024} KB")
        if not wanted:
            contact_sheet(made, FOLDER / f"{platform}.png")


main(sys.argv[1:])
