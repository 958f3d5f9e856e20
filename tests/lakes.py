"""Lakes for tests: a small world's readings, cut into Parquet files one way or another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from bot.engine.engine import Pass, done, pack
from bot.sources.lake.settings import LakeSettings
from tests.bench.world import DAY, NEWEST, WIDE, make


class InlineEngine:
    """Does all work here, through the same packing as the real ones."""

    def map(self, one: Pass[Any, Any, Any]) -> Iterator[Any]:
        packed = pack(one.given)
        for item in one.items:
            one.watch()
            yield done(one.work, item, packed)

    def versions(self, timeout: float) -> list[str]:
        return []

    def close(self) -> None:
        return None


def world(seed: int, accounts: int = 60, days: int = 121) -> pl.DataFrame:
    """Readings of two platforms, with a fall of many on the last days; sorted."""
    made = make(accounts, seed, days=days, ranges=WIDE)
    rng = np.random.default_rng(seed)
    followers = made.counts["followers"].copy()
    followers[rng.random(accounts) < 0.3, -int(rng.integers(1, 4)) :] *= 0.93
    followers[rng.random(accounts) < 0.1, -1] *= 1.3
    names = [f"{('x', 'y')[n % 3 == 0]}/a{n:05d}" for n in range(accounts)]
    frame = pl.DataFrame(
        {
            "account": np.repeat(names, days),
            "at": np.tile(NEWEST - DAY * np.arange(days)[::-1], accounts),
            **{
                name: pl.Series(grid.ravel()).fill_nan(None).round().cast(pl.Int64)
                for name, grid in {**made.counts, "followers": followers}.items()
            },
        }
    )
    return frame.filter(pl.col("followers").is_not_null()).sort("account", "at")


def by_account(frame: pl.DataFrame, folder: Path, files: int = 3, rows: int = 200) -> Path:
    """Sorted by account, in row groups of so many rows."""
    names = frame["account"].unique().sort()
    size = -(-len(names) // files)
    for number in range(files):
        some = names.slice(number * size, size)
        part = frame.filter(pl.col("account").is_in(some.implode()))
        write(part, folder / f"part-{number}.parquet", rows)
    return folder


def by_day(frame: pl.DataFrame, folder: Path) -> Path:
    """One folder and file a day, its accounts in no order."""
    days = frame.with_columns(day=pl.from_epoch("at").dt.date().cast(pl.String))
    for (day,), part in days.group_by("day"):
        mixed = part.drop("day").sample(fraction=1, shuffle=True, seed=1)
        write(mixed, folder / f"day={day}" / "0.parquet")
    return folder


def write(frame: pl.DataFrame, path: Path, rows: int | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    timed = frame.with_columns(pl.from_epoch("at").alias("at"))
    timed.write_parquet(path, row_group_size=rows)


def lake(path: Path | str, **keys: Any) -> LakeSettings:
    return LakeSettings(name="lake", kind="lake", path=str(path), **keys)
