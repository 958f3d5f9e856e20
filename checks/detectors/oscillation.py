"""The follow/unfollow habit: the own following count that swings up and back again."""

import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from checks.baseline.fit import BaselineFit, Learning, fits, in_week
from checks.detectors.explain import Evidence, Explanation
from checks.detectors.findings import Day, Findings, join, nothing
from checks.model import Finding, Severity
from checks.panel.panel import Bools, Floats, Ints, counts_of, filled, logs_at
from checks.reasons import reason

AMPLITUDES = (0.05, 0.08, 0.12)
"""Log sizes of a leg that are looked for: habits swing by 4 to 15 %."""

LEGS = (2, 3, 4)
"""Days of a leg that are looked for; a cycle of following and unfollowing takes two of them."""

CHAIN = 6
"""Legs that one swing is followed back through."""

_QUIET = 20
"""Days before a judged one that do not teach its spread: a swing lasts for weeks."""
_GAP = 14
"""Days between readings of `following` over which it is still one series."""

_LEAST_SWING = 0.03
"""Least swing (share of the count) of the last week that is told."""

_CAP = 8.0
"""Nats that one leg may add at most: no single leap is a habit."""

_COST = 1.5
"""Nats that a leg costs, for the choice among LEGS and AMPLITUDES."""

_SAME = 0.25
"""Share of a leap within which the readings around it are the same."""

_LIMIT = 12.0
"""Nats of the best chain of legs from which a habit is told: with _CAP at least two legs."""


def find(day: Day) -> Findings:
    """Likelihood of legs of alternating direction.

    Per amplitude A, with G the log of the count: S_t(dir) = max over legs l of
    max(S_{t-l}(-dir), 0) + min(8, (A X - A^2 / 2) / v) - 1.5, X = dir (G_t - G_{t-l}), where
    v joins l daily variances with the rounding of a count to whole accounts.
    """
    panel, columns = day.panel, day.columns
    if "following" not in panel.metrics:
        return nothing()
    counts = counts_of(panel, "following")
    ends = _on_a_leg(counts, columns)
    rows = np.flatnonzero(ends.any(axis=1))
    first, last = max(int(columns.min()) - CHAIN * LEGS[-1], 0), int(columns.max())
    parts = [nothing()]
    if rows.size:
        asked = Learning(first - _QUIET, last - _QUIET, last, gap=_GAP, linear=True)
        for lesson in fits(panel, "following", rows, asked):
            here = ends[lesson.rows]
            parts.append(_swings(lesson, columns - lesson.start, here, day.factor))
    return join(parts)


def explain(finding: Finding, evidence: Evidence) -> Explanation:
    """Critical where the own following count is near its platform's limit."""
    why = []
    if not math.isnan(finding.size):
        why.append(reason("swings", percent=round(100 * finding.size, 1)))
    if evidence.near_limit is not None:
        share = round(100 * evidence.following / evidence.near_limit, 1)
        why.append(
            reason(
                "near_limit",
                following=round(evidence.following),
                share=share,
                limit=round(evidence.near_limit),
            )
        )
    severity: Severity = "warning" if evidence.near_limit is None else "critical"
    advice = ("stop_automation", "keep_below_limits")
    sure = 0.97 if finding.direction == "swing" else 0.85
    return Explanation("follow_unfollow", sure, why, advice, severity)


def _on_a_leg(counts: Floats, columns: Ints) -> Bools:
    """Where the count moved by half the least amplitude, and by two, over one leg."""
    now = logs_at(counts, columns)
    least = np.maximum(AMPLITUDES[0] / 2, 2 * np.exp(-now))
    on_a_leg = np.zeros(now.shape, np.bool_)
    with np.errstate(invalid="ignore"):
        for leg in LEGS:
            on_a_leg |= np.abs(now - logs_at(counts, columns - leg)) > least
    return on_a_leg & ~np.isnan(counts[:, columns])


