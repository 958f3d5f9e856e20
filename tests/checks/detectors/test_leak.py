"""Slow losses."""

import numpy as np
import pytest

from checks.judge import detect
from checks.rules import rules_for
from tests.signals import jump, panel, rounded, steady

RULES = rules_for("balanced")


def leaking(
    rate: float, days: int = 20, *, start: float = 100_000, seed: int = 0
) -> np.ndarray:
    """Growth halves and `rate` is lost a day from day 100 on."""
    rng = np.random.default_rng(seed)
    steps = 0.001 + 0.0003 * rng.standard_normal(150)
    steps[100 : 100 + days] = 0.5 * steps[100 : 100 + days] - rate
    return np.floor(start * np.exp(np.cumsum(steps)))


def leak_days(series: np.ndarray) -> list[int]:
    hits = detect(panel(series), RULES, columns=slice(60, None)).hits
    return sorted(hits.column[hits.alarm & (hits.check == "leak")].tolist())


@pytest.mark.parametrize("rate", [0.001, 0.0025, 0.005])
def test_a_leak_is_found_within_a_week(rate: float) -> None:
    days = leak_days(leaking(rate))
    assert days
    assert 101 <= days[0] <= 107


def test_a_leak_on_rounded_counts_is_found() -> None:
    days = leak_days(rounded(leaking(0.003, start=400_000)))
    assert days
    assert days[0] <= 114


def test_a_rounded_count_is_known_by_its_weeks() -> None:
    noise = np.random.default_rng(0).normal(0, 2e-4, 150)
    growth = np.where(np.arange(150) < 100, 0.0005, -0.001)
    days = leak_days(rounded(np.floor(247_000 * np.exp(np.cumsum(growth + noise)))))
    assert days
    assert days[0] <= 110


def test_a_purge_and_a_glitch_are_no_leak() -> None:
    assert leak_days(jump(steady(150), 100, -0.006)) == []
    assert leak_days(jump(jump(steady(150), 100, -0.1), 101, 0.11)) == []


def test_a_purge_of_rounded_counts_next_to_a_missing_day_is_no_leak() -> None:
    series = rounded(jump(steady(150, start=400_000), 100, -0.1))
    series[99] = np.nan
    assert leak_days(series) == []


def test_growth_that_used_to_come_and_go_does_not_hide_a_count_that_falls() -> None:
    lively = np.where(np.arange(150) // 7 % 2 == 0, 0.0002, 0.0028)
    noise = np.random.default_rng(4).normal(0, 3e-4, 150)
    growth = np.where(np.arange(150) < 100, lively, -0.002) + noise
    days = leak_days(np.floor(1e6 * np.exp(np.cumsum(growth))))
    assert days
    assert days[0] <= 114


def test_a_leak_goes_on_after_a_purge_inside_it() -> None:
    series = jump(leaking(0.004, 30), 112, -0.1)
    assert set(range(106, 125)) <= set(leak_days(series))


def test_calm_and_slower_growth_are_no_leak() -> None:
    assert leak_days(steady(150)) == []
    slower = np.concatenate([np.full(100, 0.0010), np.full(50, 0.0007)])
    noise = np.random.default_rng(1).normal(0, 3e-4, 150)
    assert leak_days(np.floor(1e5 * np.exp(np.cumsum(slower + noise)))) == []


def test_missing_days_do_not_hide_a_leak() -> None:
    series = leaking(0.003)
    series[[102, 103, 105, 108]] = np.nan
    assert leak_days(series)[0] <= 107


def test_size_is_the_whole_sum() -> None:
    series = leaking(0.004)
    found = detect(panel(series), RULES, columns=slice(110, 111))
    (finding,) = found.findings(110)
    assert finding.size == pytest.approx(0.045 + 0.0055, rel=0.25)
    assert finding.start < finding.at
    assert finding.change < 0 < finding.expected


def test_growth_that_ends_is_no_loss() -> None:
    days = np.arange(121)
    series = np.floor(10_000 * 1.006 ** np.minimum(days, 95)) - np.maximum(days - 95, 0) // 9
    assert leak_days(series) == []
