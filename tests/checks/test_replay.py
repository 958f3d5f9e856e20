"""A replay of many days is the service fed day by day, to the last digit."""

import gzip
import os
from collections.abc import Sequence
from csv import DictReader
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checks.incident.decide import REMEMBERED, decide
from checks.judge import judge, judgements
from checks.model import Decision, Incident
from checks.panel.build import Readings, build_panel
from checks.panel.panel import Panel
from checks.replay import incidents_of, replay, replay_panels
from checks.rules import rules_for
from tests.bench.world import NEWEST, make

DAY = 86_400
RULES = rules_for("balanced")
EXAMPLES = 60 if os.environ.get("EBBWATCH_FUZZ") == "1" else 3
DATA = Path(__file__).parents[1] / "data"


def day_by_day(panels: Sequence[Panel]) -> list[tuple[int, list[Decision]]]:
    """The service: each day it sees the panel of that day and its stored incidents only."""
    store: dict[tuple[str, str, str, int], Incident] = {}
    log = []
    for panel in panels:
        now = int(panel.ends[-1])
        alive = [
            each
            for each in store.values()
            if each.resolved_at is None or now - each.resolved_at <= REMEMBERED
        ]
        made = decide(alive, judge(panel, RULES), now)
        store |= {each.incident.key: each.incident for each in made}
        log.append((now, made))
    return log


@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10_000), first=st.integers(70, 150))
def test_replay_equals_the_service_fed_day_by_day(seed: int, first: int) -> None:
    panel = make(30, seed).panel()
    columns = np.arange(first, first + 12)
    fed = day_by_day([panel.until(int(column)) for column in columns])
    assert list(replay(panel, RULES, columns=columns)) == fed


@pytest.mark.parametrize("column", [90, 121, 150])
def test_a_day_says_the_same_when_later_readings_are_known(column: int) -> None:
    panel = make(60, 17).panel()
    ((_, late),) = judgements(panel, RULES, columns=np.array([column]))
    early = judge(panel.until(column), RULES)
    assert late.verdicts == early.verdicts
    assert late.notices == early.notices
    assert late.early == early.early


def test_a_replay_over_late_polls_is_the_service_that_had_not_read_them_yet() -> None:
    world = make(12, 5)
    counts, days = world.levels.copy(), world.days
    rng = np.random.default_rng(7)
    counts[0, 120:] = np.round(counts[0, 120:] * 0.9)
    at = NEWEST - DAY * np.arange(days)[::-1] - 600
    at = at + np.where(rng.random(days) < 0.3, 6 * 3600, 0)
    at[-1] = NEWEST

    def seen(now: int, days: int) -> Panel:
        known = at <= now
        return build_panel(
            Readings(
                world.accounts,
                np.repeat(np.arange(len(counts)), known.sum()),
                np.tile(at[known], len(counts)),
                {"followers": counts[:, known].ravel()},
            ),
            now=now,
            timezone="UTC",
            days=days,
            with_read_at=True,
        )

    whole = seen(NEWEST, days)
    columns = np.arange(115, 130)
    fed = day_by_day([seen(int(whole.ends[c]), int(c) + 1).until(-1) for c in columns])
    assert whole.late is not None
    assert whole.late[:, columns].any()
    assert list(replay(whole, RULES, columns=columns)) == fed


def test_columns_may_come_in_any_order_and_twice() -> None:
    panel = make(40, 4).panel()
    some = list(replay(panel, RULES, columns=np.array([150, 100, 150, -1])))
    assert [at for at, _ in some] == [int(panel.ends[c]) for c in (100, 150, 179)]


