"""Another account behind the same handle."""

from typing import Any

import numpy as np
import pytest

from checks.judge import judge, judgements
from checks.model import Incident, Notice
from checks.panel.panel import Panel
from checks.replay import incidents_of, replay
from checks.rules import rules_for
from tests.signals import panel, steady

RULES = rules_for("balanced")
DAYS, CHANGE = 110, 90


def handed(before: float, after: float, *, days: int | None = None) -> Any:
    """A small account whose handle shows another one's count from one day on."""
    counts = steady(DAYS, start=before, growth=0.0004, noise=0.0004)
    counts = np.maximum(counts, 1)
    stop = None if days is None else CHANGE + days
    other = steady(DAYS, start=after, growth=0.0004, noise=0.0004, seed=5)
    counts[CHANGE:stop] = other[CHANGE:stop]
    return counts


def told(here: Panel) -> tuple[list[Incident], list[Notice]]:
    columns = np.arange(CHANGE - 10, DAYS)
    said: list[Notice] = []
    for _, each in judgements(here, RULES, columns=columns):
        said += [n for n in each.notices if n.kind == "identity_change"]
    return incidents_of(replay(here, RULES, columns=columns)), said


@pytest.mark.parametrize(("before", "after"), [(407, 993_844), (99, 13_100), (2_000, 400_000)])
def test_a_rise_that_no_account_makes_is_a_change_of_hands(before: int, after: int) -> None:
    here = panel(handed(before, after))
    found, (said,) = told(here)
    assert found == []
    assert said.at == int(here.ends[CHANGE + 1])
    assert said.severity == "warning"
    values = said.reasons[0].values
    assert values["before"] == here.metrics["followers"][0, CHANGE - 1]
    assert values["after"] == here.metrics["followers"][0, CHANGE]


def test_its_history_starts_anew() -> None:
    here = panel(handed(2_000, 400_000))
    assert judge(here.until(CHANGE + 3), RULES).early
    whole = dict(judgements(here, RULES, columns=np.arange(CHANGE - 2, DAYS)))
    for column in (CHANGE - 1, CHANGE, CHANGE + 1, CHANGE + 12, DAYS - 1):
        alone = judge(here.until(column), RULES)
        assert alone.early == whole[int(here.ends[column])].early
        assert alone.notices == whole[int(here.ends[column])].notices


def test_a_count_that_is_back_the_next_day_is_no_change_of_hands() -> None:
    assert told(panel(handed(2_000, 400_000, days=1))) == ([], [])


def test_a_large_true_rise_is_none() -> None:
    found, said = told(panel(handed(50_000, 280_000)))
    assert said == []
    assert [each.direction for each in found] == ["up"]


def test_counts_that_leap_together_are_another_accounts_at_smaller_sizes() -> None:
    followers = handed(4_000, 40_000)
    following = np.where(np.arange(DAYS) < CHANGE, 150.0, 2_300.0)
    assert len(told(panel(followers, following=following))[1]) == 1
    assert told(panel(followers))[1] == []