def _swings(lesson: BaselineFit, columns: Ints, ends: Bools, factor: Floats) -> Findings:
    series, rows, start = lesson.series, lesson.rows, lesson.start
    counts = series.counts
    days = counts.shape[1]
    week = lesson.week(np.arange(days) - _QUIET)
    spread = np.where(lesson.learnt.own, lesson.learnt.spread, np.nan).astype(np.float64)
    spread = in_week(spread, week)
    log_count = np.log(np.maximum(filled(counts), 1.0))
    count = np.exp(log_count)
    noise = 1 / (6 * np.maximum(count, 1.0) ** 2)
    variance = (spread / count) ** 2
    variances = {leg: leg * variance + noise for leg in LEGS}
    steady = _without_lone(log_count)
    inside = {leg: _moved(steady, steady, leg) for leg in LEGS}
    ending = inside
    if steady is not log_count:
        ending = {leg: _moved(log_count, steady, leg) for leg in LEGS}
    best = np.zeros(counts.shape)
    for amplitude in AMPLITUDES:
        inner = _gains(inside, variances, amplitude)
        last = inner if ending is inside else _gains(ending, variances, amplitude)
        chain = {1: np.zeros(counts.shape), -1: np.zeros(counts.shape)}
        for _ in range(CHAIN):
            ended = _legs(chain, last)
            best = np.maximum(best, np.maximum(ended[1], ended[-1]))
            chain = ended if last is inner else _legs(chain, inner)
    score = np.where(ends, best[:, columns], 0)
    row, place = np.nonzero(score > _LIMIT)
    column = columns[place]
    recent = sliding_window_view(log_count, min(8, days), axis=1)[
        row, np.maximum(column - 7, 0)
    ]
    level = counts[row, column]
    swing = np.expm1(recent.max(axis=1) - recent.min(axis=1))
    before = np.maximum(column - 1, 0)
    surprise = score[row, place]
    return Findings(
        row=rows[row],
        column=column + start,
        start=column + start,
        check=np.full(len(row), "oscillation"),
        metric=np.full(len(row), "following"),
        direction=np.zeros(len(row), np.int64),
        change=level - np.exp(log_count[row, before]),
        expected=np.zeros(len(row)),
        level=level,
        size=swing,
        score=np.sqrt(2 * surprise),
        floor=np.full(len(row), _LEAST_SWING),
        passed=np.ones(len(row), np.bool_),
        alarm=swing > _LEAST_SWING * factor[rows[row]],
    )


_Gains = dict[tuple[int, int], Floats]
"""What a leg of so many days adds, by its direction: (rows, days)."""


def _legs(chain: dict[int, Floats], gains: _Gains) -> dict[int, Floats]:
    """Chains that are one leg longer."""
    return {
        direction: np.maximum.reduce(
            [
                _shift(np.maximum(chain[-direction], 0), leg) + gains[leg, direction]
                for leg in LEGS
            ]
        )
        for direction in (1, -1)
    }


def _moved(to: Floats, since: Floats, leg: int) -> Floats:
    """How far a count went in so many days; NaN before any."""
    move = np.full(to.shape, np.nan)
    move[:, leg:] = to[:, leg:] - since[:, :-leg]
    return move


def _gains(moves: dict[int, Floats], variances: dict[int, Floats], amplitude: float) -> _Gains:
    return {
        (leg, direction): _gain(direction * moves[leg], amplitude, variances[leg])
        for leg in LEGS
        for direction in (1, -1)
    }


def _gain(move: Floats, amplitude: float, variance: Floats) -> Floats:
    """Nats by which a leg of the amplitude explains a move better than rest does."""
    gain = np.minimum((amplitude * move - amplitude**2 / 2) / variance, _CAP)
    found: Floats = np.nan_to_num(gain, nan=-9.0) - _COST
    return found


def _without_lone(logs: Floats) -> Floats:
    """Log counts without single readings that leapt from a count which stood still, and were
    back at the next one: each is known a day later, before a leg can begin there."""
    before, now, after = logs[:, 1:-2], logs[:, 2:-1], logs[:, 3:]
    with np.errstate(invalid="ignore"):
        leap = np.abs(now - before)
        same = np.maximum(_SAME * leap, 1.01 * np.exp(-before))
        lone = (leap >= AMPLITUDES[0] / 2) & (np.abs(after - before) <= same)
        lone &= np.abs(before - logs[:, :-3]) <= same
    if not lone.any():
        return logs
    steady = logs.copy()
    steady[:, 2:-1] = np.where(lone, before, now)
    return steady


def _shift(values: Floats, by: int) -> Floats:
    moved = np.zeros_like(values)
    moved[:, by:] = values[:, :-by]
    return moved
