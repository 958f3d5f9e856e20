"""Slow losses: small daily falls, or growth that turns, that only a sum over weeks shows."""

import numpy as np

from checks.baseline import (
    GAP,
    LAG,
    WINDOW,
    Learnt,
    Series,
    Singles,
    bridge,
    counts_of,
    linear_rows,
    refreshed,
    taught,
)
from checks.findings import Findings, join, nothing
from checks.model import Rules
from checks.panel import Bools, Floats, Ints, Panel, truncation
from checks.surprise import log_tail

SPANS = (7, 10, 14, 21, 28)
"""Days a leak is summed over."""

_LIMIT = 4.2
_DRIFT = 0.12
"""Share of the growth rate that may drift away within weeks."""
_STEPS = 1.2
_SUDDEN = 0.0125
"""A fall of one day beyond this (and 4 spreads, 1.5 steps) is no part of a leak."""
_STEPS_AT_ONCE = 1.5
"""A worst day of more display steps must not carry the sum: it is replaced by the mean."""
_LEAST = 10.0
"""Accounts that must be gone."""
_UNFALLEN = 6.0
"""Spreads where only growth slowed and the count itself did not fall."""
_DOUBLINGS = ((1, 1), (2, 2), (4, 3), (4, 4), (8, 2), (8, 6), (8, 8), (16, 5), (16, 12))
_ROWS_AT_ONCE = 512


