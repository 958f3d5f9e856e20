"""How alarms are counted against labelled events."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from checks.detectors.findings import Findings
from tests.bench.world import WARM_UP, Truth

GRACE = 3
"""Days after its end in which an event can still be found."""
ECHO = 8
"""Days after its end in which alarms are not false."""
PARTED = 3
"""A gap of more days parts two alarm episodes."""


@dataclass(frozen=True)
class Alarm:
    """An incident as the score sees it: the day it was alerted."""

    row: int
    metric: str
    day: int
    kind: str = ""


@dataclass
class Score:
    """Counts that add up over worlds."""

    found: int = 0
    events: int = 0
    false: int = 0
    years: float = 0.0
    by_kind: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))
    delays: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    at_once: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))
    """Whether each event was found on the first day from its start on that was read."""
    missed: list[Truth] = field(default_factory=list)
    false_alarms: list[Alarm] = field(default_factory=list)

    @property
    def precision(self) -> float:
        return self.found / max(self.found + self.false, 1)

    @property
    def recall(self) -> float:
        return self.found / max(self.events, 1)

    @property
    def f1(self) -> float:
        return 2 * self.found / max(2 * self.found + self.false + self.events - self.found, 1)

    @property
    def false_per_year(self) -> float:
        return self.false / max(self.years, 1e-9)

    def recall_of(self, kind: str) -> float:
        return _share(self.by_kind.get(kind))

    def at_once_of(self, kind: str) -> float:
        return _share(self.at_once.get(kind))

    def add(self, other: "Score") -> None:
        self.found += other.found
        self.events += other.events
        self.false += other.false
        self.years += other.years
        for kind, hits in other.by_kind.items():
            self.by_kind[kind] += hits
        for kind, days in other.delays.items():
            self.delays[kind] += days
        for kind, hits in other.at_once.items():
            self.at_once[kind] += hits
        self.missed += other.missed
        self.false_alarms += other.false_alarms

    def line(self) -> str:
        kinds = " ".join(
            f"{kind} {np.mean(hits):.3f} ({np.median(self.delays[kind] or [np.nan]):.0f} d)"
            for kind, hits in sorted(self.by_kind.items())
        )
        return (
            f"P {self.precision:.3f} R {self.recall:.3f} F1 {self.f1:.3f} "
            f"false/y {self.false_per_year:.3f} | {kinds}"
        )


def episodes(hits: Findings) -> list[Alarm]:
    """Alarming findings joined per account, metric and direction; alerted on the first day."""
    alarms: list[Alarm] = []
    last: dict[tuple[int, str, int], int] = {}
    on = np.flatnonzero(hits.alarm)
    for index in on[np.argsort(hits.column[on], kind="stable")]:
        key = (int(hits.row[index]), str(hits.metric[index]), int(hits.direction[index]))
        day = int(hits.column[index])
        if day - last.get(key, -99) > PARTED:
            alarms.append(Alarm(key[0], key[1], day, str(hits.check[index])))
        last[key] = day
    return alarms


def score(
    alarms: Iterable[Alarm],
    events: Sequence[Truth],
    read: "np.ndarray[tuple[int, int], np.dtype[np.bool_]]",
    *,
    first: int = WARM_UP,
) -> Score:
    """`read` (accounts, days) says where followers were read; days before `first` are free."""
    result = Score(years=len(read) * (read.shape[1] - first) / 365.25)
    by_row: dict[int, list[Truth]] = defaultdict(list)
    for event in events:
        by_row[event.row].append(event)
    caught: dict[Truth, int] = {}
    false: dict[tuple[int, str], list[Alarm]] = defaultdict(list)
    for alarm in sorted(alarms, key=lambda a: a.day):
        if alarm.day < first or alarm.metric not in ("followers", "following"):
            continue
        excused = False
        for event in by_row[alarm.row]:
            last = event.end
            while last < read.shape[1] - 1 and not read[alarm.row, last]:
                last += 1
            if event.start <= alarm.day <= last + ECHO:
                excused = True
                if alarm.metric == event.metric and alarm.day <= last + GRACE:
                    caught.setdefault(event, alarm.day)
        if not excused:
            false[alarm.row, alarm.metric].append(alarm)
    for group in false.values():
        for before, alarm in zip([None, *group], group, strict=False):
            if before is None or alarm.day - before.day > PARTED:
                result.false += 1
                result.false_alarms.append(alarm)
    for event in events:
        result.events += 1
        result.found += event in caught
        result.by_kind[event.kind].append(event in caught)
        shown = event.start + int(np.argmax(read[event.row, event.start :]))
        result.at_once[event.kind].append(caught.get(event, shown + 1) <= shown)
        if event in caught:
            result.delays[event.kind].append(caught[event] - event.start)
        else:
            result.missed.append(event)
    return result


def _share(hits: list[bool] | None) -> float:
    return float(np.mean(hits)) if hits else float("nan")
