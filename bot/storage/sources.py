"""What each source was last known to say, and whether its fault was told."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from bot.model.source import Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """`fault` is the sentence of the present trouble, None while all is well; `remarks` what
    the source said last beside its readings. Both may name accounts, files and addresses of
    every team, so they are the operator's; `fault_kind` may be told to anybody."""

    id: int
    name: str
    priority: int
    state: Any
    last_attempt: int | None
    last_success: int | None
    fault: str | None
    fault_since: int | None
    fault_kind: str | None
    remarks: tuple[str, ...]


def ensure(db: Database, name: str, priority: int = 1, *, lake: bool = False) -> SourceRow:
    """The row of a configured source, made or brought up to date."""
    db.conn.execute(
        "INSERT INTO sources (name, priority, lake) VALUES (?, ?, ?) ON CONFLICT (name)"
        " DO UPDATE SET priority = excluded.priority, lake = excluded.lake",
        (name, priority, lake),
    )
    found = get(db, name)
    assert found is not None
    return found


def find_or_add(db: Database, name: str) -> int:
    """The id of a source, whatever its priority."""
    known = get(db, name)
    return ensure(db, name).id if known is None else known.id


def get(db: Database, name: str) -> SourceRow | None:
    row = db.conn.execute("SELECT * FROM sources WHERE name = ?", (name,)).fetchone()
    return None if row is None else _source(row)


def is_lake(db: Database, id: int) -> bool:
    """Whether its accounts are judged where they lie: here lies only what incidents need."""
    found = db.conn.execute("SELECT lake FROM sources WHERE id = ?", (id,)).fetchone()
    return found is not None and bool(found[0])


def listing(db: Database) -> list[SourceRow]:
    return [_source(row) for row in db.conn.execute("SELECT * FROM sources ORDER BY name")]


def succeeded(
    db: Database, id: int, state: Any, at: int, remarks: Sequence[str] = ()
) -> str | None:
    """Stores the state; gives the fault that ended, for the one line on recovery."""
    (fault,) = db.conn.execute("SELECT fault FROM sources WHERE id = ?", (id,)).fetchone()
    db.conn.execute(
        "UPDATE sources SET state = ?, last_attempt = ?, last_success = ?, fault = NULL,"
        " fault_since = NULL, fault_kind = NULL, standing = ? WHERE id = ?",
        (json.dumps(state), at, at, json.dumps(remarks), id),
    )
    return str(fault) if fault is not None else None


def failed(db: Database, id: int, text: str, at: int, kind: str | None = None) -> bool:
    """True where the source was well before: only then anybody is told."""
    (fault,) = db.conn.execute("SELECT fault FROM sources WHERE id = ?", (id,)).fetchone()
    db.conn.execute(
        "UPDATE sources SET last_attempt = ?, fault = ?, fault_kind = ?,"
        " fault_since = coalesce(fault_since, ?) WHERE id = ?",
        (at, text, kind, at, id),
    )
    return fault is None


def account_faults(
    db: Database, id: int, accounts: dict[str, int], faults: Sequence[Fault], at: int
) -> tuple[list[Fault], list[str]]:
    """Stores the accounts' present faults; gives those that are new and who is well again.

    `accounts` maps the names that this fetch spoke of to their ids.
    """
    had = {
        account: str(kind)
        for account, kind in db.conn.execute(
            "SELECT account, kind FROM account_faults WHERE source = ?", (id,)
        )
    }
    new = []
    hit = set()
    for fault in faults:
        if fault.account is None or fault.account not in accounts:
            continue
        account = accounts[fault.account]
        if had.get(account) != fault.kind and account not in hit:
            new.append(fault)
        hit.add(account)
        db.conn.execute(
            "INSERT INTO account_faults (account, source, kind, text, since)"
            " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET kind = excluded.kind,"
            " text = excluded.text",
            (account, id, fault.kind, fault.text, at),
        )
    well = [name for name, account in accounts.items() if account in had and account not in hit]
    for name in well:
        db.conn.execute(
            "DELETE FROM account_faults WHERE account = ? AND source = ?", (accounts[name], id)
        )
    return new, well


def _source(row: Any) -> SourceRow:
    return SourceRow(
        id=row["id"],
        name=row["name"],
        priority=row["priority"],
        state=None if row["state"] is None else json.loads(row["state"]),
        last_attempt=row["last_attempt"],
        last_success=row["last_success"],
        fault=row["fault"],
        fault_since=row["fault_since"],
        fault_kind=row["fault_kind"],
        remarks=tuple(json.loads(row["standing"] or "[]")),
    )
