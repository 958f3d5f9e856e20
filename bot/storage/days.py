"""Which days of which accounts wait for a review, and whose readings stopped."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlite_utils import Database

from bot.storage.accounts import of_lake


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingDays:
    """New readings of an account lie in start..stop; `first` at its first import.

    `version` grows with every further batch, so that a review ends only what it saw.
    """

    id: int
    account: str
    start: int
    stop: int
    first: bool
    version: int


def pending(db: Database) -> list[PendingDays]:
    rows = db.conn.execute(
        "SELECT accounts.id, accounts.account, start, stop, first, version FROM pending_days"
        " JOIN accounts ON accounts.id = pending_days.account"
    )
    return [
        PendingDays(
            id=id, account=name, start=start, stop=stop, first=bool(first), version=version
        )
        for id, name, start, stop, first, version in rows
    ]


def reviewed(db: Database, seen: Sequence[PendingDays], now: int) -> None:
    """Ends what a review saw; what was added meanwhile waits on."""
    db.conn.executemany(
        "DELETE FROM pending_days WHERE account = ? AND version = ?",
        [(one.id, one.version) for one in seen],
    )
    db.conn.executemany(
        "UPDATE accounts SET first_told = ? WHERE id = ? AND first_told IS NULL",
        [(now, one.id) for one in seen if one.first],
    )
    db.conn.executemany(
        "UPDATE pending_days SET first = 0 WHERE account = ?",
        [(one.id,) for one in seen if one.first],
    )


def stale(db: Database, now: int, after: int) -> list[tuple[str, int]]:
    """Active accounts whose newest reading is older than `after` seconds and than four of
    their own usual gaps, with its time."""
    rows = db.conn.execute(
        "SELECT account, last, (last - (SELECT min(at) FROM (SELECT at FROM readings"
        "  WHERE readings.account = id ORDER BY at DESC LIMIT 8))) / 7 AS gap"
        " FROM (SELECT accounts.id AS id, accounts.account AS account, (SELECT max(at)"
        "  FROM readings WHERE readings.account = accounts.id) AS last FROM accounts"
        f"  WHERE status = 'active' AND NOT {of_lake('accounts.source')}) WHERE last < ?",
        (now - after,),
    ).fetchall()
    return [(name, last) for name, last, gap in rows if now - last > 4 * gap]


def ended(db: Database) -> list[tuple[str, str, int]]:
    """Accounts that are not active any more: name, status and since when."""
    rows = db.conn.execute(
        "SELECT account, status, coalesce(status_at, first_seen) FROM accounts"
        " WHERE status <> 'active' ORDER BY account"
    )
    return [(name, status, at) for name, status, at in rows]
