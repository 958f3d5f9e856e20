"""One SQLite file: every write in one thread and one IMMEDIATE transaction, readers beside it.

Nothing in this process may open the file but `sqlite3`: closing any other handle to it drops
the process's POSIX locks, another program's exit then deletes the WAL, and what we write
afterwards is lost. That rules out a second SQLite library (adbc) and plain `open()` alike;
bulk reads run in a process of their own (`bulk.py`).
"""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from sqlite_utils import Database

from bot.errors import StorageError
from bot.storage import migrations
from bot.storage.single import check_name

P = ParamSpec("P")
T = TypeVar("T")

BUSY_SECONDS = 15.0
"""How long a writer waits for another program's transaction before it gives up."""

# `full`: after a power cut a message that went out must still be known as tried
PRAGMAS = ("journal_mode = wal", "synchronous = full", "foreign_keys = on")

_READERS = 4


class Store:
    """Every function of `bot.storage` takes a `Database` first; run it by `read` or `write`.

    Works of one `write` are one transaction: all of it or nothing is stored.
    """

    def __init__(self, path: Path, writer: Database) -> None:
        self.path = path
        self._file = _identity(path)
        self._writer = writer
        self._write_thread = ThreadPoolExecutor(1, "ebbwatch-write")
        self._read_threads = ThreadPoolExecutor(_READERS, "ebbwatch-read")
        self._local = threading.local()
        self._readers: list[Database] = []
        self.reviewing = asyncio.Lock()
        """Held by the one review that may run in this process."""

    @classmethod
    def open(cls, path: Path | str, *, now: float) -> "Store":
        """Creates or migrates the file, with a backup beside it before a migration."""
        path = Path(path)
        check_name(path)
        with plain_errors(path):
            writer = connect(path)
            try:
                migrations.migrate(writer, path, now)
            except BaseException:
                writer.conn.close()
                raise
        return cls(path, writer)

    async def write(
        self, work: Callable[Concatenate[Database, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Runs `work(db, ...)` in the writer thread inside one IMMEDIATE transaction."""

        def run() -> T:
            self._check_there()
            with plain_errors(self.path), immediate(self._writer):
                return work(self._writer, *args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._write_thread, run)

    async def read(
        self, work: Callable[Concatenate[Database, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Runs `work(db, ...)` in a reader thread on one consistent, read-only view."""

        def run() -> T:
            self._check_there()
            with plain_errors(self.path), snapshot(self._reader()) as db:
                return work(db, *args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._read_threads, run)

    def problem(self) -> str | None:
        """Why nothing can be stored: the file was taken away while it was in use.

        What is written into a file without a name is lost, and nobody would hear of it.
        """
        if _identity(self.path) == self._file:
            return None
        return (
            f"{self.path} is gone, or another file has taken its place, while ebbwatch uses "
            "it: nothing is read, stored or sent until it is back; then restart ebbwatch"
        )

    def _check_there(self) -> None:
        if (problem := self.problem()) is not None:
            raise StorageError(problem)

    def close(self) -> None:
        """Waits for running work; a second call does nothing."""
        self._read_threads.shutdown()
        self._write_thread.shutdown()
        while self._readers:
            self._readers.pop().conn.close()
        self._writer.conn.close()

    def _reader(self) -> Database:
        db: Database | None = getattr(self._local, "db", None)
        if db is None:
            db = self._local.db = connect(self.path)
            db.conn.execute("PRAGMA query_only = on")
            self._readers.append(db)
        return db


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file a path names, None where there is none; opens nothing."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def connect(path: Path) -> Database:
    """A connection in autocommit with our pragmas, usable from any one thread at a time."""
    conn = sqlite3.connect(
        path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    try:
        conn.row_factory = sqlite3.Row
        for pragma in PRAGMAS:
            conn.execute(f"PRAGMA {pragma}")
        return Database(conn)
    except BaseException:
        conn.close()
        raise


@contextmanager
def immediate(db: Database) -> Iterator[Database]:
    """Takes the write lock at once: a deferred transaction fails when another one wrote."""
    db.conn.execute("BEGIN IMMEDIATE")
    try:
        yield db
        db.conn.execute("COMMIT")
    except BaseException:
        if db.conn.in_transaction:
            db.conn.execute("ROLLBACK")
        raise


@contextmanager
def snapshot(db: Database) -> Iterator[Database]:
    db.conn.execute("BEGIN")
    try:
        yield db
    finally:
        if db.conn.in_transaction:
            db.conn.execute("ROLLBACK")


_SENTENCES = (
    ("locked", "{path} is locked by another program: wait until that is done, or close it"),
    (
        "readonly",
        "{path} cannot be written: give this user write permission to it and its folder",
    ),
    ("full", "the disk that holds {path} is full: free some space, nothing was changed"),
    (
        "disk i/o",
        "the disk that holds {path} fails ({error}): check the disk and its free space",
    ),
    ("not a database", "{path} is not an ebbwatch database: name another file in `database`"),
    (
        "malformed",
        "{path} is damaged ({error}): run `ebbwatch doctor`, then restore the newest backup",
    ),
    (
        "unable to open",
        "{path} cannot be opened: check that its folder exists and this user may write there",
    ),
)


@contextmanager
def plain_errors(path: Path) -> Iterator[None]:
    """Turns what SQLite says about the file into a sentence with the next step."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
            raise
        said = str(error).lower()
        for sign, sentence in _SENTENCES:
            if sign in said:
                raise StorageError(sentence.format(path=path, error=error)) from error
        if isinstance(error, sqlite3.OperationalError):
            raise
        raise StorageError(f"{path} cannot be used ({error}): run `ebbwatch doctor`") from error
