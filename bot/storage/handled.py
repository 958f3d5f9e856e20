"""Requests of people that were taken, so that none of them acts twice."""

from sqlite_utils import Database

_KEPT = 86400


def take(db: Database, request: str, now: float) -> bool:
    """Notes a request for a day; False where it was noted before."""
    db.conn.execute("DELETE FROM handled WHERE until < ?", (int(now),))
    cursor = db.conn.execute(
        "INSERT OR IGNORE INTO handled (key, until) VALUES (?, ?)", (request, int(now) + _KEPT)
    )
    return cursor.rowcount > 0
