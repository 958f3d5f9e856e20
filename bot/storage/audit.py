"""The audit trail: who changed what."""

from dataclasses import asdict, dataclass

from sqlite_utils import Database

from bot.storage.rows import insert


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One line of the audit trail: who did what, where."""

    at: int
    space: str | None
    channel: str | None
    user: str
    name: str
    action: str
    detail: str = ""


def add(db: Database, entry: AuditEntry) -> None:
    """Adds one line to the audit trail."""
    insert(db, "audit", asdict(entry))


def listing(db: Database, space: str | None = None, limit: int = 100) -> list[AuditEntry]:
    """Newest first."""
    rows = db.conn.execute(
        "SELECT at, space, channel, user, name, action, detail FROM audit"
        " WHERE ?1 IS NULL OR space = ?1 ORDER BY id DESC LIMIT ?2",
        (space, limit),
    )
    return [AuditEntry(**dict(row)) for row in rows]
