"""The other accounts of the same person: what moves both is no matter of one platform."""

import numpy as np

from checks.baseline.expected import Residuals, residuals_of
from checks.detectors.explain import PersonMove
from checks.detectors.findings import Day
from checks.evidence.cohorts import Case
from checks.panel.panel import Ints

PERSON = "#person:"
"""Tags that begin so name a person; `[[people]]` of the config gives them."""

_SPREADS = 4.0
"""Spreads beyond which the other account moved too: one look at one account, in few days."""

_LEAST = 0.003
"""Least such move, as a share of its level."""


class People:
    """Who belongs together, and whether the others moved on the days of a case."""

    def __init__(self, day: Day) -> None:
        self.day = day
        self.others: dict[int, Ints] = {}
        for name, rows in day.panel.groups.items():
            if name.startswith(PERSON) and len(rows) > 1:
                for row in rows.tolist():
                    known = self.others.get(row, np.zeros(0, np.int64))
                    self.others[row] = np.union1d(known, rows[rows != row])
        self._known: dict[tuple[int, int, int], Residuals] = {}

    def of(self, row: int) -> list[int]:
        """Rows of the other accounts of a row's person."""
        rows: list[int] = self.others.get(row, np.zeros(0, np.int64)).tolist()
        return rows

    def other(self, case: Case) -> PersonMove | None:
        """The clearest move of another account in the case's direction up to `now`."""
        best, found = _SPREADS, None
        columns = np.arange(max(case.start - 1, 0), case.now + 1)
        for row in self.of(case.row):
            move = self._residuals(row, columns).day
            level = np.maximum(move.level[0], 1.0)
            excess = case.direction * (move.move[0] - move.expected[0])
            with np.errstate(invalid="ignore", divide="ignore"):
                score = np.where(excess > _LEAST, excess / move.spread[0], np.nan)
            if np.isnan(score).all() or not np.nanmax(score) > best:
                continue
            at = int(np.nanargmax(score))
            best = float(score[at])
            counts = self.day.panel.metrics["followers"][row, columns[at]]
            percent = round(100 * (float(counts) / float(level[at]) - 1), 1)
            found = PersonMove(self.day.panel.accounts[row], percent)
        return found

    def _residuals(self, row: int, columns: Ints) -> Residuals:
        key = (row, int(columns[0]), int(columns[-1]))
        if key not in self._known:
            rows = np.array([row])
            self._known[key] = residuals_of(self.day.panel, "followers", columns, rows=rows)
        return self._known[key]
