"""The living messages of channels, what each shows, and what waits to be told."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlite_utils import Database

from bot.storage.rows import insert

AlertKind = Literal["incident", "wave", "digest"]
DigestReason = Literal["many", "quiet", "import", "catch_up"]
Stage = Literal["new", "waiting", "out"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRow:
    """One message that lives in a channel.

    `members` are the incidents it shows, `shown` the text of its newest `revision`. A long
    digest goes on in rows of their own that name it in `part_of` and have no members.
    """

    id: int
    channel: str
    kind: AlertKind
    reason: DigestReason | None
    wave: str | None
    part_of: int | None
    part: int
    older: int
    since: int | None
    created: int
    ref: str | None
    revision: int
    shown: str | None
    members: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Why and since when a channel has not been told: mute, quiet, disabled or unlinked."""

    reason: str
    since: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """An incident as a message shows it; `mentioned` where it has pinged."""

    incident: int
    revision: int
    mentioned: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAlert:
    """A message to be; `older` and `since` are what a digest says beside its members."""

    channel: str
    kind: AlertKind
    now: int
    members: tuple[int, ...] = ()
    wave: str | None = None
    reason: DigestReason | None = None
    older: int = 0
    since: int | None = None


def add(db: Database, new: NewAlert) -> AlertRow:
    """A new message; what its members were told by another one moves to it."""
    row = {"channel": new.channel, "kind": new.kind, "reason": new.reason, "wave": new.wave}
    id = insert(
        db, "alerts", row | {"older": new.older, "since": new.since, "created": new.now}
    )
    db.conn.executemany(
        "INSERT INTO alert_members (alert, incident, channel, revision) VALUES (?, ?, ?, 0)"
        " ON CONFLICT DO UPDATE SET alert = excluded.alert",
        [(id, incident, new.channel) for incident in new.members],
    )
    return get(db, id)


def get(db: Database, id: int) -> AlertRow:
    return _load(db, "alerts.id = ?", (id,))[0]


def told(db: Database, channel: str, incidents: Collection[int]) -> dict[int, int]:
    """Which message of the channel shows each incident; untold ones are left out."""
    rows = db.conn.execute(
        "SELECT incident, alert FROM alert_members WHERE channel = ?"
        " AND incident IN (SELECT value FROM json_each(?))",
        (channel, json.dumps(sorted(incidents))),
    )
    return {row[0]: row[1] for row in rows}


def of_wave(db: Database, channel: str, wave: str) -> AlertRow | None:
    found = _load(db, "channel = ? AND wave = ?", (channel, wave))
    return found[0] if found else None


def show(db: Database, row: AlertRow, text: str, members: Sequence[Member]) -> int | None:
    """Notes what the message now says; gives the revision, None where nothing changed."""
    db.conn.executemany(
        "INSERT INTO alert_members (alert, incident, channel, revision, mentioned)"
        " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET revision = excluded.revision,"
        " mentioned = max(mentioned, excluded.mentioned)",
        [(row.id, one.incident, row.channel, one.revision, one.mentioned) for one in members],
    )
    if text == row.shown:
        return None
    revision = row.revision if row.shown is None else row.revision + 1
    db.conn.execute(
        "UPDATE alerts SET shown = ?, revision = ? WHERE id = ?", (text, revision, row.id)
    )
    return revision


def part(db: Database, row: AlertRow, number: int, now: int) -> int:
    """The row that carries the n-th message of a digest; 0 is the digest itself."""
    if number == 0:
        return row.id
    found = db.conn.execute(
        "SELECT id FROM alerts WHERE part_of = ? AND part = ?", (row.id, number)
    ).fetchone()
    if found is not None:
        return int(found[0])
    part = {"channel": row.channel, "kind": row.kind, "part_of": row.id, "part": number}
    return insert(db, "alerts", part | {"created": now})


