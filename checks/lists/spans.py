"""The most unusual span of days in a list, by its size and by its nights."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from checks.lists.joins import DAY, Floats, Ints, JoinDays
from checks.lists.lists import Times

WIDTHS = (1, 2, 3, 5, 7, 10, 14, 21, 28)
"""Days of the spans that are looked at."""

_WEEKS = 8
"""Weeks before a span that say what is usual; half are too few for a month-long drip, twice as
many lag behind a growing account."""

_TAUGHT = 4
"""Weeks that must lie before a span: an account's launch is no burst."""

_SURE, _SURE_LONG = 7.8, 5.6
"""Spreads beyond the usual for spans up to three days and from two weeks on, where posts
average out. Tuned on the clean lists of tests/bench/audiences.py (seeds below 1000), of which
two or three in a hundred then show a burst; at half of it nearly each does, at twice it two
batches of three are lost."""

_TAIL = 2.5
"""Spreads that a normal list's hundredth span reaches: a list with wilder days is scaled."""

_FADING = 1.2
"""A post's followers fade over days, a batch ends: what comes in the two days after a span is
taken off it so many times. Twice as much would cost batches that end in a busy week."""

_TIMES = 1.35
"""A span holds at least so many times what is usual: a growing account is no batch."""

_NIGHT = 8
"""Hours of the day that count as night: those in which fewest of the list joined."""

_SLEEPS = 0.28
"""Share of a list that joins by night at most, else nobody there sleeps (a flat day has
0.33)."""

_WAKE = 4.8
"""Spreads beyond the list's own share of the night, whatever the day brought: posts and growth
cancel out, a batch that drips around the clock does not. Clean lists reach 4.4."""

_SPREAD_SHARE = 0.7

_SPREAD_NORMAL = 1.036
"""The 70th percentile of |z| in a normal distribution: what a clean list is scaled to."""


@dataclass(slots=True)
class Days:
    """Counts by day, those of the list's night, and the night's share of a day (0: none)."""

    ends: Ints
    counts: Floats
    nights: Floats
    asleep: float

    @classmethod
    def of(cls, joins: JoinDays, times: Times) -> "Days":
        hours = times % DAY // 3_600
        many = np.bincount(hours, minlength=24)
        night = np.argsort(many, kind="stable")[:_NIGHT]
        asleep = float(many[night].sum() / max(many.sum(), 1))
        if asleep > _SLEEPS:
            return cls(joins.ends, joins.counts.copy(), np.zeros_like(joins.counts), 0.0)
        place = np.searchsorted(joins.ends, times[np.isin(hours, night)])
        nights = np.bincount(place, minlength=len(joins.ends)).astype(np.float64)
        return cls(joins.ends, joins.counts.copy(), nights, asleep)

    def forget(self, span: "Span") -> None:
        """What was found no longer teaches what is usual, nor hides the next."""
        inside = slice(span.first, span.last + 1)
        self.counts[inside] = span.usual / (span.last + 1 - span.first)
        self.nights[inside] = self.asleep * self.counts[inside]


@dataclass(frozen=True, slots=True)
class Span:
    """Days from `first` to `last` and what is usual in them."""

    first: int
    last: int
    usual: float
    score: float
    awake: bool


def strongest(days: Days, least: float) -> Span | None:
    """The most unusual span by its size and its nights together."""
    counts = days.counts
    weekday = _weekdays(counts, days.ends)
    before, after = _before(counts), np.append(_after(counts), 0.0)
    surprise = counts - weekday * np.nan_to_num(before)
    best: tuple[float, float, float, int, int] | None = None
    for width in WIDTHS:
        if width > len(counts):
            break
        seen, share = _sums(counts, width), _sums(weekday, width)
        learnt = before[: len(seen)] * share
        known = ~np.isnan(learnt)
        if not known.any():
            break
        usual = np.fmax(learnt, after[width:] * share)
        excess = seen - usual
        fits = known & (excess >= least) & (seen >= _TIMES * usual)
        if not fits.any():
            continue
        noise = _noise(seen[known], learnt[known])
        score = excess / np.sqrt(usual + (noise * usual) ** 2 + 1.0)
        wake = _wake(days, width, known, least)
        limit = max(_SURE_LONG, _SURE - max(0.0, float(np.log2(width / 3))))
        joint = np.hypot(score.clip(0) / limit, wake / _WAKE)
        place = int(np.where(fits, joint, -np.inf).argmax())
        others = known.copy()
        others[max(0, place - width - 2) : place + width + 3] = False
        own = (seen - learnt) / np.sqrt(learnt + (noise * learnt) ** 2 + 1.0)
        tail = float(np.quantile(own[others], 0.99)) if others.any() else 0.0
        fade = float(surprise[place + width : place + width + 2].clip(0).sum() / excess[place])
        sure = float(score[place]) * max(0.0, 1 - _FADING * fade) / max(1.0, tail / _TAIL)
        margin = float(np.hypot(sure / limit, wake[place] / _WAKE))
        if margin >= 1 and (best is None or margin > best[0]):
            best = margin, sure, float(wake[place]), place, width
    if best is None:
        return None
    _, sure, awake, place, width = best
    usual = weekday * max(float(before[place]), float(after[place + width]))
    first, last = _edges(counts, usual, place, width)
    return Span(first, last, float(usual[first : last + 1].sum()), sure, awake >= _WAKE / 2)


