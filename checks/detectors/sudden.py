"""What the checks of sudden rises and falls share: candidates and their judgement."""

from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from checks.baseline.expected import LOUD, SPANS, Move, merged
from checks.baseline.fit import LAG
from checks.detectors.findings import Day, Findings
from checks.detectors.tails import score_limit
from checks.model import Rules
from checks.panel.panel import (
    GAP,
    GLITCH_DAYS,
    GLITCH_REST,
    Bools,
    Floats,
    Ints,
    Shorts,
    bridge,
    counts_of,
    linear_rows,
    without_glitches,
)

PAST = 90
"""Days of the account's own past whose jumps count."""

OFTEN = 4
"""Days of PAST that may hold a move of one kind before such moves are an account's ordinary
life: what falls once in three weeks is news each time."""

RARE = {1: 1, -1: OFTEN}
"""The same for rises of ordinary size, of which most that come twice come again."""

LONGER = (7, 10)
"""Days over which a rise is summed where engagement vouches for it."""

TAKEN_BACK = {1: GLITCH_DAYS, -1: 6}
"""Days within which a rise takes back a fall, and a fall a rise: a surge that leaves again
within the week is told with the surge."""

_LOOKED_BACK = 10
"""Days among which the readings before a move are looked for."""

LOWEST = 0.3
"""No floor lies below this part of the rules' percent, whatever engagement and feedback say."""

_NEARLY = 0.8
"""Share of the largest excess from which a shorter span tells the move instead: it names the
day."""


@dataclass(frozen=True)
class Sudden:
    """Account-days that moved in one direction; arrays (k,), or (spans, k) per span.

    `excess` and `spread` are log ratios (counts without a level), `change` is the shown
    change in counts over each span. `past` is the largest excess of each span in the
    account's PAST days before it, `usual_past` that without its RARE largest
    single days, `often` without the OFTEN largest, all without what came back within 48 hours;
    `changes` were read in the last WINDOW days.
    """

    row: Ints
    column: Ints
    metric: str
    direction: int
    excess: Floats
    spread: Floats
    expected: Floats
    change: Floats
    level: Floats
    elapsed: Shorts
    step: Floats
    past: Floats
    usual_past: Floats
    often: Floats
    changes: Shorts
    linear: Bools

    def take(self, index: npt.NDArray[np.intp]) -> "Sudden":
        arrays = {
            f.name: getattr(self, f.name)[..., index]
            for f in fields(self)
            if f.name not in ("metric", "direction")
        }
        return replace(self, **arrays)


def candidates(day: Day, metric: str, direction: int, *, least: float = 0.0) -> Sudden:
    """Account-days worth a closer look: beyond 3 spreads and `least` in any span.

    `least` is a log ratio; a series without a level passes it.
    """
    counts, linear = counts_of(day.panel, metric), linear_rows(day.panel, metric)
    residuals = day.residuals(metric)
    row, place = np.divmod(residuals.loud, max(len(day.columns), 1))
    column, moves = day.columns[place], residuals.moves
    with np.errstate(invalid="ignore"):
        excess = direction * moves.excess
        beyond = (excess > LOUD * moves.spread) & (linear[row] | (excess > least))
    kept = np.flatnonzero(beyond.any(axis=0))
    flat = linear[row[kept]]
    back = _came_back(counts, row[kept], column[kept], flat, excess[0, kept], direction)
    kept = kept[~back]
    at, row, column = residuals.loud[kept], row[kept], column[kept]
    flat = linear[row]
    moves = moves.at((slice(None), kept))
    first = moves.at(0)
    longer = [_longer(first, counts, row, column, flat, span) for span in LONGER]
    moves = merged([moves, *longer], np.vstack)
    before = counts[row, np.maximum(column - moves.elapsed, 0)]
    base = first.expected / first.elapsed
    past, usual_past, often = _past(counts, linear, row, column, direction, base)
    return Sudden(
        row=row,
        column=column,
        metric=metric,
        direction=direction,
        excess=direction * moves.excess,
        spread=moves.spread,
        expected=np.where(
            flat, moves.expected, moves.level * np.expm1(np.where(flat, 0, moves.expected))
        ),
        change=counts[row, column] - before,
        level=np.where(flat, np.nan, moves.level),
        elapsed=moves.elapsed,
        step=residuals.step.ravel()[at],
        past=past,
        usual_past=usual_past,
        often=often,
        changes=residuals.changes.ravel()[at],
        linear=flat,
    )


