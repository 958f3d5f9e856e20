"""One panel as judged at many days: evidence about cases and the view that `decide` asks."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from checks.cohort import HISTORY, Crowd, Tide, crowd, joined, members, slide
from checks.detect import Detections, State, state
from checks.evidence import SETTLED, Pulse, pulse, shape
from checks.limits import near_limit
from checks.model import Event, Finding, Incident, Rules, Standing, Verdict
from checks.panel import Floats, Ints, Panel
from checks.verdict import Engagement, Facts, Peers, events_at, explain

REVISION = 7
"""Days after an incident was found in which its evidence is heard again."""

_PEERS_BACK = 11
"""Days back to which peers are compared: with the 16 days that teach their usual share and
the 93 that teach a baseline that is just LOOKBACK."""

DIRECTIONS = {"up": 1, "down": -1, "swing": 0}


@dataclass(frozen=True, slots=True)
class Case:
    """One move to be explained; all days are columns of the panel.

    `start` is the first day that carries it, `found` the day it was first judged, `now` the
    day from which it is seen.
    """

    row: int
    metric: str
    direction: int
    start: int
    found: int
    now: int


def evidence_days(judged: Ints) -> Ints:
    """The columns that evidence about `judged` ones may look at."""
    first = max(0, int(judged.min()) - HISTORY - _PEERS_BACK)
    return np.arange(first, int(judged.max()) + 1)


class Lens:
    """Evidence of one panel, computed once for many days and reused by each of them.

    Where the detection did not cover all `evidence_days`, the state of a group on those
    days is worked out when one of its members needs it.
    """

    def __init__(
        self, detections: Detections, rules: Rules, judged: Ints, events: Sequence[Event]
    ) -> None:
        self.panel = detections.panel
        self.rules = rules
        self.events = events
        self.states = detections.states
        self.place = {int(column): k for k, column in enumerate(detections.columns)}
        self.days = evidence_days(judged)
        self.first = int(self.days[0])
        self.dense = np.array_equal(detections.columns, self.days)
        self._tides: dict[str, Tide] = {}
        self._crowds: dict[tuple[str, int, bool], Crowd] = {}
        self._facts: dict[Case, Facts] = {}

    # --- peers --------------------------------------------------------------------------

    def tide(self, group: str) -> Tide:
        """How the group's members lay from what was expected, on every day of `days`."""
        if group not in self._tides:
            rows = members(self.panel.groups[group])
            if self.dense:
                full = self.states["followers"]
                self._tides[group] = _tide(full, rows)
            else:
                some = _some(self.panel, rows)
                self._tides[group] = _tide(state(some, "followers", self.days), None)
        return self._tides[group]

    def crowd(self, group: str, direction: int, *, slow: bool = False) -> Crowd:
        key = (group, direction, slow)
        if key not in self._crowds:
            measure = slide if slow else crowd
            self._crowds[key] = measure(group, self.tide(group), direction)
        return self._crowds[key]

    def peers(self, case: Case, *, slow: bool = False) -> Peers | None:
        """The group that says most about a case: the one with the clearest wave."""
        best: Peers | None = None
        for group, rows in self.panel.groups.items():
            place = int(np.searchsorted(rows, case.row))
            if place >= len(rows) or rows[place] != case.row:
                continue
            found = self._group(group, case, slow)
            if found and (best is None or (found.wave, found.score) > (best.wave, best.score)):
                best = found
        return best

    def _group(self, group: str, case: Case, slow: bool) -> Peers | None:
        seen = self.crowd(group, case.direction, slow=slow)
        sudden = case.start if case.found - case.start <= 3 else case.found
        first = case.now if slow else max(sudden - 1, case.now - _PEERS_BACK, self.first)
        last = case.now if slow else min(case.now, sudden + SETTLED)
        days = np.arange(first, last + 1) - self.first
        score = seen.score[days]
        if not len(days) or np.isnan(score).all():
            return None
        wave = seen.wave[days]
        day = int(days[np.argmax(np.where(wave, 1e9, 0) + np.nan_to_num(score, nan=-1e9))])
        name, _, wall = group.partition("@")
        return Peers(
            group=name,
            share=round(100 * float(seen.share[day]), 1),
            usual=round(100 * float(seen.usual[day]), 1),
            judged=int(seen.judged[day]),
            wave=bool(seen.wave[day]),
            score=float(seen.score[day]),
            shared=wall == "*",
        )

    # --- cases --------------------------------------------------------------------------

    def prepare(self, cases: Iterable[Case]) -> None:
        """Works out the evidence of many cases at once, so that `verdict` only looks it up."""
        fresh = [case for case in dict.fromkeys(cases) if case not in self._facts]
        for metric in {case.metric for case in fresh}:
            some = [case for case in fresh if case.metric == metric]
            self._facts.update(zip(some, self._gather(metric, some), strict=True))

    def verdict(
        self, finding: Finding, case: Case, *, wave: str | None, quiet: bool, alerting: bool
    ) -> Verdict:
        self.prepare([case])
        facts = self._facts[case]
        known = events_at(self.events, finding.account, finding.start, finding.at)
        if known:
            facts = replace(facts, events=known)
        return explain(
            finding, facts, self.rules, wave=wave, below_floor=quiet, alerting=alerting
        )

    def _gather(self, metric: str, cases: Sequence[Case]) -> list[Facts]:
        panel = self.panel
        rows = np.array([case.row for case in cases])
        starts = np.array([case.start for case in cases])
        nows = np.array([case.now for case in cases])
        daily, spread, step = self._ordinary(metric, rows, nows)
        course = shape(panel.metrics[metric], rows, starts, nows, daily, spread)
        engaged = metric == "followers"
        likes = self._pulse("interactions", engaged, rows, starts, nows)
        views = self._pulse("views", engaged, rows, starts, nows)
        following = panel.metrics.get("following")
        own = _rise(following, rows, starts - 1, nows)
        facts = []
        for k, case in enumerate(cases):
            peers = slid = None
            if engaged and case.direction:
                peers = self.peers(case)
                if case.direction < 0 and not (peers and peers.wave):
                    slid = self.peers(case, slow=True)
            facts.append(
                Facts(
                    interactions=_engagement(likes, k),
                    views=_engagement(views, k),
                    vanished=0.0 if likes is None else float(likes.vanished[k]),
                    peers=peers,
                    slid=slid,
                    first=float(course.first[k]),
                    total=float(course.total[k]),
                    back=float(course.back[k]),
                    moved_days=max(int(course.days[k]), 1),
                    gap=max(int(course.gap[k]), 0),
                    following_rise=float(np.nan_to_num(own[k])),
                    step=float(step[k]),
                    pending=case.now == case.start,
                )
            )
        if metric == "following":
            facts = [self._limited(case, each) for case, each in zip(cases, facts, strict=True)]
        return facts

    def _pulse(
        self, metric: str, wanted: bool, rows: Ints, starts: Ints, nows: Ints
    ) -> Pulse | None:
        if not wanted or metric not in self.panel.metrics:
            return None
        return pulse(self.panel, metric, rows, starts, nows)

    def _limited(self, case: Case, facts: Facts) -> Facts:
        """Adds how close the own following count is to the platform's limit."""
        platform = self.panel.accounts[case.row].partition("/")[0]
        following = float(self.panel.metrics["following"][case.row, case.now])
        followers = float(self.panel.metrics["followers"][case.row, case.now])
        limit = near_limit(platform, following, followers)
        return replace(facts, following=following, near_limit=limit)

    def _ordinary(self, metric: str, rows: Ints, nows: Ints) -> tuple[Floats, Floats, Floats]:
        """Expected change, spread and display step of one day, in counts."""
        known = self.states[metric]
        place = np.array([self.place[int(now)] for now in nows])
        level = known.level[rows, place]
        elapsed = np.maximum(known.elapsed[rows, place], 1)
        daily = np.nan_to_num(known.expected[rows, place] * level / elapsed)
        spread = np.nan_to_num(known.spread[rows, place] * level / np.sqrt(elapsed))
        return daily, spread, known.step[rows, place]

    # --- waves --------------------------------------------------------------------------

    def waves(self, column: int, direction: int) -> list[tuple[str, Crowd]]:
        """Groups whose members moved together on one day, the clearest first."""
        found = []
        for group, rows in self.panel.groups.items():
            if len(rows) < 10 or not self._stirred(rows, column, direction):
                continue
            seen = self.crowd(group, direction)
            if seen.wave[column - self.first]:
                found.append((group, seen))
        return sorted(found, key=lambda each: -float(each[1].score[column - self.first]))

    def movers(self, group: str, column: int, direction: int) -> Ints:
        """Members that moved with a wave, those outside its sample too."""
        rows = self.panel.groups[group]
        return rows[
            joined(_tide(self.states["followers"], rows, self.place[column]), direction)[:, 0]
        ]

    def _stirred(self, rows: Ints, column: int, direction: int) -> bool:
        """A quick look that rules out nearly every day: too few moved for any wave."""
        some = members(rows)
        moved = _tide(self.states["followers"], some, self.place[column]).moved(direction)
        return int(moved.sum()) >= 3


