"""Small made-up lives of accounts whose answer is known."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from checks.panel.build import Readings, build_panel
from checks.panel.panel import LOOKBACK, Panel

DAY = 86_400
NOW = 1_763_769_599
"""2025-11-21T23:59:59Z, a Friday."""


def steady(
    days: int = LOOKBACK + 1,
    *,
    start: float = 100_000,
    growth: float = 0.001,
    noise: float = 0.0003,
    seed: int = 0,
) -> Any:
    """One calm series of whole counts that grows by about the same share every day."""
    rng = np.random.default_rng(seed)
    steps = growth + noise * rng.standard_normal(days)
    return np.floor(start * np.exp(np.cumsum(steps)))


def jump(series: Any, day: int, share: float) -> Any:
    """`series` changed by `share` from `day` (negative counts from the end) on."""
    later = np.arange(len(series)) >= day % len(series)
    return np.floor(series * np.where(later, 1 + share, 1))


def rounded(series: Any) -> Any:
    """As shown with three significant digits."""
    unit = 10.0 ** np.maximum(np.floor(np.log10(np.maximum(series, 1))) - 2, 0)
    return np.floor(series / unit) * unit


def panel(
    followers: Any = None,
    *,
    accounts: Sequence[str] | None = None,
    now: int = NOW,
    timezone: str = "UTC",
    every: int = DAY,
    **metrics: Any,
) -> Panel:
    """Daily rows (accounts, days) whose last reading is at `now`."""
    values: dict[str, Any] = {} if followers is None else {"followers": followers}
    values |= metrics
    grids: Mapping[str, Any] = {
        name: np.atleast_2d(np.asarray(grid, np.float64)) for name, grid in values.items()
    }
    rows, days = next(iter(grids.values())).shape
    names = accounts or [f"instagram/a{row}" for row in range(rows)]
    return build_panel(
        Readings(
            names,
            np.repeat(np.arange(rows), days),
            np.tile(now - every * np.arange(days)[::-1], rows),
            {name: grid.ravel() for name, grid in grids.items()},
        ),
        now=now,
        timezone=timezone,
        days=days,
    )
