"""The evidence of one panel, gathered for many cases at once."""

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from checks.baseline.expected import Residuals, residuals_of
from checks.detectors.dilution import surged
from checks.detectors.explain import UNKNOWN, Engagement, Evidence
from checks.detectors.findings import Day
from checks.evidence.cohorts import Case, Cases, Cohorts
from checks.evidence.engagement import (
    SHAPES,
    EngagementChange,
    MoveProfile,
    engagement_change,
    move_profile,
)
from checks.evidence.people import People
from checks.faults.hold import Held
from checks.model import Event, Finding
from checks.panel.panel import Floats, Ints
from checks.platforms import near_limit

REVISION = 7
"""Days after an incident was found in which its evidence is heard again."""


class EvidenceCache:
    """Evidence of one panel, worked out once and looked up for every judged day."""

    def __init__(
        self,
        day: Day,
        judged: Ints,
        cohorts: Cohorts,
        held: Held,
        events: Sequence[Event] = (),
        floors: Mapping[str, float] | None = None,
    ) -> None:
        self.day = day
        self.panel = day.panel
        self.events = events
        self.floors = floors or {}
        self.cohorts = cohorts
        self.place = {int(column): k for k, column in enumerate(day.columns)}
        self.people = People(day)
        self.held = held
        self.ends: list[int] = self.panel.ends.tolist()
        self.columns = day.columns
        self._judged = set(judged.tolist())
        self._evidence: dict[Case, Evidence] = {}
        self._some: dict[str, tuple[Residuals, dict[int, int]]] = {}
        self._readings: dict[tuple[str, str, int], tuple[int, float]] = {}

    def again(self, case: Case) -> list[Case]:
        """The case as it is seen on each judged day from `now` on that hears it again."""
        days = range(case.now, case.found + REVISION + 1)
        return [case, *(case._replace(now=now) for now in days if now in self._judged)]

    def prepare(self, cases: Iterable[Case]) -> None:
        """Gathers the evidence of many cases at once, so that `verdict` only looks it up."""
        fresh = [case for case in dict.fromkeys(cases) if case not in self._evidence]
        for metric in sorted({case.metric for case in fresh}):
            some = [case for case in fresh if case.metric == metric]
            if metric != "followers" and metric not in self._some:
                rows = np.unique([case.row for case in some])
                known = residuals_of(self.panel, metric, self.columns, rows=rows)
                self._some[metric] = known, {row: k for k, row in enumerate(rows.tolist())}
            self._evidence.update(zip(some, self._gather(metric, some), strict=True))

    def residuals(self, metric: str, row: int) -> tuple[Residuals, int]:
        """Those of a metric and the row's place in them; of all rows only if need be."""
        known, places = self._some.get(metric, (None, {}))
        if known is not None and row in places:
            return known, places[row]
        return self.day.residuals(metric), row

    def evidence(self, finding: Finding, case: Case) -> Evidence:
        """What is known about a finding as its case shows it."""
        if case not in self._evidence:
            self.prepare(self.again(case))
        evidence = self._evidence[case]
        if self.events:
            known = events_at(self.events, finding.account, finding.start, finding.at)
            evidence = replace(evidence, events=known)
        if finding.account in self.floors:
            evidence = replace(evidence, floor_factor=self.floors[finding.account])
        if case.metric == "followers":
            leapt = self.held.suspected[case.row, case.start : case.found + 1]
            deep = case.direction < 0 and not np.isnan(leapt).all()
            person = self.people.other(case)
            if person is not None or deep:
                evidence = replace(evidence, person=person, other_account=deep)
        return evidence

    # --- readings -----------------------------------------------------------------------

    def column(self, at: int) -> int:
        """The column whose day holds `at`: -1 before the panel, beyond its last after it."""
        before = at <= self.ends[0] - 86_400
        return -1 if before else bisect_left(self.ends, at)

    def read_at(self, row: int, column: int) -> int:
        read_at = self.panel.read_at
        known = 0 if read_at is None else read_at.item((row, column))
        return known or self.ends[column]

    def reading(self, account: str, metric: str, at: int) -> tuple[int, float]:
        """Column and value of the reading taken exactly at `at`, NaN where there is none."""
        key = (account, metric, at)
        if key not in self._readings:
            row, column, value = self.panel.row.get(account), self.column(at), math.nan
            inside = 0 <= column < self.panel.days
            if row is not None and inside and self.read_at(row, column) == at:
                value = self.panel.metrics[metric].item((row, column))
            self._readings[key] = column, value
        return self._readings[key]

    # --- facts --------------------------------------------------------------------------

    def _gather(self, metric: str, cases: Sequence[Case]) -> list[Evidence]:
        table = Cases.of(cases)
        daily, spread, step = self._ordinary(metric, table)
        counts = self.panel.metrics[metric]
        course = move_profile(counts, table.row, table.start, table.now, daily, spread)
        if metric == "followers":
            return self._gather_followers(table, course, step)
        evidence = [
            Evidence(interactions=UNKNOWN, views=UNKNOWN, **each)  # type: ignore[arg-type]
            for each in _courses(table, course, step)
        ]
        if metric in ("interactions", "views"):
            for each, grew in zip(evidence, self._surged(table), strict=True):
                each.surged = grew
        if metric == "following":
            evidence = [
                self._limited(case, each) for case, each in zip(cases, evidence, strict=True)
            ]
        return evidence

    def _gather_followers(
        self, table: Cases, course: MoveProfile, step: Floats
    ) -> list[Evidence]:
        likes, views = (
            self._engagement_change("interactions", table),
            self._engagement_change("views", table),
        )
        following = self.panel.metrics.get("following")
        own = np.zeros(len(table.row))
        if following is not None:
            before = following[table.row, np.maximum(table.start - 1, 0)]
            own = np.nan_to_num(following[table.row, table.now] - before)
        peers = self.cohorts.peers(self.panel, table, slow=False)
        slid = self.cohorts.peers(self.panel, table, slow=True)
        vanished = np.zeros(len(own)) if likes is None else likes.vanished
        return [
            Evidence(
                interactions=_engagement(likes, k),
                views=_engagement(views, k),
                vanished=float(vanished[k]),
                peers=peers[k],
                slid=slid[k] if table.direction[k] < 0 else None,
                following_rise=float(own[k]),
                **each,  # type: ignore[arg-type]
            )
            for k, each in enumerate(_courses(table, course, step))
        ]

    def _engagement_change(self, metric: str, table: Cases) -> EngagementChange | None:
        if metric not in self.panel.metrics:
            return None
        return engagement_change(self.panel, metric, table.row, table.start, table.now)

    def _surged(self, table: Cases) -> list[bool]:
        """Whether followers came at once in the weeks before each case was found."""
        found = np.zeros(len(table.row), np.bool_)
        for column in np.unique(table.found).tolist():
            here = table.found == column
            found[here] = surged(self.panel, table.row[here], column)
        return found.tolist()

    def _limited(self, case: Case, evidence: Evidence) -> Evidence:
        """Adds how close the own following count is to the platform's limit."""
        platform = self.panel.accounts[case.row].partition("/")[0]
        following = float(self.panel.metrics["following"][case.row, case.now])
        followers = float(self.panel.metrics["followers"][case.row, case.now])
        limit = near_limit(platform, following, followers)
        return replace(evidence, following=following, near_limit=limit)

    def _ordinary(self, metric: str, table: Cases) -> tuple[Floats, Floats, Floats]:
        """Expected change, spread and display step of one day, in counts."""
        known, places = self._some.get(metric, (None, {}))
        if known is not None and places.keys() >= set(table.row.tolist()):
            row = np.array([places[row] for row in table.row.tolist()])
        else:
            known, row = self.day.residuals(metric), table.row
        here = row, np.searchsorted(self.columns, table.now)
        day = known.day.at(here)
        elapsed = np.maximum(day.elapsed, 1).astype(np.float64)
        daily = np.nan_to_num(day.expected * day.level / elapsed)
        spread = np.nan_to_num(day.spread * day.level / np.sqrt(elapsed))
        return daily, spread, known.step[here]


