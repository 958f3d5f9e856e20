"""Verdicts of whole days: what is bad input, too early, fake or organic."""

import warnings

import numpy as np
import pytest

from checks.judge import judge, judgements
from checks.model import Event, Incident
from checks.panel.build import Readings, build_panel
from checks.panel.panel import Floats, Panel
from checks.replay import incidents_of, replay
from checks.rules import rules_for
from tests.bench.world import make
from tests.signals import panel, steady

DAY = 86_400
NOW = 1_700_000_000
RULES = rules_for("balanced")


def panel_of(counts: Floats, **more: Floats) -> Panel:
    accounts, days = counts.shape
    values = {"followers": counts.ravel()} | {name: each.ravel() for name, each in more.items()}
    return build_panel(
        Readings(
            [f"x/{row}" for row in range(accounts)],
            np.repeat(np.arange(accounts), days),
            np.tile(NOW - DAY * np.arange(days)[::-1], accounts),
            values,
        ),
        now=NOW,
        timezone="UTC",
        days=days,
    )


def life(accounts: int, days: int, seed: int = 1) -> Floats:
    rng = np.random.default_rng(seed)
    start = 10 ** rng.uniform(4, 6, (accounts, 1))
    return np.asarray(
        np.round(start + np.cumsum(rng.poisson(start * 0.001, (accounts, days)), 1))
    )


BAD = {
    "single readings": np.where(np.arange(60) == 59, 500.0, np.nan)[None].repeat(3, 0),
    "constant": np.full((3, 60), 1_000.0),
    "all missing": np.full((3, 60), np.nan),
    "huge gaps": np.where(np.arange(120) % 40 == 39, 10_000.0, np.nan)[None],
    "from zero": np.maximum(np.arange(60.0) - 30, 0)[None] * 50,
    "negative": np.full((2, 60), -5.0),
    "above 2^53": 2.0**60 + np.arange(60.0)[None] * 2.0**40,
    "infinite": np.full((2, 60), np.inf),
    "one day": np.full((2, 1), 10.0),
    "two days": np.array([[10.0, 1_000_000.0]]),
    "wild": np.random.default_rng(1).integers(0, 10**9, (12, 90)).astype(float),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_judged_without_a_warning(name: str) -> None:
    panel = panel_of(BAD[name], following=BAD[name], interactions=BAD[name], views=BAD[name])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        judgement = judge(panel, RULES)
        list(replay(panel, RULES, columns=np.arange(panel.days)))
    if name in (
        "constant",
        "all missing",
        "single readings",
        "one day",
        "two days",
        "negative",
    ):
        assert judgement.verdicts == ()


def test_new_accounts_are_early_and_say_how_many_changes_are_known() -> None:
    counts = life(3, 60)
    counts[1, :54] = np.nan
    counts[2, :59] = np.nan
    assert judge(panel_of(counts), RULES).early == {"x/1": 5, "x/2": 0}


def test_an_empty_panel_says_nothing() -> None:
    panel = panel_of(np.zeros((0, 10)))
    judgement = judge(panel, RULES)
    assert (judgement.verdicts, judgement.notices, judgement.early) == ((), (), {})
    assert judgement.view.standing("x/0", "followers") is None
    assert list(judgements(panel, RULES)) == []


def test_an_event_the_team_knows_of_is_among_the_reasons() -> None:
    counts = life(12, 90)
    counts[0, -1] *= 1.2
    event = Event(name="giveaway", kind="campaign", start=NOW - DAY, end=NOW, account="x/0")
    (verdict,) = judge(panel_of(counts), RULES, events=[event]).verdicts
    assert [each.values for each in verdict.reasons if each.code == "known_event"] == [
        {"name": "giveaway", "kind": "campaign"}
    ]


def test_feedback_moves_only_its_own_accounts_floor() -> None:
    counts = life(12, 90)
    counts[:2, -1] *= 0.97
    found = judge(panel_of(counts), RULES, floors={"x/0": 3.0}).verdicts
    assert [each.finding.account for each in found] == ["x/1"]


@pytest.mark.parametrize("seed", [31, 32])
def test_fake_and_organic_are_told_apart_one_day_after_the_alarm(seed: int) -> None:
    world = make(250, seed)
    panel = world.panel()
    found = incidents_of(replay(panel, RULES, columns=np.arange(60, panel.days)))
    kinds: dict[str, list[str]] = {"spike": [], "viral": []}
    events = {event.row: event for event in world.events if event.kind in kinds}
    for each in found:
        event = events.get(panel.row[each.account])
        if event is None or (each.metric, each.direction) != ("followers", "up"):
            continue
        opened = int(np.searchsorted(panel.ends, each.updates[0].at))
        if event.start <= opened <= event.end + 3:
            told = [step for step in each.updates if step.at <= each.updates[0].at + DAY]
            kinds[event.kind].append(told[-1].kind)
    fake, organic = kinds["spike"], kinds["viral"]
    assert len(fake) > 15
    assert len(organic) > 15
    assert np.mean([kind == "mass_follow" for kind in fake]) >= 0.9
    assert np.mean([kind == "viral" for kind in organic]) >= 0.9


def _joint(every: int, share: float) -> list[Incident]:
    """The alerts of 60 accounts of which 36 move by about `share` on one day."""
    counts = life(60, 180)
    factor = 1 + share * np.random.default_rng(2).uniform(0.5, 2.0, (36, 1))
    counts[:36, 150:] = np.round(counts[:36, 150:] * factor)
    counts[:, np.arange(180)[::-1] % every > 0] = np.nan
    days = replay(panel_of(counts), RULES, columns=np.arange(140, 180))
    return [each for each in incidents_of(days) if each.alerted_at is not None]


@pytest.mark.parametrize("every", [1, 3, 7])
def test_a_purge_of_most_is_one_wave_however_seldom_it_is_read(every: int) -> None:
    fallen = _joint(every, -0.08)
    assert {each.kind for each in fallen} == {"purge"}
    assert len({each.wave for each in fallen}) == 1
    assert len({each.account for each in fallen}) >= 36


@pytest.mark.parametrize("every", [1, 3])
def test_a_surge_of_most_is_told_once_and_not_taken_for_an_ordinary_day(every: int) -> None:
    """False-discovery control holds what all do together: only the wave can tell of it."""
    risen = _joint(every, 0.2)
    assert {each.wave for each in risen} == {f"platform:x|up|{risen[0].opened_at}"}
    assert len(risen) >= 30
    assert all("peers_rose" in {why.code for why in each.reasons} for each in risen)


@pytest.mark.parametrize("unread", [0, 3])
def test_a_days_usual_change_is_said_in_followers_a_day(unread: int) -> None:
    counts = steady(121, growth=0.003, noise=0.0005)
    counts[-1 - unread : -1] = np.nan
    view = judge(panel(counts), rules_for("balanced")).view
    standing = view.standing("instagram/a0", "followers")
    assert standing is not None
    assert standing.level == counts[-1]
    assert standing.daily == pytest.approx(0.003 * counts[-1], rel=0.2)
    assert standing.spread == pytest.approx(0.0005 * counts[-1], rel=0.6)
