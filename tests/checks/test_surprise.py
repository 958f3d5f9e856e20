"""Tails and false-discovery control."""

import numpy as np
import pytest

from checks.detect import detect
from checks.discovery import against_the_day
from checks.rules import rules_for
from checks.surprise import discovery_limit, fit_tail, log_tail, score_limit
from tests.signals import jump, panel, steady


def test_the_limit_is_where_the_tail_is_alpha() -> None:
    for sensitivity in ("strict", "balanced", "sensitive"):
        rules = rules_for(sensitivity)  # type: ignore[arg-type]
        assert log_tail(np.array([score_limit(rules)]))[0] == pytest.approx(np.log(rules.alpha))
    tail = log_tail(np.linspace(0, 50, 100))
    assert (np.diff(tail) <= 0).all()
    assert tail[0] == np.log(0.5)


@pytest.mark.parametrize("exponent", [2.0, 3.0, 5.0])
def test_a_power_tail_is_recovered(exponent: float) -> None:
    scores = np.random.default_rng(1).pareto(exponent, 200_000) + 1
    tail = fit_tail(scores)
    assert tail.exponent == pytest.approx(exponent, rel=0.15)
    far = np.quantile(scores, 0.9999)
    assert tail.log_p(np.array([far]))[0] == pytest.approx(np.log(1e-4), abs=0.8)


def test_anomalies_beyond_the_fit_do_not_bend_the_tail() -> None:
    rng = np.random.default_rng(2)
    scores = np.abs(rng.standard_t(3, 50_000))
    dirty = scores.copy()
    dirty[:250] = 200.0
    clean, bent = fit_tail(scores), fit_tail(dirty)
    assert bent.exponent == pytest.approx(clean.exponent, rel=0.2)


def test_benjamini_hochberg_by_hand() -> None:
    log_p = np.log([0.001, 0.012, 0.03, 0.2])
    assert discovery_limit(log_p, 0.05, 4) == pytest.approx(np.log(0.03))
    assert discovery_limit(log_p, 0.05, 100) == -np.inf


def test_a_day_on_which_everybody_moves_is_no_day_of_discoveries() -> None:
    rng = np.random.default_rng(3)
    excess = rng.normal(0, 1, (200, 10))
    excess[:, 4] += 6
    scores, middle, scale = against_the_day(excess, np.ones_like(excess), excess < 99)
    assert middle[4] == pytest.approx(6, abs=0.3)
    assert np.abs(scores[:, 4]).max() < 4
    assert (scale >= 1).all()


def test_control_only_removes_alarms_and_keeps_the_clear_ones() -> None:
    lives = np.stack([steady(150, noise=0.001, seed=seed) for seed in range(60)])
    lives[7] = jump(lives[7], 140, -0.2)
    few = detect(panel(lives[:49]), rules_for("balanced"), columns=slice(100, None)).hits
    many = detect(panel(lives), rules_for("balanced"), columns=slice(100, None)).hits
    assert {(7, 140)} <= set(zip(many.row[many.alarm], many.column[many.alarm], strict=True))
    told = {(int(r), int(c)) for r, c in zip(many.row, many.column, strict=True)}
    for row, column, alarm in zip(few.row, few.column, few.alarm, strict=True):
        assert (int(row), int(column)) in told or not alarm


def test_heavy_tails_without_floors_are_held() -> None:
    rng = np.random.default_rng(5)
    steps = 0.002 * rng.standard_t(3, (200, 121))
    counts = np.round(1e7 * np.exp(np.cumsum(steps, axis=1)))
    rules = rules_for("balanced", min_percent=0, min_count=0)
    hits = detect(panel(counts), rules, columns=slice(90, None)).hits
    sudden = hits.check != "leak"
    assert sudden.sum() > 50
    assert hits.alarm[sudden].mean() < 0.05
