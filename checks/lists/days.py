"""A list by days and parts of days, and how many a day usually brings."""

from dataclasses import dataclass

import numpy as np

from checks.lists.joins import Floats, Ints, JoinDays
from checks.lists.lists import Times
from checks.model import DAY

PARTS = 8
"""Parts of a day in which equally many of the list joined: long by night, short by evening."""

_CROWDED = 2.0 / PARTS
"""A list with more than so much of its follows in one part of the day has dates, no hours."""

_WEEKS = 8
"""Weeks before and after a day that say what is usual; half are too few for a month-long drip,
twice as many lag behind a growing account."""

_BEFORE, _AFTER = 4, 3
"""Weeks that must be known before a day, for an account's launch is no burst, and after it, for
what follows to say anything."""

_FEWEST = 1 / 14
"""Follows a day that are usual at least: fewer a list does not tell from none."""


@dataclass(slots=True)
class Days:
    """`counts` (days,) of the local days that end at `ends` (days,), and of their `parts`
    (days, parts), each of which is `long` (parts,) as a share of a day."""

    ends: Ints
    counts: Floats
    parts: Floats
    long: Floats

    @classmethod
    def of(cls, joins: JoinDays, times: Times) -> "Days":
        """`times` are sorted and no later than the last day's end."""
        day = np.searchsorted(joins.ends, times)
        began = np.append(joins.ends[0] - DAY, joins.ends[:-1])[day]
        inside = np.clip(times - began - 1, 0, DAY - 1)
        cuts = np.unique(np.quantile(inside, np.arange(1, PARTS) / PARTS).astype(np.int64))
        part = np.searchsorted(cuts, inside, side="right")
        share = np.bincount(part, minlength=PARTS) / max(len(times), 1)
        counts = joins.counts.copy()
        if len(cuts) < PARTS - 1 or share.max() > _CROWDED:
            return cls(joins.ends, counts, counts[:, None].copy(), np.ones(1))
        parts = np.bincount(day * PARTS + part, minlength=len(counts) * PARTS)
        long = np.diff(np.concatenate(([0], cuts, [DAY]))) / DAY
        return cls(joins.ends, counts, parts.reshape(-1, PARTS).astype(np.float64), long)

    def usual(self) -> Floats:
        """Followers a day that the weeks around and its weekday let expect, (days,); NaN where
        too few weeks lie before. The higher of before and after: a rhythm that stays raised is
        growth."""
        before = _level(self.counts, range(-7, -7 * (_WEEKS + 1), -7), _BEFORE)
        after = _level(self.counts, range(1, 7 * _WEEKS, 7), _AFTER)
        level = np.where(np.isnan(before), np.nan, np.fmax(before, after))
        usual: Floats = np.maximum(_weekdays(self.counts, self.ends) * level, _FEWEST)
        return usual

    def forget(self, first: int, last: int, usual: Floats) -> None:
        """What was found no longer teaches what is usual, nor hides the next."""
        inside = slice(first, last + 1)
        self.counts[inside] = usual[inside]
        self.parts[inside] = usual[inside, None] / self.parts.shape[1]


def _level(counts: Floats, offsets: range, least: int) -> Floats:
    """Follows a day in the weeks that begin so many days from each day (days,): the mean of
    their middle half, NaN where fewer than `least` are known."""
    weeks = _weeks(counts, offsets)
    weeks.sort(axis=1)  # NaN last
    known = np.count_nonzero(~np.isnan(weeks), axis=1)
    low, high = known // 4, known - known // 4
    place = np.arange(len(offsets))
    middle = (place >= low[:, None]) & (place < high[:, None])
    total = np.where(middle, np.nan_to_num(weeks), 0.0).sum(axis=1)
    return np.where(known >= least, total / np.maximum(high - low, 1) / 7, np.nan)


def _weeks(counts: Floats, offsets: range) -> Floats:
    """Sums of whole weeks that begin so many days from each day: (days, weeks), NaN outside."""
    if len(counts) < 7:
        return np.full((len(counts), len(offsets)), np.nan)
    total = np.append(0.0, np.cumsum(counts))
    sums = total[7:] - total[:-7]
    first = np.arange(len(counts))[:, None] + np.array(offsets)
    inside = (first >= 0) & (first < len(sums))
    return np.where(inside, sums[np.clip(first, 0, len(sums) - 1)], np.nan)


def _weekdays(counts: Floats, ends: Ints) -> Floats:
    """How much of a mean day each day's weekday brings (days,), shrunk to 1 by twenty follows;
    days far beyond their week do not teach it."""
    mean = np.convolve(counts, np.ones(7) / 7)[3 : 3 + len(counts)]
    clipped = np.minimum(counts, 3 * mean)
    weekday = (ends // DAY + 3) % 7
    got = np.bincount(weekday, weights=clipped, minlength=7) + 20
    due = np.bincount(weekday, weights=mean, minlength=7) + 20
    factor = got / due
    factor *= 7 / factor.sum()
    of_day: Floats = factor[weekday]
    return of_day
