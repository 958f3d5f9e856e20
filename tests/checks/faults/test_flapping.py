"""Counters that show two values in turns."""

from typing import Any

import numpy as np
import pytest

from checks.faults.hold import shared
from checks.judge import judgements
from checks.model import Incident, Notice
from checks.panel.build import Readings, build_panel
from checks.panel.flaps import flaps
from checks.panel.panel import Panel
from checks.replay import incidents_of, replay, replay_panels
from checks.rules import rules_for
from tests.signals import DAY, NOW, panel, steady

RULES = rules_for("balanced")
DAYS = 110


def off(days: list[int], share: float = -0.03) -> Any:
    counts = steady(DAYS, growth=0.0004, noise=0.0001)
    counts[days] = np.floor(counts[days] * (1 + share))
    return counts


def told(here: Panel, first: int = 70) -> tuple[list[Incident], list[Notice]]:
    found = incidents_of(replay(here, RULES, columns=np.arange(first, DAYS)))
    said: list[Notice] = []
    for _, each in judgements(here, RULES, columns=np.arange(first, DAYS)):
        said += [n for n in each.notices if n.kind == "source_fault" and n not in said]
    return found, said


@pytest.mark.parametrize("share", [-0.03, 0.06, -0.4])
def test_after_the_second_flap_it_is_one_fault_of_the_source(share: float) -> None:
    here = panel(off([80, 84, 86, 87, 89, 92], share))
    found, said = told(here)
    assert [each.kind for each in found] in (["glitch"], ["glitch", "glitch"])
    (fault,) = said
    assert fault.account == here.accounts[0]
    assert int(here.ends[81]) < fault.at <= int(here.ends[85])


def test_it_is_quiet_until_the_counter_has_settled_and_then_no_longer() -> None:
    counts = off([80, 83])
    counts[88:] = np.floor(counts[88:] * 0.9)
    assert all(each.kind == "glitch" for each in told(panel(counts))[0])
    counts = off([80, 83])
    counts[100:] = np.floor(counts[100:] * 0.9)
    assert told(panel(counts))[0][-1].opened_at == int(panel(counts).ends[100])


def test_a_counter_that_grows_meanwhile_flaps_too() -> None:
    counts = steady(DAYS, growth=0.003, noise=0.0)
    counts[[80, 84, 88]] = np.floor(counts[[80, 84, 88]] * 1.05)
    (fault,) = told(panel(counts))[1]
    assert fault.reasons[0].code == "flaps"


def test_no_sum_over_weeks_is_made_of_flaps() -> None:
    counts = off(list(range(80, 86)), -0.06)
    counts[[87, 89, 91]] = np.floor(counts[[87, 89, 91]] * 0.94)
    found, _ = told(panel(counts))
    assert not any(each.memory["check"] == "surge" for each in found)


def test_one_flap_and_ordinary_noise_are_no_fault() -> None:
    assert told(panel(off([80])))[1] == []
    noisy = steady(DAYS, growth=0.0, noise=0.01, seed=3)
    assert told(panel(noisy))[1] == []


def hourly(seed: int = 0) -> tuple[Panel, ...]:
    """Looks every six hours at a counter that is off on three of ten readings."""
    rng = np.random.default_rng(seed)
    hours = DAYS * 4
    at = NOW - 6 * 3600 * np.arange(hours)[::-1]
    counts = np.floor(100_000 + 12.0 * np.arange(hours))
    wrong = (rng.random(hours) < 0.3) & (np.arange(hours) > 90 * 4)
    counts[wrong] = np.floor(counts[wrong] * 0.97)
    return tuple(
        build_panel(
            Readings(["instagram/a"], np.zeros(hours, np.int64), at, {"followers": counts}),
            now=NOW - back * 6 * 3600,
            timezone="UTC",
            days=DAYS,
            with_read_at=True,
        )
        for back in (3, 2, 1, 0)
    )


def test_a_counter_that_flaps_many_times_a_day_does_not_flood() -> None:
    looks = replay_panels(hourly(), rules_for("balanced", looks=4), columns=np.arange(80, DAYS))
    found = incidents_of(looks)
    assert 1 <= len(found) <= 2
    assert {each.kind for each in found} == {"glitch"}


def test_a_flap_is_known_by_the_readings_before_it_alone() -> None:
    counts = off([80, 83, 90])
    at, rows = np.arange(DAYS) * DAY, np.zeros(DAYS, np.int64)
    whole = flaps(rows, at, counts).reading
    for stop in range(70, DAYS):
        part = flaps(rows[:stop], at[:stop], counts[:stop]).reading
        assert np.array_equal(part, whole[whole < stop])
    assert not shared(panel(counts)).held.flapping.on[0, 83 - 1]