class DayView:
    """The View of one judged day of a Lens: nothing after `column` exists for it."""

    def __init__(self, lens: Lens, column: int) -> None:
        self.lens = lens
        self.column = column

    def standing(self, account: str, metric: str) -> Standing | None:
        lens = self.lens
        row = lens.panel.row.get(account)
        known = lens.states.get(metric)
        if row is None or known is None:
            return None
        place = lens.place[self.column]
        level = float(known.level[row, place])
        elapsed = max(int(known.elapsed[row, place]), 1)
        # the change of a series without a level is in counts already: its level is 1
        return Standing(
            judged=bool(known.judged[row, place]),
            read_at=self._read_at(row, self.column),
            level=float(lens.panel.metrics[metric][row, self.column]),
            daily=float(known.expected[row, place]) * level / elapsed,
            spread=float(known.spread[row, place]) * level / math.sqrt(elapsed),
            step=float(known.step[row, place]),
        )

    def reading(self, account: str, metric: str, at: int) -> float:
        row = self.lens.panel.row.get(account)
        column = self._column(at)
        if row is None or column < 0 or self._read_at(row, column) != at:
            return math.nan
        return float(self.lens.panel.metrics[metric][row, column])

    def before(self, account: str, metric: str, day: int) -> tuple[int, float]:
        row = self.lens.panel.row[account]
        column = self._column(day)
        column = self.column if column < 0 else column
        earlier = self.lens.panel.metrics[metric][row, max(0, column - 30) : column]
        known = np.flatnonzero(~np.isnan(earlier))
        if not known.size:
            return 0, math.nan
        place = max(0, column - 30) + int(known[-1])
        return self._read_at(row, place), float(earlier[known[-1]])

    def explain(self, incident: Incident) -> Verdict | None:
        """Hears the evidence of an incident again, up to a week after it was found."""
        panel = self.lens.panel
        row = panel.row.get(incident.account)
        found = self._column(incident.updates[0].at) if incident.updates else -1
        if row is None or found < 0 or self.column - found > REVISION:
            return None
        if incident.metric not in self.lens.states:
            return None
        start = self._column(incident.opened_at)
        now = self.column
        if math.isnan(float(panel.metrics[incident.metric][row, now])):
            return None
        case = Case(
            row,
            incident.metric,
            DIRECTIONS[incident.direction],
            max(start, found - 27) if start >= 0 else found,
            found,
            now,
        )
        level = incident.level
        finding = Finding(
            check=str(incident.memory.get("check", "")),
            account=incident.account,
            metric=incident.metric,
            direction=incident.direction,
            start=incident.opened_at,
            at=incident.last_finding_at,
            change=incident.change,
            expected=incident.expected,
            level=level,
            size=abs(incident.change - incident.expected) / level if level else math.nan,
            score=incident.score,
            log_p=0.0,
        )
        return self.lens.verdict(
            finding,
            case,
            wave=incident.wave,
            quiet=finding.check == "cohort" and incident.severity == "info",
            alerting=incident.alerted_at is not None,
        )

    def _column(self, at: int) -> int:
        """The column whose day holds `at`, -1 where it is not on the panel up to now."""
        ends = self.lens.panel.ends
        column = int(np.searchsorted(ends, at, side="left"))
        if column > self.column or (column == 0 and at <= ends[0] - 86_400):
            return -1
        return column

    def _read_at(self, row: int, column: int) -> int:
        read_at = self.lens.panel.read_at
        if read_at is not None and read_at[row, column] > 0:
            return int(read_at[row, column])
        return int(self.lens.panel.ends[column])


