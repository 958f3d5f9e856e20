"""Any endpoint that answers with JSON or a table."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from pydantic import ValidationError

from bot.errors import (
    AccountNotFound,
    ConfigError,
    SourceChanged,
    SourceError,
    SourceUnavailable,
)
from bot.model.source import Batch
from bot.sources.http import HttpSettings, HttpSource
from tests.bot.sources.surroundings import Clock, surroundings
from tests.loopback.endpoint import Answer, Asked, Endpoint, serve

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
Open = Callable[..., HttpSource]


@pytest.fixture
async def server() -> AsyncIterator[Endpoint]:
    async with serve() as endpoint:
        yield endpoint


@pytest.fixture
async def open_source(tmp_path: Path, server: Endpoint) -> AsyncIterator[Open]:
    opened: list[HttpSource] = []

    def make(path: str, environ: dict[str, str] | None = None, **keys: Any) -> HttpSource:
        given = {"name": "counts", "kind": "http", "url": server.url + path}
        made = HttpSettings.model_validate({**given, "allow_private": True, **keys})
        opened.append(HttpSource(made, surroundings(tmp_path, Clock(), environ)))
        return opened[-1]

    yield make
    for source in opened:
        await source.close()


def rows(batch: Batch) -> list[tuple[Any, ...]]:
    assert batch.readings is not None
    return batch.readings.rows()


async def test_records_with_times_are_read_once(server: Endpoint, open_source: Open) -> None:
    record = {"handle": "a", "ts": "2026-02-26T00:00:00Z", "followers": "1.2K"}
    server.give("/c", {"data": [record]}, ETag='"1"')
    counts = open_source("/c", platform="instagram")
    first = await counts.fetch((), None, NOW)
    assert rows(first) == [("instagram/a", 1772064000, 1200)]
    server.give("/c", None, status=304)
    second = await counts.fetch((), first.state, NOW)
    assert second.readings is None
    assert server.asked[1].headers["If-None-Match"] == '"1"'


async def test_an_account_is_found_among_records_of_any_time(
    server: Endpoint, open_source: Open
) -> None:
    server.give("/c", [{"handle": "a", "ts": "2026-02-26T00:00:00Z", "followers": 5}])
    assert await open_source("/c", platform="instagram").look("A") == "a"


async def test_counts_of_now_are_asked_again_each_time(
    server: Endpoint, open_source: Open
) -> None:
    server.give("/c", [{"handle": "a", "followers": 5}], ETag='"1"')
    counts = open_source("/c")
    first = await counts.fetch((), None, NOW)
    assert rows(first) == [("a", int(NOW.timestamp()), 5)]
    await counts.fetch((), first.state, NOW)
    assert "If-None-Match" not in server.asked[1].headers


async def test_fields_are_paths(server: Endpoint, open_source: Open) -> None:
    server.give(
        "/c", {"out": {"rows": [{"who": {"n": "a"}, "s": [{"k": 7}]}, {"who": {"n": "b"}}]}}
    )
    keys = {"rows": "out.rows", "fields": {"account": "who.n", "followers": "s[0].k"}}
    batch = await open_source("/c", **keys).fetch((), None, NOW)
    assert rows(batch) == [("a", int(NOW.timestamp()), 7)]


async def test_a_field_that_went_missing_is_a_change(
    server: Endpoint, open_source: Open
) -> None:
    server.give("/c", [{"handle": "a", "fans": 7}])
    keys = {"fields": {"account": "handle", "followers": "followers"}}
    with pytest.raises(SourceChanged, match=r'"followers" \(followers\) is in none of 1 rec'):
        await open_source("/c", **keys).fetch((), None, NOW)
    with pytest.raises(SourceChanged, match='rows = "x"'):
        await open_source("/c", rows="x").fetch((), None, NOW)
    server.give("/c", [{"handle": "a", "followers": {"count": 7}}])
    with pytest.raises(SourceChanged):
        await open_source("/c", **keys).fetch((), None, NOW)


async def test_tables_are_read_too(server: Endpoint, open_source: Open) -> None:
    server.give("/c", b"Datum;Konto;Abonnenten\n26.02.2026;a;1.003\n")
    batch = await open_source("/c").fetch((), None, NOW)
    assert rows(batch) == [("a", 1772150399, 1003)]


async def test_one_request_per_handle(server: Endpoint, open_source: Open) -> None:
    server.give("/u/a", {"followers": 1})
    server.give("/u/b c", {"followers": 2})
    counts = open_source("/u/{handle}", handles=["a", "b c", "gone"], platform="tiktok")
    batch = await counts.fetch((), None, NOW)
    assert [row[0] for row in rows(batch)] == ["tiktok/a", "tiktok/b c"]
    assert [(f.kind, f.account) for f in batch.faults] == [("gone", "tiktok/gone")]
    only = await counts.fetch(["tiktok/a"], None, NOW)
    assert [row[0] for row in rows(only)] == ["tiktok/a"]
    assert await counts.look("@a") == "a"
    with pytest.raises(AccountNotFound):
        await counts.look("gone")


async def test_one_account_in_trouble_does_not_stop_the_others(
    server: Endpoint, open_source: Open
) -> None:
    server.give("/u/a", {"followers": 1})
    server.answers["/u/b"] = Answer(status=503)
    batch = await open_source("/u/{handle}", handles=["a", "b"]).fetch((), None, NOW)
    assert len(rows(batch)) == 1
    assert [fault.kind for fault in batch.faults] == ["unavailable"]
    with pytest.raises(SourceUnavailable):
        await open_source("/u/{handle}", handles=["b"]).fetch((), None, NOW)


async def test_secrets_come_from_the_environment(server: Endpoint, open_source: Open) -> None:
    def answer(asked: Asked) -> Answer:
        known = asked.headers.get("X-Api-Key") == "s3cret" and asked.query == {"t": "t0ken!!"}
        return Answer(body=[{"handle": "a", "followers": 1}]) if known else Answer(status=401)

    server.answers["/c"] = answer
    keys = {"headers_env": {"X-Api-Key": "KEY"}, "params_env": {"t": "T"}}
    counts = open_source("/c", {"KEY": "s3cret", "T": "t0ken!!"}, **keys)
    assert len(rows(await counts.fetch((), None, NOW))) == 1
    with pytest.raises(ConfigError, match="set the variable KEY"):
        open_source("/c", {}, **keys)


TOKEN = "kqzv@wxyjf/Z+1"


@pytest.mark.parametrize("kind", ["page", "row", "some rows", "fields"])
async def test_an_answer_that_repeats_a_secret_is_quoted_without_it(
    server: Endpoint, open_source: Open, kind: str
) -> None:
    said = f"{quote(TOKEN, safe='')} {quote(TOKEN)} {TOKEN}"
    record = {"account": "a", "date": said, "followers": 5}
    server.answers["/c"] = {
        "page": Answer(body=f"<html><title>{said}</title></html>".encode()),
        "row": Answer(body=[record]),
        "some rows": Answer(body=[record, {**record, "date": "2026-02-26"}]),
        "fields": Answer(body=[{said: "x"}]),
    }[kind]
    ways = {
        "/c": {"params_env": {"key": "K"}},
        f"/c?access_token={quote(TOKEN, safe='')}": {},
    }
    for path, keys in ways.items():
        counts = open_source(path, {"K": TOKEN}, **keys)
        try:
            batch = await counts.fetch((), None, NOW)
            told = [*(fault.text for fault in batch.faults), *batch.notes]
        except SourceError as error:
            told = [str(error)]
        assert "***" in "".join(told)
        assert "wxyjf" not in "".join(told)


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"url": "ftp://x"}, "url"),
        ({"headers": {"Authorization": "x"}}, "headers_env"),
        ({"fields": {"fans": "x"}}, '"fans" is none of'),
        ({"fields": {"followers": "a["}}, "no JMESPath"),
        ({"handles": ["a"]}, "add it to url"),
        ({"url": "https://x/{handle}", "account": "a"}, "exclude each other"),
    ],
)
def test_settings_that_cannot_work(keys: dict[str, Any], sentence: str) -> None:
    given = {"name": "c", "kind": "http", "url": "https://x.example/", **keys}
    with pytest.raises(ValidationError, match=sentence):
        HttpSettings.model_validate(given)


@pytest.mark.parametrize("platform", [None, "instagram"])
@pytest.mark.parametrize("handle", ["lena", "@lena", "instagram/lena", "Instagram/@Lena"])
async def test_handles_are_asked_however_they_are_written(
    server: Endpoint, open_source: Open, handle: str, platform: str | None
) -> None:
    server.give("/lena", {"followers": 1234})
    server.give("/Lena", {"followers": 1234})
    keys = {"platform": platform} if platform else {}
    counts = open_source("/{handle}", handles=[handle], **keys)
    batch = await counts.fetch([handle], None, NOW)
    account = "instagram/lena" if platform or "/" in handle else handle.removeprefix("@")
    assert [(row[0].removeprefix("@"), row[2]) for row in rows(batch)] == [(account, 1234)]
    assert batch.faults == ()


async def test_the_address_keeps_its_own_query(server: Endpoint, open_source: Open) -> None:
    server.give("/u", {"followers": 5})
    counts = open_source("/u?n={handle}&v=2", {"K": "secret"}, params_env={"key": "K"})
    await counts.fetch(["lena"], None, NOW)
    assert dict(server.asked[0].query) == {"n": "lena", "v": "2", "key": "secret"}


async def test_an_answer_of_others_is_a_fault_that_names_both(
    server: Endpoint, open_source: Open
) -> None:
    server.give("/c", [{"account": "kim", "followers": 5}])
    batch = await open_source("/c", platform="instagram").fetch(["instagram/lena"], None, NOW)
    assert batch.readings is None
    assert [fault.text for fault in batch.faults] == [
        "counts: gave instagram/kim, but instagram/lena was wanted: correct handles, "
        "account or platform."
    ]
