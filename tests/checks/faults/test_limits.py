"""Where a reading is no longer believed: just below, and just above."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from checks.faults.copies import copies_in
from checks.faults.identity import identities, suspects
from checks.faults.jumps import without_leaps
from checks.panel.flaps import flaps
from tests.signals import panel

DAYS = 60
FLAT = np.full(DAYS, 10_000.0)


def last(value: float, *, of: Any = FLAT, before: int = 0) -> Any:
    """A flat life with one other reading at the end, or so many days before it."""
    return np.where(np.arange(DAYS) == DAYS - 1 - before, value, of)


def held(metric: str, counts: Any, followers: Any = FLAT) -> list[int]:
    made = panel(followers, **{metric: counts})
    left = without_leaps(made).metrics[metric]
    return np.flatnonzero(np.isnan(left).any(axis=0)).tolist()


def leaps(*values: float) -> list[int]:
    """Which of a following count's newest readings are doubted, counted from the last."""
    counts = np.append(np.full(DAYS - len(values), 1_000.0), values)
    return [day - DAYS for day in held("following", counts)]


def swapped(followers: float, following: float, own: float = 1_000.0) -> bool:
    made = without_leaps(panel(last(followers), following=last(following, of=own)))
    return bool(np.isnan(made.metrics["followers"]).any())


def copied(values: list[float], before: float = 5_000.0) -> bool:
    shown = np.full((len(values), DAYS), before)
    shown[:, -1] = values
    return bool(copies_in(panel(shown)))


def suspected(now: float, before: float = 10_000.0, falls: bool = False, **joined: Any) -> bool:
    made = panel(last(now, of=before), **joined)
    return not np.isnan(suspects(made, np.full(DAYS, falls))).all()


def changed_hands(then: float, wait: int = 1) -> bool:
    shown = np.full(DAYS, 10_000.0)
    shown[-wait - 1 :], shown[-1] = np.nan, then
    shown[-wait - 1] = 400_000.0
    made = panel(shown)
    return bool(identities(made, suspects(made, np.zeros(DAYS, np.bool_))))


def flapped(*values: float, hours: int = 24) -> int:
    """How many flaps an hourly count shows that was 10,000 before."""
    counts = np.append(np.full(20, 10_000.0), values)
    at = np.arange(len(counts)) * hours * 3600
    return len(flaps(np.zeros(len(counts), np.int64), at, counts).size)


