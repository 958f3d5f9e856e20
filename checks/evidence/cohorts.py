"""The groups of one panel: who moved together, and what an account's peers did."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from checks.baseline.expected import Residuals, residuals_of
from checks.detectors.explain import Peers
from checks.detectors.fdr import least_hashes
from checks.detectors.findings import Day, Findings
from checks.detectors.table import WAVE_MEMBER
from checks.evidence.cohort import (
    HISTORY,
    MEMBERS,
    MIN_MOVED,
    MIN_PEERS,
    CohortResiduals,
    CohortShare,
    cohort_share,
    joined,
    slide,
)
from checks.evidence.engagement import SETTLED
from checks.evidence.far_out import DAYS as FAR_DAYS
from checks.model import Rules
from checks.panel.panel import Bools, Floats, Ints, Panel

_PEERS_BACK = 11
"""Days back to which peers are compared: with the 16 days that teach their usual share and
the 93 that teach a baseline that is just LOOKBACK."""


class Case(NamedTuple):
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
class Cases:
    """Cases as parallel arrays."""

    row: Ints
    direction: Ints
    start: Ints
    found: Ints
    now: Ints

    @classmethod
    def of(cls, cases: Sequence[Case]) -> "Cases":
        row, _, *rest = zip(*cases, strict=True)
        return cls(*(np.array(each) for each in (row, *rest)))


def evidence_days(judged: Ints) -> Ints:
    """The columns that evidence about `judged` ones may look at. Both (k,)."""
    first = max(0, int(judged.min()) - HISTORY - _PEERS_BACK)
    return np.arange(first, int(judged.max()) + 1)


class Cohorts:
    """Every group of the sampled accounts on the days that evidence about `judged` may look at.

    `sample` is judged on these days, or on a single one: then the residuals of a group are
    worked out on the others when one of its members needs them. `sizes` count all members of a
    group.
    """

    def __init__(self, sample: Day, judged: Ints, sizes: Mapping[str, int]) -> None:
        self.sample = sample
        self.days = evidence_days(judged)
        self.first = int(self.days[0])
        self.groups: dict[str, Ints] = {}
        # platforms first: a tag that holds the same accounts says nothing more
        for name in sorted(sizes, key=lambda each: (not each.startswith("platform:"), each)):
            if name in sample.panel.groups and sizes[name] >= MIN_PEERS:
                rows = sample.panel.groups[name]
                large = sizes[name] > MEMBERS
                rows = least_hashes(sample.panel, rows)[:MEMBERS] if large else rows
                self.groups[name] = np.sort(rows)
        self._dense = np.array_equal(sample.columns, self.days)
        self._residuals: dict[str, CohortResiduals] = {}
        self._shares: dict[tuple[str, int, bool], CohortShare] = {}

    def peers(self, panel: Panel, table: Cases, *, slow: bool) -> list[Peers | None]:
        """For each case of a panel the group that says most: the one with the clearest wave."""
        best: list[Peers | None] = [None] * len(table.row)
        for group in self.groups:
            inside = np.isin(table.row, panel.groups.get(group, ()))
            for direction in (-1, 1):
                some = np.flatnonzero(inside & (table.direction == direction))
                if some.size and (direction < 0 or not slow):
                    self._compare((group, direction, slow), table, some, best)
        return best

    def _compare(
        self,
        key: tuple[str, int, bool],
        table: Cases,
        some: Ints,
        best: list[Peers | None],
    ) -> None:
        seen, slow = self._share(key), key[2]
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

    def waves(self, column: int, direction: int) -> list[tuple[str, CohortShare]]:
        """Groups whose members moved together on one day, the clearest first."""
        found = []
        for group, rows in self.groups.items():
            if self._stirred(rows, column, direction):
                seen = self._share((group, direction, False))
                if seen.wave[column - self.first]:
                    found.append((group, seen))
        return sorted(found, key=lambda each: -float(each[1].score[column - self.first]))

    def began(self, group: str, column: int, direction: int) -> int:
        """The first of the days, hardly parted, on which the group moved as on `column`."""
        wave, first = self._share((group, direction, False)).wave, column
        for day in range(column - 1, max(column - _PEERS_BACK, self.first) - 1, -1):
            if wave[day - self.first]:
                first = day
            elif first - day > 1:
                break
        return first

    def _stirred(self, rows: Ints, column: int, direction: int) -> bool:
        """A quick look that rules out nearly every day: too few moved for any wave."""
        if self._dense:
            return True
        place = int(np.searchsorted(self.sample.columns, column))
        moved = _relative(self.sample.residuals("followers"), rows, place).moved(direction)
        return int(moved.sum()) >= MIN_MOVED

    def _share(self, key: tuple[str, int, bool]) -> CohortShare:
        if key not in self._shares:
            group, direction, slow = key
            measure = slide if slow else cohort_share
            self._shares[key] = measure(group, self._of(group), direction)
        return self._shares[key]

    def _of(self, group: str) -> CohortResiduals:
        """How the group's members lay from what was expected, on every day of `days`."""
        if group not in self._residuals:
            rows, panel = self.groups[group], self.sample.panel
            if self._dense:
                self._residuals[group] = _relative(self.sample.residuals("followers"), rows)
            else:
                some = residuals_of(panel, "followers", self.days, rows=rows)
                self._residuals[group] = _relative(some, None)
        return self._residuals[group]


