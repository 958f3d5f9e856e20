"""Moves far beyond their accounts' own spreads, counted against how many a group usually has.

A few of very many accounts are no share of a group that stands out; but so many moves beyond
FAR spreads on one day, where there is hardly ever one, are no chance.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import pdtrc  # type: ignore[import-untyped]

from checks.panel.panel import Bools, Floats, Ints

FAR = 8.0
"""Spreads from which a move is far out."""

LEAST_SIZE = 0.003
"""Least move, relative to the level: a quiet count is far out with a handful of people."""

LEAST = 4
"""Accounts from which far-out moves are looked at together."""

DAYS = (1, 2, 3, 5)
"""Days on end of which each carries its part of a move so far out: more than one show that
accounts move in lockstep."""

_CHANCE = 1e-6
"""Least chance that so many happen by themselves, by Poisson's law: a group of each platform
and tag is looked at daily in both directions, so that one in ten thousand years is false."""

_USUAL = 14
"""Days before that tell the usual number. What the same accounts did on the days right before
the judged one is the same move, and does not count."""


@dataclass(frozen=True)
class FarOut:
    """Far-out moves of one group and direction; arrays (columns,).

    `moved` is how many there are, `usual` how many there usually are, `typical` the median move
    relative to the level; `wave` says on which days that is no chance.
    """

    moved: Ints
    usual: Floats
    typical: Floats
    wave: Bools


def far_out(excess: Floats, spread: Floats) -> FarOut:
    """How far accounts lay off on each day, relative to the level, NaN where nothing was read,
    and the spreads of it; arrays (accounts, columns)."""
    columns = excess.shape[1]
    moved, usual, typical = np.zeros(columns, np.int64), np.zeros(columns), np.zeros(columns)
    wave = np.zeros(columns, np.bool_)
    once, along = is_far(excess, spread, 1), _along(excess, spread)
    for days in DAYS:
        far = once if days == 1 else is_far(excess, spread, days)
        many = far.sum(axis=0)
        for day in np.flatnonzero((many >= LEAST) & ~wave).tolist():
            # accounts that often jump by themselves do so two days on end too
            mine = far[:, day]
            expected = max(_usual(far, along, day), _usual(once[mine], along[mine], day))
            if pdtrc(many[day] - 1, expected) < _CHANCE:
                wave[day], moved[day], usual[day] = True, many[day], expected
                typical[day] = np.median(excess[far[:, day], day])
    return FarOut(moved, usual, typical, wave)


def is_far(excess: Floats, spread: Floats, days: int) -> Bools:
    """Where so many days on end, but for unread ones, lay FAR spreads off in all: (accounts,
    columns)."""
    part = FAR / np.sqrt(days)
    with np.errstate(invalid="ignore"):
        far = (excess > part * spread) & (excess >= LEAST_SIZE / days)
    lasting, still = far.copy(), far | np.isnan(excess)
    for back in range(1, days):
        lasting[:, back:] &= still[:, :-back]
        lasting[:, :back] = False
    return np.asarray(lasting, np.bool_)


def _along(excess: Floats, spread: Floats) -> Bools:
    """Where an account moves on half as far, or was not read."""
    with np.errstate(invalid="ignore"):
        moves = (excess > FAR / 2 * spread) & (excess >= LEAST_SIZE / 2)
    return np.asarray(moves | np.isnan(excess), np.bool_)


def _usual(far: Bools, along: Bools, day: int) -> float:
    """The number of far-out moves on the days before, one more day with one added. What the
    same accounts did since they moved `along` day after day is the judged move itself."""
    first = max(day - _USUAL, 0)
    before, mine = far[:, first:day], far[:, day]
    since = np.logical_and.accumulate(along[mine, first:day][:, ::-1], axis=1)[:, ::-1]
    same = before[mine] & since
    return float(before.sum() - same.sum() + 1) / (day - first + 1)
