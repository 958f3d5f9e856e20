"""Accounts that are erased and stay away."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlite_utils import Database

from bot.model.reading import folded


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """An erased account that stays away: `source` gave it, or it was `watched` from chat."""

    account: str
    source: str | None
    watched: bool


def forget(db: Database, account: str, at: int) -> int:
    """Erases an account with its readings, lists, incidents and messages; gives the readings.

    Alerts that already stand in a channel stay there: only their rows are erased. The name
    alone is kept, so that a source that still lists the account does not make it anew.
    """
    row = db.conn.execute("SELECT id FROM accounts WHERE account = ?", (account,)).fetchone()
    if row is None:
        return 0
    (id,) = row
    db.conn.execute(
        "INSERT OR REPLACE INTO forgotten (account, source, watched, at)"
        " SELECT account, (SELECT name FROM sources WHERE id = accounts.source),"
        " account IN (SELECT account FROM watched), ? FROM accounts WHERE id = ?",
        (at, id),
    )
    _forget_incidents(db, id)
    tables = "list_verdicts list_changes lists corrections pending_days account_faults"
    for table in tables.split():
        db.conn.execute(f"DELETE FROM {table} WHERE account = ?", (id,))
    for table in ("watched", "mutes", "events", "goals", "notices"):
        db.conn.execute(f"DELETE FROM {table} WHERE account = ?", (account,))
    db.conn.execute("DELETE FROM held_notices WHERE key NOT IN (SELECT key FROM notices)")
    # summaries and notices name several accounts; what was sent is never read again
    db.conn.execute(
        "UPDATE deliveries SET message = '{}' WHERE state NOT IN ('queued', 'claimed')"
        " AND instr(message, ?)",
        (account,),
    )
    readings = db.conn.execute("DELETE FROM readings WHERE account = ?", (id,)).rowcount
    db.conn.execute("DELETE FROM accounts WHERE id = ?", (id,))
    return readings


def mark(db: Database) -> tuple[int, int]:
    """Changes whenever an account is forgotten or let in again: how many stay away, and since
    when the last of them does."""
    many, last = db.conn.execute(
        "SELECT count(*), coalesce(max(at), 0) FROM forgotten"
    ).fetchone()
    return int(many), int(last)


def forgotten(db: Database, names: Collection[str]) -> set[str]:
    """Those of the names that are refused, in whatever spelling."""
    rows = db.conn.execute("SELECT account FROM forgotten")
    gone = {folded(name) for (name,) in rows}
    return {name for name in names if folded(name) in gone} if gone else set()


def given_by(db: Database, source: str) -> list[str]:
    """Accounts that this source gave or was asked for before they were forgotten."""
    rows = db.conn.execute("SELECT account FROM forgotten WHERE source = ?", (source,))
    return [name for (name,) in rows]


def find(db: Database, name: str) -> Forgotten | None:
    """The forgotten account of that name, however a person wrote it."""
    for account, source, watched in db.conn.execute(
        "SELECT account, source, watched FROM forgotten"
    ).fetchall():
        if folded(account) == folded(name):
            return Forgotten(account=account, source=source, watched=bool(watched))
    return None


def bring_back(db: Database, account: str) -> None:
    """Lets sources and imports give a forgotten account again."""
    if (known := find(db, account)) is not None:
        db.conn.execute("DELETE FROM forgotten WHERE account = ?", (known.account,))


def _forget_incidents(db: Database, account: int) -> None:
    own = "SELECT id FROM incidents WHERE account = ?"
    alerts = [
        alert
        for (alert,) in db.conn.execute(
            f"SELECT DISTINCT alert FROM alert_members WHERE incident IN ({own})", (account,)
        )
    ]
    tables = "alert_members held incident_updates incident_numbers mutes feedback"
    for table in tables.split():
        db.conn.execute(f"DELETE FROM {table} WHERE incident IN ({own})", (account,))
    for alert in alerts:
        _forget_alert(db, alert)
    db.conn.execute("DELETE FROM incidents WHERE account = ?", (account,))


def _forget_alert(db: Database, alert: int) -> None:
    """What is queued or kept of its text names the account, so it goes too."""
    db.conn.execute(
        "DELETE FROM deliveries WHERE alert IN"
        " (SELECT id FROM alerts WHERE ?1 IN (id, part_of))",
        (alert,),
    )
    db.conn.execute("UPDATE alerts SET shown = NULL WHERE ?1 IN (id, part_of)", (alert,))