def test_several_looks_a_day_are_merged_in_time_order() -> None:
    panels = []
    rng = np.random.default_rng(3)
    start = 10 ** rng.uniform(4, 6, (20, 1))
    counts = np.round(start + np.cumsum(rng.poisson(start * 2e-4, (20, 400)), axis=1))
    counts[0, 340:] *= 0.8
    newest = 1_700_000_000
    at = newest - DAY // 4 * np.arange(400)[::-1]
    for look in (3, 2, 1, 0):
        now = newest - look * DAY // 4
        panels.append(
            build_panel(
                Readings(
                    [f"x/{row}" for row in range(20)],
                    np.repeat(np.arange(20), 400),
                    np.tile(at, 20),
                    {"followers": counts.ravel()},
                ),
                now=now,
                timezone="UTC",
                days=99,
            )
        )
    rules = rules_for("balanced", looks=4)
    log = list(replay_panels(panels, rules, columns=np.arange(60, 99)))
    times = [at for at, _ in log]
    assert times == sorted(times)
    assert len(times) == 4 * 39
    (found,) = incidents_of(log)
    assert (found.account, found.direction) == ("x/0", "down")
    assert found.alerted_at == int(at[340])
    assert found.state == "resolved"


def vtubers(day: str, days: int) -> Panel:
    """The real channels up to the end of one day, UTC."""
    rows: dict[str, int] = {}
    row, at, followers, views = [], [], [], []
    path = DATA / "youtube-vtubers" / "counts.csv.gz"
    with gzip.open(path, "rt") as file:
        for each in DictReader(file):
            if float(each["subscribers"]) > 0:
                row.append(rows.setdefault(f"youtube/{each['channel']}", len(rows)))
                read = datetime.fromisoformat(each["at"]).replace(tzinfo=UTC)
                at.append(int(read.timestamp()))
                followers.append(float(each["subscribers"]))
                views.append(float(each["views"]) or np.nan)
    end = datetime.fromisoformat(f"{day}T23:59:59").replace(tzinfo=UTC)
    return build_panel(
        Readings(list(rows), row, at, {"followers": followers, "views": views}),
        now=int(end.timestamp()),
        timezone="UTC",
        days=days,
        with_read_at=True,
    )


def test_the_counter_glitch_of_december_2022_is_one_wave_that_goes_back_the_next_day() -> None:
    panel = vtubers("2022-12-24", 150)
    columns = np.arange(panel.days - 10, panel.days)
    log = list(replay(panel, RULES, columns=columns))
    fell = int(panel.ends[-5])
    wave = [each for each in incidents_of(log) if each.wave is not None]
    assert {each.wave for each in wave} == {f"platform:youtube|down|{fell}"}
    followers = panel.metrics["followers"]
    before = np.fmax.reduce(followers[:, -8:-5], axis=1)
    large = np.flatnonzero((before > 5_000) & (followers[:, -5] < followers[:, -6]))
    listed = {each.account for each in wave if each.alerted_at == fell}
    assert len(large) == 24
    assert {panel.accounts[row] for row in large} <= listed
    for each in wave:
        assert each.opened_at == fell
        assert [step.kind for step in each.updates] == ["purge", "glitch"]
        assert each.resolved_at == fell + DAY
    # nothing opens when the counts come back
    back = [made for at, made in log if at in (fell + DAY, fell + 2 * DAY)]
    assert [each for made in back for each in made if each.action == "open"] == []


def test_a_loss_that_gains_hide_is_no_glitch_and_says_what_hid_it() -> None:
    rng = np.random.default_rng(1)
    shape = (12, 100)
    gained, lost = rng.poisson(300.0, shape) * 1.0, rng.poisson(100.0, shape) * 1.0
    gained[0, 90] += 800
    lost[0, 90] += 800
    newest = 1_700_000_000
    panel = build_panel(
        Readings(
            [f"x/{row}" for row in range(12)],
            np.repeat(np.arange(12), 100),
            np.tile(newest - DAY * np.arange(100)[::-1], 12),
            {"gained": gained.ravel(), "lost": lost.ravel()},
        ),
        now=newest,
        timezone="UTC",
        days=100,
    )
    (found,) = incidents_of(replay(panel, RULES, columns=np.arange(60, 100)))
    assert (found.account, found.kind, found.closed_as) == ("x/0", "unfollow_wave", "calm")
    assert found.change == -lost[0, 90]
    assert "hidden_by_gains" in [each.code for each in found.reasons]
