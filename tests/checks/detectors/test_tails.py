"""Scores, tails and Benjamini-Hochberg."""

import numpy as np
import pytest

from checks.detectors.tails import (
    HEAVIEST,
    Tails,
    discovery_limit,
    fit_tails,
    score_limit,
)
from checks.rules import rules_for


def tails_of(*pools: np.ndarray) -> Tails:
    scores = np.concatenate(pools)
    order = np.argsort(scores)
    whose = np.repeat(np.arange(len(pools)), [len(pool) for pool in pools])[order]
    drawn = whose == np.arange(len(pools))[:, None]
    return fit_tails(scores[order], drawn, drawn.sum(axis=1))


def test_the_limit_is_where_the_tail_is_alpha() -> None:
    for sensitivity in ("strict", "balanced", "sensitive"):
        rules = rules_for(sensitivity)  # type: ignore[arg-type]
        assert 1e-4 * (score_limit(rules) / 4.5) ** -6 == pytest.approx(rules.alpha)


@pytest.mark.parametrize("exponent", [3.0, 4.0, 5.0])
def test_a_power_tail_is_recovered(exponent: float) -> None:
    scores = np.random.default_rng(1).pareto(exponent, 200_000) + 1
    tail = tails_of(scores)
    assert tail.exponent == pytest.approx(exponent, rel=0.15)
    far = np.quantile(scores, 0.9999)
    assert tail.log_p(np.array([far]), np.array([0]))[0] == pytest.approx(np.log(1e-4), abs=0.8)


def test_anomalies_beyond_the_fit_do_not_bend_the_tail() -> None:
    rng = np.random.default_rng(2)
    scores = np.abs(rng.standard_t(3, 50_000))
    dirty = scores.copy()
    dirty[:250] = 200.0
    clean, bent = tails_of(scores), tails_of(dirty)
    assert bent.exponent == pytest.approx(clean.exponent, rel=0.2)


def test_pools_know_nothing_of_each_other() -> None:
    rng = np.random.default_rng(3)
    pools = [rng.pareto(exponent, 5000) + 1 for exponent in (3.0, 4.0, 5.0)]
    together, score = tails_of(*pools), np.linspace(1, 30, 50)
    for i, pool in enumerate(pools):
        alone = tails_of(pool)
        assert together.exponent[i] == alone.exponent[0]
        log_p = alone.log_p(score, np.zeros(50, np.int64))
        assert (together.log_p(score, np.full(50, i)) == log_p).all()


def test_benjamini_hochberg_by_hand() -> None:
    log_p = np.log([0.001, 0.012, 0.03, 0.2])
    assert discovery_limit(log_p, 0.05, 4) == pytest.approx(np.log(0.03))
    assert discovery_limit(log_p, 0.05, 100) == -np.inf
    both = discovery_limit(np.stack([log_p, log_p]), 0.05, np.array([4, 100]))
    assert both.tolist() == [log_p[2], -np.inf]


def test_a_pool_of_true_moves_is_no_excuse_for_them() -> None:
    scores = np.random.default_rng(2).pareto(1.2, 200_000) + 1
    assert tails_of(scores).exponent == HEAVIEST
