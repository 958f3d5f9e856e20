"""The expected change of each account and the spread around it, and what was observed."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np

from checks.baseline.fit import (
    LAG,
    WINDOW,
    BaselineFit,
    Learning,
    between,
    fit_cold_start,
    fits,
    in_week,
)
from checks.panel.panel import (
    GAP,
    Bools,
    Floats,
    Ints,
    Panel,
    Series,
    Shorts,
    Singles,
    cells,
    counts_of,
    linear_rows,
    truncation,
)

SPANS = (1, 2, 3)
"""Days over which a sudden change is summed."""

LOUD = 3.0
"""Spreads beyond which a move is worth a closer look."""

YOUNG = 8
"""Changes from which an account is judged at all."""

_SPARSE = 4
"""The same where they fill eight weeks: one that is read about every other week."""

BAND = 3.0
"""Half the width, in spreads, of the band that charts draw."""


@dataclass(frozen=True)
class Move:
    """The change of accounts over some days up to a judged column; arrays of one shape.

    `move`, `expected` and `spread` are log ratios, or counts without a level, over `elapsed`
    days; `level` is the count before (1 without a level). NaN where not judged.
    """

    move: Floats
    expected: Floats
    spread: Floats
    level: Floats
    elapsed: Shorts

    @cached_property
    def excess(self) -> Floats:
        """The move beyond the expected one, as those: (accounts, columns) or (spans, k)."""
        return self.move - self.expected

    def at(self, place: Any) -> "Move":
        """That of some entries, as NumPy picks them."""
        return Move(*(getattr(self, field.name)[place] for field in fields(Move)))


def merged(moves: Sequence[Move], how: Callable[[list[Any]], Any]) -> Move:
    """One made of several, array by array."""
    return Move(*(how([getattr(move, field.name) for move in moves]) for field in fields(Move)))


@dataclass(frozen=True)
class Residuals:
    """Everything the sudden checks need about one metric; arrays (accounts, columns).

    `day` is the move over the first of SPANS. `step` is the display step in counts, 1 for
    exact ones; `changes` the number of changes read in the last eight weeks. `held`: nothing
    was read there. `early`: fewer than YOUNG changes, and those are not all of eight weeks.
    `loud` are the flat places, ascending, where the move over any span is beyond LOUD spreads,
    `moves` those over all of them there, (spans, k).
    """

    day: Move
    step: Floats
    changes: Shorts
    held: Bools
    early: Bools
    loud: Ints
    moves: Move

    @cached_property
    def judged(self) -> Bools:
        """Where the day has a move: (accounts, columns)."""
        return ~np.isnan(self.day.move)


def residuals_of(
    panel: Panel,
    metric: str,
    columns: Ints,
    *,
    rows: Ints | None = None,
    known: Iterable[BaselineFit] | None = None,
) -> Residuals:
    """Expected and observed changes at the judged columns, of all accounts or some `rows`.

    `known` are the fits of those rows where somebody has them already.
    """
    rows = np.arange(len(panel.accounts)) if rows is None else rows
    place = np.zeros(len(panel.accounts), np.int64)
    place[rows] = np.arange(len(rows))
    whole = _blank(len(rows), len(columns))
    loud, parts = [whole.loud], [whole.moves]
    if columns.size and rows.size:
        first, last = int(columns.min()), int(columns.max())
        if known is None:
            asked = Learning(first - LAG, last - LAG, last)
            known = fits(panel, metric, rows, asked)
        for lesson in known:
            part, mine = _judge(lesson, columns - lesson.start), place[lesson.rows]
            _put(part, whole, mine)
            row, column = np.divmod(part.loud, len(columns))
            loud.append(mine[row] * len(columns) + column)
            parts.append(part.moves)
    at = np.concatenate(loud)
    order = np.argsort(at)
    moves = merged(parts, lambda arrays: np.concatenate(arrays, axis=1).take(order, axis=1))
    return replace(whole, loud=at[order], moves=moves)


def band(panel: Panel, row: int, metric: str) -> tuple[Floats, Floats]:
    """Where one account's count was expected on each day: the level before it, the expected
    change, and BAND spreads to either side; NaN where nothing is expected yet. Arrays (days,),
    in counts.
    """
    view = residuals_of(panel, metric, np.arange(panel.days), rows=np.array([row]))
    day = view.day
    if linear_rows(panel, metric)[row]:
        counts = counts_of(panel, metric)[row]
        before = counts[np.maximum(np.arange(panel.days) - day.elapsed[0], 0)]
        middle, width = before + day.expected[0], BAND * day.spread[0]
        return middle - width, middle + width
    low, high = (day.expected[0] + sign * BAND * day.spread[0] for sign in (-1, 1))
    return day.level[0] * np.exp(low), day.level[0] * np.exp(high)


def _blank(accounts: int, columns: int) -> Residuals:
    shape = (accounts, columns)
    return Residuals(
        _no_moves(shape),
        step=np.empty(shape),
        changes=np.empty(shape, np.int16),
        held=np.empty(shape, np.bool_),
        early=np.empty(shape, np.bool_),
        loud=np.zeros(0, np.int64),
        moves=_no_moves((len(SPANS), 0)),
    )


def _no_moves(shape: tuple[int, int]) -> Move:
    move, expected, spread, level = (np.empty(shape) for _ in range(4))
    return Move(move, expected, spread, level, np.empty(shape, np.int16))


def _put(part: Residuals, whole: Residuals, rows: Ints) -> None:
    """What `part` says of every judged day of these rows."""
    for one, plane in zip(_planes(part), _planes(whole), strict=True):
        # NumPy is slow at rows of a single entry
        if plane.shape[1] == 1:
            plane.ravel()[rows] = one.ravel()
        else:
            plane[rows] = one


def _planes(view: Residuals) -> list[Any]:
    day = [getattr(view.day, field.name) for field in fields(Move)]
    return [*day, view.step, view.changes, view.held, view.early]


@dataclass(frozen=True)
class _Readings:
    """The newest reading at or before each of `days`, and its `column`; (rows, days)."""

    days: Shorts
    column: Shorts
    count: Floats
    log: Floats


@dataclass(frozen=True)
class _Usual:
    """What each row is judged by at each of `columns`; arrays (rows, columns).

    `weekdays` are the sums of `FittedWeeks` as they are, `week` the one of each column (of all
    rows where they share one), `young` the rows and places that have none. `variance` is that
    of a day, `rounded` says of which counts only three digits are shown.
    """

    columns: Ints
    weekday: Ints
    judged: Bools
    base: Floats
    variance: Floats
    weekdays: Singles
    week: Ints
    young: tuple[Ints, Ints]
    rounded: Bools


def _judge(lesson: BaselineFit, columns: Ints) -> Residuals:
    """That of a lesson's rows; columns count from its first day."""
    series = lesson.series
    changes = between(series.read, columns)
    held = ~series.seen.take(columns, axis=1)
    early = _early(series, changes, columns)
    usual = _usual(lesson, columns, ~held & ~early)
    readings = _readings(series, columns)
    day, *others = (_move(readings, usual, series.linear, span) for span in SPANS)
    spread, step = _spread(usual, day.level.ravel(), day.elapsed.ravel())
    day = replace(day, spread=spread.reshape(held.shape))
    step = np.maximum(step, 1.0).reshape(held.shape)
    loud, moves = _stand_out(usual, [day, *others])
    return Residuals(day, step, changes, held, early, loud, moves)


