"""Many findings as parallel arrays, so that nothing loops over accounts."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from checks.model import Direction, Finding
from checks.panel import Bools, Floats, Ints, Panel

CHECKS = ("spike", "churn", "hidden_loss", "leak", "seesaw")
DIRECTIONS: dict[int, Direction] = {1: "up", -1: "down", 0: "swing"}


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

    def finding(self, index: int, panel: Panel) -> Finding:
        """One entry as an object."""
        return Finding(
            check=str(self.check[index]),
            account=panel.accounts[self.row[index]],
            metric=str(self.metric[index]),
            direction=DIRECTIONS[int(self.direction[index])],
            start=int(panel.ends[self.start[index]]),
            at=int(panel.ends[self.column[index]]),
            change=float(self.change[index]),
            expected=float(self.expected[index]),
            level=float(self.level[index]),
            size=float(self.size[index]),
            score=float(self.score[index]),
            log_p=float(self.log_p[index]),
        )


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
