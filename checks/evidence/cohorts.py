"""The groups of one panel: who moved together, and what an account's peers did."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from checks.baseline.expected import Residuals, residuals_of
from checks.detectors.explain import Peers
from checks.detectors.findings import Day
from checks.evidence.cohort import (
    HISTORY,
    CohortResiduals,
    CohortShare,
    cohort_share,
    joined,
    members,
    slide,
)
from checks.evidence.engagement import SETTLED
from checks.panel.panel import Bools, Floats, Ints

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
    """The columns that evidence about `judged` ones may look at."""
    first = max(0, int(judged.min()) - HISTORY - _PEERS_BACK)
    return np.arange(first, int(judged.max()) + 1)


class Cohorts:
    """Every group of a panel on the days that evidence about the judged ones may look at.

    Where the detection did not cover all of them, the residuals of a group are worked out when
    one of its members needs it.
    """

    def __init__(self, day: Day, judged: Ints) -> None:
        self.panel = day.panel
        self.known = day.residuals("followers")
        self.place = {int(column): k for k, column in enumerate(day.columns)}
        self.days = evidence_days(judged)
        self.first = int(self.days[0])
        self._dense = np.array_equal(day.columns, self.days)
        self._residuals: dict[str, CohortResiduals] = {}
        self._shares: dict[tuple[str, int, bool], CohortShare] = {}

    def peers(self, table: Cases, *, slow: bool) -> list[Peers | None]:
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
        table: Cases,
        some: Ints,
        best: list[Peers | None],
        *,
        slow: bool,
    ) -> None:
        seen = self._share(group, direction, slow=slow)
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
        for group, rows in self.panel.groups.items():
            if len(rows) < 10 or not self._stirred(group, rows, column, direction):
                continue
            seen = self._share(group, direction)
            if seen.wave[column - self.first]:
                found.append((group, seen))
        return sorted(found, key=lambda each: -float(each[1].score[column - self.first]))

    def movers(self, group: str, column: int, direction: int) -> Ints:
        """Members that moved with a wave, those outside its sample too.

        A rounded count must be seen to move: growth that it does not show is no loss.
        """
        rows = self.panel.groups[group]
        known, place = self.known, self.place[column]
        along = joined(_relative(known, rows, place), direction)[:, 0]
        rounded = known.step[rows, place] > 1
        shown = direction * np.nan_to_num(known.day.move[rows, place]) > 0
        some: Ints = rows[along & (shown | ~rounded)]
        return some

    def _stirred(self, group: str, rows: Ints, column: int, direction: int) -> bool:
        """A quick look that rules out nearly every day: too few moved for any wave."""
        if self._dense:
            return True
        some = members(rows)
        moved = _relative(self.known, some, self.place[column]).moved(direction)
        return int(moved.sum()) >= 3

    def _share(self, group: str, direction: int, *, slow: bool = False) -> CohortShare:
        key = (group, direction, slow)
        if key not in self._shares:
            measure = slide if slow else cohort_share
            self._shares[key] = measure(group, self._relative(group), direction)
        return self._shares[key]

    def _relative(self, group: str) -> CohortResiduals:
        """How the group's members lay from what was expected, on every day of `days`."""
        if group not in self._residuals:
            rows = members(self.panel.groups[group])
            if self._dense:
                self._residuals[group] = _relative(self.known, rows)
            else:
                some = residuals_of(self.panel, "followers", self.days, rows=rows)
                self._residuals[group] = _relative(some, None)
        return self._residuals[group]


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
