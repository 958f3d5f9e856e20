"""How fast the store takes readings in and gives them back, as ratios within one run.

`python -m tests.bench.store import|review [--rows N] [--accounts N] [--rounds N]`
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from bot import message
from bot.ingest.poll import Outcome, store_batch
from bot.model.reading import METRICS
from bot.review import ReviewSettings, review
from bot.storage import sources
from bot.storage.access import AccessPolicy
from bot.storage.database import Store, connect
from checks.rules import rules_for
from tests.fakes import DAY, calm, ends, frame

NOW = 1_700_000_000


def timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def a_csv(path: Path, rows: int) -> None:
    """Accounts x 100 days with followers, following and interactions, ordered by account."""
    accounts = rows // 100
    counts = calm(accounts, 100)
    table = frame(counts, ends(NOW, 100)).with_columns(
        (pl.col("followers") // 40).alias("following"),
        (pl.col("followers") * 3).alias("interactions"),
    )
    table.write_csv(path)


def import_once(folder: Path, csv: Path) -> float:
    """The CSV through the file reader into a fresh store, as `ebbwatch import` does it."""
    from bot.sources.pieces import Place, read_piece
    from bot.sources.tables.options import TableOptions

    async def work() -> None:
        store = Store.open(folder / "import.db", now=NOW)
        row = await store.write(sources.ensure, "import")
        place: Place | None = Place()
        now = datetime.fromtimestamp(NOW, UTC)
        while place is not None:
            batch, place = read_piece(
                csv, TableOptions(), place, hash_key=lambda: bytes(32), now=now
            )
            await store_batch(store, row.id, batch, NOW, Outcome(source="import"))
        store.close()

    for old in folder.glob("import.db*"):
        old.unlink()
    return timed(lambda: asyncio.run(work()))


def executemany_once(folder: Path, rows: list[tuple[object, ...]]) -> float:
    """Ready Python rows into a table with the same columns, primary key and pragmas."""
    for old in folder.glob("plain.db*"):
        old.unlink()
    db = connect(folder / "plain.db")
    columns = ", ".join(f"{name} INTEGER" for name in METRICS)
    db.conn.execute(
        "CREATE TABLE readings (account INTEGER NOT NULL, at INTEGER NOT NULL,"
        f" source INTEGER NOT NULL, seen INTEGER NOT NULL, {columns},"
        " PRIMARY KEY (account, at, source)) STRICT, WITHOUT ROWID"
    )
    holes = ", ".join("?" * (4 + len(METRICS)))

    def work() -> None:
        db.conn.execute("BEGIN IMMEDIATE")
        db.conn.executemany(f"INSERT INTO readings VALUES ({holes})", rows)
        db.conn.execute("COMMIT")

    spent = timed(work)
    db.conn.close()
    return spent


def bench_import(folder: Path, rows: int, rounds: int) -> None:
    csv = folder / "counts.csv"
    a_csv(csv, rows)
    table = pl.read_csv(csv)
    numbers = {
        name: n for n, name in enumerate(table["account"].unique(maintain_order=True), 1)
    }
    spare: tuple[None, ...] = (None,) * (len(METRICS) - 4)
    ready = [
        (numbers[account], at, 1, NOW, followers, following, None, interactions, *spare)
        for account, at, followers, following, interactions in table.iter_rows()
    ]
    ratios = []
    for _ in range(rounds):
        ours, plain = import_once(folder, csv), executemany_once(folder, ready)
        ratios.append(plain / ours)
        print(f"import {ours:.2f} s, executemany {plain:.2f} s, rate {plain / ours:.2f}")
    print(f"import of {rows:,} rows: {statistics.median(ratios):.2f} of executemany's rate")


def arrow_once(path: Path, start: int, columns: str) -> float:
    """The same rows into Arrow by adbc, in a process of its own but without its start."""
    import subprocess

    script = (
        "import sys, time\n"
        "import adbc_driver_sqlite.dbapi as dbapi\n"
        "with dbapi.connect(sys.argv[1]) as connection, connection.cursor() as cursor:\n"
        "    begun = time.perf_counter()\n"
        "    cursor.execute(sys.argv[2])\n"
        "    import polars\n"
        "    begun_read = time.perf_counter()\n"
        "    rows = polars.Series(cursor.fetch_arrow())\n"
        "    print(time.perf_counter() - begun_read)\n"
    )
    query = f"SELECT {columns} FROM readings WHERE at > {start}"
    done = subprocess.run(
        [sys.executable, "-c", script, str(path), query],
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


def bench_review(folder: Path, accounts: int, rounds: int) -> None:
    async def fill() -> Store:
        store = Store.open(folder / "review.db", now=NOW)
        row = await store.write(sources.ensure, "import")
        counts = calm(accounts, 90)
        for low in range(0, accounts, 2000):
            names = [f"instagram/a{n}" for n in range(low, min(low + 2000, accounts))]
            table = frame(counts[low : low + 2000], ends(NOW, 90), names=names)
            await store.write(_add, row.id, table)
        return store

    store = asyncio.run(fill())
    review_settings = ReviewSettings(
        rules=rules_for("balanced"), voices=message, access=AccessPolicy({})
    )
    start = NOW - 121 * DAY
    ratios, wide = [], []
    for _ in range(rounds):
        ours = timed(lambda: asyncio.run(review(store, review_settings, NOW)))
        whole = arrow_once(store.path, start, "*")
        used = arrow_once(store.path, start, "account, at, source, followers")
        ratios.append(ours / used)
        wide.append(ours / whole)
        print(
            f"review {ours:.2f} s; Arrow {whole:.2f} s for whole rows, {used:.2f} s for the"
            f" columns in use; ratio {ours / whole:.2f} and {ours / used:.2f}"
        )
    print(
        f"review of {accounts:,} accounts x 90 days: {statistics.median(ratios):.2f} x the time"
        f" of Arrow for the same columns, {statistics.median(wide):.2f} x for whole rows"
    )
    store.close()


def _add(db: object, source: int, table: pl.DataFrame) -> None:
    """As a reviewed past: nothing waits, so that the review judges the present alone."""
    from bot.storage import readings

    readings.add(db, source, table, NOW)  # type: ignore[arg-type]
    db.conn.execute("DELETE FROM pending_days")  # type: ignore[attr-defined]


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("what", choices=("import", "review"))
    given.add_argument("--rows", type=int, default=1_000_000)
    given.add_argument("--accounts", type=int, default=20_000)
    given.add_argument("--rounds", type=int, default=5)
    args = given.parse_args()
    np.seterr(all="raise", under="ignore")
    with tempfile.TemporaryDirectory() as name:
        if args.what == "import":
            bench_import(Path(name), args.rows, args.rounds)
        else:
            bench_review(Path(name), args.accounts, args.rounds)


if __name__ == "__main__":
    main()
