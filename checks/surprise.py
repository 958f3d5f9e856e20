"""From scores to tail probabilities, and from those to false-discovery control."""

import math
from dataclasses import dataclass

import numpy as np

from checks.model import Rules
from checks.panel import Floats

_TAIL_FROM = 4.5
_TAIL_LOG_P = float(np.log(1e-4))
_TAIL_SLOPE = 6.0

HEAVIEST = 2.5
"""The least exponent of a tail (Student's t of 3 degrees has 3): a pool that looks heavier
holds true moves, and those must not excuse themselves."""


def log_tail(score: Floats) -> Floats:
    """Log probability that an ordinary account-day scores beyond `score` in one direction.

    A power law assumed, not fitted: through 1e-4 at 4.5 with exponent 6. It is the scale on
    which alpha and the checks are tuned; what an account-day truly risks is told by the fitted
    `Tail`, which may be far heavier. At most log 0.5.
    """
    with np.errstate(divide="ignore"):
        tail = _TAIL_LOG_P - _TAIL_SLOPE * np.log(np.maximum(score, 0.0) / _TAIL_FROM)
    return np.minimum(tail, np.log(0.5))


def score_limit(rules: Rules) -> float:
    """The score whose tail probability is the rules' alpha."""
    return float(_TAIL_FROM * np.exp((_TAIL_LOG_P - np.log(rules.alpha)) / _TAIL_SLOPE))


@dataclass(frozen=True)
class Tail:
    """Scores pooled in one direction: ranks up to `high`, a power law above.

    `body` are the sorted scores from `low` on, of `total`. The exponent is fitted between
    `low` and `high`, the upper share given and 0.3 of it, where anomalies are too
    few to matter: ranks that hold the anomalies themselves have no power, and a pool cleaned
    of what was flagged has lost the null's own tail.
    """

    body: Floats
    total: int
    low: float
    high: float
    beyond: float
    exponent: float

    def log_p(self, score: Floats) -> Floats:
        """Log of the chance that an ordinary account-day scores beyond; at most log share."""
        log_p = np.log(self.beyond) - self.exponent * np.log(
            np.maximum(score, self.high) / self.high
        )
        inside = ~(score > self.high)
        rank = len(self.body) - np.searchsorted(self.body, score[inside], side="left")
        log_p[inside] = np.log(np.maximum(rank, 1) / self.total)
        return np.asarray(log_p, np.float64)


def tail_size(total: int, share: float) -> int:
    """How many of that many scores its upper share holds, at least one."""
    return total - min(int((1 - share) * total), total - 1)


def fit_tail(scores: Floats, share: float = 0.05, total: int | None = None) -> Tail:
    """From the scores of many account-days in one direction (NaN free).

    Of `total` scores only the upper share is looked at, the others may be left out.
    """
    total = len(scores) if total is None else total
    body = np.sort(scores)[-tail_size(total, share) :]
    low = max(float(body[0]), 1e-9)
    high = max(float(body[int(0.7 * (len(body) - 1))]), low)
    first, stop = np.searchsorted(body, low, "left"), np.searchsorted(body, high, "right")
    beyond = max(float(len(body) - stop), 1.0) / total
    exponent = max(_truncated_pareto(body[first:stop] / low, high / low), HEAVIEST)
    return Tail(body, total, low, high, beyond, exponent)


def _truncated_pareto(ratios: Floats, end: float) -> float:
    """Maximum-likelihood exponent of a Pareto law on [1, end] (Aban et al. 2006, eq. 3)."""
    if end <= 1.0 + 1e-9 or len(ratios) < 2:
        return 3.0
    mean, stop = float(np.log(ratios).mean()), float(np.log(end))
    least, most = 0.5, 50.0
    for _ in range(50):
        middle = (least + most) / 2
        fall = math.exp(-middle * stop)
        if 1 / middle - stop * fall / (1 - fall) > mean:
            least = middle
        else:
            most = middle
    return least


def discovery_limit(log_p: Floats, q: float, tests: int) -> float:
    """The largest log p that Benjamini-Hochberg rejects at `q` among `tests`; -inf if none."""
    ordered = np.sort(log_p)
    line = np.log(q) + np.log(np.arange(1, len(ordered) + 1)) - np.log(max(tests, 1))
    passed = np.flatnonzero(ordered <= line)
    return float(ordered[passed[-1]]) if passed.size else -np.inf
