"""Putting a backup in the database's place, and what was told since it was made."""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlite_utils import Database

from bot.errors import StorageError
from bot.storage import migrations
from bot.storage.settings import TWO_WHOLE, set_setting, setting

_KEY = "restored"
LOOK_SECONDS = 86400
"""How long after a restore a new message is looked for in its channel before it is sent: by
then every source was asked and every incident since the backup judged again."""

_COUNTED = ("accounts", "readings", "incidents", "alerts", "deliveries", "subscriptions")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """How many rows a database has, and the newest time that it knows of (epoch seconds)."""

    rows: dict[str, int]
    newest: int


def examine(path: Path) -> Contents:
    """Raises StorageError where the file is no whole ebbwatch database of a known version."""
    if not path.is_file():
        raise StorageError(f"{path} does not exist: name a file that `ebbwatch backup` wrote")
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as conn:
            return _contents(conn, path)
    except sqlite3.DatabaseError as error:
        raise StorageError(
            f"{path} is damaged or no database ({error}): name another backup"
        ) from None


def _contents(conn: sqlite3.Connection, path: Path) -> Contents:
    (marked,) = conn.execute("PRAGMA application_id").fetchone()
    if marked != migrations.APPLICATION_ID:
        raise StorageError(f"{path} is no ebbwatch database: name a file of `ebbwatch backup`")
    (sound,) = conn.execute("PRAGMA integrity_check(1)").fetchone()
    if sound != "ok":
        raise StorageError(f"{path} is damaged ({sound}): name another backup")
    applied = {name for (name,) in conn.execute("SELECT name FROM _sqlite_migrations")}
    if newer := applied - set(migrations.known()):
        raise StorageError(
            f"{path} was written by a newer ebbwatch (it has {sorted(newer)[-1]}): install "
            "that version first"
        )
    rows = {
        name: conn.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in _COUNTED
    }
    times = conn.execute(
        "SELECT max(last_attempt) FROM sources UNION ALL SELECT max(created) FROM deliveries"
        " UNION ALL SELECT max(settled_at) FROM deliveries UNION ALL SELECT max(at) FROM audit"
    ).fetchall()
    newest = max((at for (at,) in times if at is not None), default=int(path.stat().st_mtime))
    return Contents(rows=rows, newest=newest)


def put_in_place(backup: Path, database: Path, stamp: str) -> Path | None:
    """Moves the database aside with its journals and copies the backup there; gives where it
    lies now. The backup stays as it is."""
    draft = database.with_name(database.name + ".part")
    with (
        closing(sqlite3.connect(f"{backup.absolute().as_uri()}?mode=ro", uri=True)) as source,
        closing(sqlite3.connect(draft)) as copy,
    ):
        source.backup(copy)
        copy.execute("PRAGMA journal_mode = delete")
    aside = database.with_name(f"{database.stem}.{stamp}.replaced")
    kept = database.exists()
    for suffix in ("", "-wal", "-shm"):
        part = database.with_name(database.name + suffix)
        if part.exists():
            shutil.move(part, aside.with_name(aside.name + suffix))
    draft.replace(database)
    return aside if kept else None


def note(db: Database, since: int, now: float) -> int:
    """From here on messages are looked for before they are sent; gives how many wait.

    A first attempt before its delivery was made stands for what was told before the restore.
    """
    set_setting(db, _KEY, (since, int(now) + LOOK_SECONDS))
    return db.conn.execute(
        "UPDATE deliveries SET state = 'queued', claimed_by = NULL, lease = NULL,"
        " unconfirmed = 1, attempts = 0, last_attempt_at = ?,"
        " first_attempt_at = min(coalesce(first_attempt_at, created), created - 1)"
        " WHERE state IN ('queued', 'claimed') AND action <> 'edit'",
        (now,),
    ).rowcount


def told_since(db: Database, now: float) -> int | None:
    """Since when the channels may hold messages that this database does not know of."""
    since, until = setting(db, _KEY, TWO_WHOLE) or (None, 0)
    return None if now > until else since