def _came_back(
    counts: Floats, row: Ints, column: Ints, linear: Bools, excess: Floats, direction: int
) -> Bools:
    """Where a move only takes back a sudden one: the end of a counter's error.

    Either only the newest reading before is off, or it is less than TAKEN_BACK days since the
    level left the one that it is back at, as near as GLITCH_REST of the one-day `excess`. A
    fall need not come near it: what came at once and goes in part is the rise's own story.
    """
    days = column[:, None] - np.arange(_LOOKED_BACK)
    some = np.where(days >= 0, counts[row[:, None], np.maximum(days, 0)], np.nan)
    at = np.argsort(np.isnan(some), axis=1, kind="stable")
    value = np.take_along_axis(some, at, axis=1)
    value = np.where(linear[:, None], value, np.log(np.maximum(value, 1.0)))
    with np.errstate(invalid="ignore"):
        # readings stand newest first: [0] is judged, those from [2] on may be the level before
        near = np.abs(value[:, :1] - value[:, 2:]) <= GLITCH_REST * excess[:, None]
        left = direction * (value[:, 2:] - value[:, 1:-1])
        near &= left >= (1 - GLITCH_REST) * excess[:, None]
        if direction < 0:
            near |= left >= excess[:, None]
    recent = at[:, 1:-1] <= TAKEN_BACK[direction]
    recent[:, 0] = True
    return np.asarray((near & recent).any(axis=1), np.bool_)


def _level_before(
    counts: Floats, index: Ints, column: Ints, span: int
) -> tuple[Floats, Shorts]:
    days = column[:, None] - span - np.arange(GAP - span + 1)
    before = np.where(days >= 0, counts[index[:, None], np.maximum(days, 0)], np.nan)
    back = np.argmax(~np.isnan(before), axis=1)
    return before[np.arange(len(index)), back], (span + back).astype(np.int16)


def _longer(
    day: Move, counts: Floats, row: Ints, column: Ints, linear: Bools, span: int
) -> Move:
    """The change since the last reading at least `span` days before, expected and spread as
    over one; NaN where GAP days hold none."""
    rows, index = np.unique(row, return_inverse=True)
    level, elapsed = _level_before(counts[rows], index, column, span)
    count = counts[row, column]
    move = np.where(linear, count - level, np.log(np.maximum(count, 1) / np.maximum(level, 1)))
    times = elapsed / np.maximum(day.elapsed, 1)
    level = np.where(linear, 1.0, np.maximum(level, 1.0))
    return Move(move, day.expected * times, day.spread * np.sqrt(times), level, elapsed)


def _past(
    counts: Floats, linear: Bools, row: Ints, column: Ints, direction: int, base: Floats
) -> tuple[Floats, Floats, Floats]:
    """The largest excess of each span in the PAST days before it began, (spans, k); with all
    days, without the RARE largest, and without the OFTEN largest.
    """
    if not row.size:
        nothing = np.zeros((len(SPANS + LONGER), 0))
        return nothing, nothing, nothing
    rows, index = np.unique(row, return_inverse=True)
    flat = linear[rows]
    increments = bridge(without_glitches(counts[rows], flat), flat).increments
    blank = np.full((len(rows), PAST), np.nan, np.float32)
    padded = np.concatenate([blank, increments], axis=1)
    windows = np.ascontiguousarray(
        sliding_window_view(padded, PAST, axis=1)[index, column - 1].T, np.float64
    )
    missing = np.isnan(windows)
    excess = np.subtract(windows, base, out=windows)
    excess *= direction
    np.putmask(excess, missing, 0.0)
    # a short past has not shown all it can do
    known = PAST - missing.sum(axis=0, dtype=np.int16)
    short = PAST / np.clip(known, PAST / 3, PAST)
    largest = [_largest(excess) * short]
    for many in (RARE[direction], OFTEN - RARE[direction]):
        for _ in range(many):
            excess[excess[: PAST + 1 - LAG].argmax(axis=0), np.arange(len(row))] = 0.0
        largest.append(_largest(excess) * short if many else largest[-1])
    past, usual, often = largest
    return past, usual, often / short


