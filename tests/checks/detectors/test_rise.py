"""Sudden rises, with and without engagement."""

import numpy as np
import pytest

from checks.judge import detect
from checks.rules import rules_for
from tests.signals import jump, panel, rounded, steady

RULES = rules_for("balanced")


def interactions(days: int, factor: dict[int, float] | None = None) -> np.ndarray:
    daily = np.random.default_rng(8).poisson(2000, days).astype(float)
    for day, by in (factor or {}).items():
        daily[day] *= by
    return np.cumsum(daily)


def rise_days(series: np.ndarray, **metrics: np.ndarray) -> list[int]:
    hits = detect(panel(series, **metrics), RULES, columns=slice(60, None)).hits
    return sorted({int(c) for c in hits.column[hits.alarm & (hits.direction == 1)]})


@pytest.mark.parametrize("share", [0.022, 0.1, 0.5])
def test_a_rise_that_interactions_do_not_follow_is_found_at_once(share: float) -> None:
    series = jump(steady(150), 100, share)
    assert rise_days(series, interactions=interactions(150)) == [100]


def test_a_small_rise_that_interactions_carry_is_life() -> None:
    series = jump(steady(150), 100, 0.03)
    assert rise_days(series, interactions=interactions(150, {100: 5.0})) == []
    large = jump(steady(150), 100, 0.12)
    assert rise_days(large, interactions=interactions(150, {100: 5.0})) == [100]


def test_a_rise_over_a_week_is_found_where_interactions_carry_it() -> None:
    series = steady(150)
    for day in range(100, 108):
        series = jump(series, day, 0.012)
    carried = interactions(150, dict.fromkeys(range(100, 108), 5.0))
    days = rise_days(series, interactions=carried)
    assert days
    assert 102 <= days[0] <= 107


def test_without_any_engagement_the_floor_lies_higher() -> None:
    assert rise_days(jump(steady(150), 100, 0.018)) == []
    assert rise_days(jump(steady(150), 100, 0.025)) == [100]


def test_engagement_that_was_not_refreshed_is_unknown() -> None:
    stale = interactions(150)
    stale[100] = stale[99]
    assert rise_days(jump(steady(150), 100, 0.018), interactions=stale) == []
    assert rise_days(jump(steady(150), 100, 0.018), interactions=interactions(150)) == [100]


def test_the_accounts_own_bursts_raise_its_floor() -> None:
    series = steady(150)
    for day in (65, 80, 95):
        series = jump(series, day, 0.015)
    views = interactions(150)
    assert 120 not in rise_days(jump(series, 120, 0.04), views=views)
    assert 120 in rise_days(jump(series, 120, 0.12), views=views)


def test_one_jump_of_the_past_does_not_hide_the_next() -> None:
    series = jump(steady(150), 70, 0.12)
    assert 120 in rise_days(jump(series, 120, 0.06), interactions=interactions(150))


def test_lumpy_engagement_proves_nothing() -> None:
    lumpy = interactions(150, dict.fromkeys(range(0, 150, 4), 6.0))
    wide = steady(150, noise=0.002)
    assert rise_days(jump(wide, 101, 0.03), interactions=interactions(150)) == [101]
    assert rise_days(jump(wide, 101, 0.03), interactions=lumpy) == []
    assert rise_days(jump(steady(150), 101, 0.03), interactions=lumpy) == [101]


def test_a_clear_rise_of_an_exact_count_may_be_smaller() -> None:
    small = jump(steady(150), 100, 0.014)
    assert rise_days(small, interactions=interactions(150)) == [100]
    assert rise_days(rounded(small), interactions=interactions(150)) == []


def test_weekly_rhythm_is_no_rise() -> None:
    weekend = np.isin(np.arange(150) % 7, (2, 3))
    growth = np.where(weekend, 0.012, 0.002)
    noise = np.random.default_rng(2).normal(0, 3e-4, 150)
    series = np.floor(1e5 * np.exp(np.cumsum(growth + noise)))
    assert rise_days(series, interactions=interactions(150)) == []


def test_start_is_the_first_day_that_carries_the_evidence() -> None:
    series = jump(jump(steady(121), -2, 0.012), -1, 0.012)
    (finding,) = detect(panel(series, interactions=interactions(121)), RULES).findings(-1)
    assert finding.at - finding.start == 86_400
    assert finding.change == series[-1] - series[-3]
