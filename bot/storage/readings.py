"""Readings: stored as they came, read back as flat arrays for `build_panel`."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from sqlite_utils import Database

from bot.model.reading import DAY, FLOWS, METRICS
from bot.storage import accounts, bulk, sources

BATCH_ROWS = 20_000
"""Rows per transaction of an import, so that other writers never wait long."""

LISTS, LISTS_PRIORITY = "follower lists", 1000
"""The source of what complete lists count. It speaks only for accounts that no other source
counts: lists lack a few names, and the step between the two is no loss."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """`changed` rows are new or corrected; the rest was known already."""

    rows: int
    changed: int
    new_accounts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """What `build_panel` takes: `rows` index `accounts`, `values` are float64 with NaN."""

    accounts: tuple[str, ...]
    rows: npt.NDArray[np.int64]
    at: npt.NDArray[np.int64]
    values: Mapping[str, npt.NDArray[np.float64]]
    tags: Mapping[str, tuple[str, ...]]


def add(db: Database, source: int, frame: pl.DataFrame, seen: int) -> Added:
    """Stores rows of one source; for a time told twice the latest statement wins.

    What was absent stays as it was. Changed days wait in `pending_days` for the next review.
    Rows of forgotten accounts are refused.
    """
    metrics = [
        name
        for name in METRICS
        if name in frame.columns and frame.get_column(name).null_count() < frame.height
    ]
    if frame.is_empty() or not metrics:
        return Added(rows=frame.height, changed=0, new_accounts=0)
    names = frame.get_column("account").unique().sort()
    before = db.conn.execute("SELECT count(*) FROM accounts").fetchone()[0]
    ids = accounts.ensure(db, names.to_list(), source, seen)
    after = db.conn.execute("SELECT count(*) FROM accounts").fetchone()[0]
    given = frame.height
    if len(ids) < len(names):
        frame = frame.filter(pl.col("account").is_in(list(ids)))
    numbered = frame.with_columns(
        pl.col("account").replace_strict(ids, return_dtype=pl.Int64).alias("account")
    )
    columns = [numbered.get_column(name).to_list() for name in ("account", "at", *metrics)]
    cursor = db.conn.executemany(_upsert(metrics, source, seen), zip(*columns, strict=True))
    if cursor.rowcount > 0:
        db.conn.executemany(
            "INSERT OR IGNORE INTO metrics_in_use (name) VALUES (?)", [(m,) for m in metrics]
        )
        if not sources.is_lake(db, source):
            _mark(db, numbered, source, seen, every=cursor.rowcount == frame.height)
    return Added(rows=given, changed=max(0, cursor.rowcount), new_accounts=after - before)


def _upsert(metrics: Sequence[str], source: int, seen: int) -> str:
    """Source and time stand in the statement itself, so that no row has to bind them."""
    columns = ", ".join(metrics)
    holes = ", ".join("?" for _ in metrics)
    sets = ", ".join(f"{m} = coalesce(excluded.{m}, {m})" for m in metrics)
    differs = " OR ".join(f"coalesce(excluded.{m}, {m}) IS NOT {m}" for m in metrics)
    return (
        f"INSERT INTO readings (account, at, source, seen, {columns})"
        f" VALUES (?, ?, {int(source)}, {int(seen)}, {holes})"
        f" ON CONFLICT DO UPDATE SET seen = {int(seen)}, {sets} WHERE {differs}"
    )


def _mark(db: Database, numbered: pl.DataFrame, source: int, seen: int, *, every: bool) -> None:
    spans = numbered.group_by("account").agg(
        pl.col("at").min().alias("start"), pl.col("at").max().alias("stop")
    )
    rows = spans.rows()
    if not every:
        rows = [
            (account, *found)
            for account, start, stop in rows
            if (
                found := db.conn.execute(
                    "SELECT min(at), max(at) FROM readings WHERE account = ?"
                    " AND at BETWEEN ? AND ? AND source = ? AND seen = ?",
                    (account, start, stop, source, seen),
                ).fetchone()
            )[0]
            is not None
        ]
    db.conn.executemany(
        "INSERT INTO pending_days (account, start, stop, first) VALUES (?1, ?2, ?3,"
        " (SELECT first_told IS NULL FROM accounts WHERE id = ?1))"
        " ON CONFLICT DO UPDATE SET start = min(start, excluded.start),"
        " stop = max(stop, excluded.stop), version = version + 1",
        rows,
    )


def series(
    db: Database,
    path: Path,
    *,
    start: int,
    stop: int,
    only: Sequence[str] | None = None,
    metrics: Sequence[str] = METRICS,
) -> Series:
    """All readings with start < at <= stop, one series per account, in order.

    Where two sources give a metric of one account at one time, the one with the smallest
    `priority` speaks. Metrics that nobody ever gave are left out. Large reads run in a process
    of their own.
    """
    names, tags = _names(db, only)
    metrics = _in_use(db, metrics)
    found = bulk.read(db, path, start, stop, list(names) if only is not None else None, metrics)
    return _series(db, found, names, tags)


def pieces(
    db: Database,
    path: Path,
    *,
    start: int,
    stop: int,
    size: int,
    only: Sequence[str] | None = None,
) -> Iterator[Series]:
    """The same in pieces of so many accounts; every one holds the same metrics. What lakes
    gave is judged where it lies, and left out where not named by `only`."""
    if only is not None:
        for low in range(0, len(only), size):
            yield series(db, path, start=start, stop=stop, only=only[low : low + size])
        return
    names, tags = _names(db, None, lakes=False)
    ids = list(names)
    cut = [ids[low : low + size] for low in range(0, len(ids), size)]
    ranges = [(piece[0], piece[-1]) for piece in cut]
    metrics = _in_use(db, METRICS)
    read = bulk.read_pieces(db, path, start, stop, ranges, metrics)
    for piece in cut:
        some = {id: names[id] for id in piece}
        own = {account: tags[account] for account in some.values() if account in tags}
        # neither is given a name here, so that it can go before the next is read
        yield _series(db, next(read), some, own)


def _in_use(db: Database, metrics: Sequence[str]) -> list[str]:
    used = {name for (name,) in db.conn.execute("SELECT name FROM metrics_in_use")}
    return [name for name in metrics if name in used]


def _series(
    db: Database,
    found: bulk.Rows,
    names: Mapping[int, str],
    tags: Mapping[str, tuple[str, ...]],
) -> Series:
    values = _one_voice(db, found)
    index = np.full(max([*names, *found.account[-1:].tolist(), 0]) + 1, -1, np.int64)
    index[list(names)] = np.arange(len(names))
    rows = index[found.account]
    kept = rows >= 0  # the child process may have seen an account that came after `names`
    if values is not found.values:
        kept &= ~np.all([np.isnan(value) for value in values.values()], axis=0)
    if kept.all():
        kept = np.ones(0, np.bool_)

    def cut(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return array[kept] if kept.size else array

    return Series(
        accounts=tuple(names.values()),
        rows=cut(rows),
        at=cut(found.at),
        values={name: cut(value) for name, value in values.items()},
        tags=tags,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """Two sources that give an account differently, by at least `percent`."""

    account: str
    first: str
    second: str
    percent: float


def disagreements(db: Database, now: int) -> list[Disagreement]:
    """Accounts that two sources give differently by over 2 % on each of the last 3 shared days.

    The slack covers a display step of one percent and different hours of the day.
    """
    rows = db.conn.execute(
        """
        WITH several AS (SELECT count(*) > 1 AS yes FROM sources),
        newest AS (SELECT account, source, at / 86400 AS day, max(at), followers
          FROM readings WHERE (SELECT yes FROM several) AND at > ?1 AND at <= ?2
          AND followers IS NOT NULL GROUP BY account, source, day),
        pairs AS (SELECT a.account, a.source AS one, b.source AS other,
          100.0 * abs(a.followers - b.followers) / max(a.followers, b.followers, 1) AS percent,
          row_number() OVER (PARTITION BY a.account, a.source, b.source ORDER BY a.day DESC)
            AS back
          FROM newest a JOIN newest b ON b.account = a.account AND b.day = a.day
          AND b.source > a.source)
        SELECT accounts.account, s.name, t.name, min(percent) FROM pairs
          JOIN accounts ON accounts.id = pairs.account
          JOIN sources s ON s.id = one JOIN sources t ON t.id = other
          WHERE back <= 3 GROUP BY pairs.account, one, other
          HAVING count(*) = 3 AND min(percent) > 2 ORDER BY 1
        """,
        (now - 14 * 86400, now),
    )
    return [
        Disagreement(account=name, first=one, second=other, percent=round(percent, 1))
        for name, one, other, percent in rows
    ]


def newest(db: Database) -> int | None:
    """Time of the newest reading of all."""
    (at,) = db.conn.execute(
        "SELECT max(last) FROM (SELECT (SELECT max(at) FROM readings"
        " WHERE account = accounts.id) AS last FROM accounts)"
    ).fetchone()
    return None if at is None else int(at)


def _names(
    db: Database, only: Sequence[str] | None, *, lakes: bool = True
) -> tuple[dict[int, str], dict[str, tuple[str, ...]]]:
    tags = accounts.tags_by_account(db, only, lakes=lakes)
    some = "" if only is None else " WHERE account IN (SELECT value FROM json_each(?))"
    if not lakes:
        some += f" WHERE NOT {accounts.of_lake()}"
    values = () if only is None else (json.dumps(list(only)),)
    rows = db.conn.execute(f"SELECT id, account FROM accounts{some} ORDER BY id", values)
    return {row[0]: row[1] for row in rows}, tags


def _one_voice(db: Database, found: bulk.Rows) -> Mapping[str, npt.NDArray[np.float64]]:
    """The values; of several sources' counts of one time the one with the best priority.

    A count of another time is another reading, whoever gave it: the newest one speaks. Flows
    of one day are of one time, or the day would be counted twice.
    """
    ranks = dict(db.conn.execute("SELECT id, priority FROM sources").fetchall())
    order = {id: n for n, id in enumerate(sorted(ranks, key=lambda id: (ranks[id], id)))}
    present = np.unique(found.source)
    if len(present) < 2:
        return found.values
    rank = np.array([order.get(id, len(order)) for id in present.tolist()])
    rank = rank[np.searchsorted(present, found.source)]
    _, account = np.unique(found.account, return_inverse=True)
    values = {name: value.copy() for name, value in found.values.items()}
    for name, value in values.items():
        seen = np.flatnonzero(~np.isnan(value))
        if not seen.size:
            continue
        moment = found.at[seen] // DAY if name in FLOWS else found.at[seen]
        same = (np.diff(account[seen]) == 0) & (np.diff(moment) == 0)
        starts = np.flatnonzero(np.r_[True, ~same])
        best = np.minimum.reduceat(rank[seen], starts)
        sizes = np.diff(np.r_[starts, seen.size])
        value[seen[rank[seen] != np.repeat(best, sizes)]] = np.nan
    _silence_lists(db, found.source, account, values)
    return values


def _silence_lists(
    db: Database,
    source: npt.NDArray[np.int64],
    account: npt.NDArray[np.int64],
    values: Mapping[str, npt.NDArray[np.float64]],
) -> None:
    row = db.conn.execute("SELECT id FROM sources WHERE name = ?", (LISTS,)).fetchone()
    listed = source == (row[0] if row else -1)
    if not listed.any():
        return
    for value in values.values():
        counted = np.zeros(account.max() + 1, np.bool_)
        counted[account[~listed & ~np.isnan(value)]] = True
        value[listed & counted[account]] = np.nan


def total_near(db: Database, account: str, metric: str, at: int) -> float | None:
    """The total that another source than lists read closest to `at`, at most three days away;
    `metric` is a side of lists."""
    column = "followers" if metric == "followers" else "following"
    row = db.conn.execute(
        f"SELECT {column} FROM readings JOIN accounts ON accounts.id = readings.account"
        f" WHERE accounts.account = ?1 AND {column} IS NOT NULL"
        " AND readings.source NOT IN (SELECT id FROM sources WHERE name = ?3)"
        " AND at BETWEEN ?2 - 259200 AND ?2 + 259200 ORDER BY abs(at - ?2) LIMIT 1",
        (account, at, LISTS),
    ).fetchone()
    return None if row is None else float(row[0])


def only_listed(db: Database, account: str) -> bool:
    """Whether complete follower lists alone count an account."""
    rows = db.conn.execute(
        "SELECT DISTINCT sources.name FROM readings"
        " JOIN accounts ON accounts.id = readings.account"
        " JOIN sources ON sources.id = readings.source"
        " WHERE accounts.account = ? AND followers IS NOT NULL",
        (account,),
    ).fetchall()
    return [name for (name,) in rows] == [LISTS]


def looks_per_day(db: Database, now: int) -> int:
    """How often a day accounts are read, 1 to 24: the mean of the last week."""
    (mean,) = db.conn.execute(
        "SELECT avg(n) FROM (SELECT count(DISTINCT at / 3600) AS n FROM readings"
        " WHERE at BETWEEN ? AND ? AND account IN (SELECT id FROM accounts LIMIT 200)"
        " GROUP BY account, at / 86400)",
        (now - 7 * 86400, now),
    ).fetchone()
    return max(1, min(24, round(mean or 1)))
