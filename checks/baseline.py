"""The expected change of each account and the spread around it, and what was observed."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np

from checks.learning import LAG, WINDOW, Learnt, Lesson, between, learn_young, lessons
from checks.panel import Bools, Floats, Ints, Panel, truncation
from checks.series import GAP, Series, counts_of, linear_rows

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
    elapsed: Ints

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
    changes: Ints
    held: Bools
    early: Bools

    @property
    def judged(self) -> Bools:
        return ~(self.held | self.early) & ~np.isnan(self.moves[0].move)

    def of(self, rows: Ints) -> "Outlook":
        """The same for some of its rows."""
        moves = tuple(
            Move(*(getattr(move, f.name)[rows] for f in fields(Move))) for move in self.moves
        )
        return Outlook(
            moves, self.step[rows], self.changes[rows], self.held[rows], self.early[rows]
        )


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
            for name, part in _judge(lesson, columns - lesson.start).items():
                made[name][place[lesson.rows]] = part
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
        "step": np.ones(shape),
        "changes": np.zeros(shape, np.int64),
        "held": np.ones(shape, np.bool_),
        "early": np.ones(shape, np.bool_),
    }
    for span in SPANS:
        for name in ("move", "expected", "spread", "level"):
            made[f"{name}{span}"] = np.full(shape, np.nan)
        made[f"elapsed{span}"] = np.zeros(shape, np.int64)
    return made


def _judge(lesson: Lesson, columns: Ints) -> dict[str, Any]:
    """Outlook arrays by name; columns count from the lesson's first day."""
    series = lesson.series
    learnt = lesson.learnt.at(lesson.week(columns - LAG))
    changes = between(series.read, columns)
    held = ~series.seen.take(columns, axis=1)
    early = _early(series, changes, columns)
    judged = ~held & ~early
    row, place = np.nonzero(~learnt.own & judged)
    if row.size:
        base, spread = learn_young(series, row, columns[place])
        learnt.base[row, place], learnt.spread[row, place] = base, spread
        learnt.weekdays[:, row, place] = 0
    made: dict[str, Any] = {"changes": changes, "held": held, "early": early}
    count = series.counts.take(columns, axis=1)
    log_count = np.log(np.maximum(count, 1.0))
    weekdays = (lesson.weekday + columns) % 7
    for span in SPANS:
        move = _move(series, learnt, columns, span, weekdays, judged, count, log_count)
        made |= {f"{f.name}{span}": getattr(move, f.name) for f in fields(Move)}
    step = np.ones(count.shape)
    step[learnt.rounded] = truncation(made["level1"][learnt.rounded])
    made["step"] = step
    return made


def _early(series: Series, changes: Ints, columns: Ints) -> Bools:
    """Where too few changes are known, and eight weeks are not filled by those that are."""
    early = changes < YOUNG
    row, place = np.nonzero(early & (changes >= _SPARSE) & (columns >= WINDOW))
    row, back = row[:, None], np.arange(WINDOW)
    days = columns[place, None] - back
    unread = series.seen[row, days].argmax(axis=1)[:, None] > back
    filled = (unread | ~np.isnan(series.increments[row, days])).all(axis=1)
    early[row[filled, 0], place[filled]] = False
    return early


def _move(
    series: Series,
    learnt: Learnt,
    columns: Ints,
    span: int,
    weekdays: Ints,
    judged: Bools,
    count: Floats,
    log_count: Floats,
) -> Move:
    """Observed and expected change since the last reading at least `span` days before.

    The variance is that of the days, of counting (max(|expected|, 1/4) accounts) and of the
    display step (step^2 / 12).
    """
    rows = np.arange(len(series.counts))[:, None]
    before = series.newest(np.maximum(columns - span, 0))
    elapsed = columns - before
    known = judged & (columns >= span) & (before >= 0) & (elapsed <= GAP)
    elapsed = np.where(known, elapsed, 0)
    # NaN where unknown: so are the move and the spread that are made of it
    level = np.where(known, series.counts[rows, np.maximum(before, 0)], np.nan)
    linear = series.linear[:, None]
    move = log_count - np.log(np.maximum(level, 1.0))
    if linear.any():
        move = np.where(linear, count - level, move)
        level = np.where(linear & known, 1.0, level)
    level = np.maximum(level, 1.0)
    first, days = _weekday(weekdays - elapsed + 1), _weekday(elapsed)
    place = np.arange(len(columns))
    effect = learnt.weekdays[first + days, rows, place] - learnt.weekdays[first, rows, place]
    base = learnt.base.astype(np.float64)
    counting = np.maximum(np.abs(base) * level * elapsed, 0.25)
    counting[learnt.rounded] += truncation(level[learnt.rounded]) ** 2 / 12
    variance = elapsed * learnt.spread.astype(np.float64) ** 2 + counting / level**2
    expected = np.where(known, elapsed * base + effect, np.nan)
    return Move(move, expected, np.sqrt(variance), level, elapsed)


def _weekday(days: Ints) -> Ints:
    """The remainder by 7; NumPy is much faster at whole quotients."""
    return days - days // 7 * 7
