"""`python -m tests.bench.mixture`: does false-discovery control keep its promise?

The mixture of nulls and true moves is judged twice: by the plain recipe, from the very moves
and their true scales, and by `detect` on counts alone, floors off. Printed are the share of
false alarms in units of q, and the power.
"""

import argparse
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from checks.detectors.tails import discovery_limit, fit_tails
from checks.judge import detect
from checks.model import Sensitivity
from checks.panel.panel import Panel
from checks.rules import rules_for
from tests.bench.scoring import episodes
from tests.bench.world import panel_of

TUNING, REPORTING = 1, 1000
"""First seeds."""

PLATFORMS = 4
DAYS = 180
FIRST = 90
"""The first judged day that counts."""

TRUE = 0.003
JOINT = 0.06
SIZES = (5.0, 200.0)
"""True moves in scales of the account, log-uniform: against an exact t3 tail moves of 8 to 40
scales cannot be told at q = 0.05 even by somebody who knows the tail."""

Tails = Literal["t3", "mixed"]
QS: tuple[tuple[float, Sensitivity], ...] = ((0.05, "balanced"), (0.1, "sensitive"))
GRACE = 3
"""Days from a true move on which an alarm is not false."""


@dataclass(frozen=True)
class Mixture:
    """`moves` are daily log moves beside growth, `true` what of them was no accident."""

    moves: Any
    scale: Any
    growth: Any
    true: Any
    platform: Any

    def panel(self, start: float = 1e7) -> Panel:
        """The counts of accounts that began with `start` followers."""
        path = np.cumsum(self.growth + self.moves, axis=1)
        names = tuple(f"p{p}/a{row}" for row, p in enumerate(self.platform))
        return panel_of(names, {"followers": np.maximum(np.round(start * np.exp(path)), 1)})


def mixture(
    seed: int,
    *,
    tails: Tails = "t3",
    joint: float = JOINT,
    accounts: int = 1000,
    sizes: tuple[float, float] = SIZES,
) -> Mixture:
    """Nulls, platform-days on which all accounts move together, and true moves.

    Mixed tails are normal, t3 and t5 in equal parts of the accounts. A joint move is 1 to 6
    middle scales in log units, and every account follows it by half to one and a half.
    """
    rng = np.random.default_rng(seed)
    shape = (accounts, DAYS)
    platform = np.arange(accounts) % PLATFORMS
    scale = np.exp(rng.uniform(np.log(5e-4), np.log(5e-3), (accounts, 1)))
    growth = np.exp(rng.uniform(np.log(1e-4), np.log(3e-3), (accounts, 1)))
    noise = rng.standard_t(3, shape)
    if tails == "mixed":
        kind = rng.integers(3, size=(accounts, 1))
        noise = np.where(kind == 0, rng.normal(size=shape), noise)
        noise = np.where(kind == 1, rng.standard_t(5, shape), noise)
    moved = (rng.random((PLATFORMS, DAYS)) < joint) * rng.choice([-1, 1], (PLATFORMS, DAYS))
    wave = moved * rng.uniform(1, 6, moved.shape) * np.median(scale)
    true = rng.random(shape) < TRUE
    true[:, : FIRST // 2] = False
    size = np.exp(rng.uniform(*np.log(sizes), shape)) * rng.choice([-1, 1], shape)
    moves = (noise + true * size) * scale
    moves += wave[platform] * rng.uniform(0.5, 1.5, (accounts, 1))
    return Mixture(moves, scale, growth, true, platform)


def plain(world: Mixture, q: float) -> tuple[float, float]:
    """Share of false alarms and power of the recipe on moves and scales as they are.

    |z| less the platform's day, its tail of 90 days, one threshold over 30 days.
    """
    z = world.moves.copy()
    for each in range(PLATFORMS):
        rows = world.platform == each
        z[rows] = (z[rows] - np.median(z[rows], axis=0)) / world.scale[rows]
        z[rows] /= np.maximum(1, np.quantile(np.abs(z[rows]), 0.75, axis=0) / 0.675)
    z = np.abs(z)
    hit = np.zeros(z.shape, np.bool_)
    for day in range(FIRST, DAYS):
        pool = np.sort(z[:, day - 89 : day + 1], axis=None)
        tail = fit_tails(pool, np.ones((1, pool.size), np.bool_), np.array([pool.size]))
        month = z[:, day - 29 : day + 1]
        log_p = np.where(
            month < tail.low, 0.0, tail.log_p(month, np.zeros(month.shape, np.int64))
        )
        hit[:, day] = log_p[:, -1] <= discovery_limit(log_p.ravel(), q, log_p.size)
    false = (hit & ~world.true).sum() / max(hit.sum(), 1)
    return float(false), float((hit & world.true).sum() / world.true[:, FIRST:].sum())


def ebbwatch(world: Mixture, sensitivity: Sensitivity) -> tuple[float, float]:
    """The same of the alarm episodes of `detect`, floors off."""
    rules = rules_for(sensitivity, min_percent=0, min_count=0)
    hits = detect(world.panel(), rules, columns=slice(FIRST, None)).hits
    alarms = [each for each in episodes(hits) if each.metric == "followers"]
    found = np.zeros(world.true.shape, np.bool_)
    good = 0
    for alarm in alarms:
        span = (alarm.row, slice(max(alarm.day - GRACE + 1, 0), alarm.day + 1))
        good += bool(world.true[span].any())
        found[span] |= world.true[span]
    false = 1 - good / max(len(alarms), 1)
    return false, float(found[:, FIRST:].sum() / world.true[:, FIRST:].sum())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=REPORTING)
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    print("share of false alarms in units of q | power, recipe and ebbwatch")
    for tails, joint in (("t3", 0.0), ("t3", JOINT), ("mixed", 0.0), ("mixed", JOINT)):
        seeds = range(options.first, options.first + options.seeds)
        worlds = [mixture(seed, tails=tails, joint=joint) for seed in seeds]
        for q, sensitivity in QS:
            recipe = np.mean([plain(world, q) for world in worlds], axis=0)
            each = np.array([ebbwatch(world, sensitivity) for world in worlds])
            false, power = each.mean(axis=0)
            worst = each[:, 0].max() / q
            print(
                f"{tails:5s} joint {joint:.2f} q {q:.2f}: "
                f"recipe {recipe[0] / q:.2f} | {recipe[1]:.2f}   "
                f"ebbwatch {false / q:.2f} (worst seed {worst:.2f}) | {power:.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
