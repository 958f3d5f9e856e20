"""Situations that an ordinary synthetic world lacks, each with what must be told of it.

Every situation is a function from a random generator to one `Trial`. Ordinary life around it is
that of `tests.bench.world`, without events.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from checks.panel.build import Readings, build_panel
from checks.panel.panel import Panel, truncation
from tests.bench.world import DAY, NEWEST, Ranges, make

FALL = frozenset({"purge", "unfollow_wave", "unexplained_drop"})
RISE = frozenset({"mass_follow", "viral", "unexplained_spike"})
GLITCH = frozenset({"glitch"})
IDENTITY = frozenset({"identity", "identity_change"})
DAYS = 170
AFTER = 8
"""Days after an event in which nothing else may be told of its accounts."""

LIFE = Ranges(labelled=0.0, start=(2e3, 3e6))


@dataclass(frozen=True, kw_only=True)
class Want:
    """What is told of `accounts` (none: of a whole source) from day `first` to `last`.

    At least `share` of them must be told of; 0 allows it only. `most` is the highest severity
    that is right, `together` asks for one message. `messages` is how many each may get.
    """

    accounts: frozenset[str]
    kinds: frozenset[str]
    first: int
    last: int
    share: float = 1.0
    most: str = "critical"
    together: bool = False
    messages: int = 1
    noted: str | None = None


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One drawn situation: `scope` are the accounts of which nothing else may be told from day
    `first` to `last`; None is everybody. `looks` are the panels of each time of day."""

    panels: tuple[Panel, ...]
    wants: tuple[Want, ...]
    first: int
    last: int
    scope: frozenset[str] | None
    judged_from: int = 60


@dataclass
class Scene:
    """Ordinary life that a situation changes; `followers` stay exact until `panel`."""

    rng: np.random.Generator
    counts: dict[str, Any]
    missing: Any
    rounded: Any
    read: set[int] = field(default_factory=set)
    """Days on which nothing is missing."""

    @property
    def followers(self) -> Any:
        return self.counts["followers"]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"instagram/h{row}" for row in range(len(self.followers)))

    def some(self, rows: Iterable[int]) -> frozenset[str]:
        return frozenset(self.names[row] for row in rows)

    def times(self, row: int, first: int, last: int | None, factor: float) -> None:
        """The followers of one account from day `first` to before `last`, times `factor`."""
        span = slice(first, last)
        self.followers[row, span] = np.round(self.followers[row, span] * factor)

    def panel(self) -> Panel:
        shown = {name: values.copy() for name, values in self.counts.items()}
        followers = shown["followers"]
        unit = truncation(followers)
        shown["followers"] = np.where(
            self.rounded[:, None], np.floor(followers / unit) * unit, followers
        )
        missing = self.missing.copy()
        missing[:, sorted(self.read)] = False
        for values in shown.values():
            values[missing] = np.nan
        rows, days = followers.shape
        at = NEWEST - DAY * np.arange(days)[::-1]
        flat = {name: values.ravel() for name, values in shown.items()}
        return build_panel(
            Readings(self.names, np.repeat(np.arange(rows), days), np.tile(at, rows), flat),
            now=NEWEST,
            timezone="UTC",
            days=days,
            with_read_at=True,
        )

    def trial(
        self,
        wants: Iterable[Want],
        first: int,
        last: int,
        *,
        scope: frozenset[str] | None,
        judged_from: int = 60,
    ) -> Trial:
        return Trial(
            panels=(self.panel(),),
            wants=tuple(wants),
            first=first,
            last=min(last, self.followers.shape[1] - 1),
            scope=scope,
            judged_from=judged_from,
        )


Situation = Callable[[np.random.Generator], Trial]


def scene(
    rng: np.random.Generator,
    accounts: int,
    *,
    ranges: Ranges = LIFE,
    engagement: bool | None = None,
    days: int = DAYS,
) -> Scene:
    """Ordinary life of some accounts; followers alone in every other scene."""
    world = make(accounts, int(rng.integers(1 << 31)), days=days, ranges=ranges)
    counts = {"followers": world.levels}
    if rng.random() < 0.5 if engagement is None else engagement:
        full = make(accounts, int(rng.integers(1 << 31)), days=days, ranges=ranges)
        counts |= {name: _filled(full.counts[name]) for name in ("following", "interactions")}
    missing = np.isnan(world.counts["followers"])
    return Scene(rng, counts, missing, world.rounded)


