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
    read = np.flatnonzero((counts > 0) & (counts < np.inf))
    row, when, value = rows, at, counts
    if len(read) < len(counts):
        row, when, value = rows[read], at[read], counts[read]
    change = np.abs(np.diff(value))
    # the rest is worked out for the few leaps that are large without it
    large = 1 + np.flatnonzero((change >= _LEAST_SHARE * value[:-1]) & (change >= _LEAST_COUNT))
    large = large[row[large] == row[large - 1]]
    large = large[change[large - 1] >= _least(value[large - 1], value[large])]
    before = value[large - 1]
    leap = value[large] - before
    there, back = large[:-1], large[1:]
    earlier = np.maximum(there - 2, 0)
    previous = np.where(row[earlier] == row[there], before[:-1] - value[earlier], 0.0)
    pair = (row[there] == row[back]) & (when[back] - when[there] <= RETURN)
    pace = _pace(value, row, large)
    far = np.abs(leap[:-1])
    room = _BACK * far + np.minimum(2 * pace[:-1], _GROWN * far)
    pair &= np.abs(value[back] - before[:-1]) <= room
    pair &= np.abs(previous) <= _CALM * far
    ended = np.zeros(len(large), np.bool_)
    ended[1:] = pair
    known: dict[int, tuple[int, float, float]] = {}
    for k in np.flatnonzero(np.isin(row[large], row[back[pair]])).tolist():
        place = int(large[k])
        own, size = int(row[place]), abs(float(leap[k]))
        last, usual, gained = known.get(own, (-MEMORY, 0.0, 0.0))
        again = abs(size - usual) <= _AGAIN * usual + min(2 * gained, _GROWN * usual)
        again = again and when[place] - last <= MEMORY
        if ended[k] and not again:
            gained = pace.item(k - 1)
        if ended[k] or again:
            ended[k] = True
            known[own] = int(when[place]), size, gained
    return Flaps(read[large[ended]], np.abs(leap[ended]))


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


def _least(before: Floats, after: Floats) -> Floats:
    """The smallest leap between two counts that may be a flap."""
    lower, upper = np.minimum(before, after), np.maximum(before, after)
    unit = truncation(lower)
    rounded = (before % unit == 0) & (after % unit == 0) & (unit > 1)
    least = np.maximum(_LEAST_SHARE * before, _LEAST_COUNT)
    return np.maximum(least, np.where(rounded, _STEPS * truncation(upper), 0.0))
