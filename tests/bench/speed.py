"""How fast the checks are beside one NumPy pass over the same array."""

from time import process_time
from typing import Any

import numpy as np

from checks.judge import detect
from checks.panel.panel import Panel
from checks.rules import rules_for
from tests.bench.world import Ranges, make, panel_of

ROUNDS = 5


def weekday_pass(counts: Any) -> Any:
    """The yardstick: weekday median and MAD of every series, np.partition in float32."""
    changes = np.diff(counts.astype(np.float32), axis=1)
    weeks = changes.shape[1] // 7
    days = changes[:, -7 * weeks :].reshape(len(changes), weeks, 7).transpose(0, 2, 1)
    days = np.ascontiguousarray(days)
    middle = np.partition(days, weeks // 2, axis=2)[:, :, weeks // 2]
    rest = np.abs(days - middle[:, :, None])
    return middle, np.partition(rest, weeks // 2, axis=2)[:, :, weeks // 2]


def today(accounts: int = 100_000, days: int = 90) -> dict[str, float]:
    """Today's grid point in units of the pass over the same array, medians of ROUNDS."""
    whole = _tiled(accounts, days)
    followers = _only(whole, "followers")
    rules = rules_for("balanced")
    seconds = _medians(
        {
            "pass": lambda: weekday_pass(whole.metrics["followers"]),
            "followers": lambda: detect(followers, rules),
            "all metrics": lambda: detect(whole, rules),
        }
    )
    return {name: took / seconds["pass"] for name, took in seconds.items()} | {
        "pass seconds": seconds["pass"]
    }


def causal(accounts: int = 1000, days: int = 180) -> dict[str, float]:
    """Series per second of a causal replay, and that of the pass over it."""
    world = make(accounts, 77, days=days)
    followers = _only(world.panel(), "followers")
    rules = rules_for("balanced")
    wide = np.tile(np.nan_to_num(world.counts["followers"]), (100, 1))
    seconds = _medians(
        {
            "pass": lambda: weekday_pass(wide),
            "replay": lambda: detect(followers, rules, columns=slice(0, None)),
        }
    )
    rate, bound = accounts / seconds["replay"], len(wide) / seconds["pass"]
    return {"series per second": rate, "pass series per second": bound, "ratio": bound / rate}


def _tiled(accounts: int, days: int) -> Panel:
    """A mostly calm world of 2,000 accounts, interactions standing in for views, repeated."""
    world = make(2000, 78, days=180, ranges=Ranges(labelled=0.05))
    counts = {name: values[:, -days:] for name, values in world.counts.items()}
    counts["views"] = counts["interactions"] * 7
    times = -(-accounts // 2000)
    wide = {name: np.tile(values, (times, 1))[:accounts] for name, values in counts.items()}
    panel = panel_of(tuple(f"instagram/a{i}" for i in range(accounts)), wide)
    panel.phase.sum()
    return panel


def _only(panel: Panel, metric: str) -> Panel:
    shape = panel.metrics[metric].shape
    panel_ = panel_of(panel.accounts, {metric: panel.metrics[metric].reshape(shape)})
    panel_.phase.sum()
    return panel_


def _medians(work: dict[str, Any]) -> dict[str, float]:
    """Processor time, rounds interleaved: a busy machine slows all of them alike."""
    took: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(ROUNDS):
        for name, job in work.items():
            start = process_time()
            job()
            took[name].append(process_time() - start)
    return {name: float(np.median(times)) for name, times in took.items()}
