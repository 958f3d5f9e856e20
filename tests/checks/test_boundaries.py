"""Every documented number just below and just above where it changes what is said."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from checks.incident import rules as life
from checks.incident.wave import ebb, same_waves, shared_name
from checks.model import Decision, Finding, Incident, Sensitivity, Standing, Update, Verdict
from checks.platforms import near_limit
from checks.rules import rules_for
from checks.verdict.verdict import floor_factors

DAY, HOUR = 86_400, 3_600
START = 1_700_000_000

FALL = Finding(
    check="fall",
    account="instagram/lena",
    metric="followers",
    direction="down",
    start=START,
    at=START,
    change=-1_000.0,
    expected=0.0,
    level=50_000.0,
    size=0.02,
    score=-10.0,
)
SAID = Verdict(finding=FALL, kind="purge", confidence=0.7, severity="warning", reasons=())
OPEN = Incident(
    account=FALL.account,
    metric="followers",
    direction="down",
    kind="purge",
    severity="warning",
    confidence=0.7,
    state="suspected",
    opened_at=START,
    alerted_at=START,
    resolved_at=None,
    last_finding_at=START,
    change=-1_000.0,
    expected=0.0,
    level=50_000.0,
    score=-10.0,
    reasons=(),
    updates=(
        Update(at=START, state="suspected", kind="purge", severity="warning", confidence=0.7),
    ),
    memory={"check": "fall", "fell_at": START, "base": 50_000.0, "seen": 49_000.0},
)
BACK = Standing(
    judged=True, read_at=START + DAY, level=50_000.0, daily=0.0, spread=50.0, step=1.0
)


MOVED = replace(OPEN, memory={**OPEN.memory, "level": 49_000.0, "counted_at": START})
IN_A_WAVE = replace(OPEN, wave="#a|down|1")
SERIES = (OPEN.account, OPEN.metric)


def again(later: int) -> Verdict:
    """A fall in a wave of the same group, so many seconds later."""
    return replace(found(start=START + later), wave="#a|down|9")


def found(**changes: object) -> Verdict:
    return replace(SAID, finding=replace(FALL, **changes))  # type: ignore[arg-type]


def at(seconds: float, **changes: object) -> Standing:
    return replace(BACK, read_at=START + int(seconds), **changes)  # type: ignore[arg-type]


def wave(back: int, members: int) -> int:
    """How many of a wave's members, one of whom only the wave showed, go with the others."""
    shown = replace(OPEN, memory={**OPEN.memory, "check": "cohort"})
    decisions = [
        Decision(
            action="resolve" if place < back else "hold",
            incident=replace(OPEN if place < back else shown, wave="#a|down|1"),
            reason="returned" if place < back else "still_there",
        )
        for place in range(members)
    ]
    return sum(each.reason == "returned" for each in ebb(decisions, START + DAY)) - back


