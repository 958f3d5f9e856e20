"""Scores, tails and Benjamini-Hochberg."""

import numpy as np
import pytest

from checks.rules import rules_for
from checks.surprise import HEAVIEST, discovery_limit, fit_tail, log_tail, score_limit


def test_the_limit_is_where_the_tail_is_alpha() -> None:
    for sensitivity in ("strict", "balanced", "sensitive"):
        rules = rules_for(sensitivity)  # type: ignore[arg-type]
        assert log_tail(np.array([score_limit(rules)]))[0] == pytest.approx(np.log(rules.alpha))
    tail = log_tail(np.linspace(0, 50, 100))
    assert (np.diff(tail) <= 0).all()
    assert tail[0] == np.log(0.5)


@pytest.mark.parametrize("exponent", [3.0, 4.0, 5.0])
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


def test_a_pool_of_true_moves_is_no_excuse_for_them() -> None:
    scores = np.random.default_rng(2).pareto(1.2, 200_000) + 1
    assert fit_tail(scores).exponent == HEAVIEST
