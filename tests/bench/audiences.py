"""Simulated follower lists with the rhythms of real ones: growth, weekdays, hours, posts.

Constants of `checks/lists/` were set on seeds below 1000; figures are reported on others.
"""

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
    """A clean list: one to eight years old, a rate that drifts by 2 % a day, weekends 10-60 %
    off, over-dispersed days (gamma shape 3-30), bursts after 4 % of days that fade, an evening
    and a night, and leavers of every age."""
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


def ordinary_loss(rng: np.random.Generator, since: Times, days: int) -> npt.NDArray[np.bool_]:
    """Who leaves in so many days as people do: newcomers most."""
    age = (END - since) / DAY
    steady, fresh = rng.uniform(0.0002, 0.0008), rng.uniform(0.002, 0.008)
    fading = 10 * (np.exp(-age / 10) - np.exp(-(age + days) / 10))
    gone: npt.NDArray[np.bool_] = rng.random(len(since)) > np.exp(
        -(steady * days + fresh * fading)
    )
    return gone


def team(
    rng: np.random.Generator, creators: int, hit: int
) -> tuple[list[tuple[npt.NDArray[np.uint64], Times]], list[int], npt.NDArray[np.uint64]]:
    """Lists (ids sorted, since) of one team whose audiences overlap by 5-30 % and send each
    other followers; 50 accounts follow `hit` of them within three hours. With whom they hit."""
    pool = rng.integers(1, 2**63, 60_000, dtype=np.uint64)
    lists = []
    for _ in range(creators):
        some = audience(rng, int(10 ** rng.uniform(3.3, 4.6)))
        ids = rng.integers(1, 2**63, len(some.since), dtype=np.uint64)
        shared = rng.random(len(ids)) < rng.uniform(0.05, 0.3)
        ids[shared] = rng.choice(pool, int(shared.sum()), replace=False)
        lists.append((ids, some.since))
    for _ in range(creators):
        one, other = rng.choice(creators, 2, replace=False)
        least = min(len(lists[one][0]), len(lists[other][0]))
        some_ids = rng.choice(len(lists[one][0]), int(rng.uniform(0.01, 0.05) * least), False)
        later = lists[one][1][some_ids] + rng.integers(5, 7_200, len(some_ids))
        lists[other] = (
            np.concatenate((lists[other][0], lists[one][0][some_ids])),
            np.concatenate((lists[other][1], later)),
        )
    bots = rng.integers(1, 2**63, 50, dtype=np.uint64)
    start = END - int(rng.integers(5, 300)) * DAY
    where = sorted(rng.choice(creators, hit, replace=False).tolist()) if hit else []
    for place in where:
        joined = start + rng.integers(0, 3 * 3_600, len(bots))
        ids, since = lists[place]
        lists[place] = (np.concatenate((ids, bots)), np.concatenate((since, joined)))
    told = []
    for ids, since in lists:
        unique, first = np.unique(ids, return_index=True)
        told.append((unique, since[first]))
    return told, where, bots
