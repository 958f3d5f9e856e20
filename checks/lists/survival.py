"""Who of each week's newcomers is gone, between two lists: a batch that went, or people
leaving."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from checks.lists.joins import Burst
from checks.lists.lists import Times
from checks.model import DAY

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

# Followers leave at `_STEADY` a day, and newcomers beyond that at `_FRESH` a day that fades
# over `_FADES` days: 6 % of newcomers in their first month, then a little over 1 % a month.
# Where an account has lists to compare, its own pace replaces the level of this curve, not its
# shape.
_STEADY, _FRESH, _FADES = 0.0004, 0.005, 10.0

PACES = (0.2, 6.0)
"""How far an account's own loss may lie from the curve."""

_CLEAR = 14.0
"""Log likelihood ratio of a batch; random leavers reach 9 in a thousand lists of which none
lost a batch. At half of it one list in fifty shows one, at twice it batches of 30 names are
lost."""

_WIDTHS = (1, 2, 3, 5, 7, 10, 14, 21, 28)
"""Days of following that are looked at together."""

_FACTOR = 3.0
"""Times the usual loss that a lost batch must show."""

_LEAST_SHARE = 0.1
"""Share of those who came together that must be gone."""

_FEWEST = 10
"""Leavers below which nothing is said of a list."""

_MAIN = 0.5
"""Share of all unusual losses that a batch must explain: else people leave, batch or not."""

_WAVE_FACTOR, _WAVE_FACTOR_NEW = 2.0, 3.0
"""Times the usual loss that make a wave; more where this account's usual is not known yet,
whose quiet months lie up to 2.9 times the curve."""

_WAVE_SHARE = 0.015
"""Share of the list lost beyond the usual: the floor of a fall in `balanced`."""

