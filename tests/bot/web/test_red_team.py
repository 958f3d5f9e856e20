"""What an attacker tries: names, tokens, methods, sizes, forms and other people's links."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import ClientSession
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlite_utils import Database
from yarl import URL

from bot.storage import accounts, audit, forgetting
from bot.storage.access import AccessPolicy
from bot.web.site import HEADERS
from tests.bot.team import NOW, ONE, OURS, person
from tests.bot.web.served import Served, served

HOSTILE = "<img src=x onerror=alert(1)>\"'&{{7*7}}‮javascript:\r\nSet-Cookie: a=b"


@pytest_asyncio.fixture
async def page(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(tmp_path) as made:
        yield made


async def form_of(client: ClientSession) -> str:
    async with client.get("/incidents") as answer:
        found = re.search(r'name="form" value="(\w+)"', await answer.text())
    assert found is not None
    return found[1]


class Tags(HTMLParser):
    """What a browser makes of a page: its tags with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def harmless(text: str) -> bool:
    tags = Tags(text).seen
    return all(
        tag not in ("img", "iframe", "object", "base", "style")
        and not [name for name in attributes if name.startswith("on") or name == "style"]
        and not str(attributes.get("href") or "").lower().startswith("javascript")
        and (tag != "script" or str(attributes.get("src")).startswith("/static/"))
        for tag, attributes in tags
    )


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    max_examples=15,
    deadline=None,
)
@given(name=st.one_of(st.just(HOSTILE), st.text(st.characters(codec="utf-8"), min_size=1)))
async def test_hostile_names_are_text_on_every_page(page: Served, name: str) -> None:
    def work(db: Database) -> None:
        accounts.set_names(db, {OURS[0]: name})
        db.conn.execute("UPDATE incidents SET acknowledged_by = ?", (name,))

    await page.team.store.write(work)
    page.clock[0] += 31
    manager = person(ONE, manager=True)
    async with await page.signed_in(manager) as client:
        given = {"form": await form_of(client), "about": OURS[0], "kind": "campaign"}
        async with client.post("/event", data=given | {"from": "2022-11-20", "name": name}):
            pass
        for path in (
            "/",
            "/incidents?all",
            "/incident/1",
            f"/account/{OURS[0]}",
            "/report/week",
        ):
            async with client.get(path, params={"q": name} if path == "/" else {}) as answer:
                assert answer.status == 200, path
                assert harmless(await answer.text()), path


@pytest.mark.parametrize(
    "handle", ["a b", "a?b", "a#b", "a%2Fb", "..", "a&b=c", 'a"b', "ümlaut", "a/../b"]
)
async def test_an_account_of_any_name_has_its_page(page: Served, handle: str) -> None:
    account = f"instagram/new{handle}"

    def work(db: Database) -> None:
        accounts.ensure(db, [account], None, NOW)
        db.conn.execute(
            "INSERT INTO readings (account, at, source, seen, followers)"
            " SELECT accounts.id, ?, sources.id, ?, 5 FROM accounts, sources"
            " WHERE accounts.account = ?",
            (NOW - 60, NOW, account),
        )

    await page.team.store.write(work)
    async with await page.signed_in(person(ONE, manager=True)) as client:
        async with client.get("/") as answer:
            links = [
                str(attributes["href"])
                for tag, attributes in Tags(await answer.text()).seen
                if tag == "a" and "/account/instagram/new" in str(attributes.get("href"))
            ]
        assert len(links) == 1
        async with client.get(URL(page.base + links[0], encoded=True)) as answer:
            assert answer.status == 200
            text = await answer.text()
        source = next(
            str(attributes["data-source"])
            for _, attributes in Tags(text).seen
            if "data-source" in attributes
        )
        async with client.get(URL(page.base + source, encoded=True)) as answer:
            assert (await answer.json())["account"] == account


# --- requests nobody foresaw ------------------------------------------------------------


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
async def test_odd_methods_are_refused_with_all_headers(page: Served, method: str) -> None:
    async with await page.signed_in(person()) as client:
        for path in ("/", "/incident/1", "/api/v1/accounts", "/mcp", "/no/such"):
            async with client.request(method, path) as answer:
                assert answer.status in (404, 405), path
                assert HEADERS.items() <= dict(answer.headers).items()
                assert "Access-Control-Allow-Origin" not in answer.headers


