"""The page and the API: walls, roles, links that end, and what every answer carries."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
import pytest_asyncio
from aiohttp import ClientSession, CookieJar
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from bot.commands import records
from bot.commands.request import Request
from bot.model.command import Caller
from bot.storage import audit, forgetting, incidents, lists, readings, sources
from bot.storage.incidents import Change
from bot.web.api import API
from bot.web.calls import CALLS
from bot.web.pages import _environment
from bot.web.site import HEADERS
from tests.bot.commands.test_audience import given as followers_of
from tests.bot.team import DAY, NOW, ONE, OURS, THEIRS, TWO, console, incident, person
from tests.bot.web.served import Served, served
from tests.contracts.chat import until

OWN_PAGES = (
    "/",
    "/?sort=name&q=lena&page=1",
    "/incidents",
    "/incidents?all",
    "/incident/1",
    "/report/week",
    "/report/month",
    "/account/instagram/lena",
    "/account/instagram/lena?metric=views",
    "/series/account/instagram/lena",
    "/csv/account/instagram/lena",
)
BEYOND_PAGES = (
    "/account/instagram/rival",
    "/account/youtube/secret",
    "/series/account/youtube/secret",
    "/csv/account/instagram/rival",
    "/incident/3",
    "/incident/999999999",
    "/account/instagram/nobody",
    "/report/year",
)
OWN_CALLS = (
    "accounts",
    "accounts?pattern=*",
    "accounts/instagram/lena",
    "incidents?which=all",
    "incidents/1",
    "readings/instagram/lena?days=30",
)
BEYOND_CALLS = (
    "accounts/instagram/rival",
    "incidents/3",
    "readings/youtube/secret",
    "accounts/instagram/nobody",
)


@pytest_asyncio.fixture
async def page(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(tmp_path) as made:
        yield made


def stranger() -> Caller:
    return person("discord:999")


@pytest.mark.parametrize("manager", [False, True])
async def test_a_team_sees_its_own_pages_and_no_word_of_the_other(
    page: Served, manager: bool
) -> None:
    async with await page.signed_in(person(ONE, manager=manager)) as client:
        for path in OWN_PAGES:
            async with client.get(path) as answer:
                text = await answer.text()
                assert answer.status == 200, path
                assert not any(name in text for name in ("rival", "secret")), path
        for path in BEYOND_PAGES:
            async with client.get(path) as answer:
                assert answer.status == 404, path
                assert await answer.text() == await _nowhere(client)


async def _nowhere(client: ClientSession) -> str:
    async with client.get("/no/such/page") as answer:
        assert answer.status == 404
        return await answer.text()


async def test_nobody_sees_nothing_and_learns_nothing(page: Served) -> None:
    async with ClientSession(page.base) as client:
        for path in (*OWN_PAGES, *BEYOND_PAGES):
            async with client.get(path) as answer:
                assert (answer.status, await answer.text()) == (404, await _nowhere(client))
        for call in (*OWN_CALLS, *BEYOND_CALLS):
            async with client.get(f"/api/v1/{call}") as answer:
                assert answer.status == 401
                assert await answer.json() == {"error": "Unauthorized"}
    told = await page.team.ask(stranger(), "web")
    assert told.text.startswith("ebbwatch does not know this server yet")


async def test_programs_read_what_their_space_may(page: Served) -> None:
    for space, own, others in ((ONE, OURS, THEIRS), (TWO, THEIRS, OURS)):
        token = await page.token(person(space, manager=True), "web token")
        async with ClientSession(
            page.base, headers={"Authorization": f"Bearer {token}"}
        ) as client:
            async with client.get("/api/v1/accounts") as answer:
                named = {row["account"] for row in await answer.json()}
            assert named == set(own)
            for account in others:
                async with client.get(f"/api/v1/accounts/{account}") as answer:
                    assert answer.status == 404
    token = await page.token(person(ONE, manager=True), "web token")
    headers = {"Authorization": f"Bearer {token}"}
    async with ClientSession(page.base, headers=headers) as client:
        for call in OWN_CALLS:
            async with client.get(f"/api/v1/{call}") as answer:
                assert answer.status == 200, call
                assert "rival" not in await answer.text()
        for call in BEYOND_CALLS:
            async with client.get(f"/api/v1/{call}") as answer:
                assert answer.status == 404, call
        for call in ("readings/instagram/lena?days=x", "readings/instagram/lena?metric=x"):
            async with client.get(f"/api/v1/{call}") as answer:
                assert answer.status == 400
        async with client.get("/") as answer:
            assert answer.status == 404, "an API token opens no page"


async def test_the_guide_shows_every_call_and_each_works(page: Served) -> None:
    guide = (Path(__file__).parents[3] / "docs" / "web.md").read_text(encoding="utf-8")
    shown = re.findall(r'ask "\$API(/[^"]+)"', guide)
    answers = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", guide, re.S)]
    token = await page.token(person(ONE, manager=True), "web token")
    headers = {"Authorization": f"Bearer {token}"}
    async with ClientSession(page.base, headers=headers) as client:
        for call, path, answer in zip(CALLS, shown, answers, strict=True):
            assert path.startswith(call.path.partition("{")[0])
            assert f"`{call.tool}`" in guide
            async with client.get(f"{API}{path}") as given:
                assert given.status == 200, path
                told = await given.json()
            shape, got = (one[0] if isinstance(one, list) else one for one in (answer, told))
            assert shape.keys() <= got.keys(), path


@pytest.mark.parametrize("action", ["share week", "links", "revoke 1", "token"])
async def test_only_managers_let_others_look(page: Served, action: str) -> None:
    told = await page.team.ask(person(ONE), f"web {action}")
    assert told.text == "Only managers of this team may do that; ask one of them."


async def test_a_link_that_signs_in_works_once_and_not_for_long(page: Served) -> None:
    token = await page.token(person(), "web")
    for expected in (200, 403):
        async with (
            ClientSession(page.base, cookie_jar=CookieJar(unsafe=True)) as client,
            client.post("/login", data={"t": token}) as answer,
        ):
            assert answer.status == expected
    token = await page.token(person(), "web")
    async with (
        ClientSession(page.base) as client,
        client.get(f"/login?t={token}") as answer,
    ):
        assert answer.status == 200
        assert "Set-Cookie" not in answer.headers, "a chat that previews links signs nobody in"
    page.clock[0] += 601
    async with (
        ClientSession(page.base) as client,
        client.post("/login", data={"t": token}) as answer,
    ):
        assert answer.status == 403


async def test_a_session_ends_with_its_day_its_space_or_its_owner(page: Served) -> None:
    client = await page.signed_in(person())
    async with client:
        page.clock[0] += 12 * 3600 - 1
        async with client.get("/") as answer:
            assert answer.status == 200
            secret = re.search(r'name="form" value="(\w+)"', await answer.text())
        assert secret is not None
        async with client.post("/logout", data={"form": "guessed"}) as answer:
            assert answer.status == 403
        async with client.post("/logout", data={"form": secret[1]}) as answer:
            assert answer.status == 404, "signed out, and sent to a page that is closed"
    client = await page.signed_in(person())
    async with client:
        page.clock[0] += 12 * 3600 + 1
        async with client.get("/") as answer:
            assert answer.status == 404
    client = await page.signed_in(person())
    async with client:
        object.__setattr__(page.team.context, "spaces", {})
        async with client.get("/") as answer:
            assert answer.status == 404


async def test_guessing_is_slowed_down(page: Served) -> None:
    async with ClientSession(page.base) as client:
        seen = []
        for number in range(25):
            async with client.post("/login", data={"t": f"guess{number}"}) as answer:
                seen.append(answer.status)
    assert seen == [403] * 20 + [429] * 5


@pytest.mark.parametrize(
    ("what", "path", "closed"),
    [
        ("instagram/lena", "instagram/lena", "instagram/mo"),
        ("1", "instagram/lena", "instagram/mo"),
        ("week", "instagram/lena", "rival"),
    ],
)
async def test_a_shared_link_shows_one_page_until_it_is_taken_back(
    page: Served, what: str, path: str, closed: str
) -> None:
    manager = person(ONE, manager=True)
    token = await page.token(manager, f"web share {what}")
    async with ClientSession(page.base) as client:
        async with client.get(f"/s/{token}") as answer:
            text = await answer.text()
            assert (answer.status, path in text) == (200, True)
            assert "<form" not in text
            if what != "week":
                assert closed not in text
        for other in ("/", "/incident/1", "/account/instagram/mo"):
            async with client.get(other) as answer:
                assert answer.status == 404
        listed = (await page.team.ask(manager, "web links")).text
        number = listed.partition(":")[0]
        theirs = await page.team.ask(person(TWO, manager=True), f"web revoke {number}")
        assert "There is no link" in theirs.text
        await page.team.ask(manager, f"web revoke {number}")
        async with client.get(f"/s/{token}") as answer:
            assert answer.status == 404
    actions = [entry.action for entry in await page.team.store.read(audit.listing)]
    assert actions == ["web revoke", "web share"]


async def test_what_is_beyond_the_wall_cannot_be_shared(page: Served) -> None:
    for what in ("youtube/secret", "3"):
        told = await page.team.ask(person(ONE, manager=True), f"web share {what}")
        assert told.severity == "warning"


async def test_managers_change_things_as_in_chat_and_readers_do_not(page: Served) -> None:
    for manager, expected in ((False, 403), (True, 200)):
        async with await page.signed_in(person(ONE, manager=manager)) as client:
            async with client.get("/incident/1") as answer:
                text = await answer.text()
            assert ('value="ack"' in text) == manager
            async with client.get("/") as answer:
                secret = re.search(r'name="form" value="(\w+)"', await answer.text())
            assert secret is not None
            wrong = {"form": "x", "do": "ack"}
            async with client.post("/incident/1", data=wrong) as answer:
                assert answer.status == 403
            for do in ("ack", "mute", "expected"):
                given = {"form": secret[1], "do": do}
                async with client.post("/incident/1", data=given) as answer:
                    assert answer.status == expected
            beyond = {"form": secret[1], "do": "ack"}
            async with client.post("/incident/3", data=beyond) as answer:
                assert answer.status == (404 if manager else 403)
            note = {
                "form": secret[1],
                "about": "instagram/lena",
                "kind": "campaign",
                "from": "2022-11-21",
                "name": "<script>alert(1)</script>",
            }
            async with client.post("/event", data=note) as answer:
                assert answer.status == expected
                if manager:
                    assert "&lt;script&gt;alert(1)" in await answer.text()
            note["about"] = "youtube/secret"
            async with client.post("/event", data=note) as answer:
                assert answer.status == (404 if manager else 403)
    done = [entry.action for entry in await page.team.store.read(audit.listing)]
    assert sorted(done) == ["ack", "event add", "feedback expected", "mute"]
    (first, *_) = await page.team.store.read(incidents.listing, account="instagram/lena")
    assert first.acknowledged_by == "Ana"


async def test_every_answer_carries_its_headers(page: Served) -> None:
    async with await page.signed_in(person()) as client:
        for path in ("/", "/static/page.css", "/no/such/page", "/api/v1/accounts"):
            async with client.get(path) as answer:
                assert HEADERS.items() <= dict(answer.headers).items()
                assert "unsafe-inline" not in answer.headers["Content-Security-Policy"]
        async with client.get("/") as answer:
            text = await answer.text()
    assert not re.search(r"<script(?! src)|\son\w+=|style=", text)
    assert not re.search(r"(?:src|href)=\"https?:", text), "nothing is asked of another server"


async def test_the_cookie_is_for_the_browser_alone(page: Served) -> None:
    token = await page.token(person(), "web")
    async with (
        ClientSession(page.base) as client,
        client.post("/login", data={"t": token}, allow_redirects=False) as answer,
    ):
        cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert token not in cookie


async def test_no_token_lies_in_the_database(page: Served) -> None:
    secrets = [
        await page.token(person(ONE, manager=True), line)
        for line in ("web", "web share week", "web token")
    ]
    rows = await page.team.store.read(
        lambda db: [tuple(row) for row in db.conn.execute("SELECT * FROM grants")]
    )
    assert len(rows) == 3
    assert not any(secret in str(row) for secret in secrets for row in rows)


async def test_a_console_session_sees_all(page: Served) -> None:
    async with await page.signed_in(console()) as client, client.get("/") as answer:
        text = await answer.text()
    assert all(name in text for name in (*OURS, *THEIRS))


async def test_the_page_speaks_german(tmp_path: Path) -> None:
    async with (
        served(tmp_path, "de") as page,
        await page.signed_in(person()) as client,
        client.get("/") as answer,
    ):
        text = await answer.text()
    assert '<html lang="de">' in text
    assert "Abmelden" in text


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(name=st.text(min_size=1))
def test_names_are_text_wherever_they_stand(name: str) -> None:
    templates = _environment()
    macro = templates.get_template("parts.html").module.account_link
    shown = str(macro(name, name, False))
    assert shown.count("<") == 2
    assert shown.count(">") == 2
    assert shown.count('"') == 2


async def test_the_overview_is_made_beside_the_visits_and_forgets_at_once(
    page: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[float] = []
    real = records.board

    async def board(request: Request) -> dict[str, object]:
        made.append(request.now)
        return await real(request)

    monkeypatch.setattr(records, "board", board)
    async with await page.signed_in(person()) as client:

        async def shown() -> str:
            async with client.get("/") as answer:
                return await answer.text()

        await asyncio.gather(*(shown() for _ in range(5)))
        assert len(made) == 1, "all who wait are given one"
        page.clock[0] += 29
        await shown()
        assert len(made) == 1
        page.clock[0] += 1
        assert "instagram/mo" in await shown()
        await until(lambda: len(made) == 2, 5)
        await page.team.store.write(forgetting.forget, "instagram/mo", int(page.clock[0]))
        assert "instagram/mo" not in await shown()


async def test_follower_lists_have_a_page_with_who_is_gone(page: Served) -> None:
    new = followers_of("instagram/newlena")
    kept = replace(new, at=NOW, ids=new.ids[300:], since=new.since[300:])
    for one in (new, kept):
        await page.team.store.write(lists.add, one, None, NOW)
    async with await page.signed_in(person()) as client:
        async with client.get("/account/instagram/newlena") as answer:
            assert 'href="/audience/account/instagram/newlena"' in await answer.text()
        async with client.get("/account/instagram/mo") as answer:
            assert "/audience/" not in await answer.text()
        async with client.get("/audience/account/instagram/newlena") as answer:
            text = await answer.text()
            assert answer.status == 200
            assert "Who is gone, by when they joined" in text
            assert '<th scope="row">' in text
        async with client.get("/map/account/instagram/newlena") as answer:
            assert answer.content_type == "image/png"
            assert (await answer.read()).startswith(b"\x89PNG")


async def test_a_goal_is_drawn_where_it_is_near(page: Served) -> None:
    near, far = "goal instagram/lena 24000 2022-12-31", "goal instagram/lena 90000 2022-12-31"
    async with await page.signed_in(person(ONE, manager=True)) as client:
        for line, drawn in ((near, True), (far, False)):
            await page.team.ask(person(ONE, manager=True), line)
            async with client.get("/account/instagram/lena") as answer:
                text = await answer.text()
            assert "2022" in text
            assert ('class="goal"' in text) == drawn
            assert "Goals" in text


async def test_a_report_tells_the_worst_first(page: Served) -> None:
    async with (
        await page.signed_in(person(ONE)) as client,
        client.get("/report/week") as answer,
    ):
        text = await answer.text()
    told = re.findall(r'<li class="(\w+)', text)
    worst = ["critical", "warning", "notice"]
    assert told == sorted(told, key=worst.index)


LARGEST = 100_000
"""Bytes of a page."""


async def test_a_page_of_an_old_and_troubled_account_stays_small(page: Served) -> None:
    """Ten years of readings, and 500 incidents in the days that it shows."""
    account, days = "instagram/newlena", 3650

    def fill(db: Database) -> None:
        source = sources.ensure(db, "exports")
        told = [(account, NOW - day * DAY, 20_000 + day) for day in range(days)]
        table = pl.DataFrame(told, schema=["account", "at", "followers"], orient="row")
        readings.add(db, source.id, table, NOW)
        for hours in range(500):
            fallen = incident(account, opened_at=NOW - hours * 5 * 3600, wave=None)
            incidents.save(db, [Change(fallen)], NOW)

    await page.team.store.write(fill)
    async with await page.signed_in(person()) as client:
        async with client.get(f"/account/{account}") as answer:
            text = await answer.text()
            assert len(text) < LARGEST
            assert f'href="/incidents?all&amp;account={account}"' in text
        async with client.get(f"/incidents?all&account={account}") as answer:
            told = await answer.text()
            assert "<small>500 · instagram/newlena</small>" in told
            assert len(told) < 3 * LARGEST
        async with client.get(f"/csv/account/{account}") as answer:
            rows = (await answer.text()).splitlines()[1:]
            assert len(rows) == records.LONGEST
    async with (
        await page.signed_in(person()) as client,
        client.get("/incidents?all&account=youtube/secret") as answer,
    ):
        assert answer.status == 404
