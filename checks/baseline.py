"""What an account's ordinary day looks like: its expected change and the spread around it.

Changes are relative (difference over mean level, the log ratio up to its third power), or
plain counts where a series has no level. What was learnt is refreshed once a week, on a
weekday of the account's own that depends on nothing but its name, so that a replay of many
days learns each week once and a single judged day learns exactly the same.
"""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from checks.panel import Bools, Floats, Ints, Panel, truncation

Singles = npt.NDArray[np.float32]

WINDOW = 56
"""Days one baseline learns from: eight weeks."""

LAG = 3
"""A judged day and the two before it never teach their own baseline."""

GAP = 27
"""Longest stretch without a reading that a change may span; after a longer one all is new."""

FULL = 28
"""Changes from which an account is judged with its own spread and weekday effect."""

YOUNG = 8
"""Changes from which an account is judged at all."""

SPANS = (1, 2, 3)
"""Days over which a sudden change is summed."""

BAND = 3.0
"""Half the width, in spreads, of the band that charts draw."""

_POOLED_SPREAD = 0.006
_POOLED_CLIP = 0.02
_MAD = 1.4826
_ROUNDED_SHARE = 0.97
_ROUNDED_FROM = 1000.0
_WINDOWS_AT_ONCE = 8192


@dataclass(frozen=True)
class Series:
    """One metric of some accounts, its gaps bridged; arrays (accounts, days).

    `increments` are the daily changes, those of a bridged gap in equal parts, NaN where
    unknown. `last` is the column of the newest reading at or before each column, -1 where
    there is none. `linear` rows have no level.
    """

    counts: Floats
    increments: Singles
    last: npt.NDArray[np.int16]
    linear: Bools


@dataclass(frozen=True)
class Learnt:
    """What windows of increments taught, one entry each.

    `base` is the expected change of a day, `spread` its standard deviation. `weekdays`
    (k, 15) are running sums of the weekday effects from Monday over two weeks, so that the
    effect of any run of days is one difference.
    """

    base: Singles
    spread: Singles
    weekdays: Singles


@dataclass(frozen=True)
class Move:
    """The change of each account over some days up to each judged column; (accounts, columns).

    `move`, `expected` and `spread` are log ratios, or counts without a level, over `elapsed`
    days; `level` is the count before (1 without a level). NaN where not judged.
    """

    move: Floats
    expected: Floats
    spread: Floats
    level: Floats
    elapsed: Ints

    @property
    def excess(self) -> Floats:
        return self.move - self.expected

    @property
    def surprise(self) -> Floats:
        """Excess in spreads."""
        return self.excess / self.spread


@dataclass(frozen=True)
class Outlook:
    """Everything the sudden checks need about one metric; arrays (accounts, columns).

    `moves` holds one Move per entry of SPANS. `step` is the display step in counts, 1 for
    exact ones; `changes` the number of changes read in the last WINDOW days. `held`: nothing
    was read there. `early`: fewer than YOUNG changes.
    """

    moves: tuple[Move, ...]
    step: Floats
    changes: Ints
    held: Bools
    early: Bools

    @property
    def judged(self) -> Bools:
        return ~(self.held | self.early) & ~np.isnan(self.moves[0].move)


