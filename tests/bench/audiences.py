"""Simulated follower lists with the rhythms of real ones: growth, weekdays, hours, posts."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

DAY = 86_400
END = 1_795_996_799
"""2026-11-29 23:59:59 UTC: when every list is made."""

Times = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """`since` and `created` (names,), epoch seconds, in the order of following; `daily` is
    how many survivors joined a day at the end."""

    since: Times
    created: Times
    daily: float


def audience(rng: np.random.Generator, names: int) -> Audience:
    """A clean list: half a year to eight years old, a rate that drifts, weekdays of 10-60 %,
    over-dispersed days, bursts after 4 % of days that fade, and leavers of every age."""
    days = int(365 * 2 ** rng.uniform(0, 3))
    drift = np.cumsum(rng.normal(0, 0.02, days))
    trend = rng.uniform(-0.5, 2.0) * np.linspace(0, 1, days)
    rate = np.exp(drift - drift.mean() + trend)
    weekend, tilt = rng.uniform(0.1, 0.6), rng.choice((-1, 1))
    weekday = (np.arange(days) + rng.integers(7)) % 7
    rate *= np.where(weekday >= 5, 1 + tilt * weekend, 1.0)
    posts = np.zeros(days)
    hit = rng.random(days) < 0.04
    posts[hit] = np.minimum(4, 0.7 * (1 + rng.pareto(3, hit.sum())))
    fading = np.exp(-np.arange(8) / 1.3)
    rate *= 1 + np.minimum(4, np.convolve(posts, fading)[:days])
    age = days - np.arange(days)
    rate *= 0.7 + 0.3 * np.exp(-age / 60)  # survivors: a part of the newcomers leaves again
    shape = rng.uniform(3, 30)
    rate *= rng.gamma(shape, 1 / shape, days)
    counts = rng.multinomial(names, rate / rate.sum())
    since = np.repeat(END - DAY * age + 1, counts) + _seconds(rng, names)
    since.sort()
    return Audience(since=since, created=_created(rng, since), daily=float(counts[-28:].mean()))


def with_batch(
    rng: np.random.Generator, clean: Audience, share: float, seconds: int
) -> tuple[Audience, int, int]:
    """The list with a batch of a share of it, spread over so many seconds; and its span."""
    size = max(1, round(share * len(clean.since) / (1 - share)))
    early = int(clean.since[0]) + 90 * DAY
    start = int(rng.integers(early, END - seconds + 1)) if early < END - seconds else early
    joined = start + np.sort(rng.integers(0, seconds, size))
    made = int(rng.integers(start - 900 * DAY, start - 40 * DAY))
    created = made + rng.integers(0, 30 * DAY, size)
    since = np.concatenate((clean.since, joined))
    order = np.argsort(since, kind="stable")
    created = np.concatenate((clean.created, np.minimum(created, joined)))[order]
    return (
        Audience(since=since[order], created=created, daily=clean.daily),
        start,
        start + seconds,
    )


def _seconds(rng: np.random.Generator, names: int) -> Times:
    """Seconds of the day: few at night, most in the evening."""
    hours = 1 + 0.8 * np.sin((np.arange(24) - 11) / 24 * 2 * np.pi)
    hour = rng.choice(24, names, p=hours / hours.sum())
    return (hour * 3600 + rng.integers(0, 3600, names)).astype(np.int64)


def _created(rng: np.random.Generator, since: Times) -> Times:
    """Accounts of every age, a part made just before they followed."""
    first = END - 15 * 365 * DAY
    made = since - ((since - first) * rng.beta(1, 1.3, len(since))).astype(np.int64)
    fresh = rng.random(len(since)) < rng.uniform(0.02, 0.2)
    return np.where(fresh, since - rng.integers(0, 20 * DAY, len(since)), made)
