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
from bot.sources.tables.options import TableSettings
from bot.sources.tables.since import bound, shape_of
from bot.sources.web.credentials import credential

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

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
_ROWS = 1_000_000


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
class _Rows:
    header: list[str]
    values: list[tuple[Any, ...]]
    times: list[Any] = field(default_factory=list)


class SqlSource:
    """Runs the query in a read-only transaction on a thread; only `state` is remembered."""

    def __init__(self, settings: SqlSettings, surroundings: Surroundings) -> None:
        self.name = settings.name
        self._settings = settings
        self._root = surroundings.root
        self._url = settings.url or credential(
            settings, surroundings, settings.url_env, settings.url_file
        )

    async def fetch(self, wanted: Sequence[str], state: Any, now: datetime) -> Batch:
        state = state or {}
        newest, shape = state.get("newest"), state.get("shape")
        rows, used = await asyncio.to_thread(self._ask, newest, shape)
        if not rows.values and newest is not None:
            # the newest row itself lies within the overlap: its lack says that the query
            # compares :since with something else than the times it answers
            rows, used = await asyncio.to_thread(self._ask, None, None)
            used = "beginning"
        batch = self._batch(rows, now)
        if batch.readings is None or batch.readings.is_empty():
            return replace(batch, state=state)
        newest = max(int(batch.readings["at"].max()), newest or 0)  # type: ignore[arg-type]
        if "beginning" not in (shape, used):
            shape = self._next_shape(rows, used)
        else:
            shape = "beginning"
        return replace(only(batch, wanted), state={"newest": newest, "shape": shape})

    async def look(self, handle: str) -> str:
        rows, _ = await asyncio.to_thread(self._ask, None, None)
        readings = self._batch(rows).readings
        known = [] if readings is None else readings["account"].unique().to_list()
        return match_handle(handle, known, self._settings.platform, self.name)

    async def close(self) -> None:
        if "_engine" in self.__dict__:
            await asyncio.to_thread(self._engine.dispose)

    def _ask(self, newest: int | None, shape: str | None) -> tuple[_Rows, str]:
        """The answers, and the shape of `:since` that the database took."""
        since = _BEGINNING
        if newest is not None and shape != "beginning":
            since = datetime.fromtimestamp(newest, UTC) - self._settings.overlap
        first = _FIRST_SHAPES[self._engine.dialect.name]
        shapes = (shape,) if shape and shape != "beginning" else first
        refused: SourceError | None = None
        for tried in shapes:
            value = bound(since, tried, ZoneInfo(self._settings.timezone or "UTC"))
            try:
                return self._query(value), tried
            except SourceChanged as error:
                refused = refused or error
        raise refused or AssertionError("no shape was tried")

    def _next_shape(self, rows: _Rows, used: str) -> str:
        """What the database took where it is strict, else what its answers look like."""
        answered = shape_of(rows.times)
        if self._engine.dialect.name != "postgresql":
            return answered or used
        return "epoch_ms" if (used, answered) == ("epoch", "epoch_ms") else used

    def _query(self, since: Any) -> _Rows:
        import sqlalchemy as sa

        query = sa.text(self._settings.query)
        parameters = {"since": since} if "since" in query.compile().params else {}
        try:
            with self._engine.connect() as connection:
                _read_only(connection)
                result = connection.execute(query, parameters)
                header = list(result.keys())
                rows = result.fetchmany(_ROWS + 1)
        except sa.exc.SQLAlchemyError as error:
            raise self._told(error) from None
        except (TypeError, ValueError) as error:
            # what a driver says of the options in the URL that it does not know
            raise SourceRefused(
                f"{self.name}: the database driver does not take the options of its URL "
                f"({self._hidden(str(error))}): correct what stands behind the ?.",
                source=self.name,
            ) from None
        if len(rows) > _ROWS:
            raise SourceRefused(
                f"{self.name}: the query gives more than {_ROWS} rows: add a condition with "
                ":since to it.",
                source=self.name,
            )
        return _Rows(header, [tuple(row) for row in rows])

    def _batch(self, rows: _Rows, now: datetime | None = None) -> Batch:
        from bot.sources.tables.cells import frame_of
        from bot.sources.tables.columns import NoLayout, lay_out
        from bot.sources.tables.readings import Table

        options = self._settings.options()
        try:
            layout = lay_out(rows.header, options.columns)
            if not rows.values:
                return Batch()
            rows.times = [row[rows.header.index(layout.roles["at"])] for row in rows.values]
            table = Table(name=self.name, frame=frame_of(rows.header, rows.values), first_row=1)
            batch = read_table(table, options, self.name, now=now)
        except NoLayout as error:
            raise SourceChanged(f"{self.name}: the answer {error}.", source=self.name) from None
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
        return sa.create_engine(url, connect_args=arguments, poolclass=sa.NullPool)

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
        if any(
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
