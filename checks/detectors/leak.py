"""Slow losses: small daily falls, or growth that turns, that only a sum over weeks shows."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from checks.baseline.fit import LAG, REACH, WINDOW, BaselineFit, fits, in_week
from checks.detectors.explain import Evidence, Explanation
from checks.detectors.fall import explained
from checks.detectors.findings import Day, Findings, join, nothing
from checks.model import Finding
from checks.panel.panel import (
    Bools,
    Floats,
    Ints,
    Singles,
    cells,
    counts_of,
    linear_rows,
    logs_at,
    truncation,
)

SPANS = (7, 10, 14, 21, REACH)
"""Days a leak is summed over."""

_LOOKS = (7, 14, 28)
"""Those by which a leak is worth looking for."""

_LIMIT = 4.2
"""Spreads that a sum over a span must stand out by. Of accounts without a leak a higher limit
tells fewer; `tests.bench.detection` shows what it costs in leaks found."""

_LIMIT_BARE = 12.0
"""Without any floor a sum must stand out far more: it is not under discovery control."""
_RATE = 0.0006
"""Least share that must be lost a day, on top of _SLOWED of the usual growth."""
_SLOWED = 0.45
"""Share of an account's usual growth that a leak must take away beside _RATE: growth slows down
by itself."""

_DRIFT = 0.12
"""Share of the growth rate that may drift away within weeks."""
_STEPS = 1.2
"""Display steps of a rounded count that a leak must exceed."""

_SUDDEN = 0.0125
"""A fall of one day beyond this (and 4 spreads, 1.5 steps) is no part of a leak."""
_STEPS_AT_ONCE = 1.5
"""A worst day of more display steps must not carry the sum: it is replaced by the mean."""
_LEAST_COUNT = 10.0
"""Accounts a leak must cost at least, against the expected growth and of the count itself."""

_LEAST_SIZE = 0.003
"""Least share of the level that a leak must cost, times what feedback made of the account's
floor."""

_WEEKLY = 1.5
"""Times the variance that eight weekly means show, which are few."""
_GONE, _FELL, _STEPS_FELL = 0.015, 0.005, 2.5
"""Shares lost against the expected growth and of the count itself from which a loss is more
than growth that drifts away; a rounded count must show three steps of it."""
_FELL_EXACT = 0.0015
"""The same of an exact count: growth that ends takes nobody away. Tuned on synthetic leaks of
0.1 % a day inside growth: half finds no more, double loses one of a hundred."""
_CELLS_AT_ONCE = 32768
"""Account-days looked at together: what stays in the cache. Speed alone depends on it."""

_DOUBLINGS = ((1, 1), (2, 2), (4, 3), (4, 4), (8, 2), (8, 6), (8, 8), (16, 5), (16, 12))
"""Pairs of window lengths whose maxima give that of their sum: 1 to 28 days by way of SPANS."""


@dataclass(frozen=True)
class _Sums:
    """Account-days whose sum over one span may be a leak; parallel arrays.

    What is `gone` of the usual growth, and by what that was learnt: `base`, `spread` and
    `wander` of a day, and whether counts are `rounded`. `worst` is the largest daily fall.
    """

    row: Ints
    column: Ints
    elapsed: Ints
    level: Floats
    count: Floats
    base: Floats
    gone: Floats
    spread: Singles
    wander: Singles
    rounded: Bools
    worst: Singles

    def take(self, kept: Bools) -> "_Sums":
        return _Sums(*(getattr(self, field.name)[kept] for field in fields(self)))


def find(day: Day) -> Findings:
    """Judged by the sum over each span against what was learnt before the span began.

    The spread of a sum over m days joins the daily spread s (of rounded counts that of their
    weeks), the uncertainty of the learnt rate (m / WINDOW), its drift, and the display step
    that the two ends pay once: m s^2 (1 + m / 56) + (m drift)^2 + step^2 / 6.
    """
    panel, columns = day.panel, day.columns
    # in pieces that stay in the cache
    size = 1 + _CELLS_AT_ONCE // len(columns)
    pieces = [slice(first, first + size) for first in range(0, len(panel.accounts), size)]
    maybe = np.concatenate([_maybe(day, rows) for rows in pieces])
    rows = np.flatnonzero(maybe.any(axis=1))
    if not rows.size:
        return nothing()
    known = day.fits() or fits(panel, "followers", rows, day.reach)
    sums = [
        part
        for lesson in known
        for part in _sums(lesson, columns - lesson.start, maybe[lesson.rows])
    ]
    if not sums:
        return nothing()
    limit = _LIMIT if day.rules.min_percent > 0 else _LIMIT_BARE
    whole = _joined(sums)
    score, loud = _loud(whole, limit)
    return join([nothing(), _findings(whole.take(loud), score[loud], day.factor)])


def explain(finding: Finding, evidence: Evidence) -> Explanation:
    """A loss in many small steps, unless peers slid too."""
    return explained(finding, evidence, slow=True)


def _maybe(whole: Day, rows: slice) -> Bools:
    """Where a leak of some accounts is worth looking for: (rows, columns).

    The count grew less, over one of three spans, than by half of what the recent baseline or
    the eight weeks before would give, less the least rate, and by two spreads and a half.
    Cheap, and the same for a single day and a replay.
    """
    panel, columns, residuals = whole.panel, whole.columns, whole.residuals("followers")
    counts = counts_of(panel, "followers")[rows]
    day, step = residuals.day.at(rows), residuals.step[rows]
    rate = day.expected / np.maximum(day.elapsed, 1)
    spans = (0, *_LOOKS, REACH, REACH + WINDOW)
    ago = {span: np.maximum(columns - span, -1) for span in spans}
    days = np.unique(np.concatenate(list(ago.values())))
    logs = logs_at(counts, days)

    def log(span: int) -> Floats:
        return logs.take(np.searchsorted(days, ago[span]), axis=1)

    now, before = log(0), (log(REACH) - log(REACH + WINDOW)) / WINDOW
    # an old jump is no growth: what the eight weeks gave is trusted near the baseline only
    rate = np.fmax(np.fmin(before, 2 * np.fmax(rate, 0.0) + 0.0003), np.fmax(rate, 0.0))
    usual = 2.5 * day.spread / np.sqrt(np.maximum(day.elapsed, 1))
    usual[step > 1] = 0
    smallest = np.maximum(_LEAST_COUNT, np.where(step > 1, _STEPS * step, 0))
    smallest = 0.7 * smallest / np.maximum(day.level, 1)
    share = 0.5 * (_RATE + _SLOWED * rate)
    maybe = np.zeros(rate.shape, np.bool_)
    with np.errstate(invalid="ignore"):
        for span in _LOOKS:
            gone = rate * span - (now - log(span))
            least = np.maximum(share * span, usual * np.sqrt(span))
            maybe |= gone > np.maximum(least, smallest)
    return maybe & ~np.isnan(day.move) & ~linear_rows(panel, "followers")[rows, None]


def _sums(lesson: BaselineFit, columns: Ints, maybe: Bools) -> Iterable[_Sums]:
    row, place = cells(maybe)
    if not row.size:
        return
    series, learnt = lesson.series, lesson.learnt
    first = int(max(columns.min() - REACH - 7, 0))
    sudden, worst = _sudden_losses(lesson, first)
    worsts = _worst_days(worst)
    column = columns[place]
    # flat places: NumPy gathers many times as fast by one index as by two
    counts, own, growth = series.counts.ravel(), learnt.own.ravel(), learnt.base.ravel()
    begin, learnt_from = row * series.counts.shape[1], row * learnt.own.shape[1]
    purged_from = row * sudden.shape[1] - first
    count, purged = counts.take(begin + column), sudden.take(purged_from + column)
    for span in SPANS:
        weeks = np.broadcast_to(lesson.week(columns - span), maybe.shape)
        week = learnt_from + weeks[row, place]
        before = series.last.take(begin + np.maximum(column - span, 0)).astype(np.int64)
        elapsed = column - before
        level, base = counts.take(begin + before), growth.take(week).astype(np.float64)
        gone = elapsed * base - np.log(np.maximum(count, 1.0) / np.maximum(level, 1.0))
        gone -= purged - sudden.take(purged_from + np.maximum(before, first))
        # what is too little already: the worst day only takes from it
        much = (column >= span) & (before >= 0) & (elapsed <= span + 7) & own.take(week)
        much &= gone > (_RATE + _SLOWED * np.maximum(base, 0)) * elapsed
        much &= gone * level > _LEAST_COUNT
        kept = np.flatnonzero(much)
        days, week = column[kept], week[kept]
        parts: list[Any] = [lesson.rows[row[kept]], days + lesson.start]
        parts += [part[kept] for part in (elapsed, level, count, base, gone)]
        parts += [part.take(week) for part in (learnt.spread, learnt.wander, learnt.rounded)]
        parts.append(worsts[span][row[kept], days - first])
        yield _Sums(*parts)


def _joined(sums: list[_Sums]) -> _Sums:
    names = (field.name for field in fields(_Sums))
    return _Sums(*(np.concatenate([getattr(part, name) for part in sums]) for name in names))


def _loud(sums: _Sums, limit: float) -> tuple[Floats, Bools]:
    """The scores of sums, and which of them stand out."""
    e, level, count, base, gone = sums.elapsed, sums.level, sums.count, sums.base, sums.gone
    level1 = np.maximum(level, 1.0)
    step = np.zeros(len(level))
    step[sums.rounded] = truncation(level1[sums.rounded]) / level1[sums.rounded]
    fell = gone - e * base
    day = sums.worst + base
    rest = (gone - day) * e / np.maximum(e - 1, 1)
    gone = np.where(day > _STEPS_AT_ONCE * step, np.minimum(gone, rest), gone)
    daily = sums.spread.astype(np.float64) ** 2
    weekly = sums.wander.astype(np.float64) ** 2
    # growth may drift away, but that alone makes no count fall
    alone = (gone <= _GONE) | (fell <= _FELL)
    drift = np.where(alone, np.maximum(weekly - daily / 7, 0), 0)
    drift = np.maximum(drift, (_DRIFT * base) ** 2)
    # steps of a rounded count take each other back: its weeks tell more than its days
    calmer = np.clip(_WEEKLY * 7 * weekly, daily / 4, daily)
    daily = np.where(step > 0, calmer, daily)
    variance = e * daily * (1 + e / WINDOW) + drift * e**2 + step**2 / 6
    variance += np.maximum(np.abs(base) * level1 * e, 0.25) / level1**2
    score = gone / np.sqrt(variance)
    loud = (score > limit) & (gone > (_RATE + _SLOWED * np.maximum(base, 0)) * e)
    loud &= (gone > _STEPS * step) & (gone * level > _LEAST_COUNT)
    # growth that ends takes nobody away: the count itself must have fallen
    loud &= (fell > np.where(step > 0, _FELL, _FELL_EXACT)) & (fell > _STEPS_FELL * step)
    loud &= level - count > _LEAST_COUNT
    return score, loud


def _findings(sums: _Sums, score: Floats, factor: Floats) -> Findings:
    """The most surprising span of each account-day."""
    row, column = sums.row, sums.column
    order = np.lexsort((-score, row, column))
    newer = (
        np.append(True, (np.diff(row[order]) != 0) | (np.diff(column[order]) != 0))
        if len(order)
        else np.zeros(0, np.bool_)
    )
    best = order[newer]
    row, column, elapsed, level = row[best], column[best], sums.elapsed[best], sums.level[best]
    change = sums.count[best] - level
    expected = level * np.expm1(elapsed * sums.base[best])
    size = np.abs(change - expected) / level
    floor = _LEAST_SIZE * factor[row]
    return Findings(
        row=row,
        column=column,
        start=column - elapsed + 1,
        check=np.full(len(row), "leak"),
        metric=np.full(len(row), "followers"),
        direction=np.full(len(row), -1),
        change=change,
        expected=expected,
        level=level,
        size=size,
        score=-score[best],
        floor=floor,
        passed=size > floor,
        alarm=size > floor,
    )


def _worst_days(increments: Singles) -> dict[int, Singles]:
    """The largest daily fall of the days up to each column, per span: maxima of maxima."""
    known = {1: np.where(np.isnan(increments), np.float32(0), -increments)}
    for first, second in _DOUBLINGS:
        both = known[first].copy()
        both[:, second:] = np.maximum(both[:, second:], known[first][:, : -second or None])
        known[first + second] = both
    return known


def _sudden_losses(lesson: BaselineFit, first: int) -> tuple[Floats, Singles]:
    """From column `first` on: running sum of the falls that `churn` judges, so that no leak
    is made of a purge, and the increments without them.

    The sums are multiples of 2^-40: those from different first days are equal to the bit.
    """
    series, learnt = lesson.series, lesson.learnt
    days = np.arange(first, series.counts.shape[1])
    week = lesson.week(days - LAG)
    increments, base = series.increments[:, days], in_week(learnt.base, week)
    fall = base - increments
    least = np.maximum(_SUDDEN, 4 * in_week(learnt.spread, week))
    sudden = fall > least
    row, place = cells(sudden & in_week(learnt.rounded, week))
    newest = np.maximum(series.last[row, days[place]], 0)
    level = np.maximum(np.nan_to_num(series.counts[row, newest], nan=1.0), 1.0)
    sudden[row, place] &= fall[row, place] > 1.5 * truncation(level) / level
    row, place = cells(sudden)
    half = np.maximum(increments[row, place].astype(np.float64) / 2, -1 + 1e-7)
    parts = np.zeros(sudden.shape, np.int64)
    # 2 artanh(y / 2) is the log ratio of a difference over the mean level
    log_fall = base[row, place] - 2 * np.arctanh(half)
    parts[row, place] = np.round(log_fall * 2.0**40)
    return np.cumsum(parts, axis=1) / 2.0**40, np.where(sudden, np.float32(0), increments)
