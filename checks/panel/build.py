"""From readings in any order to a panel: one grid of days, one basis for each account."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from checks.model import DAY, Basis
from checks.panel.flaps import flaps
from checks.panel.panel import LOOKBACK, METRICS, Bools, Floats, Ints, Panel, display_step

FLOWS = ("gained", "lost", "net")
DAILY = {"interactions": "interactions_daily", "views": "views_daily", "posts": "posts_daily"}

_FALL_TO_ZERO = 100.0
"""Followers from which a reading of 0 is the source's failure and no fall."""


@dataclass(frozen=True)
class Readings:
    """Readings as flat arrays in any order: the row of `accounts`, epoch seconds, and one array
    for each of METRICS, FLOWS and the DAILY names that is known, NaN where absent."""

    accounts: Sequence[str]
    rows: npt.ArrayLike
    at: npt.ArrayLike
    values: Mapping[str, npt.ArrayLike]


def build_panel(
    readings: Readings,
    *,
    now: int,
    timezone: str,
    days: int = LOOKBACK + 1,
    tags: Mapping[str, Sequence[str]] | None = None,
    with_read_at: bool = False,
) -> Panel:
    """Readings on the grid of the `days` that end at `now` (epoch seconds).

    The last reading inside a day wins; a day without one takes the first of the next day, if
    that holds others too, so that a late poll loses nothing. `tags` maps accounts to their
    tags. Counts below zero and infinities are no readings.
    """
    accounts, values = readings.accounts, readings.values
    edges = day_ends(now, timezone, days + 1)
    rows, at = np.asarray(readings.rows, np.int64), np.asarray(readings.at, np.int64)
    cells = _Cells(rows, at, edges, len(accounts))
    given = {name: cells.pick(values[name]) for name in values}
    metrics = {name: cells.last(given[name]) for name in METRICS if name in given}
    held = {name: _hold_zeros(grid, given[name], cells) for name, grid in metrics.items()}
    zeros = held.get("followers")
    flapped = cells.flaps(given.get("followers"))
    followers = metrics.get("followers", cells.empty())
    flows = {
        name: cells.total(given[name], signed=name == "net") for name in FLOWS if name in given
    }
    metrics["followers"], basis, has_level = _followers(followers, flows)
    for name, daily in DAILY.items():
        if daily in given:
            summed = running(cells.total(given[daily], signed=False))
            metrics[name] = _fill_rows(metrics.get(name), summed)
    ends = edges[1:]
    return Panel(
        accounts=tuple(accounts),
        ends=ends,
        weekdays=_weekdays(edges, timezone),
        timezone=timezone,
        metrics=metrics,
        lost=flows.get("lost"),
        zeros=zeros,
        read_at=cells.newest() if with_read_at else None,
        step=display_step(metrics["followers"]),
        basis=basis,
        has_level=has_level,
        groups=groups_of(accounts, tags or {}),
        flaps=flapped[0],
        flap_size=flapped[1],
        late=cells.late(),
    )


def day_ends(now: int, timezone: str, days: int) -> Ints:
    """The wall-clock time of `now` on each of the last `days` calendar days, oldest first.
    Epoch seconds, (days,)."""
    zone = ZoneInfo(timezone)
    local = datetime.fromtimestamp(now, zone)
    wall = local.replace(tzinfo=None)
    ends = [
        int((wall - timedelta(days=k)).replace(tzinfo=zone).timestamp()) for k in range(days)
    ]
    ends[0] = now
    return np.array(ends[::-1], np.int64)


