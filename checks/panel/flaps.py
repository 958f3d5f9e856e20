"""Leaps of a count that are taken back, seen in every reading of a day."""

from typing import NamedTuple

import numpy as np

from checks.panel.panel import Floats, Ints, truncation

RETURN = 2 * 86_400
"""Seconds within which a count that is back had only flapped."""

MEMORY = 14 * 86_400
"""Seconds for which the size of a flap is remembered: the same leap again is the next one."""

_LEAST_SHARE, _LEAST_COUNT, _STEPS = 0.005, 20.0, 1.5
"""Smallest leap, as the sensitive floors have it, and in display steps of a rounded count."""

_BACK, _AGAIN = 0.1, 0.05
"""Shares of a leap within which the way back must end where it began, and a later leap be as
large, but for what the count gains in two readings anyway. Half misses counters that grow
meanwhile, twice takes noise for flaps."""

_GROWN = 0.1
"""Most of a leap that such gains may be: beyond, a leap is not told from growth."""

_BEFORE = 7
"""Readings before a leap that say what the count gains by itself."""

_CALM = 0.25
"""Share of a leap below which the reading before the first one must have moved."""


class Flaps(NamedTuple):
    """Flat arrays: the readings that end a flap, and its size in counts (positive)."""

    reading: Ints
    size: Floats


def flaps(rows: Ints, at: Ints, counts: Floats) -> Flaps:
    """Leaps there and back, and later ones of the same size in either direction.

    Flat arrays, ordered by row and time; NaN is no reading. A reading is judged by those
    before it alone.
    """
    row, when, value = rows, at, counts
    read = (counts > 0) & (counts < np.inf)
    whole = bool(read.all())
    if not whole:
        row, when, value = rows[read], at[read], counts[read]
    change = np.abs(np.diff(value))
    # the rest is worked out for the few leaps that are large without it
    least = np.maximum(_LEAST_SHARE * value[:-1], _LEAST_COUNT)
    large = 1 + np.flatnonzero(change >= least)
    large = large[row[large] == row[large - 1]]
    large = large[change[large - 1] >= _steps(value[large - 1], value[large])]
    before = value[large - 1]
    leap = value[large] - before
    there, back = large[:-1], large[1:]
    earlier = np.maximum(there - 2, 0)
    previous = np.where(row[earlier] == row[there], before[:-1] - value[earlier], 0.0)
    far = np.abs(leap[:-1])
    apart = np.abs(value[back] - before[:-1])
    pair = np.flatnonzero(
        (row[there] == row[back])
        & (when[back] - when[there] <= RETURN)
        & (np.abs(previous) <= _CALM * far)
        & (apart <= _BACK * far + _GROWN * far)
    )
    pace = _pace(value, row, there[pair])
    near = apart[pair] <= _BACK * far[pair] + np.minimum(2 * pace, _GROWN * far[pair])
    ended, gains = np.zeros(len(large), np.bool_), np.zeros(len(large))
    ended[1 + pair[near]], gains[1 + pair[near]] = True, pace[near]
    some = np.flatnonzero(np.isin(row[large], row[large[ended]]))
    own, last, usual, gained = -1, 0, 0.0, 0.0
    leaps = (row[large[some]], when[large[some]], np.abs(leap[some]), ended[some], gains[some])
    for place, (account, now, size, flap, gain) in enumerate(
        zip(*(each.tolist() for each in leaps), strict=True)
    ):
        known = account == own and now - last <= MEMORY
        again = known and abs(size - usual) <= _AGAIN * usual + min(2 * gained, _GROWN * usual)
        if flap or again:
            ended[some[place]], own = True, account
            last, usual, gained = now, size, gained if again else gain
    found = large[ended]
    return Flaps(found if whole else np.flatnonzero(read)[found], np.abs(leap[ended]))


def _pace(value: Floats, row: Ints, places: Ints) -> Floats:
    """What a count gained (or lost) in each of the _BEFORE readings before those at some
    places, 0 where it went both ways or fewer are known."""
    pace = np.zeros(len(places))
    some = np.flatnonzero(places > _BEFORE)
    first = places[some] - _BEFORE - 1
    counts = value[first[:, None] + np.arange(_BEFORE + 1)]
    gained = np.abs(counts[:, -1] - counts[:, 0])
    steady = np.abs(np.diff(counts)).sum(axis=1) <= gained * (1 + 1e-9)
    steady &= row[first] == row[places[some]]
    pace[some] = np.where(steady, gained / _BEFORE, 0.0)
    return pace


def _steps(before: Floats, after: Floats) -> Floats:
    """The smallest leap between two rounded counts that may be a flap, 0 between others."""
    least = np.zeros(len(before))
    tens = np.flatnonzero((before % 10 == 0) & (after % 10 == 0))
    before, after = before[tens], after[tens]
    unit = truncation(np.minimum(before, after))
    rounded = (before % unit == 0) & (after % unit == 0) & (unit > 1)
    steps = _STEPS * truncation(np.maximum(before, after))
    least[tens] = np.where(rounded, steps, 0.0)
    return least
