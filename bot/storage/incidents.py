"""Incidents, their lives, waves, and the numbers each space knows them by."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sqlite_utils import Database

from bot.storage import accounts
from bot.storage.incident_row import causes_of, from_row, to_row, visible
from bot.storage.rows import insert
from checks.incident.decide import REMEMBERED
from checks.model import Incident, Update

MEMORY_DAYS = REMEMBERED // 86_400
"""How long a resolved incident can still be named by `decide`."""

Feedback = Literal["expected", "false", "useful"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An incident and what the service knows of it beyond `checks`.

    `seen_at` is the poll or import that showed it, `revision` counts what readers can see,
    `silent` says why nobody was told: older, first or returned.
    """

    id: int
    incident: Incident
    seen_at: int
    revision: int
    silent: str | None
    acknowledged_by: str | None
    acknowledged_at: int | None


def save(
    db: Database,
    incident: Incident,
    seen_at: int,
    silent: str | None = None,
    *,
    old: Stored | None = None,
) -> Stored:
    """Stores an incident under its identity; the revision grows when readers see a change.

    Once alerted it keeps the time of that, also where past days are judged anew. `old` is what
    is stored of it, where the caller has read that in the same transaction.
    """
    old = old or find(db, incident)
    if incident.wave is not None and (old is None or old.incident.wave != incident.wave):
        _wave(db, incident.wave, incident.opened_at, seen_at)
    if old is None:
        # most accounts are known as they are written: a purge opens thousands at once
        known = db.conn.execute(
            "SELECT id FROM accounts WHERE account = ?", (incident.account,)
        ).fetchone()
        account = (
            known[0]
            if known
            else accounts.ensure(db, [incident.account], None, seen_at)[incident.account]
        )
        row = to_row(incident) | {"account": account, "seen_at": seen_at, "silent": silent}
        id = insert(db, "incidents", row)
        _save_updates(db, id, incident.updates)
        return get(db, id)
    if old.incident.alerted_at is not None:
        incident = replace(incident, alerted_at=old.incident.alerted_at)
    row = to_row(incident)
    seen = visible(row) != visible(to_row(old.incident)) or silent != old.silent
    revision = old.revision + seen
    row |= {"silent": silent, "revision": revision}
    db.conn.execute(
        f"UPDATE incidents SET {', '.join(f'{name} = ?' for name in row)} WHERE id = ?",
        (*row.values(), old.id),
    )
    if incident.updates != old.incident.updates:
        _save_updates(db, old.id, incident.updates)
    return replace(old, incident=incident, revision=revision, silent=silent)


def get(db: Database, id: int) -> Stored:
    found = _load(db, "incidents.id = ?", (id,))
    if not found:
        raise LookupError(f"no incident has the id {id}")
    return found[0]


def find(db: Database, incident: Incident) -> Stored | None:
    """The stored incident with this one's identity."""
    found = db.conn.execute(
        "SELECT incidents.id FROM incidents JOIN accounts ON accounts.id = incidents.account"
        " WHERE accounts.account = ? AND metric = ? AND direction = ? AND opened_at = ?",
        incident.key,
    ).fetchone()
    return get(db, found[0]) if found else None


_RECENT = (
    "(resolved_at IS NULL OR max(opened_at, last_finding_at, resolved_at) > ?)"
    " AND opened_at <= ?"
)


def recent(db: Database, oldest: int, newest: int) -> list[Stored]:
    """What `decide` may touch at judged times in between: open incidents and those that ended
    less than MEMORY_DAYS before."""
    return _load(
        db,
        _RECENT,
        (oldest - MEMORY_DAYS * 86400, newest),
    )


def accounts_of_recent(db: Database, oldest: int, newest: int) -> frozenset[str]:
    """The accounts that `recent` gives incidents of."""
    rows = db.conn.execute(
        f"SELECT DISTINCT accounts.account FROM incidents"
        f" JOIN accounts ON accounts.id = incidents.account WHERE {_RECENT}",
        (oldest - MEMORY_DAYS * 86400, newest),
    )
    return frozenset(account for (account,) in rows)


def listing(
    db: Database,
    patterns: Sequence[str] = ("*",),
    *,
    open_only: bool = False,
    account: str | None = None,
    since: int | None = None,
    limit: int | None = None,
) -> list[Stored]:
    """Incidents that alerted, on accounts that the patterns allow, newest first."""
    where = ["alerted_at IS NOT NULL"]
    values: list[object] = []
    if open_only:
        where.append("resolved_at IS NULL")
    if account is not None:
        where.append("accounts.account = ?")
        values.append(account)
    if since is not None:
        where.append("last_finding_at >= ?")
        values.append(since)
    found = _load(db, " AND ".join(where), values, "opened_at DESC, incidents.id DESC")
    tags = accounts.tags_by_account(db, {one.incident.account for one in found})
    found = [
        one
        for one in found
        if accounts.matches(patterns, one.incident.account, tags[one.incident.account])
    ]
    return found[:limit]


