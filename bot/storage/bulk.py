"""Reading very many rows: Arrow from adbc, in a process of its own.

adbc brings its own SQLite library, and two of them in one process undo each other's locks
(see `database.py`). A child that only reads is safe, and it reads several times faster than
row tuples; few rows are not worth starting it, and where it fails tuples have to do. It hands
over plain arrays: Arrow's allocator keeps what was read once for the life of a process.
"""

import io
import logging
import subprocess
import sys
import tempfile
import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
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
        apart = pieces_apart(path, start, stop, ranges, metrics)
        try:
            with closing(apart):
                while done < len(ranges):
                    yield next(apart)
                    done += 1
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
) -> Generator[Rows, None, None]:
    """The same by way of a child process; a StorageError where it fails."""
    queries = [_query(start, stop, each, metrics) for each in ranges]
    command = [sys.executable, "-c", _CHILD, str(path), *queries]
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors) as child,
    ):
        try:
            for _ in queries:
                yield _piece(child, metrics)
            return
        except EOFError:
            pass  # what the child said of it comes below
        finally:
            child.kill()
        errors.seek(0)
        said = errors.read().decode(errors="replace").strip().splitlines()[-1:]
    raise StorageError(f"{path} could not be read in bulk ({' '.join(said)})")


def _piece(child: subprocess.Popen[bytes], metrics: Sequence[str]) -> Rows:
    """What the child writes next. Raises EOFError where it ends or hangs before it is whole."""
    assert isinstance(child.stdout, io.BufferedReader)
    watchdog = threading.Timer(_PIECE_SECONDS, child.kill)
    watchdog.start()
    try:
        head = child.stdout.read(8)
        many = int.from_bytes(head, "big")
        account, at, source = (np.empty(many, np.int64) for _ in range(3))
        values = {name: np.empty(many) for name in metrics}
        whole = len(head) == 8
        for column in (account, at, source, *values.values()) if many else ():
            whole = whole and child.stdout.readinto(column.data) == column.nbytes
    finally:
        watchdog.cancel()
    if not whole:
        raise EOFError
    return Rows(account=account, at=at, source=source, values=values)


_CHILD = """
import sys
import adbc_driver_sqlite.dbapi as dbapi
import polars as pl
path, *queries = sys.argv[1:]
with dbapi.connect(f"file:{path}?mode=ro") as connection, connection.cursor() as cursor:
    for query in queries:
        cursor.execute(query)
        table = pl.Series(cursor.fetch_arrow()).struct.unnest()
        sys.stdout.buffer.write(len(table).to_bytes(8, "big"))
        for place, column in enumerate(table.get_columns() if len(table) else ()):
            kind = pl.Int64 if place < 3 else pl.Float64
            sys.stdout.buffer.write(column.cast(kind).to_numpy().data)
"""


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
