"""Seconds to hours in which far more came than such spans ever bring."""

import math

import numpy as np
import numpy.typing as npt

from checks.lists.joins import Burst, Floats
from checks.lists.lists import Times
from checks.model import DAY

SHORT = (1, 10, 60, 600, 3_600)
"""Seconds of the spans inside a day."""

_SMALLEST_SHORT = 0.002
"""Share of the list that makes a burst within a minute; a longer one takes what days take."""

_BUSIEST = 2.0
"""Times the mean hour of a day that its busiest one brings."""

FEWEST = 10
"""Follows below which nothing is called a burst."""


def short_bursts(times: Times, told: list[Burst], names: int, smallest: float) -> list[Burst]:
    """Seconds to hours that hold far more than such spans ever do, outside what is told."""
    rest = times
    for one in told:
        rest = rest[(rest < one.start) | (rest > one.stop)]
    found: list[Burst] = []
    for seconds in SHORT:
        if len(rest) < 2 * FEWEST:
            break
        share = smallest if seconds > 60 else min(smallest, _SMALLEST_SHORT)
        least = max(FEWEST, share * names)
        for shift in (0, seconds // 2):
            first, many = _runs((rest + shift) // seconds)
            usual = float(np.quantile(many, 0.99)) if len(many) > 100 else 1.0
            limit = max(least, _limit(usual))
            starts = first[many >= limit] * seconds - shift
            beside = _beside(rest, starts, seconds)
            for start, own in zip(starts.tolist(), beside.tolist(), strict=True):
                one = _short_burst(rest, start, seconds, max(usual, own), names)
                if one.joined >= max(least, _limit(one.usual)):
                    found.append(one)
    return _apart(found)


def _limit(usual: float) -> float:
    """How many make a burst where so many usually come."""
    return max(3 * usual, usual + 8 * math.sqrt(usual) + 5)


def _beside(times: Times, starts: Times, seconds: int) -> Floats:
    """How many the half day before and after each span lets expect in it, (spans,): a post
    raises its whole day."""
    edges = [starts - DAY // 2, starts, starts + seconds, starts + seconds + DAY // 2]
    before, first, last, after = np.searchsorted(times, edges)
    usual: Floats = (first - before + after - last) * (_BUSIEST * seconds / DAY)
    return usual


def _runs(ordered: Times) -> tuple[Times, npt.NDArray[np.intp]]:
    """Each value of a sorted array and how often it stands there."""
    edges = np.append(0, np.flatnonzero(np.diff(ordered)) + 1)
    return ordered[edges], np.diff(np.append(edges, len(ordered)))


def _short_burst(times: Times, start: int, seconds: int, usual: float, names: int) -> Burst:
    left, right = np.searchsorted(times, [start, start + seconds])
    joined = int(right - left)
    return Burst(
        start=int(times[left]),
        stop=int(times[right - 1]),
        joined=joined,
        usual=round(usual, 1),
        share=max(0.0, joined - usual) / names,
        score=round((joined - usual) / (usual + 1) ** 0.5, 1),
    )


def _apart(found: list[Burst]) -> list[Burst]:
    """The most surprising of those that overlap: a minute within a busy hour is the minute."""
    kept: list[Burst] = []
    for one in sorted(found, key=lambda each: -each.score):
        if all(one.stop < other.start or one.start > other.stop for other in kept):
            kept.append(one)
    return kept
