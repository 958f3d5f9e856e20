"""The day on which a sudden move really began."""

import math
from dataclasses import replace

import numpy as np

from checks.model import DAY, Finding
from checks.panel.panel import Floats

_HOLDS = 0.85
"""Share of the excess that must lie behind the day called the onset: a day or two of noise may
miss. Nearer to 1 the search rarely moves, at half it skips the first day of slow moves."""


def onset(counts: Floats, start: int, column: int, change: float, expected: float) -> int:
    """The latest day from which on a move still holds 85 % of its excess.

    `counts` is one account's row; `change` and `expected` span the days from `start` to
    `column`. A search over several days tends to begin before the move did.
    """
    first = max(0, start - 30)
    recent = counts[first : column + 1]
    known = np.flatnonzero(~np.isnan(recent)) + first
    daily = expected / (column - start + 1)
    for day in range(column, start, -1):
        earlier = known[known < day]
        if not earlier.size:
            break
        before = int(earlier[-1])
        rest = float(counts[column] - counts[before]) - daily * (column - before)
        if math.copysign(1.0, change - expected) * rest >= _HOLDS * abs(change - expected):
            return day
    return start


def shortened(finding: Finding, start: int, before: int, base: float, now: float) -> Finding:
    """The finding told from the day that ends at `start` on.

    `before` and `base` are time and count of the last reading of an earlier day, `now` the
    count at the end.
    """
    days = (finding.at - finding.start) / DAY + 1
    expected = finding.expected * min((finding.at - before) / DAY / days, 1.0)
    change = now - base
    linear = math.isnan(finding.level)
    return replace(
        finding,
        start=start,
        change=change,
        expected=expected,
        level=finding.level if linear else base,
        size=finding.size if linear else abs(change - expected) / base,
    )
