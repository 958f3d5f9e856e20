"""Large files come in pieces, as imports and as sources, and say the same as if read whole."""

import gzip
import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from bot.model.source import Batch
from bot.sources import pieces
from bot.sources.pieces import Place, read_piece
from bot.sources.read import read_input
from bot.sources.tables.options import TableOptions
from tests.bot.sources.test_file import NOW, put, source

DAYS = 120
ACCOUNTS = 40


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "LARGE", 20_000)
    monkeypatch.setattr(pieces, "PIECE", 7_000)


def rows(shape: str) -> list[tuple[str, str, int]]:
    """A day after the other, each with all of its accounts."""
    first = datetime(2025, 6, 1, tzinfo=UTC)
    return [
        ((first + timedelta(days=day)).strftime(shape), f"a{n:02}", 1000 * n + day)
        for day in range(DAYS)
        for n in range(ACCOUNTS)
    ]


def as_csv(shape: str = "%Y-%m-%d") -> str:
    return "date,account,followers\n" + "".join(f"{d},{a},{n}\n" for d, a, n in rows(shape))


def as_lines() -> str:
    return "".join(
        json.dumps({"date": d, "account": a, "followers": n}) + "\n"
        for d, a, n in rows("%Y-%m-%d")
    )


def whole(path: Path) -> pl.DataFrame:
    batch = read_input(path, TableOptions(), hash_key=lambda: b"", now=NOW)
    assert batch.readings is not None
    return batch.readings


def one_by_one(path: Path) -> list[Batch]:
    found = []
    place: Place | None = Place()
    while place is not None:
        batch, place = read_piece(path, TableOptions(), place, hash_key=lambda: b"", now=NOW)
        found.append(batch)
    return found


def together(parts: list[Batch]) -> pl.DataFrame:
    frames = [part.readings for part in parts if part.readings is not None]
    return pl.concat(frames).sort("account", "at")


@pytest.mark.parametrize(
    "text",
    [
        as_csv,
        lambda: "\ufeff" + as_csv(),
        lambda: "Followers of the team\n\n" + as_csv(),
        as_lines,
        lambda: "\ufeff" + as_lines(),
    ],
    ids=["csv", "csv with a mark", "csv with a title", "json lines", "json lines with a mark"],
)
def test_pieces_say_what_the_whole_says(tmp_path: Path, text: Callable[[], str]) -> None:
    path = tmp_path / "counts.csv"
    path.write_text(text(), encoding="utf-8")
    parts = one_by_one(path)
    assert len(parts) > 5
    assert together(parts).equals(whole(path))


def as_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("create table counts (date text, account text, followers integer)")
        database.executemany("insert into counts values (?, ?, ?)", rows("%Y-%m-%d"))
        database.commit()


def as_array(path: Path) -> None:
    path.write_text("[" + as_lines().strip().replace("\n", ",\n") + "]")


@pytest.mark.parametrize(
    "write",
    [
        lambda path: path.write_bytes(gzip.compress(as_csv("%d/%m/%Y").encode())),
        lambda path: path.write_bytes(gzip.compress(as_lines().encode())),
        as_database,
        as_array,
    ],
    ids=["packed csv", "packed json lines", "database", "json array"],
)
def test_packed_rows_come_in_pieces_too(tmp_path: Path, write: Callable[[Path], None]) -> None:
    path = tmp_path / "counts"
    write(path)
    parts = one_by_one(path)
    assert len(parts) > 5
    assert [part.faults for part in parts if part.faults] == []
    assert together(parts).equals(whole(path))


def test_a_packed_file_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "counts.csv.gz"
    data = gzip.compress(os.urandom(40_000).hex().encode().replace(b"a", b",\n"))
    path.write_bytes(data[:-2_000] + (60_000).to_bytes(4, "little"))
    (batch,) = one_by_one(path)
    assert batch.readings is None
    assert "damaged or cut off gzip file" in batch.faults[0].text


async def test_a_source_goes_on_in_a_packed_file_after_a_crash(tmp_path: Path) -> None:
    (tmp_path / "exports").mkdir()
    path = put(tmp_path / "exports" / "counts.csv", as_csv())
    path.write_bytes(gzip.compress(path.read_bytes()))
    os.utime(path, (NOW.timestamp() - 3600,) * 2)
    parts, state = [], None
    while state is None or parts[-1].more:
        files = source(tmp_path / "exports")  # as a new process finds it
        parts.append(await files.fetch((), state, NOW))
        state = json.loads(json.dumps(parts[-1].state))
        await files.close()
    assert len(parts) > 5
    assert together(parts).equals(whole(path))


def test_a_piece_of_one_day_reads_its_date_as_the_others_do(tmp_path: Path) -> None:
    path = tmp_path / "counts.csv"
    path.write_text(as_csv("%d/%m/%Y"))
    parts = one_by_one(path)
    assert [part.faults for part in parts if part.faults] == []
    assert together(parts).equals(whole(path))


def test_blank_lines_at_the_end_are_no_piece(tmp_path: Path) -> None:
    path = tmp_path / "counts.csv"
    path.write_text(as_csv() + "\n" * 9_000)
    parts = one_by_one(path)
    assert [part.faults for part in parts if part.faults] == []
    assert len(together(parts)) == DAYS * ACCOUNTS


async def test_a_source_stores_a_large_file_in_pieces_and_goes_on_after_a_crash(
    tmp_path: Path,
) -> None:
    (tmp_path / "exports").mkdir()
    path = put(tmp_path / "exports" / "counts.csv", as_csv())
    files = source(tmp_path / "exports")
    parts, state = [], None
    for _ in range(3):
        parts.append(await files.fetch((), state, NOW))
        state = json.loads(json.dumps(parts[-1].state))
        assert parts[-1].more
    other = source(tmp_path / "exports")  # as a new process finds it
    while parts[-1].more:
        parts.append(await other.fetch((), state, NOW))
        state = parts[-1].state
    frames = [part.readings for part in parts if part.readings is not None]
    assert sum(map(len, frames)) == DAYS * ACCOUNTS
    assert together(parts).equals(whole(path))
    assert (await other.fetch((), state, NOW)).readings is None


async def test_a_large_file_that_changed_on_the_way_is_begun_again(tmp_path: Path) -> None:
    (tmp_path / "exports").mkdir()
    path = put(tmp_path / "exports" / "counts.csv", as_csv())
    files = source(tmp_path / "exports")
    first = await files.fetch((), None, NOW)
    put(path, as_csv().replace("2025-06-01", "2025-05-31"), age=1800)
    again = await files.fetch((), first.state, NOW)
    assert again.readings is not None
    assert again.readings["at"].min() == int(
        datetime(2025, 5, 31, 23, 59, 59, tzinfo=UTC).timestamp()
    )


async def test_the_torn_line_of_a_large_file_waits(tmp_path: Path) -> None:
    (tmp_path / "exports").mkdir()
    path = put(tmp_path / "exports" / "counts.csv", as_csv() + "2025-12-01,a00,7", age=120)
    files = source(tmp_path / "exports")
    parts = [await files.fetch((), None, NOW)]
    while parts[-1].more:
        parts.append(await files.fetch((), parts[-1].state, NOW))
    assert len(together(parts)) == DAYS * ACCOUNTS
    os.utime(path, (NOW.timestamp() - 3600,) * 2)
    parts = [await files.fetch((), parts[-1].state, NOW)]
    while parts[-1].more:
        parts.append(await files.fetch((), parts[-1].state, NOW))
    assert len(together(parts)) == DAYS * ACCOUNTS + 1
