"""Follow order against creation date: followers in a row whose accounts were made together.

Zouzou and Varol, "Unsupervised detection of coordinated fake-follower campaigns on social
media", EPJ Data Science 13 (2024): a histogram of creation dates slides over the ranks of the
followers, and a bin that holds far more than its median over the windows marks a campaign.
Their windows of 200 ranks, stride 40 and twelve bins are kept; a second grid of months, over
200 and 4,000 ranks, tells which weeks the accounts were made in and finds campaigns that drip.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from checks.lists.lists import Times
from checks.model import DAY

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

WINDOW, STRIDE, BINS = 200, 40, 12
"""Ranks of a window, ranks between two windows, bins of creation dates: as published."""

_WIDE = 100
"""Strides of the wide windows: 4,000 ranks, over which a drip is looked for."""

_MONTH = 30 * DAY
"""Seconds of a bin of the second grid."""

_YOUNG = 2
"""Months of age below which accounts are compared with how many newly made ones always
follow."""

_AROUND = 250
"""Windows on both sides that say what is usual, so that a list may change over the years."""

_SURE = 9.0
"""Spreads from which followers count as made together. Clean lists of 100,000 stay below 7; at
half of it one in five shows a batch, at twice it batches of 30 among 200 are lost."""

_FEWEST = 25
"""Accounts made together that are a batch; fewer share a month by chance."""

_MOST = 8
"""Batches of a list at most."""

_CORE = (0.05, 0.95)
"""Quantiles of what is marked: some of those around a batch share its month by chance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreationBatch:
    """`count` followers of the ranks `first` to `last`, who followed from `first_at` to
    `last_at`, have accounts made from `made_from` to `made_to` (epoch seconds); `score` is
    their excess in spreads."""

    first: int
    last: int
    first_at: int
    last_at: int
    made_from: int
    made_to: int
    count: int
    score: float


def follow_bound(created: Times) -> Times:
    """No follower can have followed before the accounts of those before them were made
    (Meeder et al., WWW 2011): lower bounds (names,) of the follow times, in follow order, each
    at least a second after the one before, so that they keep the order."""
    bound = np.maximum.accumulate(created)
    steps = np.arange(len(bound))
    kept: Times = np.maximum.accumulate(bound - steps) + steps
    return kept


