"""Slow rises: none of their days stands out, their sum does."""

import numpy as np

from checks.judge import detect
from checks.rules import rules_for
from tests.signals import panel

RULES = rules_for("balanced")


def growing(times: float, *, days: int = 18, ago: int = 0, seed: int = 0) -> np.ndarray:
    """Growth of 0.03 % a day that is `times` as fast on some days that end `ago` days ago."""
    rng = np.random.default_rng(seed)
    steps = 0.0003 * (1 + 0.3 * rng.standard_normal(121))
    steps[121 - ago - days : 121 - ago] *= times
    return np.floor(200_000 * np.exp(np.cumsum(steps)))


def surges(series: np.ndarray) -> list[int]:
    hits = detect(panel(series), RULES, columns=slice(90, None)).hits
    return sorted(hits.column[hits.alarm & (hits.check == "surge")].tolist())


def test_weeks_of_eight_times_the_usual_growth_are_told() -> None:
    assert surges(growing(8))


def test_growth_that_triples_is_no_surge() -> None:
    assert surges(growing(3)) == []


def test_what_came_at_once_is_no_slow_surge() -> None:
    series = growing(1)
    series[-10:] = np.floor(series[-10:] * 1.06)
    assert surges(series) == []


def test_what_the_account_has_done_before_is_no_news() -> None:
    again = growing(8, ago=50) * growing(8) / 200_000
    assert surges(np.floor(again)) == []


def test_two_readings_are_no_slow_surge() -> None:
    series = growing(8)
    series[-27:][np.arange(27) % 9 > 0] = np.nan
    assert surges(series) == []
