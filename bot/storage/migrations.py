"""The schema, step by step; a backup is made before any step touches existing data."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from sqlite_utils import Database, Migrations

from bot.errors import StorageError
from bot.model.reading import folded
from bot.storage import schema

APPLICATION_ID = 0x0EBB0A7C
"""Marks the file as ours, so that no other program's database is ever migrated."""

steps = Migrations("ebbwatch")


def migrate(db: Database, path: Path, now: float) -> list[str]:
    """Applies what is pending and gives the names; refuses a newer or a foreign database."""
    (marked,) = db.conn.execute("PRAGMA application_id").fetchone()
    tables = set(db.table_names())
    if marked != APPLICATION_ID and tables - {steps.migrations_table}:
        raise StorageError(
            f"{path} holds another program's tables: name another file in `database`"
        )
    applied = [step.name for step in steps.applied(db)]
    pending = [step.name for step in steps.pending(db)]
    unknown = set(applied) - set(known())
    if unknown:
        raise StorageError(
            f"{path} was written by a newer ebbwatch (it has {sorted(unknown)[-1]}): "
            "install that version, or name another file in `database`"
        )
    if not pending:
        return []
    if applied:
        back_up(db, backup_path(path, now))
    db.conn.execute("BEGIN IMMEDIATE")  # another program may be about to do the same
    try:
        db.conn.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        steps.apply(db)
        db.conn.execute("COMMIT")
    except BaseException:
        db.rollback()
        raise
    return pending


def known() -> list[str]:
    """Names of all steps this version can apply, oldest first."""
    empty = Database(memory=True)
    with closing(empty.conn):
        return [step.name for step in steps.pending(empty)]


def backup_path(path: Path, now: float) -> Path:
    """Beside the database, with the time in its name."""
    return path.with_name(
        f"{path.name}.{datetime.fromtimestamp(now, UTC):%Y%m%dT%H%M%SZ}.backup"
    )


def back_up(db: Database, target: Path) -> Path:
    """Copies the database while it is in use; an unfinished copy never gets the final name."""
    partial = target.with_name(target.name + ".part")
    partial.unlink(missing_ok=True)
    with closing(sqlite3.connect(partial)) as copy:
        db.conn.backup(copy, pages=4096, sleep=0.001)
        copy.execute("PRAGMA journal_mode = delete")
    partial.replace(target)
    return target


def _run(db: Database, script: str) -> None:
    """One statement at a time: `executescript` would end the step's transaction."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            db.conn.execute(statement)
            statement = ""


@steps()
def m001_start(db: Database) -> None:
    for script in schema.START:
        _run(db, script)


@steps()
def m002_forgotten(db: Database) -> None:
    _run(db, schema.FORGOTTEN)


@steps()
def m003_standing(db: Database) -> None:
    _run(db, schema.STANDING)


@steps()
def m004_names(db: Database) -> None:
    _run(db, schema.NAMES)


@steps()
def m005_once(db: Database) -> None:
    _run(db, schema.ONCE)


@steps()
def m006_follower_dates(db: Database) -> None:
    _run(db, schema.FOLLOWER_DATES)


@steps()
def m007_fault_kinds(db: Database) -> None:
    _run(db, schema.FAULT_KINDS)


@steps()
def m008_spellings(db: Database) -> None:
    _run(db, schema.SPELLINGS)
    known = db.conn.execute("SELECT account, id FROM accounts").fetchall()
    rows = [(folded(account), id) for account, id in known]
    db.conn.executemany("UPDATE accounts SET folded = ? WHERE id = ?", rows)


@steps()
def m009_grants(db: Database) -> None:
    _run(db, schema.GRANTS)


@steps()
def m010_causes(db: Database) -> None:
    _run(db, schema.CAUSES)


@steps()
def m011_lakes(db: Database) -> None:
    _run(db, schema.LAKES)
