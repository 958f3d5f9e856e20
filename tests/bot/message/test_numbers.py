"""Every number of a message can be worked out again from the readings that it names."""

import math
from typing import Any

import numpy as np
import pytest

from bot.message.alert import title
from bot.message.kinds import began
from bot.message.voice import voice_for
from checks.detectors.explain import FLOWING, WEEK
from checks.model import Incident
from checks.panel.panel import Panel
from checks.replay import incidents_of, replay
from checks.rules import rules_for
from tests.signals import DAY, jump, panel, steady

DAYS = 120


def lives(seed: int) -> Panel:
    """Six accounts with holes in what was read: a fall, a rise, a leak, a slow one, a swing and
    engagement that thins out, and ten more that are calm."""
    rng = np.random.default_rng(seed)
    days = np.arange(DAYS)
    rows: list[Any] = [steady(DAYS, seed=100 * seed + row) for row in range(16)]
    at = int(rng.integers(70, 100))
    rows[0] = jump(rows[0], at, -float(rng.uniform(0.03, 0.3)))
    rows[1] = jump(rows[1], at, float(rng.uniform(0.04, 0.4)))
    rows[2] = np.floor(rows[2] * np.exp(-0.004 * np.clip(days - at, 0, 25)))
    rows[3] = np.floor(rows[3] * np.exp(-0.02 * np.clip(days - at, 0, 3)))
    following = np.full((16, DAYS), 900.0)
    following[4] = np.round(900 * (1 + 0.1 * np.abs((days % 6) / 3 - 1) * (days > at - 20)))
    flows = rng.poisson(2_000, (16, DAYS)).astype(float)
    flows[5, 60:] *= np.linspace(1, 0.15, DAYS - 60)
    followers = np.array(rows)
    followers[5] = np.floor(followers[5] * np.exp(0.002 * days))
    likes = np.cumsum(np.round(flows), axis=1)
    for counts in (followers, following, likes):
        counts[rng.random(counts.shape) < 0.06] = np.nan
    return panel(followers, following=following, interactions=likes)


def incidents(here: Panel) -> list[Incident]:
    found = incidents_of(replay(here, rules_for("balanced"), columns=np.arange(60, DAYS)))
    return [each for each in found if each.alerted_at is not None]


def spans(here: Panel, incident: Incident, days: int) -> list[float]:
    """How far the metric changed between any two readings that many days apart."""
    counts = here.metrics[incident.metric][here.row[incident.account]]
    return [
        float(counts[end] - counts[end - days])
        for end in range(days, DAYS)
        if not math.isnan(counts[end] - counts[end - days])
    ]


@pytest.mark.parametrize("seed", range(4))
def test_every_change_is_that_of_two_readings_so_many_days_apart(seed: int) -> None:
    here = lives(seed)
    found = incidents(here)
    assert len({each.account for each in found}) >= 3
    for each in found:
        values = {said.code: said.values for said in each.reasons}
        if "moved" in values:
            moved = values["moved"]
            assert moved["metric"] == each.metric
            assert moved["change"] == round(each.change)
            days = int(moved["days"])
            assert not (each.metric in FLOWING and days != WEEK)
            if each.metric not in FLOWING:
                assert moved["change"] in [round(change) for change in spans(here, each, days)]
        if "moved_percent" in values:
            share = 100 * (each.change - each.expected) / each.level
            assert values["moved_percent"]["percent"] == pytest.approx(share, abs=0.01)
        if "slow_loss" in values:
            slow = values["slow_loss"]
            assert slow["daily"] == pytest.approx(-each.change / float(slow["days"]), abs=1)


@pytest.mark.parametrize("seed", range(4))
def test_every_day_that_a_title_names_was_read(seed: int) -> None:
    here = lives(seed)
    for each in incidents(here):
        if each.metric in FLOWING:
            continue
        column = int(np.searchsorted(here.ends, began(each)))
        assert not math.isnan(here.metrics[each.metric][here.row[each.account], column])
        assert (int(began(each)) - int(here.ends[0])) % DAY == 0


@pytest.mark.parametrize("seed", range(4))
def test_a_title_says_the_number_of_its_reasons(seed: int) -> None:
    voice = voice_for("en", "UTC")
    for each in incidents(lives(seed)):
        said = title(voice, each, each.last_finding_at)
        if each.direction != "swing":
            assert voice.count(abs(each.change)) in said