async def test_head_says_what_get_does_without_a_body(page: Served) -> None:
    async with await page.signed_in(person()) as client:
        for path, status in (("/", 200), ("/account/youtube/secret", 404)):
            async with client.head(path) as answer:
                assert (answer.status, await answer.read()) == (status, b"")
    async with ClientSession(page.base) as client, client.head("/") as answer:
        assert answer.status == 404


@pytest.mark.parametrize(
    "path",
    [
        "/static/../site.py",
        "/static/%2e%2e/site.py",
        "/static/..%2fsite.py",
        "/static/page.css%00.js",
        "//elsewhere.example/",
        "/account/%ff%fe/x",
        "/account/instagram/" + "a" * 5000,
        "/incident/" + "9" * 400,
        "/incident/٣",
        "/?page=-1&sort=__class__&q=" + "%27" * 900,
        "/?page=" + "9" * 300,
        "/series/account/instagram/lena?metric=__proto__",
        "/s/" + "x" * 3000,
        "/s/%ed%a0%80",
        "/report/week%0d%0aSet-Cookie:%20a=b",
    ],
)
async def test_odd_addresses_end_in_a_page(page: Served, path: str) -> None:
    async with (
        await page.signed_in(person()) as client,
        client.get(URL(page.base + path, encoded=True), allow_redirects=False) as answer,
    ):
        assert answer.status in (200, 400, 404), path
        assert "Set-Cookie" not in answer.headers
        assert "Location" not in answer.headers
        assert "site.py" not in await answer.text() or answer.status == 404


@pytest.mark.parametrize("token", ["\udcff", "ä" * 40, "", "a" * 8000, "\x7f"])
async def test_odd_tokens_open_nothing_and_break_nothing(page: Served, token: str) -> None:
    raw = token.encode("utf-8", "surrogateescape")
    for header in (b"Cookie: ebbwatch=" + raw, b"Authorization: Bearer " + raw):
        for path in (b"/", b"/api/v1/accounts"):
            status = await _raw(page, b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n" + header)
            assert status in (400, 401, 404), (header[:30], path)


async def _raw(page: Served, head: bytes, body: bytes = b"") -> int:
    """The status of an answer to bytes that no library would send."""
    port = int(page.base.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head + b"\r\nConnection: close\r\n\r\n" + body)
    line = await asyncio.wait_for(reader.readline(), 10)
    writer.close()
    return int(line.split()[1])


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("multipart/form-data", b"x", 400),
        ("application/x-www-form-urlencoded; charset=nonsense", b"t=1", 400),
        ("application/x-www-form-urlencoded", b"t=%ff%fe", 403),
        ("application/x-www-form-urlencoded", b"t=" + b"a" * 70_000, 413),
        ("text/plain", b"t=1", 403),
    ],
)
async def test_what_is_no_form_is_refused(
    page: Served, kind: str, body: bytes, status: int
) -> None:
    async with (
        ClientSession(page.base) as client,
        client.post("/login", data=body, headers={"Content-Type": kind}) as answer,
    ):
        assert answer.status == status


# --- forms ------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["cross-site", "same-site"])
async def test_a_form_of_another_page_changes_nothing(page: Served, place: str) -> None:
    async with await page.signed_in(person(ONE, manager=True)) as client:
        given = {"form": await form_of(client), "do": "ack"}
        elsewhere = {"Sec-Fetch-Site": place}
        for path in ("/incident/1", "/event", "/logout", "/login"):
            async with client.post(path, data=given, headers=elsewhere) as answer:
                assert answer.status == 403
        for guess in ("", "ä", "x" * 32):
            async with client.post("/incident/1", data=given | {"form": guess}) as answer:
                assert answer.status == 403
    assert await page.team.store.read(audit.listing) == []


async def test_another_persons_form_secret_is_none_of_mine(page: Served) -> None:
    manager = person(ONE, manager=True)
    async with await page.signed_in(manager) as one, await page.signed_in(manager) as two:
        given = {"form": await form_of(one), "do": "ack"}
        async with two.post("/incident/1", data=given) as answer:
            assert answer.status == 403


