"""Counts of exactly 0 where there had been many: held as missing, then told."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from checks.panel.panel import Floats, Panel

HELD_HOURS = 48
"""A count of exactly 0 is held as missing this long before anything is said."""


class Zeros(NamedTuple):
    """An account's zeros: the column of the first, the one from which they are `known` to last
    (beyond the panel where they are not yet), and the count before."""

    row: int
    first: int
    known: int
    before: float


def lasting_zeros(panel: Panel, values: Floats, column: int = -1) -> Iterator[Zeros]:
    """Accounts whose newest reading up to `column` is a zero that has lasted for 48 hours."""
    column %= max(panel.days, 1)
    zeros = panel.zeros
    if zeros is None:
        return
    for row in np.flatnonzero(zeros[:, : column + 1].any(axis=1)).tolist():
        read = np.flatnonzero(~np.isnan(values[row, : column + 1]))
        if not read.size or not zeros[row, int(read[-1]) + 1 : column + 1].any():
            continue
        first = int(read[-1]) + 1 + int(zeros[row, int(read[-1]) + 1 :].argmax())
        known = int(np.searchsorted(panel.ends, panel.ends[first] + HELD_HOURS * 3600))
        if known <= column:
            yield Zeros(row, first, known, float(values[row, read[-1]]))
