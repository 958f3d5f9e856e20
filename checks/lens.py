"""The evidence of one panel, gathered for many cases at once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from checks.cohort import HISTORY, Crowd, Peers, Tide, crowd, joined, members, slide
from checks.detect import Detections, State, state
from checks.evidence import SETTLED, Pulse, Shape, pulse, shape
from checks.facts import UNKNOWN, Engagement, Facts, events_at
from checks.limits import near_limit
from checks.model import Event, Finding, Rules, Verdict
from checks.panel import Bools, Floats, Ints, Panel
from checks.verdict import explain

_PEERS_BACK = 11
"""Days back to which peers are compared: with the 16 days that teach their usual share and
the 93 that teach a baseline that is just LOOKBACK."""


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


@dataclass(frozen=True)
class _Table:
    """Cases as parallel arrays."""

    row: Ints
    direction: Ints
    start: Ints
    found: Ints
    now: Ints

    @classmethod
    def of(cls, cases: Sequence[Case]) -> "_Table":
        names = ("row", "direction", "start", "found", "now")
        return cls(*(np.array([getattr(each, name) for each in cases]) for name in names))


def evidence_days(judged: Ints) -> Ints:
    """The columns that evidence about `judged` ones may look at."""
    first = max(0, int(judged.min()) - HISTORY - _PEERS_BACK)
    return np.arange(first, int(judged.max()) + 1)


class Lens:
    """Evidence of one panel, worked out once and looked up for every judged day.

    Where the detection did not cover all `evidence_days`, the state of a group on those
    days is worked out when one of its members needs it.
    """

    def __init__(
        self,
        detections: Detections,
        rules: Rules,
        judged: Ints,
        events: Sequence[Event] = (),
        floors: Mapping[str, float] | None = None,
    ) -> None:
        self.panel = detections.panel
        self.rules = rules
        self.events = events
        self.floors = floors or {}
        self.states = detections.states
        self.place = {int(column): k for k, column in enumerate(detections.columns)}
        self.ends: list[int] = self.panel.ends.tolist()
        self.days = evidence_days(judged)
        self.first = int(self.days[0])
        self._place_of = np.full(self.panel.days, -1)
        self._place_of[detections.columns] = np.arange(len(detections.columns))
        self._dense = np.array_equal(detections.columns, self.days)
        self._tides: dict[str, Tide] = {}
        self._crowds: dict[tuple[str, int, bool], Crowd] = {}
        self._facts: dict[Case, Facts] = {}

    def prepare(self, cases: Iterable[Case]) -> None:
        """Gathers the evidence of many cases at once, so that `verdict` only looks it up."""
        fresh = [case for case in dict.fromkeys(cases) if case not in self._facts]
        for metric in sorted({case.metric for case in fresh}):
            some = [case for case in fresh if case.metric == metric]
            self._facts.update(zip(some, self._gather(metric, some), strict=True))

    def verdict(
        self, finding: Finding, case: Case, *, wave: str | None, quiet: bool, alerting: bool
    ) -> Verdict:
        """The verdict on a finding as its case shows it."""
        if case not in self._facts:
            self.prepare([case])
        facts = self._facts[case]
        if self.events:
            known = events_at(self.events, finding.account, finding.start, finding.at)
            facts = replace(facts, events=known)
        if finding.account in self.floors:
            facts = replace(facts, floor_factor=self.floors[finding.account])
        return explain(
            finding, facts, self.rules, wave=wave, below_floor=quiet, alerting=alerting
        )

    # --- waves --------------------------------------------------------------------------

    def waves(self, column: int, direction: int) -> list[tuple[str, Crowd]]:
        """Groups whose members moved together on one day, the clearest first."""
        found = []
        for group, rows in self.panel.groups.items():
            if len(rows) < 10 or not self._stirred(group, rows, column, direction):
                continue
            seen = self._crowd(group, direction)
            if seen.wave[column - self.first]:
                found.append((group, seen))
        return sorted(found, key=lambda each: -float(each[1].score[column - self.first]))

    def movers(self, group: str, column: int, direction: int) -> Ints:
        """Members that moved with a wave, those outside its sample too.

        A rounded count must be seen to move: growth that it does not show is no loss.
        """
        rows = self.panel.groups[group]
        known, place = self.states["followers"], self.place[column]
        along = joined(_tide(known, rows, place), direction)[:, 0]
        rounded = known.step[rows, place] > 1
        shown = direction * np.nan_to_num(known.move[rows, place]) > 0
        some: Ints = rows[along & (shown | ~rounded)]
        return some

    def _stirred(self, group: str, rows: Ints, column: int, direction: int) -> bool:
        """A quick look that rules out nearly every day: too few moved for any wave."""
        if self._dense:
            return True
        some = members(rows)
        moved = _tide(self.states["followers"], some, self.place[column]).moved(direction)
        return int(moved.sum()) >= 3

    def _crowd(self, group: str, direction: int, *, slow: bool = False) -> Crowd:
        key = (group, direction, slow)
        if key not in self._crowds:
            measure = slide if slow else crowd
            self._crowds[key] = measure(group, self._tide(group), direction)
        return self._crowds[key]

    def _tide(self, group: str) -> Tide:
        """How the group's members lay from what was expected, on every day of `days`."""
        if group not in self._tides:
            rows = members(self.panel.groups[group])
            if self._dense:
                self._tides[group] = _tide(self.states["followers"], rows)
            else:
                some = state(_some(self.panel, rows), "followers", self.days)
                self._tides[group] = _tide(some, None)
        return self._tides[group]

    # --- facts --------------------------------------------------------------------------

    def _gather(self, metric: str, cases: Sequence[Case]) -> list[Facts]:
        table = _Table.of(cases)
        daily, spread, step = self._ordinary(metric, table)
        counts = self.panel.metrics[metric]
        course = shape(counts, table.row, table.start, table.now, daily, spread)
        if metric == "followers":
            return self._gather_followers(table, course, step)
        facts = [
            Facts(interactions=UNKNOWN, views=UNKNOWN, **each)  # type: ignore[arg-type]
            for each in _courses(table, course, step)
        ]
        if metric == "following":
            facts = [self._limited(case, each) for case, each in zip(cases, facts, strict=True)]
        return facts

    def _gather_followers(self, table: _Table, course: Shape, step: Floats) -> list[Facts]:
        likes, views = self._pulse("interactions", table), self._pulse("views", table)
        following = self.panel.metrics.get("following")
        own = np.zeros(len(table.row))
        if following is not None:
            before = following[table.row, np.maximum(table.start - 1, 0)]
            own = np.nan_to_num(following[table.row, table.now] - before)
        peers = self._peers(table, slow=False)
        slid = self._peers(table, slow=True)
        vanished = np.zeros(len(own)) if likes is None else likes.vanished
        return [
            Facts(
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

    def _pulse(self, metric: str, table: _Table) -> Pulse | None:
        if metric not in self.panel.metrics:
            return None
        return pulse(self.panel, metric, table.row, table.start, table.now)

    def _limited(self, case: Case, facts: Facts) -> Facts:
        """Adds how close the own following count is to the platform's limit."""
        platform = self.panel.accounts[case.row].partition("/")[0]
        following = float(self.panel.metrics["following"][case.row, case.now])
        followers = float(self.panel.metrics["followers"][case.row, case.now])
        limit = near_limit(platform, following, followers)
        return replace(facts, following=following, near_limit=limit)

    def _ordinary(self, metric: str, table: _Table) -> tuple[Floats, Floats, Floats]:
        """Expected change, spread and display step of one day, in counts."""
        known, place = self.states[metric], self._place_of[table.now]
        level = known.level[table.row, place]
        elapsed = np.maximum(known.elapsed[table.row, place], 1)
        daily = np.nan_to_num(known.expected[table.row, place] * level / elapsed)
        spread = np.nan_to_num(known.spread[table.row, place] * level / np.sqrt(elapsed))
        return daily, spread, known.step[table.row, place]

    # --- peers --------------------------------------------------------------------------

    def _peers(self, table: _Table, *, slow: bool) -> list[Peers | None]:
        """For each case the group that says most about it: the one with the clearest wave."""
        best: list[Peers | None] = [None] * len(table.row)
        for group, rows in self.panel.groups.items():
            inside = np.isin(table.row, rows) & (len(rows) >= 10)
            for direction in (-1, 1):
                some = np.flatnonzero(inside & (table.direction == direction))
                if some.size and (direction < 0 or not slow):
                    self._compare(group, direction, table, some, best, slow=slow)
        return best

    def _compare(
        self,
        group: str,
        direction: int,
        table: _Table,
        some: Ints,
        best: list[Peers | None],
        *,
        slow: bool,
    ) -> None:
        seen = self._crowd(group, direction, slow=slow)
        start, found, now = table.start[some], table.found[some], table.now[some]
        if slow:
            days = now[:, None]
            inside = np.ones(days.shape, np.bool_)
        else:
            sudden = np.where(found - start <= 3, start, found)
            days = sudden[:, None] + np.arange(-1, SETTLED + 1)
            earliest = np.maximum(now - _PEERS_BACK, self.first)[:, None]
            inside = (days >= earliest) & (days <= now[:, None])
        place = np.where(inside, days - self.first, 0)
        clear = np.where(inside, np.nan_to_num(seen.score[place], nan=-np.inf), -np.inf)
        clear = clear + np.where(inside & seen.wave[place], 1e9, 0.0)
        pick = clear.argmax(axis=1)
        known = np.isfinite(clear[np.arange(len(some)), pick])
        chosen = place[np.arange(len(some)), pick]
        for k in np.flatnonzero(known).tolist():
            peers = seen.peers(int(chosen[k]))
            other = best[some[k]]
            if other is None or (peers.wave, peers.score) > (other.wave, other.score):
                best[some[k]] = peers


def _courses(table: _Table, course: Shape, step: Floats) -> list[dict[str, float | int | bool]]:
    return [
        {
            "first": first,
            "total": total,
            "back": back,
            "moved_days": max(days, 1),
            "gap": max(gap, 0),
            "step": shown,
            "pending": now == start,
        }
        for first, total, back, days, gap, shown, now, start in zip(
            course.first.tolist(),
            course.total.tolist(),
            course.back.tolist(),
            course.days.tolist(),
            course.gap.tolist(),
            step.tolist(),
            table.now.tolist(),
            table.start.tolist(),
            strict=True,
        )
    ]


def _engagement(known: Pulse | None, k: int) -> Engagement:
    if known is None:
        return UNKNOWN
    return Engagement(float(known.ratio[k]), float(known.noise[k]), float(known.rose[k]))


def _tide(known: State, rows: Ints | None, place: int | None = None) -> Tide:
    """A state as cohort tests see it; one column where `place` is given."""
    pick = slice(None) if rows is None else rows
    column = slice(None) if place is None else slice(place, place + 1)

    def part(values: Floats) -> Floats:
        return values[pick][:, column]

    judged: Bools = known.judged[pick][:, column]
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
