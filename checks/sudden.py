"""What the checks of sudden rises and falls share: candidates and their judgement."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from checks.baseline import LAG, SPANS, Outlook, bridge
from checks.findings import Findings
from checks.model import Rules
from checks.panel import Bools, Floats, Ints
from checks.surprise import log_tail, score_limit

PAST = 90
"""Days of the account's own past whose jumps count."""

_LEAST_SIZE = 0.003
_LEAST_SCORE = 3.0


@dataclass(frozen=True)
class Sudden:
    """Account-days that moved in one direction; entry arrays (k,), per span (len(SPANS), k).

    `excess` and `spread` are log ratios (counts without a level), `change` is the shown
    change in counts over each span. `past` is the second largest one-day excess of the
    account's last PAST days in that direction.
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
    elapsed: Ints
    step: Floats
    past: Floats
    linear: Bools

    def take(self, index: npt.NDArray[np.intp]) -> "Sudden":
        parts = {
            f.name: value if isinstance(value, str | int) else value[..., index]
            for f in fields(self)
            for value in [getattr(self, f.name)]
        }
        return Sudden(**parts)


def candidates(
    outlook: Outlook,
    counts: Floats,
    linear: Bools,
    columns: Ints,
    *,
    metric: str,
    direction: int,
) -> Sudden:
    """Account-days worth a closer look: beyond 3 spreads and 0.3 % in any span."""
    loud = np.zeros(outlook.held.shape, np.bool_)
    with np.errstate(invalid="ignore"):
        for move in outlook.moves:
            excess = direction * move.excess
            loud |= (excess > _LEAST_SCORE * move.spread) & (
                linear[:, None] | (excess > _LEAST_SIZE)
            )
    row, place = np.nonzero(loud)

    def per_span(name: str) -> npt.NDArray[np.generic]:
        return np.stack([getattr(move, name)[row, place] for move in outlook.moves])

    excess, expected = per_span("excess"), per_span("expected")
    level, elapsed = per_span("level"), per_span("elapsed")
    flat = linear[row]
    before = np.stack([counts[row, columns[place] - e] for e in elapsed])
    return Sudden(
        row=row,
        column=columns[place],
        metric=metric,
        direction=direction,
        excess=direction * excess,
        spread=per_span("spread"),
        expected=np.where(flat, expected, level * np.expm1(expected)),
        change=counts[row, columns[place]] - before,
        level=np.where(flat, np.nan, level),
        elapsed=elapsed,
        step=outlook.step[row, place],
        past=_past(counts, linear, row, columns[place], direction),
        linear=flat,
    )


def _past(counts: Floats, linear: Bools, row: Ints, column: Ints, direction: int) -> Floats:
    """The second largest daily increment of PAST days up to LAG + 1 days before `column`."""
    if not row.size:
        return np.zeros(0)
    rows, index = np.unique(row, return_inverse=True)
    increments = bridge(counts[rows], linear[rows]).increments
    blank = np.full((len(rows), PAST), np.nan, np.float32)
    padded = np.concatenate([blank, increments], axis=1)
    windows = sliding_window_view(padded, PAST - LAG, axis=1)
    past = direction * windows[index, column - LAG - 1 + PAST - (PAST - LAG) + 1]
    past[np.isnan(past)] = 0
    second = np.partition(past, PAST - LAG - 2, axis=1)[:, PAST - LAG - 2]
    return np.maximum(second, 0).astype(np.float64)


def judge(
    sudden: Sudden,
    rules: Rules,
    *,
    sizes: Sequence[float],
    past: Floats,
    steps: float,
    factor: Floats,
    check: str,
) -> Findings:
    """The span that stands out most decides.

    The size that does not matter enters as if it were noise: score = excess /
    sqrt(spread^2 + (floor / limit)^2), so that a score beyond the limit of alpha implies
    that both the surprise and the size passed.
    """
    limit = score_limit(rules)
    level = np.where(sudden.linear, 1.0, np.nan_to_num(sudden.level, nan=1.0))
    percent = np.where(sudden.linear, 0.0, rules.min_percent / 100)
    least = np.asarray(sizes)[:, None] * percent * factor
    floor = np.maximum(least, np.where(sudden.step > 1, steps * sudden.step / level, 0.0))
    floor = np.maximum(floor, past)
    floor = np.maximum(floor, np.where(sudden.linear, rules.min_count * factor, 0.0))
    with np.errstate(invalid="ignore"):
        plain = sudden.excess / sudden.spread
        score = sudden.excess / np.sqrt(sudden.spread**2 + (floor / limit) ** 2)
    best = np.argmax(np.nan_to_num(score, nan=-1.0), axis=0)
    pick = (best, np.arange(len(best)))
    kept = np.flatnonzero(plain[pick] > limit)
    pick = (best[kept], kept)
    excess = np.where(sudden.linear[kept], sudden.excess[pick], np.abs(sudden.excess[pick]))
    change, expected = sudden.change[pick], sudden.expected[pick]
    count = np.abs(change - expected)
    least_count = np.minimum(
        rules.min_count * factor[kept], 6 * sudden.spread[pick] * level[pick]
    )
    return Findings(
        row=sudden.row[kept],
        column=sudden.column[kept],
        start=sudden.column[kept] - np.asarray(SPANS)[best[kept]] + 1,
        check=np.full(len(kept), check),
        metric=np.full(len(kept), sudden.metric),
        direction=np.full(len(kept), sudden.direction),
        change=change,
        expected=expected,
        level=sudden.level[pick],
        size=np.where(sudden.linear[kept], np.nan, count / level[pick]),
        score=sudden.direction * plain[pick],
        log_p=log_tail(plain[pick]),
        floor=floor[pick],
        alarm=(score[pick] > limit) & (count >= least_count) & (excess > 0),
    )
