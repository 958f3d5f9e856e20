"""SQLite files: the only table or view in them that has counts."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bot.errors import SourceChanged
from bot.sources.tables.cells import frame_of
from bot.sources.tables.columns import NoLayout
from bot.sources.tables.layout import promises
from bot.sources.tables.readings import Table

SQLITE = b"SQLite format 3\0"


def read_sqlite(path: Path, columns: Mapping[str, str]) -> Table:
    with _opened(path) as connection:
        table, quoted, header = _only_table(connection, path.name, columns)
        rows = connection.execute(f"select * from {quoted}").fetchall()
    notes = (f'table "{table}" was read',)
    return Table(name=path.name, frame=frame_of(header, rows), first_row=1, notes=notes)


def rows_of(path: Path, columns: Mapping[str, str]) -> Iterator[Sequence[Any]]:
    """The header, then row by row."""
    with _opened(path) as connection:
        _, quoted, header = _only_table(connection, path.name, columns)
        yield header
        yield from connection.execute(f"select * from {quoted}")


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        with contextlib.closing(connection):
            yield connection
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise SourceChanged(
            f"{path.name} is an SQLite database that cannot be read "
            f"({type(error).__name__}): copy it again.",
            where=path.name,
        ) from None


def _only_table(
    connection: sqlite3.Connection, name: str, columns: Mapping[str, str]
) -> tuple[str, str, list[str]]:
    """Name, quoted name and header."""
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
    known = "select name from sqlite_master where type in ('table', 'view') order by name"
    fits = []
    for (table,) in connection.execute(known).fetchall():
        quoted = '"' + table.replace('"', '""') + '"'
        header = [
            c[0] for c in connection.execute(f"select * from {quoted} limit 0").description
        ]
        with contextlib.suppress(NoLayout):
            if {"at", "account"} < promises(header, columns):
                fits.append((table, quoted, header))
    if len(fits) != 1:
        which = ", ".join(f'"{table}"' for table, _, _ in fits) or "none"
        raise SourceChanged(
            f"{name} is an SQLite database in which {which} of the tables have an account, a "
            'time and a count: read it with kind = "sql" and a query.',
            where=name,
        )
    return fits[0]