Loss = Literal["batch", "spread", "usual", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """Of `size` who joined from `start` to `stop` (epoch seconds) `gone` are gone, where
    `usual` would be."""

    start: int
    stop: int
    size: int
    gone: int
    usual: float

    @property
    def share(self) -> float:
        return self.gone / self.size if self.size else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Survival:
    """How a list survived until the next one.

    `loss` says what its leavers are: mostly one `batch`, `spread` over all ages beyond what is
    usual, as `usual`, or `unknown` where no follow date tells. `others` is the share that is
    gone of all who are not in the batch, `batches` what became of each burst.
    """

    size: int
    gone: int
    usual: float
    loss: Loss
    batch: Cohort | None
    others: float
    cohorts: tuple[Cohort, ...]
    batches: tuple[Cohort, ...] = ()

    @property
    def share(self) -> float:
        return self.gone / self.size if self.size else 0.0


class Usual(NamedTuple):
    """What an account usually loses: its `pace` against the curve here (None: not known yet),
    and the share of its list beyond that which makes a wave."""

    pace: float | None = None
    least_share: float = _WAVE_SHARE


ORDINARY = Usual()


def survival(
    since: Times,
    gone: Bools,
    *,
    start: int,
    stop: int,
    bursts: tuple[Burst, ...] = (),
    usual: Usual = ORDINARY,
) -> Survival:
    """What became of a list made at `start` by the time of the next one, `stop`.

    `since` (names,) are the follow dates of the older list, 0 where unknown, `gone` (names,)
    marks whom the newer one lacks.
    """
    pace = usual.pace
    due = usual_loss(since, start=start, stop=stop, pace=1.0 if pace is None else pace)
    total, expected = int(np.count_nonzero(gone)), float(due.sum())
    dated = since > 0
    batch = None
    if np.count_nonzero(dated) >= _FEWEST and total >= _FEWEST:
        batch = _batch(since[dated], gone[dated], due[dated], bursts)
    rest = len(since) - (batch.size if batch else 0)
    left = total - (batch.gone if batch else 0)
    beyond = total - expected
    wave = (
        left - expected >= max(_FEWEST, usual.least_share * len(since))
        and left >= (_WAVE_FACTOR_NEW if pace is None else _WAVE_FACTOR) * expected
    )
    loss: Loss = "usual"
    if batch is not None and batch.gone - batch.usual >= _MAIN * beyond:
        loss = "batch"
    elif wave:
        loss = "spread" if dated.any() else "unknown"
    return Survival(
        size=len(since),
        gone=total,
        usual=round(expected, 1),
        loss=loss,
        batch=batch if loss == "batch" else None,
        others=left / rest if rest else 0.0,
        cohorts=_cohorts(since, gone, due, start),
        batches=tuple(_cohort(since, gone, due, one.start, one.stop) for one in bursts),
    )


def usual_loss(since: Times, *, start: int, stop: int, pace: float = 1.0) -> Floats:
    """Probability that each follower (names,) leaves between the two times, by the age of the
    follow; an unknown age is taken as old."""
    age = np.where(since > 0, (start - since).clip(0), 3650 * DAY) / DAY
    gap = max(0.0, (stop - start) / DAY)
    hazard = _STEADY * gap + _FRESH * _FADES * (
        np.exp(-age / _FADES) - np.exp(-(age + gap) / _FADES)
    )
    chance: Floats = 1 - np.exp(-pace * hazard)
    return chance


def pace_of(compared: list[tuple[float, float]]) -> float:
    """An account's pace from earlier comparisons (gone, usual at pace 1), shrunk to 1 by
    fifty leavers."""
    gone = sum(each[0] for each in compared)
    usual = sum(each[1] for each in compared)
    low, high = PACES
    return min(max((gone + 50) / (usual + 50), low), high)


def _batch(since: Times, gone: Bools, due: Floats, bursts: tuple[Burst, ...]) -> Cohort | None:
    """The run of days, or the burst, of whose members most went beyond their neighbours."""
    first = int(since.min())
    day = (since - first) // DAY
    days = int(day.max()) + 1
    size, lost, expected = (
        np.bincount(day, weights=weights, minlength=days).astype(np.float64)
        for weights in (np.ones(len(day)), gone.astype(np.float64), due)
    )
    best: tuple[float, int, int] | None = None
    for width in _WIDTHS:
        if width > days:
            break
        score = _contrast(size, lost, expected, width)
        place = int(score.argmax())
        if score[place] >= _CLEAR and (best is None or score[place] > best[0]):
            best = float(score[place]), place, width
    found = [(one.start, one.stop) for one in bursts]
    if best is not None:
        _, place, width = best
        inside = (day >= place) & (day < place + width)
        found.append(_core(since[inside], gone[inside]))
    cohorts = [_cohort(since, gone, due, start, stop) for start, stop in found]
    total, everyone = np.count_nonzero(gone), len(since)

    def beyond(one: Cohort) -> float:
        """How far its loss lies beyond that of all others."""
        others = (total - one.gone) / max(everyone - one.size, 1)
        return _likelihood(float(one.gone), max(one.usual, others * one.size))

    cohorts = [
        one
        for one in cohorts
        if one.gone >= _FEWEST and one.share >= _LEAST_SHARE and beyond(one) >= _CLEAR
    ]
    return max(cohorts, key=beyond, default=None)


def _contrast(size: Floats, lost: Floats, expected: Floats, width: int) -> Floats:
    """Log likelihood ratio (spans,) of each span's losses against the rest of the list, and
    against the weeks around it: the young leave more, which is no batch."""
    here = [_sums(each, width) for each in (size, lost, expected)]
    reach = max(28, 2 * width)
    near = [_around(each, width, reach) for each in (lost, expected)]
    rest = (lost.sum() - here[1]) / np.maximum(expected.sum() - here[2], 1e-9)
    around = (near[0] + 1) / (near[1] + 1)
    usual = np.maximum(np.maximum(rest, around), 0.2) * here[2] + 0.5
    enough = (
        (here[1] >= _FEWEST)
        & (here[1] >= _LEAST_SHARE * here[0])
        & (here[1] >= _FACTOR * usual)
    )
    likely = here[1] * np.log(np.maximum(here[1], 1) / usual) - (here[1] - usual)
    return np.where(enough, likely, 0.0)


def _core(since: Times, gone: Bools) -> tuple[int, int]:
    """The part of a span that holds all but the fringe of its leavers."""
    left = np.sort(since[gone])
    fringe = len(left) // 50
    return int(left[fringe]), int(left[len(left) - 1 - fringe])


def _cohort(since: Times, gone: Bools, due: Floats, start: int, stop: int) -> Cohort:
    inside = (since >= start) & (since <= stop)
    return Cohort(
        start=start,
        stop=stop,
        size=int(np.count_nonzero(inside)),
        gone=int(np.count_nonzero(gone & inside)),
        usual=float(due[inside].sum()),
    )


def _cohorts(since: Times, gone: Bools, due: Floats, at: int) -> tuple[Cohort, ...]:
    """Eight weeks, then months and years, newest first; none where nobody joined."""
    edges = [7 * DAY * k for k in range(9)]
    edges += [91 * DAY, 182 * DAY, *(365 * DAY * k for k in range(1, 11)), at]
    told = []
    for young, old in pairwise(edges):
        one = _cohort(since, gone, due, max(1, at - old + 1), at - young)
        if one.size and old > young:
            told.append(one)
    return tuple(told)


def _likelihood(seen: float, usual: float) -> float:
    usual = max(usual, 0.5)
    return seen * float(np.log(seen / usual)) - (seen - usual) if seen > usual else 0.0


def _sums(values: Floats, width: int) -> Floats:
    total = np.append(0.0, np.cumsum(values))
    sums: Floats = total[width:] - total[:-width]
    return sums


def _around(values: Floats, width: int, reach: int) -> Floats:
    """Sums over `reach` days on both sides of each span."""
    total = np.append(0.0, np.cumsum(values))
    first = np.arange(len(values) - width + 1)
    low, high = np.maximum(first - reach, 0), np.minimum(first + width + reach, len(values))
    around: Floats = total[high] - total[low] - (total[first + width] - total[first])
    return around
