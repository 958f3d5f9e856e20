"""The page in a real browser: signing in, sorting, zooming, acting, sharing, and its looks."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import product

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, async_playwright
from pytest_asyncio import fixture

from bot.storage import lists
from tests.bot.commands.test_audience import given as followers_of
from tests.bot.team import NOW, ONE, person
from tests.bot.web.served import Served, served

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
    pytest.mark.asyncio(loop_scope="module"),
]
LISTED = "instagram/newlena"
PAGES = (
    "/",
    "/incidents?all",
    "/incident/1",
    "/account/instagram/lena",
    f"/audience/account/{LISTED}",
    "/report/week",
    "/report/month",
)
CLOSED = ("/login?t=x", "/no/such/page")
FOCUSABLE = "a[href], button, input:not([type=hidden]), select, [tabindex]"
"""What a keyboard can come to, where it is shown: a phone shows fewer columns."""
NARROW, WIDE = {"width": 360, "height": 740}, {"width": 1280, "height": 900}


@fixture(scope="module", loop_scope="module")
async def page(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    async with served(tmp_path_factory.mktemp("page")) as made:
        before = followers_of(LISTED)
        after = replace(before, at=NOW, ids=before.ids[300:], since=before.since[300:])
        for one in (before, after):
            await made.team.store.write(lists.add, one, None, NOW)
        yield made


@fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        yield started
        await started.close()


async def sign_in(page: Served, tab: Page, *, manager: bool = True) -> None:
    token = await page.token(person(ONE, manager=manager), "web")
    await tab.goto(f"{page.base}/login?t={token}")
    await tab.get_by_role("button", name="Sign in").click()
    await tab.wait_for_url(f"{page.base}/")


async def test_a_manager_looks_zooms_acts_shares_and_takes_back(
    page: Served, browser: Browser
) -> None:
    tab = await browser.new_page(viewport=WIDE)
    broken: list[str] = []
    tab.on("pageerror", lambda error: broken.append(str(error)))
    tab.on("console", lambda said: broken.append(said.text) if said.type == "error" else None)
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    await sign_in(page, tab)
    await tab.get_by_role("link", name="Account", exact=True).click()
    names = await tab.locator("tbody th").all_inner_texts()
    assert names == sorted(names, key=str.lower)
    await tab.get_by_role("searchbox").fill("tiktok")
    await tab.get_by_role("searchbox").press("Enter")
    assert await tab.locator("tbody tr").count() == 1
    await tab.goto(f"{page.base}/account/instagram/lena")
    plot = tab.locator(".plot[data-drawn]")
    await plot.wait_for()
    assert await tab.locator(".still").count() == 0
    box = await tab.locator(".u-over").bounding_box()
    assert box is not None
    await tab.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 50)
    await tab.mouse.down()
    await tab.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + 60, steps=4)
    await tab.mouse.up()
    await tab.goto(f"{page.base}/incident/1")
    await tab.get_by_role("button", name="Acknowledge").click()
    assert await tab.get_by_text("Acknowledged by").is_visible()
    token = await page.token(person(ONE, manager=True), "web share instagram/lena")
    guest = await browser.new_page(viewport=WIDE)
    await guest.goto(f"{page.base}/s/{token}")
    await guest.locator(".plot[data-drawn]").wait_for()
    listed = (await page.team.ask(person(ONE, manager=True), "web links")).text
    await page.team.ask(person(ONE, manager=True), f"web revoke {listed.partition(':')[0]}")
    answer = await guest.goto(f"{page.base}/s/{token}")
    assert answer is not None
    assert answer.status == 404
    assert broken == []
    assert all(url.startswith(page.base) for url in asked)


@pytest.mark.parametrize("path", [*PAGES, *CLOSED])
async def test_every_page_fits_and_can_be_used_by_everybody(
    page: Served, browser: Browser, path: str
) -> None:
    tab = await browser.new_page()
    await sign_in(page, tab)
    for size, scheme in product((NARROW, WIDE), ("light", "dark")):
        await tab.set_viewport_size(size)  # type: ignore[arg-type]
        await tab.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        await tab.goto(page.base + path)
        over = await tab.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert over <= 0, f"{over} px too wide"
        found = await Axe().run(tab)
        serious = [
            f"{one['id']} {one['nodes'][0]['html'][:120]}"
            for one in found.response["violations"]
            if one["impact"] in ("serious", "critical")
        ]
        assert serious == [], (size, scheme)
    await tab.close()


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_can_be_walked_through_with_a_keyboard(
    page: Served, browser: Browser, path: str
) -> None:
    """Tab comes to everything that can be used, in its order, shows where it is and goes on."""
    tab = await browser.new_page(viewport=NARROW)
    await sign_in(page, tab)
    await tab.goto(page.base + path)
    wanted = await tab.locator(FOCUSABLE).evaluate_all(
        """all => all.filter(one => one.checkVisibility())
            .map((one, place) => { one.dataset.place = place; return place; })"""
    )
    walked: list[int] = []
    # a date has a stop for its day, month, year and calendar each
    for _ in range(2 * len(wanted) + 8):
        await tab.keyboard.press("Tab")
        stop = await tab.evaluate(
            """() => {
                const at = document.activeElement, look = getComputedStyle(at);
                const box = at.getBoundingClientRect();
                const seen = look.outlineStyle !== "none" && box.width > 1 && box.left >= 0;
                return at === document.body ? null : [Number(at.dataset.place), seen];
            }"""
        )
        if stop is None or (walked and stop[0] < walked[-1]):
            break
        place, seen = stop
        assert seen, await tab.evaluate("document.activeElement.outerHTML")
        if place not in walked:
            walked.append(place)
    assert walked == wanted
    await tab.close()


async def test_without_a_script_the_chart_stands_still(page: Served, browser: Browser) -> None:
    context = await browser.new_context(java_script_enabled=False, viewport=NARROW)
    tab = await context.new_page()
    await sign_in(page, tab, manager=False)
    await tab.goto(f"{page.base}/account/instagram/lena")
    assert await tab.locator(".still .line").is_visible()
    assert await tab.get_by_role("link", name="Readings as CSV").is_visible()
