"""What weeks of an account's life teach: its usual daily change, weekday effect and spread.

Refreshed once a week, on a weekday of the account's own that depends on nothing but its
name, so that a replay of many days learns each week once and a single judged day learns
exactly the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from checks.panel import Bools, Floats, Ints, Panel, truncation
from checks.series import GAP, Series, Singles, bridge, counts_of, linear_rows

WINDOW = 56
"""Days one baseline learns from: eight weeks."""

LAG = 3
"""A judged day and the two before it never teach their own baseline."""

FULL = 28
"""Changes from which an account is judged with its own spread and weekday effect."""

YOUNG_DAYS = 35
"""Days that a younger account learns from, up to the day before the judged one."""

_POOLED_SPREAD = 0.006
_POOLED_CLIP = 0.02
_MAD = 1.4826
_ROUNDED_SHARE = 0.97
_ROUNDED_FROM = 1000.0
_WINDOWS_AT_ONCE = 8192


@dataclass(frozen=True)
class Learnt:
    """`base` is the expected change of a day, `spread` its standard deviation.

    `weekdays` (..., 15) are running sums of the weekday effects from Monday over two weeks,
    so that the effect of any run of days is one difference. `own`: enough changes were read
    to be judged by; `rounded`: counts were shown with three digits; `drift`: how much the
    weekly mean wanders beyond what the daily spread explains.
    """

    base: Singles
    spread: Singles
    weekdays: Singles
    own: Bools
    rounded: Bools
    drift: Singles

    def at(self, index: Ints) -> "Learnt":
        """The entries of these weeks."""
        return Learnt(*(getattr(self, f.name)[:, index] for f in fields(self)))


@dataclass(frozen=True)
class Lesson:
    """What rows of one phase learnt by the end of each of `weeks`; arrays (rows, weeks).

    Columns count from `start`, the panel column of the series' first day.
    """

    rows: Ints
    start: int
    day: int
    weekday: int
    phase: int
    series: Series
    weeks: Ints
    learnt: Learnt

    def week(self, columns: Ints) -> Ints:
        """Index of the newest week learnt at or before each column."""
        return np.searchsorted(self.weeks, refreshed(columns, self.day, self.phase))


def refreshed(columns: Ints, day: int, phase: int) -> Ints:
    """The last column at or before each of `columns` on which that phase learns anew."""
    return columns - (day + columns + phase) % 7


def lessons(
    panel: Panel,
    metric: str,
    rows: Ints,
    first: int,
    last: int,
    end: int,
    *,
    gap: int = GAP,
    linear: bool = False,
) -> Iterator[Lesson]:
    """Weeks that end from (the refresh before) column `first` to `last`, in pieces of `rows`.

    The series of each lesson ends with column `end`. `linear` learns counts in any case.
    """
    start = max(0, first - 6 - WINDOW - gap)
    counts = counts_of(panel, metric)[:, start : end + 1]
    flat = linear_rows(panel, metric) | linear
    day, weekday = panel.day + start, int(panel.weekdays[start])
    size = 2 + (last - first) // 7
    for phase in range(7):
        members = rows[panel.phase[rows] == phase]
        weeks = np.unique(refreshed(np.arange(first, last + 1) - start, day, phase))
        for some in np.array_split(members, 1 + len(members) * size // _WINDOWS_AT_ONCE):
            if some.size:
                series = bridge(counts[some], flat[some], gap)
                learnt = taught(series, weeks, (weekday + int(weeks[0])) % 7)
                yield Lesson(some, start, day, weekday, phase, series, weeks, learnt)


def taught(series: Series, weeks: Ints, weekday: int) -> Learnt:
    """What each row learnt by the end of each of `weeks`, all of which end on `weekday`."""
    shape = (len(series.counts), len(weeks))
    windows = _windows(series.increments, weeks).reshape(-1, WINDOW)
    changes = between(series.read, weeks).ravel()
    known = WINDOW - np.isnan(windows).sum(axis=1)
    whole = known == WINDOW
    own = changes >= FULL
    if whole.all():
        base, spread, weekdays = learn(windows, weekday)
    else:
        base, spread = np.zeros((2, len(windows)), np.float32)
        weekdays = np.zeros((len(windows), 15), np.float32)
        for some, teach in ((whole, learn), (own & ~whole, learn_partial)):
            if some.any():
                base[some], spread[some], weekdays[some] = teach(windows[some], weekday)
    # equal parts of a bridged gap vary less than its days did
    spread = spread * np.sqrt(np.maximum(known, 1) / np.maximum(changes, 1)).astype(np.float32)
    drift = _drift(windows, spread)
    row, week = np.divmod(np.arange(len(windows)), len(weeks))
    rounded = _rounded(series, row, weeks[week])
    return Learnt(
        base.reshape(shape),
        spread.reshape(shape),
        weekdays.reshape(*shape, 15),
        own.reshape(shape),
        rounded.reshape(shape),
        drift.reshape(shape),
    )


def learn(windows: Singles, weekday: int) -> tuple[Singles, Singles, Singles]:
    """Base, spread and weekday sums of complete windows (k, WINDOW).

    Values are clipped to the median +- max(3 x 1.4826 MAD, the 90th percentile of absolute
    deviations): the mean of what remains sees growth that the median of rounded counts
    misses. Weekday means are shrunk, the weekend contrast by N / (N + 1.5), a day's own rest
    by n / (n + 6). The spread is the RMS of the clipped rest. `weekday` is that of the last
    day.
    """
    middle = np.partition(windows, WINDOW // 2, axis=1)[:, WINDOW // 2, None]
    deviation = np.abs(windows - middle)
    deviation.partition((WINDOW // 2, WINDOW * 9 // 10), axis=1)
    width = deviation[:, WINDOW // 2, None] * np.float32(3 * _MAD)
    np.maximum(width, deviation[:, WINDOW * 9 // 10, None], out=width)
    values = np.clip(windows, middle - width, middle + width)
    weeks = values.reshape(-1, WINDOW // 7, 7)
    means = weeks.mean(axis=1)
    base = means.mean(axis=1)
    effects = _weekday_effects(means - base[:, None], weekday, WINDOW // 7)
    weeks -= (base[:, None] + effects)[:, None, :]
    rms = np.sqrt(np.einsum("ij,ij->i", values, values) / np.float32(WINDOW))
    return base, rms, _running_effects(effects, weekday)


def learn_partial(windows: Singles, weekday: int) -> tuple[Singles, Singles, Singles]:
    """The same for windows with missing days."""
    seen = ~np.isnan(windows)
    known = seen.sum(axis=1)
    middle = _ranked(windows, known // 2)
    deviation = np.abs(windows - middle[:, None])
    mad, edge = _ranked(deviation, known // 2), _ranked(deviation, known * 9 // 10)
    width = np.maximum(3 * np.float32(_MAD) * mad, edge)
    values = np.clip(windows, (middle - width)[:, None], (middle + width)[:, None])
    weeks = np.where(seen, values, np.float32(0)).reshape(-1, WINDOW // 7, 7)
    weights = seen.reshape(-1, WINDOW // 7, 7)
    base = (weeks.sum(axis=(1, 2)) / known).astype(np.float32)
    days = weights.sum(axis=1)
    means = np.where(days > 0, weeks.sum(axis=1) / np.maximum(days, 1) - base[:, None], 0)
    effects = _weekday_effects(means.astype(np.float32), weekday, 4)
    rest = np.where(weights, weeks - (base[:, None] + effects)[:, None, :], 0)
    rms = np.sqrt((rest.reshape(-1, WINDOW) ** 2).sum(axis=1) / known)
    return base, rms.astype(np.float32), _running_effects(effects, weekday)


def learn_young(series: Series, row: Ints, column: Ints) -> tuple[Singles, Singles]:
    """Base and spread of pairs of row and judged column, the spread at least a pooled one.

    Increments are clipped to the median +- 2 %; a linear row's spread is at least half its
    base and one account.
    """
    blank = np.full((len(series.increments), YOUNG_DAYS), np.nan, np.float32)
    padded = np.concatenate([blank, series.increments], axis=1)
    windows = padded[row[:, None], column[:, None] + np.arange(YOUNG_DAYS)]
    ordered = np.sort(windows, axis=1)
    known = (~np.isnan(ordered)).sum(axis=1)
    middle = ordered[np.arange(len(row)), known // 2][:, None]
    linear = series.linear[row]
    clip = np.where(linear, np.inf, _POOLED_CLIP)[:, None]
    values = np.clip(windows, middle - clip, middle + clip)
    known = np.maximum(known, 1)
    base = np.nansum(values, axis=1) / known
    rms = np.sqrt(np.nansum((values - base[:, None]) ** 2, axis=1) / known)
    pooled = np.where(linear, 0.5 * np.abs(base) + 1, _POOLED_SPREAD)
    return base.astype(np.float32), np.maximum(rms, pooled).astype(np.float32)


def between(seen: Bools, ends: Ints) -> Ints:
    """How many of the WINDOW days up to each of `ends` are seen."""
    days = seen.shape[1]
    total = np.zeros((len(seen), days + 1), np.int64)
    np.cumsum(seen, axis=1, out=total[:, 1:])
    return total[:, np.clip(ends + 1, 0, days)] - total[:, np.clip(ends + 1 - WINDOW, 0, days)]


def _ranked(values: Singles, rank: Ints) -> Singles:
    """The entry of that rank in each row, NaN sorting last."""
    return np.sort(values, axis=1)[np.arange(len(values)), rank]


def _weekday_effects(means: Singles, weekday: int, weeks: int) -> Singles:
    """Shrunk and centred; columns are the seven days up to `weekday`."""
    day = (np.arange(7) + weekday + 1) % 7
    weekend = day >= 5
    contrast = means[:, weekend].mean(axis=1, keepdims=True)
    ordinary = means[:, ~weekend].mean(axis=1, keepdims=True)
    shared = np.where(weekend, contrast, ordinary)
    effects = shared * (weeks / (weeks + 1.5)) + (means - shared) * (weeks / (weeks + 6))
    return np.asarray(effects - effects.mean(axis=1, keepdims=True), np.float32)


def _running_effects(effects: Singles, weekday: int) -> Singles:
    monday_first = np.roll(effects, weekday + 1, axis=1)
    running = np.zeros((len(effects), 15), np.float32)
    np.cumsum(np.concatenate([monday_first, monday_first], axis=1), axis=1, out=running[:, 1:])
    return running


def _drift(windows: Singles, spread: Singles) -> Singles:
    weekly = np.nan_to_num(windows).reshape(-1, WINDOW // 7, 7).mean(axis=2)
    excess = np.float32(_MAD) * _middle(np.abs(weekly - _middle(weekly)[:, None]))
    return np.asarray(np.sqrt(np.maximum(excess**2 - spread**2 / np.float32(7), 0)), np.float32)


def _middle(weekly: Singles) -> Singles:
    """The median of eight."""
    parted = np.partition(weekly, (3, 4), axis=1)
    return np.asarray((parted[:, 3] + parted[:, 4]) / 2, np.float32)


def _windows(increments: Singles, ends: Ints) -> Singles:
    """The WINDOW days up to each of `ends`: (rows, ends, WINDOW)."""
    early = WINDOW - 1 - int(ends.min())
    if early > 0:
        blank = np.full((len(increments), early), np.nan, np.float32)
        increments = np.concatenate([blank, increments], axis=1)
        ends = ends + early
    picked = sliding_window_view(increments, WINDOW, axis=1)[:, ends - WINDOW + 1]
    return np.ascontiguousarray(picked)


def _rounded(series: Series, row: Ints, column: Ints) -> Bools:
    """Whether at least 97 % of a window's counts from 1,000 on equal their own truncation.

    Looks at a few single readings first: nearly every exact account falls out there.
    """
    rounded = column >= 0
    for back in (0, 7, 14, 1, 8):
        index = np.flatnonzero(rounded)
        last = series.last[row[index], np.maximum(column[index] - back, 0)]
        count = np.where(last < 0, 0.0, series.counts[row[index], last])
        exact = (count >= _ROUNDED_FROM) & (count % 10 != 0)
        if back == 0:
            exact |= count < _ROUNDED_FROM
        rounded[index[exact]] = False
    index = np.flatnonzero(rounded)
    if index.size:
        days = column[index, None] - np.arange(WINDOW)
        counts: Floats = series.counts[row[index, None], np.maximum(days, 0)]
        large = (days >= 0) & (counts >= _ROUNDED_FROM)
        shown = large & (counts % truncation(np.nan_to_num(counts)) == 0)
        rounded[index] = shown.sum(axis=1) >= _ROUNDED_SHARE * large.sum(axis=1)
    return rounded