async def test_a_form_sent_twice_acts_once(page: Served) -> None:
    async with await page.signed_in(person(ONE, manager=True)) as client:
        given = {"form": await form_of(client), "do": "ack"}

        async def press() -> int:
            async with client.post("/incident/1", data=given, allow_redirects=False) as answer:
                return answer.status

        assert set(await asyncio.gather(press(), press(), press())) == {303}
    done = [entry.action for entry in await page.team.store.read(audit.listing)]
    assert done.count("ack") == 1


async def test_a_form_after_its_session_changes_nothing_and_says_how_to_go_on(
    page: Served,
) -> None:
    async with await page.signed_in(person(ONE, manager=True)) as client:
        given = {"form": await form_of(client), "do": "ack"}
        page.clock[0] += 12 * 3600 + 1
        async with client.post("/incident/1", data=given) as answer:
            assert answer.status == 404
            assert "Type /ebb web" in await answer.text()
    assert await page.team.store.read(audit.listing) == []


async def test_one_login_opens_one_session_however_many_try_at_once(page: Served) -> None:
    token = await page.token(person(), "web")
    async with ClientSession(page.base) as client:

        async def sign_in() -> int:
            given = {"t": token}
            async with client.post("/login", data=given, allow_redirects=False) as answer:
                return answer.status

        statuses = await asyncio.gather(*(sign_in() for _ in range(8)))
    assert sorted(statuses) == [303, *[403] * 7]


# --- what changes under a link ----------------------------------------------------------


async def test_a_link_to_what_was_forgotten_or_moved_shows_nothing(page: Served) -> None:
    manager = person(ONE, manager=True)
    links = [
        await page.token(manager, f"web share {what}")
        for what in ("instagram/lena", "1", "instagram/mo", "2", "week")
    ]

    async def statuses() -> list[int]:
        found = []
        async with ClientSession(page.base) as client:
            for link in links:
                for path in (f"/s/{link}", f"/s/{link}/series"):
                    async with client.get(path) as answer:
                        found.append(answer.status)
        return found

    assert await statuses() == [200] * 8 + [200, 404]
    await page.team.store.write(forgetting.forget, "instagram/lena", NOW)
    policy = AccessPolicy({ONE: ("#team-a",)})
    object.__setattr__(page.team.context, "access", policy)
    assert await statuses() == [404] * 8 + [200, 404]
    async with ClientSession(page.base) as client, client.get(f"/s/{links[-1]}") as answer:
        text = await answer.text()
    assert not [name for name in ("instagram/", "rival", "secret") if name in text]


# --- what is left behind ----------------------------------------------------------------


async def test_no_log_and_no_address_holds_a_token(
    page: Served, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    manager = person(ONE, manager=True)
    secrets = [
        await page.token(manager, line) for line in ("web", "web share week", "web token")
    ]
    login, share, api = secrets

    async def broken(*_: object) -> None:
        raise RuntimeError("nobody foresaw this")

    monkeypatch.setattr("bot.commands.records.summary", broken)
    headers = {"Authorization": f"Bearer {api}"}
    async with ClientSession(page.base, headers=headers) as client:
        for method, path in (
            ("GET", f"/s/{share}"),
            ("GET", f"/login?t={login}"),
            ("POST", "/mcp"),
            ("GET", "/api/v1/accounts"),
        ):
            async with client.request(method, path) as answer:
                text = await answer.text()
                assert "Traceback" not in text
        async with client.post("/login", data={"t": login}, allow_redirects=False) as answer:
            session = answer.cookies["ebbwatch"].value
            assert answer.headers["Location"] == "/"
    assert await _raw(page, f"BREW /s/{share} HTTP/1.1\r\nHost: x".encode()) == 400
    assert "a page failed" in caplog.text
    assert not [each for each in (*secrets, session) if each in caplog.text]


async def test_nothing_of_a_team_is_kept_by_a_cache(page: Served) -> None:
    link = await page.token(person(ONE, manager=True), "web share week")
    async with await page.signed_in(person()) as client:
        for path in ("/", "/incidents", f"/s/{link}", "/csv/account/instagram/lena", "/no"):
            async with client.get(path) as answer:
                assert answer.headers["Cache-Control"] == "no-store", path
        async with client.get("/static/page.css") as answer:
            assert answer.headers["Cache-Control"] == "max-age=3600"
