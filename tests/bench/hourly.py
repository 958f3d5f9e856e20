"""The synthetic world spread over hours and judged every hour."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from checks.model import Incident
from checks.panel.build import Readings, build_panel
from checks.panel.panel import Panel
from checks.replay import incidents_of, replay_panels
from checks.rules import rules_for
from tests.bench.bars import Bars
from tests.bench.scoring import Alarm, Score, score
from tests.bench.world import NEWEST, WARM_UP, Truth, World, make

HOUR = 3600
WITHIN = 3
PURGE = 0.05


@dataclass(frozen=True)
class Hours:
    """Running totals (accounts, hours), NaN unread; `starts` holds each event's hour.

    `events` count in calendar days. The last hour ends at NEWEST.
    """

    accounts: tuple[str, ...]
    counts: dict[str, Any]
    events: tuple[Truth, ...]
    starts: tuple[int, ...]

    @property
    def hours(self) -> int:
        return int(self.counts["followers"].shape[1])

    @property
    def at(self) -> Any:
        return NEWEST - HOUR * np.arange(self.hours)[::-1]

    def panels(self) -> list[Panel]:
        """One per time of day, over the same days, the earliest time first."""
        row = np.repeat(np.arange(len(self.accounts)), self.hours)
        at = np.tile(self.at, len(self.accounts))
        values = {name: counts.ravel() for name, counts in self.counts.items()}
        return [
            build_panel(
                Readings(self.accounts, row, at, values),
                now=NEWEST - HOUR * back,
                timezone="UTC",
                days=self.hours // 24,
                with_read_at=True,
            )
            for back in range(23, -1, -1)
        ]


def spread(world: World, seed: int) -> Hours:
    """Each day's comings and goings over its hours; a purge falls into one of them.

    Given their sum, Poisson arrivals fall into hours as a multinomial. Comings follow a
    daily rhythm of the account, and its days begin at an hour of its own.
    """
    rng = np.random.default_rng([seed, 24])
    accounts, days = world.levels.shape
    left, purged = world.extra["left"][:, 1:], world.extra["purged"][:, 1:]
    came = np.maximum(np.diff(world.levels) + left + purged, 0)
    even = np.full((accounts, 24), 1 / 24)
    clock = 2 * np.pi * (np.arange(24) / 24 + rng.random((accounts, 1)))
    rhythm = even * (1 + rng.uniform(0.1, 0.6, (accounts, 1)) * np.sin(clock))
    change = (_parted(rng, came, rhythm) - _parted(rng, left, even)).astype(float)
    begins = rng.integers(0, 24, accounts)
    hour = {
        event: int(rng.integers(24)) if event.kind == "purge" else 0 for event in world.events
    }
    for event in world.events:
        if event.kind == "purge":
            day = event.start - 1
            change[event.row, 24 * day + hour[event]] -= purged[event.row, day]
    counts = {
        "followers": world.levels[:, :1] + np.cumsum(change, axis=1),
        "following": np.round(_hourly(_filled(world.counts["following"]))),
        "posts": np.floor(_hourly(_filled(world.counts["posts"]))),
        "interactions": np.cumsum(
            _parted(rng, np.diff(np.floor(_filled(world.counts["interactions"]))), rhythm),
            axis=1,
        ).astype(float),
    }
    shown = begins[:, None] + np.arange(24 * (days - 2))
    counts = {name: np.take_along_axis(all_, shown, axis=1) for name, all_ in counts.items()}
    unit = 10.0 ** np.maximum(np.floor(np.log10(counts["followers"])) - 2, 0)
    rounded = counts["followers"] // unit * unit
    counts["followers"] = np.where(world.rounded[:, None], rounded, counts["followers"])
    missing = _missing(rng, shown.shape)
    for values in counts.values():
        values[missing] = np.nan
    events, starts = [], []
    for event in world.events:
        start = 24 * (event.start - 1) + hour[event] - int(begins[event.row])
        end = start if event.kind == "purge" else 24 * event.end - 1 - int(begins[event.row])
        starts.append(start)
        events.append(Truth(event.row, event.kind, start // 24, end // 24, event.size))
    return Hours(world.accounts, counts, tuple(events), tuple(starts))


def hourly(bars: Bars, seeds: range, accounts: int) -> None:
    total, delays = Score(), []
    for seed in seeds:
        hours = spread(make(accounts, seed), seed)
        rules = rules_for("balanced", looks=24)
        columns = np.arange(WARM_UP, hours.hours // 24)
        found = incidents_of(replay_panels(hours.panels(), rules, columns=columns))
        told = [each for each in found if each.alerted_at is not None]
        delays += purge_delays(hours, told)
        total.add(daily_score(hours, told))
    print(total.line())
    print(
        f"{len(delays)} purges of {PURGE:.0%} and more, median delay {np.median(delays):.0f} h"
    )
    soon = float(np.mean(np.array(delays) <= WITHIN))
    bars.at_least(f"hourly grid, purges opened within {WITHIN} h", 0.9, soon)
    bars.at_most("hourly grid, false alarms per account-year", 0.15, total.false_per_year)


def purge_delays(hours: Hours, told: list[Incident]) -> list[float]:
    """Hours from the first reading that shows a large purge to its alarm; inf without one."""
    read, name = ~np.isnan(hours.counts["followers"]), hours.accounts
    delays = []
    for event, start in zip(hours.events, hours.starts, strict=True):
        if event.kind == "purge" and event.size >= PURGE and event.start >= WARM_UP:
            shown = start + int(np.argmax(read[event.row, start:]))
            late = [
                (each.alerted_at - int(hours.at[shown])) / HOUR
                for each in told
                if each.account == name[event.row]
                and (each.metric, each.direction) == ("followers", "down")
                and each.alerted_at is not None
            ]
            delays.append(min((hour for hour in late if hour >= 0), default=float("inf")))
    return delays


def daily_score(hours: Hours, told: list[Incident]) -> Score:
    row = {name: row for row, name in enumerate(hours.accounts)}
    alarms = [
        Alarm(
            row[each.account],
            each.metric,
            int(np.searchsorted(hours.at, each.alerted_at)) // 24,
            each.kind,
        )
        for each in told
        if each.kind != "dilution"
    ]
    read = ~np.isnan(hours.counts["followers"])
    days = read.reshape(len(read), -1, 24).any(axis=2)
    return score(alarms, hours.events, days)


def _parted(rng: np.random.Generator, totals: Any, weights: Any) -> Any:
    """(accounts, days) counts by (accounts, 24) weights -> (accounts, hours)."""
    parts = rng.multinomial(totals.astype(np.int64), weights[:, None, :])
    return parts.reshape(len(totals), -1)


def _filled(values: Any) -> Any:
    """Missing days on the straight line between their neighbours."""
    days = np.arange(values.shape[1])
    seen = ~np.isnan(values)
    rows = zip(values, seen, strict=True)
    return np.array([np.interp(days, days[there], row[there]) for row, there in rows])


def _hourly(values: Any) -> Any:
    """Hours of the days from the second on, on the straight line between their ends."""
    part = (np.arange(24) + 1) / 24
    steps = values[:, :-1, None] + np.diff(values)[:, :, None] * part
    return steps.reshape(len(values), -1)


def _missing(rng: np.random.Generator, shape: tuple[int, int]) -> Any:
    """3 % of the hours, and in a tenth of the accounts an outage of 2-5 days."""
    missing = rng.random(shape) < 0.03
    for row in np.flatnonzero(rng.random(shape[0]) < 0.1):
        start = int(rng.integers(0, shape[1] - 24 * 5))
        missing[row, start : start + 24 * int(rng.integers(2, 6))] = True
    return missing