def _largest(excess: Floats) -> Floats:
    """The largest sum of each span that ended before the judged one began, at least 0.

    `excess` is (PAST, k): NumPy adds whole rows fast, short ones not.
    """
    total = np.zeros((PAST + 1, excess.shape[1]))
    for day in range(PAST):
        np.add(total[day], excess[day], out=total[day + 1])
    largest = np.zeros((len(SPANS + LONGER), excess.shape[1]))
    for place, span in enumerate(SPANS + LONGER):
        ends = total[: PAST + 1 - max(span, LAG)]
        largest[place] = np.max(ends[span:] - ends[:-span], axis=0)
    return np.maximum(largest, 0.0)


def judge(
    sudden: Sudden, rules: Rules, floor: Floats, least: Floats, *, check: str
) -> Findings:
    """The span that stands out most decides; `floor` (spans, k) in the units of `excess`.

    A span stands out by the smaller of its surprise over the limit of alpha and its size
    over the floor: both must pass. Of a span of several days the newest must
    carry its part, or an old jump would be found again; of spans that say nearly the same the
    shortest tells when it began. `least` is the floor in counts.
    """
    limit = score_limit(rules)
    with np.errstate(invalid="ignore", divide="ignore"):
        plain = sudden.excess / sudden.spread
        score = np.minimum(plain, limit * sudden.excess / floor)
        part = sudden.excess[0] * 2 * sudden.elapsed >= sudden.excess
    score = np.where(part & (score > 0), score, 0.0)
    every = np.arange(score.shape[1])
    best = np.argmax(score, axis=0)
    near = (score > limit) & (sudden.excess >= _NEARLY * sudden.excess[best, every])
    best = np.where(near.any(axis=0), near.argmax(axis=0), best)
    kept = np.flatnonzero((plain[best, every] > LOUD) & (score[best, every] > 0))
    pick = (best[kept], kept)
    change, expected = sudden.change[pick], sudden.expected[pick]
    count = np.abs(change - expected)
    passed = (sudden.excess[pick] >= floor[pick]) & (count >= least[kept])
    return Findings(
        row=sudden.row[kept],
        column=sudden.column[kept],
        start=sudden.column[kept] - np.asarray(SPANS + LONGER)[best[kept]] + 1,
        check=np.full(len(kept), check),
        metric=np.full(len(kept), sudden.metric),
        direction=np.full(len(kept), sudden.direction),
        change=change,
        expected=expected,
        level=sudden.level[pick],
        size=np.where(sudden.linear[kept], np.nan, count / level_of(sudden)[pick]),
        score=sudden.direction * plain[pick],
        floor=floor[pick],
        passed=passed,
        alarm=passed & (plain[pick] > limit),
    )


def floors(
    sudden: Sudden, rules: Rules, sizes: Floats, *, past: Floats, steps: float, factor: Floats
) -> Floats:
    """(spans, k): `sizes` times the rules' percent, never under the step or the own past.

    Without a level the rules' count stands; an infinite size is never passed.
    """
    with np.errstate(invalid="ignore"):
        floor = np.where(sudden.linear, rules.min_count, sizes * rules.min_percent / 100)
    # after days without a reading the growth rate itself is in doubt
    late = sudden.elapsed - np.asarray(SPANS + LONGER)[:, None]
    gap = np.where(late > 2, np.sqrt(1 + np.maximum(late, 0.0)), 1.0)
    floor = np.where(np.isinf(sizes), np.inf, floor * factor * gap)
    if rules.own_floors and rules.min_percent == 0:
        past = np.zeros_like(past)
    shown = np.where(sudden.step > 1, steps * sudden.step / level_of(sudden), 0.0)
    return np.maximum(np.maximum(floor, shown), past)


def level_of(sudden: Sudden) -> Floats:
    """The level before each span, 1 where there is none. In counts, (spans, k)."""
    return np.where(sudden.linear, 1.0, np.nan_to_num(sudden.level, nan=1.0))
