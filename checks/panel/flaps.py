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
large. Half misses counters that grow meanwhile, twice takes noise for flaps."""

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
    row, when, value = rows[read], at[read], counts[read]
    leap = np.diff(value, prepend=value[:1])
    leap[1:][row[1:] != row[:-1]] = 0
    before = value - leap
    # the display step is worked out for the few leaps that are large without it
    large = np.flatnonzero(np.abs(leap) >= np.maximum(_LEAST_SHARE * before, _LEAST_COUNT))
    large = large[np.abs(leap[large]) >= _least(before[large], value[large])]
    there, back = large[:-1], large[1:]
    previous = np.append(0.0, leap)[there]
    pair = (row[there] == row[back]) & (when[back] - when[there] <= RETURN)
    pair &= np.abs(value[back] - before[there]) <= _BACK * np.abs(leap[there])
    pair &= np.abs(previous) <= _CALM * np.abs(leap[there])
    ended = np.zeros(len(large), np.bool_)
    ended[1:] = pair
    known: dict[int, tuple[int, float]] = {}
    for k in np.flatnonzero(np.isin(row[large], row[back[pair]])).tolist():
        place = int(large[k])
        own, size = int(row[place]), abs(float(leap[place]))
        last, usual = known.get(own, (-MEMORY, 0.0))
        again = when[place] - last <= MEMORY and abs(size - usual) <= _AGAIN * usual
        if ended[k] or again:
            ended[k] = True
            known[own] = int(when[place]), size
    return Flaps(read[large[ended]], np.abs(leap[large[ended]]))


def _least(before: Floats, after: Floats) -> Floats:
    """The smallest leap between two counts that may be a flap."""
    lower, upper = np.minimum(before, after), np.maximum(before, after)
    unit = truncation(lower)
    rounded = (before % unit == 0) & (after % unit == 0) & (unit > 1)
    least = np.maximum(_LEAST_SHARE * before, _LEAST_COUNT)
    return np.maximum(least, np.where(rounded, _STEPS * truncation(upper), 0.0))
