"""Joins by day from one list, of survivors only: who still follows.

`bursts` finds the spans in which far more came than usual.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from checks.lists.lists import Times
from checks.model import DAY
from checks.panel.build import day_ends

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinDays:
    """`counts` survivors who joined in each of the local days that end at `ends`.

    Both (days,). Follows that are dated after the list itself are left out.
    """

    ends: Ints
    counts: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """`joined` survivors came from `start` to `stop` (epoch seconds, both included), where
    `usual` do in such a span; `share` is their excess in the whole list (0 to 1), `score` the
    excess in spreads. `awake`: far more came by night than the list's own day has."""

    start: int
    stop: int
    joined: int
    usual: float
    share: float
    score: float
    awake: bool = False

    @property
    def extra(self) -> int:
        """How many more than usual came."""
        return max(0, round(self.joined - self.usual))


def join_days(since: Times, *, at: int, timezone: str = "UTC") -> JoinDays:
    """Counts by local day up to the day of `at`, from the first dated follow on."""
    known = np.sort(since[(since > 0) & (since <= at + DAY)])
    if not len(known):
        return JoinDays(ends=np.empty(0, np.int64), counts=np.empty(0, np.float64))
    last = end_of_day(max(at, int(known[-1])), timezone)
    ends = day_ends(last, timezone, (last - int(known[0])) // DAY + 2)
    until = np.searchsorted(known, ends, side="right")
    counts = np.diff(np.append(0, until)).astype(np.float64)
    first = int(np.flatnonzero(counts)[0])
    return JoinDays(ends=ends[first:], counts=counts[first:])


def end_of_day(at: int, timezone: str) -> int:
    """23:59:59 of the local day that holds `at`."""
    from datetime import datetime, time
    from zoneinfo import ZoneInfo

    zone = ZoneInfo(timezone)
    day = datetime.fromtimestamp(at, zone).date()
    return int(datetime.combine(day, time(23, 59, 59), zone).timestamp())
