"""Single values that outlive a restart."""

import json
from typing import Any

from sqlite_utils import Database


def setting(db: Database, key: str) -> Any:
    """None where it was never set, or holds what nobody can read."""
    row = db.conn.execute("SELECT value FROM settings WHERE key = ?", (key,)).fetchone()
    try:
        return None if row is None else json.loads(row[0])
    except ValueError:
        return None


def set_setting(db: Database, key: str, value: Any) -> None:
    db.conn.execute(
        "INSERT OR REPLACE INTO settings (key, value) VALUES (?, ?)", (key, json.dumps(value))
    )
