"""Dated things that the team knows of."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from sqlite_utils import Database

from bot.storage.rows import insert
from checks.model import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class NotedEvent:
    """`space` is None where every space sees it (from the config)."""

    id: int
    event: Event
    space: str | None
    origin: Literal["config", "chat"]
    by: str | None


def add(db: Database, event: Event, *, space: str | None, by: str, at: int) -> int:
    return _insert(db, event, space, "chat", by, at)


def configure(db: Database, events: Sequence[Event], at: int) -> None:
    """Makes the config's events hold; those added in chat stay."""
    db.conn.execute("DELETE FROM events WHERE origin = 'config'")
    for event in events:
        _insert(db, event, None, "config", None, at)


def _insert(
    db: Database, event: Event, space: str | None, origin: str, by: str | None, at: int
) -> int:
    row = {**asdict(event), "space": space, "origin": origin, "by": by, "at": at}
    row["stop"] = row.pop("end")
    return insert(db, "events", row)


def remove(db: Database, id: int, space: str | None = None) -> bool:
    """Only what a space added itself can be removed by it."""
    cursor = db.conn.execute(
        "DELETE FROM events WHERE id = ?1 AND origin = 'chat' AND (?2 IS NULL OR space = ?2)",
        (id, space),
    )
    return cursor.rowcount > 0


def listing(db: Database, space: str | None = None) -> list[NotedEvent]:
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
