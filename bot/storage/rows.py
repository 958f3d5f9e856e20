"""Writing one row."""

from collections.abc import Mapping
from typing import Any

from sqlite_utils import Database


def insert(db: Database, table: str, row: Mapping[str, Any], *, replace: bool = False) -> int:
    """Adds a row by its columns' names and gives its id; may `replace` one of the same key.

    sqlite-utils has an insert of its own, which ends the transaction.
    """
    verb = "INSERT OR REPLACE" if replace else "INSERT"
    cursor = db.conn.execute(
        f"{verb} INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})",
        tuple(row.values()),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid
