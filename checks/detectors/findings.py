"""What a check is given, and the many findings it gives: parallel arrays, so that nothing loops
over accounts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields

import numpy as np
import numpy.typing as npt

from checks.baseline.expected import Residuals, residuals_of
from checks.baseline.fit import LAG, REACH, TOGETHER, BaselineFit, Learning, fits
from checks.model import Direction, Finding, Rules
from checks.panel.panel import Bools, Floats, Ints, Panel

DIRECTIONS: dict[int, Direction] = {1: "up", -1: "down", 0: "swing"}
"""What the sign of a move is called."""

SIGNS = {name: sign for sign, name in DIRECTIONS.items()}

_MANY = 7
"""Judged days from which the fits of followers are worth keeping for all checks; those of few
accounts are for any days: learning from so few costs less than asking."""


@dataclass(frozen=True)
class Day:
    """The judged day of a panel, or many that follow each other: `columns` of the panel.

    `factor` (accounts,) is how feedback moved each account's floors. What is worked out for
    one check is there for the next.
    """

    panel: Panel
    columns: Ints
    rules: Rules
    factor: Floats
    _fits: list[BaselineFit] = field(default_factory=list, repr=False)
    _residuals: dict[str, Residuals] = field(default_factory=dict, repr=False)
    _found: dict[str, "Findings"] = field(default_factory=dict, repr=False)

    @property
    def reach(self) -> Learning:
        """All that a check of followers looks back for: REACH days before each column."""
        first, last = int(self.columns.min()), int(self.columns.max())
        return Learning(first - REACH - LAG, last - LAG, last, wander=True)

    def fits(self) -> list[BaselineFit] | None:
        """What followers taught by REACH days before each column; None for a few days of many
        accounts, where a check that needs it asks for the few accounts it wants."""
        rows = np.arange(len(self.panel.accounts))
        if (len(self.columns) > _MANY or len(rows) <= TOGETHER) and not self._fits:
            self._fits.extend(fits(self.panel, "followers", rows, self.reach))
        return self._fits or None

    def once(self, name: str, find: Callable[["Day"], "Findings"]) -> "Findings":
        """What `find` finds, asked once however often it is needed."""
        if name not in self._found:
            self._found[name] = find(self)
        return self._found[name]

    def residuals(self, metric: str) -> Residuals:
        """Expected and observed changes of all accounts, (accounts, columns)."""
        if metric not in self._residuals:
            known = self.fits() if metric == "followers" else None
            self._residuals[metric] = residuals_of(
                self.panel, metric, self.columns, known=known
            )
        return self._residuals[metric]


@dataclass(frozen=True)
class Findings:
    """One entry per finding, as `Finding` describes them.

    `column` is the judged column and `start` the column whose day first carries the
    evidence; `floor` is the least size that alarms and `passed` says whether size and count
    reach their floors; `alarm` is False where they do not, or where the share of false
    discoveries would not hold.
    """

    row: Ints
    column: Ints
    start: Ints
    check: npt.NDArray[np.str_]
    metric: npt.NDArray[np.str_]
    direction: Ints
    change: Floats
    expected: Floats
    level: Floats
    size: Floats
    score: Floats
    floor: Floats
    passed: Bools
    alarm: Bools

    def __len__(self) -> int:
        return len(self.row)

    def take(self, index: npt.NDArray[np.intp] | Ints | Bools) -> "Findings":
        return Findings(*(getattr(self, f.name)[index] for f in fields(self)))

    def objects(self, panel: Panel) -> list[Finding]:
        """All entries as objects."""
        columns = (
            self.row,
            self.check,
            self.metric,
            self.direction,
            panel.ends[self.start],
            panel.ends[self.column],
            self.change,
            self.expected,
            self.level,
            self.size,
            self.score,
        )
        return [
            Finding(
                check=check,
                account=panel.accounts[row],
                metric=metric,
                direction=DIRECTIONS[direction],
                start=start,
                at=at,
                change=change,
                expected=expected,
                level=level,
                size=size,
                score=score,
            )
            for (
                row,
                check,
                metric,
                direction,
                start,
                at,
                change,
                expected,
                level,
                size,
                score,
            ) in zip(*(each.tolist() for each in columns), strict=True)
        ]


def join(parts: Sequence[Findings]) -> Findings:
    """All parts in the order of judged column, row, and check."""
    whole = Findings(
        *(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Findings))
    )
    return whole.take(np.lexsort((whole.check, whole.row, whole.column)))


def nothing() -> Findings:
    """No finding at all."""
    kinds: dict[object, type[np.generic]] = {
        Ints: np.int64,
        Floats: np.float64,
        Bools: np.bool_,
    }
    return Findings(*(np.zeros(0, kinds.get(f.type, np.str_)) for f in fields(Findings)))
