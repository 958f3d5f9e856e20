"""Incidents, their lives, waves, and the numbers each space knows them by."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from sqlite_utils import Database

from bot.storage import accounts
from bot.storage.incident_row import causes_of, from_row, text_of, to_row, visible
from checks.incident.decide import REMEMBERED
from checks.model import Direction, Incident, Update

MEMORY_DAYS = REMEMBERED // 86_400
"""How long a resolved incident can still be named by `decide`."""

Key = tuple[str, str, Direction, int]

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


class Change(NamedTuple):
    """An incident as it is now, and why nobody is told of it. `old` is what is stored of it,
    where the caller has read that in the same transaction."""

    incident: Incident
    silent: str | None = None
    old: Stored | None = None


def save(db: Database, changes: Sequence[Change], seen_at: int) -> list[Stored]:
    """Stores incidents under their identities; a revision grows when readers see a change.

    What was alerted keeps the time of that, also where past days are judged anew. Table by
    table, not one by one: a purge opens thousands at once.
    """
    known = stored(db, [each.incident for each in changes if each.old is None])
    changes = [each._replace(old=each.old or known.get(each.incident.key)) for each in changes]
    _save_waves(db, changes, seen_at)
    ids = _added(db, [each for each in changes if each.old is None], seen_at)
    saved, rows = [], []
    for incident, silent, old in changes:
        if old is None:
            saved.append(_new(ids[incident.key], incident, seen_at, silent))
            continue
        if old.incident.alerted_at is not None:
            incident = replace(incident, alerted_at=old.incident.alerted_at)
        row = to_row(incident)
        seen = visible(row) != visible(to_row(old.incident)) or silent != old.silent
        revision = old.revision + seen
        saved.append(replace(old, incident=incident, revision=revision, silent=silent))
        rows.append(row | {"silent": silent, "revision": revision, "id": old.id})
    if rows:
        columns = ", ".join(f"{name} = :{name}" for name in rows[0])
        db.conn.executemany(f"UPDATE incidents SET {columns} WHERE id = :id", rows)
    _save_updates(
        db,
        [
            one
            for one, each in zip(saved, changes, strict=True)
            if each.old is None or one.incident.updates != each.old.incident.updates
        ],
    )
    return saved


def _added(db: Database, changes: Sequence[Change], seen_at: int) -> dict[Key, int]:
    """Adds incidents that are not stored yet; the id of each."""
    if not changes:
        return {}
    own = accounts.ensure(db, [each.incident.account for each in changes], None, seen_at)
    (free,) = db.conn.execute("SELECT coalesce(max(id), 0) + 1 FROM incidents").fetchone()
    rows = [
        to_row(incident)
        | {"id": id, "account": own[incident.account], "seen_at": seen_at, "silent": silent}
        for id, (incident, silent, _) in enumerate(changes, free)
    ]
    names, holes = ", ".join(rows[0]), ", ".join(f":{name}" for name in rows[0])
    db.conn.executemany(f"INSERT INTO incidents ({names}) VALUES ({holes})", rows)
    return {each.incident.key: row["id"] for each, row in zip(changes, rows, strict=True)}


def _new(id: int, incident: Incident, seen_at: int, silent: str | None) -> Stored:
    return Stored(
        id=id,
        incident=incident,
        seen_at=seen_at,
        revision=1,
        silent=silent,
        acknowledged_by=None,
        acknowledged_at=None,
    )


def get(db: Database, id: int) -> Stored:
    found = _load(db, "incidents.id = ?", (id,))
    if not found:
        raise LookupError(f"no incident has the id {id}")
    return found[0]


def of_ids(db: Database, ids: Iterable[int]) -> dict[int, Stored]:
    """Those of some ids, in one look."""
    found = _load(
        db, "incidents.id IN (SELECT value FROM json_each(?))", (json.dumps(sorted(ids)),)
    )
    return {one.id: one for one in found}


def stored(db: Database, incidents: Sequence[Incident]) -> dict[Key, Stored]:
    """What is stored under the identities of these incidents."""
    if not incidents:
        return {}
    found = _load(
        db,
        "incidents.id IN (SELECT incidents.id FROM json_each(?) AS asked"
        " JOIN accounts ON accounts.account = json_extract(asked.value, '$[0]')"
        " JOIN incidents ON incidents.account = accounts.id"
        " AND metric = json_extract(asked.value, '$[1]')"
        " AND direction = json_extract(asked.value, '$[2]')"
        " AND opened_at = json_extract(asked.value, '$[3]'))",
        (json.dumps([one.key for one in incidents]),),
    )
    return {one.incident.key: one for one in found}


_RECENT = (
    "(resolved_at IS NULL OR max(opened_at, last_finding_at, resolved_at) > ?)"
    " AND opened_at <= ?"
)


def recent(db: Database, oldest: int, newest: int, *, lakes: bool = False) -> list[Stored]:
    """What `decide` may touch at judged times in between: open incidents and those that ended
    less than MEMORY_DAYS before, of accounts that lakes gave or of all others."""
    return _load(
        db,
        f"{_RECENT} AND {_of(lakes)}",
        (oldest - MEMORY_DAYS * 86400, newest),
    )


def _of(lakes: bool) -> str:
    return f"{'' if lakes else 'NOT '}{accounts.of_lake('accounts.source')}"


def accounts_of_recent(
    db: Database, oldest: int, newest: int, *, lakes: bool = False
) -> frozenset[str]:
    """The accounts that `recent` gives incidents of."""
    rows = db.conn.execute(
        f"SELECT DISTINCT accounts.account FROM incidents"
        f" JOIN accounts ON accounts.id = incidents.account WHERE {_RECENT} AND {_of(lakes)}",
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
    tags = accounts.words_by_account(db, {one.incident.account for one in found})
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
    return numbers(db, space, [incident])[incident]


def numbers(db: Database, space: str, asked: Sequence[int]) -> dict[int, int]:
    """The numbers of several incidents, new ones given in the order asked."""
    rows = db.conn.execute(
        "SELECT incident, number FROM incident_numbers WHERE space = ?"
        " AND incident IN (SELECT value FROM json_each(?))",
        (space, json.dumps(asked)),
    )
    known: dict[int, int] = dict(rows.fetchall())
    (free,) = db.conn.execute(
        "SELECT coalesce(max(number), 0) + 1 FROM incident_numbers WHERE space = ?", (space,)
    ).fetchone()
    fresh = dict.fromkeys(incident for incident in asked if incident not in known)
    given = {incident: number for number, incident in enumerate(fresh, free)}
    db.conn.executemany(
        "INSERT INTO incident_numbers (space, number, incident) VALUES (?, ?, ?)",
        [(space, number, incident) for incident, number in given.items()],
    )
    return known | given


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


def _save_waves(db: Database, changes: Sequence[Change], seen_at: int) -> None:
    """Each wave once, as its first member began."""
    begun: dict[str, int] = {}
    for incident, _, old in changes:
        if incident.wave is not None and (old is None or incident.wave != old.incident.wave):
            begun.setdefault(incident.wave, incident.opened_at)
    db.conn.executemany(
        "INSERT OR IGNORE INTO waves (id, started, seen_at) VALUES (?, ?, ?)",
        [(wave, started, seen_at) for wave, started in begun.items()],
    )


def _save_updates(db: Database, saved: Sequence[Stored]) -> None:
    """All steps of these incidents in place of what is stored of them."""
    db.conn.executemany(
        "DELETE FROM incident_updates WHERE incident = ? AND position >= ?",
        [(one.id, len(one.incident.updates)) for one in saved],
    )
    db.conn.executemany(
        "INSERT OR REPLACE INTO incident_updates"
        " (incident, position, at, state, kind, severity, confidence, causes)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                *(one.id, n, update.at, update.state, update.kind, update.severity),
                *(update.confidence, text_of(update.causes)),
            )
            for one in saved
            for n, update in enumerate(one.incident.updates)
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