def movers(day: Day, group: str, column: int, direction: int, *, far: bool = False) -> Ints:
    """Members that moved with a wave, those outside its sample too.

    A rounded count must be seen to move: growth that it does not show is no loss. Where only
    `far` moves make the wave, they alone are of it. Rows (members,).
    """
    rows = day.panel.groups.get(group, np.zeros(0, np.int64))
    known, place = day.residuals("followers"), int(np.searchsorted(day.columns, column))
    if far:
        days = np.arange(max(column - FAR_DAYS[-1] + 1, 0), column + 1)
        lately = residuals_of(day.panel, "followers", days, rows=rows)
        return np.asarray(rows[_relative(lately, None).far(direction)])
    along = joined(_relative(known, rows, place), direction)[:, 0]
    rounded = known.step[rows, place] > 1
    shown = direction * np.nan_to_num(known.day.move[rows, place]) > 0
    some: Ints = rows[along & (shown | ~rounded)]
    return some


def wave_members(day: Day, rows: Ints, column: int) -> Findings:
    """What some rows that moved with a wave did by themselves, below their own floors."""
    known, place = day.residuals("followers"), int(np.searchsorted(day.columns, column))
    one, step = known.day.at((rows, place)), known.step[rows, place]
    linear = ~day.panel.has_level[rows]
    # a flat rounded series has no spread; half a display step is the least it can hide
    spread = np.fmax(one.spread, np.where(step > 1, step / 2 / one.level, 0.0))
    counts = day.panel.metrics["followers"]
    change = counts[rows, column] - counts[rows, column - one.elapsed.astype(np.int64)]
    many = len(rows)
    return Findings(
        row=rows,
        column=np.full(many, column),
        start=np.full(many, column),
        check=np.full(many, WAVE_MEMBER.name),
        metric=np.full(many, "followers"),
        direction=np.full(many, -1),
        change=change,
        expected=np.where(linear, one.expected, one.level * np.expm1(one.expected)),
        level=np.where(linear, np.nan, one.level),
        size=np.where(linear, np.nan, np.abs(np.expm1(one.move) - np.expm1(one.expected))),
        score=one.excess / spread,
        floor=np.zeros(many),
        passed=np.zeros(many, np.bool_),
        alarm=np.zeros(many, np.bool_),
    )


def below_floors(found: Findings, rules: Rules) -> Bools:
    """Whose own size would not have made an incident. Of the findings' shape (k,)."""
    with np.errstate(invalid="ignore"):
        below = 100 * found.size < rules.min_percent  # False without a level
    return np.asarray(below | (np.abs(found.change - found.expected) < rules.min_count))


def _relative(known: Residuals, rows: Ints | None, place: int | None = None) -> CohortResiduals:
    """Residuals as cohort tests see it; one column where `place` is given."""
    pick = slice(None) if rows is None else rows
    column = slice(None) if place is None else slice(place, place + 1)

    def part(values: Floats) -> Floats:
        return values[pick][:, column]

    judged: Bools = known.judged[pick][:, column]
    move, expected = part(known.day.move), part(known.day.expected)
    return CohortResiduals(
        excess=np.where(judged, move - expected, np.nan),
        spread=np.where(judged, part(known.day.spread), np.nan),
        step=np.where(judged, part(known.step) / part(known.day.level), np.nan),
    )
