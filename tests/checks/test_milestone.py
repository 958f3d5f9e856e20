import numpy as np
import pytest

from checks.milestone import HORIZON, forecast, milestones
from checks.model import DAY
from checks.panel.build import Readings, build_panel
from checks.panel.panel import Floats, Panel

NOW = 1_700_000_000


def panel_of(counts: Floats) -> Panel:
    accounts, days = counts.shape
    rows = np.repeat(np.arange(accounts), days)
    at = np.tile(NOW - DAY * np.arange(days)[::-1], accounts)
    seen = ~np.isnan(counts.ravel())
    return build_panel(
        Readings(
            [f"x/{row}" for row in range(accounts)],
            rows[seen],
            at[seen],
            {"followers": counts.ravel()[seen]},
        ),
        now=NOW,
        timezone="UTC",
        days=days,
    )


def growth(rng: np.random.Generator, accounts: int, days: int) -> Floats:
    """Counts with a weekly rhythm, over-dispersed gains, bursts and a wandering rate."""
    start = 10 ** rng.uniform(3.5, 6.5, (accounts, 1))
    rate = 10 ** rng.uniform(-3.7, -2.3, (accounts, 1))
    wander = np.exp(np.cumsum(0.02 * rng.standard_normal((accounts, days)), axis=1))
    week = 1 + rng.uniform(-0.5, 0.5, (accounts, 1)) * (np.arange(days) % 7 >= 5)
    burst = 1 + (rng.random((accounts, days)) < 0.04) * rng.pareto(3, (accounts, days))
    mean = start * rate * wander * week * burst
    gains = rng.poisson(mean * rng.gamma(8, 1 / 8, mean.shape))
    losses = rng.poisson(mean.mean(axis=1, keepdims=True) * 0.4, mean.shape)
    counts: Floats = np.round(start) + np.cumsum(gains - losses, axis=1)
    return counts


def test_the_interval_holds_the_day_in_eight_of_ten_cases() -> None:
    rng = np.random.default_rng(11)
    counts = growth(rng, 400, 90 + HORIZON)
    panel = panel_of(counts[:, :90])
    inside = asked = 0
    for row in range(len(counts)):
        now = counts[row, 89]
        target = now + (now - counts[row, 59]) * rng.uniform(0.3, 2)
        guess = forecast(panel, row, target)
        if guess is None or guess.latest is None or guess.earliest is None:
            continue
        asked += 1
        day = NOW + (int((counts[row, 90:] >= target).argmax()) + 1) * DAY
        inside += guess.earliest <= day <= guess.latest
    assert asked > 300
    assert 0.72 <= inside / asked <= 0.9


def test_the_forecast_of_a_steady_account_is_narrow_and_right() -> None:
    steady = panel_of(100_000.0 + 500.0 * np.arange(60)[None])
    guess = forecast(steady, 0, 100_000 + 500 * 79)
    assert guess is not None
    assert guess.likely == NOW + 20 * DAY
    assert guess.earliest is not None
    assert guess.latest is not None
    assert guess.earliest <= guess.likely <= guess.latest <= NOW + 27 * DAY


@pytest.mark.parametrize(
    "counts",
    [
        np.full((1, 60), np.nan),
        np.full((1, 60), 5_000.0),
        np.arange(60.0)[None] + 20_000,
        np.where(np.arange(60) < 50, np.nan, np.arange(60) + 1000.0)[None],
    ],
    ids=["nothing read", "stands still", "already passed", "ten days old"],
)
def test_what_cannot_be_foreseen_has_no_date(counts: Floats) -> None:
    guess = forecast(panel_of(counts), 0, 10_000)
    assert guess is None or guess.likely is None


def test_gaps_do_not_change_the_rate() -> None:
    counts = 100_000.0 + 500.0 * np.arange(60)[None]
    holes = counts.copy()
    holes[0, [10, 11, 12, 30, 47]] = np.nan
    assert forecast(panel_of(holes), 0, 150_000) == forecast(panel_of(counts), 0, 150_000)


def test_a_milestone_is_told_once_with_the_highest_passed() -> None:
    counts = np.array(
        [
            [9_800.0, 9_900.0, 10_010.0],
            [10_010.0, 9_990.0, 10_020.0],
            [np.nan, np.nan, 10_000.0],
            [900.0, 4_900.0, 21_000.0],
            [9_900.0, 10_100.0, np.nan],
        ]
    )
    told = {each.account: each.reasons[0].values for each in milestones(panel_of(counts))}
    assert told == {
        "x/0": {"milestone": 10_000, "followers": 10_010, "daily": 105.0},
        "x/3": {"milestone": 20_000, "followers": 21_000, "daily": 10_050.0},
    }


def test_later_readings_do_not_change_a_forecast() -> None:
    counts = growth(np.random.default_rng(2), 5, 120)
    whole, then = panel_of(counts), panel_of(counts[:, :90])
    for row in range(5):
        target = float(counts[row, 89] * 1.05)
        now = forecast(whole.until(89), row, target)
        past = forecast(then, row, target)
        assert (now is None) == (past is None)
        if now is not None and past is not None and past.likely is not None:
            assert now.likely == past.likely - 30 * DAY