def creation_scores(created: Times, followed: Times) -> Floats:
    """How far each follower (names,), in the order of following, stands in a crowd of accounts
    made together, in spreads; NaN without a creation date.

    `created` and `followed` are epoch seconds, 0 where unknown; `followed` may be bounds.
    """
    scores = np.full(len(created), np.nan)
    known = np.flatnonzero((created > 0) & (created <= followed + DAY))
    if len(known) < WINDOW:
        return scores
    made, met = created[known], followed[known]
    month = (made - int(made.min())) // _MONTH
    age = np.clip((met - made) // _MONTH, 0, None)
    young = age < _YOUNG
    best = _published(made, met)
    for strides in (WINDOW // STRIDE, _WIDE):
        aged = _months(np.where(young, -1, month), strides)
        fresh = _ages(np.where(young, age, -1), strides)
        best = np.maximum(best, np.where(young, fresh, aged))
    scores[known] = best
    return scores


def creation_batches(
    created: Times, followed: Times, scores: Floats | None = None
) -> tuple[CreationBatch, ...]:
    """Runs of followers whose accounts were made in the same weeks, in follow order."""
    if scores is None:
        scores = creation_scores(created, followed)
    marked = np.flatnonzero(np.nan_to_num(scores, nan=0.0) >= _SURE)
    found: list[CreationBatch] = []
    if len(marked) < _FEWEST:
        return ()
    for run in np.split(marked, np.flatnonzero(np.diff(marked) > STRIDE * _WIDE) + 1):
        rest = run
        while len(rest) >= _FEWEST and len(found) < _MOST:
            made = created[rest]
            months = (made - int(made.min())) // _MONTH
            peak = int(np.bincount(months).argmax())
            inside = np.abs(months - peak) <= 1
            some = rest[inside]
            if len(some) >= _FEWEST:
                low, high = np.quantile(created[some], _CORE).astype(np.int64)
                first, last = np.quantile(some, _CORE).astype(np.int64)
                found.append(
                    CreationBatch(
                        first=int(first),
                        last=int(last),
                        first_at=int(followed[first]),
                        last_at=int(followed[last]),
                        made_from=int(low),
                        made_to=int(high),
                        count=len(some),
                        score=round(float(np.median(scores[some])), 1),
                    )
                )
            rest = rest[~inside]
    return tuple(sorted(found, key=lambda one: one.first))


# --- the published score ----------------------------------------------------------------


def _published(made: Times, met: Times) -> Floats:
    """Twelve bins between the oldest account and the follow, windows of 200, stride 40."""
    first = int(made.min())
    reach = np.maximum(met - first, 1)
    place = np.clip((made - first) * BINS // reach, 0, BINS - 1)
    counts = _grid(place, BINS, WINDOW // STRIDE)
    median, spread = _usual(counts)
    return _of_each((counts - median) / spread, place, WINDOW // STRIDE)


def _months(month: Ints, strides: int) -> Floats:
    """Against the months before and after in the same window: nobody's audience joined the
    platform in one month."""
    width = int(month.max()) + 1
    if width <= 0:
        return np.zeros(len(month))
    counts = _grid(month, width, strides)
    padded = np.pad(counts, ((0, 0), (4, 4)), mode="reflect" if width > 4 else "edge")
    near = np.stack([padded[:, k : k + width] for k in (0, 1, 2, 6, 7, 8)])
    usual = np.maximum(np.median(near, axis=0), near.mean(axis=0) * 0.7)
    return _of_each((counts - usual) / np.sqrt(usual + 1.0), month, strides)


def _ages(age: Ints, strides: int) -> Floats:
    """New accounts against how many of them always follow."""
    counts = _grid(age, _YOUNG, strides)
    median, spread = _usual(counts)
    return _of_each((counts - median) / spread, age, strides)


def _grid(place: Ints, width: int, strides: int) -> Floats:
    """Counts (windows, width) in windows of so many strides; places below 0 count nowhere."""
    block = np.arange(len(place)) // STRIDE
    blocks = int(block[-1]) + 1
    inside = place >= 0
    cells = np.bincount(
        block[inside] * width + place[inside], minlength=blocks * width
    ).reshape(blocks, width)
    total = np.zeros((blocks + 1, width), np.float32)
    np.cumsum(cells, axis=0, out=total[1:], dtype=np.float32)
    last = np.minimum(np.arange(blocks) + strides, blocks)
    counts: Floats = (total[last] - total[np.maximum(last - strides, 0)]).astype(np.float64)
    return counts


def _usual(counts: Floats) -> tuple[Floats, Floats]:
    """Median and spread of each bin over the windows around: both (windows, bins)."""
    windows = len(counts)
    median, spread = np.empty_like(counts), np.empty_like(counts)
    for start in range(0, windows, _AROUND):
        near = counts[max(0, start - _AROUND) : start + 2 * _AROUND]
        middle = np.median(near, axis=0)
        wide = 1.4826 * np.median(np.abs(near - middle), axis=0)
        inside = slice(start, start + _AROUND)
        median[inside] = middle
        spread[inside] = np.maximum(wide, np.sqrt(middle + 1.0))
    return median, spread


def _of_each(scores: Floats, place: Ints, strides: int) -> Floats:
    """The mean score of each follower's own bin over the windows that hold them."""
    total = np.zeros((len(scores) + 1, scores.shape[1]))
    np.cumsum(scores, axis=0, out=total[1:])
    block = np.arange(len(place)) // STRIDE
    first = np.maximum(block - strides + 1, 0)
    bin = np.maximum(place, 0)
    mean = (total[block + 1, bin] - total[first, bin]) / (block + 1 - first)
    each: Floats = np.where(place >= 0, mean, 0.0)
    return each