FOLLOWED = np.full(DAYS, 1_000.0)
Case = Callable[[], object]
LIMITS: dict[str, tuple[Case, Case]] = {
    "a following count leaps by 4 %": (
        lambda: leaps(1_040.0) == [],
        lambda: leaps(1_041.0) == [-1],
    ),
    "or down by as much": (lambda: leaps(960.0) == [], lambda: leaps(959.0) == [-1]),
    "a second reading that stands within a quarter of the leap is doubted": (
        lambda: leaps(1_400.0, 1_540.0) == [-2],
        lambda: leaps(1_400.0, 1_480.0) == [-2, -1],
    ),
    "the third is not": (
        lambda: leaps(1_400.0, 1_400.0, 1_400.0) == [-3, -2],
        lambda: leaps(1_400.0, 1_400.0, 1_400.0, 1_400.0) == [-4, -3],
    ),
    "a habit is doubted once": (
        lambda: leaps(1_400.0, *[1_000.0] * 13, 1_400.0, 1_400.0)[1:] == [-2],
        lambda: leaps(1_400.0, *[1_000.0] * 15, 1_400.0, 1_400.0)[1:] == [-2, -1],
    ),
    "what stood twice is what the next leap is held to": (
        lambda: leaps(1_060.0, 1_060.0, 1_100.0) == [-3, -2],
        lambda: leaps(1_060.0, 1_060.0, 2_600.0) == [-3, -2, -1],
    ),
    "a running total falls by a tenth": (
        lambda: held("interactions", last(9_000.0)) == [],
        lambda: held("interactions", last(8_999.0)) == [DAYS - 1],
    ),
    "of views too": (
        lambda: held("views", last(9_000.0)) == [],
        lambda: held("views", last(8_999.0)) == [DAYS - 1],
    ),
    "counts changed places within 2 %": (
        lambda: not swapped(1_021.0, 10_000.0),
        lambda: swapped(1_019.0, 10_000.0),
    ),
    "both of them": (
        lambda: not swapped(1_000.0, 10_210.0),
        lambda: swapped(1_000.0, 10_190.0),
    ),
    "which only shows where they lie a tenth apart": (
        lambda: not swapped(9_100.0, 10_000.0, own=9_100.0),
        lambda: swapped(9_000.0, 10_000.0, own=9_000.0),
    ),
    "three accounts show one value": (
        lambda: not copied([900.0, 900.0, 5_000.0, 5_000.0]),
        lambda: copied([900.0, 900.0, 900.0, 5_000.0]),
    ),
    "half of those that moved": (
        lambda: not copied([900.0] * 3 + [1.0, 2.0, 3.0, 4.0]),
        lambda: copied([900.0] * 3 + [1.0, 2.0, 3.0]),
    ),
    "by more than 5 %": (
        lambda: not copied([5_250.0] * 3),
        lambda: copied([5_251.0] * 3),
    ),
    "down too": (lambda: not copied([4_750.0] * 3), lambda: copied([4_749.0] * 3)),
    "of a hundred or more": (lambda: not copied([99.0] * 3), lambda: copied([100.0] * 3)),
    "another account has thirty times as many": (
        lambda: not suspected(299_000.0),
        lambda: suspected(300_000.0),
    ),
    "or a thirtieth": (lambda: not suspected(334.0), lambda: suspected(333.0)),
    "five times where the own following leaps along": (
        lambda: not suspected(49_900.0, following=last(3_000.0, of=FOLLOWED)),
        lambda: suspected(50_000.0, following=last(3_000.0, of=FOLLOWED)),
    ),
    "to twice": (
        lambda: not suspected(60_000.0, following=last(2_000.0, of=FOLLOWED)),
        lambda: suspected(60_000.0, following=last(2_005.0, of=FOLLOWED)),
    ),
    "of 5,000 followers": (
        lambda: not suspected(4_999.0, before=100.0),
        lambda: suspected(5_000.0, before=100.0),
    ),
    "no fall on a day of falls is one": (
        lambda: not suspected(100.0, falls=True),
        lambda: suspected(100.0, falls=False),
    ),
    "the next reading bears it out within threefold": (
        lambda: not changed_hands(1_210_000.0),
        lambda: changed_hands(1_190_000.0),
    ),
    "or a third": (lambda: not changed_hands(133_000.0), lambda: changed_hands(134_000.0)),
    "within seven days": (
        lambda: not changed_hands(400_000.0, wait=8),
        lambda: changed_hands(400_000.0, wait=7),
    ),
    "a flap is half a percent": (
        lambda: flapped(10_050.0, 10_000.0) == 0,
        lambda: flapped(10_051.0, 10_000.0) == 1,
    ),
    "back within a tenth": (
        lambda: flapped(11_000.0, 10_101.0) == 0,
        lambda: flapped(11_000.0, 10_100.0) == 1,
    ),
    "within two days": (
        lambda: flapped(11_000.0, 10_000.0, hours=49) == 0,
        lambda: flapped(11_000.0, 10_000.0, hours=48) == 1,
    ),
    "the same again within a twentieth is one more": (
        lambda: flapped(11_000.0, 10_000.0, 11_051.0) == 1,
        lambda: flapped(11_000.0, 10_000.0, 11_049.0) == 2,
    ),
    "for fourteen days": (
        lambda: flapped(11_000.0, *[10_000.0] * 15, 11_000.0) == 1,
        lambda: flapped(11_000.0, *[10_000.0] * 14, 11_000.0) == 2,
    ),
}


@pytest.mark.parametrize("name", LIMITS)
def test_a_reading_is_doubted_from_where_it_is_said(name: str) -> None:
    below, above = LIMITS[name]
    assert below()
    assert above()
