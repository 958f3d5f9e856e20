"""What waits for a channel: queued with its cause, claimed, sent, settled."""

import secrets
import string
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Literal

from sqlite_utils import Database

from bot.model.chat import Delivery
from bot.model.message import Message
from bot.storage.restoring import told_since
from checks.model import SEVERITIES, Severity

DeliveryKind = Literal[
    "alert", "history", "mention", "notice", "summary", "reminder", "operator", "test"
]

_DAMAGED = (ValueError, TypeError, KeyError, AttributeError)
"""What reading a message from a damaged row raises."""

_LETTERS = string.ascii_lowercase + string.digits


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A delivery that this process alone may send until it settles it.

    `unconfirmed` means that an earlier attempt may have arrived: look before repeating.
    """

    position: int
    delivery: Delivery
    kind: DeliveryKind
    alert: int | None
    revision: int | None
    unconfirmed: bool
    created: int

    @property
    def told_before(self) -> bool:
        """Whether an alert's message that is found may be older than this delivery: it is of
        the time before a restore."""
        first = self.delivery.first_attempt_at
        fresh = self.kind == "alert" and self.delivery.action == "post"
        return fresh and first is not None and first < self.created


@dataclass(frozen=True, slots=True)
class Damaged:
    """A delivery that nobody can read; it was set aside for good."""

    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How much stands in a channel's queue, for `outbox`, /healthz and the operator."""

    channel: str
    deliveries: int
    oldest: int
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """A delivery as it enters the outbox, not to be sent before `due`.

    `meaning` says what is told, whatever rows this database has: the id follows from it, so
    that a message which a restored backup does not know of is found in its channel.
    """

    key: str
    channel: str
    space: str
    kind: DeliveryKind
    message: Message
    now: float
    action: Literal["post", "edit", "reply"] = "post"
    severity: Severity = "info"
    alert: int | None = None
    revision: int | None = None
    due: float | None = None
    silent: bool = False
    meaning: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Who tries when: `now` by the calendar, `at` in real time, `lease` in seconds from
    `monotonic` on."""

    owner: str
    now: float
    at: float
    monotonic: float
    lease: float


def queue(db: Database, new: Queued) -> bool:
    """Adds one delivery; False where its key was queued before."""
    since = told_since(db, new.now) if new.action != "edit" else None
    cursor = db.conn.execute(
        "INSERT OR IGNORE INTO deliveries (id, key, channel, space, kind, alert, revision,"
        " action, severity, message, silent, created, due, unconfirmed, first_attempt_at,"
        " last_attempt_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(_id_of(db, new.channel, new.meaning), new.key, new.channel, new.space, new.kind),
            *(new.alert, new.revision, new.action, SEVERITIES.index(new.severity)),
            *(new.message.to_json(), new.silent, int(new.now)),
            int(new.now if new.due is None else new.due),
            *(int(since is not None), since, None if since is None else new.now),
        ),
    )
    return cursor.rowcount > 0


def _id_of(db: Database, channel: str, meaning: str | None) -> str:
    """16 characters that no other delivery of any database has but one that says the same."""
    if meaning is not None:
        digest = blake2b(f"{channel}\0{meaning}".encode("utf-8", "replace"), digest_size=16)
        number, letters = int.from_bytes(digest.digest()), ""
        for _ in range(16):
            number, place = divmod(number, len(_LETTERS))
            letters += _LETTERS[place]
        taken = db.conn.execute("SELECT 1 FROM deliveries WHERE id = ?", (letters,)).fetchone()
        if taken is None:
            return letters
    return new_id()


def new_id() -> str:
    """16 characters that no other delivery of any database has."""
    return "".join(secrets.choice(_LETTERS) for _ in range(16))


def replace_waiting(
    db: Database,
    alert: int,
    *,
    key: str,
    message: Message,
    revision: int,
    severity: Severity,
) -> bool:
    """Gives the newest revision to a message of the alert that nobody has tried to send yet.

    An edit may change also after a failed attempt: repeating one is harmless. Replies keep
    their own text.
    """
    cursor = db.conn.execute(
        "UPDATE deliveries SET message = ?, revision = ?, key = ?, severity = max(severity, ?)"
        " WHERE position = (SELECT max(position) FROM deliveries WHERE alert = ?"
        " AND state = 'queued' AND kind = 'alert' AND (attempts = 0 OR action = 'edit'))",
        (message.to_json(), revision, key, SEVERITIES.index(severity), alert),
    )
    return cursor.rowcount > 0


def channels_waiting(db: Database, now: float) -> list[str]:
    """Enabled channels with something due, those with the worst first."""
    rows = db.conn.execute(
        "SELECT deliveries.channel FROM deliveries"
        " JOIN channels ON channels.channel = deliveries.channel AND disabled IS NULL"
        " WHERE state IN ('queued', 'claimed') AND due <= ?"
        " GROUP BY deliveries.channel ORDER BY max(severity) DESC, min(position)",
        (now,),
    )
    return [channel for (channel,) in rows]


def claim(db: Database, channel: str, attempt: Attempt) -> Claimed | Damaged | None:
    """Takes the channel's next delivery: worst first, in order, an alert's own in order; before
    all what was tried and may have arrived.

    The attempt is noted before it is made, so that a crash leaves its trace: from here on the
    message may have arrived. None where nothing is due or another delivery
    of the channel is on its way; one of our own whose lease ran out is taken back.
    """
    db.conn.execute(
        "UPDATE deliveries SET state = 'queued', claimed_by = NULL, lease = NULL"
        " WHERE channel = ? AND state = 'claimed' AND claimed_by = ? AND lease < ?",
        (channel, attempt.owner, attempt.monotonic),
    )
    row = db.conn.execute(
        "UPDATE deliveries SET state = 'claimed', claimed_by = ?1, lease = ?2,"
        " attempts = attempts + 1, unconfirmed = unconfirmed + 1,"
        " first_attempt_at = coalesce(first_attempt_at, ?5), last_attempt_at = ?5"
        " WHERE position = (SELECT position FROM deliveries AS mine WHERE channel = ?3"
        " AND state = 'queued' AND due <= ?4"
        " AND (action = 'post' OR (SELECT ref FROM alerts WHERE id = mine.alert) IS NOT NULL)"
        " AND NOT EXISTS (SELECT 1 FROM deliveries AS earlier WHERE earlier.alert = mine.alert"
        "  AND earlier.position < mine.position AND earlier.state IN ('queued', 'claimed'))"
        " AND NOT EXISTS (SELECT 1 FROM deliveries AS other WHERE other.channel = ?3"
        "  AND other.state = 'claimed')"
        " ORDER BY unconfirmed AND attempts DESC, severity DESC, position LIMIT 1) RETURNING *",
        (
            *(attempt.owner, attempt.monotonic + attempt.lease),
            *(channel, attempt.now, attempt.at),
        ),
    ).fetchone()
    if row is None:
        return None
    try:
        return _claimed(db, row)
    except _DAMAGED as error:
        said = f"its row in the database is damaged ({type(error).__name__})"
        _settle(db, row["position"], "damaged", attempt.now, said)
        _post_instead(db, row["alert"])
        return Damaged(row["position"])


def _post_instead(db: Database, alert: int | None) -> None:
    """The first edit that waits for a message that never came becomes that message."""
    db.conn.execute(
        "UPDATE deliveries SET action = 'post' WHERE position = (SELECT min(position)"
        " FROM deliveries WHERE alert = ? AND state = 'queued' AND action = 'edit')"
        " AND (SELECT ref FROM alerts WHERE id = alert) IS NULL",
        (alert,),
    )


def sent(db: Database, claimed: Claimed, ref: str, at: float) -> None:
    """Settles a delivery that arrived; the first message's `ref` becomes the alert's."""
    _settle(db, claimed.position, "sent", at, None)
    db.conn.execute("UPDATE deliveries SET ref = ? WHERE position = ?", (ref, claimed.position))
    if claimed.alert is not None and claimed.kind == "alert":
        db.conn.execute(
            "UPDATE alerts SET ref = coalesce(ref, ?) WHERE id = ?", (ref, claimed.alert)
        )


def give_back(db: Database, position: int, error: str, *, unconfirmed: bool) -> None:
    """Puts a delivery back into the queue: it was not sent, or nobody knows."""
    db.conn.execute(
        "UPDATE deliveries SET state = 'queued', claimed_by = NULL, lease = NULL, error = ?,"
        " unconfirmed = ? WHERE position = ?",
        (error, unconfirmed, position),
    )


def postpone(db: Database, position: int, error: str, due: float) -> None:
    """Puts a delivery back that surely was not sent, so that the others go before it."""
    give_back(db, position, error, unconfirmed=False)
    db.conn.execute("UPDATE deliveries SET due = ? WHERE position = ?", (int(due), position))


def drop_late_summaries(db: Database, channel: str, before: float, at: float) -> None:
    """Gives up summaries that nobody needs any more."""
    db.conn.execute(
        "UPDATE deliveries SET state = 'late', settled_at = ? WHERE channel = ?"
        " AND kind = 'summary' AND state = 'queued' AND unconfirmed = 0 AND created < ?",
        (int(at), channel, before),
    )


def recover(db: Database, owner: str) -> int:
    """Takes back what an earlier process had claimed; gives how many may have arrived."""
    return db.conn.execute(
        "UPDATE deliveries SET state = 'queued', claimed_by = NULL, lease = NULL,"
        " unconfirmed = 1 WHERE state = 'claimed' AND claimed_by <> ?",
        (owner,),
    ).rowcount


def waiting(db: Database) -> list[Waiting]:
    rows = db.conn.execute(
        "SELECT channel, count(*) AS deliveries, min(created) AS oldest, max(error) AS error"
        " FROM deliveries WHERE state IN ('queued', 'claimed')"
        " GROUP BY channel ORDER BY channel"
    )
    return [Waiting(**dict(row)) for row in rows]


def listing(db: Database, limit: int = 50) -> list[dict[str, Any]]:
    """The newest deliveries as plain rows, without their text."""
    rows = db.conn.execute(
        "SELECT position, id, key, channel, kind, action, severity, state, created, due,"
        " attempts, settled_at, error FROM deliveries ORDER BY position DESC LIMIT ?",
        (limit,),
    )
    return [dict(row) for row in rows]


def queued_before(db: Database, key: str) -> bool:
    """Whether a delivery of that key is known, whatever became of it."""
    row = db.conn.execute("SELECT 1 FROM deliveries WHERE key = ?", (key,)).fetchone()
    return row is not None


def last_reply(db: Database, alert: int) -> str | None:
    """The text of the newest reply in an alert's thread, sent or still waiting."""
    row = db.conn.execute(
        "SELECT message FROM deliveries WHERE alert = ? AND action = 'reply'"
        " ORDER BY position DESC LIMIT 1",
        (alert,),
    ).fetchone()
    try:
        return None if row is None else Message.from_json(row[0]).text
    except _DAMAGED:
        return None


