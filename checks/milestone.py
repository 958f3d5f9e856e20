"""Round follower counts: which were just passed, and when the next may be."""

from dataclasses import dataclass

import numpy as np

from checks.model import DAY, Notice
from checks.panel.panel import LOOKBACK, Floats, Panel
from checks.reasons import reason

PACE_DAYS = 28
"""Over which the pace is told: four whole weeks; half is moved by one campaign, double lags."""

ROUND = tuple(lead * 10**digits for digits in range(2, 10) for lead in (1, 2, 5))
"""Counts worth a word: 1, 2 and 5 from a hundred to five thousand millions."""

HORIZON = 365
"""Days; beyond a year a daily rate says nothing."""

_WINDOW = 56
"""Days whose gains make a forecast's rate: the eight weeks of a baseline."""

_HALF_LIFE = 14.0
"""Days after which a gain counts half."""

_Z = 1.476
"""90th percentile of Student t with five degrees of freedom, about what eight weeks give."""
_RATE_WANDERS = 0.02
"""Share by which the rate itself may change from one day to the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """When `target` is passed: in 8 of 10 cases between `earliest` and `latest`.

    Epoch seconds; None means not within a year at that end of the interval.
    """

    target: float
    earliest: int | None
    likely: int | None
    latest: int | None


def _pace(followers: Floats) -> float:
    """The mean gain a day over these days, from the first reading to the last."""
    read = np.flatnonzero(~np.isnan(followers))
    if read.size < 2:
        return 0.0
    gained = followers[read[-1]] - followers[read[0]]
    return float(gained / (read[-1] - read[0]))


def milestones(panel: Panel, column: int = -1) -> list[Notice]:
    """A notice for each account whose reading on `column` is the first to pass a round count.

    The highest where several are passed at once. Series without a total have none.
    """
    column %= max(panel.days, 1)
    followers = panel.metrics["followers"][:, max(0, column - LOOKBACK) : column + 1]
    if followers.shape[1] < 2:
        return []
    steps = np.array(ROUND, np.float64)
    before, now = (np.nan_to_num(followers[:, back]) for back in (-2, -1))
    rank = np.searchsorted(steps, now, side="right")
    newly = panel.has_level & (rank > np.searchsorted(steps, before, side="right"))
    rows = np.flatnonzero(newly)
    best = np.fmax.reduce(followers[rows, :-1], axis=1, initial=0.0)
    passed = rows[(best > 0) & (rank[rows] > np.searchsorted(steps, best, side="right"))]
    return [
        Notice(
            kind="milestone",
            account=panel.accounts[row],
            at=int(panel.ends[column]),
            reasons=(
                reason(
                    "milestone",
                    milestone=ROUND[rank[row] - 1],
                    followers=int(now[row]),
                    daily=_pace(followers[row, -PACE_DAYS - 1 :]),
                ),
            ),
        )
        for row in passed
    ]


def forecast(panel: Panel, row: int, target: float) -> Forecast | None:
    """When one account's followers may pass `target`; None where too little is known.

    A random walk: the rate is the mean of the last 56 days' gains with a half-life of two
    weeks, its noise that of weeks (which holds bursts together), its own drift 2 % a day.
    None with fewer than 28 days, without a total, or where the target is already passed.
    """
    counts = panel.metrics["followers"][row, -_WINDOW - 1 :]
    seen = np.flatnonzero(~np.isnan(counts))
    if not panel.has_level[row] or len(seen) < 8 or seen[-1] - seen[0] < 28:
        return None
    gap = target - counts[seen[-1]]
    if gap <= 0:
        return None
    rate, rate_error, noise = _rate(counts[seen], seen)
    ahead = np.arange(1.0, HORIZON + 1)
    wander = (rate * _RATE_WANDERS) ** 2 * ahead**3 / 3
    room = _Z * np.sqrt(noise**2 * ahead + (rate_error * ahead) ** 2 + wander)
    start = int(panel.ends[panel.days - len(counts) + seen[-1]])
    return Forecast(
        target=target,
        earliest=_first(rate * ahead + room >= gap, start),
        likely=_first(rate * ahead >= gap, start),
        latest=_first(rate * ahead - room >= gap, start),
    )


def _rate(counts: Floats, days: np.ndarray[tuple[int], np.dtype[np.intp]]) -> tuple[float, ...]:
    """Gain a day, its standard error, and the noise of one day, judged by whole weeks."""
    every = np.interp(np.arange(days[-1], days[0] - 1, -1), days, counts)
    weeks = every[:-7:7] - every[7::7]
    weight = np.exp2(-7.0 * np.arange(len(weeks)) / _HALF_LIFE)
    weight /= weight.sum()
    mean = float(weight @ weeks)
    spread = float(np.sqrt(weight @ (weeks - mean) ** 2 / (1 - weight @ weight)))
    spread = max(spread, np.sqrt(max(abs(mean), 1.0)))
    return mean / 7, spread * float(np.sqrt(weight @ weight)) / 7, spread / float(np.sqrt(7))


def _first(reached: np.ndarray[tuple[int], np.dtype[np.bool_]], start: int) -> int | None:
    return start + (int(reached.argmax()) + 1) * DAY if reached.any() else None