def outlook(panel: Panel, metric: str, columns: Ints, *, rows: Ints | None = None) -> Outlook:
    """Expected and observed changes at the judged columns, of all accounts or some `rows`."""
    rows = np.arange(len(panel.accounts)) if rows is None else rows
    start = max(0, int(columns.min()) - LAG - 6 - WINDOW - GAP)
    counts = counts_of(panel, metric)[:, start : int(columns.max()) + 1]
    linear = linear_rows(panel, metric)
    made = _blank(len(rows), len(columns))
    weeks = 2 + (len(columns) + 6) // 7
    for phase in range(7):
        members = np.flatnonzero(panel.phase[rows] == phase)
        for some in np.array_split(members, 1 + len(members) * weeks // _WINDOWS_AT_ONCE):
            if some.size:
                series = bridge(counts[rows[some]], linear[rows[some]])
                for name, part in _judge(series, panel, columns - start, start, phase).items():
                    made[name][some] = part
    moves = tuple(Move(*(made[f"{f.name}{span}"] for f in fields(Move))) for span in SPANS)
    held, changes = made["held"], made["changes"]
    return Outlook(moves, made["step"], changes, held, changes < YOUNG)


def counts_of(panel: Panel, metric: str) -> Floats:
    """The metric's series; all missing where the panel has none."""
    counts = panel.metrics.get(metric)
    if counts is None:
        return np.full((len(panel.accounts), panel.days), np.nan)
    return counts


def linear_rows(panel: Panel, metric: str) -> Bools:
    """Rows whose changes are judged as counts: no level, or a running total of a flow."""
    if metric == "followers":
        return ~panel.has_level
    return np.full(len(panel.accounts), metric in ("interactions", "views", "posts"))


def bridge(counts: Floats, linear: Bools, gap: int = GAP) -> Series:
    """Increments of `counts`, readings less than `gap` days apart joined by straight lines."""
    seen = ~np.isnan(counts)
    columns = np.arange(counts.shape[1], dtype=np.int16)
    last = np.maximum.accumulate(np.where(seen, columns, np.int16(-1)), axis=1)
    filled = counts if seen.all() else _fill(counts, seen, gap)
    scale = np.maximum((filled[:, :-1] + filled[:, 1:]) * 0.5, 0.5)
    scale[linear] = 1.0
    increments = np.full(counts.shape, np.nan, np.float32)
    increments[:, 1:] = (filled[:, 1:] - filled[:, :-1]) / scale
    return Series(counts, increments, last, linear)


def _fill(counts: Floats, seen: Bools, gap: int) -> Floats:
    """Straight lines over gaps, working only where something is missing."""
    days = counts.shape[1]
    filled = counts.copy()
    flat = filled.ravel()
    missing = np.flatnonzero(~seen.ravel())
    begins = np.flatnonzero(
        np.append(True, (np.diff(missing) != 1) | (missing[1:] % days == 0))
    )
    length = np.diff(np.append(begins, len(missing)))
    first = missing[begins]
    after = first + length
    inner = (first % days != 0) & (after % days != 0) & (length < gap)
    first, after, length = first[inner], after[inner], length[inner]
    run = np.repeat(np.arange(len(first)), length)
    part = np.arange(len(run)) - np.repeat(np.cumsum(length) - length, length)
    low, high = flat[first - 1], flat[after % flat.size]
    flat[first[run] + part] = low[run] + (high - low)[run] * ((part + 1) / (length[run] + 1))
    return filled


def learn(windows: Singles, weekday: int) -> Learnt:
    """Robust daily change, weekday effect and spread of complete windows (k, WINDOW).

    Values are clipped to the median +- max(3 x 1.4826 MAD, the 90th percentile of absolute
    deviations): the mean of what remains sees growth that the median of rounded counts
    misses. Weekday means are shrunk, the weekend contrast by N / (N + 1.5), a day's own rest
    by n / (n + 6). The spread is the larger of the clipped RMS and 1.4826 MAD. `weekday` is
    that of the last day.
    """
    middle = np.partition(windows, WINDOW // 2, axis=1)[:, WINDOW // 2, None]
    deviation = np.abs(windows - middle)
    deviation.partition((WINDOW // 2, WINDOW * 9 // 10), axis=1)
    mad = np.float32(_MAD) * deviation[:, WINDOW // 2, None]
    width = np.maximum(3 * mad, deviation[:, WINDOW * 9 // 10, None])
    values = np.clip(windows, middle - width, middle + width)
    weeks = values.reshape(-1, WINDOW // 7, 7)
    means = weeks.mean(axis=1)
    base = means.mean(axis=1)
    effects = _weekday_effects(means - base[:, None], weekday, WINDOW // 7)
    rest = (weeks - (base[:, None] + effects)[:, None, :]).reshape(-1, WINDOW)
    rms = np.sqrt(np.einsum("ij,ij->i", rest, rest) / WINDOW)
    return Learnt(base, rms, _running_effects(effects, weekday))


def learn_partial(windows: Singles, weekdays: Ints, *, own: Bools, linear: Bools) -> Learnt:
    """The same for windows with missing days; rows without `own` get the pooled spread."""
    seen = ~np.isnan(windows)
    known = np.maximum(seen.sum(axis=1), 1)
    middle = _ranked(windows, known // 2)
    deviation = np.abs(windows - middle[:, None])
    mad = np.float32(_MAD) * _ranked(deviation, known // 2)
    width = np.maximum(3 * mad, _ranked(deviation, known * 9 // 10))
    width = np.where(own, width, np.maximum(width, np.where(linear, 0, _POOLED_CLIP)))
    values = np.clip(windows, (middle - width)[:, None], (middle + width)[:, None])
    values = np.where(seen, values, 0).astype(np.float32)
    weeks, weights = values.reshape(-1, WINDOW // 7, 7), seen.reshape(-1, WINDOW // 7, 7)
    base = (values.sum(axis=1) / known).astype(np.float32)
    days = weights.sum(axis=1)
    means = weeks.sum(axis=1) / np.maximum(days, 1) - base[:, None]
    effects = np.where(own[:, None] & (days > 0), means, 0).astype(np.float32)
    running = np.zeros((len(windows), 15), np.float32)
    for weekday in range(7):
        rows = np.flatnonzero(weekdays == weekday)
        if rows.size:
            effects[rows] = _weekday_effects(effects[rows], weekday, 4)
            running[rows] = _running_effects(effects[rows], weekday)
    rest = np.where(weights, weeks - (base[:, None] + effects)[:, None, :], 0)
    rms = np.sqrt((rest.reshape(-1, WINDOW) ** 2).sum(axis=1) / known)
    spread = np.maximum(rms, mad)
    pooled = np.where(linear, 0.5 * np.abs(base) + 1, _POOLED_SPREAD)
    spread = np.where(own, spread, np.maximum(spread, pooled)).astype(np.float32)
    return Learnt(base, spread, running)


def _ranked(values: Singles, rank: Ints) -> Singles:
    """The entry of that rank in each row, NaN sorting last; 0 where a row is empty."""
    ordered = np.sort(values, axis=1)[np.arange(len(values)), rank]
    return np.asarray(np.nan_to_num(ordered), np.float32)


def _weekday_effects(means: Singles, weekday: int, weeks: int) -> Singles:
    """Shrunk and centred; columns are the seven days up to `weekday`."""
    day = (np.arange(7) + weekday + 1) % 7
    weekend = day >= 5
    contrast = means[:, weekend].mean(axis=1, keepdims=True)
    ordinary = means[:, ~weekend].mean(axis=1, keepdims=True)
    shared = np.where(weekend, contrast, ordinary)
    effects = shared * (weeks / (weeks + 1.5)) + (means - shared) * (weeks / (weeks + 6))
    return (effects - effects.mean(axis=1, keepdims=True)).astype(np.float32)


def _running_effects(effects: Singles, weekday: int) -> Singles:
    monday_first = np.roll(effects, weekday + 1, axis=1)
    running = np.zeros((len(effects), 15), np.float32)
    np.cumsum(np.concatenate([monday_first, monday_first], axis=1), axis=1, out=running[:, 1:])
    return running


def _blank(accounts: int, columns: int) -> dict[str, Any]:
    shape = (accounts, columns)
    made: dict[str, Any] = {
        "step": np.ones(shape),
        "changes": np.zeros(shape, np.int64),
        "held": np.ones(shape, np.bool_),
    }
    for span in SPANS:
        for name in ("move", "expected", "spread", "level"):
            made[f"{name}{span}"] = np.full(shape, np.nan)
        made[f"elapsed{span}"] = np.zeros(shape, np.int64)
    return made


def _judge(
    series: Series, panel: Panel, columns: Ints, start: int, phase: int
) -> dict[str, Any]:
    """Outlook arrays by name for rows that share a phase; columns count from `start`."""
    weeks, week = np.unique(
        refreshed(columns - LAG, panel.day + start, phase), return_inverse=True
    )
    weekday = int(panel.weekdays[start:][columns[0]] - columns[0]) % 7
    learnt, own, rounded, _ = taught(series, weeks, (weekday + weeks) % 7)
    learnt = Learnt(*(getattr(learnt, f.name)[:, week] for f in fields(Learnt)))
    own, rounded = own[:, week], rounded[:, week]
    seen = ~np.isnan(series.increments) & (series.last == np.arange(series.last.shape[1]))
    changes = _between(seen, columns)
    held = series.last[:, columns] != columns
    young = np.nonzero(~own & ~held & (changes >= YOUNG))
    if young[0].size:
        pairs, flags = _taught_young(series, young[0], columns[young[1]], weekday)
        for f in fields(Learnt):
            getattr(learnt, f.name)[young] = getattr(pairs, f.name)
        rounded[young] = flags
    judged = ~held & (changes >= YOUNG)
    made: dict[str, Any] = {"changes": changes, "held": held}
    for span in SPANS:
        move = _move(series, learnt, columns, span, (weekday + columns) % 7, judged, rounded)
        made |= {f"{f.name}{span}": getattr(move, f.name) for f in fields(Move)}
    level = made["level1"]
    made["step"] = np.where(rounded, truncation(np.nan_to_num(level)), 1.0)
    return made


def refreshed(columns: Ints, day: int, phase: int) -> Ints:
    """The last column at or before each of `columns` on which that phase learns anew."""
    return columns - (day + columns + phase) % 7


def taught(series: Series, weeks: Ints, weekdays: Ints) -> tuple[Learnt, Bools, Bools, Singles]:
    """What each row learnt by the end of each of `weeks`; arrays (rows, weeks).

    Also whether it was enough to be judged by, and whether its counts were rounded.
    """
    shape = (len(series.counts), len(weeks))
    windows = _windows(series.increments, weeks).reshape(-1, WINDOW)
    read = ~np.isnan(series.increments) & (series.last == np.arange(series.last.shape[1]))
    changes = _between(read, weeks).ravel()
    whole = ~np.isnan(windows.sum(axis=1))
    own = changes >= FULL
    if whole.all():
        learnt = learn(windows, int(weekdays[0]))
    else:
        learnt = Learnt(
            *(np.zeros((len(windows), *tail), np.float32) for tail in ((), (), (15,)))
        )
        _put(learnt, whole, learn(windows[whole], int(weekdays[0])))
        some = own & ~whole
        if some.any():
            days = np.full(int(some.sum()), weekdays[0])
            linear = np.repeat(series.linear, len(weeks))[some]
            part = learn_partial(
                windows[some], days, own=np.ones(len(days), np.bool_), linear=linear
            )
            _put(learnt, some, part)
    known = WINDOW - np.isnan(windows).sum(axis=1) if not whole.all() else WINDOW
    learnt.spread[...] *= np.sqrt(np.maximum(known, 1) / np.maximum(changes, 1))
    row, week = np.divmod(np.arange(len(windows)), len(weeks))
    rounded = _rounded(series, row, weeks[week]).reshape(shape)
    arrays = (getattr(learnt, f.name) for f in fields(Learnt))
    learnt = Learnt(*(a.reshape(*shape, *a.shape[1:]) for a in arrays))
    drift = _drift(windows, learnt.spread.ravel()).reshape(shape)
    return learnt, own.reshape(shape), rounded, drift


def _drift(windows: Singles, spread: Singles) -> Singles:
    """How much the weekly mean wanders beyond what the daily spread explains."""
    weekly = np.nan_to_num(windows).reshape(-1, WINDOW // 7, 7).mean(axis=2)
    excess = np.median(np.abs(weekly - np.median(weekly, axis=1, keepdims=True)), axis=1)
    drift = np.sqrt(np.maximum((_MAD * excess) ** 2 - spread**2 / 7, 0))
    return np.asarray(drift, np.float32)


def _taught_young(
    series: Series, row: Ints, column: Ints, weekday: int
) -> tuple[Learnt, Bools]:
    """For pairs of row and judged column, from the day before on back."""
    padded = _padded(series.increments)
    index = (column - 1)[:, None] + np.arange(1, WINDOW + 1)
    windows = padded[row[:, None], index]
    own = np.zeros(len(row), np.bool_)
    learnt = learn_partial(
        windows, (weekday + column - 1) % 7, own=own, linear=series.linear[row]
    )
    return learnt, _rounded(series, row, column - 1)


def _put(learnt: Learnt, where: Bools, part: Learnt) -> None:
    for f in fields(Learnt):
        getattr(learnt, f.name)[where] = getattr(part, f.name)


def _padded(increments: Singles) -> Singles:
    """WINDOW unknown days before column 0: the window that ends at c starts at c + 1."""
    blank = np.full((len(increments), WINDOW), np.nan, np.float32)
    return np.concatenate([blank, increments], axis=1)


def _windows(increments: Singles, ends: Ints) -> Singles:
    """The WINDOW days up to each of `ends`: (rows, ends, WINDOW)."""
    early = WINDOW - 1 - int(ends.min())
    if early > 0:
        blank = np.full((len(increments), early), np.nan, np.float32)
        increments = np.concatenate([blank, increments], axis=1)
        ends = ends + early
    picked = sliding_window_view(increments, WINDOW, axis=1)[:, ends - WINDOW + 1]
    return np.ascontiguousarray(picked)


def _between(seen: Bools, ends: Ints) -> Ints:
    """How many of the WINDOW days up to each of `ends` are seen."""
    total = np.zeros((len(seen), seen.shape[1] + 1), np.int64)
    np.cumsum(seen, axis=1, out=total[:, 1:])
    days = seen.shape[1]
    return total[:, np.clip(ends + 1, 0, days)] - total[:, np.clip(ends + 1 - WINDOW, 0, days)]


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
        counts = series.counts[row[index, None], np.maximum(days, 0)]
        large = (days >= 0) & (counts >= _ROUNDED_FROM)
        shown = large & (counts % truncation(np.nan_to_num(counts)) == 0)
        rounded[index] = shown.sum(axis=1) >= _ROUNDED_SHARE * large.sum(axis=1)
    return rounded


def _move(
    series: Series,
    learnt: Learnt,
    columns: Ints,
    span: int,
    weekdays: Ints,
    judged: Bools,
    rounded: Bools,
) -> Move:
    """Observed and expected change since the last reading at least `span` days before.

    The variance is that of the days, of counting (max(|expected|, 1/4) accounts) and of the
    display step (step^2 / 12).
    """
    rows = np.arange(len(series.counts))[:, None]
    before = series.last[:, np.maximum(columns - span, 0)].astype(np.int64)
    elapsed = columns - before
    known = judged & (columns >= span) & (before >= 0) & (elapsed <= GAP)
    elapsed = np.where(known, elapsed, 0)
    level = series.counts[rows, np.maximum(before, 0)]
    count = series.counts[:, columns]
    linear = series.linear[:, None]
    with np.errstate(invalid="ignore"):
        move = np.where(
            linear, count - level, np.log(np.maximum(count, 1.0) / np.maximum(level, 1.0))
        )
    level = np.where(linear, 1.0, np.maximum(level, 1.0))
    first = (weekdays - elapsed + 1) % 7
    place = np.arange(len(columns))
    effect = (
        learnt.weekdays[rows, place, first + elapsed % 7] - learnt.weekdays[rows, place, first]
    )
    base = learnt.base.astype(np.float64)
    expected = elapsed * base + effect
    counting = np.maximum(np.abs(base) * level * elapsed, 0.25) / level**2
    counting += np.where(rounded, (truncation(np.nan_to_num(level)) / level) ** 2 / 12, 0.0)
    spread = np.sqrt(elapsed * learnt.spread.astype(np.float64) ** 2 + counting)
    return Move(
        np.where(known, move, np.nan),
        np.where(known, expected, np.nan),
        np.where(known, spread, np.nan),
        np.where(known, level, np.nan),
        elapsed,
    )


def band(panel: Panel, row: int, metric: str) -> tuple[Floats, Floats]:
    """Where one account's count was expected on each day: the level before it, the expected
    change, and BAND spreads to either side; NaN where nothing is expected yet.
    """
    view = outlook(panel, metric, np.arange(panel.days), rows=np.array([row]))
    day = view.moves[0]
    if linear_rows(panel, metric)[row]:
        counts = counts_of(panel, metric)[row]
        before = counts[np.maximum(np.arange(panel.days) - day.elapsed[0], 0)]
        middle, width = before + day.expected[0], BAND * day.spread[0]
        return middle - width, middle + width
    low, high = (day.expected[0] + sign * BAND * day.spread[0] for sign in (-1, 1))
    return day.level[0] * np.exp(low), day.level[0] * np.exp(high)
