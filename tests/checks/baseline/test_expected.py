"""Expected change and spread."""

import numpy as np
import pytest

from checks.baseline.expected import band, residuals_of
from checks.baseline.fit import TOGETHER, WINDOW, learn, refreshed
from checks.panel.panel import bridge
from tests.bench.world import make
from tests.signals import panel, steady

TODAY = np.array([120])


def test_base_and_spread_of_a_known_life() -> None:
    day = residuals_of(panel(steady(growth=0.002, noise=0.0005)), "followers", TODAY).day
    assert day.expected[0, 0] == pytest.approx(0.002, abs=0.0003)
    assert day.spread[0, 0] == pytest.approx(0.0005, rel=0.35)
    assert day.elapsed[0, 0] == 1


def test_weekend_effect_is_learnt() -> None:
    weekend = np.isin((np.arange(121) - 120 + 4) % 7, (5, 6))
    steps = np.where(weekend, 0.006, 0.001) + np.random.default_rng(1).normal(0, 2e-4, 121)
    view = residuals_of(panel(1e6 * np.exp(np.cumsum(steps))), "followers", np.arange(114, 121))
    expected = view.day.expected[0]
    low, high = expected[2:], expected[:2]
    assert low.max() < 0.002
    assert high.min() > 0.0045


def test_one_wild_day_teaches_nothing_lasting() -> None:
    calm = steady(noise=0.0003)
    wild = calm.copy()
    wild[80:] *= 1.5
    for name in ("expected", "spread"):
        a, b = (
            getattr(residuals_of(panel(s), "followers", TODAY).day, name)[0, 0]
            for s in (calm, wild)
        )
        assert b == pytest.approx(a, rel=0.35)


def test_spread_never_falls_below_counting_and_the_display_step() -> None:
    still = np.full(121, 400.0)
    day = residuals_of(panel(still), "followers", TODAY).day
    assert day.spread[0, 0] == pytest.approx(0.5 / 400)
    shown = np.full(121, 12_300.0)
    view = residuals_of(panel(shown), "followers", TODAY)
    assert view.step[0, 0] == 100
    assert view.day.spread[0, 0] >= 100 / 12_300 / np.sqrt(12)


def test_gaps_are_bridged_for_learning_only() -> None:
    counts = np.array([[100.0, np.nan, np.nan, 130.0, 131.0], [5, np.nan, np.nan, np.nan, 9]])
    series = bridge(counts, np.array([True, True]), 3)
    np.testing.assert_allclose(series.increments[0, 1:], [10, 10, 10, 1])
    assert np.isnan(series.increments[1]).all()
    assert series.read[0].tolist() == [False, False, False, True, True]
    np.testing.assert_array_equal(series.newest(np.array([2, 4])), series.last[:, [2, 4]])


def test_clipping_leaves_rounded_growth() -> None:
    steps = np.zeros((1, WINDOW), np.float32)
    steps[0, ::7] = 0.007
    base, _, _ = learn(steps, 0, np.sort(steps.T, axis=0))
    assert base[0] == pytest.approx(0.001, rel=0.01)


def test_an_account_learns_once_a_week_on_its_own_day() -> None:
    columns = np.arange(30)
    for phase in range(7):
        ends = refreshed(columns, 739_000, phase)
        assert (np.diff(np.unique(ends)) == 7).all()
        assert ((columns - ends >= 0) & (columns - ends < 7)).all()


@pytest.mark.parametrize("columns", [TODAY, np.arange(70, 119)])
def test_few_accounts_learn_as_they_do_among_many(columns: np.ndarray) -> None:
    many = make(TOGETHER + 12, 3, days=121).panel()
    counts = many.metrics["followers"]
    counts[::9, 40:47], counts[::5, :12], counts[::11, ::2] = np.nan, np.nan, np.nan
    few = many.take(np.arange(TOGETHER))
    for metric in ("followers", "following"):
        whole, part = (residuals_of(each, metric, columns) for each in (many, few))
        for name in ("move", "expected", "spread", "elapsed"):
            np.testing.assert_array_equal(
                getattr(whole.day, name)[:TOGETHER], getattr(part.day, name)
            )
        np.testing.assert_array_equal(whole.step[:TOGETHER], part.step)


def test_band_surrounds_the_counts_of_a_calm_account() -> None:
    series = steady()
    made = panel(series, interactions=np.cumsum(np.random.default_rng(2).poisson(500, 121)))
    low, high = band(made, 0, "followers")
    inside = (series[70:] >= low[70:]) & (series[70:] <= high[70:])
    assert inside.mean() > 0.95
    assert np.isnan(low[:5]).all()
    low, high = band(made, 0, "interactions")
    total = made.metrics["interactions"][0]
    assert ((total[70:] >= low[70:]) & (total[70:] <= high[70:])).mean() > 0.95
