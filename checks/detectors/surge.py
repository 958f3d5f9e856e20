"""Slow rises: many days of more growth than usual, none of which stands out alone."""

import numpy as np

from checks.baseline.fit import REACH, WINDOW
from checks.detectors.findings import Day, Findings, nothing
from checks.panel.panel import (
    LOOKBACK,
    Bools,
    Floats,
    Ints,
    bridge,
    cells,
    counts_of,
    linear_rows,
    logs_at,
    without_glitches,
)

SPANS = (14, 21, REACH)
"""Days a slow rise is summed over."""

_TIMES = 6.0
"""Times the usual growth of the eight weeks before from which a rise is no drift. Real growth
doubles within a month by itself; tuned on the tuning half of the YouTube channels."""

_SIZE = 2.0
"""Least excess, in units of the rules' percent."""

_LIMIT = 25.0
"""Least excess in spreads of a sum of ordinary days."""

_PAST = 3.0
"""Times the largest gain over as many days of the account's own past."""

_EVEN, _FEW = 0.6, 3
"""Least share that must come on other days than the largest few: what comes at once is told at
once."""


def find(day: Day) -> Findings:
    """Gains over two or four weeks far beyond the eight weeks before these and all that the
    account's readings of LOOKBACK days show."""
    if day.rules.min_percent <= 0:
        return nothing()  # a sum is not under discovery control
    counts, columns = counts_of(day.panel, "followers"), day.columns
    ago = {span: np.maximum(columns - span, -1) for span in (0, *SPANS, REACH + WINDOW)}
    days = np.unique(np.concatenate(list(ago.values())))
    logs = logs_at(counts, days)

    def log(span: int) -> Floats:
        return logs.take(np.searchsorted(days, ago[span]), axis=1)

    usual = (log(REACH) - log(REACH + WINDOW)) / WINDOW
    least = _SIZE * day.rules.min_percent / 100
    rising = np.zeros(usual.shape, np.bool_)
    with np.errstate(invalid="ignore"):
        for span in SPANS:
            gained = log(0) - log(span)
            rising |= (gained > _TIMES * usual * span) & (gained - usual * span > least)
    rising &= ~np.isnan(day.residuals("followers").day.move)
    rising &= ~linear_rows(day.panel, "followers")[:, None]
    row, place = cells(rising)
    return _judged(day, row, columns[place]) if row.size else nothing()


def _judged(day: Day, row: Ints, column: Ints) -> Findings:
    """The most surprising span of each account-day."""
    steps, read = _steps(day, row, column)
    score, span, expected = np.zeros(len(row)), np.full(len(row), SPANS[0]), np.zeros(len(row))
    past = steps[:, REACH : REACH + WINDOW]
    usual = _mean(past)
    read &= np.sum(~np.isnan(past), axis=1)[:, None] >= WINDOW // 2
    excess = steps - usual[:, None]
    excess[np.isnan(excess)] = 0.0
    least = _SIZE * day.rules.min_percent / 100
    for days in SPANS:
        own = np.zeros(len(row))
        total = excess[:, :days].sum(axis=1)
        large = np.flatnonzero((total > least) & (total > (_TIMES - 1) * usual * days))
        own[large] = _score(excess[large], read[large], total[large], days)
        better = own > score
        score[better], span[better] = own[better], days
        expected[better] = usual[better] * days
    kept = np.flatnonzero(score > _LIMIT)
    row, column, span, score = row[kept], column[kept], span[kept], score[kept]
    gained = np.where(np.arange(steps.shape[1]) < span[:, None], steps[kept], 0.0)
    count = counts_of(day.panel, "followers")[row, column]
    level = count * np.exp(-np.nansum(gained, axis=1))
    change, expected = count - level, level * np.expm1(expected[kept])
    size = (change - expected) / level
    floor = least * day.factor[row]
    passed = (size > floor) & (change - expected >= day.rules.min_count)
    many = len(kept)
    return Findings(
        row=row,
        column=column,
        start=column - span + 1,
        check=np.full(many, "surge"),
        metric=np.full(many, "followers"),
        direction=np.ones(many, np.int64),
        change=change,
        expected=expected,
        level=level,
        size=size,
        score=score,
        floor=floor,
        passed=passed,
        alarm=passed,
    )


def _steps(day: Day, row: Ints, column: Ints) -> tuple[Floats, Bools]:
    """Daily log ratios up to each judged day, the newest first, and whether each day was read:
    (k, LOOKBACK)."""
    rows, index = np.unique(row, return_inverse=True)
    counts = counts_of(day.panel, "followers")[rows]
    flat = np.zeros(len(rows), np.bool_)
    series = bridge(without_glitches(counts, flat), flat)
    days = column[:, None] - np.arange(LOOKBACK)
    here = index[:, None], np.maximum(days, 0)
    steps = np.where(days >= 0, series.increments[here].astype(np.float64), np.nan)
    return steps, (days >= 0) & series.seen[here]


def _score(excess: Floats, read: Bools, total: Floats, days: int) -> Floats:
    """Spreads by which each gain of `total` over `days` exceeds the usual one, 0 where it came
    at once, on few days that were read, or where the account has gained nearly as much before;
    `excess` (k, LOOKBACK) is what each day gained beyond the usual."""
    ordered = np.sort(excess[:, :days], axis=1)
    before = excess[:, REACH : REACH + WINDOW]
    spread = np.maximum(np.sqrt((before**2).mean(axis=1)), 1e-6)
    running = np.cumsum(np.pad(excess[:, days:], ((0, 0), (1, 0))), axis=1)
    past = (running[:, days:] - running[:, :-days]).max(axis=1)
    told = total > _PAST * past
    told &= ordered[:, :-_FEW].sum(axis=1) > _EVEN * total
    told &= read[:, :days].sum(axis=1) >= days // 2
    return np.where(told, total / (spread * np.sqrt(days)), 0.0)


def _mean(steps: Floats) -> Floats:
    """Of what is known in each row, 0 where nothing is."""
    known = (~np.isnan(steps)).sum(axis=1)
    return np.asarray(np.nansum(steps, axis=1) / np.maximum(known, 1), np.float64)
