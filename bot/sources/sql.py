"""Counts in a database: SQLite, PostgreSQL or MySQL by URL and query."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from pydantic import model_validator

from bot.config.settings import Duration, hide, secrets_in
from bot.errors import SourceChanged, SourceError, SourceRefused, SourceUnavailable
from bot.model.source import Batch, Surroundings
from bot.sources.platforms.batches import match_handle, only, read_table
from bot.sources.tables.layout import time_column
from bot.sources.tables.options import TableSettings
from bot.sources.tables.since import bound, shape_of
from bot.sources.web.credentials import credential

if TYPE_CHECKING:
    from sqlalchemy import Connection, CursorResult, Engine

_DRIVERS = {
    "sqlite": "sqlite",
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",
}
# What `:since` is bound as at first: SQLite compares a number with anything, PostgreSQL
# refuses to compare what does not fit, MySQL reads a time as whatever it is compared with.
_FIRST_SHAPES = {
    "sqlite": ("epoch",),
    "postgresql": ("time", "epoch", "text"),
    "mysql": ("local",),
}
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_WAIT = 15
_LONGEST = 300
PIECE = 100_000
"""Rows that are read, stored and committed together; twice as many take twice the memory."""


class SqlSettings(TableSettings):
    """`:since` in `query` is the newest time read so far less `overlap`."""

    url: str | None = None
    url_env: str | None = None
    url_file: str | None = None
    query: str
    overlap: Duration = timedelta(days=7)

    @model_validator(mode="after")
    def _one_url(self) -> SqlSettings:
        if sum(key is not None for key in (self.url, self.url_env, self.url_file)) != 1:
            raise ValueError("name the database with one of url, url_env and url_file")
        if self.url and re.search(r"//[^/@]*:.+@", self.url):
            raise ValueError("url holds a password: put the URL into a variable, url_env")
        return self


@dataclass(slots=True)
class _Answer:
    """A query that is being read, row by row; `ordered` where its rows come in time order.

    `used` is the shape that `:since` was bound as, `newest` the newest time read so far.
    """

    connection: Connection
    result: CursorResult[Any]
    header: list[str]
    used: str
    ordered: bool
    waiting: list[tuple[Any, ...]] = field(default_factory=list)
    newest: int | None = None
    shape: str | None = None

    def rows(self) -> list[tuple[Any, ...]]:
        """The next rows; `waiting` holds one more as long as there are any."""
        size = PIECE - len(self.waiting) + 1
        rows = [*self.waiting, *map(tuple, self.result.fetchmany(size))]
        self.waiting = rows[PIECE:]
        return rows[:PIECE]

    def close(self) -> None:
        self.result.close()
        self.connection.close()


class SqlSource:
    """Reads the query in time order on a thread, in pieces, in a read-only transaction.

    `state` is the newest time that was stored, so that what a crash cuts off goes on there.
    """

    def __init__(self, settings: SqlSettings, surroundings: Surroundings) -> None:
        self.name = settings.name
        self._settings = settings
        self._root = surroundings.root
        self._answer: _Answer | None = None
        self._url = settings.url or credential(
            settings, surroundings, settings.url_env, settings.url_file
        )

    async def fetch(self, wanted: Sequence[str], state: Any, now: datetime) -> Batch:
        return await asyncio.to_thread(self._fetch, wanted, state or {}, now)

    def _fetch(self, wanted: Sequence[str], state: dict[str, Any], now: datetime) -> Batch:
        answer, rows = self._piece(state)
        try:
            batch = self._batch(answer, rows, now)
        except SourceError:
            self._end()
            raise
        if batch.readings is None or batch.readings.is_empty():
            # nothing new, or a piece without a count that may be followed by others
            more = self._more()
            return replace(batch, state=state, more=more)
        late, newest = int(batch.readings["at"].min()), int(batch.readings["at"].max())  # type: ignore[arg-type]
        overlap = int(self._settings.overlap.total_seconds())
        answer.ordered &= answer.newest is None or late >= answer.newest - overlap
        answer.newest = max(newest, answer.newest or 0)
        more = self._more()
        if "beginning" in (state.get("shape"), answer.used):
            answer.shape = "beginning"
        after = {"newest": max(answer.newest, state.get("newest") or 0), "shape": answer.shape}
        if more and not answer.ordered:
            after = {name: state[name] for name in ("newest", "shape") if name in state}
        if more:
            after["reading"] = True
        return replace(only(batch, wanted, self.name), state=after, more=more)

    def _piece(self, state: dict[str, Any]) -> tuple[_Answer, list[tuple[Any, ...]]]:
        """The next rows of the answer that is being read, else of a new one."""
        if self._answer is not None and state.get("reading"):
            return self._answer, self._answer.rows()
        self._end()
        newest, shape = state.get("newest"), state.get("shape")
        self._answer = self._ask(newest, shape)
        rows = self._answer.rows()
        if not rows and newest is not None:
            # the newest row itself lies within the overlap: its lack says that the query
            # compares :since with something else than the times it answers
            self._end()
            self._answer = self._ask(None, None)
            self._answer.used = "beginning"
            rows = self._answer.rows()
        return self._answer, rows

    def _more(self) -> bool:
        if self._answer is not None and self._answer.waiting:
            return True
        self._end()
        return False

    def _end(self) -> None:
        if self._answer is not None:
            self._answer.close()
            self._answer = None

    async def look(self, handle: str) -> str:
        known = await asyncio.to_thread(self._accounts)
        return match_handle(handle, known, self._settings.platform, self.name)

    def _accounts(self) -> list[str]:
        answer = self._ask(None, None)
        known: set[str] = set()
        try:
            while rows := answer.rows():
                readings = self._batch(answer, rows).readings
                known |= set() if readings is None else set(readings["account"].unique())
        finally:
            answer.close()
        return sorted(known)

    async def close(self) -> None:
        await asyncio.to_thread(self._end)
        if "_engine" in self.__dict__:
            await asyncio.to_thread(self._engine.dispose)

    def _ask(self, newest: int | None, shape: str | None) -> _Answer:
        """Opens the answer in the shape of `:since` that the database takes."""
        since = _BEGINNING
        if newest is not None and shape != "beginning":
            since = datetime.fromtimestamp(newest, UTC) - self._settings.overlap
        first = _FIRST_SHAPES[self._engine.dialect.name]
        shapes = (shape,) if shape and shape != "beginning" else first
        refused: SourceError | None = None
        for tried in shapes:
            value = bound(since, tried, ZoneInfo(self._settings.timezone or "UTC"))
            try:
                return self._open(value, tried)
            except SourceChanged as error:
                refused = refused or error
        raise refused or AssertionError("no shape was tried")

    def _next_shape(self, times: Sequence[Any], used: str) -> str:
        """What the database took where it is strict, else what its answers look like."""
        answered = shape_of(times)
        if self._engine.dialect.name != "postgresql":
            return answered or used
        return "epoch_ms" if (used, answered) == ("epoch", "epoch_ms") else used

    def _open(self, since: Any, used: str) -> _Answer:
        """Begins to read; in time order where the database sorts the query's answer."""
        import sqlalchemy as sa

        plain = self._settings.query.strip().rstrip(";")
        parameters = {"since": since} if "since" in sa.text(plain).compile().params else {}
        for query in (self._sorted(plain, parameters), plain):
            if query is None:
                continue
            connection = None
            try:
                connection = self._connect()
                _read_only(connection)
                if query != plain:  # a cursor on the server takes nothing but a select
                    connection = connection.execution_options(stream_results=True)
                result = connection.execute(sa.text(query), parameters)
                return _Answer(connection, result, list(result.keys()), used, query != plain)
            except sa.exc.SQLAlchemyError as error:
                if connection is not None:
                    connection.close()
                told = self._told(error)
                if query == plain or isinstance(told, SourceRefused):
                    raise told from None
        raise AssertionError("the plain query is always tried")

    def _connect(self) -> Connection:
        import sqlalchemy as sa

        try:
            return self._engine.connect()
        except sa.exc.SQLAlchemyError:
            raise
        except Exception as error:
            raise self._unfit(error) from None

    def _unfit(self, error: Exception) -> SourceRefused:
        """Of options in the URL a driver raises whatever comes to its mind."""
        return SourceRefused(
            f"{self.name}: the database driver does not take the options of its URL "
            f"({self._hidden(str(error))}): correct what stands behind the ?.",
            source=self.name,
        )

    def _sorted(self, plain: str, parameters: dict[str, Any]) -> str | None:
        """The query in time order; None where it cannot be put into another one."""
        import sqlalchemy as sa

        within = f"select * from (\n{plain}\n) as ebbwatch_answer"
        try:
            with self._connect() as connection:
                _read_only(connection)
                result = connection.execute(sa.text(f"{within} where 1 = 0"), parameters)
                time = time_column(list(result.keys()), self._settings.columns)
        except sa.exc.SQLAlchemyError:
            return None
        if time is None:
            return None
        return f"{within} order by {self._engine.dialect.identifier_preparer.quote(time)}"

    def _batch(
        self, answer: _Answer, rows: list[tuple[Any, ...]], now: datetime | None = None
    ) -> Batch:
        from bot.sources.tables.cells import frame_of
        from bot.sources.tables.readings import Table

        if not rows:
            return Batch()
        time = time_column(answer.header, self._settings.columns)
        if time is not None:
            place = answer.header.index(time)
            answer.shape = self._next_shape([row[place] for row in rows], answer.used)
        table = Table(name=self.name, frame=frame_of(answer.header, rows), first_row=1)
        try:
            batch = read_table(table, self._settings.options(), self.name, now=now)
        except SourceError as error:
            error.source = self.name
            raise
        return replace(batch, found=())

    @cached_property
    def _engine(self) -> Engine:
        import sqlalchemy as sa

        try:
            url = sa.make_url(self._url)
        except (sa.exc.ArgumentError, ValueError):
            raise SourceRefused(
                f"{self.name}: its database URL cannot be read: write it like "
                '"postgresql://user@host/database".',
                source=self.name,
            ) from None
        if "@" in (url.host or ""):
            # a driver would tell the rest of the password as the host that it looks for
            raise SourceRefused(
                f"{self.name}: the user or the password in its database URL holds a mark of "
                "URLs: write @ as %40, : as %3A, / as %2F.",
                source=self.name,
            )
        driver = _DRIVERS.get(url.drivername.partition("+")[0])
        if driver is None:
            raise SourceRefused(
                f'{self.name}: "{url.drivername}" is no kind of database that ebbwatch reads: '
                "use sqlite, postgresql or mysql.",
                source=self.name,
            )
        url = url.set(drivername=driver)
        if driver == "sqlite":
            path = Path(self._root, url.database or "").expanduser().absolute()
            return sa.create_engine(
                "sqlite://",
                poolclass=sa.NullPool,
                creator=lambda: sqlite3.connect(
                    f"{path.as_uri()}?mode=ro", uri=True, timeout=_WAIT, check_same_thread=False
                ),
            )
        arguments: dict[str, Any] = {"connect_timeout": _WAIT}
        if driver.startswith("postgresql"):
            arguments["options"] = f"-c statement_timeout={_LONGEST}s"
        else:
            arguments |= {"read_timeout": _LONGEST, "write_timeout": _WAIT}
        try:
            return sa.create_engine(url, connect_args=arguments, poolclass=sa.NullPool)
        except Exception as error:
            raise self._unfit(error) from None

    def _told(self, error: Exception) -> SourceError:
        """The driver's own words, without the URL and the parameters that it may quote."""
        words = str(getattr(error, "orig", None) or error).strip().splitlines()
        reason = self._hidden(words[0] if words else type(error).__name__)
        text = f"{self.name}: the database says: {reason.rstrip('.')}."
        low = reason.lower()
        if any(sign in low for sign in ("connection option", "unknown option")):
            return SourceRefused(text + " Correct what stands behind the ?.", source=self.name)
        if any(word in low for word in ("password", "authentication", "denied", "role ")):
            return SourceRefused(
                text + " Correct its user, password or rights.", source=self.name
            )
        if "connect" not in low and any(
            word in low for word in ("no such", "does not exist", "syntax", "unknown column")
        ):
            return SourceChanged(text + " Correct the query.", source=self.name)
        return SourceUnavailable(text, source=self.name)

    def _hidden(self, said: str) -> str:
        return hide(said, secrets_in(self._url))[:200]


def _read_only(connection: Connection) -> None:
    import sqlalchemy as sa

    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SET TRANSACTION READ ONLY"))
    elif connection.dialect.name == "mysql":
        connection.execute(sa.text("SET SESSION TRANSACTION READ ONLY"))
    else:
        connection.execute(sa.text("PRAGMA query_only = ON"))
