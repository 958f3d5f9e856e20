"""The expected change of each account and the spread around it, and what was observed."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np

from checks.learning import LAG, WINDOW, Lesson, between, learn_young, lessons
from checks.panel import Bools, Floats, Ints, Panel, cells, truncation
from checks.series import GAP, Series, Shorts, Singles, counts_of, linear_rows

SPANS = (1, 2, 3)
"""Days over which a sudden change is summed."""

YOUNG = 8
"""Changes from which an account is judged at all."""

_SPARSE = 4
"""The same where they fill eight weeks: one that is read about every other week."""

BAND = 3.0
"""Half the width, in spreads, of the band that charts draw."""


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
    elapsed: Shorts

    @cached_property
    def excess(self) -> Floats:
        return self.move - self.expected


@dataclass(frozen=True)
class Outlook:
    """Everything the sudden checks need about one metric; arrays (accounts, columns).

    `moves` holds one Move per entry of SPANS. `step` is the display step in counts, 1 for
    exact ones; `changes` the number of changes read in the last eight weeks. `held`: nothing
    was read there. `early`: fewer than YOUNG changes, and those are not all of eight weeks.
    """

    moves: tuple[Move, ...]
    step: Floats
    changes: Shorts
    held: Bools
    early: Bools

    @property
    def judged(self) -> Bools:
        return ~(self.held | self.early) & ~np.isnan(self.moves[0].move)


def outlook(
    panel: Panel,
    metric: str,
    columns: Ints,
    *,
    rows: Ints | None = None,
    known: Iterable[Lesson] | None = None,
) -> Outlook:
    """Expected and observed changes at the judged columns, of all accounts or some `rows`.

    `known` are the lessons of those rows where somebody has them already.
    """
    rows = np.arange(len(panel.accounts)) if rows is None else rows
    place = np.zeros(len(panel.accounts), np.int64)
    place[rows] = np.arange(len(rows))
    made = _blank(len(rows), len(columns))
    if columns.size and rows.size:
        first, last = int(columns.min()), int(columns.max())
        if known is None:
            known = lessons(panel, metric, rows, first - LAG, last - LAG, last)
        for lesson in known:
            mine = place[lesson.rows]
            for name, part in _judge(lesson, columns - lesson.start).items():
                # NumPy is slow at rows of a single entry
                if len(columns) == 1:
                    made[name].ravel()[mine] = part.ravel()
                else:
                    made[name][mine] = part
    moves = tuple(Move(*(made[f"{f.name}{span}"] for f in fields(Move))) for span in SPANS)
    return Outlook(moves, made["step"], made["changes"], made["held"], made["early"])


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


def _blank(accounts: int, columns: int) -> dict[str, Any]:
    shape = (accounts, columns)
    made: dict[str, Any] = {
        "step": np.empty(shape),
        "changes": np.empty(shape, np.int16),
        "held": np.empty(shape, np.bool_),
        "early": np.empty(shape, np.bool_),
    }
    for span in SPANS:
        for name in ("move", "expected", "spread", "level"):
            made[f"{name}{span}"] = np.empty(shape)
        made[f"elapsed{span}"] = np.empty(shape, np.int16)
    return made


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

    `weekdays` are the sums of `Learnt` as they are, `week` the one of each column, `young` the
    rows and places that have none. `variance` is that of a day, `rounded` the flat places of
    counts that are.
    """

    columns: Ints
    weekday: Ints
    judged: Bools
    base: Floats
    variance: Floats
    weekdays: Singles
    week: Ints
    young: tuple[Ints, Ints]
    rounded: Ints


def _judge(lesson: Lesson, columns: Ints) -> dict[str, Any]:
    """Outlook arrays by name; columns count from the lesson's first day."""
    series = lesson.series
    changes = between(series.read, columns)
    held = ~series.seen.take(columns, axis=1)
    early = _early(series, changes, columns)
    usual = _usual(lesson, columns, ~held & ~early)
    readings = _readings(series, columns)
    made: dict[str, Any] = {"changes": changes, "held": held, "early": early}
    for span in SPANS:
        move = _move(readings, usual, series.linear, span)
        made |= {f"{f.name}{span}": getattr(move, f.name) for f in fields(Move)}
    made["step"] = step = np.ones(held.shape)
    step.ravel()[usual.rounded] = truncation(made["level1"].ravel()[usual.rounded])
    return made


def _early(series: Series, changes: Shorts, columns: Ints) -> Bools:
    """Where too few changes are known, and eight weeks are not filled by those that are."""
    early = changes < YOUNG
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


def _usual(lesson: Lesson, columns: Ints, judged: Bools) -> _Usual:
    learnt, week = lesson.learnt, lesson.week(columns - LAG)
    base, spread = learnt.base.take(week, axis=1), learnt.spread.take(week, axis=1)
    row, place = young = cells(~learnt.own.take(week, axis=1) & judged)
    if row.size:
        base[row, place], spread[row, place] = learn_young(lesson.series, row, columns[place])
    return _Usual(
        columns,
        (lesson.weekday + columns) % 7,
        judged,
        base.astype(np.float64),
        spread.astype(np.float64) ** 2,
        learnt.weekdays,
        week,
        young,
        np.flatnonzero(learnt.rounded.take(week, axis=1)),
    )


def _move(readings: _Readings, usual: _Usual, linear: Bools, span: int) -> Move:
    """Observed and expected change since the last reading at least `span` days before.

    The variance is that of the days, of counting (max(|expected|, 1/4) accounts) and of the
    display step (step^2 / 12).
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
    counting = np.maximum(np.abs(usual.base) * level * days, 0.25)
    step = truncation(level.ravel()[usual.rounded])
    counting.ravel()[usual.rounded] += step**2 / 12
    variance = days * usual.variance + counting / level**2
    expected = days * usual.base + _effect(usual, elapsed, span)
    expected[~known] = np.nan
    return Move(move, expected, np.sqrt(variance), level, elapsed)


def _effect(usual: _Usual, elapsed: Shorts, span: int) -> Floats:
    """The weekday effects of the days elapsed, most often `span`."""
    sums, week = usual.weekdays, usual.week
    first = (usual.weekday - span + 1) % 7
    effect = (sums[first + span, :, week] - sums[first, :, week]).T.astype(np.float64, "C")
    row, place = cells(elapsed > span)
    days, week = elapsed[row, place], week[place]
    first = (usual.weekday[place] - days + 1) % 7
    effect[row, place] = sums[first + days % 7, row, week] - sums[first, row, week]
    effect[usual.young] = 0
    return effect
