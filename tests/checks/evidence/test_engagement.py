"""Engagement around a move, and the move's own course."""

from typing import Any

import numpy as np
import pytest

from checks.evidence.engagement import SHAPES, EngagementChange, engagement_change, move_profile
from tests.signals import panel

DAYS = 60
START = 50


def around(
    factor: float, *, usual: float = 1_000.0, known: int = DAYS, days: int = 3
) -> EngagementChange:
    """Engagement that is `factor` times the usual from the first day of a move on."""
    daily = np.where(np.arange(DAYS) % 2 == 0, usual * 1.1, usual / 1.1)
    daily[START:] *= factor
    total = np.cumsum(daily)
    total[: max(START - known, 0)] = np.nan
    made = panel(np.full(DAYS, 5_000.0), interactions=total)
    one = np.array([0])
    return engagement_change(made, "interactions", one, one + START, one + START + days - 1)


def test_engagement_is_compared_in_logs_with_the_weeks_before() -> None:
    seen = around(3.0)
    assert seen.ratio[0] == pytest.approx(np.log(3), abs=0.05)
    assert seen.noise[0] == pytest.approx(1.4826 * np.log(1.1) / np.sqrt(3), rel=0.1)
    assert around(3.0, days=1).noise[0] == pytest.approx(seen.noise[0] * np.sqrt(3))
    assert around(3.0, days=9).noise[0] == seen.noise[0]


@pytest.mark.parametrize(
    ("factor", "odds"),
    [
        (0.5, -12.0),
        (0.9, -12.0),
        (1.3, -6.4),
        (1.8, 3.3),
        (2.5, 12.0),
        (8.0, 12.0),
        (14.0, 12.0),
    ],
)
def test_how_clearly_it_rose(factor: float, odds: float) -> None:
    assert around(factor).rose[0] == pytest.approx(odds, abs=0.25)


def test_a_usual_day_takes_seven_that_are_known() -> None:
    assert np.isnan(around(2.0, known=7).ratio[0])
    assert not np.isnan(around(2.0, known=8).ratio[0])


def course(*moves: float, spread: float = 5.0) -> Any:
    """The profile of daily moves that begin on START, a week after which is looked at."""
    counts = np.full((1, DAYS), 10_000.0)
    counts[0, START:] += np.pad(np.cumsum(moves), (0, DAYS - START), mode="edge")[
        : DAYS - START
    ]
    one = np.array([0])
    last = one + START + len(moves) - 1
    return move_profile(counts, one, one + START, last, np.zeros(1), np.full(1, spread))


@pytest.mark.parametrize(
    ("moves", "shape", "days"),
    [
        ((900.0,), "new", 1),
        ((900.0, 0.0), "stopped", 1),
        ((900.0, 135.0), "stopped", 1),
        ((900.0, 145.0), "fading", 1),
        ((900.0, 200.0, 0.0), "fading", 2),
        ((900.0, 440.0, 0.0), "fading", 2),
        ((900.0, 460.0, 0.0), "stopped", 2),
        ((900.0, 175.0, 0.0), "fading", 1),
        ((900.0, 500.0, 400.0, 0.0), "fading", 3),
        ((900.0, 500.0, 400.0, 300.0), "went_on", 4),
        ((900.0,) * 9, "went_on", 8),
        ((-900.0, -200.0, 0.0), "fading", 2),
        ((900.0, -300.0), "stopped", 1),
    ],
)
def test_how_a_move_went_on(moves: tuple[float, ...], shape: str, days: int) -> None:
    seen = course(*moves)
    assert (SHAPES[seen.shape[0]], seen.days[0]) == (shape, days)
    assert (seen.first[0], seen.total[0]) == (moves[0], sum(moves))


def test_what_was_taken_back_and_the_days_without_a_reading() -> None:
    assert course(900.0, -300.0).back[0] == 300.0
    assert course(900.0, 100.0).back[0] == 0.0
    counts = np.full((1, DAYS), 10_000.0)
    counts[0, START - 3 : START] = np.nan
    one = np.array([0])
    assert move_profile(counts, one, one + START, one + START, np.zeros(1), np.ones(1)).gap == 3


@pytest.mark.parametrize(
    ("day", "until", "fell"),
    [
        (START - 1, START + 5, 0.0),
        (START, START + 5, 700.0),
        (START + 2, START + 5, 700.0),
        (START + 3, START + 5, 0.0),
        (START + 2, START + 1, 0.0),
        (START + 2, START + 2, 700.0),
    ],
)
def test_what_vanished_fell_on_one_of_the_first_days(day: int, until: int, fell: float) -> None:
    total = 100.0 * np.arange(DAYS)
    total[day:] -= 800.0
    made = panel(np.full(DAYS, 5_000.0), interactions=total)
    one = np.array([0])
    seen = engagement_change(made, "interactions", one, one + START, one + until)
    assert seen.vanished[0] == fell
