"""Notices: told once, in force until their condition ends."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from sqlite_utils import Database

from checks.model import Notice, Reason


def add(db: Database, notice: Notice, key: str, seen_at: int) -> bool:
    """True where this is new: the same key is told once until `end` ends it."""
    cursor = db.conn.execute(
        "INSERT INTO notices (key, kind, account, at, reasons, seen_at)"
        " VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET at = excluded.at, reasons = excluded.reasons,"
        " seen_at = excluded.seen_at, routed = 0, over_at = NULL"
        " WHERE over_at IS NOT NULL",
        (
            *(key, notice.kind, notice.account, notice.at),
            *(json.dumps([asdict(reason) for reason in notice.reasons]), seen_at),
        ),
    )
    return cursor.rowcount > 0


def end(db: Database, key: str, at: int) -> bool:
    """True where the notice was still in force."""
    cursor = db.conn.execute(
        "UPDATE notices SET over_at = ? WHERE key = ? AND over_at IS NULL", (at, key)
    )
    return cursor.rowcount > 0


def take_unrouted(db: Database) -> dict[str, Notice]:
    """New notices by key, each given out once."""
    rows = db.conn.execute(
        "UPDATE notices SET routed = 1 WHERE NOT routed"
        " RETURNING key, kind, account, at, reasons"
    ).fetchall()
    return _by_key(rows)


def hold(db: Database, channel: str, keys: Iterable[str]) -> None:
    """Keeps notices for a channel that cannot be told yet."""
    db.conn.executemany(
        "INSERT OR IGNORE INTO held_notices (channel, key) VALUES (?, ?)",
        [(channel, key) for key in keys],
    )


def release(db: Database, channel: str) -> dict[str, Notice]:
    """What was kept for the channel, given out once."""
    rows = db.conn.execute(
        "SELECT key, kind, account, at, reasons FROM notices WHERE key IN"
        " (SELECT key FROM held_notices WHERE channel = ?)",
        (channel,),
    ).fetchall()
    if rows:
        db.conn.execute("DELETE FROM held_notices WHERE channel = ?", (channel,))
    return _by_key(rows)


def _by_key(rows: Iterable[Any]) -> dict[str, Notice]:
    return {row["key"]: _notice(row) for row in sorted(rows, key=lambda row: row["key"])}


def in_force(db: Database) -> dict[str, Notice]:
    """Lasting conditions that have not ended, by key; what happened once never does."""
    rows = db.conn.execute(
        "SELECT key, kind, account, at, reasons FROM notices WHERE over_at IS NULL"
        " AND kind NOT IN ('milestone', 'identity_change')"
    )
    return _by_key(rows)


def warnings(db: Database, account: str | None = None) -> list[Notice]:
    """Of those the grave ones about accounts, or about one: lost, or seen no more."""
    return [
        notice
        for notice in in_force(db).values()
        if notice.severity != "info"
        and notice.account is not None
        and account in (None, notice.account)
    ]


def since(db: Database, at: int, kind: str) -> list[Notice]:
    """Those of one kind that were seen since then, oldest first."""
    rows = db.conn.execute(
        "SELECT kind, account, at, reasons FROM notices WHERE seen_at >= ? AND kind = ?"
        " ORDER BY seen_at, key",
        (at, kind),
    )
    return [_notice(dict(row)) for row in rows]


def _notice(row: Mapping[str, Any]) -> Notice:
    return Notice(
        kind=row["kind"],
        account=row["account"],
        at=row["at"],
        reasons=tuple(Reason(**reason) for reason in json.loads(row["reasons"])),
    )


def listing(db: Database, since: int) -> list[Mapping[str, Any]]:
    """Rows seen since then, oldest first, with `reasons` as JSON."""
    rows = db.conn.execute(
        "SELECT * FROM notices WHERE seen_at >= ? ORDER BY seen_at, key", (since,)
    )
    return [dict(row) for row in rows]
