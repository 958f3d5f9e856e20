"""Spans inside a day in which far more came than in the hours before and after them.

A post raises its whole day and fades; a batch of hours stands above its own neighbours.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import betainc  # type: ignore[import-untyped]

from checks.lists.joins import Floats, Ints
from checks.lists.lists import Times
from checks.lists.spans import Days, noise_of
from checks.model import DAY

SLOTS = 24
"""Parts of a day in which equally many of the list joined: long by night, short by evening."""

_WIDTHS = (1, 2, 3, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22)
"""Slots of the spans that are looked at: an hour or so to most of a day."""

_BESIDE = 4
"""Slots before and after a span that say what its day brings. Span and one of its sides fit
into one day, so that a day that posts raised has a side that shows it."""

_SHAPE = 0.4
"""Of the gamma distribution of a day's rate at most: posts bring days of ten times the usual,
which a list's middle days do not tell."""

_FALSE = 0.12
"""How often a list shows one such span at most if what a day's spans tell were one: they
overlap, and the rate is the higher of both sides, so that fewer do. Of 120 clean lists
(tests/bench/audiences.py, seeds below 1000) none showed one, the nearest lacked a sixth of a
digit; a tenth of it loses two more batches of 1 % in a hundred."""

_TAIL = 4.2
"""Decimal digits by which a clean list's hundredth day is unlikely at most: in a list whose
posts make hours wilder than that, digits are scaled."""

_EDGE = 2.0 / SLOTS
"""A list with more than so much of its follows at one moment of the day has dates, no hours."""


@dataclass(frozen=True, slots=True)
class Hours:
    """Counts (slots,) in the slots that begin at `starts` (slots + 1,), each with its share of
    a day and how many a day usually come (NaN where nothing taught it)."""

    starts: Ints
    counts: Floats
    shares: Floats
    daily: Floats


@dataclass(frozen=True, slots=True)
class Stretch:
    """Slots from `first` to before `stop`, what is usual there, and the digits of its odds."""

    first: int
    stop: int
    usual: float
    digits: float


def hours_of(times: Times, days: Days) -> Hours | None:
    """The list by slots; None where its follows carry no hours."""
    inside = times % DAY
    cuts = np.unique(np.quantile(inside, np.arange(1, SLOTS) / SLOTS).astype(np.int64))
    part = np.bincount(np.searchsorted(cuts, inside, side="right"), minlength=SLOTS)
    share = part / max(len(times), 1)
    if len(cuts) < SLOTS - 1 or share.max() > _EDGE:
        return None
    first, last = int(times[0]) // DAY, int(times[-1]) // DAY
    day = np.arange(first, last + 1) * DAY
    starts = np.append((day[:, None] + np.append(0, cuts)).ravel(), (last + 1) * DAY)
    counts = np.diff(np.searchsorted(times, starts)).astype(np.float64)
    place = np.searchsorted(days.ends, day + DAY // 2).clip(max=len(days.ends) - 1)
    daily = np.repeat(days.usual()[place], SLOTS)
    return Hours(starts, counts, np.tile(share, len(day)), daily)


def stretches(hours: Hours, least: float, noise: float) -> list[Stretch]:
    """Spans of an hour to a day, the least likely first, none within a day of another.

    A day's rate is gamma-distributed about what is usual, `noise` its relative spread, and
    learnt from the higher of both sides: what comes in the span is negative binomial.
    """
    shape = min(_SHAPE, 1 / max(noise, 0.01) ** 2)
    found: list[Stretch] = []
    digits = np.zeros(len(hours.counts))
    for width in _WIDTHS:
        found += _of_width(hours, width, least, shape, digits)
    by_day = digits.reshape(-1, SLOTS).max(axis=1)
    wild = max(1.0, float(np.quantile(by_day, 0.99)) / _TAIL)
    limit = wild * np.log10(len(by_day) / _FALSE)
    kept: list[Stretch] = []
    for one in sorted(found, key=lambda each: -each.digits):
        apart = (
            one.stop + SLOTS <= each.first or each.stop + SLOTS <= one.first for each in kept
        )
        if one.digits >= limit and all(apart):
            kept.append(one)
    return kept


def _of_width(
    hours: Hours, width: int, least: float, shape: float, digits: Floats
) -> list[Stretch]:
    beside = min(_BESIDE, (SLOTS - width) // 2)
    total, shares = _running(hours.counts), _running(hours.shares)
    first = np.arange(beside, len(hours.counts) - width - beside + 1)
    stop = first + width
    seen, share = total[stop] - total[first], shares[stop] - shares[first]
    daily = np.fmax(hours.daily[first], hours.daily[stop - 1])
    usual, sure = np.zeros(len(first)), np.full(len(first), shape)
    for left, right in ((first - beside, first), (stop, stop + beside)):
        came, held = total[right] - total[left], shares[right] - shares[left]
        rate = (shape + came) / (shape / np.fmax(daily, 1 / 7) + held)
        higher = rate * share > usual
        usual = np.where(higher, rate * share, usual)
        sure = np.where(higher, shape + came, sure)
    wild = noise_of(seen, usual) if width <= _BESIDE else 0.0
    sure = 1 / (1 / sure + wild**2)
    place = np.flatnonzero(~np.isnan(daily) & (seen > usual + 2) & (seen >= 0.3 * least))
    odds = betainc(seen[place], sure[place], usual[place] / (sure[place] + usual[place]))
    got = -np.log10(np.maximum(odds, 1e-300))
    np.maximum.at(digits, first[place], got)
    big = seen[place] - usual[place] >= least
    return [
        Stretch(int(first[at]), int(stop[at]), float(usual[at]), float(score))
        for at, score in zip(place[big], got[big], strict=True)
        if score > _TAIL
    ]


def _running(values: Floats) -> Floats:
    return np.append(0.0, np.cumsum(values))
