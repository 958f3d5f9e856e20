"""One table of lives: levels and findings day by day, and what each day decides."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest

from checks.incident.decide import DECISIONS, REMEMBERED, decide
from checks.incident.rules import retells
from checks.model import (
    Cause,
    Decision,
    Direction,
    Finding,
    Incident,
    Judgement,
    Kind,
    Severity,
    Standing,
    Verdict,
)
from checks.reasons import ADVICE, REASONS, reason

DAY = 86_400
START = 1_700_000_000
BASE = 100_000.0
ACCOUNT = "instagram/lena"


@dataclass(frozen=True)
class Seen:
    """What detection says on one day: its kind and the surprise in spreads."""

    kind: Kind
    score: float = -20.0
    span: int = 1
    direction: Direction = "down"
    severity: Severity = "warning"
    confidence: float = 0.7
    alerting: bool = True
    wave: str | None = None
    check: str = "fall"
    causes: tuple[Cause, ...] = ()


@dataclass
class Tape:
    """A view over one scripted series: 100 followers a day, 50 of them spread."""

    levels: Sequence[float | None]
    day: int = 0
    revised: Mapping[int, Seen] = field(default_factory=dict)
    corrections: Mapping[int, tuple[int, float]] = field(default_factory=dict)

    def level(self, day: int) -> float:
        if day < 0:
            return BASE + 100 * day
        for known_from, (corrected, value) in self.corrections.items():
            if day == corrected and self.day >= known_from:
                return value
        value = self.levels[day]
        return math.nan if value is None else value

    def since(self, account: str, metric: str, day: int) -> int:
        return day

    def flapped(self, account: str) -> float:
        return 0.0

    def standing(self, account: str, metric: str) -> Standing | None:
        if account != ACCOUNT:
            return None
        level = self.level(self.day)
        return Standing(
            judged=not math.isnan(level),
            read_at=START + self.day * DAY,
            level=level,
            daily=100.0,
            spread=50.0,
            step=1.0,
        )

    def reading(self, account: str, metric: str, at: int) -> float:
        return self.level((at - START) // DAY)

    def before(self, account: str, metric: str, day: int) -> tuple[int, float]:
        column = (day - START) // DAY - 1
        while math.isnan(self.level(column)):
            column -= 1
        return START + column * DAY, self.level(column)

    def gather(self, incidents: Sequence[Incident]) -> None:
        pass

    def explain(self, incident: Incident) -> Verdict | None:
        seen = self.revised.get(self.day)
        return None if seen is None else verdict(self, seen)


def verdict(tape: Tape, seen: Seen) -> Verdict:
    level = tape.level(tape.day - seen.span)
    change = tape.level(tape.day) - level
    expected = 100.0 * seen.span
    finding = Finding(
        check=seen.check,
        account=ACCOUNT,
        metric="followers",
        direction=seen.direction,
        start=START + (tape.day - seen.span + 1) * DAY,
        at=START + tape.day * DAY,
        change=change,
        expected=expected,
        level=level,
        size=abs(change - expected) / level,
        score=seen.score,
    )
    return Verdict(
        finding=finding,
        kind=seen.kind,
        confidence=seen.confidence,
        severity=seen.severity,
        reasons=(reason("surprise", score=seen.score),),
        alerting=seen.alerting,
        wave=seen.wave,
        causes=seen.causes,
    )


def live(
    levels: Sequence[float | None],
    findings: Mapping[int, Seen | Sequence[Seen]],
    revised: Mapping[int, Seen] | None = None,
    corrections: Mapping[int, tuple[int, float]] | None = None,
) -> list[tuple[int, Decision]]:
    """Plays the tape day by day, as the service does, and keeps what it decides."""
    tape = Tape(levels, revised=revised or {}, corrections=corrections or {})
    store: dict[tuple[str, str, str, int], Incident] = {}
    log = []
    for day in range(len(levels)):
        tape.day = day
        now = START + day * DAY
        seen = findings.get(day, ())
        verdicts = [
            verdict(tape, each) for each in ([seen] if isinstance(seen, Seen) else seen)
        ]
        judgement = Judgement(at=now, verdicts=tuple(verdicts), notices=(), early={}, view=tape)
        alive = [
            each
            for each in store.values()
            if each.resolved_at is None or now - each.resolved_at <= REMEMBERED
        ]
        for decision in decide(alive, judgement, now):
            store[decision.incident.key] = decision.incident
            log.append((day, decision))
    return log


def words(log: Sequence[tuple[int, Decision]]) -> list[tuple[int, str, str]]:
    """What a reader would notice: everything but `hold`."""
    return [(day, each.action, each.reason) for day, each in log if each.action != "hold"]


PURGE = Seen("purge")
LEAK = Seen("leak", score=-5.0, span=10)
SLOW = replace(LEAK, check="leak")
LOSING = [100_000.0 - 300 * k for k in range(10)]
RISEN = [
    *[BASE + 100 * k for k in range(3)],
    *[106_000.0 + 1_000 * k for k in range(4)],
    *[109_000.0 + 100 * k for k in range(1, 34)],
]
GROWN = Seen("viral", score=90.0, direction="up", span=28, check="surge")
CALM = [LOSING[-1] + 100 * k for k in range(1, 12)]
SURGE = Seen("mass_follow", score=30.0, direction="up")
DOWN = [90_000.0 + 100 * k for k in range(12)]

TABLE = [
    (
        "a fall opens, stands after two days, and is over after three calm ones",
        DOWN[:5],
        {0: PURGE},
        [
            (0, "open", "first_finding"),
            (3, "resolve", "calm"),
        ],
    ),
    (
        "sure evidence on the next day confirms it",
        DOWN[:3],
        {0: Seen("purge", confidence=0.9), 1: Seen("purge", confidence=0.9)},
        [(0, "open", "first_finding"), (1, "update", "still_there")],
    ),
    (
        "a finding three days after the last one still belongs to it",
        DOWN[:4],
        {0: PURGE, 3: PURGE},
        [(0, "open", "first_finding"), (3, "update", "still_there")],
    ),
    (
        "a rise that goes on beyond ordinary days is one story, without a finding of its own",
        [106_000.0 + 400 * k for k in range(12)],
        {0: SURGE, 11: replace(SURGE, span=10)},
        [
            (0, "open", "first_finding"),
            *[(day, "update", "still_there") for day in range(1, 12)],
        ],
    ),
    (
        "a fall the day after a rise that went on for days is noted with it",
        [*[106_000.0 + 1_000 * k for k in range(5)], 106_000.0],
        {0: SURGE, 4: SURGE, 5: PURGE},
        [
            (0, "open", "first_finding"),
            *[(day, "update", "still_there") for day in range(1, 5)],
            (5, "update", "lost_after_gain"),
        ],
    ),
    (
        "and told by itself where nobody was told of the rise",
        [*[106_000.0 + 1_000 * k for k in range(5)], 106_000.0],
        {
            0: replace(SURGE, alerting=False),
            4: replace(SURGE, alerting=False),
            5: PURGE,
        },
        [
            (0, "open", "first_finding"),
            *[(day, "update", "still_there") for day in range(1, 5)],
            (5, "open", "first_finding"),
        ],
    ),
    (
        "a finding more than three days after the last one is a new incident",
        DOWN[:6],
        {0: PURGE, 5: PURGE},
        [(0, "open", "first_finding"), (3, "resolve", "calm"), (5, "open", "new_episode")],
    ),
    (
        "missing days are not calm: four days later a finding still starts anew",
        [90_000.0, None, None, None, None, 89_000.0],
        {0: PURGE, 5: PURGE},
        [
            (0, "open", "first_finding"),
            (5, "resolve", "overtaken"),
            (5, "open", "new_episode"),
        ],
    ),
    (
        "a purge inside a leak is far more surprising and opens its own",
        [*[99_000.0 - 300 * k for k in range(8)], 80_000.0],
        {**dict.fromkeys(range(8), LEAK), 8: Seen("purge", score=-60.0)},
        [
            (0, "open", "first_finding"),
            *[(day, "update", "still_there") for day in range(1, 8)],
            (8, "resolve", "overtaken"),
            (8, "open", "far_more_surprising"),
        ],
    ),
    (
        "a slow loss that is seen again after days without a reading is the same one",
        [*LOSING, None, None, None, None, CALM[0]],
        {9: SLOW, 14: SLOW},
        [(9, "open", "first_finding"), (14, "update", "still_there")],
    ),
    (
        "a slow loss is not told again once it is over",
        [*LOSING, *CALM],
        {9: SLOW, 18: SLOW},
        [(9, "open", "first_finding"), (16, "resolve", "calm")],
    ),
    (
        "a slow loss that goes on after its incident is over is a new one",
        [*LOSING, *CALM[:7], *[CALM[6] - 400 * k for k in range(1, 9)]],
        {9: SLOW, 24: SLOW},
        [
            (9, "open", "first_finding"),
            (16, "resolve", "calm"),
            (24, "open", "new_episode"),
        ],
    ),
    (
        "a sum over four weeks does not tell a rise again that is weeks over",
        RISEN,
        {**dict.fromkeys(range(3, 7), SURGE), **dict.fromkeys(range(26, 31), GROWN)},
        [
            (3, "open", "first_finding"),
            *[(day, "update", "still_there") for day in range(4, 7)],
            (9, "resolve", "calm"),
        ],
    ),
    (
        "a fall that builds up in its first days stays one incident",
        [98_000.0, 90_000.0],
        {0: Seen("unexplained_drop", score=-6.0), 1: Seen("unexplained_drop", score=-40.0)},
        [(0, "open", "first_finding"), (1, "update", "still_there")],
    ),
    (
        "a level that is back within 48 hours was a glitch, and its return is no surge",
        [90_000.0, 100_150.0, 100_250.0],
        {0: PURGE, 1: SURGE, 2: replace(SURGE, span=2)},
        [(0, "open", "first_finding"), (1, "resolve", "returned")],
    ),
    (
        "a level that comes back later is no glitch and names the incident it undoes",
        [90_000.0, 90_100.0, 90_200.0, 90_300.0, 100_500.0],
        {0: PURGE, 4: SURGE},
        [
            (0, "open", "first_finding"),
            (3, "resolve", "calm"),
            (4, "open", "contradicts"),
        ],
    ),
    (
        "half a return within two days belongs to the fall",
        [90_000.0, 95_000.0, 95_100.0],
        {0: PURGE, 1: SURGE},
        [(0, "open", "first_finding")],
    ),
    (
        "without readings it is held, and closed after 14 days",
        [90_000.0, *[None] * 14],
        {0: PURGE},
        [(0, "open", "first_finding"), (14, "resolve", "no_more_data")],
    ),
    (
        "leavers after a mass follow belong to it",
        [130_000.0, 130_100.0, 130_200.0, 130_300.0, 130_400.0, 115_000.0, 115_100.0],
        {0: SURGE, 5: PURGE},
        [
            (0, "open", "first_finding"),
            (3, "resolve", "calm"),
            (5, "update", "lost_after_gain"),
        ],
    ),
    (
        "a loss beyond what the mass follow gained opens its own",
        [130_000.0, 130_100.0, 130_200.0, 130_300.0, 130_400.0, 70_000.0],
        {0: SURGE, 5: PURGE},
        [
            (0, "open", "first_finding"),
            (3, "resolve", "calm"),
            (5, "open", "first_finding"),
        ],
    ),
    (
        "a loss 14 days after the mass follow still belongs to it",
        [*[130_000.0 + 100 * k for k in range(14)], 120_000.0],
        {0: SURGE, 14: PURGE},
        [
            (0, "open", "first_finding"),
            (3, "resolve", "calm"),
            (14, "update", "lost_after_gain"),
        ],
    ),
    (
        "a loss 15 days after the mass follow is its own",
        [*[130_000.0 + 100 * k for k in range(15)], 120_000.0],
        {0: SURGE, 15: PURGE},
        [
            (0, "open", "first_finding"),
            (3, "resolve", "calm"),
            (15, "open", "first_finding"),
        ],
    ),
    (
        "up and down are incidents of their own",
        [150_000.0, 150_100.0, 150_200.0, 60_000.0],
        {0: Seen("viral", score=30.0, direction="up"), 3: PURGE},
        [
            (0, "open", "first_finding"),
            (3, "open", "first_finding"),
            (3, "resolve", "calm"),
        ],
    ),
]


@pytest.mark.parametrize(
    ("levels", "findings", "expected"),
    [row[1:] for row in TABLE],
    ids=[row[0] for row in TABLE],
)
def test_each_day_decides_as_the_table_says(
    levels: Sequence[float | None],
    findings: Mapping[int, Seen],
    expected: list[tuple[int, str, str]],
) -> None:
    # `confirmed` has its own tests below
    log = [(day, each) for day, each in live(levels, findings) if each.reason != "confirmed"]
    assert words(log) == expected


def test_an_incident_goes_from_suspected_to_confirmed_to_resolved() -> None:
    log = live(DOWN[:6], {0: PURGE, 1: PURGE})
    assert [each.incident.state for _, each in log] == [
        "suspected",
        "suspected",
        "suspected",
        "confirmed",
        "resolved",
    ]


def test_the_kind_follows_the_evidence_while_it_is_open() -> None:
    later = Seen("unfollow_wave", confidence=0.9)
    log = live(DOWN[:3], {0: Seen("unexplained_drop")}, revised={1: later})
    assert words(log)[1] == (1, "update", "evidence_changed")
    assert log[1][1].incident.kind == "unfollow_wave"


def test_the_kind_of_a_closed_incident_changes_until_seven_days_after_it_opened() -> None:
    viral = Seen("viral", score=20.0, direction="up", severity="info")
    levels = [130_000.0 + 100 * k for k in range(11)]
    log = live(levels, {0: SURGE}, revised={7: viral})
    assert (7, "update", "evidence_changed") in words(log)
    late = live(levels, {0: SURGE}, revised={8: viral})
    assert all(each.incident.kind == "mass_follow" for _, each in late)


def test_severity_rises_at_once_and_never_falls() -> None:
    graver = Seen("purge", severity="critical")
    log = live(DOWN[:3], {0: PURGE, 1: graver, 2: replace(PURGE, severity="info")})
    assert [each.action for _, each in log] == ["open", "escalate", "update"]
    assert [each.incident.severity for _, each in log] == ["warning", "critical", "critical"]


def test_evidence_alone_raises_a_severity_of_which_it_is_as_sure_as_before() -> None:
    log = live(DOWN[:3], {0: PURGE}, revised={1: replace(PURGE, severity="critical")})
    assert words(log)[1] == (1, "escalate", "severity_rose")


@pytest.mark.parametrize(("chance", "told"), [(0.73, False), (0.76, True)])
def test_a_small_shift_of_what_is_likely_is_no_news(chance: float, told: bool) -> None:
    later = replace(PURGE, causes=(Cause("purge", chance),))
    log = live(DOWN[:2], {0: replace(PURGE, causes=(Cause("purge", 0.7),))}, revised={1: later})
    assert ((1, "update", "evidence_changed") in words(log)) is told


def test_a_corrected_reading_turns_the_incident_into_a_glitch() -> None:
    log = live(DOWN[:4], {0: PURGE}, corrections={3: (0, 100_000.0)})
    assert words(log)[-1] == (3, "resolve", "corrected")
    assert log[-1][1].incident.kind == "glitch"
    assert log[-1][1].incident.closed_as == "corrected"


def test_a_corrected_base_takes_the_evidence_away_too() -> None:
    levels = [100_000.0, 120_000.0, 100_200.0, 100_300.0, 100_400.0, 100_500.0]
    log = live(levels, {2: PURGE}, corrections={5: (1, 100_100.0)})
    assert words(log)[-1] == (5, "resolve", "corrected")


def test_a_changed_reading_that_keeps_the_evidence_changes_nothing() -> None:
    log = live(DOWN[:3], {0: PURGE}, corrections={2: (0, 90_050.0)})
    assert all(each.reason != "corrected" for _, each in log)


def test_many_looks_a_day_do_not_make_it_calm_sooner() -> None:
    tape = Tape([90_000.0, 90_050.0])
    first = live([90_000.0], {0: PURGE})[0][1].incident
    incident = first
    tape.day = 1
    for hour in range(1, 24):
        now = START + DAY + hour * 3600
        judgement = Judgement(at=now, verdicts=(), notices=(), early={}, view=tape)
        (decision,) = decide([incident], judgement, now)
        incident = decision.incident
    assert incident.calm_days == 1


def test_a_member_below_its_floor_is_recorded_and_alerted_once_its_wave_is_posted() -> None:
    quiet = Seen("purge", alerting=False, wave="platform:x|down|1")
    log = live(DOWN[:2], {0: quiet, 1: replace(quiet, alerting=True)})
    assert [each.incident.alerted_at for _, each in log] == [None, START + DAY]


def test_one_wave_keeps_one_name_however_many_hours_apart_its_members_are_seen() -> None:
    first = live(DOWN[:1], {0: replace(PURGE, wave=f"#team|down|{START}")})[0][1].incident
    other = replace(first, account="instagram/mia")
    tape = Tape(DOWN, day=0)
    judgement = Judgement(
        at=START + 3600,
        verdicts=(verdict(tape, replace(PURGE, wave=f"#team|down|{START + 3600}")),),
        notices=(),
        early={},
        view=tape,
    )
    opened = [
        each for each in decide([other], judgement, START + 3600) if each.action == "open"
    ]
    assert opened[0].incident.wave == first.wave


def test_change_is_measured_over_the_whole_incident() -> None:
    log = live([95_000.0, 88_000.0, 84_000.0], {0: PURGE, 1: PURGE, 2: PURGE})
    last = log[-1][1].incident
    assert last.change == 84_000.0 - (BASE - 100)
    assert last.expected == 300.0


def test_updates_list_every_step_a_reader_saw() -> None:
    log = live(DOWN[:4], {0: PURGE}, revised={1: Seen("unfollow_wave", confidence=0.9)})
    last = log[-1][1].incident
    assert [(each.kind, each.state) for each in last.updates] == [
        ("purge", "suspected"),
        ("unfollow_wave", "confirmed"),
        ("unfollow_wave", "resolved"),
    ]


def test_the_same_judgement_twice_opens_nothing_twice() -> None:
    tape = Tape(DOWN)
    judgement = Judgement(
        at=START, verdicts=(verdict(tape, PURGE),), notices=(), early={}, view=tape
    )
    first = decide([], judgement, START)
    again = decide([each.incident for each in first], judgement, START)
    assert [each.action for each in again] == ["update"]
    assert again[0].incident == first[0].incident


def test_a_fading_over_weeks_that_were_told_already_is_no_news() -> None:
    log = live([*LOSING, *CALM], {9: SLOW})
    thinned = replace(log[-1][1].incident, metric="interactions")
    seen = verdict(Tape([*LOSING, *CALM], day=20), replace(SLOW, check="fading", span=20))
    standing = Tape([*LOSING, *[80_000.0] * 11], day=20).standing(ACCOUNT, "interactions")
    faded = replace(seen, finding=replace(seen.finding, metric="interactions"))
    assert retells(faded, thinned, standing)
    start = thinned.last_finding_at + DAY
    for weeks, told in ((6, True), (7, False)):
        at = thinned.last_finding_at + weeks * 7 * DAY
        later = replace(faded, finding=replace(faded.finding, start=start, at=at))
        assert retells(later, thinned, standing) == told


def test_every_reason_of_every_decision_is_named() -> None:
    said = {
        each.reason for _, levels, findings, _ in TABLE for _, each in live(levels, findings)
    }
    assert said <= DECISIONS.keys()


def test_reasons_refuse_values_their_code_does_not_declare() -> None:
    with pytest.raises(ValueError, match="takes the values"):
        reason("surprise", size=1.0)


def test_no_code_is_declared_twice_and_all_are_explained() -> None:
    assert all(code.meaning.endswith(".") for code in REASONS.values())
    assert all(text.endswith(".") for text in ADVICE.values())
    for code in REASONS.values():
        assert all(f"`{name}`" in code.meaning for name in code.values if name != "judged")