def _stand_out(usual: _Usual, moves: list[Move]) -> tuple[Ints, Move]:
    """`loud` and `moves` of an Residuals.

    Few moves are beyond even the spread of the days: theirs alone is worked out.
    """
    beyond = np.zeros(moves[0].move.shape, np.bool_)
    with np.errstate(invalid="ignore"):
        for move in moves:
            beyond |= np.abs(move.excess) > LOUD * move.spread
    at = np.flatnonzero(beyond)
    picked = merged(moves, lambda arrays: np.stack([each.take(at) for each in arrays]))
    for one, level, elapsed in zip(picked.spread, picked.level, picked.elapsed, strict=True):
        one[:] = _spread(usual, level, elapsed, at)[0] if at.size else one
    with np.errstate(invalid="ignore"):
        loud = (np.abs(picked.excess) > LOUD * picked.spread).any(axis=0)
    kept = np.flatnonzero(loud)
    return at[kept], picked.at((slice(None), kept))


def _early(series: Series, changes: Shorts, columns: Ints) -> Bools:
    """Where too few changes are known, and eight weeks are not filled by those that are."""
    early = changes < YOUNG
    if not early.any():
        return early
    row, place = cells(early & (changes >= _SPARSE) & (columns >= WINDOW))
    row, back = row[:, None], np.arange(WINDOW)
    days = columns[place, None] - back
    unread = series.seen[row, days].argmax(axis=1)[:, None] > back
    filled = (unread | ~np.isnan(series.increments[row, days])).all(axis=1)
    early[row[filled, 0], place[filled]] = False
    return early


