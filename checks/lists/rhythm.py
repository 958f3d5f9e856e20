"""Ordinary life of a list: what a day brings beside what is usual, and how posts fade.

A hidden Markov chain (Rabiner, Proc. IEEE 77, 1989). Each day lies at the height of a post, in
units of what is usual; posts begin anew and fade from day to day, and every day's rate is
gamma-distributed about its height (what comes is negative binomial).
"""

from functools import cache
from itertools import product
from typing import NamedTuple

import numpy as np
from scipy.special import gammaln  # type: ignore[import-untyped]

from checks.lists.joins import Floats

_HEIGHTS = np.array([0.0, 0.3, 0.6, 1.0, 1.7, 3.0, 5.0, 9.0, 16.0, 30.0, 60.0])
"""Heights of posts in units of a usual day: each is half again or twice the one before it."""

_LAST, _LEAST_POST, _TAIL = 0.46, 0.7, 3.0
"""Of a post's followers a day later, the least height of one, and the exponent of the Pareto
law of heights: our choice, as those of tests/bench/audiences.py."""

RATES = 0.07 * 1.5 ** np.arange(18)
"""Rates of a day in units of what is usual, over which is summed: (rates,)."""

_SHAPES = (2.0, 4.0, 8.0, 16.0, 40.0)
"""Shapes of the gamma distribution that a list may have: its days scatter by 70 to 16 %."""

_POSTS = (0.01, 0.04, 0.1)
"""Shares of days with a new post that it may have."""

_OUTLIER = 1e-4
"""Chance below which a day says no more of a list's rhythm: it may hold what is looked for."""


class Rhythm(NamedTuple):
    """`shape` of the gamma distribution of a day's rate; `brings` (heights, rates) how likely
    each rate is at a height; `turns` (heights, heights) how likely a height is after another;
    `first` (heights,) how likely each is by itself."""

    shape: float
    brings: Floats
    turns: Floats
    first: Floats


def likelihoods(counts: Floats, usual: Floats) -> Floats:
    """How likely the counts of days are at each rate: (days, rates), as logs, by Poisson's
    law."""
    due = usual[:, None] * RATES
    seen = counts[:, None]
    found: Floats = seen * np.log(due) - due - gammaln(seen + 1)
    return found


def rhythm_of(logs: Floats) -> Rhythm:
    """The rhythm under which the days of a list, `logs` (days, rates), are likeliest."""
    likely = np.exp(logs)

    def fit(one: Rhythm) -> float:
        days = likely @ (one.first @ one.brings)
        return float(np.log(np.maximum(days, _OUTLIER)).sum())

    return max((_rhythm(*each) for each in product(_SHAPES, _POSTS)), key=fit)


@cache
def _rhythm(shape: float, posts: float) -> Rhythm:
    edges = np.append((_HEIGHTS[1:] + _HEIGHTS[:-1]) / 2, np.inf)
    higher = np.minimum(1.0, _LEAST_POST / edges) ** _TAIL
    heights = -np.diff(np.append(1.0, higher))
    new = np.where(_HEIGHTS > 0, posts * heights / heights[1:].sum(), 1 - posts)
    turns = np.zeros((len(_HEIGHTS), len(_HEIGHTS)))
    for before, height in enumerate(_HEIGHTS):
        for add, share in zip(_HEIGHTS, new, strict=True):
            low, high, part = _between(_LAST * height + add)
            turns[before, low] += share * (1 - part)
            turns[before, high] += share * part
    first = np.full(len(_HEIGHTS), 1 / len(_HEIGHTS))
    for _ in range(40):
        first = first @ turns
    # what is usual holds the usual posts
    scaled = RATES * (1 + first @ _HEIGHTS) / (1 + _HEIGHTS[:, None])
    brings = scaled**shape * np.exp(-shape * scaled)
    brings /= brings.sum(axis=1, keepdims=True)
    return Rhythm(shape, brings, turns, first)


def _between(height: float) -> tuple[int, int, float]:
    """The heights around one, and how far it lies from the lower one to the upper one."""
    low = min(int(np.searchsorted(_HEIGHTS, height, side="right")) - 1, len(_HEIGHTS) - 2)
    step = _HEIGHTS[low + 1] - _HEIGHTS[low]
    return low, low + 1, min(float((height - _HEIGHTS[low]) / step), 1.0)


def ordinary(rhythm: Rhythm, likely: Floats) -> tuple[Floats, Floats]:
    """Forward through the days, of which `likely` (days, levels, heights) where what is usual
    lies at several levels: how likely each height is before a day at the first level (days,
    heights), and the day itself after those before it (days, levels)."""
    ahead, seen = np.empty((len(likely), likely.shape[2])), np.empty(likely.shape[:2])
    state = np.tile(rhythm.first, (likely.shape[1], 1))
    for day, each in enumerate(likely):
        ahead[day] = state[0]
        state = state * each
        seen[day] = np.maximum(state.sum(axis=1), 1e-300)
        state = state / seen[day][:, None] @ rhythm.turns
    return ahead, seen