def _filled(values: Any) -> Any:
    """The newest value at or before each day."""
    days = np.where(np.isnan(values), 0, np.arange(values.shape[1]))
    found = np.take_along_axis(values, np.maximum.accumulate(days, axis=1), axis=1)
    return np.nan_to_num(found, nan=0.0)


def team(rng: np.random.Generator) -> int:
    return int(rng.choice([1, 5, 30]))


def size(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def sudden(
    here: Scene, day: int, kinds: frozenset[str], *more: Want, noted: str | None = None
) -> Trial:
    """The first account's move on `day`, told by the next, and nothing else around it."""
    own = here.some([0])
    here.read |= {day - 1, day}
    want = Want(accounts=own, kinds=kinds, first=day, last=day + 1, noted=noted)
    return here.trial([want, *more], day - 1, day + AFTER, scope=own)


# --- one account's own past ---------------------------------------------------------------


def past_glitch(rng: np.random.Generator) -> Trial:
    """A counter's error of a day or two, and weeks later a fall that is none."""
    here = scene(rng, team(rng))
    glitch = int(rng.integers(70, 90))
    length = int(rng.integers(1, 3))
    factor = 1 + size(rng, 0.03, 0.6) * rng.choice([-1, 1])
    here.times(0, glitch, glitch + length, factor)
    day = glitch + int(rng.integers(21, 70))
    here.times(0, day, None, 1 - size(rng, 0.05, 0.3))
    return sudden(here, day, FALL)


def repeated_falls(rng: np.random.Generator) -> Trial:
    """Equal falls every three weeks: the fourth is told as the first was."""
    here = scene(rng, team(rng))
    fall, day = size(rng, 0.05, 0.15), 70
    for _ in range(3):
        here.times(0, day, None, 1 - fall)
        day += 21
    here.times(0, day, None, 1 - fall)
    return sudden(here, day, FALL)


def glitch_alone(rng: np.random.Generator) -> Trial:
    """Up and back or down and back within 48 hours, with or without a day unread."""
    here = scene(rng, team(rng))
    day, length = int(rng.integers(75, 150)), int(rng.integers(1, 3))
    here.times(0, day, day + length, 1 + size(rng, 0.03, 0.6) * rng.choice([-1, 1]))
    own = here.some([0])
    here.read |= {day - 1, day, day + length}
    want = Want(accounts=own, kinds=GLITCH, first=day, last=day + 2, share=0)
    return here.trial([want], day - 1, day + AFTER, scope=own)


# --- growth -------------------------------------------------------------------------------


def burst_fall(rng: np.random.Generator) -> Trial:
    """A fall inside growth that stays, or is back the next day."""
    here = scene(rng, team(rng))
    day, length = int(rng.integers(80, 150)), int(rng.integers(4, 9))
    rate = rng.uniform(0.003, 0.012, length)
    for k, each in enumerate(rate):
        here.times(0, day - length + k, None, 1 + each)
    fall = size(rng, 0.035, 0.08)
    back = bool(rng.random() < 0.5)
    here.times(0, day, day + 1 if back else None, 1 - fall)
    own = here.some([0])
    risen = Want(accounts=own, kinds=RISE, first=0, last=day - 1, share=0, messages=2)
    if not back:
        return sudden(here, day, FALL, risen, noted="lost_after_gain")
    here.read |= {day - 1, day, day + 1}
    want = Want(accounts=own, kinds=GLITCH, first=day, last=day + 1, share=0)
    return here.trial([want, risen], day - 1, day + AFTER, scope=own)


def growth_stops(rng: np.random.Generator) -> Trial:
    """Weeks of growth that end: nobody leaves, so there is no loss to tell."""
    here = scene(rng, team(rng))
    days = here.followers.shape[1]
    level, rate = size(rng, 300, 1e6), size(rng, 0.002, 0.01)
    week = 1 + 0.2 * rng.standard_normal(7)
    stop = int(rng.integers(90, 120))
    lively = float(rng.uniform(3, 20))
    for day in range(days):
        mean = rate * level * max(week[day % 7], 0.1) * rng.gamma(lively, 1 / lively)
        gained = rng.poisson(mean if day < stop else 0.02 * mean)
        lost = rng.poisson(0.01 * mean)
        level = max(level + gained - lost, 1)
        here.followers[0, day] = level
    here.followers[0] = np.floor(here.followers[0])
    own = here.some([0])
    said = Want(
        accounts=own,
        kinds=frozenset({"growth_stopped", "leak"}),
        first=stop,
        last=days,
        share=0,
        most="info",
    )
    return here.trial([said], stop, stop + 35, scope=own)


def slow_surge(rng: np.random.Generator) -> Trial:
    """Eight to ten times the usual rate for 18 days."""
    quiet = Ranges(labelled=0.0, growth=(2e-4, 5e-4), start=(2e4, 3e6), bursts=0.0)
    here = scene(rng, team(rng), ranges=quiet)
    here.rounded[:] = False
    day = int(rng.integers(80, 140))
    usual = max(
        (np.log(here.followers[0, day]) - np.log(here.followers[0, day - 56])) / 56, 1e-4
    )
    more = np.clip(usual * rng.uniform(7, 9), 0.038 / 18, 0.08 / 18)
    for k in range(18):
        here.times(0, day + k, None, 1 + more)
    own = here.some([0])
    want = Want(accounts=own, kinds=RISE, first=day, last=day + 20)
    return here.trial([want], day - 1, day + 17 + AFTER, scope=own)


def big_rise(rng: np.random.Generator) -> Trial:
    """A leap of an account that is lively anyway, in a day or over two weeks."""
    lively = Ranges(labelled=0.0, growth=(1e-3, 5e-3), start=(1e4, 1e7), bursts=0.08)
    here = scene(rng, team(rng), ranges=lively)
    day, own = int(rng.integers(80, 140)), here.some([0])
    if rng.random() < 0.5:
        here.times(0, day, None, 1 + size(rng, 0.06, 0.25))
        return sudden(here, day, RISE)
    total = size(rng, 0.4, 0.6)
    for k in range(14):
        here.times(0, day + k, None, (1 + total) ** (1 / 14))
    want = Want(accounts=own, kinds=RISE, first=day, last=day + 10)
    return here.trial([want], day - 1, day + 13 + AFTER, scope=own)


def any_panel(rng: np.random.Generator) -> Trial:
    """One account's +22 % in five days, alone or among very many."""
    others = int(rng.choice([1, 200, 800, 1700]))
    here = scene(rng, others, engagement=False)
    here.rounded[0] = False
    day = int(rng.integers(90, 150))
    usual = np.diff(np.log(here.followers[0, day - 57 : day]))
    total = max(np.log(1.22), 55 * float(usual.std()))
    for k in range(5):
        here.times(0, day + k, None, float(np.exp(total / 5)))
    own = here.some([0])
    want = Want(accounts=own, kinds=RISE, first=day, last=day + 2)
    return here.trial([want], day - 1, day + AFTER, scope=own, judged_from=day - 2)


# --- many at once -------------------------------------------------------------------------


def scattered_purge(rng: np.random.Generator) -> Trial:
    """A few of very many accounts fall on one day, far beyond their own noise."""
    others = int(rng.choice([200, 500, 1200]))
    here = scene(rng, others, engagement=False)
    here.rounded[:] = False
    day, many = int(rng.integers(90, 150)), int(rng.integers(8, 17))
    noise = np.diff(np.log(here.followers[:, day - 57 : day]), axis=1).std(axis=1)
    rows = rng.choice(np.flatnonzero(noise < 0.003), many, replace=False).tolist()
    for row in rows:
        here.times(row, day, None, 1 - max(size(rng, 0.01, 0.17), 8 * noise[row]))
    own = here.some(rows)
    here.read |= {day - 1, day}
    want = Want(
        accounts=own,
        kinds=frozenset({"purge"}),
        first=day,
        last=day + 1,
        share=0.8,
        together=True,
    )
    return here.trial([want], day - 1, day + AFTER, scope=own, judged_from=day - 2)


def lockstep_rise(rng: np.random.Generator) -> Trial:
    """A few accounts that gain on the same ten days in the same shape."""
    others = int(rng.choice([60, 200, 500]))
    here = scene(rng, others, engagement=bool(rng.random() < 0.5))
    here.rounded[:] = False
    day, many = int(rng.integers(90, 140)), int(rng.integers(4, 9))
    noise = np.diff(np.log(here.followers[:, day - 57 : day]), axis=1).std(axis=1)
    rows = rng.choice(np.flatnonzero(noise < 0.003), many, replace=False).tolist()
    shape = rng.dirichlet(np.full(10, 8.0))
    for row in rows:
        total = size(rng, 0.06, 0.25)
        for k in range(10):
            here.times(row, day + k, None, 1 + total * shape[k])
    own = here.some(rows)
    want = Want(
        accounts=own,
        kinds=frozenset({"mass_follow"}),
        first=day,
        last=day + 12,
        share=0.75,
        together=True,
    )
    return here.trial([want], day - 1, day + 9 + AFTER, scope=own, judged_from=day - 2)


def quiet_purge(rng: np.random.Generator) -> Trial:
    """A small fall of exact, quiet counts, many times their ordinary day."""
    quiet = Ranges(labelled=0.0, growth=(5e-5, 3e-4), start=(5e3, 5e5), bursts=0.0, rounded=0)
    here = scene(rng, int(rng.integers(20, 60)), ranges=quiet, engagement=False)
    day = int(rng.integers(80, 150))
    rows = np.flatnonzero(rng.random(len(here.followers)) < rng.uniform(0.4, 0.9)).tolist()
    for row in rows:
        here.times(row, day, None, 1 - size(rng, 0.0025, 0.006))
    own = here.some(rows)
    here.read |= {day - 1, day}
    want = Want(
        accounts=own,
        kinds=frozenset({"purge"}),
        first=day,
        last=day + 1,
        share=0.8,
        together=True,
    )
    return here.trial([want], day - 1, day + AFTER, scope=None, judged_from=day - 25)


def trivial_wave(rng: np.random.Generator) -> Trial:
    """Eight small accounts that lose two to seven followers each."""
    accounts = int(rng.integers(25, 50))
    here = scene(rng, accounts, engagement=False)
    here.rounded[:] = False
    days = here.followers.shape[1]
    for row in range(accounts):
        steps = rng.random(days) < rng.uniform(0.02, 0.3)
        here.followers[row] = int(rng.integers(60, 500)) + np.cumsum(steps)
    day = int(rng.integers(80, 150))
    for row in range(8):
        here.followers[row, day:] -= int(rng.integers(2, 8))
    here.read |= {day - 1, day}
    return here.trial([], day - 1, day + AFTER, scope=None)


def five_accounts(rng: np.random.Generator) -> Trial:
    """Three of a team's five accounts fall on the same day."""
    here = scene(rng, 5)
    day = int(rng.integers(75, 150))
    for row in range(3):
        here.times(row, day, None, 1 - size(rng, 0.05, 0.2))
    own = here.some(range(3))
    here.read |= {day - 1, day}
    want = Want(accounts=own, kinds=FALL, first=day, last=day + 1)
    return here.trial([want], day - 1, day + AFTER, scope=None)


def one_account(rng: np.random.Generator) -> Trial:
    """A fall of the only account there is, of which nothing tells the cause."""
    here = scene(rng, 1, engagement=False)
    day = int(rng.integers(75, 150))
    here.times(0, day, None, 1 - size(rng, 0.04, 0.25))
    return sudden(here, day, frozenset({"unexplained_drop"}))


# --- sources at fault ---------------------------------------------------------------------


def frozen_source(rng: np.random.Generator) -> Trial:
    """Everybody's counts repeat for days, then catch up."""
    here = scene(rng, int(rng.integers(20, 150)))
    day, length = int(rng.integers(80, 150)), int(rng.integers(3, 7))
    for values in here.counts.values():
        values[:, day : day + length] = values[:, day - 1 : day]
    here.read |= set(range(day - 1, day + length + 1))
    want = Want(
        accounts=frozenset(),
        kinds=frozenset({"source_fault"}),
        first=day,
        last=day + length,
    )
    return here.trial([want], day, day + length + AFTER, scope=None, judged_from=day - 25)


def flapping_counter(rng: np.random.Generator) -> Trial:
    """A counter that shows one of two values at random for two weeks."""
    here = scene(rng, team(rng))
    day, factor = int(rng.integers(75, 140)), 1 + size(rng, 0.03, 0.3) * rng.choice([-1, 1])
    flaps = np.flatnonzero(rng.random(16) < 0.4)
    flaps = np.unique(np.append(flaps, [0, 3, 6])) + day
    here.followers[0, flaps] = np.round(here.followers[0, flaps] * factor)
    here.read |= set(range(day - 1, day + 20))
    own = here.some([0])
    fault = Want(accounts=own, kinds=frozenset({"source_fault"}), first=day + 1, last=day + 18)
    glitches = Want(accounts=own, kinds=GLITCH, first=day, last=day + 18, share=0, messages=2)
    return here.trial([fault, glitches], day - 1, day + 18 + AFTER, scope=own)


def late_poll(rng: np.random.Generator) -> Trial:
    """Read every morning, once hours late; the counter errs on the day before, or nothing."""
    here = scene(rng, team(rng), engagement=False)
    here.missing[:] = False
    day = int(rng.integers(80, 150))
    kind = int(rng.integers(3))
    own = here.some([0])
    wants: tuple[Want, ...] = ()
    if kind == 1:
        here.times(0, day - 1, day, 1 - size(rng, 0.03, 0.2))
        wants = (Want(accounts=own, kinds=GLITCH, first=day - 1, last=day + 1, share=0),)
    elif kind == 2:
        here.times(0, day, None, 1 - size(rng, 0.05, 0.2))
        wants = (Want(accounts=own, kinds=FALL, first=day - 1, last=day + 1),)
    return _read_late(here, day, wants, own)


def _read_late(here: Scene, late: int, wants: tuple[Want, ...], own: frozenset[str]) -> Trial:
    """Each reading is judged when it comes, on a panel of its own that ends there."""
    rows, days = here.followers.shape
    at = NEWEST - 75_600 - DAY * np.arange(days)[::-1]
    at = at + here.rng.integers(0, 600, days)
    at[late] += int(here.rng.integers(3, 15)) * 3600
    panels = tuple(
        build_panel(
            Readings(
                here.names,
                np.repeat(np.arange(rows), day + 1),
                np.tile(at[: day + 1], rows),
                {"followers": here.followers[:, : day + 1].ravel()},
            ),
            now=int(at[day]),
            timezone="UTC",
            days=day + 1,
            with_read_at=True,
        )
        for day in range(late - 3, late + AFTER + 1)
    )
    return Trial(
        panels=panels,
        wants=wants,
        first=late - 2,
        last=late + AFTER,
        scope=own,
        judged_from=-1,
    )


def wrong_following(rng: np.random.Generator) -> Trial:
    """One reading of the own following count is wrong."""
    here = scene(rng, team(rng), engagement=True)
    day = int(rng.integers(75, 150))
    following = here.counts["following"]
    wrong = following[0, day] * (1 + size(rng, 0.05, 2.0) * rng.choice([-0.3, 1]))
    if rng.random() < 0.3:
        wrong = here.followers[0, day]
    following[0, day] = max(np.round(wrong), 1)
    here.read |= {day - 1, day, day + 1}
    own = here.some([0])
    want = Want(accounts=own, kinds=GLITCH, first=day, last=day + 2, share=0)
    return here.trial([want], day - 1, day + AFTER, scope=own)


def vanished(rng: np.random.Generator) -> Trial:
    """A count that is 0 from one day on."""
    here = scene(rng, team(rng), engagement=False)
    day = int(rng.integers(75, 150))
    here.followers[0, day:] = 0
    here.rounded[0] = False
    here.read |= {day - 1, *range(day, day + 4)}
    own = here.some([0])
    want = Want(accounts=own, kinds=frozenset({"account_gone"}), first=day, last=day + 3)
    return here.trial([want], day - 1, day + AFTER, scope=own)


def identity_change(rng: np.random.Generator) -> Trial:
    """Another account behind the same handle."""
    here = scene(rng, team(rng))
    day = int(rng.integers(75, 150))
    times = size(rng, 30, 2000)
    factor = times if here.followers[0, day] * times < 1e8 else 1 / times
    here.times(0, day, None, factor)
    here.followers[0] = np.maximum(here.followers[0], 20)
    here.rounded[0] = False
    return sudden(here, day, IDENTITY)


def fading(rng: np.random.Generator) -> Trial:
    """Interactions that fall by 70 % over ten weeks."""
    here = scene(rng, team(rng), engagement=True)
    day = int(rng.integers(70, 85))
    flows = np.diff(here.counts["interactions"][0], prepend=here.counts["interactions"][0, 0])
    weeks = np.clip((np.arange(DAYS) - day) / 70, 0, 1)
    least = size(rng, 30, 3000)
    flows = np.maximum(flows * max(1.0, least / max(np.median(flows), 1)), 0)
    here.counts["interactions"][0] = 1e4 + np.cumsum(np.round(flows * 0.3**weeks))
    own = here.some([0])
    want = Want(accounts=own, kinds=frozenset({"dilution"}), first=day + 14, last=day + 80)
    return here.trial([want], day - 1, DAYS - 1, scope=own)


SITUATIONS: dict[str, Situation] = {
    each.__name__: each
    for each in (
        past_glitch,
        repeated_falls,
        glitch_alone,
        burst_fall,
        growth_stops,
        slow_surge,
        big_rise,
        any_panel,
        scattered_purge,
        lockstep_rise,
        quiet_purge,
        trivial_wave,
        five_accounts,
        one_account,
        frozen_source,
        flapping_counter,
        late_poll,
        wrong_following,
        vanished,
        identity_change,
        fading,
    )
}
