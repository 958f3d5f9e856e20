"""Accounts, their tags and what became of them."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from sqlite_utils import Database

from bot.model.reading import Account
from bot.storage import forgetting

Status = Literal["active", "gone", "suspended", "deactivated", "private", "renamed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow:
    """One stored account; `name` is what people call it, where a source says so."""

    id: int
    account: str
    tags: tuple[str, ...]
    source: str | None
    status: Status
    status_at: int | None
    first_seen: int
    last_reading: int | None = None
    name: str | None = None


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


@dataclass(frozen=True, slots=True)
class AccessPolicy:
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
    gone = forgetting.forgotten(db, missing) if missing else set()
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


def listing(db: Database, patterns: Sequence[str] = ("*",)) -> list[AccountRow]:
    """Accounts that the patterns allow, by name."""
    rows = db.conn.execute(f"{_SELECT} ORDER BY accounts.account")
    known = (_known(row) for row in rows)
    return [one for one in known if matches(patterns, one.account, one.tags)]


def get(db: Database, account: str) -> AccountRow | None:
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


def set_names(db: Database, names: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Keeps what people call accounts; gives account, old and new name of those renamed."""
    wanted = json.dumps(sorted(names))
    had = dict(
        db.conn.execute(
            "SELECT account, name FROM accounts"
            " WHERE account IN (SELECT value FROM json_each(?))",
            (wanted,),
        ).fetchall()
    )
    changed = {name: new for name, new in names.items() if had.get(name, new) != new}
    db.conn.executemany(
        "UPDATE accounts SET name = ? WHERE account = ?",
        [(new, name) for name, new in changed.items()],
    )
    return [(name, had[name], new) for name, new in changed.items() if had[name] is not None]


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


def _known(row: Mapping[str, object]) -> AccountRow:
    value = dict(row)
    return AccountRow(
        id=value["id"],  # type: ignore[arg-type]
        account=str(value["account"]),
        tags=tuple(json.loads(str(value["tags"]))),
        source=value["source_name"],  # type: ignore[arg-type]
        status=value["status"],  # type: ignore[arg-type]
        status_at=value["status_at"],  # type: ignore[arg-type]
        first_seen=value["first_seen"],  # type: ignore[arg-type]
        last_reading=value["last_reading"],  # type: ignore[arg-type]
        name=value["name"],  # type: ignore[arg-type]
    )
