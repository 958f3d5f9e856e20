"""Wrong tokens are counted by whoever offers them, also behind proxies."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import make_mocked_request

from bot.web.tries import TRIES, Tries, address_of
from tests.bot.team import ONE, person
from tests.bot.web.served import served

PROXIES = [ip_network("127.0.0.0/8"), ip_network("10.0.0.0/8"), ip_network("fd00::/8")]


def asked(*forwarded: str, peer: str = "127.0.0.1") -> web.Request:
    request = make_mocked_request(
        "GET", "/", headers=[("X-Forwarded-For", f) for f in forwarded]
    )
    return request.clone(remote=peer)


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", ["192.0.2.7, 198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", ["192.0.2.7", "198.51.100.1, 10.1.2.3"], "198.51.100.1"),
        ("127.0.0.1", ["198.51.100.1, nonsense"], "127.0.0.1"),
        ("127.0.0.1", ["10.9.9.9, 10.1.2.3"], "10.9.9.9"),
        ("::ffff:127.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", ["2001:db8:1:2:3:4:5:6"], "2001:db8:1:2::/64"),
        ("fd00::1", ["2001:db8:1:2::9"], "2001:db8:1:2::/64"),
    ],
)
def test_who_asks_is_the_nearest_that_is_no_proxy(
    peer: str, forwarded: list[str], address: str
) -> None:
    assert address_of(asked(*forwarded, peer=peer), PROXIES) == address


def test_one_address_that_guesses_holds_up_no_other() -> None:
    now = [0.0]
    tries = Tries(lambda: now[0], PROXIES)
    for _ in range(TRIES):
        tries.wrong(asked("198.51.100.1"))
    with pytest.raises(web.HTTPTooManyRequests):
        tries.wrong(asked("198.51.100.1"))
    tries.wrong(asked("198.51.100.2"))
    now[0] += 60
    tries.wrong(asked("198.51.100.1"))


def test_addresses_that_guess_take_no_memory_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bot.web.tries._ADDRESSES", 3)
    tries = Tries(lambda: 0.0, PROXIES)
    for last in range(9):
        tries.wrong(asked(f"198.51.100.{last}"))
    assert len(tries._wrong) == 3


async def test_what_is_right_is_never_refused(tmp_path: Path) -> None:
    async with served(tmp_path) as page, ClientSession(page.base) as client:
        manager = person(ONE, manager=True)
        token = await page.token(manager, "web token")
        link = await page.token(manager, "web share week")
        login = await page.token(manager, "web")
        guess = {"Authorization": "Bearer guess"}
        statuses = []
        for _ in range(TRIES + 1):
            async with client.get("/api/v1/accounts", headers=guess) as answer:
                statuses.append(answer.status)
        assert statuses == [401] * TRIES + [429]
        for path in ("/s/guess", "/login"):
            method, data = ("POST", {"t": "guess"}) if path == "/login" else ("GET", None)
            async with client.request(method, path, data=data) as answer:
                assert answer.status == 429
                assert answer.headers["Retry-After"] == "60"
        right = {"Authorization": f"Bearer {token}"}
        async with client.get("/api/v1/accounts", headers=right) as answer:
            assert answer.status == 200
        async with client.get(f"/s/{link}") as answer:
            assert answer.status == 200
        async with client.post("/login", data={"t": login}, allow_redirects=False) as answer:
            assert answer.status == 303
