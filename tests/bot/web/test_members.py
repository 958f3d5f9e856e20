"""Whoever leaves the chat's space loses the page: soon, with a word, and whatever they made."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest_asyncio
from aiohttp import ClientSession, CookieJar

from bot.storage import grants
from bot.web.members import FRESH, PATIENT
from tests.bot.team import ONE, console, person
from tests.bot.web.served import Served, served

LEFT = "says that you are not in it any more"
SILENT = "cannot be asked just now"


@pytest_asyncio.fixture
async def page(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(tmp_path) as made:
        yield made


async def opens(client: ClientSession, path: str = "/") -> tuple[int, str]:
    async with client.get(path) as answer:
        return answer.status, await answer.text()


async def test_who_left_is_out_within_five_minutes_and_is_told(page: Served) -> None:
    chat = page.people["discord"]
    async with await page.signed_in(person()) as client:
        chat.left.add("U1")
        page.clock[0] += FRESH - 1
        assert (await opens(client))[0] == 200
        page.clock[0] += 1
        status, text = await opens(client)
        assert (status, LEFT in text) == (403, True)
        chat.left.clear()
        assert (await opens(client))[0] == 404, "the session is gone for good"


async def test_who_left_takes_tokens_along_and_leaves_links(page: Served) -> None:
    manager = person(ONE, manager=True)
    token = await page.token(manager, "web token")
    waiting = await page.token(manager, "web")
    share = await page.token(manager, "web share week")
    page.people["discord"].left.add("U1")
    headers = {"Authorization": f"Bearer {token}"}
    async with ClientSession(page.base, headers=headers) as client:
        assert await opens(client, "/api/v1/accounts") == (403, '{"error": "Forbidden"}')
        assert (await opens(client, "/api/v1/accounts"))[0] == 401
        assert (await opens(client, f"/s/{share}"))[0] == 200
        async with client.post("/login", data={"t": waiting}) as answer:
            assert answer.status == 403
    left = await page.team.store.read(grants.listing, ONE, page.clock[0])
    assert [one.kind for one in left] == ["share"]


async def test_signing_in_asks_the_chat_at_once(page: Served) -> None:
    async with await page.signed_in(person()):
        pass
    token = await page.token(person(), "web")
    page.people["discord"].left.add("U1")
    async with (
        ClientSession(page.base, cookie_jar=CookieJar(unsafe=True)) as client,
        client.post("/login", data={"t": token}) as answer,
    ):
        assert answer.status == 403
        assert LEFT in await answer.text()
        assert "Set-Cookie" not in answer.headers


async def test_a_role_that_was_taken_is_gone_as_soon(page: Served) -> None:
    chat = page.people["discord"]
    async with await page.signed_in(person(ONE, manager=True)) as client:
        assert 'value="ack"' in (await opens(client, "/incident/1"))[1]
        chat.known[ONE, "U1"] = replace(chat.known[ONE, "U1"], roles=frozenset())
        page.clock[0] += FRESH
        assert 'value="ack"' not in (await opens(client, "/incident/1"))[1]


async def test_a_silent_chat_changes_nothing_for_an_hour_and_then_closes(page: Served) -> None:
    chat = page.people["discord"]
    async with await page.signed_in(person()) as client:
        chat.silent = True
        page.clock[0] += PATIENT - 1
        assert (await opens(client))[0] == 200
        asked = chat.asked
        assert (await opens(client))[0] == 200
        assert chat.asked == asked, "pages do not wait for a silent chat one by one"
        page.clock[0] += 30
        status, text = await opens(client)
        assert (status, SILENT in text) == (503, True)
        chat.silent = False
        assert (await opens(client))[0] == 200


async def test_a_busy_page_asks_the_chat_once(page: Served) -> None:
    chat = page.people["discord"]
    async with await page.signed_in(person()) as client:
        page.clock[0] += FRESH
        before = chat.asked
        for _ in range(5):
            assert (await opens(client))[0] == 200
        assert chat.asked == before + 1


async def test_the_operator_needs_no_chat(page: Served) -> None:
    async with await page.signed_in(console()) as client:
        page.clock[0] += PATIENT + 1
        assert (await opens(client))[0] == 200