def stage(db: Database, id: int) -> Stage:
    """Whether the message is new, waits untried in the outbox, or may have gone out."""
    (ref,) = db.conn.execute("SELECT ref FROM alerts WHERE id = ?", (id,)).fetchone()
    if ref is not None:
        return "out"
    post = db.conn.execute(
        "SELECT state, attempts FROM deliveries WHERE alert = ? AND kind = 'alert'"
        " AND action = 'post' AND state NOT IN ('folded', 'damaged')",
        (id,),
    ).fetchone()
    if post is None:
        return "new"
    return "waiting" if tuple(post) == ("queued", 0) else "out"


def mentioned(db: Database, channel: str, incidents: Collection[int]) -> set[int]:
    """Which of the incidents have pinged this channel already."""
    rows = db.conn.execute(
        "SELECT incident FROM alert_members WHERE channel = ? AND mentioned"
        " AND incident IN (SELECT value FROM json_each(?))",
        (channel, json.dumps(sorted(incidents))),
    )
    return {incident for (incident,) in rows}


def to_remind(db: Database, channel: str, now: int, every: int) -> list[AlertRow]:
    """Messages silent for `every` that show an open, unacknowledged critical incident."""
    return _load(
        db,
        "channel = ? AND part_of IS NULL AND ? - coalesce(reminded_at, created) >= ?"
        " AND EXISTS (SELECT 1 FROM alert_members JOIN incidents"
        "  ON incidents.id = alert_members.incident WHERE alert = alerts.id"
        "  AND resolved_at IS NULL AND severity = 'critical' AND acknowledged_by IS NULL)",
        (channel, now, every),
    )


def reminded(db: Database, id: int, now: int) -> None:
    db.conn.execute("UPDATE alerts SET reminded_at = ? WHERE id = ?", (now, id))


def hold(db: Database, channel: str, incident: int, reason: str, now: int) -> None:
    """Keeps the first time and the newest reason."""
    db.conn.execute(
        "INSERT INTO held (channel, incident, reason, since) VALUES (?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET reason = excluded.reason",
        (channel, incident, reason, now),
    )


def release(db: Database, channel: str, incident: int) -> None:
    db.conn.execute("DELETE FROM held WHERE channel = ? AND incident = ?", (channel, incident))


def held(db: Database, channel: str) -> dict[int, Held]:
    rows = db.conn.execute(
        "SELECT incident, reason, since FROM held WHERE channel = ? ORDER BY incident",
        (channel,),
    )
    return {incident: Held(reason=reason, since=since) for incident, reason, since in rows}


def unsent(db: Database, channel: str) -> list[AlertRow]:
    """Messages that surely never went out and wait in the outbox, with all their parts."""
    return _load(
        db,
        "channel = ? AND ref IS NULL AND EXISTS (SELECT 1 FROM deliveries"
        " WHERE deliveries.alert = alerts.id AND action = 'post' AND kind = 'alert'"
        " AND state = 'queued' AND unconfirmed = 0)",
        (channel,),
    )


def overdue(db: Database, channel: str, before: int) -> bool:
    """Whether alerts wait since before then that a catch-up message should gather."""
    rows = unsent(db, channel)
    if all((row.since or row.created) >= before for row in rows):
        return False
    return len(rows) > 1 or rows[0].reason != "catch_up"


def _load(db: Database, where: str, values: Sequence[object]) -> list[AlertRow]:
    rows = db.conn.execute(
        "SELECT *, (SELECT json_group_array(incident) FROM alert_members"
        f" WHERE alert = alerts.id) AS members FROM alerts WHERE {where} ORDER BY id",
        tuple(values),
    )
    return [_row(row) for row in rows.fetchall()]


def _row(row: Mapping[str, Any]) -> AlertRow:
    value = {name: row[name] for name in AlertRow.__slots__}
    value["members"] = tuple(sorted(json.loads(row["members"])))
    return AlertRow(**value)