class _Cells:
    """Where each reading falls on the grid, `day` = row x days + column; what it fills there
    is its `cell`, that of the day before for a late one.
    """

    def __init__(self, rows: Ints, at: Ints, edges: Ints, accounts: int) -> None:
        self.shape = (accounts, len(edges) - 1)
        self._order: Ints | None = None
        if not _in_order(rows, at):
            self._order = np.lexsort((at, rows))
            rows, at = rows[self._order], at[self._order]
        self._inside: Bools | None = None
        if at.size and (at.min() <= edges[0] or at.max() > edges[-1]):
            self._inside = (at > edges[0]) & (at <= edges[-1])
            rows, at = rows[self._inside], at[self._inside]
        self.rows, self.at = rows, at
        self.day = rows * self.shape[1] + _days_of(at, edges)
        self._late = self._first_after_none()
        self.cell = self.day
        if self._late.size:
            self.cell = self.day.copy()
            self.cell[self._late] -= 1

    def _first_after_none(self) -> Ints:
        """Which readings are the first of several in their day, the day before holding none."""
        first = np.flatnonzero(self.day[1:] == self.day[:-1])
        first = first[first > 0]
        same = self.rows[first - 1] == self.rows[first]
        late: Ints = first[same & (self.day[first] - self.day[first - 1] > 1)]
        return late

    def late(self) -> Bools | None:
        """The cells that such readings fill."""
        if not self._late.size:
            return None
        grid = np.zeros(self.shape, np.bool_)
        grid.ravel()[self.cell[self._late]] = True
        return grid

    def pick(self, values: npt.ArrayLike) -> Floats:
        """One metric's values in the order of the cells, readings outside the grid left out."""
        flat = np.asarray(values, np.float64)
        if self._order is not None:
            flat = flat[self._order]
        return flat if self._inside is None else flat[self._inside]

    def empty(self) -> Floats:
        return np.full(self.shape, np.nan)

    def last(self, values: Floats) -> Floats:
        """NumPy leaves the last of repeated indices behind, so sorted readings suffice."""
        grid = self.empty()
        real = (values >= 0) & (values < np.inf)
        if real.all():
            grid.ravel()[self.cell] = values
        else:
            grid.ravel()[self.cell[real]] = values[real]
        return grid

    def total(self, values: Floats, *, signed: bool) -> Floats:
        """Sum of each cell's flows; of two for the same moment the later one counts."""
        real = np.isfinite(values) if signed else (values >= 0) & (values < np.inf)
        rows, at, cell, flow = self.rows[real], self.at[real], self.day[real], values[real]
        if len(at) > 1:
            kept = np.append((rows[1:] != rows[:-1]) | (at[1:] != at[:-1]), True)
            cell, flow = cell[kept], flow[kept]
        size = self.shape[0] * self.shape[1]
        grid: Floats = np.bincount(cell, weights=flow, minlength=size).astype(np.float64)
        grid[np.bincount(cell, minlength=size) == 0] = np.nan
        return grid.reshape(self.shape)

    def flaps(self, values: Floats | None) -> tuple[Ints | None, Floats | None]:
        """How many leaps there and back end in each cell, and the last one's size."""
        if values is None:
            return None, None
        found = flaps(self.rows, self.at, values)
        if not found.reading.size:
            return None, None
        cell, (rows, days) = self.cell[found.reading], self.shape
        sizes = np.zeros(rows * days)
        sizes[cell] = found.size
        counted = np.bincount(cell, minlength=rows * days)
        return counted.reshape(self.shape), sizes.reshape(self.shape)

    def newest(self) -> Ints:
        grid = np.zeros(self.shape, np.int64)
        grid.ravel()[self.cell] = self.at
        return grid


def _in_order(rows: Ints, at: Ints) -> bool:
    back = np.flatnonzero(at[1:] < at[:-1])  # in order these begin another row
    return bool((rows[1:] >= rows[:-1]).all() and (rows[back + 1] > rows[back]).all())


