"""Reading very many rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sqlite_utils import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Parallel arrays, ordered by account and time."""

    account: npt.NDArray[np.int64]
    at: npt.NDArray[np.int64]
    source: npt.NDArray[np.int64]
    values: Mapping[str, npt.NDArray[np.float64]]


def read(
    db: Database,
    path: Path,
    start: int,
    stop: int,
    only: Sequence[int] | None,
    metrics: Sequence[str],
) -> Rows:
    """Readings with start < at <= stop of all accounts or of those with the ids `only`."""
    columns = ", ".join(("account", "at", "source", *metrics))
    some = "" if only is None else f" AND account IN ({', '.join(map(str, only)) or 'NULL'})"
    rows = db.conn.execute(
        f"SELECT {columns} FROM readings WHERE at > ? AND at <= ?{some}"
        " ORDER BY account, at, source",
        (start, stop),
    ).fetchall()
    table = np.array([tuple(row) for row in rows], np.float64).reshape(-1, 3 + len(metrics))
    return Rows(
        account=table[:, 0].astype(np.int64),
        at=table[:, 1].astype(np.int64),
        source=table[:, 2].astype(np.int64),
        values={name: table[:, 3 + n] for n, name in enumerate(metrics)},
    )
