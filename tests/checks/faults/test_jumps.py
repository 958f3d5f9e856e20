"""Wrong readings of other metrics than followers."""

from typing import Any

import numpy as np
import pytest

from checks.faults.jumps import without_leaps
from checks.model import Incident
from checks.replay import incidents_of, replay
from checks.rules import rules_for
from tests.signals import panel, steady

DAYS = 100


def incidents(following: Any, followers: Any = None, **more: Any) -> list[Incident]:
    own = steady(DAYS) if followers is None else followers
    here = panel(own, following=following, **more)
    columns = np.arange(70, DAYS)
    return incidents_of(replay(here, rules_for("balanced"), columns=columns))


def wandering(seed: int = 0) -> Any:
    rng = np.random.default_rng(seed)
    return np.round(800 + np.cumsum(rng.normal(0, 2, DAYS)))


@pytest.mark.parametrize("calm", [np.full(DAYS, 800.0), wandering()])
@pytest.mark.parametrize("wrong", [1_200, 500, 50_000, 850])
@pytest.mark.parametrize("days", [1, 2])
def test_a_wrong_following_count_is_no_habit(calm: Any, wrong: float, days: int) -> None:
    counts = calm.copy()
    counts[85 : 85 + days] = wrong
    assert incidents(counts) == []


def test_counts_that_are_swapped_for_a_day_tell_nothing() -> None:
    followers, following = steady(DAYS), wandering()
    followers[85], following[85] = following[85], followers[85]
    assert incidents(following, followers) == []


def test_a_habit_is_still_one() -> None:
    counts = wandering()
    for day in range(80, 98):
        counts[day] *= 1 + 0.1 * (day % 6 in (2, 3, 4))
    assert [each.kind for each in incidents(np.round(counts))] == ["follow_unfollow"]


def test_a_running_total_that_dips_for_a_day_takes_no_interactions_away() -> None:
    likes = np.cumsum(np.random.default_rng(1).poisson(4_000, DAYS)).astype(float)
    likes[85] *= 0.5
    kept = without_leaps(panel(steady(DAYS), interactions=likes)).metrics["interactions"][0]
    assert np.isnan(kept[85])
    assert np.array_equal(kept[86:], likes[86:])


def test_a_cell_depends_on_nothing_after_it() -> None:
    counts = wandering()
    counts[85], counts[90:] = 1_400, counts[90:] * 1.3
    here = panel(steady(DAYS), following=counts)
    whole = without_leaps(here).metrics["following"]
    for column in range(80, DAYS):
        part = without_leaps(here.until(column)).metrics["following"]
        assert np.array_equal(part, whole[:, : column + 1], equal_nan=True)
