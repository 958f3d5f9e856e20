"""Lakes: one review of many accounts from Parquet, beside reading them and one NumPy pass.

`python -m tests.bench.scale [--accounts N ...] [--engine local|dask] [--folder DIR]`; what was
written into the folder is used again.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from tests.bench.speed import weekday_pass
from tests.fakes import DAY

NOW, DAYS, FILE = 1_700_000_000, 120, 50_000
LIMITS = {"ratio": 3.0, "peak": 1000.0, "growth": 4.4, "dask": 1.3, "database": 200.0}


def write(place: Path) -> None:
    """Followers of so many accounts as the folder is called, sorted, 50,000 in a file and 1,000
    in a row group; one in a thousand loses a twelfth on the last day."""
    accounts = int(place.name)
    place.mkdir(parents=True, exist_ok=True)
    at = (
        np.tile(NOW - DAY * np.arange(DAYS)[::-1], FILE)
        .astype("datetime64[s]")
        .astype("datetime64[ms]")
    )
    for first in range(0, accounts, FILE):
        path = place / f"{first:09d}.parquet"
        if path.exists():
            continue
        many = min(FILE, accounts - first)
        rng = np.random.default_rng(first)
        level = np.exp(rng.uniform(7, 13, (many, 1)))
        growth = rng.normal(7e-4, 4e-4, (many, 1))
        counts = level * (1 + growth) ** np.arange(DAYS)
        counts += rng.normal(0, 0.2, counts.shape) * np.sqrt(level)
        counts[rng.random(many) < 1e-3, -1] *= 11 / 12
        frame = pl.DataFrame(
            {
                "account": np.repeat(
                    [f"instagram/a{first + n:09d}" for n in range(many)], DAYS
                ),
                "at": at[: many * DAYS],
                "followers": counts.round().astype(np.int32).ravel(),
            }
        )
        frame.write_parquet(path, compression="zstd", row_group_size=1000 * DAYS)


def yardstick(place: Path) -> None:
    """polars reads the same columns, then the float32 pass goes over them."""
    begun = time.perf_counter()
    counts = []
    for path in sorted(place.glob("*.parquet")):
        frame = pl.read_parquet(path, columns=["account", "at", "followers"])
        counts.append(frame["followers"].to_numpy().reshape(-1, DAYS).astype(np.float32))
    read = time.perf_counter()
    for some in counts:
        weekday_pass(some)
    print(f"read {read - begun:.1f} s, pass {time.perf_counter() - read:.1f} s", flush=True)


def review(place: Path, kind: str) -> None:
    """What the service does, from the footers to the incidents in the database."""
    from bot import message
    from bot.config.settings import EngineSettings
    from bot.engine.kept import KeptEngine
    from bot.engine.table import open_engine
    from bot.passes.judge import Lakes
    from bot.passes.review import LakeReviewer
    from bot.review import ReviewSettings
    from bot.storage.access import AccessPolicy
    from bot.storage.database import Store
    from checks.rules import rules_for
    from tests.lakes import lake

    begun = time.perf_counter()

    def progress(name: str, done: int, whole: int) -> None:
        if done == whole:
            print(
                f"{name}: {whole} partitions, {time.perf_counter() - begun:.1f} s", flush=True
            )

    async def nobody(text: str) -> None:
        print(text)

    with tempfile.TemporaryDirectory() as name:
        engine = open_engine(EngineSettings(kind=kind, workers=2))  # type: ignore[arg-type]
        kept = KeptEngine(engine, Path(name) / "judging")
        store = Store.open(Path(name) / "scale.db", now=NOW)
        reviewer = LakeReviewer(
            store=store,
            settings=ReviewSettings(
                rules=rules_for("balanced"), voices=message, access=AccessPolicy({})
            ),
            lakes=Lakes(
                settings=[lake(place)],
                root=".",
                engine=kept,
                laid=kept.folder / "panels",
                progress=progress,
            ),
            kept=kept,
            calendar=lambda: NOW,
            queued=lambda: None,
            report=nobody,
        )
        done = asyncio.run(reviewer())
        reviewer.close()
        store.close()
        size = sum(file.stat().st_size for file in Path(name).glob("scale.db*")) / 1e6
        opened = done.opened if done else 0
        print(f"{opened} incidents, database {size:.1f} MB", flush=True)


def measured(*words: str) -> tuple[float, float, float]:
    """Seconds, processor seconds and the largest resident MB of a run and its workers, which
    are programs of their own: a child's memory begins with that of its parent."""
    begun = time.perf_counter()
    script = [sys.executable, "-m", "tests.bench.scale", "--one", *words]
    _, status, used = os.wait4(subprocess.Popen(script).pid, 0)
    if status:
        sys.exit(f"{' '.join(words)} ended with {status}")
    return time.perf_counter() - begun, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--accounts", type=int, nargs="+", default=[100_000, 1_000_000])
    given.add_argument("--engine", choices=("local", "dask"), nargs="+", default=["local"])
    given.add_argument(
        "--folder", type=Path, default=Path(tempfile.gettempdir(), "ebbwatch-lake")
    )
    given.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    args = given.parse_args()
    if args.one:
        what, place = args.one
        if what == "write":
            write(Path(place))
        elif what == "yardstick":
            yardstick(Path(place))
        else:
            review(Path(place), what)
        return
    for accounts in args.accounts:
        place = args.folder / str(accounts)
        measured("write", str(place))
        for kind in args.engine:
            wall, spent, peak = measured(kind, str(place))
            print(
                f"{accounts:,} accounts, {kind}: {wall:.1f} s, {spent:.1f} s of CPU, "
                f"{peak:.0f} MB at most (limit {LIMITS['peak']:.0f})",
                flush=True,
            )
        base, base_spent, _ = measured("yardstick", str(place))
        print(
            f"{accounts:,} accounts, polars and the pass: {base:.1f} s,"
            f" {base_spent:.1f} s of CPU;"
            f" ratio {wall / base:.1f} in time, {spent / base_spent:.1f} in CPU"
            f" (limit {LIMITS['ratio']:.0f})",
            flush=True,
        )


if __name__ == "__main__":
    main()
