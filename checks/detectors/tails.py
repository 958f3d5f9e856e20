"""From scores to tail probabilities, and from those to false-discovery control."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from checks.model import Rules
from checks.panel.panel import Bools, Floats, Ints

_TAIL_FROM = 4.5
"""The score that an ordinary account-day passes with a chance of 1e-4."""

_TAIL_LOG_P = float(np.log(1e-4))
"""The log of that chance."""

_TAIL_SLOPE = 6.0
"""Exponent of the assumed power law beyond: a score twice as high is 64 times as rare."""

HEAVIEST = 2.5
"""The least exponent of a tail (Student's t of 3 degrees has 3): a pool that looks heavier
holds true moves, and those must not excuse themselves."""


def score_limit(rules: Rules) -> float:
    """The score beyond which an ordinary account-day lies with the rules' alpha.

    By a power law assumed, not fitted: through 1e-4 at 4.5 with exponent 6. It is the scale on
    which alpha and the checks are tuned; what an account-day truly risks is told by the fitted
    `Tails`, which may be far heavier.
    """
    return float(_TAIL_FROM * np.exp((_TAIL_LOG_P - np.log(rules.alpha)) / _TAIL_SLOPE))


@dataclass(frozen=True)
class Tails:
    """Pools of scores in one direction: ranks up to `high`, a power law above.

    All draw on the ascending `scores`: `members` are pool x len(scores) + place, in order, of
    which `start` to `stop` are a pool's scores from `low` on, of `total`. The exponent is
    fitted between `low` and `high`, the upper share given and 0.3 of it, where anomalies are
    too few to matter: ranks that hold the anomalies themselves have no power, and a pool
    cleaned of what was flagged has lost the null's own tail.
    """

    scores: Floats
    members: Ints
    start: Ints
    stop: Ints
    total: Ints
    low: Floats
    high: Floats
    beyond: Floats
    exponent: Floats

    def log_p(self, score: Floats, pool: Ints) -> Floats:
        """Log of the chance that an ordinary account-day scores beyond; at most log share. All
        arrays (k,)."""
        high = self.high[pool]
        power = self.exponent[pool] * np.log(np.maximum(score, high) / high)
        log_p = np.log(self.beyond)[pool] - power
        inside = ~(score > high)
        pool = pool[inside]
        place = _place(self.scores, self.members, score[inside], pool, "left")
        rank = self.stop[pool] - np.maximum(place, self.start[pool])
        log_p[inside] = np.log(np.maximum(rank, 1) / self.total[pool])
        return np.asarray(log_p, np.float64)

    def ordinary(self) -> tuple[Ints, Ints]:
        """Pool and place of every score between `low` and `high`. Both (k,)."""
        pools = np.arange(len(self.total))
        first = _place(self.scores, self.members, self.low, pools, "left")
        end = _place(self.scores, self.members, self.high, pools, "right")
        pool, index = runs(first, end)
        return pool, self.members[index] - pool * len(self.scores)


def tail_size(total: Ints, share: float) -> Ints:
    """How many of that many scores their upper share holds, at least one. Of the shape of
    `total` (pools,)."""
    return total - np.minimum(((1 - share) * total).astype(np.int64), total - 1)


def fit_tails(scores: Floats, drawn: Bools, total: Ints, share: float = 0.05) -> Tails:
    """From the ascending scores of many account-days in one direction (NaN free).

    `drawn` (pools, scores) says which each pool holds. Of its `total` scores only the upper
    share is looked at, the others may be left out.
    """
    pools, size = np.arange(len(total)), len(scores)
    members = np.flatnonzero(drawn)
    begin, stop = np.searchsorted(members, (pools * size, (pools + 1) * size))
    start = np.maximum(stop - tail_size(total, share), begin)
    top = start + (0.7 * (stop - start - 1)).astype(np.int64)
    low = np.maximum(scores[members[start] - pools * size], 1e-9)
    high = np.maximum(scores[members[top] - pools * size], low)
    first = np.maximum(start, _place(scores, members, low, pools, "left"))
    end = _place(scores, members, high, pools, "right")
    pool, index = runs(first, end)
    logs = np.log(scores[members[index] - pool * size] / low[pool])
    mean = np.bincount(pool, logs, len(pools)) / np.maximum(end - first, 1)
    exponent = _truncated_pareto(end - first, mean, high / low)
    beyond = np.maximum(stop - end, 1) / total
    exponent = np.maximum(exponent, HEAVIEST)
    return Tails(scores, members, start, stop, total, low, high, beyond, exponent)


def _place(
    scores: Floats, members: Ints, score: Floats, pool: Ints, side: Literal["left", "right"]
) -> Ints:
    """Where each score belongs among the members of its pool."""
    return np.searchsorted(members, pool * len(scores) + np.searchsorted(scores, score, side))


def runs(first: Ints, stop: Ints) -> tuple[Ints, Ints]:
    """All whole numbers of each run, the runs one after the other, and whose each is. (runs,)
    in, two arrays (numbers,) out."""
    many = stop - first
    run = np.repeat(np.arange(len(many)), many)
    return run, np.arange(len(run)) + np.repeat(stop - np.cumsum(many), many)


def _truncated_pareto(known: Ints, mean: Floats, end: Floats) -> Floats:
    """Maximum-likelihood exponents of Pareto laws on [1, end] (Aban et al. 2006, eq. 3).

    `mean` are the means of so many `known` logs.
    """
    told = (end > 1.0 + 1e-9) & (known >= 2)
    stop = np.log(np.where(told, end, 2.0))
    least, most = np.full(len(end), 0.5), np.full(len(end), 50.0)
    for _ in range(50):
        middle = (least + most) / 2
        fall = np.exp(-middle * stop)
        more = 1 / middle - stop * fall / (1 - fall) > mean
        least, most = np.where(more, middle, least), np.where(more, most, middle)
    return np.where(told, least, 3.0)


def discovery_limit(log_p: Floats, q: float, tests: Ints | int) -> Floats:
    """The largest log p that Benjamini-Hochberg rejects at `q` among `tests`; -inf if none.

    Of each row of `log_p`, where infinities are no tests; (days, tests) in, (days,) out;
    natural logs.
    """
    ordered = np.sort(log_p, axis=-1)
    rank = np.log(np.arange(1, ordered.shape[-1] + 1))
    line = np.log(q) + rank - np.log(np.maximum(tests, 1))[..., None]
    passed = np.where(ordered <= line, ordered, -np.inf)
    return np.asarray(passed.max(axis=-1, initial=-np.inf), np.float64)
