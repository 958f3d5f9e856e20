"""Accounts, their tags and what became of them."""

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from sqlite_utils import Database

from bot.model.reading import Account, folded
from bot.storage import forgetting
from bot.storage.settings import TEXTS, setting

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

    @property
    def words(self) -> tuple[str, ...]:
        """What patterns know it by beside its own name."""
        return (*self.tags, *aliases(self.account, self.name))


_ID = re.compile(r"\d+|UC[\w-]{22}|did:\S+")
_HANDLE = re.compile(r"@?[\w.-]+")


def aliases(account: str, name: str | None) -> tuple[str, ...]:
    """`platform/name` of an account that goes by an id.

    Beside a handle the name is what its owner likes to be called, and opens no wall.
    """
    known = Account.parse(account)
    if not name or not _ID.fullmatch(known.handle) or not _HANDLE.fullmatch(name):
        return ()
    return (folded(str(Account(known.platform, name.removeprefix("@")))),)


def matches(patterns: Iterable[str], account: str, words: Collection[str] = ()) -> bool:
    """True where one pattern fits: "*", "instagram/*", "instagram/lena" or "#team-a".

    `words` are the account's tags and aliases.
    """
    names = [folded(account), *(word for word in words if "/" in word)]
    for pattern in patterns:
        if pattern.startswith("#"):
            if pattern[1:] in words:
                return True
        elif any(fnmatchcase(name, folded(pattern)) for name in names):
            return True
    return False


def ensure(db: Database, names: Sequence[str], source: int | None, seen: int) -> dict[str, int]:
    """Ids of all names but the forgotten ones; unknown ones are added.

    However a name is written, it stays the account that it was first written as.
    """
    found = ids(db, names)
    missing = [name for name in names if name not in found]
    gone = forgetting.forgotten(db, missing) if missing else set()
    missing = [name for name in missing if name not in gone]
    if missing:
        rows = []
        for key, name in {folded(name): name for name in reversed(missing)}.items():
            parsed = Account.parse(name)
            rows.append((name, key, parsed.platform, parsed.handle, source, seen))
        db.conn.executemany(
            "INSERT INTO accounts (account, folded, platform, handle, source, first_seen)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            rows[::-1],
        )
        found = ids(db, names)
    return found


def ids(db: Database, names: Collection[str]) -> dict[str, int]:
    """Ids of the names that are known, in whatever spelling."""
    keys = {name: folded(name) for name in names}
    rows = db.conn.execute(
        "SELECT account, folded, id FROM accounts"
        " WHERE folded IN (SELECT value FROM json_each(?)) ORDER BY id DESC",
        (json.dumps(sorted(set(keys.values()))),),
    ).fetchall()
    # older databases hold spellings beside each other: the one that was given, or the first
    exact, first = {row[0]: row[2] for row in rows}, {row[1]: row[2] for row in rows}
    known = {name: exact.get(name, first.get(key)) for name, key in keys.items()}
    return {name: id for name, id in known.items() if id is not None}


def spellings(db: Database, names: Collection[str]) -> dict[str, str]:
    """How known accounts are written here, where the given names write them otherwise."""
    found = ids(db, names)
    rows = db.conn.execute(
        "SELECT id, account FROM accounts WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps(sorted(found.values())),),
    )
    stored = {row[0]: row[1] for row in rows}
    return {name: stored[id] for name, id in found.items() if stored[id] != name}


_SELECT = """SELECT accounts.*, sources.name AS source_name, (
    SELECT max(at) FROM readings WHERE readings.account = accounts.id) AS last_reading
  FROM accounts LEFT JOIN sources ON sources.id = accounts.source"""


def listing(db: Database, patterns: Sequence[str] = ("*",)) -> list[AccountRow]:
    """Accounts that the patterns allow, by name."""
    rows = db.conn.execute(f"{_SELECT} ORDER BY accounts.account")
    known = (_known(row) for row in rows)
    return [one for one in known if matches(patterns, one.account, one.words)]


