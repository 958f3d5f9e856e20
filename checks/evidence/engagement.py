"""What else moved while the followers did: engagement, the own following, the move's shape.

Everything is measured for many cases at once; a case is an account (row), the first day of
its move (`start`) and the day from which it is looked at (`now`), both columns. Only columns
up to `now` and at most LOOKBACK before it are used.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr  # type: ignore[import-untyped]

from checks.detectors.explain import Shape
from checks.panel.panel import Bools, Floats, Ints, Panel, Singles, bridge

BASELINE = 28
"""Days before the move that say what engagement is usual."""

SETTLED = 2
"""Days after the first after which no more engagement evidence is gathered."""

_ORGANIC = (0.8, 2.5)
"""Log ratios between which engagement lies where a crowd came for a reason: x2.2 to x12."""

_LEAST_NOISE = 0.1
"""Log spread of a day's engagement at least: a month of one value is no proof of calm."""

_WORLD_NOISE = 0.15
"""Log spread that engagement has beside its own noise, whatever the followers do."""

_SURE = 12.0
"""Log odds at most, either way: nothing is surer by engagement alone."""

_FOLLOWED = 8
"""Days of a move whose course is looked at."""

_ALIKE = 0.2
"""Share of its largest day from which a day is one of the move's."""

_LEAST_KNOWN = 7
"""Days of the 28 before that must be known for a usual day."""

SHAPES: tuple[Shape, ...] = ("new", "stopped", "fading", "went_on")
_LONG, _CUT, _ABRUPT = 4, 0.15, 0.5
"""Days of moving that are a course of their own; the share of its last day below which the next
one is nothing, and of its largest above which that last day did not fade."""


@dataclass(frozen=True)
class EngagementChange:
    """Engagement from the first day on, against its usual; one entry per case.

    `ratio` is the mean log ratio, `noise` its standard error, `rose` the log odds that it
    rose as organic growth does (x2.2 to x12) rather than stayed. NaN where unknown.
    `vanished` is how far the running total itself fell.
    """

    ratio: Floats
    noise: Floats
    rose: Floats
    vanished: Floats


@dataclass(frozen=True)
class MoveProfile:
    """How the followers (or another count) moved; one entry per case, in counts.

    `first` is the change of the first day, `total` up to now, `back` how much of the largest
    move has been taken back; `days` on how many days it moved at least a fifth as far as on
    its largest, `gap` the days without a reading before the first. `shape` is its place in
    SHAPES.
    """

    first: Floats
    total: Floats
    back: Floats
    days: Ints
    gap: Ints
    shape: Ints


def engagement_change(
    panel: Panel, metric: str, rows: Ints, starts: Ints, nows: Ints
) -> EngagementChange:
    """Engagement of `metric`, a running total, around the first days of each case.

    Daily flows are compared in logs with their mean over the 28 days before, weekend and
    working days apart as far as 28 days can tell them apart.
    """
    unknown = np.full(len(rows), np.nan)
    totals = panel.metrics.get(metric)
    if totals is None or not len(rows):
        return EngagementChange(unknown, unknown, unknown, unknown)
    some, index = np.unique(rows, return_inverse=True)
    counts = totals[some]
    flows = bridge(counts, np.ones(len(some), np.bool_)).increments
    last = _last_read(counts)
    with np.errstate(invalid="ignore"):
        logs = np.log(np.maximum(flows, 0.0) + 1.0)
    # a flow over a gap is known only from the reading that ends the gap
    known_until = last[index, np.maximum(starts - 1, 0)]
    usual, at = _window(logs, index, starts - 1, BASELINE)
    usual[at > known_until[:, None]] = np.nan
    weekend = np.isin(panel.weekdays, (5, 6))
    usual, effect = _without_weekend(usual, weekend[np.maximum(at, 0)])
    known = (~np.isnan(usual)).sum(axis=1)
    with np.errstate(invalid="ignore"):
        middle = _median(usual)
        noise = np.maximum(1.4826 * _median(np.abs(usual - middle[:, None])), _LEAST_NOISE)
    days = starts[:, None] + np.arange(SETTLED + 1)
    inside = days <= last[index, nows][:, None]
    clipped = np.minimum(days, panel.days - 1)
    recent = np.where(inside, logs[index[:, None], clipped], np.nan)
    recent = recent - np.where(weekend[clipped], effect[:, None], 0.0) - middle[:, None]
    read = (~np.isnan(recent)).sum(axis=1)
    enough = (known >= _LEAST_KNOWN) & (read > 0)
    ratio = np.where(enough, np.nansum(recent, axis=1) / np.maximum(read, 1), np.nan)
    error = np.where(enough, noise / np.sqrt(np.maximum(read, 1)), np.nan)
    return EngagementChange(
        ratio, error, _rose(ratio, error), _vanished(counts, index, starts, nows)
    )


