"""What weeks of an account's life teach: its usual daily change, weekday effect and spread.

Refreshed once a week, on a weekday of the account's own that depends on nothing but its
name, so that a replay of many days learns each week once and a single judged day learns
exactly the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from checks.panel.panel import (
    GAP,
    ROUNDED_FROM,
    ROUNDED_SHARE,
    Bools,
    Floats,
    Ints,
    Panel,
    Series,
    Shorts,
    Singles,
    bridge,
    cells,
    counts_of,
    linear_rows,
    truncation,
)

WINDOW = 56
"""Days one baseline learns from: eight weeks."""

LAG = 3
"""A judged day and the two before it never teach their own baseline."""

REACH = 28
"""Days before a judged one back to which its checks look for what had been learnt by then."""

FULL = 28
"""Changes from which an account is judged with its own spread and weekday effect."""

_SPARSE = 6
"""The same where they fill all of WINDOW: one that is read about once a week."""

YOUNG_DAYS = 35
"""Days that a younger account learns from, up to the day before the judged one."""

_POOLED_SPREAD = 0.006
"""Least daily spread (log ratio) of an account that is too young to be judged by its own."""

_POOLED_CLIP = 0.02
"""Daily change (log ratio) beyond the median to which a young account's days are clipped: a
launch or a purge in its few weeks would else be its usual day."""

_MAD = 1.4826
"""The standard deviation of a normal distribution over its median absolute deviation."""

_WINDOWS_AT_ONCE = 16384
"""Windows learnt from together: what stays in the cache. Speed alone depends on it."""

TOGETHER = 448
"""Accounts up to which all weekdays learn at once, of longer series than most of them need: one
pass over little costs less than fourteen."""
_SORTING = tuple(
    zip(
        (0, 1, 2, 3, 0, 1, 4, 5, 2, 3, 0, 2, 4, 6, 1, 3, 3),
        (4, 5, 6, 7, 2, 3, 6, 7, 4, 5, 1, 3, 5, 7, 4, 6, 4),
        strict=True,
    )
)
"""Pairs to put in order, one after the other, until the middle two of eight are there."""
_FEW = 8
"""Ends up to which sums of their own cost less than one running sum; of speed alone."""


@dataclass(frozen=True)
class FittedWeeks:
    """`base` is the expected change of a day, `spread` its standard deviation.

    `weekdays` (15, ...) are running sums of the weekday effects from Monday over two weeks,
    so that the effect of any run of days is one difference. `own`: enough changes were read
    to be judged by; `rounded`: counts were shown with three digits; `wander`: the spread
    of the weekly means of a day.
    """

    base: Singles
    spread: Singles
    weekdays: Singles
    own: Bools
    rounded: Bools
    wander: Singles


@dataclass(frozen=True)
class BaselineFit:
    """What `rows` learnt by the end of each of their weeks; arrays (rows, weeks).

    Columns count from `start`, the panel column of the series' first day. `phase` and `ends`,
    the column with which the first week ends, are (rows, 1), or (1, 1) where all rows share
    one. `first` is the earliest column on which a week was asked for.
    """

    rows: Ints
    start: int
    day: int
    weekday: int
    phase: Ints
    series: Series
    ends: Ints
    first: int
    learnt: FittedWeeks

    def week(self, columns: Ints) -> Ints:
        """Index of the newest week learnt at or before each column: (rows, columns), or one row
        where all share their weeks."""
        asked = np.maximum(columns, self.first)
        return np.asarray((refreshed(asked, self.day, self.phase) - self.ends) // 7)


def refreshed(columns: Ints, day: int, phase: Ints | int) -> Ints:
    """The last column at or before each of `columns` on which that phase learns anew: (rows,
    columns), or (columns,) for one phase."""
    return columns - (day + columns + phase) % 7


def in_week(values: Any, week: Ints) -> Any:
    """Those of each row (rows, weeks) at weeks of `BaselineFit.week`: (rows, columns)."""
    if len(week) == 1:
        return values.take(week[0], axis=1)
    return np.take_along_axis(values, week, axis=1)


class Learning(NamedTuple):
    """What is to be learnt: weeks that end from (the refresh before) column `first` to `last`,
    of series that end with column `end`.

    Readings more than `gap` days apart are not joined; `linear` learns counts in any case;
    `wander` is worked out only where asked for, 0 else.
    """

    first: int
    last: int
    end: int
    gap: int = GAP
    linear: bool = False
    wander: bool = False


def fits(panel: Panel, metric: str, rows: Ints, asked: Learning) -> Iterator[BaselineFit]:
    """What `rows` learnt, in pieces of them: all phases together where they are few."""
    gap, end = asked.gap, asked.end
    counts, flat = counts_of(panel, metric), linear_rows(panel, metric) | asked.linear
    # before the first day nothing was read: one week that ends there stands for all
    first, last = max(asked.first, -1), max(asked.last, -1)
    size = 2 + (last - first) // 7
    wide, narrow = (max(0, first - 6 - WINDOW - more) for more in (gap, 0))
    phases = panel.phase[rows]
    if len(rows) <= TOGETHER:
        pieces = [(wide, rows[np.argsort(phases, kind="stable")])]
    else:
        # only a row that was not read on the first day needs the readings before it
        whole = ~np.isnan(counts[rows, narrow]) | (wide == narrow)
        pieces = [
            (start, rows[(phases == phase) & some])
            for phase in range(7)
            for start, some in ((narrow, whole), (wide, ~whole))
        ]
    for start, some in pieces:
        for part in np.array_split(some, 1 + len(some) * size // _WINDOWS_AT_ONCE):
            if part.size:
                series = bridge(counts[part, start : end + 1], flat[part], gap)
                days = first - start, last - start
                yield _fit(panel, part, start, series, days, wander=asked.wander)


def _fit(
    panel: Panel, rows: Ints, start: int, series: Series, days: tuple[int, int], *, wander: bool
) -> BaselineFit:
    """What rows, in the order of their phases, learnt by weeks that end in a span of days."""
    (first, last), day, weekday = days, panel.day + start, int(panel.weekdays[start])
    # as many weeks for each phase, so that they stand side by side
    whole = np.arange(0, last - first + 7, 7)
    phases, edges = np.unique(panel.phase[rows], return_index=True)
    learnt, ends = [], []
    sizes = np.diff(np.append(edges, len(rows)))
    for phase, begin, size in zip(phases, edges, sizes, strict=True):
        weeks = refreshed(np.array([last]), day, phase) - whole[::-1]
        mine = series if len(phases) == 1 else _rows(series, slice(begin, begin + size))
        learnt.append(fit_weeks(mine, weeks, (weekday + int(weeks[0])) % 7, wander=wander))
        ends.append(int(weeks[0]))
    if len(phases) == 1:
        fitted, many = learnt[0], np.ones(1, np.int64)
    else:
        fitted, many = _side_by_side(learnt), sizes
    own, begins = (np.repeat(each, many)[:, None] for each in (phases, np.array(ends)))
    return BaselineFit(rows, start, day, weekday, own, series, begins, first, fitted)


def _rows(series: Series, some: slice) -> Series:
    return Series(*(getattr(series, field.name)[some] for field in fields(Series)))


def _side_by_side(learnt: list[FittedWeeks]) -> FittedWeeks:
    """What rows one after the other learnt; these stand on the last axis but one."""
    return FittedWeeks(
        *(
            np.concatenate([getattr(each, field.name) for each in learnt], axis=-2)
            for field in fields(FittedWeeks)
        )
    )


def fit_weeks(
    series: Series, weeks: Ints, weekday: int, *, wander: bool = False
) -> FittedWeeks:
    """What each row learnt by the end of each of `weeks`, all of which end on `weekday`."""
    shape = (len(series.counts), len(weeks))
    # a window that ends earlier holds the first day, which has no change
    early = int(np.searchsorted(weeks, WINDOW))
    windows = _up_to(series.increments, weeks[early:], WINDOW).reshape(-1, WINDOW)
    ordered = np.ascontiguousarray(np.sort(windows, axis=1).T)
    base, spread, weekdays = (
        _behind(early, part.reshape(*part.shape[:-1], len(series.counts), -1))
        for part in learn(windows, weekday, ordered)
    )
    whole = _behind(early, ~np.isnan(ordered[-1]).reshape(len(series.counts), -1))
    changes, known = between(series.read, weeks), np.full(shape, WINDOW)
    own = (changes >= FULL) | (whole & (changes >= _SPARSE))
    if not whole.all():
        base[~whole], spread[~whole], weekdays[:, ~whole] = 0, 0, 0
        row, week = some = cells(own & ~whole)
        windows = _windows(series.increments, WINDOW, row, weeks[week])
        known[some] = (~np.isnan(windows)).sum(axis=1)
        base[some], spread[some], weekdays[:, row, week] = fit_partial(windows, weekday)
    # equal parts of a bridged gap vary less than its days did
    spread *= np.sqrt(np.maximum(known, 1) / np.maximum(changes, 1)).astype(np.float32)
    weekly = _wander(series.increments, weeks) if wander else np.zeros(shape, np.float32)
    return FittedWeeks(base, spread, weekdays, own, _rounded(series.counts, weeks), weekly)


def learn(windows: Singles, weekday: int, ordered: Singles) -> tuple[Singles, Singles, Singles]:
    """Base, spread and weekday sums of complete windows (k, WINDOW), `ordered` (WINDOW, k).

    Values are clipped to the median +- max(3 x 1.4826 MAD, the 90th percentile of absolute
    deviations): the mean of what remains sees growth that the median of rounded counts
    misses. Weekday means are shrunk, the weekend contrast by N / (N + 1.5), a day's own rest
    by n / (n + 6). The spread is the RMS of the clipped rest. `weekday` is that of the last
    day. Sums over days run along the first axis: NumPy adds whole rows fast, short ones not.
    """
    middle = ordered[WINDOW // 2]
    # the r smallest deviations are neighbours in order: their edge is the least of all runs'
    below, above = middle - ordered[: WINDOW // 2], ordered[WINDOW // 2 :] - middle
    mad = np.maximum(below, above).min(axis=0)
    edge = np.maximum(below[: WINDOW // 10 + 1], above[-(WINDOW // 10 + 1) :]).min(axis=0)
    width = np.maximum(np.float32(3 * _MAD) * mad, edge)[:, None]
    values = windows - middle[:, None]
    np.minimum(values, width, out=values)
    np.maximum(values, -width, out=values)
    means = np.ascontiguousarray(values.T).reshape(WINDOW // 7, 7, -1).mean(axis=0)
    rest = means.mean(axis=0)
    effects = _weekday_effects(means - rest, weekday, WINDOW // 7)
    # sum (v - m)^2 over a weekday's eight values = sum v^2 - 8 m (2 mean - m)
    usual = rest + effects
    squares = np.einsum("ij,ij->i", values, values)
    squares -= np.float32(WINDOW // 7) * (usual * (2 * means - usual)).sum(axis=0)
    rms = np.sqrt(np.maximum(squares, 0) / np.float32(WINDOW))
    return middle + rest, rms, _running_effects(effects, weekday)


def fit_partial(windows: Singles, weekday: int) -> tuple[Singles, Singles, Singles]:
    """The same for windows with missing days; (k, WINDOW) in, base and spread (k,) and weekday
    sums (15, k) out, units of the increments."""
    seen = ~np.isnan(windows)
    known = seen.sum(axis=1)
    middle = _ranked(windows, known // 2)
    deviation = np.sort(np.abs(windows - middle[:, None]), axis=1)
    every = np.arange(len(windows))
    mad, edge = deviation[every, known // 2], deviation[every, known * 9 // 10]
    width = np.maximum(3 * np.float32(_MAD) * mad, edge)
    values = np.clip(windows, (middle - width)[:, None], (middle + width)[:, None])
    weeks = np.where(seen, values, np.float32(0)).reshape(-1, WINDOW // 7, 7)
    weights = seen.reshape(-1, WINDOW // 7, 7)
    base = (weeks.sum(axis=(1, 2)) / known).astype(np.float32)
    days = weights.sum(axis=1)
    means = np.where(days > 0, weeks.sum(axis=1) / np.maximum(days, 1) - base[:, None], 0)
    effects = _weekday_effects(means.T.astype(np.float32), weekday, 4)
    rest = np.where(weights, weeks - (base + effects).T[:, None, :], 0)
    rms = np.sqrt((rest.reshape(-1, WINDOW) ** 2).sum(axis=1) / known)
    return base, rms.astype(np.float32), _running_effects(effects, weekday)


def fit_cold_start(series: Series, row: Ints, column: Ints) -> tuple[Singles, Singles]:
    """Base and spread of pairs of row and judged column, the spread at least a pooled one.

    Increments are clipped to the median +- 2 %; a linear row's spread is at least half its
    base and one account. All arrays (k,), units of the increments.
    """
    windows = _windows(series.increments, YOUNG_DAYS, row, column - 1)
    days = np.ascontiguousarray(windows.T, np.float64)
    missing = np.isnan(days)
    known = YOUNG_DAYS - missing.sum(axis=0, dtype=np.int16)
    middle = _ranked(windows, known // 2)
    linear = series.linear[row]
    clip = np.where(linear, np.inf, _POOLED_CLIP)
    np.maximum(days, middle - clip, out=days)
    np.minimum(days, middle + clip, out=days)
    np.putmask(days, missing, 0)
    known = np.maximum(known, 1)
    base = _total(days) / known
    days -= base
    np.putmask(days, missing, 0)
    days *= days
    rms = np.sqrt(_total(days) / known)
    pooled = np.where(linear, 0.5 * np.abs(base) + 1, _POOLED_SPREAD)
    return base.astype(np.float32), np.maximum(rms, pooled).astype(np.float32)


def _total(days: Floats) -> Floats:
    """In one order however many the accounts, by hand: NumPy adds up a single one in another.

    It is the order in which NumPy sums a short row.
    """
    some = days[:8].copy()
    whole = len(days) // 8 * 8
    for first in range(8, whole, 8):
        some += days[first : first + 8]
    while len(some) > 1:
        some = some[::2] + some[1::2]
    for day in days[whole:]:
        some[0] += day
    return np.asarray(some[0])


def between(seen: Bools, ends: Ints, window: int = WINDOW) -> Shorts:
    """How many of the `window` days up to each of `ends` are seen; (rows, days) in, (rows,
    ends) out."""
    days = seen.shape[1]
    stop, start = np.clip(ends + 1, 0, days), np.clip(ends + 1 - window, 0, days)
    if len(ends) <= _FEW:
        bits = seen.view(np.uint8)
        sums = [
            bits[:, a:b].sum(axis=1, dtype=np.uint8) for a, b in zip(start, stop, strict=True)
        ]
        return np.stack(sums, axis=1).astype(np.int16)
    total = np.zeros((len(seen), days + 1), np.int16)
    np.cumsum(seen, axis=1, out=total[:, 1:])
    return np.asarray(total.take(stop, axis=1) - total.take(start, axis=1))


def _ranked(values: Singles, rank: Ints) -> Singles:
    """The entry of that rank in each row, NaN sorting last."""
    return np.sort(values, axis=1)[np.arange(len(values)), rank]


def _weekday_effects(means: Singles, weekday: int, weeks: int) -> Singles:
    """Shrunk and centred; rows are the seven days up to `weekday`."""
    day = (np.arange(7) + weekday + 1) % 7
    weekend = day >= 5
    shared = np.where(
        weekend[:, None], means[weekend].mean(axis=0), means[~weekend].mean(axis=0)
    )
    effects = shared * (weeks / (weeks + 1.5)) + (means - shared) * (weeks / (weeks + 6))
    return np.asarray(effects - effects.mean(axis=0), np.float32)


def _running_effects(effects: Singles, weekday: int) -> Singles:
    running = np.zeros((15, effects.shape[1]), np.float32)
    for day in range(14):
        np.add(running[day], effects[(day - weekday - 1) % 7], out=running[day + 1])
    return running


def _wander(increments: Singles, weeks: Ints) -> Singles:
    """The spread of the weekly means up to each of `weeks`, which follow each other."""
    days = _up_to(increments, weeks[-1:], WINDOW + 7 * (len(weeks) - 1))[:, 0].T.copy()
    np.putmask(days, np.isnan(days), 0)
    means = days.reshape(-1, 7, days.shape[1]).mean(axis=1)
    weekly = [means[first : first + len(weeks)] for first in range(WINDOW // 7)]
    middle = _middle(weekly)
    wander = np.float32(_MAD) * _middle([np.abs(week - middle) for week in weekly])
    return np.asarray(wander.T, np.float32)


def _middle(weekly: list[Singles]) -> Singles:
    """The median of eight; NumPy sorts so few slowly."""
    ordered = weekly.copy()
    for one, other in _SORTING:
        low = np.minimum(ordered[one], ordered[other])
        ordered[other] = np.maximum(ordered[one], ordered[other])
        ordered[one] = low
    return np.asarray((ordered[3] + ordered[4]) / 2, np.float32)


def _up_to(increments: Singles, ends: Ints, days: int) -> Singles:
    """So many days up to each of `ends`: (rows, ends, days)."""
    return _windows(increments, days, np.arange(len(increments))[:, None], ends)


def _windows(increments: Singles, days: int, row: Ints, end: Ints) -> Singles:
    """So many days of each row up to its `end`, NaN before the first."""
    early = max(0, days - 1 - int(end.min(initial=increments.shape[1] - 1)))
    if early:
        blank = np.full((len(increments), early), np.nan, np.float32)
        increments = np.concatenate([blank, increments], axis=1)
    return sliding_window_view(increments, days, axis=1)[row, end + early - days + 1]


def _behind(early: int, late: Any) -> Any:
    """The same after so many columns of nothing."""
    if not early:
        return late
    whole = np.zeros((*late.shape[:-1], early + late.shape[-1]), late.dtype)
    whole[..., early:] = late
    return whole


def _rounded(counts: Floats, weeks: Ints) -> Bools:
    """Whether at least 97 % of four weeks' counts from 1,000 on equal their own truncation.

    Looks at a few single readings first: nearly every exact account falls out there.
    """
    rounded = ~_exact(counts.take(np.maximum(weeks, 0), axis=1))
    if not rounded.any():
        return rounded
    row, week = cells(rounded)
    # flat places: NumPy gathers many times as fast by one index as by two
    flat, days = counts.ravel(), counts.shape[1]
    for back in (1, 7, 8, 2, 14):
        kept = ~_exact(flat[row * days + np.maximum(weeks[week] - back, 0)])
        row, week = row[kept], week[kept]
    ago = weeks[week] - np.arange(WINDOW // 2)[:, None]
    some = flat[row * days + np.maximum(ago, 0)]
    large = (ago >= 0) & (some >= ROUNDED_FROM)
    unit = truncation(np.fmax.reduce(some, axis=0))
    unit = np.where(some < 100 * unit, np.maximum(unit / 10, 1), unit)
    shown = large & _divides(unit, some)
    known = large.sum(axis=0)
    rounded[...] = False
    rounded[row, week] = (known > 0) & (shown.sum(axis=0) >= ROUNDED_SHARE * known)
    return rounded


def _exact(counts: Floats) -> Bools:
    """Counts that show a fourth digit."""
    return (counts >= ROUNDED_FROM) & ~_divides(10.0, counts)


def _divides(unit: Floats | float, counts: Floats) -> Bools:
    """NumPy's remainder takes many times as long."""
    parts = counts / unit
    return np.asarray(parts == np.floor(parts), np.bool_)
