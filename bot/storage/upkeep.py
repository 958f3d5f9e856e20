"""Care of the file: health, backup, retention."""

from pathlib import Path

from sqlite_utils import Database

from bot.storage import migrations


def problems(db: Database) -> list[str]:
    """What SQLite finds wrong with the file, in its words; empty where all is well."""
    found = [row[0] for row in db.conn.execute("PRAGMA integrity_check(20)") if row[0] != "ok"]
    for table, rowid, parent, _ in db.conn.execute("PRAGMA foreign_key_check"):
        found.append(f"row {rowid} of {table} names a row of {parent} that is not there")
    return found


def back_up(db: Database, target: Path) -> Path:
    """Copies the database while it is in use; run it by `Store.read`."""
    return migrations.back_up(db, target)


def thin(db: Database, before: int) -> int:
    """Keeps one reading per account, source and UTC day of those before `before`: the last.

    Gives how many rows went. Flows are kept, whatever the day: their sum would change.
    """
    return db.conn.execute(
        "DELETE FROM readings WHERE at < ?1 AND gained IS NULL AND lost IS NULL AND net IS NULL"
        " AND posts_daily IS NULL AND interactions_daily IS NULL AND views_daily IS NULL"
        " AND EXISTS (SELECT 1 FROM readings AS later WHERE later.account = readings.account"
        " AND later.source = readings.source AND later.at > readings.at"
        " AND later.at / 86400 = readings.at / 86400 AND later.at < ?1"
        " AND later.followers IS NOT NULL)",
        (before,),
    ).rowcount


def prune(db: Database, before: int) -> int:
    """Erases readings, settled deliveries, audit lines and notices older than `before`."""
    gone = db.conn.execute("DELETE FROM readings WHERE at < ?", (before,)).rowcount
    db.conn.execute("DELETE FROM lists WHERE at < ?", (before,))
    db.conn.execute("DELETE FROM corrections WHERE seen < ?", (before,))
    db.conn.execute("DELETE FROM audit WHERE at < ?", (before,))
    db.conn.execute("DELETE FROM notices WHERE seen_at < ? AND over_at IS NOT NULL", (before,))
    db.conn.execute(
        "DELETE FROM deliveries WHERE settled_at < ? AND state NOT IN ('queued', 'claimed')",
        (before,),
    )
    return gone
