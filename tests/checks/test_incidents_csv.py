"""Real purges, glitches and churn, each set into 120 days of ordinary life among 40 peers."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from checks.model import Incident
from checks.panel.build import Readings, build_panel
from checks.panel.panel import Floats, Panel
from checks.replay import incidents_of, replay
from checks.rules import rules_for

DAY = 86_400
LIFE = 120
AFTER = 6
PEERS = 40
NOW = 1_700_000_000
UNKNOWN_LEVELS = {"BarackObama": 103.4e6, "T-Series": 76e6, "PewDiePie": 76e6}
FALLING = {"A": 0.60, "C": 0.60, "D": 0.15, "I": 0.15, "K": 0.02}


@dataclass(frozen=True)
class Case:
    """One account's move: its level before and the change of each day of it."""

    letter: str
    platform: str
    account: str
    label: str
    level: float
    changes: tuple[float, ...]


def cases() -> Iterator[Case]:
    """The rows of incidents.csv, James Charles's three days joined."""
    path = Path(__file__).parent.parent / "data" / "incidents.csv"
    joined: dict[tuple[str, str], Case] = {}
    for row in csv.DictReader(path.read_text().splitlines()):
        change = float(row["delta"])
        days = 4 if row["label"] == "surge with a cause" else 1
        level = float(row["before"] or UNKNOWN_LEVELS[row["account"]])
        key = (row["case"], row["account"])
        earlier = joined.get(key)
        changes = (change / days,) * days
        if earlier is not None:
            level, changes = earlier.level, (*earlier.changes, *changes)
        joined[key] = Case(
            row["case"], row["platform"], row["account"], row["label"], level, changes
        )
    yield from joined.values()


def life(rng: np.random.Generator, end: float, rate: float, days: int) -> Floats:
    """Ordinary days that lead up to `end`: gains around `rate` with a weekly rhythm."""
    week = 1 + rng.uniform(-0.3, 0.3) * (np.arange(days) % 7 >= 5)
    noise = rng.gamma(1 / 0.25**2, 0.25**2, days)
    gains = end * rate * week * noise
    return np.asarray(np.round(end - np.cumsum(gains[::-1])[::-1]), np.float64)


def series(
    rng: np.random.Generator,
    level: float,
    rate: float,
    changes: tuple[float, ...],
    returns: bool,
) -> Floats:
    before = life(rng, level, rate, LIFE)
    after = [level + change for change in np.cumsum(changes)]
    low = after[-1]
    if returns:
        after.append(level * (1 + rate))
        low = after[-1]
    while len(after) < AFTER:
        low += max(low, 0) * rate * rng.gamma(16, 1 / 16)
        after.append(low)
    return np.append(np.append(before, level), np.round(after))


def world(case: Case, seed: int, *, views: bool = False) -> Panel:
    """The case and its peers; those that fall do so on the case's first day."""
    rng = np.random.default_rng([seed, len(case.account)])
    returns = case.label.startswith("glitch")
    rate = rng.uniform(0.0002, 0.003)
    if case.account == "PewDiePie":
        rate = 200_000 / case.level
    rows = [series(rng, case.level, rate, case.changes, returns)]
    falls = np.zeros(PEERS, np.bool_)
    falls[: round(FALLING[case.letter] * PEERS)] = True
    for falling in falls:
        peer, own = 10 ** rng.uniform(4, 7.5), rng.uniform(0.0002, 0.003)
        change = peer * own * rng.gamma(16, 1 / 16)
        if falling:
            change = -peer * rng.uniform(0.001, 0.06)
        rows.append(series(rng, round(peer), own, (round(change),), returns and falling))
    counts = np.array(rows)
    accounts = [f"{case.platform}/{case.account}"]
    accounts += [f"{case.platform}/peer{k}" for k in range(PEERS)]
    values = {"followers": counts.ravel()}
    if views:
        daily = counts * 0.2 * rng.gamma(12, 1 / 12, counts.shape)
        daily[0, LIFE + 1 : LIFE + 1 + len(case.changes)] *= 5
        values["views"] = np.cumsum(daily, axis=1).ravel()
    days = counts.shape[1]
    return build_panel(
        Readings(
            accounts,
            np.repeat(np.arange(len(accounts)), days),
            np.tile(NOW - DAY * np.arange(days)[::-1], len(accounts)),
            values,
        ),
        now=NOW,
        timezone="UTC",
        days=days,
    )


def incidents(panel: Panel) -> list[Incident]:
    """What the case's own account got from the day of the move on."""
    columns = np.arange(LIFE + 1, panel.days)
    found = incidents_of(replay(panel, rules_for("balanced"), columns=columns))
    return [each for each in found if each.account == panel.accounts[0]]


CASES = {f"{case.letter} {case.account}": case for case in cases()}
DRAWS = range(4)


@pytest.mark.parametrize("draw", DRAWS)
@pytest.mark.parametrize(
    "name", [name for name, case in CASES.items() if case.label.startswith("purge")]
)
def test_purges_are_called_purges(name: str, draw: int) -> None:
    (found,) = incidents(world(CASES[name], draw))
    assert found.kind == "purge"
    assert found.direction == "down"
    assert found.wave is not None


@pytest.mark.parametrize("draw", DRAWS)
def test_a_glitch_is_closed_as_one_when_the_count_is_back(draw: int) -> None:
    (found,) = incidents(world(CASES["I arianagrande"], draw))
    assert [each.kind for each in found.updates] == ["purge", "glitch"]
    assert found.resolved_at == found.opened_at + DAY


@pytest.mark.parametrize("draw", DRAWS)
def test_people_who_leave_one_account_are_no_purge(draw: int) -> None:
    (found,) = incidents(world(CASES["K jamescharles"], draw))
    assert found.kind == "unfollow_wave"
    assert found.severity == "critical"


@pytest.mark.parametrize("draw", DRAWS)
@pytest.mark.parametrize(("views", "kind"), [(False, "viral"), (True, "viral")])
def test_a_surge_with_a_cause_is_told_by_its_views(views: bool, kind: str, draw: int) -> None:
    (found,) = incidents(world(CASES["K tatiwestbrook"], draw, views=views))
    assert found.kind == kind
