"""The most unusual span of days in a list, by its size and by its nights."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from checks.lists.joins import Floats, Ints, JoinDays
from checks.lists.lists import Times
from checks.model import DAY

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

_PART = 0.25
"""Share of a span that a batch around the clock has, for which hours are weighed best."""

_SLEEPS = 0.2
"""How far above the list's own a flat day must weigh, else nobody there sleeps."""

_WAKE = 4.8
"""Spreads beyond the list's own share of the night, whatever the day brought: posts and growth
cancel out, a batch that drips around the clock does not. Clean lists reach 4.4."""

_OWN = (1.3, 1.8)
"""How much further beyond the usual an excess of up to two days, and of more, must be that
keeps the list's own hours, as what posts bring does. Of 120 clean lists five show a burst
without it and none with it; batches around the clock are found as often. A batch of half a day
has hours of its own: there more would lose one in a hundred of them."""

_TOLD = 4.0
"""Spreads by which a batch around the clock would show in a span's hours, for its absence to
say something."""

_SPREAD_SHARE = 0.7
"""The quantile of |z| a list is scaled by: bursts on three days of ten do not move it."""

_SPREAD_NORMAL = 1.036
"""The 70th percentile of |z| in a normal distribution: what a clean list is scaled to."""


@dataclass(slots=True)
class Days:
    """Counts by day, and `awake`: how far each day's hours are those of a flat day, not of the
    list's own (mean 0, variance `spread` a follow; a flat day's mean is `flat`, 0 where the
    list itself is flat)."""

    ends: Ints
    counts: Floats
    awake: Floats
    spread: float
    flat: float

    @classmethod
    def of(cls, joins: JoinDays, times: Times) -> "Days":
        hours = times % DAY // 3_600
        share = (np.bincount(hours, minlength=24) + 1) / (len(times) + 24)
        beyond = 1 / (24 * share) - 1
        weight = beyond / (1 + _PART * beyond)  # score of a mixture of both, bounded
        weight -= share @ weight
        spread, flat = float(share @ weight**2), float(weight.mean())
        place = np.searchsorted(joins.ends, times)
        awake = np.bincount(place, weight[hours], len(joins.ends)).astype(np.float64)
        return cls(
            joins.ends, joins.counts.copy(), awake, spread, flat if flat >= _SLEEPS else 0.0
        )

    def usual(self) -> Floats:
        """How many the weeks before each day and its weekday let expect; NaN: not known.
        Followers a day, (days,)."""
        expected: Floats = _weekdays(self.counts, self.ends) * _before(self.counts)
        return expected

    def forget(self, span: "Span") -> None:
        """What was found no longer teaches what is usual, nor hides the next."""
        inside = slice(span.first, span.last + 1)
        self.counts[inside] = span.usual / (span.last + 1 - span.first)
        self.awake[inside] = 0.0


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
        noise = noise_of(seen[known], learnt[known])
        score = excess / np.sqrt(usual + (noise * usual) ** 2 + 1.0)
        wake = _wake(days, width, known, least)
        sizes = max(_SURE_LONG, _SURE - max(0.0, float(np.log2(width / 3))))
        limit = sizes * np.where(_own_hours(days, width, excess), _OWN[width > 2], 1.0)
        joint = np.hypot(score.clip(0) / limit, wake / _WAKE)
        place = int(np.where(fits, joint, -np.inf).argmax())
        others = known.copy()
        others[max(0, place - width - 2) : place + width + 3] = False
        own = (seen - learnt) / np.sqrt(learnt + (noise * learnt) ** 2 + 1.0)
        tail = float(np.quantile(own[others], 0.99)) if others.any() else 0.0
        fade = float(surprise[place + width : place + width + 2].clip(0).sum() / excess[place])
        sure = float(score[place]) * max(0.0, 1 - _FADING * fade) / max(1.0, tail / _TAIL)
        margin = float(np.hypot(sure / limit[place], wake[place] / _WAKE))
        if margin >= 1 and (best is None or margin > best[0]):
            best = margin, sure, float(wake[place]), place, width
    if best is None:
        return None
    _, sure, awake, place, width = best
    usual = weekday * max(float(before[place]), float(after[place + width]))
    around = awake >= _WAKE / 2 and width > 2  # part of a day has hours of its own
    extra = _extra(days, usual) if around else counts - usual
    first, last = _edges(extra, place, width)
    return Span(first, last, float(usual[first : last + 1].sum()), sure, awake >= _WAKE / 2)


def _wake(days: Days, width: int, known: npt.NDArray[np.bool_], least: float) -> Floats:
    """Spreads by which the hours of each span are more those of a flat day than the list's are;
    0 where a batch that explains it would be too small."""
    seen = _sums(days.awake, width)
    if not days.flat:
        return np.zeros(len(seen))
    z = seen / np.sqrt(days.spread * (_sums(days.counts, width) + 1))
    wild = float(np.quantile(np.abs(z[known]), _SPREAD_SHARE)) / _SPREAD_NORMAL
    return np.where(seen / days.flat >= least, z / max(1.0, wild), 0.0)


def _own_hours(days: Days, width: int, excess: Floats) -> npt.NDArray[np.bool_]:
    """Whether a batch around the clock would show in a span's hours, and does not."""
    due = days.flat * excess
    spread = np.sqrt(days.spread * (_sums(days.counts, width) + 1))
    own: npt.NDArray[np.bool_] = due >= _TOLD * spread
    return own & (_sums(days.awake, width) < due / 3)


def _extra(days: Days, usual: Floats) -> Floats:
    """What a batch around the clock brought each day, by counts and by hours: each weighed by
    the inverse of its variance."""
    excess = days.counts - usual
    noise = noise_of(days.counts, usual)
    by_count = usual + (noise * usual) ** 2 + 1
    by_hours = days.spread * (days.counts + 1) / days.flat**2
    return (excess * by_hours + days.awake / days.flat * by_count) / (by_count + by_hours)


def _edges(extra: Floats, place: int, width: int) -> tuple[int, int]:
    """The run of days around a span that holds most of what is half way to its own rate."""
    left, right = max(0, place - width), min(len(extra), place + 2 * width)
    inside = slice(place, place + width)
    rate = extra[inside].max() / (4 if width > 2 else 8)  # a day's batch holds parts of two
    gain = extra[left:right] - rate
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
    mean = np.convolve(counts, np.ones(7) / 7)[3 : 3 + len(counts)]
    clipped = np.minimum(counts, 3 * mean)
    weekday = (ends // DAY + 3) % 7
    got = np.bincount(weekday, weights=clipped, minlength=7) + 20
    due = np.bincount(weekday, weights=mean, minlength=7) + 20
    factor = got / due
    factor *= 7 / factor.sum()
    of_day: Floats = factor[weekday]
    return of_day


def noise_of(seen: Floats, usual: Floats) -> float:
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
