"""Sudden falls, and losses that gains hide."""

import numpy as np
import pytest

from checks.detectors.findings import Findings
from checks.judge import detect
from checks.rules import rules_for
from tests.signals import jump, panel, rounded, steady

RULES = rules_for("balanced")


def alarms(found: Findings, check: str) -> list[tuple[int, int]]:
    on = found.alarm & (found.check == check)
    return list(zip(found.row[on].tolist(), found.column[on].tolist(), strict=True))


@pytest.mark.parametrize("share", [0.02, 0.05, 0.3, 0.999])
@pytest.mark.parametrize("show", [lambda series: series, rounded])
def test_a_purge_is_found_on_its_day_and_once(share: float, show: object) -> None:
    series = show(jump(steady(150), 100, -share))  # type: ignore[operator]
    found = detect(panel(series), RULES, columns=slice(60, 140)).hits
    assert alarms(found, "fall") == [(0, 100)]
    assert alarms(found, "leak") == []


def test_one_display_step_is_no_fall() -> None:
    series = np.where(np.arange(121) == 120, 10_100.0, 10_200.0)
    assert alarms(detect(panel(series), RULES).hits, "fall") == []
    series[-1] = 9_990
    assert alarms(detect(panel(series), RULES).hits, "fall") == [(0, 120)]


def test_a_fall_that_gives_back_a_rise_is_no_loss() -> None:
    series = steady(121)
    series[-4:-1] *= 1.06
    assert alarms(detect(panel(series), RULES).hits, "fall") == []
    assert alarms(detect(panel(jump(series, -1, -0.2)), RULES).hits, "fall") == [(0, 120)]


def test_slower_growth_is_no_loss() -> None:
    series = steady(121, growth=0.02)
    series[-1] = series[-2]
    assert alarms(detect(panel(series), RULES).hits, "fall") == []


def test_an_account_that_often_falls_has_a_higher_floor() -> None:
    series = steady(150)
    for day in (70, 90, 110, 130):
        series = jump(jump(series, day, -0.04), day + 10, 0.0416)
    assert alarms(detect(panel(jump(series, -1, -0.04)), RULES).hits, "fall") == []
    assert alarms(detect(panel(jump(series, -1, -0.09)), RULES).hits, "fall") == [(0, 149)]


def test_a_loss_hidden_by_gains_is_seen_where_lost_is_given() -> None:
    rng = np.random.default_rng(3)
    lost = rng.poisson(40, (1, 121)).astype(float)
    gained = rng.poisson(50, (1, 121)).astype(float)
    lost[0, -1] += 500
    gained[0, -1] += 500
    level = 20_000 + np.cumsum(gained - lost, axis=1)
    found = detect(panel(level, gained=gained, lost=lost), RULES)
    (finding,) = found.findings(-1)
    assert (finding.check, finding.metric, finding.direction) == (
        "hidden_loss",
        "followers",
        "down",
    )
    assert finding.change == -lost[0, -1]
    assert finding.expected == pytest.approx(-40, abs=5)
    assert finding.size == pytest.approx(500 / 20_000, rel=0.1)
    calm = detect(panel(level[:, :-1], gained=gained[:, :-1], lost=lost[:, :-1]), RULES)
    assert calm.findings(-1) == []


def test_without_a_level_only_counts_decide() -> None:
    net = np.random.default_rng(4).poisson(30, (1, 121)).astype(float)
    net[0, -1] = -400
    (finding,) = detect(panel(net=net), RULES).findings(-1)
    assert finding.direction == "down"
    assert np.isnan(finding.level)
    assert np.isnan(finding.size)
    assert finding.change == -400


def test_one_wrong_reading_raises_no_bar_for_later_falls() -> None:
    series = steady(121)
    series[60] *= 0.6
    series[-1] *= 0.9
    assert alarms(detect(panel(series), RULES).hits, "fall") == [(0, 120)]


def test_equal_falls_every_three_weeks_are_told_each_time() -> None:
    series = steady(121)
    for day in (57, 78, 99, 120):
        series[day:] *= 0.9
    assert alarms(detect(panel(series), RULES).hits, "fall") == [(0, 120)]
