"""Real series as backgrounds, and events injected into them."""

import csv
import gzip
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from checks.panel.panel import Panel, truncation
from tests.bench.world import DAY, WARM_UP, Truth, World, panel_of

DATA = Path(__file__).parents[1] / "data"
WINDOW = 180
GLITCH = date(2022, 12, 20)
STRANGE_DAYS = (date(2022, 7, 26), date(2022, 7, 27), GLITCH, date(2022, 12, 21))
"""A platform-wide glitch and a joint organic surge, and the day after each."""

Series = dict[str, dict[date, dict[str, float]]]
"""Account -> day -> metric -> the last reading of that day (UTC)."""


def youtube() -> Series:
    """250 YouTube channels, shown with three digits; zeros are missing."""
    series: Series = defaultdict(dict)
    with gzip.open(DATA / "youtube-vtubers" / "counts.csv.gz", "rt") as file:
        for row in csv.DictReader(file):
            if float(row["subscribers"]) > 0:
                reading = {"followers": float(row["subscribers"])}
                if float(row["views"]) > 0:
                    reading["views"] = float(row["views"])
                series[f"youtube/{row['channel']}"][date.fromisoformat(row["at"][:10])] = (
                    reading
                )
    return series


def bluesky() -> Series:
    """49 think tanks on Bluesky at exact counts."""
    series: Series = defaultdict(dict)
    with (DATA / "bluesky-thinktanks" / "follower_counts.csv").open() as file:
        for row in csv.DictReader(file):
            day = _day(row["date"])
            series[f"bluesky/{row['handle']}"][day] = {
                "followers": float(row["followers_count"]),
                "posts": float(row["posts_count"]),
            }
    return series


def _day(text: str) -> date:
    """The file changes from dd/mm/yyyy to ISO dates halfway."""
    if "/" in text:
        day, month, year = text.split("/")
        return date(int(year), int(month), int(day))
    return date.fromisoformat(text[:10])


def chzzk() -> Series:
    """Ten channels on CHZZK at exact counts; zeros are missing."""
    series: Series = defaultdict(dict)
    with (DATA / "chzzk-stelive" / "followers.csv").open(encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            if float(row["follower_count"]) > 0:
                reading = {"followers": float(row["follower_count"])}
                series[f"chzzk/{row['member_id']}"][date.fromisoformat(row["date"])] = reading
    return series


SETS = {"youtube": youtube, "bluesky": bluesky, "chzzk": chzzk}


def half(account: str) -> int:
    """0 tunes, 1 reports; by the channel's name alone."""
    return crc32(account.partition("/")[2].encode()) % 2


def grid(series: Series, first: date, days: int) -> tuple[tuple[str, ...], dict[str, Any]]:
    """All accounts' counts from `first` on, NaN where nothing was read."""
    names = tuple(series)
    metrics = sorted({m for days_ in series.values() for r in days_.values() for m in r})
    counts = {metric: np.full((len(names), days), np.nan) for metric in metrics}
    for row, name in enumerate(names):
        for day, reading in series[name].items():
            column = (day - first).days
            if 0 <= column < days:
                for metric, value in reading.items():
                    counts[metric][row, column] = value
    return names, counts


def whole(series: Series) -> tuple[Panel, date]:
    """Everything of a set on one panel, and the day of its first column."""
    every = [day for days in series.values() for day in days]
    first, last = min(every), max(every)
    names, counts = grid(series, first, (last - first).days + 1)
    return panel_of(names, counts, _end(last)), first


def windows(
    series: Series,
    seed: int,
    *,
    keep: Sequence[str] | None = None,
    length: int = WINDOW,
    warm_up: int = WARM_UP,
    per_account: int = 3,
    least: float = 1000,
    rounded: bool,
) -> Iterator[World]:
    """Windows of real life with injected events, the accounts of one window per world.

    A window is kept where at least 70 % of its days were read and its level is at least
    `least`. Events come as in the synthetic world, without sawtooth and viral.
    """
    rng = np.random.default_rng(seed)
    names = [name for name in series if keep is None or name in keep]
    every = [day for name in names for day in series[name]]
    first, days = min(every), (max(every) - min(every)).days + 1
    _, counts = grid({name: series[name] for name in names}, first, days)
    for start in range(0, days - length + 1, length)[:per_account]:
        part = {metric: values[:, start : start + length] for metric, values in counts.items()}
        followers = part["followers"]
        read = ~np.isnan(followers)
        level = np.array(
            [
                row[seen].min() if seen.any() else 0
                for row, seen in zip(followers, read, strict=True)
            ]
        )
        rows = np.flatnonzero((read.mean(axis=1) >= 0.7) & (level >= least))
        if rows.size:
            last = first + timedelta(days=start + length - 1)
            yield _inject(
                rng,
                [names[r] for r in rows],
                {m: v[rows] for m, v in part.items()},
                last,
                warm_up,
                rounded,
            )


def _inject(
    rng: np.random.Generator,
    names: list[str],
    counts: dict[str, Any],
    last: date,
    warm_up: int,
    rounded: bool,
) -> World:
    followers = counts["followers"].copy()
    days = followers.shape[1]
    events = []
    for row in np.flatnonzero(rng.random(len(names)) < 0.6):
        kind = ("purge", "spike", "leak")[int(rng.integers(3))]
        low, high = {"purge": (1, 1), "spike": (1, 3), "leak": (14, 30)}[kind]
        length = int(rng.integers(low, high + 1))
        length = min(length, days - warm_up)
        read = np.flatnonzero(~np.isnan(followers[row, warm_up : days - length + 1])) + warm_up
        if not read.size:
            continue
        start = int(rng.choice(read))
        span = {"purge": (0.02, 0.3), "spike": (0.02, 0.5), "leak": (0.001, 0.005)}[kind]
        size = float(np.exp(rng.uniform(*np.log(span))))
        followers[row] = changed(followers[row], kind, start, length, size)
        events.append(Truth(int(row), kind, start, start + length - 1, size))
    if rounded:
        unit = truncation(np.nan_to_num(followers))
        followers = np.floor(followers / unit + 1e-9) * unit
    flags = np.full(len(names), rounded)
    world = World(
        tuple(names), counts | {"followers": np.round(followers)}, tuple(events), flags
    )
    world.extra["newest"] = _end(last)
    return world


def changed(series: Any, kind: str, start: int, length: int, size: float) -> Any:
    """`series` after a purge, spike or leak of `size` from day `start` on."""
    days = np.arange(len(series))
    passed = np.clip((days - start + 1) / length, 0, 1)
    if kind == "purge":
        return series * np.where(days >= start, 1 - size, 1)
    if kind == "spike":
        return series * (1 + size * passed)
    filled = np.interp(days, days[~np.isnan(series)], series[~np.isnan(series)])
    growth = np.diff(np.log(filled), prepend=np.log(filled[0]))
    inside = (days >= start) & (days < start + length)
    calm = np.cumsum(np.where(inside, -np.maximum(growth, 0) / 2 + np.log1p(-size), 0))
    return series * np.exp(calm)


def _end(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) + DAY - 1