def _days_of(at: Ints, edges: Ints) -> Ints:
    """The place of the day in which each time lies; all are within the `edges`."""
    day: Ints = np.asarray((at - edges[0] - 1) // DAY, np.int64)
    np.clip(day, 0, len(edges) - 2, out=day)
    if (np.diff(edges) != DAY).any():  # clocks were changed
        off = np.flatnonzero((at <= edges[day]) | (at > edges[day + 1]))
        day[off] = np.searchsorted(edges, at[off], side="left") - 1
    return day


def _hold_zeros(grid: Floats, given: Floats, cells: _Cells) -> Bools | None:
    """Take zeros after 100 or more out of `grid`, an earlier reading of the day stays.

    A total that falls to exactly nothing is a broken parser or a closed account.
    """
    zero = np.flatnonzero(given == 0)
    if not zero.size:
        return None
    hit = np.unique(cells.rows[zero])
    some = np.flatnonzero(np.isin(cells.rows, hit) & (given >= _FALL_TO_ZERO))
    first = np.full(cells.shape[0], np.iinfo(np.int64).max)
    first[cells.rows[some][::-1]] = cells.at[some][::-1]
    held = np.zeros(len(given), np.bool_)
    held[zero] = cells.at[zero] > first[cells.rows[zero]]
    zeros = np.zeros(cells.shape, np.bool_)
    zeros.ravel()[cells.cell] = held
    grid[...] = cells.last(np.where(held, np.nan, given))
    return zeros


def _followers(
    totals: Floats, flows: Mapping[str, Floats]
) -> tuple[Floats, tuple[Basis, ...], Bools]:
    """The followers series of each row from the best basis it has."""
    bases: list[Basis] = ["total"] * len(totals)
    has_level = _any(np.isfinite(totals))
    if not flows:
        return totals, tuple(bases), np.ones(len(totals), np.bool_)
    followers = totals
    open_rows = ~has_level
    series: list[tuple[Basis, Floats]] = []
    if "net" in flows:
        series.append(("net", flows["net"]))
    if "gained" in flows and "lost" in flows:
        series.append(("gained_lost", flows["gained"] - flows["lost"]))
    if "gained" in flows:
        series.append(("gained", flows["gained"]))
    for basis, flow in series:
        rows = np.flatnonzero(open_rows & _any(np.isfinite(flow)))
        followers[rows] = running(flow[rows])
        open_rows[rows] = False
        for row in rows:
            bases[row] = basis
    return followers, tuple(bases), has_level | open_rows


def _any(seen: Bools) -> Bools:
    return np.asarray(seen.any(axis=1), np.bool_)


def _fill_rows(totals: Floats | None, summed: Floats) -> Floats:
    """Rows without a single total take the summed series."""
    if totals is None:
        return summed
    return np.where(np.isnan(totals).all(axis=1, keepdims=True), summed, totals)


def running(flow: Floats) -> Floats:
    """Running total of a daily flow, from 0 on the day before the first one.

    A missing day is counted at the median flow of the 14 days before it, so that it neither
    makes nor hides a surprise; its own cell stays empty; (accounts, days) in and out.
    """
    seen = ~np.isnan(flow)
    filled = np.where(seen, flow, 0.0)
    started = np.maximum.accumulate(seen, axis=1)
    row, column = np.nonzero(started & ~seen)
    if row.size:
        before = column[:, None] - np.arange(1, 15)
        filled[row, column] = _median(
            np.where(before < 0, np.nan, flow[row[:, None], np.maximum(before, 0)])
        )
    total = np.cumsum(filled, axis=1)
    if flow.shape[1] > 1:
        begins = started[:, 1:] & ~started[:, :-1]
        seen[:, :-1] |= begins
    return np.where(seen, total, np.nan)


def _median(values: Floats) -> Floats:
    """Of each row's present values; 0 where there is none."""
    ordered = np.sort(values, axis=1)
    seen = (~np.isnan(ordered)).sum(axis=1)
    rows = np.arange(len(ordered))
    middle = (ordered[rows, np.maximum(seen - 1, 0) // 2] + ordered[rows, seen // 2]) / 2
    return np.where(seen > 0, middle, 0.0)


def _weekdays(edges: Ints, timezone: str) -> Ints:
    zone = ZoneInfo(timezone)
    middles = (edges[1:] + edges[:-1]) // 2
    return np.array(
        [datetime.fromtimestamp(int(t), UTC).astimezone(zone).weekday() for t in middles],
        np.int64,
    )


def groups_of(accounts: Sequence[str], tags: Mapping[str, Sequence[str]]) -> dict[str, Ints]:
    """Rows of each platform and of each tag. Arrays of (members,)."""
    begins: list[int] = []
    names: list[str] = []
    prefix = ""
    for row, account in enumerate(accounts):
        # accounts of one platform mostly lie side by side
        if not prefix or not account.startswith(prefix):
            platform, slash, _ = account.partition("/")
            prefix = platform + slash if slash else ""
            begins.append(row)
            names.append(f"platform:{platform}" if slash else "")
    members: dict[str, list[Ints]] = {}
    for name, (begin, end) in zip(names, pairwise([*begins, len(accounts)]), strict=True):
        if name:
            members.setdefault(name, []).append(np.arange(begin, end))
    tagged: dict[str, list[int]] = {}
    for row, account in enumerate(accounts) if tags else ():
        for tag in tags.get(account, ()):
            tagged.setdefault(f"#{tag}", []).append(row)
    return {
        **{name: np.concatenate(rows) for name, rows in members.items()},
        **{name: np.array(rows, np.int64) for name, rows in tagged.items()},
    }