def _wake(days: Days, width: int, known: npt.NDArray[np.bool_], least: float) -> Floats:
    """Spreads by which the nights of each span hold more than the night's share of its days;
    0 where a batch that explains it would be too small."""
    seen, usual = _sums(days.nights, width), days.asleep * _sums(days.counts, width)
    if not days.asleep:
        return np.zeros(len(seen))
    noise = _noise(seen[known], usual[known])
    spread = np.sqrt(usual * (1 - days.asleep) + (noise * usual) ** 2 + 1.0)
    batch = (seen - usual) / (_NIGHT / 24 - days.asleep)
    return np.where(batch >= least, (seen - usual) / spread, 0.0)


def _edges(counts: Floats, usual: Floats, place: int, width: int) -> tuple[int, int]:
    """The run of days around a span that holds most of what is half way to its own rate."""
    left, right = max(0, place - width), min(len(counts), place + 2 * width)
    inside = slice(place, place + width)
    rate = (counts[inside] - usual[inside]).max() / 4
    gain = counts[left:right] - usual[left:right] - rate
    total = np.append(0.0, np.cumsum(gain))
    lowest = np.minimum.accumulate(total)
    stop = int((total - lowest).argmax())
    start = int(total[: stop + 1].argmin())
    return left + start, left + max(stop - 1, start)


def _sums(values: Floats, width: int) -> Floats:
    """Sums over `width` days, by the span's first day."""
    total = np.append(0.0, np.cumsum(values))
    sums: Floats = total[width:] - total[:-width]
    return sums


def _before(counts: Floats) -> Floats:
    """Follows a day in the weeks before each day (days,): the mean of the middle half of eight
    weeks; NaN where fewer than four lie before it."""
    weeks = _weeks(counts, [-7 * (k + 1) for k in range(_WEEKS)])
    weeks.sort(axis=1)  # NaN last
    known = np.count_nonzero(~np.isnan(weeks), axis=1)
    low, high = known // 4, known - known // 4
    place = np.arange(_WEEKS)
    middle = (place >= low[:, None]) & (place < high[:, None])
    total = np.where(middle, np.nan_to_num(weeks), 0.0).sum(axis=1)
    level = total / np.maximum(high - low, 1) / 7
    return np.where(known >= _TAUGHT, level, np.nan)


def _after(counts: Floats) -> Floats:
    """Follows a day in the four weeks from each day on (days,): the second lowest of them, so
    that a next batch does not hide this one; 0 where fewer than two are over."""
    weeks = _weeks(counts, [7 * k for k in range(4)])
    weeks.sort(axis=1)
    known = np.count_nonzero(~np.isnan(weeks), axis=1)
    return np.where(known >= 2, np.nan_to_num(weeks[:, 1]) / 7, 0.0)


def _weeks(counts: Floats, offsets: list[int]) -> Floats:
    """Sums of whole weeks that begin so many days from each day: (days, weeks), NaN outside."""
    if len(counts) < 7:
        return np.full((len(counts), len(offsets)), np.nan)
    sums = _sums(counts, 7)
    first = np.arange(len(counts))[:, None] + np.array(offsets)
    inside = (first >= 0) & (first < len(sums))
    return np.where(inside, sums[np.clip(first, 0, len(sums) - 1)], np.nan)


def _weekdays(counts: Floats, ends: Ints) -> Floats:
    """How much of a mean day each day's weekday brings (days,), shrunk to 1 by twenty follows;
    days far beyond their week do not teach it."""
    mean = np.convolve(counts, np.ones(7) / 7, mode="same")
    clipped = np.minimum(counts, 3 * mean)
    weekday = (ends // DAY + 3) % 7
    got = np.bincount(weekday, weights=clipped, minlength=7) + 20
    due = np.bincount(weekday, weights=mean, minlength=7) + 20
    factor = got / due
    factor *= 7 / factor.sum()
    of_day: Floats = factor[weekday]
    return of_day


def _noise(seen: Floats, usual: Floats) -> float:
    """Relative noise beyond counting: what scales seven tenths of the spans to a normal's, and
    no less than what their upper tenth shows."""
    excess = seen - usual
    low, high = 0.0, 4.0
    for _ in range(18):
        middle = (low + high) / 2
        spread = np.sqrt(usual + (middle * usual) ** 2 + 1.0)
        wide = np.quantile(np.abs(excess) / spread, _SPREAD_SHARE) > _SPREAD_NORMAL
        wide = wide or np.quantile(excess / spread, 0.9) > 1.6
        low, high = (middle, high) if wide else (low, middle)
    return high