def get(db: Database, account: str) -> AccountRow | None:
    """In whatever spelling it is asked for."""
    row = db.conn.execute(
        f"{_SELECT} WHERE accounts.folded = ?2"
        " ORDER BY accounts.account = ?1 DESC, accounts.id LIMIT 1",
        (account, folded(account)),
    ).fetchone()
    return None if row is None else _known(row)


def spoken_names(db: Database) -> frozenset[str]:
    """All accounts, and their handles alone."""
    rows = db.conn.execute("SELECT account, handle FROM accounts").fetchall()
    return frozenset(name for row in rows for name in row)


def tags_by_account(
    db: Database, only: Collection[str] | None = None, *, lakes: bool = True
) -> dict[str, tuple[str, ...]]:
    """Tags of all or of some accounts, also of those without any; `lakes` False leaves out
    what lakes gave."""
    some = "" if only is None else " WHERE account IN (SELECT value FROM json_each(?))"
    if not lakes:
        some += f" {'WHERE' if only is None else 'AND'} NOT {of_lake()}"
    values = () if only is None else (json.dumps(sorted(only)),)
    rows = db.conn.execute(f"SELECT account, tags FROM accounts{some}", values)
    return {name: () if tags == "[]" else tuple(json.loads(tags)) for name, tags in rows}


def words_by_account(
    db: Database, only: Collection[str] | None = None
) -> dict[str, tuple[str, ...]]:
    """Tags and aliases: what patterns know all or some accounts by."""
    some = "" if only is None else " WHERE account IN (SELECT value FROM json_each(?))"
    values = () if only is None else (json.dumps(sorted(only)),)
    rows = db.conn.execute(f"SELECT account, tags, name FROM accounts{some}", values)
    return {
        account: (*(json.loads(tags) if tags != "[]" else ()), *aliases(account, name))
        for account, tags, name in rows
    }


def of_lake(source: str = "source") -> str:
    """SQL: whether a lake gave what that column's source did."""
    return f"coalesce({source} IN (SELECT id FROM sources WHERE lake), 0)"


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

    Keys are handles or full names, as in a source's `tags`, or patterns of them.
    """
    given = {name.lower(): sorted(set(words)) for name, words in tags.items()}
    patterns = {name: words for name, words in given.items() if "*" in name}
    rows = []
    for id, name, handle, old in db.conn.execute(
        "SELECT id, account, handle, tags FROM accounts"
    ).fetchall():
        words = set(given.get(name.lower(), ())) | set(given.get(handle.lower(), ()))
        for pattern, more in patterns.items():
            if matches([pattern], name) or matches([pattern], handle):
                words.update(more)
        new = json.dumps(sorted(words))
        if new != old:
            rows.append((new, id))
    db.conn.executemany("UPDATE accounts SET tags = ? WHERE id = ?", rows)


NAMES = "names"
"""The setting that holds the names of the config file."""


def names(db: Database) -> dict[str, str]:
    """What people call accounts, where that is known; the config file has the last word."""
    # in one row: sqlite3 lets go of the GIL at each, and beside a review waits for it each time
    (told,) = db.conn.execute(
        "SELECT json_group_object(account, name) FROM accounts WHERE name <> ''"
    ).fetchone()
    names: dict[str, str] = json.loads(told)
    return names | (setting(db, NAMES, TEXTS) or {})


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
        "UPDATE accounts SET status = ?, status_at = ? WHERE id = ? AND status <> ?",
        (status, at, ids(db, [account]).get(account), status),
    )
    return cursor.rowcount > 0


def watch(db: Database, account: str, source: str, space: str, by: str, at: int) -> None:
    """Adds an account that a person asked a source to follow."""
    db.conn.execute(
        "INSERT OR IGNORE INTO watched (account, source, space, by, at) VALUES (?, ?, ?, ?, ?)",
        (account, source, space, by, at),
    )


def unwatch(db: Database, account: str) -> bool:
    spellings = [
        name
        for (name,) in db.conn.execute("SELECT DISTINCT account FROM watched").fetchall()
        if folded(name) == folded(account)
    ]
    for name in spellings:
        db.conn.execute("DELETE FROM watched WHERE account = ?", (name,))
    return bool(spellings)


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
