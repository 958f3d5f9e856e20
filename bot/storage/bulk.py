"""Reading very many rows: Arrow from adbc, in a process of its own.

adbc brings its own SQLite library, and two of them in one process undo each other's locks
(see `database.py`). A child that only reads is safe, and it reads several times faster than
row tuples; few rows are not worth starting it, and where it fails tuples have to do.
"""

import io
import logging
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
from sqlite_utils import Database

from bot.errors import StorageError

APART_FROM = 300_000
"""Rows from which a child process pays (it takes about 0.3 s to start)."""

_PIECE_SECONDS = 120.0
"""For one piece of up to some million rows, which takes seconds: a child that needs more hangs.
Half may give up on a slow disk, double holds the review longer."""

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
    if only is None:
        whole = [(0, 2**62)]
        return next(read_pieces(db, path, start, stop, whole, metrics))
    return _in_tuples(db, _query(start, stop, only, metrics), metrics)


def read_pieces(
    db: Database,
    path: Path,
    start: int,
    stop: int,
    ranges: Sequence[tuple[int, int]],
    metrics: Sequence[str],
) -> Iterator[Rows]:
    """Readings with start < at <= stop, a piece for each range of account ids (both included).

    Many rows come from one child process, piece by piece, so that neither side ever holds more.
    """
    done = 0
    if _is_large(db, start, stop):
        try:
            for rows in pieces_apart(path, start, stop, ranges, metrics):
                done += 1
                yield rows
        except StorageError as error:
            log.warning("bulk read failed", extra={"said": str(error)})
    for low, high in ranges[done:]:
        yield _in_tuples(db, _query(start, stop, (low, high), metrics), metrics)


def pieces_apart(
    path: Path,
    start: int,
    stop: int,
    ranges: Sequence[tuple[int, int]],
    metrics: Sequence[str],
) -> Iterator[Rows]:
    """The same by way of a child process; a StorageError where it fails."""
    queries = [_query(start, stop, each, metrics) for each in ranges]
    command = [sys.executable, "-c", _CHILD, str(path), *queries]
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors) as child,
    ):
        try:
            for _ in queries:
                data = _piece(child)
                if not data:
                    break
                yield _rows(data, metrics)
            else:
                return
        finally:
            child.kill()
        errors.seek(0)
        said = errors.read().decode(errors="replace").strip().splitlines()[-1:]
    raise StorageError(f"{path} could not be read in bulk ({' '.join(said)})")


def _piece(child: subprocess.Popen[bytes]) -> bytes:
    """What the child writes next; nothing where it ends or hangs before it is whole."""
    assert child.stdout is not None
    watchdog = threading.Timer(_PIECE_SECONDS, child.kill)
    watchdog.start()
    try:
        size = int.from_bytes(child.stdout.read(8), "big")
        data = child.stdout.read(size)
    finally:
        watchdog.cancel()
    return data if len(data) == size else b""


_CHILD = """
import io
import sys
import adbc_driver_sqlite.dbapi as dbapi
import polars as pl
path, *queries = sys.argv[1:]
with dbapi.connect(f"file:{path}?mode=ro") as connection, connection.cursor() as cursor:
    for query in queries:
        cursor.execute(query)
        piece = io.BytesIO()
        pl.Series(cursor.fetch_arrow()).struct.unnest().write_ipc(piece)
        sys.stdout.buffer.write(len(piece.getbuffer()).to_bytes(8, "big"))
        sys.stdout.buffer.write(piece.getbuffer())
"""


def _rows(data: bytes, metrics: Sequence[str]) -> Rows:
    table = pl.read_ipc(io.BytesIO(data))
    return Rows(
        account=table["account"].to_numpy(),
        at=table["at"].to_numpy(),
        source=table["source"].to_numpy(),
        values={name: table[name].cast(pl.Float64).to_numpy() for name in metrics},
    )


def _in_tuples(db: Database, query: str, metrics: Sequence[str]) -> Rows:
    rows = db.conn.cursor()
    rows.row_factory = None
    table = rows.execute(query).fetchall()
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


def _query(
    start: int, stop: int, only: Sequence[int] | tuple[int, int], metrics: Sequence[str]
) -> str:
    """Of the ids `only`, or of those from the first to the second of a pair."""
    columns = ", ".join(("account", "at", "source", *metrics))
    some = (
        f"BETWEEN {only[0]} AND {only[1]}"
        if isinstance(only, tuple)
        else f"IN ({', '.join(map(str, only)) or 'NULL'})"
    )
    return (
        f"SELECT {columns} FROM readings WHERE at > {int(start)} AND at <= {int(stop)}"
        f" AND account {some} ORDER BY account, at, source"
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
