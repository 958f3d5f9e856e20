"""The grid of days: cells, ends, steps, flows, held zeros."""

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from checks.panel.build import Readings, build_panel, day_ends
from checks.panel.panel import display_step
from tests.signals import DAY, NOW, panel, rounded, steady


def test_last_reading_of_a_day_wins_in_any_order() -> None:
    rng = np.random.default_rng(1)
    rows = rng.integers(0, 5, 400)
    at = NOW - rng.integers(0, 20 * DAY, 400)
    counts = rng.integers(100, 1000, 400).astype(float)
    expected = np.full((5, 20), np.nan)
    inside: dict[tuple[int, int], list[float]] = {}
    for k in np.argsort(at, kind="stable"):
        day = int(19 - (NOW - at[k]) // DAY)
        expected[rows[k], day] = counts[k]
        inside.setdefault((int(rows[k]), day), []).append(counts[k])
    for (row, day), some in inside.items():
        before = any(other == row and earlier < day for other, earlier in inside)
        if before and len(some) > 1 and (row, day - 1) not in inside:
            expected[row, day - 1] = some[0]
    for order in (np.argsort(at), np.lexsort((at, rows)), rng.permutation(400)):
        made = build_panel(
            Readings(list("abcde"), rows[order], at[order], {"followers": counts[order]}),
            now=NOW,
            timezone="UTC",
            days=20,
        )
        np.testing.assert_array_equal(made.metrics["followers"], expected)


def test_a_late_poll_is_the_reading_before_the_next_and_unknown_on_its_own_day() -> None:
    at = np.array([NOW - 3 * DAY, NOW - 2 * DAY, NOW - DAY + 6 * 3600, NOW])
    made = build_panel(
        Readings(["a"], [0] * 4, at, {"followers": [100.0, 80.0, 101.0, 102.0]}),
        now=NOW,
        timezone="UTC",
        days=4,
        with_read_at=True,
    )
    assert made.metrics["followers"].tolist() == [[100.0, 80.0, 101.0, 102.0]]
    assert made.read_at is not None
    assert made.read_at.tolist() == [at.tolist()]
    assert np.isnan(made.as_of(2).metrics["followers"][0, -1])


@pytest.mark.parametrize("zone", ["Europe/Vienna", "America/New_York", "Asia/Kolkata"])
def test_days_end_at_the_same_wall_clock_across_a_clock_change(zone: str) -> None:
    now = int(datetime(2025, 11, 5, 14, 30, tzinfo=ZoneInfo(zone)).timestamp())
    ends = day_ends(now, zone, 250)
    assert ends[-1] == now
    assert (np.diff(ends) > 0).all()
    access = {datetime.fromtimestamp(int(t), ZoneInfo(zone)).strftime("%H:%M") for t in ends}
    assert access == {"14:30"}


def test_weekday_belongs_to_the_middle_of_the_change() -> None:
    assert panel(steady(14)).weekdays[-1] == 4
    early = panel(steady(14), now=NOW - DAY + 3 * 3600)
    assert early.weekdays[-1] == 3


def test_readings_outside_the_grid_are_left_out() -> None:
    made = build_panel(
        Readings(["a"], [0, 0], [NOW + 1, NOW - 5 * DAY], {"followers": [5.0, 6.0]}),
        now=NOW,
        timezone="UTC",
        days=3,
    )
    assert np.isnan(made.metrics["followers"]).all()


def test_a_fall_to_zero_is_held_and_an_earlier_reading_of_the_day_stays() -> None:
    at = [NOW - 2 * DAY, NOW - DAY, NOW - 60, NOW]
    made = build_panel(
        Readings(["a"], [0] * 4, at, {"followers": [500.0, 0.0, 480.0, 0.0]}),
        now=NOW,
        timezone="UTC",
        days=3,
    )
    np.testing.assert_array_equal(made.metrics["followers"], [[500, np.nan, 480]])
    assert made.zeros is not None
    np.testing.assert_array_equal(made.zeros, [[False, True, True]])


def test_a_fall_to_a_small_count_and_a_start_at_zero_are_readings() -> None:
    made = panel([[0, 0, 50, 8, 0]])
    np.testing.assert_array_equal(made.metrics["followers"], [[0, 0, 50, 8, 0]])


def test_flows_become_a_series_without_a_level() -> None:
    gained, lost = np.array([[5, 7, np.nan, 9]]), np.array([[1, 2, np.nan, 3]])
    both = panel(gained=gained, lost=lost)
    assert both.basis == ("gained_lost",)
    assert not both.has_level[0]
    assert np.diff(both.metrics["followers"][0, :2]) == [5]
    only = panel(gained=gained)
    assert only.basis == ("gained",)
    net = panel(net=gained - lost, gained=gained)
    assert net.basis == ("net",)
    total = panel([[100, 104, np.nan, 110]], gained=gained, lost=lost)
    assert total.basis == ("total",)
    assert total.has_level[0]


def test_a_missing_flow_day_counts_as_a_usual_one() -> None:
    flow = np.full((1, 20), 10.0)
    flow[0, 12] = np.nan
    series = panel(net=flow).metrics["followers"][0]
    assert np.isnan(series[12])
    assert series[13] - series[11] == 20


def test_daily_interactions_are_summed_only_here() -> None:
    made = panel(steady(5), interactions_daily=np.array([[3, 4, 5, 6, 7]]))
    np.testing.assert_array_equal(np.diff(made.metrics["interactions"]), [[4, 5, 6, 7]])


def test_no_count_below_zero_and_no_infinity_is_a_reading() -> None:
    made = panel([[5, -3, np.inf, 2.0**60, 7]])
    np.testing.assert_array_equal(made.metrics["followers"], [[5, np.nan, np.nan, 2.0**60, 7]])


def test_step_is_learnt_and_follows_the_level() -> None:
    low, high = rounded(steady(start=95_000)), rounded(steady(start=105_000))
    exact = steady(start=95_000)
    steps = display_step(np.array([low, high, exact, low / 1000]))
    np.testing.assert_array_equal(steps, [1000 if low[-1] >= 1e5 else 100, 1000, 1, 1])


def test_groups_are_platforms_and_tags() -> None:
    made = build_panel(
        Readings(["x/a", "x/b", "plain"], [], [], {"followers": []}),
        now=NOW,
        timezone="UTC",
        days=3,
        tags={"x/b": ["team"], "plain": ["team"]},
    )
    assert {name: rows.tolist() for name, rows in made.groups.items()} == {
        "platform:x": [0, 1],
        "#team": [1, 2],
    }


def test_until_is_the_panel_of_that_day() -> None:
    made = panel(np.stack([steady(150), steady(150, seed=1)]))
    early = made.until(130)
    assert early.days == 121
    assert early.ends[-1] == made.ends[130]
    assert early.day + early.days == made.day + 131
    np.testing.assert_array_equal(
        early.metrics["followers"], made.metrics["followers"][:, 10:131]
    )


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Pacific/Apia"])
def test_a_reading_lies_in_its_day_across_a_clock_change(zone: str) -> None:
    """Berlin's clocks went back on 29 October 2023; Apia has no 30 December 2011."""
    apia = int(datetime(2012, 1, 9, 3, tzinfo=ZoneInfo(zone)).timestamp())
    now = NOW if zone == "Europe/Berlin" else apia
    edges = day_ends(now, zone, 31)
    at = np.arange(edges[0] + 1, now + 1, 600)
    made = build_panel(
        Readings(["x/a"], np.zeros(len(at)), at, {"followers": np.arange(len(at)) + 1.0}),
        now=now,
        timezone=zone,
        days=30,
    )
    last = np.searchsorted(at, edges[1:], side="right") - 1
    held = np.diff(edges) > 0
    assert made.metrics["followers"][0, held].tolist() == (last[held] + 1.0).tolist()