def fold(db: Database, alerts: Sequence[int], at: float) -> None:
    """Settles all that waits for these alerts: its content goes out in another message."""
    for alert in alerts:
        db.conn.execute(
            "UPDATE deliveries SET state = 'folded', settled_at = ? WHERE alert = ?"
            " AND state = 'queued' AND unconfirmed = 0",
            (int(at), alert),
        )


def _settle(db: Database, position: int, state: str, at: float, error: str | None) -> None:
    db.conn.execute(
        "UPDATE deliveries SET state = ?, settled_at = ?, error = ?, claimed_by = NULL,"
        " lease = NULL, unconfirmed = 0 WHERE position = ?",
        (state, int(at), error, position),
    )


def _claimed(db: Database, row: Any) -> Claimed:
    ref = posted = None
    if row["action"] != "post":
        ref, posted = db.conn.execute(
            "SELECT ref, (SELECT deliveries.id FROM deliveries WHERE alert = alerts.id"
            " AND action = 'post' ORDER BY position LIMIT 1) FROM alerts WHERE id = ?",
            (row["alert"],),
        ).fetchone()
    return Claimed(
        position=row["position"],
        delivery=Delivery(
            id=row["id"],
            key=row["key"],
            channel=row["channel"],
            space=row["space"],
            action=row["action"],
            message=Message.from_json(row["message"]),
            ref=ref,
            posted=posted if row["action"] == "edit" else None,
            silent=bool(row["silent"]),
            attempts=row["attempts"],
            first_attempt_at=row["first_attempt_at"],
            last_attempt_at=row["last_attempt_at"],
            kind=row["kind"],
            alert=row["alert"],
            revision=row["revision"] or 1,
        ),
        kind=row["kind"],
        alert=row["alert"],
        revision=row["revision"],
        unconfirmed=row["unconfirmed"] > 1,
        created=row["created"],
    )
