"""All checks together: causality, independence of neighbours, bad input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.baseline.expected import residuals_of
from checks.judge import Detections, detect
from checks.panel.build import Readings, build_panel
from checks.rules import rules_for
from tests.bench.scoring import Score, episodes, score
from tests.bench.world import WIDE, Ranges, make, panel_of, read_every
from tests.signals import DAY, NOW, jump, panel, steady

RULES = rules_for("balanced")


def rows_of(found: Detections, column: int) -> list[tuple[object, ...]]:
    """Everything a judged day says, times instead of columns."""
    hits, ends = found.hits, found.panel.ends
    at = np.flatnonzero(hits.column == column)
    names = (
        "change",
        "expected",
        "level",
        "size",
        "score",
        "floor",
        "passed",
        "alarm",
    )
    return [
        (
            found.panel.accounts[hits.row[i]],
            hits.check[i],
            hits.metric[i],
            int(ends[hits.start[i]]),
            *(getattr(hits, name)[i].item() for name in names),
        )
        for i in at
    ]


@settings(max_examples=12)
@given(seed=st.integers(1, 10_000), column=st.integers(20, 179), holes=st.floats(0, 0.6))
def test_a_day_alone_says_what_a_replay_says(seed: int, column: int, holes: float) -> None:
    world = make(70, seed, ranges=WIDE)
    rng = np.random.default_rng(seed)
    sparse = rng.random((70, 1)) < 0.4
    gone = (rng.random((70, 180)) < holes) & sparse
    start = int(rng.integers(0, 120))
    gone[:4, start : start + int(rng.integers(10, 50))] = True
    gone[4:12] |= np.arange(180) % int(rng.integers(2, 15)) > 0
    counts = {name: np.where(gone, np.nan, grid) for name, grid in world.counts.items()}
    whole = panel_of(world.accounts, counts)
    replay = detect(whole, RULES, columns=slice(0, None))
    today = whole.until(column)
    alone = detect(today, RULES)
    assert rows_of(alone, today.days - 1) == rows_of(replay, column)
    for metric in replay.panel.metrics:
        now, then = alone.day.residuals(metric), replay.day.residuals(metric)
        pairs = [
            (getattr(now, n), getattr(then, n)) for n in ("judged", "held", "early", "step")
        ]
        for name in ("move", "expected", "spread", "level"):
            pairs.append((getattr(now.day, name), getattr(then.day, name)))
        for one, other in pairs:
            np.testing.assert_array_equal(one[:, 0], other[:, column])


@pytest.mark.parametrize("days", [3, 7])
def test_what_is_read_now_and_then_is_judged_by_its_own_life(days: int) -> None:
    total = Score()
    for seed in (5, 6):
        world = read_every(days, make(100, seed, days=240))
        found = detect(world.panel(), RULES, columns=slice(0, None))
        read = ~np.isnan(world.counts["followers"])
        total.add(score(episodes(found.hits), world.events, read))
    assert total.recall_of("purge") >= 0.9
    assert total.recall_of("leak") >= 0.85
    assert total.false_per_year <= 0.1


def test_a_missed_week_makes_a_weekly_export_no_new_account() -> None:
    series = np.full(121, np.nan)
    series[::-7] = steady()[::-7]
    series[-15] = np.nan
    followers = detect(panel(series), RULES).day.residuals("followers")
    assert followers.judged[0, 0]


def test_a_mass_of_new_accounts_does_not_silence_the_others() -> None:
    known = make(60, 5, days=121, ranges=Ranges(labelled=0)).counts["followers"]
    known[:3, -1] *= 0.9
    new = np.full((20_000, 121), np.nan)
    new[:, -1] = 1000
    found = detect(panel(np.concatenate([known, new])), RULES).findings(-1)
    assert {each.account for each in found} == {f"instagram/a{row}" for row in range(3)}


def test_later_readings_change_nothing() -> None:
    world = make(60, 3)
    before = detect(world.panel(), RULES, columns=slice(0, 150))
    for values in world.counts.values():
        values[:, 150:] *= 3
    after = detect(world.panel(), RULES, columns=slice(0, 150))
    for column in range(150):
        assert rows_of(before, column) == rows_of(after, column)


def test_order_and_company_of_accounts_do_not_matter() -> None:
    world = make(40, 4)
    order = np.random.default_rng(0).permutation(40)[:25]
    some = panel_of(
        tuple(world.accounts[i] for i in order), {n: v[order] for n, v in world.counts.items()}
    )
    every = detect(world.panel(), RULES, columns=slice(100, 180))
    few = detect(some, RULES, columns=slice(100, 180))
    names = set(some.accounts)
    for column in range(100, 180):
        expected = [row for row in rows_of(every, column) if row[0] in names]
        assert sorted(map(str, rows_of(few, column))) == sorted(map(str, expected))


def test_findings_name_the_day_and_the_numbers() -> None:
    series = jump(steady(), -1, -0.08)
    found = detect(panel(series), RULES)
    (finding,) = found.findings(-1)
    assert finding.check == "fall"
    assert finding.direction == "down"
    assert finding.start == finding.at == NOW
    assert finding.change == series[-1] - series[-2]
    assert finding.size == pytest.approx(0.081, abs=0.002)
    assert finding.score < -10


def test_feedback_moves_the_floor_of_one_account() -> None:
    series = np.stack([jump(steady(noise=1e-4), -1, -0.02)] * 2)
    found = detect(panel(series), RULES, floors={"instagram/a0": 3.0, "elsewhere/x": 2.0})
    assert [f.account for f in found.findings(-1)] == ["instagram/a1"]


def test_held_and_early_are_not_calm() -> None:
    young, late = np.full(121, np.nan), steady()
    young[-5:] = 1000 + np.arange(5)
    late[-1] = np.nan
    followers = detect(panel(np.stack([young, late, steady()])), RULES).day.residuals(
        "followers"
    )
    assert followers.early[:, 0].tolist() == [True, False, False]
    assert followers.held[:, 0].tolist() == [False, True, False]
    assert followers.judged[:, 0].tolist() == [False, False, True]


BAD = {
    "single readings": lambda rng: np.where(np.arange(121) == 60, 500.0, np.nan),
    "constant": lambda rng: np.full(121, 1234.0),
    "all missing": lambda rng: np.full(121, np.nan),
    "huge gap": lambda rng: np.where(np.abs(np.arange(121) - 60) < 45, np.nan, 9000.0),
    "from zero": lambda rng: np.maximum(np.arange(121.0) - 40, 0) ** 2,
    "zeros": lambda rng: np.zeros(121),
    "negative": lambda rng: rng.normal(0, 1000, 121),
    "beyond 2^53": lambda rng: 2.0**60 + 2.0**40 * np.arange(121),
    "wild": lambda rng: np.floor(np.exp(rng.uniform(0, 40, 121))),
    "infinite": lambda rng: np.where(np.arange(121) % 3, np.inf, 10.0),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_input_is_no_error(kind: str) -> None:
    rng = np.random.default_rng(5)
    grid = np.stack([BAD[kind](rng) for _ in range(60)])
    metrics = dict.fromkeys(("following", "posts", "interactions", "views"), grid)
    made = panel(grid, gained=grid, lost=grid, **metrics)
    detect(made, RULES)
    detect(made, RULES, columns=slice(0, None))
    detect(panel(net=grid, interactions_daily=grid), RULES, columns=slice(0, None))
    detect(panel(grid), rules_for("sensitive", min_percent=0, min_count=0))


def test_no_accounts_no_columns_no_metrics() -> None:
    empty = build_panel(Readings([], [], [], {"followers": []}), now=NOW, timezone="UTC")
    assert detect(empty, RULES).findings(-1) == []
    one = build_panel(Readings(["a"], [0], [NOW], {"posts": [3.0]}), now=NOW, timezone="UTC")
    assert detect(one, RULES, columns=slice(0, 0)).findings(-1) == []
    assert residuals_of(one, "views", np.array([120])).early.all()


def test_every_account_new() -> None:
    grid = np.full((20_000, 30), np.nan)
    grid[:, -9:] = 1000 + np.arange(9)
    grid[:, -1] = 600
    found = detect(panel(grid, accounts=[f"a{i}" for i in range(20_000)]), RULES)
    assert found.day.residuals("followers").judged.all()
    assert found.hits.passed.all()


def test_readings_a_week_apart_are_judged_over_the_week() -> None:
    series = steady(growth=0.002)
    series[np.arange(121) % 7 != 1] = np.nan
    calm = detect(panel(series), RULES).day.residuals("followers")
    assert calm.day.elapsed[0, 0] == 7
    assert calm.day.expected[0, 0] == pytest.approx(0.014, abs=0.002)
    (finding,) = detect(panel(jump(series, -1, -0.1)), RULES).findings(-1)
    assert finding.check == "fall"


def test_daily_grid_of_a_clock_change_is_judged() -> None:
    series = steady(200)
    made = panel(series, timezone="Europe/Vienna", every=DAY)
    assert detect(made, RULES, columns=slice(60, None)).hits.alarm.sum() == 0
