"""Channels, what each wants to hear, and what is muted."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from sqlite_utils import Database

from bot.storage import accounts
from bot.storage.rows import insert
from checks.model import SEVERITIES, Incident, Kind, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """`remind` is in seconds; `space` is "" until the platform has told it.

    `disabled` says why nothing is sent, None where all is well.
    """

    channel: str
    space: str
    origin: Literal["config", "chat"] = "chat"
    summary: str | None = None
    quiet: str | None = None
    mention: str | None = None
    thread: Literal["no", "also", "only"] = "no"
    remind: int | None = None
    digest_above: int = 5
    locale: str = "en"
    timezone: str = "UTC"
    disabled: str | None = None
    disabled_at: int | None = None

    def gathers(self, singles: float, waves: int) -> bool:
        """Whether so many new alerts at once are told in one digest; a wave is one message."""
        return singles > 1 and singles + waves > self.digest_above


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """What a channel wants to hear; empty `kinds` are all. `id` is 0 before it is stored."""

    id: int = 0
    channel: str
    origin: Literal["config", "chat"] = "chat"
    accounts: tuple[str, ...] = ("*",)
    kinds: tuple[Kind, ...] = ()
    direction: Literal["both", "up", "down"] = "both"
    min_severity: Severity = "info"
    min_percent: float | None = None
    min_count: float | None = None
    by: str | None = None
    at: int = 0

    def wants(self, incident: Incident, tags: Collection[str]) -> bool:
        """Whether an incident meets this; floors only apply where numbers are known."""
        if not accounts.matches(self.accounts, incident.account, tags):
            return False
        if self.kinds and incident.kind not in self.kinds:
            return False
        if self.direction != "both" and incident.direction not in (self.direction, "swing"):
            return False
        if SEVERITIES.index(incident.severity) < SEVERITIES.index(self.min_severity):
            return False
        excess = abs(incident.change - incident.expected)
        if self.min_count is not None and excess < self.min_count:
            return False
        if self.min_percent is not None and incident.level > 0:
            return 100 * excess / incident.level >= self.min_percent
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute:
    """Silence in a space (or one channel of it) for an account, an incident or everything.

    `until` is None where it lasts until the incident is worse than `worse_than`.
    """

    id: int = 0
    space: str
    channel: str | None = None
    account: str | None = None
    incident: int | None = None
    until: int | None = None
    worse_than: Severity | None = None
    by: str
    at: int

    def covers(
        self,
        space: str,
        channel: str,
        account: str,
        incident: int,
        severity: Severity,
        now: float,
    ) -> bool:
        """True while this mute silences the incident in the channel."""
        if self.space != space or self.channel not in (None, channel):
            return False
        if self.account not in (None, account) or self.incident not in (None, incident):
            return False
        if self.until is not None and now >= self.until:
            return False
        worse = self.worse_than is not None and SEVERITIES.index(severity) > SEVERITIES.index(
            self.worse_than
        )
        return not worse


def put(db: Database, channel: Channel) -> None:
    """Makes a channel or changes its settings; what disabled it is kept."""
    row = asdict(channel)
    changed = ", ".join(
        f"{name} = excluded.{name}"
        for name in row
        if name not in ("channel", "disabled", "disabled_at")
    )
    db.conn.execute(
        f"INSERT INTO channels ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})"
        f" ON CONFLICT DO UPDATE SET {changed}",
        tuple(row.values()),
    )


def configure(
    db: Database, channels: Sequence[Channel], subscriptions: Sequence[Subscription], at: int
) -> None:
    """Makes the config's channels and subscriptions hold; those made in chat stay.

    A channel that left the config keeps what was subscribed in chat, else it falls silent.
    """
    for channel in channels:
        put(db, replace(channel, origin="config"))
    db.conn.execute("DELETE FROM subscriptions WHERE origin = 'config'")
    for subscription in subscriptions:
        subscribe(db, replace(subscription, origin="config", at=at))
    named = {channel.channel for channel in channels}
    for old in listing(db):
        if old.origin == "config" and old.channel not in named:
            put(db, replace(old, origin="chat", summary=None))


def get(db: Database, channel: str) -> Channel | None:
    row = db.conn.execute("SELECT * FROM channels WHERE channel = ?", (channel,)).fetchone()
    return None if row is None else _channel(row)


def listing(db: Database, space: str | None = None) -> list[Channel]:
    rows = db.conn.execute(
        "SELECT * FROM channels WHERE ?1 IS NULL OR space = ?1 ORDER BY channel", (space,)
    )
    return [_channel(row) for row in rows]


def disable(db: Database, channel: str, reason: str, at: int) -> bool:
    """Keeps the subscriptions; True where the channel was well before."""
    cursor = db.conn.execute(
        "UPDATE channels SET disabled = ?, disabled_at = ?"
        " WHERE channel = ? AND disabled IS NULL",
        (reason, at, channel),
    )
    return cursor.rowcount > 0


def set_space(db: Database, channel: str, space: str) -> None:
    """Also of what was queued for it before anybody knew where it lies."""
    for table in ("channels", "deliveries"):
        db.conn.execute(
            f"UPDATE {table} SET space = ? WHERE channel = ? AND space = ''", (space, channel)
        )


def enable(db: Database, channel: str) -> bool:
    cursor = db.conn.execute(
        "UPDATE channels SET disabled = NULL, disabled_at = NULL"
        " WHERE channel = ? AND disabled IS NOT NULL",
        (channel,),
    )
    return cursor.rowcount > 0


def subscribe(db: Database, subscription: Subscription) -> int:
    """Adds a subscription to a stored channel; gives its id."""
    row = _new(subscription)
    row |= {name: json.dumps(row[name]) for name in ("accounts", "kinds")}
    return insert(db, "subscriptions", row)


def unsubscribe(db: Database, id: int) -> bool:
    return db.conn.execute("DELETE FROM subscriptions WHERE id = ?", (id,)).rowcount > 0


def subscriptions(db: Database, channel: str | None = None) -> list[Subscription]:
    rows = db.conn.execute(
        "SELECT * FROM subscriptions WHERE ?1 IS NULL OR channel = ?1 ORDER BY id", (channel,)
    )
    return [_subscription(row) for row in rows]


def mute(db: Database, mute: Mute) -> int:
    return insert(db, "mutes", _new(mute))


def unmute(db: Database, ids: Iterable[int]) -> int:
    """Gives how many there were."""
    return sum(
        db.conn.execute("DELETE FROM mutes WHERE id = ?", (id,)).rowcount for id in tuple(ids)
    )


def mutes(db: Database, now: float, space: str | None = None) -> list[Mute]:
    """Those that still hold."""
    rows = db.conn.execute(
        "SELECT * FROM mutes WHERE (until IS NULL OR until > ?1)"
        " AND (?2 IS NULL OR space = ?2) ORDER BY id",
        (now, space),
    )
    return [Mute(**dict(row)) for row in rows]


def _new(thing: Subscription | Mute) -> dict[str, Any]:
    """Its columns; the id is the table's to give."""
    return {name: value for name, value in asdict(thing).items() if name != "id"}


def _channel(row: Any) -> Channel:
    return Channel(**dict(row))


def _subscription(row: Any) -> Subscription:
    value = dict(row)
    value["accounts"] = tuple(json.loads(value["accounts"]))
    value["kinds"] = tuple(json.loads(value["kinds"]))
    return Subscription(**value)
