"""HTTP against a server that fails in every way that servers do."""

import asyncio
import gzip
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.errors import (
    AccountNotFound,
    SourceChanged,
    SourceError,
    SourceRefused,
    SourceUnavailable,
)
from bot.sources.web.addresses import is_public, public_transport
from bot.sources.web.answer import place
from bot.sources.web.client import Web
from bot.sources.web.limits import LONGEST_REST
from tests.bot.sources.surroundings import Clock, surroundings
from tests.loopback.endpoint import Answer, Endpoint, serve


@pytest.fixture
async def server() -> AsyncIterator[Endpoint]:
    async with serve() as endpoint:
        yield endpoint


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def web(tmp_path: Path, clock: Clock) -> AsyncIterator[Web]:
    made = Web(
        "counts",
        surroundings(tmp_path, clock),
        headers={"Authorization": "Bearer s3cret-token"},
        private=True,
    )
    yield made
    await made.close()


async def test_an_answer_comes_with_its_headers(server: Endpoint, web: Web) -> None:
    server.give("/a", {"n": 1}, ETag='"x"')
    reply = await web.get(f"{server.url}/a", {"q": "ü"})
    assert (reply.object(), reply.etag, reply.unchanged) == ({"n": 1}, '"x"', False)
    assert server.asked[0].query == {"q": "ü"}
    assert server.asked[0].headers["Authorization"] == "Bearer s3cret-token"
    server.give("/a", None, status=304)
    assert (await web.get(f"{server.url}/a", etag=reply.etag)).unchanged
    assert server.asked[1].headers["If-None-Match"] == '"x"'


@pytest.mark.parametrize("status", [500, 502, 503, 408, 429])
async def test_passing_trouble_is_tried_again(
    server: Endpoint, web: Web, clock: Clock, status: int
) -> None:
    trouble = Answer(status=status)
    server.answers["/a"] = [trouble, trouble, Answer(body={})]
    assert (await web.get(f"{server.url}/a")).status == 200
    assert clock.slept == [1.0, 4.0]


@pytest.mark.parametrize("fault", ["reset"])
async def test_broken_connections_are_tried_again(
    server: Endpoint, web: Web, clock: Clock, fault: str
) -> None:
    server.answers["/a"] = [Answer(fault=fault), Answer(body={})]
    assert (await web.get(f"{server.url}/a")).status == 200
    server.answers["/a"] = Answer(fault=fault)
    with pytest.raises(SourceUnavailable, match="cannot be reached"):
        await web.get(f"{server.url}/a")
    assert clock.slept == [1.0, 1.0, 4.0, 16.0]


async def test_silence_ends(
    server: Endpoint, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.sources.web.client._LONGEST", 0.01)
    server.answers["/a"] = Answer(fault="silence")
    with pytest.raises(SourceUnavailable, match="did not answer in time"):
        await web.get(f"{server.url}/a")


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{",
        b"SSH-2.0-nothing",
        b"",
    ],
)
async def test_a_server_that_stops_in_the_middle_is_not_waited_for_again(
    web: Web, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    monkeypatch.setattr("bot.sources.web.client._LONGEST", 0.05)
    asked = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        writer.write(said)
        await reader.read()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(SourceUnavailable, match="did not answer in time"):
        await web.get(f"http://127.0.0.1:{port}/a")
    server.close()
    assert asked == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": "7"},
        {
            "Retry-After": "Sat, 21 Nov 2026 10:00:07 GMT",
            "Date": "Sat, 21 Nov 2026 10:00:00 GMT",
        },
        {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "7"},
        {
            "x-rate-limit-reset": "1795255207",
            "Date": "Sat, 21 Nov 2026 10:00:00 GMT",
        },
        {
            "X-RateLimit-Reset": "2026-11-21T10:00:07.000Z",
            "Date": "Sat, 21 Nov 2026 10:00:00 GMT",
        },
    ],
)
async def test_retry_after_is_honoured(
    server: Endpoint, web: Web, clock: Clock, headers: dict[str, str]
) -> None:
    server.answers["/a"] = [Answer(status=429, headers=headers), Answer(body={})]
    assert (await web.get(f"{server.url}/a")).status == 200
    assert sum(clock.slept) == pytest.approx(7.0)


async def test_a_long_pause_is_handed_on(server: Endpoint, web: Web, clock: Clock) -> None:
    server.answers["/a"] = Answer(status=429, headers={"Retry-After": "900"})
    with pytest.raises(SourceUnavailable) as caught:
        await web.get(f"{server.url}/a")
    assert caught.value.retry_after == 900
    with pytest.raises(SourceUnavailable, match="rate limit") as again:
        await web.get(f"{server.url}/a")
    assert again.value.retry_after == pytest.approx(900)
    assert len(server.asked) == 1, "nothing is asked inside the pause"
    clock.now += 901
    server.give("/a", {})
    assert (await web.get(f"{server.url}/a")).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": "31536000"},
        {
            "Retry-After": "Sun, 21 Nov 2027 10:00:00 GMT",
            "Date": "Sat, 21 Nov 2026 10:00:00 GMT",
        },
        {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "9000000"},
    ],
)
async def test_a_pause_without_end_is_not_believed(
    server: Endpoint, web: Web, clock: Clock, headers: dict[str, str]
) -> None:
    server.answers["/a"] = [Answer(status=429, headers=headers), Answer(body={})]
    with pytest.raises(SourceUnavailable, match="hours of rest"):
        await web.get(f"{server.url}/a")
    clock.now += LONGEST_REST + 1
    assert (await web.get(f"{server.url}/a")).status == 200