Case = Callable[[], object]
BOUNDARIES: dict[str, tuple[Case, Case]] = {
    "a finding joins within three days": (
        lambda: life.goes_on(found(at=START + 3 * DAY), OPEN),
        lambda: not life.goes_on(found(at=START + 3 * DAY + 1), OPEN),
    ),
    "one three times as surprising stands out": (
        lambda: not life.stands_out(found(start=START + 9 * DAY, score=-30.0), OPEN),
        lambda: life.stands_out(found(start=START + 9 * DAY, score=-30.1), OPEN),
    ),
    "not in the first three days": (
        lambda: not life.stands_out(found(start=START + 3 * DAY, score=-99.0), OPEN),
        lambda: life.stands_out(found(start=START + 3 * DAY + 1, score=-99.0), OPEN),
    ),
    "what is back within 48 hours was a glitch": (
        lambda: life.has_returned(OPEN, at(48 * HOUR)) == 48,
        lambda: life.has_returned(OPEN, at(48 * HOUR + 1)) is None,
    ),
    "back is within half of a small move": (
        lambda: life.is_back(OPEN, 49_500.0, replace(BACK, spread=999.0), 0.0),
        lambda: not life.is_back(OPEN, 49_499.0, replace(BACK, spread=999.0), 0.0),
    ),
    "back is within three spreads of a large one": (
        lambda: life.is_back(OPEN, 49_850.0, BACK, 0.0),
        lambda: not life.is_back(OPEN, 49_849.0, BACK, 0.0),
    ),
    "a move of 2.5 spreads can come back": (
        lambda: life.has_returned(OPEN, at(DAY, spread=400.0)) is None,
        lambda: life.has_returned(OPEN, at(DAY, spread=399.0)) == 24,
    ),
    "what outlived 48 hours is confirmed": (
        lambda: not life.is_confirmed(OPEN, SAID, at(48 * HOUR)),
        lambda: life.is_confirmed(OPEN, SAID, at(48 * HOUR + 1)),
    ),
    "what is sure is confirmed after 20 hours": (
        lambda: not life.is_confirmed(OPEN, replace(SAID, confidence=0.8), at(20 * HOUR - 1)),
        lambda: life.is_confirmed(OPEN, replace(SAID, confidence=0.8), at(20 * HOUR)),
    ),
    "sure is 80 percent": (
        lambda: not life.is_confirmed(OPEN, replace(SAID, confidence=0.79), at(30 * HOUR)),
        lambda: life.is_confirmed(OPEN, replace(SAID, confidence=0.8), at(30 * HOUR)),
    ),
    "a counter flaps for fourteen days": (
        lambda: life.has_flapped(OPEN, 1_000.0, START + 14 * DAY),
        lambda: not life.has_flapped(OPEN, 1_000.0, START + 14 * DAY + 1),
    ),
    "from when the first flap was back": (
        lambda: life.has_flapped(
            replace(OPEN, resolved_at=START + DAY), 1_000.0, START + 15 * DAY
        ),
        lambda: (
            not life.has_flapped(
                replace(OPEN, resolved_at=START + DAY), 1_000.0, START + 15 * DAY + 1
            )
        ),
    ),
    "by the same move within a tenth": (
        lambda: life.has_flapped(OPEN, 1_111.0, START),
        lambda: not life.has_flapped(OPEN, 1_112.0, START),
    ),
    "a surge taken back within 48 hours": (
        lambda: life.is_other_side(
            found(direction="up", change=1_000.0, start=START + 48 * HOUR), OPEN
        ),
        lambda: (
            not life.is_other_side(
                found(direction="up", change=1_000.0, start=START + 48 * HOUR + 1), OPEN
            )
        ),
    ),
    "a day that moves on by three spreads is not calm": (
        lambda: not life.still_moves(MOVED, at(DAY, level=48_850.0), START + DAY),
        lambda: life.still_moves(MOVED, at(DAY, level=48_849.0), START + DAY),
    ),
    "a wave goes on in the same account for a week": (
        lambda: (
            same_waves([again(7 * DAY)], {SERIES: [IN_A_WAVE]}) == {"#a|down|9": "#a|down|1"}
        ),
        lambda: same_waves([again(7 * DAY + 1)], {SERIES: [IN_A_WAVE]}) == {},
    ),
    "and up to its own size": (
        lambda: life.is_other_side(found(direction="up", change=1_000.0), OPEN),
        lambda: not life.is_other_side(found(direction="up", change=1_001.0), OPEN),
    ),
    "waves of a group within three days are one": (
        lambda: (
            shared_name(f"#a|down|{START + 3 * DAY}", {f"#a|down|{START}"})
            == f"#a|down|{START}"
        ),
        lambda: (
            shared_name(f"#a|down|{START + 3 * DAY + 1}", {f"#a|down|{START}"})
            != f"#a|down|{START}"
        ),
    ),
    "a wave is over when three are back": (lambda: wave(2, 3) == 0, lambda: wave(3, 4) == 1),
    "and two thirds": (lambda: wave(5, 8) == 0, lambda: wave(6, 9) == 3),
    "95 percent of a follow limit": (
        lambda: near_limit("instagram", 7_124, 1e6) is None,
        lambda: near_limit("instagram", 7_125, 1e6) == 7_500,
    ),
    "who follows more has a limit of their own": (
        lambda: near_limit("instagram", 7_500, 1e6) == 7_500,
        lambda: near_limit("instagram", 7_501, 1e6) is None,
    ),
    "feedback halves a floor at most": (
        lambda: floor_factors({"a": [("useful", 1)] * 6})["a"] > 0.5,
        lambda: floor_factors({"a": [("useful", 1)] * 7})["a"] == 0.5,
    ),
    "and trebles it at most": (
        lambda: floor_factors({"a": [("expected", 1)] * 4})["a"] < 3.0,
        lambda: floor_factors({"a": [("expected", 1)] * 5})["a"] == 3.0,
    ),
}


@pytest.mark.parametrize("name", BOUNDARIES)
def test_a_documented_number_is_where_it_is_said_to_be(name: str) -> None:
    below, above = BOUNDARIES[name]
    assert below()
    assert above()


@pytest.mark.parametrize(
    ("sensitivity", "alpha", "q", "percent", "count", "critical"),
    [
        ("strict", 2e-5, 0.01, 3.0, 100.0, 15.0),
        ("balanced", 1e-4, 0.05, 1.5, 50.0, 10.0),
        ("sensitive", 5e-4, 0.1, 0.75, 20.0, 5.0),
    ],
)
def test_what_a_sensitivity_means_in_numbers(
    sensitivity: Sensitivity,
    alpha: float,
    q: float,
    percent: float,
    count: float,
    critical: float,
) -> None:
    rules = rules_for(sensitivity)
    assert (rules.alpha, rules.q) == (alpha, q)
    assert (rules.min_percent, rules.min_count) == (percent, count)
    assert rules.critical_percent == critical
    assert not rules.own_floors
    assert rules_for(sensitivity, looks=4).alpha == alpha / 4
    for own in (rules_for(sensitivity, min_percent=9.0), rules_for(sensitivity, min_count=9.0)):
        assert own.own_floors
        assert 9.0 in (own.min_percent, own.min_count)
