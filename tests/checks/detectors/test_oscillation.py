"""The own following count that swings."""

import numpy as np
import pytest

from checks.judge import detect
from checks.rules import rules_for
from tests.signals import panel

RULES = rules_for("balanced")
DAYS = 150


def following(
    level: float, swing: float, leg: int, *, first: int = 100, days: int = 21
) -> np.ndarray:
    rng = np.random.default_rng(int(level))
    own = level + np.cumsum(rng.normal(0, 0.001 * level + 0.5, DAYS))
    place = np.arange(days) % (2 * leg)
    wave = np.where(place < leg, place + 1, 2 * leg - place - 1) / leg
    own[first : first + days] *= 1 + swing * wave
    return np.round(own)


def swing_days(own: np.ndarray) -> list[int]:
    made = panel(np.full(DAYS, 5000.0), following=own)
    hits = detect(made, RULES, columns=slice(60, None)).hits
    return sorted(hits.column[hits.alarm & (hits.check == "oscillation")].tolist())


@pytest.mark.parametrize("level", [150, 1000, 5000])
@pytest.mark.parametrize("leg", [2, 3, 4])
def test_a_swing_is_found_while_it_lasts(level: float, leg: int) -> None:
    days = swing_days(following(level, 0.08, leg))
    assert days
    assert 103 <= days[0] <= 112


def test_a_step_and_a_steady_rise_are_no_swing() -> None:
    calm = following(1000, 0.0, 3)
    assert swing_days(calm) == []
    assert swing_days(np.where(np.arange(DAYS) >= 100, calm * 1.3, calm)) == []
    assert swing_days(calm * np.exp(0.01 * np.maximum(np.arange(DAYS) - 100, 0))) == []


def test_a_few_accounts_more_or_less_are_no_swing_of_a_small_count() -> None:
    rng = np.random.default_rng(6)
    assert swing_days(30 + np.cumsum(rng.integers(-2, 3, DAYS))) == []


def test_a_missing_day_inside_does_not_hide_it() -> None:
    own = following(1000, 0.08, 3)
    own[[104, 109]] = np.nan
    assert swing_days(own)[0] <= 112


@pytest.mark.parametrize("wrong", [0.031, 0.039, -0.031, -0.039])
def test_one_wrong_reading_is_no_swing(wrong: float) -> None:
    own = following(4_000, 0.0, 3)
    own[110] = np.round(own[109] * (1 + wrong))
    own[111] = own[109] + 1
    assert swing_days(own) == []
    own[112] = np.round(own[109] * (1 + wrong))
    own[113] = own[109]
    own[[114, 116]] = own[112]
    assert swing_days(own), "again and again it is a habit"