async def test_the_window_is_kept_before_it_is_used_up(
    server: Endpoint, web: Web, clock: Clock
) -> None:
    left = iter(range(9, -1, -1))

    def answer(_: Any) -> Answer:
        remaining = next(left)
        reset = max(0.0, 1060.0 - clock.now)
        headers = {"X-RateLimit-Remaining": str(remaining), "X-RateLimit-Reset": str(reset)}
        return Answer(body={}, headers=headers)

    server.answers["/a"] = answer
    web.plan(3)
    for _ in range(3):
        await web.get(f"{server.url}/a")
    assert clock.slept == [], "enough is left for what is planned"
    web.plan(20)
    for _ in range(7):
        await web.get(f"{server.url}/a")
    assert clock.now == pytest.approx(1060.0, abs=10.0), "spread over the window"


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, SourceRefused), (403, SourceRefused), (400, SourceChanged), (418, SourceChanged)],
)
async def test_other_statuses_say_what_to_do(
    server: Endpoint, web: Web, status: int, error: type[SourceError]
) -> None:
    body = {"error": {"message": "Bad token s3cret-token for Bearer s3cret-token"}}
    server.give("/a", body, status=status)
    with pytest.raises(error, match=f"answered {status}") as caught:
        await web.get(f"{server.url}/a", {"access_token": "s3cret-token"})
    assert "access_token" not in str(caught.value)
    web.secrets.append("s3cret-token")
    with pytest.raises(error) as caught:
        await web.get(f"{server.url}/a")
    assert "s3cret" not in str(caught.value)
    assert len(server.asked) == 2, "not tried again"


async def test_gone_accounts(server: Endpoint, web: Web) -> None:
    with pytest.raises(AccountNotFound, match="no account github/lena"):
        await web.get(f"{server.url}/gone", account="github/lena")
    with pytest.raises(SourceChanged):
        await web.get(f"{server.url}/gone")
    assert (await web.get(f"{server.url}/gone", allow=(404,))).status == 404


async def test_redirects_stay_on_their_host(server: Endpoint, web: Web) -> None:
    server.give("/old", None, status=301, Location="/new")
    server.give("/new", {"n": 1})
    assert (await web.get(f"{server.url}/old")).object() == {"n": 1}
    server.give("/away", None, status=302, Location="http://elsewhere.example/x")
    with pytest.raises(SourceChanged, match=r"redirects to elsewhere\.example"):
        await web.get(f"{server.url}/away")
    server.give("/round", None, status=302, Location="/round")
    with pytest.raises(SourceChanged, match="redirects in a circle"):
        await web.get(f"{server.url}/round")


async def test_answers_are_bounded_also_when_packed(
    server: Endpoint, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.sources.web.client.LARGEST", 10_000)
    packed = gzip.compress(b" " * 1_000_000)
    server.answers["/a"] = Answer(body=packed, headers={"Content-Encoding": "gzip"})
    with pytest.raises(SourceChanged, match="answered with more than"):
        await web.get(f"{server.url}/a")


async def test_what_is_no_json_is_told(server: Endpoint, web: Web) -> None:
    server.give("/a", b"<html>down</html>")
    reply = await web.get(f"{server.url}/a")
    with pytest.raises(SourceChanged, match="did not answer with JSON"):
        reply.json()
    server.give("/a", [1])
    with pytest.raises(SourceChanged, match="a list where an object"):
        (await web.get(f"{server.url}/a")).object()


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "10.0.0.1", "169.254.169.254"]
)
async def test_private_addresses_are_refused(tmp_path: Path, clock: Clock, host: str) -> None:
    public = Web("counts", surroundings(tmp_path, clock))
    with pytest.raises(SourceRefused, match=r"private network.*allow_private"):
        await public.get(f"http://{host}:9/metadata")
    await public.close()


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("::ffff:127.0.0.1", False),
        ("2002:7f00:1::", False),
        ("fe80::1%eth0", False),
        ("224.0.0.1", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
    ],
)
def test_public_addresses(address: str, public: bool) -> None:
    assert is_public(address) is public


async def test_a_checked_address_is_the_one_that_is_used(
    server: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def resolve(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        return [(0, 0, 0, "", (address, port)) for address in ("127.0.0.2", "127.0.0.1")]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
    monkeypatch.setattr("bot.sources.web.addresses.is_public", lambda _: True)
    port = server.url.rpartition(":")[2]
    server.give("/x", {})
    async with httpx.AsyncClient(
        transport=public_transport("counts", ssl.create_default_context())
    ) as client:
        for name in ("one.example", "two.example", "one.example"):
            assert (await client.get(f"http://{name}:{port}/x")).status_code == 200
    assert [each.headers["Host"].partition(":")[0] for each in server.asked] == [
        "one.example",
        "two.example",
        "one.example",
    ]
    assert asked == ["one.example", "two.example"], "no connection serves another name"


def test_a_place_has_no_secrets() -> None:
    assert place("https://u:p@api.example:8443/a/b?key=1#x") == "api.example:8443/a/b"
