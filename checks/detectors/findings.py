"""Many findings as parallel arrays, so that nothing loops over accounts."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from checks.model import Direction, Finding
from checks.panel.panel import Bools, Floats, Ints, Panel

DIRECTIONS: dict[int, Direction] = {1: "up", -1: "down", 0: "swing"}
SIGNS = {name: sign for sign, name in DIRECTIONS.items()}


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
    log_p: Floats
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
            self.log_p,
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
                log_p=log_p,
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
                log_p,
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
    texts = {"check", "metric"}
    whole = {"row", "column", "start", "direction"}
    return Findings(
        *(
            np.zeros(
                0,
                np.str_
                if f.name in texts
                else np.int64
                if f.name in whole
                else np.bool_
                if f.name in ("alarm", "passed")
                else np.float64,
            )
            for f in fields(Findings)
        )
    )
