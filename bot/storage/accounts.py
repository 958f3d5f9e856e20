"""Accounts, their tags and what became of them."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from sqlite_utils import Database

from bot.model import Account

Status = Literal["active", "gone", "suspended", "deactivated", "private", "renamed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One stored account; `first_told` is when its first import was reviewed."""

    id: int
    account: str
    tags: tuple[str, ...]
    source: str | None
    status: Status
    status_at: int | None
    first_seen: int
    last_reading: int | None = None


def matches(patterns: Iterable[str], account: str, tags: Collection[str] = ()) -> bool:
    """True where one pattern fits: "*", "instagram/*", "instagram/lena" or "#team-a"."""
    name = account.lower()
    for pattern in patterns:
        if pattern.startswith("#"):
            if pattern[1:] in tags:
                return True
        elif fnmatchcase(name, pattern.lower()):
            return True
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """An erased account that stays away: `source` gave it, or it was `watched` from chat."""

    account: str
    source: str | None
    watched: bool


@dataclass(frozen=True, slots=True)
class Walls:
    """Which accounts each space may see, as patterns; the terminal's own space sees all."""

    spaces: Mapping[str, tuple[str, ...]]
    console: str = "console"

    def sees(self, space: str, account: str, tags: Collection[str] = ()) -> bool:
        return matches(self.patterns(space), account, tags)

    def patterns(self, space: str) -> tuple[str, ...]:
        """Empty for a space that the config does not link."""
        return ("*",) if space == self.console else self.spaces.get(space, ())


def ensure(db: Database, names: Sequence[str], source: int | None, seen: int) -> dict[str, int]:
    """Ids of all names but the forgotten ones; unknown ones are added."""
    wanted = json.dumps(list(names))
    found = _ids(db, wanted)
    missing = [name for name in names if name not in found]
    gone = forgotten(db, missing) if missing else set()
    missing = [name for name in missing if name not in gone]
    if missing:
        rows = []
        for name in missing:
            parsed = Account.parse(name)
            rows.append((name, parsed.platform, parsed.handle, source, seen))
        db.conn.executemany(
            "INSERT INTO accounts (account, platform, handle, source, first_seen)"
            " VALUES (?, ?, ?, ?, ?)",
            rows,
        )
        found = _ids(db, wanted)
    return found


def _ids(db: Database, wanted: str) -> dict[str, int]:
    rows = db.conn.execute(
        "SELECT account, id FROM accounts WHERE account IN (SELECT value FROM json_each(?))",
        (wanted,),
    )
    return {row[0]: row[1] for row in rows}


_SELECT = """SELECT accounts.*, sources.name AS source_name, (
    SELECT max(at) FROM readings WHERE readings.account = accounts.id) AS last_reading
  FROM accounts LEFT JOIN sources ON sources.id = accounts.source"""


def listing(db: Database, patterns: Sequence[str] = ("*",)) -> list[Known]:
    """Accounts that the patterns allow, by name."""
    rows = db.conn.execute(f"{_SELECT} ORDER BY accounts.account")
    known = (_known(row) for row in rows)
    return [one for one in known if matches(patterns, one.account, one.tags)]


def get(db: Database, account: str) -> Known | None:
    row = db.conn.execute(f"{_SELECT} WHERE accounts.account = ?", (account,)).fetchone()
    return None if row is None else _known(row)


def tags_by_account(
    db: Database, only: Collection[str] | None = None
) -> dict[str, tuple[str, ...]]:
    """Tags of all or of some accounts, also of those without any."""
    some = "" if only is None else " WHERE account IN (SELECT value FROM json_each(?))"
    values = () if only is None else (json.dumps(sorted(only)),)
    rows = db.conn.execute(f"SELECT account, tags FROM accounts{some}", values)
    return {name: () if tags == "[]" else tuple(json.loads(tags)) for name, tags in rows}


def sources_by_account(db: Database, only: Collection[str]) -> dict[str, str]:
    """The name of the source that first gave each of these accounts, where one did."""
    rows = db.conn.execute(
        "SELECT account, sources.name FROM accounts JOIN sources ON sources.id = source"
        " WHERE account IN (SELECT value FROM json_each(?))",
        (json.dumps(sorted(only)),),
    )
    return dict(rows.fetchall())


def set_tags(db: Database, tags: Mapping[str, Sequence[str]]) -> None:
    """Replaces the tags of all accounts; accounts not named lose theirs.

    Keys are handles or full names, as in a source's `tags`.
    """
    given = {name.lower(): sorted(set(words)) for name, words in tags.items()}
    rows = []
    for id, name, handle, old in db.conn.execute(
        "SELECT id, account, handle, tags FROM accounts"
    ).fetchall():
        words = set(given.get(name.lower(), ())) | set(given.get(handle.lower(), ()))
        new = json.dumps(sorted(words))
        if new != old:
            rows.append((new, id))
    db.conn.executemany("UPDATE accounts SET tags = ? WHERE id = ?", rows)


