"""Pictures of the page as people see it: `make looks` puts them into docs/looks/ as web-*.png.

The sample's counts go through the real service on a day of the counter glitch of December 2022;
Chromium opens each page on a desktop and 360 px wide, light and dark, and prints the reports.
"""

from __future__ import annotations

import asyncio
import io
import re
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.async_api import Browser, Page, async_playwright

from bot import app
from bot.cli import run
from bot.cli.operate import CONSOLE
from bot.model.reading import FollowerList
from bot.service.jobs import Service
from bot.storage import lists

FOLDER = Path(__file__).parents[2] / "docs" / "looks"
SAMPLE = Path(__file__).parents[2] / "bot" / "sample" / "youtube-vtubers.csv"
AT = datetime(2022, 12, 20, 18, tzinfo=UTC).timestamp()
SIZES = {"desktop": (1200, 800), "phone": (360, 740)}
THEMES = ("light", "dark")
GAP, BACK, COLOURS, HIGHEST = 8, "#8a8d93", 256, 1800
Look = tuple[str, str]
PATIENCE = 120_000
CONFIG = """
timezone = "UTC"
locale = "{locale}"
database = "{folder}/x.db"
[console]
file = "{folder}/out.txt"
[serve]
listen = "127.0.0.1:{port}"
web = true
[[sources]]
name = "sheet"
kind = "file"
path = "{sample}"
platform = "youtube"
[[channels]]
channel = "console:main"
[[events]]
name = "Autumn tour"
kind = "campaign"
from = 2022-11-12
to = 2022-11-20
[accounts."{listed}"]
name = "Kei Sakai"
[[goals]]
account = "{first}"
followers = 80000
by = 2023-03-31
"""
GIVEN = ("Aki", "Emi", "Hana", "Jun", "Kei", "Mio", "Nana", "Ren", "Rin", "Sora", "Yui", "Yuki")
FAMILY = (
    "Aozora",
    "Fujita",
    "Hoshi",
    "Ito",
    "Kaneko",
    "Mori",
    "Natsume",
    "Ono",
    "Sakai",
    "Tani",
    "Ueda",
    "Yano",
)
FIRST = "youtube/UCg53fzp6UNYvsyAg8UoNXCA"
LISTED = "instagram/kei.sakai"


