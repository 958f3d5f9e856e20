"""Care of the file: health, backup, retention."""

from pathlib import Path

from sqlite_utils import Database

from bot.model.reading import DAY, FLOWS
from bot.storage import migrations
from bot.storage.accounts import of_lake
from bot.storage.settings import WHOLE, set_setting, setting

_THINNED = "thinned until"


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
    """Keeps the last reading of each account, source and UTC day of those before `before`.

    Gives how many rows went. Flows stay, whatever the day: their sum would change. A mark
    remembers how far this was done.
    """
    mark = setting(db, _THINNED, WHOLE) or 0
    before -= before % DAY
    flows = " AND ".join(f"{name} IS NULL" for name in FLOWS)
    gone = db.conn.execute(
        f"DELETE FROM readings WHERE at >= ?1 AND at < ?2 AND {flows}"
        " AND EXISTS (SELECT 1 FROM readings AS later WHERE later.account = readings.account"
        " AND later.source = readings.source AND later.at > readings.at"
        " AND later.at < readings.at - readings.at % 86400 + 86400"
        " AND (readings.followers IS NULL OR later.followers IS NOT NULL))",
        (mark, before),
    ).rowcount
    set_setting(db, _THINNED, max(mark, before))
    return gone


def prune_lakes(db: Database, before: int) -> int:
    """Erases what lakes gave before that: it lies there still. Gives how many rows went."""
    return db.conn.execute(
        f"DELETE FROM readings WHERE at < ? AND {of_lake()}", (before,)
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
