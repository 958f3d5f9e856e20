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
        known = np.pad(np.cumsum(self.on, axis=1), ((0, 0), (1, 0)))
        return np.asarray(known[row, last + 1] > known[row, np.maximum(first, 0)], np.bool_)


def flapping(panel: Panel) -> Flapping:
    """Which counters flap on each day."""
    shape = panel.metrics["followers"].shape
    on = np.zeros(shape, np.bool_)
    since, times, size = np.zeros(shape, np.int64), np.zeros(shape, np.int64), np.zeros(shape)
    if panel.flaps is None or panel.flap_size is None:
        return Flapping(on, since, times, size)
    some = np.flatnonzero(panel.flaps.any(axis=1))
    times[some] = _within(panel.flaps[some], MEMORY)
    on[some] = (times[some] >= TWICE) & (_within(panel.flaps[some], SETTLED) > 0)
    columns = np.arange(shape[1])
    starts = on & ~np.concatenate([np.zeros((shape[0], 1), np.bool_), on[:, :-1]], axis=1)
    since = np.maximum.accumulate(np.where(starts, columns, 0), axis=1)
    last = np.maximum.accumulate(np.where(panel.flap_size > 0, columns, 0), axis=1)
    size = np.take_along_axis(panel.flap_size, last, axis=1)
    return Flapping(on, since, times, size)


def _within(counted: Ints, days: int) -> Ints:
    total = np.cumsum(counted, axis=1)
    total[:, days:] -= total[:, :-days].copy()
    return total
