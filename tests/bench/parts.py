"""What a review in parts takes: processor time and resident memory, beside their limits.

`python -m tests.bench.parts newday|first|purge [--accounts N] [--days N]`
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import tempfile
from pathlib import Path

import numpy as np
import polars as pl
from sqlite_utils import Database

from bot import message
from bot.review import ReviewSettings, review
from bot.storage import readings, sources
from bot.storage.access import AccessPolicy
from bot.storage.database import Store
from checks.rules import rules_for
from tests.fakes import calm, ends, frame

NOW = 1_700_000_000
LIMITS = {"newday": (4.5, 400), "first": (None, 500), "purge": (4.0, None)}
"""Seconds of processor time and MB of the reviewing process."""


def processor() -> float:
    """Seconds of this process and its children so far."""
    spent = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return sum(each.ru_utime + each.ru_stime for each in spent)


def add(db: Database, source: int, table: pl.DataFrame, waits: bool) -> None:
    readings.add(db, source, table, NOW)
    if not waits:
        db.conn.execute("DELETE FROM pending_days")


async def run(what: str, accounts: int, days: int, folder: Path) -> None:
    store = Store.open(folder / "parts.db", now=NOW)
    row = await store.write(sources.ensure, "import")
    counts, times = calm(accounts, days), ends(NOW, days)
    if what == "purge":
        hit = np.random.default_rng(1).random(accounts) < 0.6
        counts[hit, -1] = np.round(counts[hit, -1] * 0.95)
    known = days if what == "first" else days - 1
    for first, last, waits in ((0, known, what == "first"), (known, days, True)):
        for low in range(0, accounts if last > first else 0, 2000):
            names = [f"instagram/a{n}" for n in range(low, min(low + 2000, accounts))]
            table = frame(counts[low : low + 2000, first:last], times[first:last], names=names)
            await store.write(add, row.id, table, waits)
    settings = ReviewSettings(
        rules=rules_for("balanced"), voices=message, access=AccessPolicy({})
    )
    del counts
    before = processor()
    done = await review(store, settings, NOW)
    seconds = processor() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    store.close()
    time_limit, memory_limit = LIMITS[what]
    print(
        f"{what}, {accounts:,} accounts x {days} days: {seconds:.2f} s of CPU"
        f" (at most {time_limit or '-'}), {peak} MB (at most {memory_limit or '-'}),"
        f" {done.opened} incidents"
    )


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("what", choices=LIMITS)
    given.add_argument("--accounts", type=int)
    given.add_argument("--days", type=int, default=120)
    args = given.parse_args()
    accounts = args.accounts or (20_000 if args.what == "purge" else 50_000)
    with tempfile.TemporaryDirectory() as name:
        asyncio.run(run(args.what, accounts, args.days, Path(name)))


if __name__ == "__main__":
    main()