def of_wave(db: Database, wave: str) -> list[Stored]:
    """All members, also those below their own floor."""
    return _load(db, "wave = ?", (wave,))


def number(db: Database, space: str, incident: int) -> int:
    """The incident's number in a space, given at the first asking."""
    row = db.conn.execute(
        "SELECT number FROM incident_numbers WHERE space = ? AND incident = ?",
        (space, incident),
    ).fetchone()
    if row is not None:
        return int(row[0])
    (free,) = db.conn.execute(
        "SELECT coalesce(max(number), 0) + 1 FROM incident_numbers WHERE space = ?", (space,)
    ).fetchone()
    db.conn.execute(
        "INSERT INTO incident_numbers (space, number, incident) VALUES (?, ?, ?)",
        (space, free, incident),
    )
    return int(free)


def by_number(db: Database, space: str, number: int) -> Stored | None:
    row = db.conn.execute(
        "SELECT incident FROM incident_numbers WHERE space = ? AND number = ?",
        (space, number),
    ).fetchone()
    return None if row is None else get(db, row[0])


def acknowledge(db: Database, id: int, by: str, at: int) -> bool:
    """True where nobody had done so before; readers see it as a new revision."""
    cursor = db.conn.execute(
        "UPDATE incidents SET acknowledged_by = ?, acknowledged_at = ?, revision = revision + 1"
        " WHERE id = ? AND acknowledged_by IS NULL",
        (by, at, id),
    )
    return cursor.rowcount > 0


def give_feedback(db: Database, id: int, kind: Feedback, space: str, by: str, at: int) -> None:
    """A space's latest word on an incident replaces its earlier one."""
    db.conn.execute("DELETE FROM feedback WHERE incident = ? AND space = ?", (id, space))
    db.conn.execute(
        "INSERT INTO feedback (incident, account, kind, space, by, at)"
        " SELECT id, account, ?, ?, ?, ? FROM incidents WHERE id = ?",
        (kind, space, by, at, id),
    )


def feedback_on(db: Database, id: int) -> list[tuple[Feedback, str, str, int]]:
    """(kind, space, by, at) of one incident, oldest first."""
    rows = db.conn.execute(
        "SELECT kind, space, by, at FROM feedback WHERE incident = ? ORDER BY at", (id,)
    )
    return [tuple(row) for row in rows]


def feedback_by_account(db: Database) -> dict[str, list[tuple[Feedback, int]]]:
    """(kind, at) of all accounts that have any, oldest first."""
    told: dict[str, list[tuple[Feedback, int]]] = {}
    for account, kind, at in db.conn.execute(
        "SELECT accounts.account, feedback.kind, feedback.at FROM feedback"
        " JOIN accounts ON accounts.id = feedback.account ORDER BY feedback.at, feedback.id"
    ):
        told.setdefault(account, []).append((kind, at))
    return told


def _wave(db: Database, id: str, started: int, seen_at: int) -> None:
    db.conn.execute(
        "INSERT OR IGNORE INTO waves (id, started, seen_at) VALUES (?, ?, ?)",
        (id, started, seen_at),
    )


def _save_updates(db: Database, id: int, updates: Sequence[Update]) -> None:
    db.conn.execute(
        "DELETE FROM incident_updates WHERE incident = ? AND position >= ?", (id, len(updates))
    )
    db.conn.executemany(
        "INSERT OR REPLACE INTO incident_updates"
        " (incident, position, at, state, kind, severity, confidence, causes)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                *(id, n, update.at, update.state, update.kind, update.severity),
                *(update.confidence, json.dumps(update.causes)),
            )
            for n, update in enumerate(updates)
        ],
    )


def _load(
    db: Database, where: str, values: Sequence[object], order: str = "opened_at, incidents.id"
) -> list[Stored]:
    rows = db.conn.execute(
        "SELECT incidents.*, accounts.account AS name FROM incidents"
        f" JOIN accounts ON accounts.id = incidents.account WHERE {where} ORDER BY {order}",
        tuple(values),
    ).fetchall()
    updates: dict[int, list[Update]] = {}
    for update in db.conn.execute(
        "SELECT * FROM incident_updates WHERE incident IN (SELECT value FROM json_each(?))"
        " ORDER BY incident, position",
        (json.dumps([row["id"] for row in rows]),),
    ):
        updates.setdefault(update["incident"], []).append(
            Update(
                at=update["at"],
                state=update["state"],
                kind=update["kind"],
                severity=update["severity"],
                confidence=update["confidence"],
                causes=causes_of(update["causes"]),
            )
        )
    return [
        Stored(
            id=row["id"],
            incident=from_row(row, tuple(updates.get(row["id"], ()))),
            seen_at=row["seen_at"],
            revision=row["revision"],
            silent=row["silent"],
            acknowledged_by=row["acknowledged_by"],
            acknowledged_at=row["acknowledged_at"],
        )
        for row in rows
    ]