def leaks(panel: Panel, rules: Rules, columns: Ints, factor: Floats) -> Findings:
    """Judged by the sum over each span against what was learnt before the span began.

    The spread of a sum over m days joins the daily spread, the uncertainty of the learnt
    rate (m / WINDOW), its drift, and the display step that the two ends pay once:
    m s^2 (1 + m / 56) + (m drift)^2 + step^2 / 6.
    """
    counts, linear = counts_of(panel, "followers"), linear_rows(panel, "followers")
    start = max(0, int(columns.min()) - SPANS[-1] - LAG - 6 - WINDOW - GAP)
    parts = [nothing()]
    for phase in range(7):
        members = np.flatnonzero((panel.phase == phase) & ~linear)
        for rows in np.array_split(members, 1 + len(members) // _ROWS_AT_ONCE):
            if rows.size:
                series = bridge(counts[rows, start : int(columns.max()) + 1], linear[rows])
                parts.append(
                    _leaks(
                        series, panel, rows, columns - start, start, phase, rules, factor[rows]
                    )
                )
    return join(parts)


def _leaks(
    series: Series,
    panel: Panel,
    rows: Ints,
    columns: Ints,
    start: int,
    phase: int,
    rules: Rules,
    factor: Floats,
) -> Findings:
    day = panel.day + start
    ends = [refreshed(columns - span, day, phase) for span in SPANS]
    weeks = np.unique(
        np.concatenate([*ends, refreshed(np.arange(series.counts.shape[1]) - LAG, day, phase)])
    )
    weekday = int(panel.weekdays[start])
    learnt, own, rounded, drift = taught(series, weeks, (weekday + weeks) % 7)
    shape = (len(rows), len(columns))
    best = {
        name: np.full(shape, np.nan)
        for name in ("change", "expected", "level", "size", "start")
    }
    best["score"] = np.zeros(shape)
    sudden, increments = _sudden_losses(series, learnt, weeks, rounded, day, phase)
    worsts = _worst_days(increments)
    here = np.arange(len(rows))[:, None]
    count = series.counts[:, columns]
    for span, end in zip(SPANS, ends, strict=True):
        week = np.searchsorted(weeks, end)
        before = series.last[:, np.maximum(columns - span, 0)].astype(np.int64)
        elapsed = columns - before
        known = (columns >= span) & (before >= 0) & (elapsed <= span + 7) & own[:, week]
        level = series.counts[here, np.maximum(before, 0)]
        move = np.log(np.maximum(count, 1) / np.maximum(level, 1))
        base = learnt.base[:, week].astype(np.float64)
        spread = learnt.spread[:, week].astype(np.float64)
        step = np.where(
            rounded[:, week], truncation(np.nan_to_num(level)) / np.maximum(level, 1), 0
        )
        gone = (
            elapsed * base
            - move
            - (sudden[here, columns] - sudden[here, np.maximum(before, 0)])
        )
        fell = level - count
        worst = worsts[span][:, columns] + base
        rest = (gone - worst) * elapsed / np.maximum(elapsed - 1, 1)
        gone = np.where(worst > _STEPS_AT_ONCE * step, np.minimum(gone, rest), gone)
        slow = np.maximum(_DRIFT * np.abs(base), drift[:, week]) * elapsed
        variance = elapsed * spread**2 * (1 + elapsed / WINDOW) + slow**2 + step**2 / 6
        variance += np.maximum(np.abs(base) * level * elapsed, 0.25) / np.maximum(level, 1) ** 2
        score = gone / np.sqrt(variance)
        loud = known & (gone > 0.6 * (0.001 + 0.75 * np.maximum(base, 0)) * elapsed)
        loud &= (gone > _STEPS * step) & (gone * level > _LEAST) & (score > best["score"])
        loud &= (fell > 0) | (score > _UNFALLEN)
        for name, value in (
            ("score", score),
            ("change", count - level),
            ("expected", level * np.expm1(elapsed * base)),
            ("level", level),
            ("start", columns + start - elapsed + 1 + np.zeros(shape)),
        ):
            best[name] = np.where(loud, value, best[name])
    row, place = np.nonzero((best["score"] > _LIMIT) & (series.last[:, columns] == columns))
    pick = {name: value[row, place] for name, value in best.items()}
    size = np.abs(pick["change"] - pick["expected"]) / pick["level"]
    return Findings(
        row=rows[row],
        column=columns[place] + start,
        start=pick["start"].astype(np.int64),
        check=np.full(len(row), "leak"),
        metric=np.full(len(row), "followers"),
        direction=np.full(len(row), -1),
        change=pick["change"],
        expected=pick["expected"],
        level=pick["level"],
        size=size,
        score=-pick["score"],
        log_p=log_tail(pick["score"]),
        floor=np.full(len(row), 0.003),
        passed=np.ones(len(row), np.bool_),
        alarm=size > 0.003 * factor[row],
    )


def _worst_days(increments: Singles) -> dict[int, Floats]:
    """The largest daily fall of the days up to each column, per span: maxima of maxima."""
    worst = -np.nan_to_num(increments).astype(np.float64)
    known = {1: worst}

    def join(first: int, second: int) -> None:
        span = first + second
        known[span] = known[first].copy()
        known[span][:, second:] = np.maximum(
            known[first][:, second:], known[first][:, :-second]
        )

    for first, second in (
        (1, 1),
        (2, 2),
        (4, 3),
        (4, 4),
        (8, 2),
        (8, 6),
        (8, 8),
        (16, 5),
        (16, 12),
    ):
        join(first, second)
    return known


def _sudden_losses(
    series: Series, learnt: Learnt, weeks: Ints, rounded: Bools, day: int, phase: int
) -> tuple[Floats, Singles]:
    """Running sum of the falls that `churn` judges: no leak is made of a purge.

    And the increments without them. The sums are multiples of 2^-40, so that those from
    different first days are equal to the bit.
    """
    days = np.arange(series.counts.shape[1])
    week = np.searchsorted(weeks, refreshed(days - LAG, day, phase))
    fall = learnt.base[:, week] - np.nan_to_num(series.increments)
    level = np.maximum(np.nan_to_num(series.counts, nan=1.0), 1.0)
    step = np.where(rounded[:, week], truncation(level) / level, 0.0)
    sudden = fall > np.maximum(_SUDDEN, np.maximum(1.5 * step, 4 * learnt.spread[:, week]))
    parts = np.round(np.where(sudden, fall, 0.0) * 2.0**40).astype(np.int64)
    return np.cumsum(parts, axis=1) / 2.0**40, np.where(sudden, 0, series.increments)