def events_at(events: Sequence[Event], account: str, start: int, end: int) -> tuple[Event, ...]:
    """The team's events that touch a span and speak of this account or its platform."""
    platform = account.partition("/")[0]
    return tuple(
        each
        for each in events
        if each.start <= end
        and each.end >= start - 86_400
        and each.platform in (None, platform)
        and each.account in (None, account)
    )


def _courses(
    table: Cases, course: MoveProfile, step: Floats
) -> list[dict[str, float | int | bool | str]]:
    return [
        {
            "first": first,
            "total": total,
            "back": back,
            "moved_days": max(days, 1),
            "gap": max(gap, 0),
            "step": shown,
            "pending": now == start,
            "shape": SHAPES[shape],
        }
        for first, total, back, days, gap, shape, shown, now, start in zip(
            course.first.tolist(),
            course.total.tolist(),
            course.back.tolist(),
            course.days.tolist(),
            course.gap.tolist(),
            course.shape.tolist(),
            step.tolist(),
            table.now.tolist(),
            table.start.tolist(),
            strict=True,
        )
    ]


def _engagement(known: EngagementChange | None, k: int) -> Engagement:
    if known is None:
        return UNKNOWN
    return Engagement(float(known.ratio[k]), float(known.noise[k]), float(known.rose[k]))