def move_profile(
    counts: Floats, rows: Ints, starts: Ints, nows: Ints, daily: Floats, spread: Floats
) -> MoveProfile:
    """The course of each case; `daily` and `spread` are an ordinary day's, in counts."""
    some, index = np.unique(rows, return_inverse=True)
    values = counts[some]
    last = _last_read(values)

    def value(column: Ints) -> Floats:
        place = np.where(column >= 0, last[index, np.maximum(column, 0)], -1)
        return np.where(place >= 0, values[index, np.maximum(place, 0)], np.nan)

    base = value(starts - 1)
    before = np.where(starts > 0, last[index, np.maximum(starts - 1, 0)], -1)
    total = value(nows) - base
    sign = np.sign(total - daily * (nows - starts + 1))
    moves = []
    far, previous = np.zeros(len(rows)), base
    for back in range(_FOLLOWED):
        level = value(np.minimum(starts + back, nows))
        moves.append(sign * (level - previous) - sign * daily * (starts + back <= nows))
        far = np.fmax(far, sign * (level - base))
        previous = level
    course = np.array(moves)
    least = np.fmax(3 * spread, _ALIKE * np.fmax.reduce(course, axis=0, initial=0.0))
    days = (course > least).sum(axis=0)
    reach = np.minimum(starts + np.arange(_FOLLOWED)[:, None], nows)
    read = (last[index, reach] == reach) & (starts + np.arange(_FOLLOWED)[:, None] <= nows)
    return MoveProfile(
        first=value(np.minimum(starts, nows)) - base,
        total=total,
        back=far - sign * total,
        days=days,
        gap=starts - 1 - before,
        shape=_shape(course, read, least, spread),
    )


def _shape(course: Floats, read: Bools, least: Floats, spread: Floats) -> Ints:
    """Places in SHAPES of courses (days, k): the daily moves beyond the ordinary ones."""
    days, cases = np.arange(len(course))[:, None], np.arange(course.shape[1])
    moved = np.nan_to_num(course) > least
    end = np.where(moved, days, 0).max(axis=0)
    after = read & (days > end)
    first = after.argmax(axis=0)
    rest, finest = np.nan_to_num(course[first, cases]), np.nan_to_num(course[end, cases])
    peak = np.nan_to_num(np.fmax.reduce(course, axis=0, initial=0.0))
    stopped = (rest <= _CUT * finest + spread) & (finest >= _ABRUPT * peak)
    shape = np.where(stopped, SHAPES.index("stopped"), SHAPES.index("fading"))
    shape = np.where(moved.sum(axis=0) >= _LONG, SHAPES.index("went_on"), shape)
    shape[~after.any(axis=0) & (moved.sum(axis=0) < _LONG)] = SHAPES.index("new")
    return shape


def _without_weekend(usual: Floats, weekend: Bools) -> tuple[Floats, Floats]:
    """`usual` (k, 28) with the weekend's shrunk extra taken out, and that extra."""
    seen = ~np.isnan(usual)
    free, work = seen & weekend, seen & ~weekend
    filled = np.where(seen, usual, 0.0)
    free_days, work_days = free.sum(axis=1), work.sum(axis=1)
    contrast = (filled * free).sum(axis=1) / np.maximum(free_days, 1) - (filled * work).sum(
        axis=1
    ) / np.maximum(work_days, 1)
    effect = np.where((free_days >= 3) & (work_days >= 3), contrast, 0.0)
    effect *= free_days / (free_days + 3.0)
    return usual - np.where(weekend, effect[:, None], 0.0), effect


def _rose(ratio: Floats, noise: Floats) -> Floats:
    """Log odds of organic growth, uniform over its range, against unchanged engagement."""
    width = np.sqrt(noise**2 + _WORLD_NOISE**2)
    low, high = _ORGANIC
    with np.errstate(invalid="ignore"):
        inside = ndtr((high - ratio) / width) - ndtr((low - ratio) / width)
        organic = np.log(np.maximum(inside, 1e-12) / (high - low))
        stayed = -0.5 * (ratio / width) ** 2 - np.log(width * np.sqrt(2 * np.pi))
        odds = np.where(ratio > high, _SURE, np.where(ratio < 0, -_SURE, organic - stayed))
    return np.asarray(np.where(np.isnan(ratio), np.nan, np.clip(odds, -_SURE, _SURE)))


def _vanished(totals: Floats, index: Ints, starts: Ints, nows: Ints) -> Floats:
    """How far a running total fell on one of the first days; a total cannot fall by itself."""
    fell = np.zeros(len(index))
    for back in range(SETTLED + 1):
        day = starts + back
        inside = (day <= nows) & (day >= 1)
        day = np.clip(day, 1, totals.shape[1] - 1)
        drop = totals[index, day - 1] - totals[index, day]
        fell = np.fmax(fell, np.where(inside, drop, 0.0))
    return fell


def _last_read(counts: Floats) -> Ints:
    """Column of the newest reading at or before each column, -1 where there is none."""
    columns = np.where(np.isnan(counts), -1, np.arange(counts.shape[1]))
    newest: Ints = np.maximum.accumulate(columns, axis=1)
    return newest


def _window(values: Singles, index: Ints, last: Ints, days: int) -> tuple[Floats, Ints]:
    """The `days` columns up to `last` of each entry, NaN before the first; and which."""
    columns: Ints = last[:, None] - days + 1 + np.arange(days)
    picked = values[index[:, None], np.maximum(columns, 0)].astype(np.float64)
    picked[columns < 0] = np.nan
    return picked, columns


def _median(values: Floats) -> Floats:
    """Row medians of what is known, NaN where nothing is."""
    ordered = np.sort(values, axis=1)
    known = (~np.isnan(ordered)).sum(axis=1)
    rows = np.arange(len(ordered))
    middle = (
        ordered[rows, np.maximum(known - 1, 0) // 2]
        + ordered[rows, np.minimum(known // 2, ordered.shape[1] - 1)]
    ) / 2
    return np.asarray(np.where(known > 0, middle, np.nan), np.float64)
