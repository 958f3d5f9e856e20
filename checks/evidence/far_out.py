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

DAYS = (1, 3)
"""Days on end that moves are far out: three show that accounts move in one shape."""

_CHANCE = 1e-6
"""Least chance that so many happen by themselves, by Poisson's law: a group of each platform
and tag is looked at daily in both directions, so that one in ten thousand years is false."""

_USUAL = 14
"""Days before that tell the usual number. On those right before the judged one on which half of
the same accounts moved already, these do not count."""


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


def far_out(excess: Floats, far: Bools) -> FarOut:
    """`excess` (accounts, columns) relative to the level, `far` where it is far out."""
    columns = far.shape[1]
    moved, usual, typical = np.zeros(columns, np.int64), np.zeros(columns), np.zeros(columns)
    wave = np.zeros(columns, np.bool_)
    for days in DAYS:
        lasting = far.copy()
        for back in range(1, days):
            lasting[:, back:] &= far[:, :-back]
            lasting[:, :back] = False
        many = lasting.sum(axis=0)
        for day in np.flatnonzero((many >= LEAST) & ~wave):
            expected = _usual(lasting, int(day))
            if pdtrc(many[day] - 1, expected) < _CHANCE:
                wave[day], moved[day], usual[day] = True, many[day], expected
                typical[day] = np.median(excess[lasting[:, day], day])
    return FarOut(moved, usual, typical, wave)


def _usual(far: Bools, day: int) -> float:
    """The number of far-out moves on the days before, one more day with one added."""
    first, mine = max(day - _USUAL, 0), far[:, day]
    before = far[:, first:day].sum(axis=0)
    along = far[mine, first:day].sum(axis=0)
    others = np.flatnonzero(2 * along < mine.sum())
    event = int(others[-1]) + 1 if others.size else 0
    before[event:] -= along[event:]
    return float(before.sum() + 1) / (day - first + 1)
