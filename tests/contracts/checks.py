"""For each check lives in which it has something to find, and lives that are calm."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from checks.panel.build import Readings, build_panel
from checks.panel.panel import Panel

DAY = 86_400
NOW = 1_763_769_599
DAYS = 170
"""Two panels' worth of lookback, so that single days and replays see different pasts."""

Lives = Callable[[np.random.Generator], dict[str, Any]]
"""Counts (accounts, days) by metric; the first account is the one that is found."""


@dataclass(frozen=True)
class Case:
    """When a check finds the first account, and the lives it is found among."""

    check: str
    lives: Lives
    first: int
    last: int


def panel_of(case: Case, seed: int = 1) -> Panel:
    counts = case.lives(np.random.default_rng(seed))
    accounts, days = counts["followers"].shape
    return build_panel(
        Readings(
            [f"x/a{n}" for n in range(accounts)],
            np.repeat(np.arange(accounts), days),
            np.tile(NOW - DAY * np.arange(days)[::-1], accounts),
            {name: grid.ravel() for name, grid in counts.items()},
        ),
        now=NOW,
        timezone="UTC",
        days=days,
    )


def calm(rng: np.random.Generator, accounts: int = 6) -> dict[str, Any]:
    """Accounts that grow by about a thousandth a day, post daily and are read every day."""
    shape = (accounts, DAYS)
    growth = np.cumsum(0.001 + 0.0004 * rng.standard_normal(shape), axis=1)
    followers = np.floor(60_000 * np.exp(growth))
    posts = 1 + rng.poisson(1.0, shape)
    likes = rng.poisson(900, shape)
    return {
        "followers": followers,
        "following": np.full(shape, 800.0) + rng.integers(0, 2, shape),
        "posts": np.cumsum(posts, axis=1).astype(float),
        "interactions": np.cumsum(likes, axis=1).astype(float),
        "views": np.cumsum(rng.poisson(3_000 * posts), axis=1).astype(float),
    }


def rising(rng: np.random.Generator) -> dict[str, Any]:
    counts = calm(rng)
    counts["followers"][0, 140:] = np.floor(counts["followers"][0, 140:] * 1.12)
    return counts


def falling(rng: np.random.Generator) -> dict[str, Any]:
    counts = calm(rng)
    counts["followers"][0, 140:] = np.floor(counts["followers"][0, 140:] * 0.94)
    return counts


def hiding(rng: np.random.Generator) -> dict[str, Any]:
    """A loss that gains of the same day hide."""
    counts = calm(rng)
    lost = rng.poisson(30, counts["followers"].shape).astype(float)
    lost[0, 140] += 4_000
    return counts | {"lost": lost}


def surging(rng: np.random.Generator) -> dict[str, Any]:
    """Three weeks of growth that no single day shows."""
    counts = calm(rng)
    rate = np.where((np.arange(DAYS) >= 118) & (np.arange(DAYS) < 139), 0.0035, 0.0002)
    rate = rate + 0.0002 * rng.standard_normal(DAYS)
    counts["followers"][0] = np.floor(60_000 * np.exp(np.cumsum(rate)))
    return counts


def leaking(rng: np.random.Generator) -> dict[str, Any]:
    counts = calm(rng)
    gone = np.clip(np.arange(DAYS) - 115, 0, 25) * 0.004
    counts["followers"][0] = np.floor(counts["followers"][0] * (1 - gone))
    return counts


def swinging(rng: np.random.Generator) -> dict[str, Any]:
    counts = calm(rng)
    days = np.arange(120, 141)
    counts["following"][0, days] += np.round(200 * np.abs(np.sin(np.pi * (days - 120) / 6)))
    return counts


def thinning(rng: np.random.Generator) -> dict[str, Any]:
    """Bought followers who do nothing here, until the others come back to life."""
    counts = calm(rng)
    counts["followers"][0, 118:] = np.floor(counts["followers"][0, 118:] * 1.3)
    rate = np.where((np.arange(DAYS) >= 120) & (np.arange(DAYS) < 140), 0.4, 1.0)
    counts["interactions"][0] = np.cumsum(rng.poisson(900 * rate))
    return counts


def unseen(rng: np.random.Generator) -> dict[str, Any]:
    counts = calm(rng)
    posts = np.diff(counts["posts"][0], prepend=0)
    shut = np.where((np.arange(DAYS) >= 130) & (np.arange(DAYS) < 140), 0.08, 1.0)
    counts["views"][0] = np.cumsum(rng.poisson(3_000 * posts * shut))
    return counts


def silent(rng: np.random.Generator) -> dict[str, Any]:
    """A daily poster who pauses for twelve days."""
    counts = calm(rng)
    made = np.diff(counts["posts"][0], prepend=0)
    made[130:142] = 0
    counts["posts"][0] = np.cumsum(made)
    return counts


def fading(rng: np.random.Generator) -> dict[str, Any]:
    """Interactions that fall by 70 % over ten weeks while the followers stay."""
    counts = calm(rng)
    left = np.interp(np.arange(DAYS), [40, 110], [1.0, 0.3])
    counts["interactions"][0] = np.cumsum(rng.poisson(900 * left))
    return counts


CASES = (
    Case("rise", rising, 140, 145),
    Case("fall", falling, 140, 145),
    Case("hidden_loss", hiding, 140, 145),
    Case("surge", surging, 128, 150),
    Case("leak", leaking, 118, 150),
    Case("oscillation", swinging, 124, 150),
    Case("dilution", thinning, 126, 150),
    Case("reach", unseen, 134, 146),
    Case("fading", fading, 85, 145),
    Case("posting_stopped", silent, 132, 143),
)
