"""Sources that repeat themselves."""

from typing import Any

import numpy as np
import pytest

from checks.faults.frozen import frozen
from checks.faults.hold import shared
from checks.judge import judge, judgements
from checks.model import Notice
from checks.panel.panel import Panel
from checks.replay import incidents_of, replay
from checks.rules import rules_for
from tests.signals import panel, rounded

RULES = rules_for("balanced")
DAYS, STILL, LENGTH = 110, 90, 5


def lively(accounts: int, *, seed: int = 0, growth: float = 0.004) -> Any:
    """Counts that hardly ever repeat themselves."""
    rng = np.random.default_rng(seed)
    level = 10 ** rng.uniform(4, 6, (accounts, 1))
    gains = growth * rng.gamma(20, 1 / 20, (accounts, DAYS))
    return np.floor(level * np.exp(np.cumsum(gains, axis=1)))


def stands_still(counts: Any, rows: Any = slice(None), length: int = LENGTH) -> Any:
    counts = counts.copy()
    counts[rows, STILL : STILL + length] = counts[rows, STILL - 1 : STILL]
    return counts


def notices(here: Panel) -> list[Notice]:
    """Every source fault of the last days, each once."""
    told: list[Notice] = []
    for _, each in judgements(here, RULES, columns=np.arange(STILL - 10, DAYS)):
        told += [n for n in each.notices if n.kind == "source_fault" and n not in told]
    return told


@pytest.mark.parametrize(
    ("counts", "known"),
    [
        (lively(40), 0),
        (rounded(lively(40)), 0),
        (lively(3), 1),
        (lively(1), 3),
        (rounded(lively(8, growth=0.01)), 2),
    ],
)
def test_a_source_that_repeats_itself_is_told_once(counts: Any, known: int) -> None:
    here = panel(stands_still(counts))
    (told,) = notices(here)
    assert (told.account, len(told.accounts)) == (None, len(counts))
    assert told.reasons[0].values == {"since": int(here.ends[STILL])}
    assert int(here.ends[STILL]) <= told.at <= int(here.ends[STILL + known])
    assert told.severity == "warning"


@pytest.mark.parametrize("shown", [lively(40), rounded(lively(40)), lively(2)])
def test_what_comes_after_is_judged_over_the_days_it_covers(shown: Any) -> None:
    here = panel(stands_still(shown))
    assert incidents_of(replay(here, RULES, columns=np.arange(STILL, DAYS))) == []


def test_a_part_of_many_accounts_is_a_source_of_its_own() -> None:
    here = panel(stands_still(lively(60), slice(0, 25)))
    (told,) = notices(here)
    assert set(told.accounts) == set(here.accounts[:25])


def test_counts_that_often_repeat_are_no_fault() -> None:
    rng = np.random.default_rng(3)
    sleepy = 900 + np.cumsum(rng.random((30, DAYS)) < 0.1, axis=1)
    assert notices(panel(sleepy)) == []
    assert notices(panel(lively(30))) == []


def test_engagement_that_moves_says_that_the_source_is_alive() -> None:
    followers = stands_still(lively(30))
    likes = np.cumsum(np.random.default_rng(1).poisson(300, followers.shape), axis=1)
    assert notices(panel(followers, interactions=likes)) == []


def test_a_display_whose_step_hides_growth_stands_still_by_itself() -> None:
    followers = stands_still(lively(1, growth=0.0))
    followers[:, :STILL] = 9_400 + 7 * np.arange(STILL)
    followers[:, STILL:] = np.floor((10_030 + 7 * np.arange(DAYS - STILL)) / 100) * 100
    held = frozen(panel(followers), {"": np.arange(1)}).held
    assert not held[:, STILL + 1 :].any()


def test_a_source_that_no_longer_gives_views_still_gives_followers() -> None:
    rng = np.random.default_rng(4)
    followers = np.cumsum(rng.random((5, DAYS)) < 0.5, axis=1) + 9_000.0
    views = np.cumsum(rng.poisson(300, followers.shape), axis=1).astype(float)
    views[:, STILL - 5 :] = np.nan
    assert not frozen(panel(followers, views=views), {"": np.arange(5)}).held.any()


def test_a_source_that_rests_every_weekend_is_told_no_more_in_the_end() -> None:
    counts = lively(20)
    here = panel(counts)
    for day in np.flatnonzero(np.isin(here.weekdays, (5, 6))):
        counts[:, day] = counts[:, day - 1]
    found = frozen(panel(counts), {"": np.arange(20)}).freezes
    assert sum(each.told for each in found) <= 3
    assert not any(each.told for each in found[-2:])


def test_each_day_knows_only_what_came_before() -> None:
    here = panel(stands_still(lively(5)))
    whole = shared(here).held
    for column in range(STILL - 2, STILL + LENGTH + 2):
        part = shared(here.until(column)).held
        seen = np.isnan(whole.panel.metrics["followers"][:, : column + 1])
        assert np.array_equal(np.isnan(part.panel.metrics["followers"]), seen)
        told = [n for n in judge(here.until(column), RULES).notices if n.kind == "source_fault"]
        assert len(told) == any(each.first <= column <= each.last for each in whole.freezes)


def test_a_true_pause_of_one_account_among_many_is_none_of_the_sources() -> None:
    assert notices(panel(stands_still(lively(40), slice(0, 1)))) == []
