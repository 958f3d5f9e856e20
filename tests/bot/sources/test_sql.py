"""Queries against SQLite, a real PostgreSQL and the MySQL dialect."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pymysql
import pytest
from pydantic import ValidationError

from bot.errors import (
    AccountNotFound,
    ConfigError,
    SourceChanged,
    SourceError,
    SourceRefused,
    SourceUnavailable,
)
from bot.model.source import Batch, Surroundings
from bot.sources.sql import SqlSettings, SqlSource
from tests.bot.sources import mariadb, postgres

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = 86400
FIRST = int(datetime(2026, 2, 1, tzinfo=UTC).timestamp())


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    with postgres.server() as url:
        yield url


@pytest.fixture(scope="module")
def shop() -> Iterator[str]:
    with mariadb.server() as url:
        yield url


@contextmanager
def shop_connection(url: str) -> Iterator[pymysql.Connection]:  # type: ignore[type-arg]
    port = int(url.rpartition(":")[2].partition("/")[0])
    connection = pymysql.connect(
        host="127.0.0.1", port=port, user="owner", password=mariadb.PASSWORD, database="shop"
    )
    with closing(connection):
        yield connection


def source(root: Path | str, environ: dict[str, str] | None = None, **keys: Any) -> SqlSource:
    async def no_sleep(_: float) -> None: ...

    surroundings = Surroundings(
        root=str(root),
        secrets=str(root),
        hash_key=lambda: b"",
        monotonic=lambda: 0.0,
        sleep=no_sleep,
        environ=environ or {},
    )
    given = {"name": "warehouse", "kind": "sql", **keys}
    return SqlSource(SqlSettings.model_validate(given), surroundings)


async def reads_on(url: str) -> None:
    """Twenty days, and at the second look only those of the overlap."""
    warehouse = source("/", {"URL": url}, url_env="URL", query=QUERY, overlap="3d")
    first = await warehouse.fetch((), None, NOW)
    assert counts(first) == list(range(101, 121))
    again = await warehouse.fetch((), first.state, NOW)
    assert counts(again)[-1] == 120
    assert 3 <= len(counts(again)) <= 5
    await warehouse.close()


def counts(batch: Batch) -> list[int]:
    return [] if batch.readings is None else batch.readings["followers"].to_list()


QUERY = "select handle, at, followers from counts where at > :since order by at"

TEXT = "2026-02-{:02}T00:00:00Z".format


def lite(path: Path, kind: str, times: list[Any]) -> None:
    with sqlite3.connect(path) as db:
        db.execute(f"create table if not exists counts (handle text, at {kind}, followers int)")
        db.executemany(
            "insert into counts values ('a', ?, ?)", [(t, 100 + n) for n, t in enumerate(times)]
        )
    db.close()


@pytest.mark.parametrize(
    ("kind", "time"),
    [
        ("text", TEXT),
        ("text", "2026-02-{:02}".format),
        ("text", "2026-02-{:02} 10:00:00".format),
        ("text", "{:02}/02/2026".format),
        ("integer", lambda day: FIRST + (day - 1) * DAY),
        ("integer", lambda day: (FIRST + (day - 1) * DAY) * 1000),
        ("real", lambda day: FIRST + (day - 1) * DAY + 0.5),
        ("", TEXT),
    ],
)
async def test_since_meets_times_of_every_kind(tmp_path: Path, kind: str, time: Any) -> None:
    lite(tmp_path / "c.db", kind, [time(day) for day in range(1, 21)])
    warehouse = source(tmp_path, url="sqlite:///c.db", query=QUERY, overlap="3d")
    first = await warehouse.fetch((), None, NOW)
    assert counts(first) == list(range(100, 120))
    lite(tmp_path / "c.db", kind, [time(21)])
    second = await warehouse.fetch((), first.state, NOW)
    assert counts(second)[-1] == 100, "the new row"
    assert 117 in counts(second), "rows within the overlap are read again"
    again = await warehouse.fetch((), first.state, NOW)
    assert counts(again) == counts(second)


async def test_late_rows_within_the_overlap_are_found(tmp_path: Path) -> None:
    lite(tmp_path / "c.db", "text", [TEXT(day) for day in (1, 20)])
    warehouse = source(tmp_path, url="sqlite:///c.db", query=QUERY)
    first = await warehouse.fetch((), None, NOW)
    lite(tmp_path / "c.db", "text", [TEXT(15)])
    assert len(counts(await warehouse.fetch((), first.state, NOW))) == 2


async def test_a_query_that_compares_since_with_another_column(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "c.db") as db:
        db.execute("create table counts (handle text, epoch int, followers int)")
        db.execute("insert into counts values ('a', ?, 7)", (FIRST,))
    db.close()
    query = "select handle, datetime(epoch, 'unixepoch') as at, followers from counts"
    warehouse = source(tmp_path, url="sqlite:///c.db", query=query + " where epoch > :since")
    state = None
    for _ in range(4):
        batch = await warehouse.fetch((), state, NOW)
        assert counts(batch) == [7]
        state = batch.state


async def test_one_row_of_a_far_day_does_not_move_since(tmp_path: Path) -> None:
    lite(tmp_path / "c.db", "text", [TEXT(1), "2036-01-01T00:00:00Z"])
    warehouse = source(tmp_path, url="sqlite:///c.db", query=QUERY)
    first = await warehouse.fetch((), None, NOW)
    assert first.state["newest"] == FIRST
    assert len(first.faults) == 1


async def test_a_database_is_only_read(tmp_path: Path) -> None:
    lite(tmp_path / "c.db", "text", [TEXT(1)])
    warehouse = source(tmp_path, url="sqlite:///c.db", query="delete from counts returning *")
    with pytest.raises(SourceUnavailable, match=r"readonly|read-only"):
        await warehouse.fetch((), None, NOW)
    missing = source(tmp_path, url="sqlite:///none.db", query=QUERY)
    with pytest.raises(SourceUnavailable, match="unable to open"):
        await missing.fetch((), None, NOW)
    assert not (tmp_path / "none.db").exists()


async def test_queries_that_cannot_work_say_so(tmp_path: Path) -> None:
    lite(tmp_path / "c.db", "text", [TEXT(1)])

    async def asked(query: str) -> Batch:
        return await source(tmp_path, url="sqlite:///c.db", query=query).fetch((), None, NOW)

    with pytest.raises(SourceChanged, match=r"no such table: nowhere\. Correct the query"):
        await asked("select * from nowhere")
    with pytest.raises(SourceChanged, match="syntax error"):
        await asked("selec 1")
    with pytest.raises(SourceChanged, match="warehouse has no column with a count"):
        await asked("select handle, at from counts")
    assert counts(await asked("select * from counts where 0")) == []


async def test_look_and_wanted(tmp_path: Path) -> None:
    lite(tmp_path / "c.db", "text", [TEXT(1)])
    warehouse = source(tmp_path, url="sqlite:///c.db", query=QUERY, platform="tiktok")
    assert await warehouse.look("@A") == "a"
    with pytest.raises(AccountNotFound):
        await warehouse.look("nobody")
    assert counts(await warehouse.fetch(["tiktok/a"], None, NOW)) == [100]
    assert counts(await warehouse.fetch(["tiktok/b"], None, NOW)) == []
    await warehouse.close()


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("timestamptz", "timestamptz '2026-01-31T00:00Z' + {} * interval '1 day'"),
        ("timestamp", "timestamp '2026-01-31' + {} * interval '1 day'"),
        ("date", "date '2026-01-31' + {}"),
        ("bigint", "1769817600 + {} * 86400"),
        ("bigint", "(1769817600 + {} * 86400) * 1000::bigint"),
        ("text", "to_char(date '2026-01-31' + {}, 'YYYY-MM-DD')"),
    ],
)
async def test_postgresql_compares_since_with_every_type(
    database: str, kind: str, value: str
) -> None:
    with psycopg.connect(database, autocommit=True) as db:
        db.execute("drop table if exists counts")
        db.execute(f"create table counts (handle text, at {kind}, followers bigint)")  # type: ignore[arg-type]
        for day in range(1, 21):
            db.execute(f"insert into counts values ('a', {value.format(day)}, {100 + day})")  # type: ignore[arg-type]
    await reads_on(database)


async def test_postgresql_is_read_in_a_read_only_transaction(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as db:
        db.execute("create table if not exists kept (handle text, at date, followers int)")
    query = "insert into kept values ('a', '2026-01-01', 1) returning *"
    warehouse = source("/", {"URL": database}, url_env="URL", query=query)
    with pytest.raises(SourceUnavailable, match="read-only transaction"):
        await warehouse.fetch((), None, NOW)


async def test_no_password_in_any_error(database: str) -> None:
    wrong = database.replace(postgres.PASSWORD, "wrong-secret")
    warehouse = source("/", {"URL": wrong}, url_env="URL", query=QUERY)
    with pytest.raises(SourceRefused, match="password authentication failed") as caught:
        await warehouse.fetch((), None, NOW)
    assert "wrong-secret" not in str(caught.value)
    assert caught.value.__cause__ is None
    gone = source(
        "/", {"URL": "postgresql://u:wrong-secret@127.0.0.1:1/x"}, url_env="URL", query=QUERY
    )
    with pytest.raises(SourceUnavailable) as caught_gone:
        await gone.fetch((), None, NOW)
    assert "wrong-secret" not in str(caught_gone.value)
    odd = source("/", {"URL": "wrong-secret"}, url_env="URL", query=QUERY)
    with pytest.raises(SourceRefused) as caught_odd:
        await odd.fetch((), None, NOW)
    assert "wrong-secret" not in str(caught_odd.value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("datetime", "timestamp('2026-01-31') + interval {} day"),
        ("timestamp", "timestamp('2026-01-31') + interval {} day"),
        ("date", "date('2026-01-31') + interval {} day"),
        ("bigint", "1769817600 + {} * 86400"),
        ("bigint", "(1769817600 + {} * 86400) * 1000"),
        ("varchar(30)", "date('2026-01-31') + interval {} day"),
    ],
)
async def test_mysql_compares_since_with_every_type(shop: str, kind: str, value: str) -> None:
    with shop_connection(shop) as db, db.cursor() as cursor:
        cursor.execute("drop table if exists counts")
        cursor.execute(f"create table counts (handle text, at {kind}, followers bigint)")
        for day in range(1, 21):
            cursor.execute(f"insert into counts values ('a', {value.format(day)}, {100 + day})")
        db.commit()
    await reads_on(shop)


async def test_mysql_is_only_read_and_tells_no_password(shop: str) -> None:
    with shop_connection(shop) as db, db.cursor() as cursor:
        cursor.execute("create table if not exists kept (handle text, at date, followers int)")
    query = "insert into kept values ('a', '2026-01-01', 1)"
    with pytest.raises(SourceUnavailable, match="READ ONLY transaction"):
        await source("/", {"URL": shop}, url_env="URL", query=query).fetch((), None, NOW)
    wrong = shop.replace(mariadb.PASSWORD, "wrong-secret")
    with pytest.raises(SourceRefused, match="Access denied") as caught:
        await source("/", {"URL": wrong}, url_env="URL", query=QUERY).fetch((), None, NOW)
    assert "wrong-secret" not in str(caught.value)
    with pytest.raises(SourceChanged, match="Correct the query"):
        await source("/", {"URL": shop}, url_env="URL", query="select x").fetch((), None, NOW)


def test_secrets_do_not_stand_in_the_config() -> None:
    with pytest.raises(ValidationError, match="url_env"):
        source("/", url="postgresql://u:p@h/d", query=QUERY)
    with pytest.raises(ValidationError, match="one of url, url_env and url_file"):
        source("/", query=QUERY)
    with pytest.raises(ConfigError, match="set the variable NOWHERE"):
        source("/", url_env="NOWHERE", query=QUERY)


HARD = [
    "postgresql://owner:Pa@sWord77@127.0.0.1:1/shop",
    "postgresql://owner:Pa:sWord77@127.0.0.1:1/shop",
    "postgresql://owner:x@Pa:sWord77@127.0.0.1/shop",
    "postgresql://owner:Pa/sWord77@127.0.0.1:1/shop",
    "postgresql://owner:Pa%40sWord77@127.0.0.1:1/shop",
    "postgresql://owner:Pa?sWord77@127.0.0.1:1/shop",
    "postgresql://owner@127.0.0.1:1/shop?password=sWord77",
    "mysql://owner:Pa@sWord77@127.0.0.1:1/shop",
    "mysql://owner:Pa#sWord77@127.0.0.1:1/shop",
    "mysql://owner:PasWord77@127.0.0.1:sWord77/shop",
    "mysql://owner@127.0.0.1:1/shop?passwd=sWord77&nonsense=sWord77",
    "postgresql://127.0.0.1:1/shop?user=owner&password=Pa@sWord77",
    "mysql://owner@127.0.0.1:1/shop?passwd=Pa@sWord77:1&ssl_ca=/nowhere",
    "sWord77",
]


@pytest.mark.parametrize("url", HARD)
async def test_no_part_of_a_password_is_told(tmp_path: Path, url: str) -> None:
    shop = source(tmp_path, {"SHOP": url}, url_env="SHOP", query="select 1")
    with pytest.raises(SourceError) as caught:
        await shop.fetch((), None, NOW)
    assert "sWord77" not in str(caught.value)
    await shop.close()


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("mysql", "nonsense=1"),
        ("postgresql", "nonsense=1"),
        ("mysql", "connect_timeout=soon"),
        ("mysql", "local_infile=perhaps"),
        ("mysql", "charset=nonsense"),
        ("mysql", "ssl=true"),
        ("mysql", "ssl_ca=/nowhere"),
        ("postgresql", "port=one&port=2"),
    ],
)
async def test_options_that_no_driver_knows_are_told_in_a_sentence(
    tmp_path: Path, kind: str, options: str
) -> None:
    shop = source(tmp_path, url=f"{kind}://o@127.0.0.1:1/shop?{options}", query="select 1")
    with pytest.raises(SourceRefused, match="behind the"):
        await shop.fetch((), None, NOW)
    await shop.close()


async def pieces(warehouse: SqlSource, state: Any = None, most: int = 99) -> list[Batch]:
    found: list[Batch] = []
    while len(found) < most:
        found.append(await warehouse.fetch((), state, NOW))
        state = found[-1].state
        if not found[-1].more:
            break
    return found


async def test_a_large_table_is_read_in_time_order_in_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.sources.sql.PIECE", 4)
    lite(tmp_path / "c.db", "text", [TEXT(day) for day in (9, 3, 7, 1, 5, 10, 2, 8, 4, 6)])
    query = "select handle, at, followers from counts where at > :since"
    warehouse = source(tmp_path, url="sqlite:///c.db", query=query, overlap="1d")
    found = await pieces(warehouse)
    times = [batch.readings["at"].to_list() for batch in found if batch.readings is not None]
    assert [len(part) for part in times] == [4, 4, 2]
    assert [at for part in times for at in part] == [FIRST + n * DAY for n in range(10)]
    assert [batch.more for batch in found] == [True, True, False]
    assert [batch.state["newest"] for batch in found] == [FIRST + n * DAY for n in (3, 7, 9)]


async def test_what_a_crash_cuts_off_goes_on_where_it_was_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.sources.sql.PIECE", 4)
    lite(tmp_path / "c.db", "text", [TEXT(day) for day in range(1, 13)])
    keys = {"url": "sqlite:///c.db", "query": QUERY, "overlap": "1d"}
    first = source(tmp_path, **keys)
    stored = (await pieces(first, most=2))[-1].state
    await first.close()
    later = await pieces(source(tmp_path, **keys), stored)
    times = [at for batch in later if batch.readings is not None for at in batch.readings["at"]]
    assert times[0] > FIRST + 4 * DAY, "all but the overlap was not read again"
    assert times[-1] == FIRST + 11 * DAY
    assert "reading" not in later[-1].state
