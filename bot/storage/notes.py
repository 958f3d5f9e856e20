"""What people and checks noted beside incidents: events, goals, notices, the audit trail."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from sqlite_utils import Database

from bot.storage.rows import insert
from checks.model import Event, Notice, Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class NotedEvent:
    """`space` is None where every space sees it (from the config)."""

    id: int
    event: Event
    space: str | None
    origin: Literal["config", "chat"]
    by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """`by_date` is an ISO date; `space` is "" where every space sees it."""

    account: str
    followers: int
    by_date: str
    space: str = ""
    origin: Literal["config", "chat"] = "chat"
    by: str | None = None
    at: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """One line of the audit trail: who did what, where."""

    at: int
    space: str | None
    channel: str | None
    user: str
    name: str
    action: str
    detail: str = ""


def add_event(db: Database, event: Event, *, space: str | None, by: str, at: int) -> int:
    return _insert_event(db, event, space, "chat", by, at)


def configure_events(db: Database, events: Sequence[Event], at: int) -> None:
    """Makes the config's events hold; those added in chat stay."""
    db.conn.execute("DELETE FROM events WHERE origin = 'config'")
    for event in events:
        _insert_event(db, event, None, "config", None, at)


def _insert_event(
    db: Database, event: Event, space: str | None, origin: str, by: str | None, at: int
) -> int:
    row = {**asdict(event), "space": space, "origin": origin, "by": by, "at": at}
    row["stop"] = row.pop("end")
    return insert(db, "events", row)


def remove_event(db: Database, id: int, space: str | None = None) -> bool:
    """Only what a space added itself can be removed by it."""
    cursor = db.conn.execute(
        "DELETE FROM events WHERE id = ?1 AND origin = 'chat' AND (?2 IS NULL OR space = ?2)",
        (id, space),
    )
    return cursor.rowcount > 0


def events(db: Database, space: str | None = None) -> list[NotedEvent]:
    """By start; with `space` only those that it sees."""
    rows = db.conn.execute(
        "SELECT * FROM events WHERE ?1 IS NULL OR space IS NULL OR space = ?1"
        " ORDER BY start, id",
        (space,),
    )
    return [
        NotedEvent(
            id=row["id"],
            event=Event(
                name=row["name"],
                kind=row["kind"],
                start=row["start"],
                end=row["stop"],
                platform=row["platform"],
                account=row["account"],
            ),
            space=row["space"],
            origin=row["origin"],
            by=row["by"],
        )
        for row in rows
    ]


def set_goal(db: Database, goal: Goal) -> None:
    """One goal per account and space: a new one replaces the old."""
    insert(db, "goals", asdict(goal), replace=True)


def configure_goals(db: Database, goals: Sequence[Goal], at: int) -> None:
    db.conn.execute("DELETE FROM goals WHERE origin = 'config'")
    for goal in goals:
        set_goal(db, replace(goal, origin="config", space="", at=at))


def remove_goal(db: Database, account: str, space: str) -> bool:
    cursor = db.conn.execute(
        "DELETE FROM goals WHERE account = ? AND space = ?", (account, space)
    )
    return cursor.rowcount > 0


def goals(db: Database, space: str | None = None) -> list[Goal]:
    rows = db.conn.execute(
        "SELECT * FROM goals WHERE ?1 IS NULL OR space IN ('', ?1) ORDER BY by_date, account",
        (space,),
    )
    return [Goal(**dict(row)) for row in rows]


def note(db: Database, notice: Notice, key: str, seen_at: int) -> bool:
    """True where this is new: the same key is told once until `over` ends it."""
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


def over(db: Database, key: str, at: int) -> bool:
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
    return {
        row["key"]: Notice(
            kind=row["kind"],
            account=row["account"],
            at=row["at"],
            reasons=tuple(Reason(**reason) for reason in json.loads(row["reasons"])),
        )
        for row in sorted(rows, key=lambda row: row["key"])
    }


def in_force(db: Database) -> set[str]:
    """Keys of lasting conditions that have not ended; milestones never do."""
    rows = db.conn.execute(
        "SELECT key FROM notices WHERE over_at IS NULL AND kind <> 'milestone'"
    )
    return {key for (key,) in rows}


def notices(db: Database, since: int) -> list[Mapping[str, Any]]:
    """Rows seen since then, oldest first, with `reasons` as JSON."""
    rows = db.conn.execute(
        "SELECT * FROM notices WHERE seen_at >= ? ORDER BY seen_at, key", (since,)
    )
    return [dict(row) for row in rows]


def write_down(db: Database, done: Done) -> None:
    """Adds one line to the audit trail."""
    insert(db, "audit", asdict(done))


def audit(db: Database, space: str | None = None, limit: int = 100) -> list[Done]:
    """Newest first."""
    rows = db.conn.execute(
        "SELECT at, space, channel, user, name, action, detail FROM audit"
        " WHERE ?1 IS NULL OR space = ?1 ORDER BY id DESC LIMIT ?2",
        (space, limit),
    )
    return [Done(**dict(row)) for row in rows]


def setting(db: Database, key: str) -> Any:
    """None where it was never set."""
    row = db.conn.execute("SELECT value FROM settings WHERE key = ?", (key,)).fetchone()
    return None if row is None else json.loads(row[0])


def set_setting(db: Database, key: str, value: Any) -> None:
    db.conn.execute(
        "INSERT OR REPLACE INTO settings (key, value) VALUES (?, ?)", (key, json.dumps(value))
    )
