"""Reading very many rows: Arrow from adbc, in a process of its own.

adbc brings its own SQLite library, and two of them in one process undo each other's locks
(see `database.py`). A child that only reads is safe, and it reads several times faster than
row tuples; few rows are not worth starting it, and where it fails tuples have to do.
"""

import io
import logging
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
from sqlite_utils import Database

from bot.errors import StorageError

APART_FROM = 300_000
"""Rows from which a child process pays (it takes about 0.3 s to start)."""

_PATIENCE = 300

log = logging.getLogger(__name__)


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
    if only is None and _is_large(db, start, stop):
        try:
            return read_apart(path, start, stop, only, metrics)
        except StorageError as error:
            log.warning("bulk read failed", extra={"said": str(error)})
    rows = db.conn.cursor()
    rows.row_factory = None
    table = rows.execute(_query(start, stop, only, metrics)).fetchall()
    columns: Sequence[Sequence[int | None]] = list(zip(*table, strict=True)) or [()] * (
        3 + len(metrics)
    )
    return Rows(
        account=np.array(columns[0], np.int64),
        at=np.array(columns[1], np.int64),
        source=np.array(columns[2], np.int64),
        values={
            name: np.array(column, np.float64)
            for name, column in zip(metrics, columns[3:], strict=True)
        },
    )


def read_apart(
    path: Path, start: int, stop: int, only: Sequence[int] | None, metrics: Sequence[str]
) -> Rows:
    """The same by way of a child process."""
    query = _query(start, stop, only, metrics)
    command = [sys.executable, "-c", _CHILD, str(path), query]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=_PATIENCE)
    except subprocess.TimeoutExpired:
        raise StorageError(f"{path} could not be read in bulk in {_PATIENCE} s") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise StorageError(f"{path} could not be read in bulk ({' '.join(said)})")
    table = pl.read_ipc(io.BytesIO(done.stdout))
    return Rows(
        account=table["account"].to_numpy(),
        at=table["at"].to_numpy(),
        source=table["source"].to_numpy(),
        values={name: table[name].cast(pl.Float64).to_numpy() for name in metrics},
    )


_CHILD = """
import sys
import adbc_driver_sqlite.dbapi as dbapi
import polars as pl
path, query = sys.argv[1:]
with dbapi.connect(f"file:{path}?mode=ro") as connection, connection.cursor() as cursor:
    cursor.execute(query)
    rows = pl.Series(cursor.fetch_arrow())
    rows.struct.unnest().write_ipc(sys.stdout.buffer)
"""


def _query(start: int, stop: int, only: Sequence[int] | None, metrics: Sequence[str]) -> str:
    columns = ", ".join(("account", "at", "source", *metrics))
    some = "" if only is None else f" AND account IN ({', '.join(map(str, only)) or 'NULL'})"
    return (
        f"SELECT {columns} FROM readings WHERE at > {int(start)} AND at <= {int(stop)}{some}"
        " ORDER BY account, at, source"
    )


def _is_large(db: Database, start: int, stop: int) -> bool:
    """Guessed from every fiftieth account, so that asking costs nothing."""
    sampled, rows = db.conn.execute(
        "SELECT count(DISTINCT id), count(readings.at) FROM accounts LEFT JOIN readings"
        " ON readings.account = accounts.id AND at > ? AND at <= ? WHERE id % 50 = 1",
        (start, stop),
    ).fetchone()
    (accounts,) = db.conn.execute("SELECT count(*) FROM accounts").fetchone()
    return bool(sampled) and rows / sampled * accounts >= APART_FROM
