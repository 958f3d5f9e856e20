"""A synthetic world of accounts: ordinary life, and labelled events in six of ten accounts."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from checks.panel.build import Readings, build_panel
from checks.panel.panel import Panel

KINDS = ("purge", "spike", "leak", "sawtooth", "viral")
WARM_UP = 60
DAY = 86_400
NEWEST = 1_767_225_599
"""2025-12-31T23:59:59Z, the end of the last day of every world."""


@dataclass(frozen=True)
class Truth:
    """One labelled event; `start` and `end` are days, both included."""

    row: int
    kind: str
    start: int
    end: int
    size: float

    @property
    def metric(self) -> str:
        return "following" if self.kind == "sawtooth" else "followers"


@dataclass(frozen=True)
class World:
    """`counts` are (accounts, days) running totals, NaN where nothing was read."""

    accounts: tuple[str, ...]
    counts: dict[str, Any]
    events: tuple[Truth, ...]
    rounded: Any
    levels: Any = None
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def days(self) -> int:
        return int(self.counts["followers"].shape[1])

    def panel(self) -> Panel:
        """All days on one panel."""
        return panel_of(self.accounts, self.counts, self.extra.get("newest", NEWEST))


def read_every(days: int, world: World) -> World:
    """The same life, read on every so many days only; the last one is read."""
    unread = np.arange(world.days)[::-1] % days > 0
    counts = {name: np.where(unread, np.nan, grid) for name, grid in world.counts.items()}
    return replace(world, counts=counts)


def panel_of(accounts: tuple[str, ...], counts: dict[str, Any], newest: int = NEWEST) -> Panel:
    """Counts on a daily grid in UTC whose last day ends at `newest`."""
    rows, days = next(iter(counts.values())).shape
    row = np.repeat(np.arange(rows), days)
    at = np.tile(newest - DAY * np.arange(days)[::-1], rows)
    flat = {name: values.ravel() for name, values in counts.items()}
    return build_panel(Readings(accounts, row, at, flat), now=newest, timezone="UTC", days=days)


@dataclass(frozen=True)
class Ranges:
    """Parameters of the world; the defaults are those the bars are stated for."""

    growth: tuple[float, float] = (5e-5, 5e-3)
    weekend: tuple[float, float] = (0.1, 0.6)
    shape: tuple[float, float] = (3, 30)
    losses: tuple[float, float] = (0.2, 0.9)
    drift: float = 0.02
    bursts: float = 0.04
    missing: float = 0.03
    outages: float = 0.1
    rounded: float = 0.2
    start: tuple[float, float] = (1e3, 1e7)
    interactions: tuple[float, float] = (0.003, 0.1)
    gamma: float = 12
    few: tuple[float, float] = (0.0, 0.6)
    """Accounts by which `following` wanders a day, beside 0.2 %. At 0.2 to 1.2 one swing of ten
    lies within three days' wandering, and what nothing can tell says nothing of a detector."""
    purge: tuple[float, float] = (0.02, 0.30)
    spike: tuple[float, float] = (0.02, 0.50)
    leak: tuple[float, float] = (0.001, 0.005)
    sawtooth: tuple[float, float] = (0.04, 0.15)
    viral: tuple[float, float] = (0.05, 0.60)
    labelled: float = 0.6


# Wider than the stated world: quieter and livelier accounts, more holes, other tails.
WIDE = Ranges(
    growth=(1e-5, 1e-2),
    weekend=(0.0, 0.7),
    shape=(2, 60),
    losses=(0.1, 1.2),
    drift=0.03,
    bursts=0.06,
    missing=0.06,
    outages=0.2,
    rounded=0.35,
    start=(3e2, 3e7),
    interactions=(0.001, 0.15),
    gamma=8,
)