@asynccontextmanager
async def served(folder: Path, locale: str) -> AsyncIterator[tuple[str, Service]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = folder / "config.toml"
    config.write_text(
        CONFIG.format(
            folder=folder, sample=SAMPLE, port=port, locale=locale, first=FIRST, listed=LISTED
        )
        + named()
    )
    settings = app.read_config(config)
    async with app.opened(settings, calendar=lambda: AT, chats=True) as service:
        for feed in service.feeds:
            await service.poll(feed)
        for one in follower_lists():
            await service.store.write(lists.add, one, None, int(AT))
        async with run.served(settings, service):
            yield f"http://127.0.0.1:{port}", service


def named() -> str:
    """The sample has ids alone: everybody gets a name that nobody has."""
    ids = sorted({line.split(",")[1] for line in SAMPLE.read_text().splitlines()[1:]})
    return "\n".join(
        f'[accounts."youtube/{id}"]\nname = "{GIVEN[n % 12]} {FAMILY[n // 12 % 12]}"'
        for n, id in enumerate(ids)
    )


def follower_lists() -> tuple[FollowerList, FollowerList]:
    """Two of one account; of a batch that once came a third has left since."""
    many, batch, day = 3_000, 900, 86_400
    chance = np.random.default_rng(2)
    end = int(AT) - 10 * day
    since = np.concatenate(
        (
            end - chance.integers(day, 700 * day, many),
            end - 90 * day + chance.integers(0, day, batch),
        )
    )
    age = np.concatenate(
        (
            chance.exponential(700 * day, many).astype(np.int64),
            chance.integers(100, 103, batch) * day,
        )
    )
    ids = np.arange(1, many + batch + 1, dtype=np.uint64)
    before = FollowerList(
        account=LISTED, side="followers", at=end, ids=ids, since=since, created=since - age
    )
    stays = np.ones(ids.size, bool)
    stays[-batch // 3 :] = False
    stays[: many // 60] = False
    after = replace(
        before,
        at=int(AT) - day,
        ids=ids[stays],
        since=since[stays],
        created=(since - age)[stays],
        complete=True,
    )
    return replace(before, complete=True), after


async def secret(service: Service, line: str) -> str:
    told = (await service.dispatcher.answer_line(CONSOLE, line)).in_words().text
    found = re.search(r"(?:login\?t=|/s/)([\w-]+)", told)
    assert found is not None, told
    return found[1]


def pages(number: int, link: str) -> Mapping[str, str]:
    return {
        "overview": "/",
        "incidents": "/incidents?all",
        "incident": f"/incident/{number}",
        "account": f"/account/{FIRST}",
        "followers": f"/audience/account/{LISTED}",
        "week": "/report/week",
        "month": "/report/month",
        "shared": f"/s/{link}",
        "login": "/login?t=x",
        "closed": "/no/such/page",
    }


async def shot(browser: Browser, address: str, cookies: Any, look: Look) -> Image.Image:
    size, theme = look
    width, height = SIZES[size]
    context = await browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=theme
    )
    await context.add_cookies(cookies)
    tab = await context.new_page()
    await tab.goto(address, timeout=PATIENCE)
    await tab.wait_for_load_state("networkidle")
    taken = await tab.screenshot(full_page=True, timeout=PATIENCE)
    await context.close()
    return Image.open(io.BytesIO(taken)).convert("RGB")


def side_by_side(shots: list[Image.Image], target: Path) -> None:
    shots = [one.crop((0, 0, one.width, min(one.height, HIGHEST))) for one in shots]
    whole = Image.new(
        "RGB",
        (
            sum(one.width + GAP for one in shots) + GAP,
            max(one.height for one in shots) + 2 * GAP,
        ),
        BACK,
    )
    left = GAP
    for one in shots:
        whole.paste(one, (left, GAP))
        left += one.width + GAP
    whole.quantize(COLOURS, dither=Image.Dither.NONE).save(target, optimize=True)
    print(f"{target.name}: {target.stat().st_size // 1024} KB")


def printed(pdf: bytes, name: str) -> None:
    """The first pages on paper."""
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder, "page")
        made.with_suffix(".pdf").write_bytes(pdf)
        subprocess.run(
            ["pdftoppm", "-r", "80", "-png", "-l", "3", f"{made}.pdf", str(made)], check=True
        )
        sheets = [Image.open(one).convert("RGB") for one in sorted(Path(folder).glob("*.png"))]
        side_by_side(sheets, FOLDER / f"web-{name}-print.png")


async def main(wanted: list[str]) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        for locale in ("en", "de"):
            with tempfile.TemporaryDirectory() as name:
                async with served(Path(name), locale) as (base, service):
                    await photographed(browser, base, service, locale, wanted)
        await browser.close()


async def photographed(
    browser: Browser, base: str, service: Service, locale: str, wanted: list[str]
) -> None:
    context = await browser.new_context()
    tab: Page = await context.new_page()
    await tab.goto(f"{base}/login?t={await secret(service, 'web')}")
    await tab.locator("form button").click()
    cookies = await context.cookies()
    link = await secret(service, f"web share {FIRST}")
    looks = [(size, theme) for size in SIZES for theme in THEMES]
    for name, path in pages(1, link).items():
        if wanted and name not in wanted:
            continue
        chosen = looks if locale == "en" else [("phone", "light"), ("desktop", "light")]
        shots = [await shot(browser, base + path, cookies, look) for look in chosen]
        side_by_side(shots, FOLDER / f"web-{name}{'' if locale == 'en' else '-german'}.png")
        if name in ("week", "month", "account") and locale == "en":
            await tab.goto(base + path)
            await tab.wait_for_load_state("networkidle")
            printed(await tab.pdf(format="A4", print_background=True), name)
    await context.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
