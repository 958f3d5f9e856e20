"""Counters that show two values in turns."""

from dataclasses import dataclass

import numpy as np

from checks.panel.panel import Bools, Floats, Ints, Panel

MEMORY, TWICE = 14, 2
"""Days within which that many flaps make a counter a flapping one."""

SETTLED = 7
"""Days without a flap after which it has settled."""


@dataclass(frozen=True)
class Flapping:
    """Arrays (accounts, days): `on` while a counter flaps, known `since` that column,
    the flaps of the last MEMORY days in `times`, the size of the newest in `size` (counts)."""

    on: Bools
    since: Ints
    times: Ints
    size: Floats

    def within(self, row: Ints, first: Ints, last: Ints) -> Bools:
        """Whether some counters flapped on any day from `first` to `last`: (k,)."""
        rows, place = np.unique(row, return_inverse=True)
        known = np.pad(np.cumsum(self.on[rows], axis=1), ((0, 0), (1, 0)))
        return np.asarray(known[place, last + 1] > known[place, np.maximum(first, 0)], np.bool_)


def flapping(panel: Panel) -> Flapping:
    """Which counters flap on each day."""
    shape = panel.metrics["followers"].shape
    on = np.zeros(shape, np.bool_)
    since, times, size = np.zeros(shape, np.int64), np.zeros(shape, np.int64), np.zeros(shape)
    if panel.flaps is None or panel.flap_size is None:
        return Flapping(on, since, times, size)
    some, columns = np.flatnonzero(panel.flaps.any(axis=1)), np.arange(shape[1])
    flaps, sizes = panel.flaps[some], panel.flap_size[some]
    times[some] = _within(flaps, MEMORY)
    flap = (times[some] >= TWICE) & (_within(flaps, SETTLED) > 0)
    starts = flap & ~np.pad(flap[:, :-1], ((0, 0), (1, 0)))
    on[some], since[some] = flap, np.maximum.accumulate(np.where(starts, columns, 0), axis=1)
    last = np.maximum.accumulate(np.where(sizes > 0, columns, 0), axis=1)
    size[some] = np.take_along_axis(sizes, last, axis=1)
    return Flapping(on, since, times, size)


def _within(counted: Ints, days: int) -> Ints:
    total = np.cumsum(counted, axis=1)
    total[:, days:] -= total[:, :-days].copy()
    return total