def make(accounts: int, seed: int, *, days: int = 180, ranges: Ranges = Ranges()) -> World:
    """The world of one seed."""
    rng = np.random.default_rng(seed)
    events = _events(rng, accounts, days, ranges)
    gain, loss, engage, active = _event_effects(rng, events, accounts, days)
    weekend = np.isin((np.arange(days) + _weekday_of_day_0(days)) % 7, (5, 6))
    sign = rng.choice([-1, 1], accounts)[:, None]
    week = 1 + weekend * sign * _uniform(rng, ranges.weekend, accounts)[:, None]
    drift = np.exp(np.cumsum(rng.normal(0, ranges.drift, (accounts, days)), axis=1))
    rate = _log_uniform(rng, ranges.growth, accounts)[:, None] * drift
    shape = _uniform(rng, ranges.shape, accounts)[:, None]
    share = _uniform(rng, ranges.losses, accounts)[:, None]
    gross = np.where(rng.random((accounts, 1)) < 0.5, 1 + share, 1.0)
    burst = _bursts(rng, accounts, days, ranges.bursts)
    calm = np.where(active["leak"], 0.5, 1.0)
    gains = rate * week * (1 + burst) * calm * gross * rng.gamma(shape, 1 / shape, rate.shape)
    followers, left, purged = np.empty((3, accounts, days))
    level = np.floor(_log_uniform(rng, ranges.start, accounts))
    for day in range(days):
        gained = rng.poisson(gains[:, day] * level)
        lost = rng.poisson(np.minimum(share[:, 0] * rate[:, day], 0.5) * level)
        sudden, leaked = np.round(gain[:, day] * level), rng.poisson(loss[:, day] * level)
        left[:, day], purged[:, day] = lost + leaked, np.maximum(-sudden, 0)
        level = np.maximum(level + gained - lost + sudden - leaked, 1)
        followers[:, day] = level
    counts = {
        "followers": followers,
        "following": _following(rng, events, accounts, days, ranges),
        "posts": np.cumsum(
            rng.poisson(_log_uniform(rng, (0.1, 5), accounts)[:, None], (accounts, days)),
            axis=1,
        ).astype(float),
        "interactions": _interactions(rng, followers, week, burst, engage, gain, ranges),
    }
    rounded = rng.random(accounts) < ranges.rounded
    exact = followers.copy()
    unit = 10.0 ** np.maximum(np.floor(np.log10(followers)) - 2, 0)
    counts["followers"] = np.where(rounded[:, None], followers // unit * unit, followers)
    missing = _missing(rng, accounts, days, ranges)
    for values in counts.values():
        values[missing] = np.nan
    names = tuple(f"instagram/s{seed}a{row}" for row in range(accounts))
    return World(names, counts, events, rounded, exact, {"left": left, "purged": purged})


def _weekday_of_day_0(days: int) -> int:
    return (2 - (days - 1)) % 7  # 2025-12-31 was a Wednesday


def _uniform(rng: np.random.Generator, span: tuple[float, float], size: int) -> Any:
    return rng.uniform(*span, size)


def _log_uniform(rng: np.random.Generator, span: tuple[float, float], size: int) -> Any:
    return np.exp(rng.uniform(np.log(span[0]), np.log(span[1]), size))


def _events(
    rng: np.random.Generator, accounts: int, days: int, ranges: Ranges
) -> tuple[Truth, ...]:
    events = []
    for row in np.flatnonzero(rng.random(accounts) < ranges.labelled):
        kind = KINDS[int(rng.integers(len(KINDS)))]
        low, high = {
            "purge": (1, 1),
            "spike": (1, 3),
            "leak": (14, 30),
            "sawtooth": (14, 28),
            "viral": (4, 10),
        }[kind]
        length = int(rng.integers(low, high + 1))
        start = int(rng.integers(WARM_UP, days - length + 1))
        size = float(_log_uniform(rng, getattr(ranges, kind), 1)[0])
        events.append(Truth(int(row), kind, start, start + length - 1, size))
    return tuple(events)


def _event_effects(
    rng: np.random.Generator, events: Iterable[Truth], accounts: int, days: int
) -> tuple[Any, Any, Any, dict[str, Any]]:
    """Jumps and daily loss rates relative to the level, and interaction factors."""
    gain, loss = np.zeros((accounts, days)), np.zeros((accounts, days))
    engage = np.ones((accounts, days))
    leak = np.zeros((accounts, days), np.bool_)
    for event in events:
        span = slice(event.start, event.end + 1)
        length = event.end - event.start + 1
        if event.kind == "purge":
            gain[event.row, span] = -event.size
        elif event.kind == "leak":
            loss[event.row, span] = event.size
            leak[event.row, span] = True
        elif event.kind in ("spike", "viral"):
            weights = _profile(rng, event.kind, length)
            grown = np.cumsum(weights) * event.size
            before = np.append(0.0, grown[:-1])
            gain[event.row, span] = (1 + grown) / (1 + before) - 1
            if event.kind == "viral":
                engage[event.row, span] = rng.uniform(3, 10)
    return gain, loss, engage, {"leak": leak}


def _profile(rng: np.random.Generator, kind: str, length: int) -> Any:
    """How a gain is spread over its days: even, uneven, or (viral) rising and fading."""
    day = np.arange(length)
    weights = rng.choice(3)
    if weights == 0:
        shape = np.ones(length)
    elif weights == 1:
        shape = rng.dirichlet(np.full(length, 5.0))
    else:
        shape = np.exp(-day / 3) if kind == "viral" else np.exp(-day / 2)
    return shape / shape.sum()


def _bursts(rng: np.random.Generator, accounts: int, days: int, share: float) -> Any:
    """Organic bursts: Pareto heights that fade with a scale of 1.3 days."""
    height = np.minimum(rng.pareto(3, (accounts, days)) * 0.7, 4)
    height[rng.random((accounts, days)) >= share] = 0
    burst = np.zeros((accounts, days))
    for back in range(8):
        burst[:, back:] += height[:, : days - back] * np.exp(-back / 1.3)
    return burst


def _following(
    rng: np.random.Generator, events: Iterable[Truth], accounts: int, days: int, ranges: Ranges
) -> Any:
    start = _log_uniform(rng, (30, 5000), accounts)[:, None]
    few = rng.uniform(*ranges.few, (accounts, 1))
    steps = rng.normal(0, 1, (accounts, days)) * (0.002 * start + few)
    own = np.maximum(start + np.cumsum(steps, axis=1), 1)
    for event in events:
        if event.kind == "sawtooth":
            own[event.row, event.start : event.end + 1] *= 1 + _swing(rng, event)
    return np.round(own)


def _swing(rng: np.random.Generator, event: Truth) -> Any:
    """Up in a leg of 2-4 days and back in another, again and again."""
    length = event.end - event.start + 1
    wave: list[float] = []
    while len(wave) < length:
        up, down = rng.integers(2, 5, 2)
        wave += [event.size * (k + 1) / up for k in range(up)]
        wave += [event.size * (1 - (k + 1) / down) for k in range(down)]
    return np.array(wave[:length])


def _interactions(
    rng: np.random.Generator,
    followers: Any,
    week: Any,
    burst: Any,
    engage: Any,
    gain: Any,
    ranges: Ranges,
) -> Any:
    """A share of the followers a day; those that a fake spike brought do not interact."""
    accounts = len(followers)
    rate = _log_uniform(rng, ranges.interactions, accounts)[:, None]
    factor = rng.gamma(ranges.gamma, 1 / ranges.gamma, followers.shape)
    fake = np.where((gain > 0) & (engage == 1), gain, 0)
    real = followers / np.cumprod(1 + fake, axis=1)
    mean = rate * real * week * (1 + 0.5 * burst) * engage * factor
    return np.cumsum(rng.poisson(mean), axis=1).astype(float)


def _missing(rng: np.random.Generator, accounts: int, days: int, ranges: Ranges) -> Any:
    missing = rng.random((accounts, days)) < ranges.missing
    for row in np.flatnonzero(rng.random(accounts) < ranges.outages):
        start = int(rng.integers(0, days - 5))
        missing[row, start : start + int(rng.integers(2, 6))] = True
    return missing