def _readings(series: Series, columns: Ints) -> _Readings:
    """Those that the moves up to `columns` begin and end with."""
    days = np.unique(np.maximum(columns - np.arange(max(SPANS) + 1)[:, None], 0))
    column, count = series.newest(days), series.counts.take(days, axis=1)
    short = days.astype(np.int16)
    row, place = cells((column != short) & (column >= 0))
    count[row, place] = series.counts[row, column[row, place]]
    return _Readings(short, column, count, np.log(np.maximum(count, 1.0)))


def _usual(lesson: BaselineFit, columns: Ints, judged: Bools) -> _Usual:
    learnt, week = lesson.learnt, lesson.week(columns - LAG)
    base, spread = in_week(learnt.base, week), in_week(learnt.spread, week)
    row, place = young = cells(~in_week(learnt.own, week) & judged)
    if row.size:
        base[row, place], spread[row, place] = fit_cold_start(
            lesson.series, row, columns[place]
        )
    return _Usual(
        columns,
        (lesson.weekday + columns) % 7,
        judged,
        base.astype(np.float64),
        spread.astype(np.float64) ** 2,
        learnt.weekdays,
        week,
        young,
        in_week(learnt.rounded, week),
    )


def _move(readings: _Readings, usual: _Usual, linear: Bools, span: int) -> Move:
    """Observed and expected change since the last reading at least `span` days before.

    Its spread is that of the days alone.
    """
    columns = usual.columns.astype(np.int16)
    now, then = (
        np.searchsorted(readings.days, np.maximum(columns - back, 0)) for back in (0, span)
    )
    before = readings.column.take(then, axis=1)
    elapsed = columns - before
    known = usual.judged & (columns >= span) & (before >= 0) & (elapsed <= GAP)
    elapsed *= known
    # NaN where unknown: so are the move and the spread that are made of it
    level = np.where(known, readings.count.take(then, axis=1), np.nan)
    move = readings.log.take(now, axis=1) - readings.log.take(then, axis=1)
    move[~known] = np.nan
    if linear.any():
        flat = linear[:, None]
        move = np.where(flat, readings.count.take(now, axis=1) - level, move)
        level = np.where(flat & known, 1.0, level)
    np.maximum(level, 1.0, out=level)
    days = elapsed.astype(np.float64)
    expected = days * usual.base + _effect(usual, elapsed, span)
    expected[~known] = np.nan
    return Move(move, expected, np.sqrt(days * usual.variance), level, elapsed)


def _spread(
    usual: _Usual, level: Floats, elapsed: Shorts, at: Ints | slice = slice(None)
) -> tuple[Floats, Floats]:
    """Spread of moves at flat places, and the display step there, 0 where counts are exact.

    The variance is that of the days, of counting (max(|expected|, 1/4) accounts) and of the
    step (step^2 / 12).
    """
    days = elapsed.astype(np.float64)
    step = np.zeros(len(level))
    rounded = np.flatnonzero(usual.rounded.ravel()[at])
    if rounded.size:
        step[rounded] = truncation(level[rounded])
    counting = np.maximum(np.abs(usual.base.ravel()[at]) * level * days, 0.25) + step**2 / 12
    return np.sqrt(days * usual.variance.ravel()[at] + counting / level**2), step


def _effect(usual: _Usual, elapsed: Shorts, span: int) -> Floats:
    """The weekday effects of the days elapsed, most often `span`."""
    sums, week = usual.weekdays, usual.week
    first = (usual.weekday - span + 1) % 7
    if len(week) == 1:
        moved = (sums[first + span, :, week[0]] - sums[first, :, week[0]]).T
    else:
        rows = np.arange(len(week))[:, None]
        moved = sums[first + span, rows, week] - sums[first, rows, week]
    effect: Floats = moved.astype(np.float64, "C")
    longer = elapsed > span
    if longer.any():
        row, place = cells(longer)
        days, week = elapsed[row, place], np.broadcast_to(week, elapsed.shape)[row, place]
        first = (usual.weekday[place] - days + 1) % 7
        effect[row, place] = sums[first + days % 7, row, week] - sums[first, row, week]
    effect[usual.young] = 0
    return effect