def _engagement(known: Pulse | None, k: int) -> Engagement:
    if known is None:
        return Engagement(math.nan, math.nan, math.nan)
    return Engagement(float(known.ratio[k]), float(known.noise[k]), float(known.rose[k]))


def _rise(counts: Floats | None, rows: Ints, starts: Ints, nows: Ints) -> Floats:
    if counts is None:
        return np.zeros(len(rows))
    return np.asarray(counts[rows, nows] - counts[rows, np.maximum(starts, 0)])


def _tide(known: State, rows: Ints | None, place: int | None = None) -> Tide:
    """A state as cohort tests see it; one column where `place` is given."""
    pick = slice(None) if rows is None else rows
    column = slice(None) if place is None else slice(place, place + 1)

    def part(values: Floats) -> Floats:
        return values[pick][:, column]

    judged = part(known.judged.astype(np.float64)) > 0
    move, expected = part(known.move), part(known.expected)
    return Tide(
        excess=np.where(judged, move - expected, np.nan),
        spread=np.where(judged, part(known.spread), np.nan),
        step=np.where(judged, part(known.step) / part(known.level), np.nan),
    )


def _some(panel: Panel, rows: Ints) -> Panel:
    """A panel of some rows, with followers alone."""
    return replace(
        panel,
        accounts=tuple(panel.accounts[row] for row in rows),
        metrics={"followers": panel.metrics["followers"][rows]},
        gained=None,
        lost=None,
        zeros=None,
        read_at=None,
        step=panel.step[rows],
        basis=tuple(panel.basis[row] for row in rows),
        has_level=panel.has_level[rows],
        groups={},
    )