def set_status(db: Database, account: str, status: Status, at: int) -> bool:
    """True where this is a change."""
    cursor = db.conn.execute(
        "UPDATE accounts SET status = ?, status_at = ? WHERE account = ? AND status <> ?",
        (status, at, account, status),
    )
    return cursor.rowcount > 0


def watch(db: Database, account: str, source: str, space: str, by: str, at: int) -> None:
    """Adds an account that a person asked a source to follow."""
    db.conn.execute(
        "INSERT OR IGNORE INTO watched (account, source, space, by, at) VALUES (?, ?, ?, ?, ?)",
        (account, source, space, by, at),
    )


def unwatch(db: Database, account: str) -> bool:
    return db.conn.execute("DELETE FROM watched WHERE account = ?", (account,)).rowcount > 0


def watched(db: Database, source: str) -> list[str]:
    rows = db.conn.execute(
        "SELECT account FROM watched WHERE source = ? ORDER BY account", (source,)
    )
    return [name for (name,) in rows]


def forget(db: Database, account: str, at: int) -> int:
    """Erases an account with its readings, lists, incidents and messages; gives the readings.

    Alerts that already stand in a channel stay there: only their rows are erased. The name
    alone is kept, so that a source that still lists the account does not make it anew.
    """
    row = db.conn.execute("SELECT id FROM accounts WHERE account = ?", (account,)).fetchone()
    if row is None:
        return 0
    (id,) = row
    db.conn.execute(
        "INSERT OR REPLACE INTO forgotten (account, source, watched, at)"
        " SELECT account, (SELECT name FROM sources WHERE id = accounts.source),"
        " account IN (SELECT account FROM watched), ? FROM accounts WHERE id = ?",
        (at, id),
    )
    _forget_incidents(db, id)
    for table in ("list_changes", "lists", "corrections", "pending_days", "account_faults"):
        db.conn.execute(f"DELETE FROM {table} WHERE account = ?", (id,))
    for table in ("watched", "mutes", "events", "goals", "notices"):
        db.conn.execute(f"DELETE FROM {table} WHERE account = ?", (account,))
    readings = db.conn.execute("DELETE FROM readings WHERE account = ?", (id,)).rowcount
    db.conn.execute("DELETE FROM accounts WHERE id = ?", (id,))
    return readings


def forgotten(db: Database, names: Collection[str]) -> set[str]:
    """Those of the names that are refused."""
    rows = db.conn.execute(
        "SELECT account FROM forgotten WHERE account IN (SELECT value FROM json_each(?))",
        (json.dumps(sorted(names)),),
    )
    return {name for (name,) in rows}


def forgotten_from(db: Database, source: str) -> list[str]:
    """Accounts that this source gave or was asked for before they were forgotten."""
    rows = db.conn.execute("SELECT account FROM forgotten WHERE source = ?", (source,))
    return [name for (name,) in rows]


def find_forgotten(db: Database, name: str) -> Forgotten | None:
    """The forgotten account of that name, however a person wrote it."""
    row = db.conn.execute(
        "SELECT account, source, watched FROM forgotten WHERE lower(account) = lower(?)",
        (name.strip(),),
    ).fetchone()
    if row is None:
        return None
    return Forgotten(account=row[0], source=row[1], watched=bool(row[2]))


def bring_back(db: Database, account: str) -> None:
    """Lets sources and imports give a forgotten account again."""
    db.conn.execute("DELETE FROM forgotten WHERE account = ?", (account,))


def _forget_incidents(db: Database, account: int) -> None:
    own = "SELECT id FROM incidents WHERE account = ?"
    alerts = [
        alert
        for (alert,) in db.conn.execute(
            f"SELECT DISTINCT alert FROM alert_members WHERE incident IN ({own})", (account,)
        )
    ]
    tables = "alert_members held incident_updates incident_numbers mutes feedback"
    for table in tables.split():
        db.conn.execute(f"DELETE FROM {table} WHERE incident IN ({own})", (account,))
    for alert in alerts:
        _forget_alert(db, alert)
    db.conn.execute("DELETE FROM incidents WHERE account = ?", (account,))


def _forget_alert(db: Database, alert: int) -> None:
    """What is queued or kept of its text names the account, so it goes too."""
    db.conn.execute(
        "DELETE FROM deliveries WHERE alert IN"
        " (SELECT id FROM alerts WHERE ?1 IN (id, part_of))",
        (alert,),
    )
    db.conn.execute("UPDATE alerts SET shown = NULL WHERE ?1 IN (id, part_of)", (alert,))


def _known(row: Mapping[str, object]) -> Known:
    value = dict(row)
    return Known(
        id=value["id"],  # type: ignore[arg-type]
        account=str(value["account"]),
        tags=tuple(json.loads(str(value["tags"]))),
        source=value["source_name"],  # type: ignore[arg-type]
        status=value["status"],  # type: ignore[arg-type]
        status_at=value["status_at"],  # type: ignore[arg-type]
        first_seen=value["first_seen"],  # type: ignore[arg-type]
        last_reading=value["last_reading"],  # type: ignore[arg-type]
    )
