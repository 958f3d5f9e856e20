"""Every page, route and tool against everybody who may ask: nothing is left out, no wall leaks.

A route or tool that is added fails here until it stands in CELLS with who may see it.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from aiohttp import ClientSession
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from sqlite_utils import Database

from bot.storage import incidents, lists
from bot.web.calls import CALLS
from tests.bot.commands.test_audience import given as followers_of
from tests.bot.team import NOW, ONE, THEIRS, TWO, person
from tests.bot.web.served import Served, served

ROLES = ("manager", "reader", "guest", "program")
MINE = {ONE: ("instagram/lena", 1), TWO: ("youtube/secret", 2)}
BEYOND = {ONE: ("youtube/secret", 777), TWO: ("instagram/lena", 777)}
"""An incident keeps its number in a space that its account has left."""
NOWHERE = {ONE: ("youtube/sekret", 999), TWO: ("instagram/lina", 999)}
OTHERS = {ONE: ("rival", "secret"), TWO: ("lena", "instagram/mo")}
SEEN, CHANGES = (200, 200, 404, 404), (303, 403, 404, 404)
"""Status for each of ROLES: what members see, what managers change."""

CELLS: Mapping[str, tuple[int, int, int, int]] = {
    "GET /": SEEN,
    "GET /incidents": SEEN,
    "GET /incident/{number}": SEEN,
    "GET /account/{platform}/{handle}": SEEN,
    "GET /series/account/{platform}/{handle}": SEEN,
    "GET /csv/account/{platform}/{handle}": SEEN,
    "GET /audience/account/{platform}/{handle}": SEEN,
    "GET /map/account/{platform}/{handle}": SEEN,
    "GET /report/{period}": SEEN,
    "POST /incident/{number}": CHANGES,
    "POST /event": CHANGES,
    "POST /logout": (303, 303, 404, 404),
    "GET /s/{token}": (404, 404, 200, 404),
    "GET /s/{token}/series": (404, 404, 200, 404),
    "GET /api/v1/accounts": (401, 401, 401, 200),
    "GET /api/v1/accounts/{account}": (401, 401, 401, 200),
    "GET /api/v1/incidents": (401, 401, 401, 200),
    "GET /api/v1/incidents/{number}": (401, 401, 401, 200),
    "GET /api/v1/readings/{account}": (401, 401, 401, 200),
    # what these let in is told by the tests of signing in and of the tools
    "GET /login": (200, 200, 200, 200),
    "POST /login": (403, 403, 403, 403),
    "GET /static/{name}": (200, 200, 200, 200),
    "POST /mcp": (401, 401, 401, 400),
}
TOOLS: Mapping[str, dict[str, Any]] = {
    "accounts": {},
    "account": {"account": "{account}"},
    "incidents": {"which": "all", "account": "{account}"},
    "why": {"number": "{number}"},
    "series": {"account": "{account}"},
}


@dataclass
class Asker:
    """Somebody of a space in a role, and the secrets that they have."""

    client: ClientSession
    form: str
    link: str

    async def ask(self, route: str, thing: tuple[str, int]) -> tuple[int, str]:
        method, _, path = route.partition(" ")
        account, number = thing
        platform, _, handle = account.partition("/")
        path = path.format(
            platform=platform,
            handle=handle,
            account=account,
            number=number,
            period="week",
            token=self.link,
            name="page.css",
        )
        form = {
            "form": self.form,
            "do": "ack",
            "about": account,
            "kind": "campaign",
            "from": "2022-11-21",
            "name": "party",
            "t": "guessed",
        }
        async with self.client.request(
            method, path, data=form if method == "POST" else None, allow_redirects=False
        ) as answer:
            return answer.status, (await answer.read()).decode(errors="replace")


@pytest_asyncio.fixture
async def page(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(tmp_path) as made:
        await made.team.store.write(_numbered_beyond)
        yield made


def _numbered_beyond(db: Database) -> None:
    for space, (account, number) in BEYOND.items():
        (stored,) = incidents.listing(db, account=account)
        db["incident_numbers"].insert({"space": space, "number": number, "incident": stored.id})
        lists.add(db, followers_of(account), None, NOW)


@asynccontextmanager
async def asker(page: Served, space: str, role: str) -> AsyncIterator[Asker]:
    manager = person(space, manager=True)
    async with AsyncExitStack() as stack:
        if role in ("manager", "reader"):
            who = person(space, manager=role == "manager")
            client = await stack.enter_async_context(await page.signed_in(who))
            async with client.get("/") as answer:
                form = re.search(r'name="form" value="(\w+)"', await answer.text())
            assert form is not None
            yield Asker(client, form[1], "no-link")
        elif role == "guest":
            link = await page.token(manager, f"web share {MINE[space][0]}")
            yield Asker(await stack.enter_async_context(ClientSession(page.base)), "", link)
        else:
            token = await page.token(manager, "web token")
            headers = {"Authorization": f"Bearer {token}"}
            client = ClientSession(page.base, headers=headers)
            yield Asker(await stack.enter_async_context(client), "", "no-link")


def test_every_route_and_tool_stands_in_the_table(page: Served) -> None:
    routes = {
        f"{route.method} {re.sub(r':[^}]*(?=})', '', route.resource.canonical)}"
        for route in page.routes
        if route.method != "HEAD" and route.resource is not None
    }
    assert routes == CELLS.keys()
    assert {call.tool for call in CALLS} == TOOLS.keys()


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("space", [ONE, TWO])
async def test_everybody_sees_their_own_and_nothing_of_the_others(
    page: Served, space: str, role: str
) -> None:
    wanted = {route: statuses[ROLES.index(role)] for route, statuses in CELLS.items()}
    async with asker(page, space, role) as who:
        for route in sorted(wanted, key=lambda route: route == "POST /logout"):
            status, text = await who.ask(route, MINE[space])
            assert status == wanted[route], route
            assert not [name for name in OTHERS[space] if name in text], route
            if status >= 400 or not {"{number}", "{handle}", "{account}"} & set(
                re.findall(r"{\w+}", route)
            ):
                continue
            beyond, nowhere = [
                await who.ask(route, it) for it in (BEYOND[space], NOWHERE[space])
            ]
            assert beyond[0] in (403, 404), route
            assert _unnamed(beyond, BEYOND[space]) == _unnamed(nowhere, NOWHERE[space]), route


async def test_a_change_beyond_the_wall_is_answered_as_one_to_nothing(page: Served) -> None:
    for space in (ONE, TWO):
        async with asker(page, space, "manager") as who:
            for route in ("POST /event", "POST /incident/{number}"):
                told = [
                    await who.ask(route, place) for place in (BEYOND[space], NOWHERE[space])
                ]
                assert told[0] == told[1]
                assert told[0][0] == 404


def _unnamed(told: tuple[int, str], thing: tuple[str, int]) -> tuple[int, str]:
    """What was said, without the words that the asker used."""
    text = told[1]
    for word in (thing[0], str(thing[1])):
        text = text.replace(word, "*")
    return told[0], text


# --- tools ------------------------------------------------------------------------------


@asynccontextmanager
async def assistant(base: str, token: str) -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60) as http,
        Client(streamable_http_client(f"{base}/mcp", http_client=http)) as client,
    ):
        yield client


def filled(arguments: Mapping[str, Any], thing: tuple[str, int]) -> dict[str, Any]:
    values = {"{account}": thing[0], "{number}": thing[1]}
    return {name: values.get(str(value), value) for name, value in arguments.items()}


@pytest.mark.parametrize("space", [ONE, TWO])
async def test_an_assistant_is_told_what_its_team_may_see(page: Served, space: str) -> None:
    token = await page.token(person(space, manager=True), "web token")
    async with assistant(page.base, token) as client:
        tools = (await client.list_tools()).tools
        assert {tool.name for tool in tools} == TOOLS.keys()
        assert all(tool.description and tool.input_schema["type"] == "object" for tool in tools)
        for name, arguments in TOOLS.items():
            told = await client.call_tool(name, filled(arguments, MINE[space]))
            assert not told.is_error, name
            said = json.dumps(told.structured_content)
            assert MINE[space][0] in said, name
            assert not [other for other in OTHERS[space] if other in said], name
            if not arguments:
                continue
            beyond, nowhere = [
                await client.call_tool(name, filled(arguments, place))
                for place in (BEYOND[space], NOWHERE[space])
            ]
            assert beyond.is_error, name
            assert _unnamed((0, str(beyond.content)), BEYOND[space]) == _unnamed(
                (0, str(nowhere.content)), NOWHERE[space]
            ), name


async def test_an_assistant_without_a_token_of_today_learns_nothing(page: Served) -> None:
    manager = person(ONE, manager=True)
    token = await page.token(manager, "web token")
    share = await page.token(manager, "web share instagram/lena")
    await page.team.ask(manager, "web revoke 1")
    for refused in ("", "guessed", share, token):
        async with (
            ClientSession(page.base, headers={"Authorization": f"Bearer {refused}"}) as client,
            client.post(
                "/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
            ) as answer,
        ):
            assert answer.status == 401
            assert await answer.json() == {"error": "Unauthorized"}


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("why", {"number": "first"}, "number: "),
        ("why", {}, "number: Field required"),
        ("series", {"account": "instagram/lena", "metric": "likes"}, "metric: "),
        ("series", {"account": "instagram/lena", "days": 10**6}, "days: "),
        ("accounts", {"patern": "*"}, "patern: Extra inputs are not permitted"),
        ("delete", {}, "there is no tool of that name; there are accounts, account, "),
    ],
)
async def test_an_assistant_that_asks_wrongly_is_told_how(
    page: Served, name: str, arguments: dict[str, Any], said: str
) -> None:
    token = await page.token(person(ONE, manager=True), "web token")
    async with assistant(page.base, token) as client:
        told = await client.call_tool(name, arguments)
        assert told.is_error
        assert said in told.structured_content["error"]


async def test_a_long_list_is_cut_and_says_so(
    page: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.web.mcp._ROWS", 2)
    token = await page.token(person(TWO, manager=True), "web token")
    async with assistant(page.base, token) as client:
        assert len(THEIRS) == 2
        told = (await client.call_tool("accounts", {})).structured_content
        assert "left_out" not in told
    token = await page.token(person(ONE, manager=True), "web token")
    async with assistant(page.base, token) as client:
        told = (await client.call_tool("accounts", {})).structured_content
        assert (len(told["accounts"]), told["left_out"]) == (2, 1)


async def test_why_did_we_drop_last_week(page: Served) -> None:
    """The way of an assistant: what happened, why, and how it looks."""
    token = await page.token(person(ONE, manager=True), "web token")
    async with assistant(page.base, token) as client:
        asked = {"which": "all", "days": 7}
        (first, *_) = (await client.call_tool("incidents", asked)).structured_content[
            "incidents"
        ]
        why = (await client.call_tool("why", {"number": first["number"]})).structured_content
        assert why["reasons"]
        told = {"account": why["account"], "days": 14}
        series = (await client.call_tool("series", told)).structured_content
        assert len(series["value"]) == len(series["low"]) == 14
