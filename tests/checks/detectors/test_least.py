"""The least move that each check tells of, in lives of every kind: just below, and just above.

Where a number of a check moves, one of these does: say in the commit which, and why.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from checks.judge import detect
from checks.model import Rules
from checks.rules import rules_for
from tests.signals import jump, panel, rounded, steady

DAYS = 121
BALANCED = rules_for("balanced")
BARE = rules_for("balanced", min_percent=0.0, min_count=0.0)


def flow(factor: Any = 1.0, *, usual: float = 2_000.0, peaks: float = 1.0) -> Any:
    """A running total of engagement, `peaks` times the usual on every seventh day, and by
    `factor` on the last."""
    daily = np.random.default_rng(8).poisson(usual, DAYS).astype(float)
    daily[::7] *= peaks
    daily[-1:] *= factor
    return np.cumsum(daily)


def lasting(days: int) -> Any:
    """Engagement that is five times the usual for so many days."""
    daily = np.where(np.arange(DAYS) >= DAYS - days, 10_000.0, 2_000.0 + np.arange(DAYS) % 5)
    return np.cumsum(daily)


def spread_over(series: Any, days: int, share: float) -> Any:
    """The series changed by a share, in equal parts on each of the last days."""
    for day in range(days):
        series = jump(series, -1 - day, share / days)
    return series


def sliding(daily: float, days: int, **how: Any) -> Any:
    """A calm life of which a share is lost a day at the end, beyond its usual growth."""
    series = steady(DAYS, **how)
    later = np.maximum(np.arange(DAYS) - (DAYS - 1 - days), 0)
    return np.floor(series * np.exp(-daily * later))


def swinging(swing: float, leg: int, level: float = 2_000.0) -> Any:
    """A following count that goes up and down by a share, one leg after the other."""
    rng = np.random.default_rng(int(level))
    own = level + np.cumsum(rng.normal(0, 0.001 * level + 0.5, DAYS))
    place = np.arange(4 * leg) % (2 * leg)
    own[-4 * leg :] *= 1 + swing * np.where(place < leg, place + 1, 2 * leg - place - 1) / leg
    return np.round(own)


def bursts(series: Any, share: float, *days: int) -> Any:
    for day in days:
        series = jump(series, day, share)
    return series


def fell_often(share: float, *days: int) -> Any:
    """Falls that the account makes good within ten days."""
    series = steady(DAYS)
    for day in days:
        series = jump(jump(series, day, -share), day + 8, share / (1 - share))
    return series


def hiding(lost: float) -> dict[str, Any]:
    rng = np.random.default_rng(3)
    out, came = (rng.poisson(many, (1, DAYS)).astype(float) for many in (40, 50))
    out[0, -1] += lost
    came[0, -1] += lost
    return {"followers": 20_000 + np.cumsum(came - out, axis=1), "gained": came, "lost": out}


def net(last: float) -> dict[str, Any]:
    daily = np.random.default_rng(4).poisson(30, (1, DAYS)).astype(float)
    daily[0, -1] = last
    return {"net": daily}


def weekly(rates: list[float], growth: float = 0.05, likes: float = 4_000.0) -> dict[str, Any]:
    """Interactions per follower by week, the last one newest; followers that grow evenly."""
    rate = np.repeat([1.0] * 11 + rates, 7)[-DAYS:]
    rate = np.concatenate([np.ones(DAYS - len(rate)), rate])
    followers = np.round(50_000 * (1 + growth * np.arange(DAYS) / 42))
    return {
        "followers": followers,
        "interactions": np.cumsum(np.round(likes / 7 * rate * followers / followers[0])),
    }


def seen(
    reach: float, *, posts: int = 7, kept: float = 1.0, surge: float = 0.0
) -> dict[str, Any]:
    """Views of posts, of which a share is left in the last week."""
    week = np.arange(DAYS) >= DAYS - 7
    followers = np.where(week, 50_000 * kept, 50_000.0)
    followers = np.where(np.arange(DAYS) < DAYS - 20, followers, followers * (1 + surge))
    made = np.zeros(DAYS)
    made[DAYS - 1 :: -7] = posts
    return {
        "followers": np.round(followers),
        "views": np.cumsum(np.where(week, 1_000.0 * reach, 1_000.0)),
        "posts": np.cumsum(made),
    }


def growing(times: float, days: int, *, growth: float = 0.0003) -> Any:
    """Growth that is so many times as fast on the last days."""
    steps = growth * (1 + 0.3 * np.random.default_rng(0).standard_normal(DAYS))
    steps[-days:] *= times
    return np.floor(200_000 * np.exp(np.cumsum(steps)))


def silent(days: float, every: int) -> dict[str, Any]:
    """Posts on every so many days, until some days ago."""
    made = (np.arange(DAYS) % every == (DAYS - 1 - int(days)) % every).astype(float)
    made[DAYS - int(days) :] = 0
    return {"followers": steady(), "posts": np.cumsum(made)}


@dataclass(frozen=True)
class Life:
    """A check and what it is shown where something is so large; `least` it tells of."""

    check: str
    shown: Callable[[float], dict[str, Any]]
    least: float
    rules: Rules = BALANCED

    def told(self, size: float) -> bool:
        hits = detect(panel(**self.shown(size)), self.rules).hits
        return bool((hits.alarm & (hits.check == self.check)).any())


def fall(make: Callable[[float], Any], least: float, rules: Rules = BALANCED) -> Life:
    return Life("fall", lambda size: {"followers": make(size)}, least, rules)


def rise(make: Callable[[float], Any], least: float, engaged: Any = None, **how: Any) -> Life:
    more = {} if engaged is None else {"interactions": engaged}
    return Life("rise", lambda size: {"followers": make(size)} | more, least, **how)


def leak(make: Callable[[float], Any], least: float, rules: Rules = BALANCED) -> Life:
    return Life("leak", lambda size: {"followers": make(size)}, least, rules)


LUMPY = flow(peaks=6.0)
CARRIED = flow(6.0)
LIVES = {
    "a fall of a day": fall(lambda s: jump(steady(), -1, -s), 0.0126),
    "of two days": fall(lambda s: spread_over(steady(), 2, -s), 0.0156),
    "of three days": fall(lambda s: spread_over(steady(), 3, -s), 0.0181),
    "of a small account": fall(lambda s: jump(steady(start=900), -1, -s), 0.0196),
    "of a lively account": fall(lambda s: jump(steady(noise=0.004), -1, -s), 0.021),
    "of a very lively one": fall(lambda s: jump(steady(noise=0.01), -1, -s), 0.0517),
    "of a growing one": fall(lambda s: jump(steady(growth=0.015), -1, -s), 0.0188),
    "of a rounded count": fall(lambda s: rounded(jump(steady(), -1, -s)), 0.0108),
    "of a rounded large count": fall(
        lambda s: rounded(jump(steady(start=700_000), -1, -s)), 0.0133
    ),
    "of who often fell": fall(
        lambda s: jump(fell_often(0.04, 40, 60, 75, 90, 105), -1, -s), 0.0624
    ),
    "of who fell before": fall(lambda s: jump(fell_often(0.04, 60), -1, -s), 0.0126),
    "of a young account": fall(lambda s: jump(steady(20), -1, -s), 0.027),
    "of one of five weeks": fall(lambda s: jump(steady(38), -1, -s), 0.0124),
    "a fall, strictly": fall(lambda s: jump(steady(), -1, -s), 0.0248, rules_for("strict")),
    "a fall, sensitively": fall(
        lambda s: jump(steady(), -1, -s), 0.00645, rules_for("sensitive")
    ),
    "a fall without floors": fall(lambda s: jump(steady(), -1, -s), 0.00166, BARE),
    "a hidden loss": Life("hidden_loss", hiding, 264.0),
    "a loss without a level": Life("fall", lambda s: net(-s), 18.7),
    "a rise without a level": Life("rise", net, 155.0),
    "a rise of which nothing is known": rise(lambda s: jump(steady(), -1, s), 0.0187),
    "of two days, unknown": rise(lambda s: spread_over(steady(), 2, s), 0.025),
    "of three days, unknown": rise(lambda s: spread_over(steady(), 3, s), 0.0292),
    "a rise that nobody follows": rise(lambda s: jump(steady(), -1, s), 0.00971, flow()),
    "of two days, flat": rise(lambda s: spread_over(steady(), 2, s), 0.0101, flow()),
    "of three days, flat": rise(lambda s: spread_over(steady(), 3, s), 0.0111, flow()),
    "a rise that is carried": rise(lambda s: jump(steady(), -1, s), 0.0688, CARRIED),
    "a rise that seems carried": rise(
        lambda s: jump(steady(), -1, s), 0.0295, flow(9.0, peaks=6.0)
    ),
    "a rise where engagement is lumpy": rise(lambda s: jump(steady(), -1, s), 0.0187, LUMPY),
    "where it is lively": rise(lambda s: jump(steady(), -1, s), 0.0105, flow(peaks=2.1)),
    "a flat rise of a lively account": rise(
        lambda s: jump(steady(noise=0.004), -1, s), 0.0208, flow()
    ),
    "an unknown one of it": rise(lambda s: jump(steady(noise=0.004), -1, s), 0.0624),
    "a carried one of it": rise(lambda s: jump(steady(noise=0.004), -1, s), 0.0586, CARRIED),
    "a rise of a very lively one": rise(lambda s: jump(steady(noise=0.012), -1, s), 0.0943),
    "a flat rise of a small account": rise(
        lambda s: jump(steady(start=800), -1, s), 0.0221, flow()
    ),
    "an unknown one of a small account": rise(lambda s: jump(steady(start=800), -1, s), 0.0552),
    "a flat rise of a rounded count": rise(
        lambda s: rounded(jump(steady(), -1, s)), 0.0246, flow()
    ),
    "an unknown one of a rounded count": rise(lambda s: rounded(jump(steady(), -1, s)), 0.0687),
    "a rise of a young account": rise(lambda s: jump(steady(20), -1, s), 0.1),
    "of one of five weeks, risen": rise(lambda s: jump(steady(38), -1, s), 0.0304),
    "a flat rise after others": rise(
        lambda s: jump(bursts(steady(), 0.02, 60, 80, 100), -1, s), 0.0414, flow()
    ),
    "an unknown one after others": rise(
        lambda s: jump(bursts(steady(), 0.02, 60, 80, 100), -1, s), 0.0518
    ),
    "a flat rise after a large one": rise(
        lambda s: jump(bursts(steady(), 0.12, 60), -1, s), 0.00972, flow()
    ),
    "a carried one after a large one": rise(
        lambda s: jump(bursts(steady(), 0.12, 60), -1, s), 0.0689, CARRIED
    ),
    "a carried rise of a week": rise(
        lambda s: spread_over(steady(), 7, s),
        0.042,
        lasting(8),
    ),
    "a carried rise of ten days": rise(
        lambda s: spread_over(steady(), 10, s),
        0.0421,
        lasting(11),
    ),
    "a rise without floors": rise(lambda s: jump(steady(), -1, s), 0.00117, rules=BARE),
    "engagement that carries": Life(
        "rise",
        lambda s: {"followers": jump(steady(), -1, 0.03), "interactions": flow(1 / s)},
        0.247,
    ),
    "a leak of a week": leak(lambda s: sliding(s, 7), 0.00142),
    "of ten days": leak(lambda s: sliding(s, 10), 0.0013),
    "of two weeks": leak(lambda s: sliding(s, 14), 0.00118),
    "of three weeks": leak(lambda s: sliding(s, 21), 0.00111),
    "of four weeks": leak(lambda s: sliding(s, 28), 0.00105),
    "a leak of who does not grow": leak(lambda s: sliding(s, 14, growth=0.0), 0.000716),
    "of who grows fast": leak(lambda s: sliding(s, 14, growth=0.006), 0.00618),
    "a leak of a lively account": leak(lambda s: sliding(s, 14, noise=0.002), 0.00321),
    "a leak of a small account": leak(lambda s: sliding(s, 14, start=800), 0.00184),
    "a leak of a rounded count": leak(lambda s: rounded(sliding(s, 14)), 0.00271),
    "a leak of a rounded large count": leak(
        lambda s: rounded(sliding(s, 21, start=900_000)), 0.00123
    ),
    "a leak without floors": leak(lambda s: sliding(s, 14), 0.00193, BARE),
    "a swing of two days": Life(
        "oscillation", lambda s: {"followers": steady(), "following": swinging(s, 2)}, 0.0299
    ),
    "of three": Life(
        "oscillation", lambda s: {"followers": steady(), "following": swinging(s, 3)}, 0.0266
    ),
    "of four": Life(
        "oscillation", lambda s: {"followers": steady(), "following": swinging(s, 4)}, 0.0241
    ),
    "a swing of a small count": Life(
        "oscillation",
        lambda s: {"followers": steady(), "following": swinging(s, 3, 150)},
        0.0292,
    ),
    "thinner than ever": Life("dilution", lambda s: weekly([1 / s, 1 / s]), 1.54),
    "thinner than the least week": Life(
        "dilution", lambda s: weekly([0.7, 1, 1, 1, 0.9 / s, 0.9 / s][-6:]), 1.71
    ),
    "both weeks are thin": Life("dilution", lambda s: weekly([1 / s, 0.4]), 1.54),
    "with followers that grew": Life("dilution", lambda s: weekly([0.5, 0.5], s), 0.0388),
    "of enough interactions": Life("dilution", lambda s: weekly([0.5, 0.5], likes=s), 92.6),
    "posts that nobody sees": Life("reach", lambda s: seen(1 / s), 2.86),
    "nor after a surge": Life("reach", lambda s: seen(1 / s, surge=0.2), 2.0),
    "a surge is": Life("reach", lambda s: seen(0.45, surge=s), 0.05),
    "and the followers stayed": Life("reach", lambda s: seen(0.2, kept=s), 0.98),
    "of enough posts": Life("reach", lambda s: seen(0.2, posts=int(s + 0.5)), 2.5),
    "a fading of ten weeks": Life(
        "fading", lambda s: weekly(list(np.exp(-s * np.arange(10) / 9))), 0.861
    ),
    "whose followers stayed": Life(
        "fading", lambda s: weekly(list(np.exp(-1.2 * np.arange(10) / 9)), s - 1), 0.939
    ),
    "a slow rise of two weeks": Life("surge", lambda s: {"followers": growing(s, 14)}, 7.68),
    "a slow rise of three": Life("surge", lambda s: {"followers": growing(s, 21)}, 6.27),
    "a slow rise of four": Life("surge", lambda s: {"followers": growing(s, 28)}, 6.27),
    "a slow rise of who hardly grows": Life(
        "surge", lambda s: {"followers": growing(s, 21, growth=0.00005)}, 28.7
    ),
    "silence of who posts daily": Life("posting_stopped", lambda s: silent(s, 1), 4.0),
    "of who posts every third day": Life("posting_stopped", lambda s: silent(s, 3), 22.0),
}


@pytest.mark.parametrize("name", LIVES)
def test_what_is_just_too_small_and_just_large_enough(name: str) -> None:
    life = LIVES[name]
    assert not life.told(0.97 * life.least)
    assert life.told(1.03 * life.least)
