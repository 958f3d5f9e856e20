"""Follower lists as sorted hashes; names are never stored."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlite_utils import Database

from bot.model.reading import FollowerList
from bot.storage import accounts, readings
from checks.lists.study import ListContext
from checks.lists.survival import pace_of
from checks.lists.verdicts import ListRules


@dataclass(frozen=True, slots=True, kw_only=True)
class ListChange:
    """Exact churn between two lists, or why they were not compared (`refused`)."""

    account: str
    side: str
    start: int
    stop: int
    gained: int | None
    lost: int | None
    kept: int | None
    detail: Mapping[str, Any]
    refused: str | None


def add(db: Database, given: FollowerList, source: int | None, seen: int) -> bool:
    """True where this list is new or differs from the one stored for its time.

    A forgotten account's is refused.
    """
    account = accounts.ensure(db, [given.account], source, seen).get(given.account)
    if account is None:
        return False
    row = {
        "account": account,
        "side": given.side,
        "at": given.at,
        "complete": given.complete,
        "ordered": given.ordered,
        "names": len(given.ids),
        "ids": np.ascontiguousarray(given.ids, "<u8").tobytes(),
        "since": _packed(given.since),
        "created": _packed(given.created),
    }
    told = list(row)[3:]
    cursor = db.conn.execute(
        f"INSERT INTO lists ({', '.join(row)}) VALUES ({', '.join('?' for _ in row)})"
        f" ON CONFLICT DO UPDATE SET {', '.join(f'{one} = excluded.{one}' for one in told)}"
        f" WHERE {' OR '.join(f'{one} IS NOT excluded.{one}' for one in told)}",
        tuple(row.values()),
    )
    return cursor.rowcount > 0


def _packed(dates: npt.NDArray[np.int64] | None) -> bytes | None:
    return None if dates is None else np.ascontiguousarray(dates, "<i8").tobytes()


def _unpacked(dates: bytes | None) -> npt.NDArray[np.int64] | None:
    return None if dates is None else np.frombuffer(dates, "<i8")


def times(db: Database, account: str, side: str) -> list[int]:
    """When lists of this account were taken, oldest first."""
    rows = db.conn.execute(
        "SELECT at FROM lists JOIN accounts ON accounts.id = lists.account"
        " WHERE accounts.account = ? AND side = ? ORDER BY at",
        (account, side),
    )
    return [at for (at,) in rows]


def before(db: Database, account: str, side: str, at: int) -> FollowerList | None:
    """The newest list that is older than `at`."""
    earlier = [taken for taken in times(db, account, side) if taken < at]
    return get(db, account, side, earlier[-1]) if earlier else None


def get(db: Database, account: str, side: str, at: int) -> FollowerList | None:
    row = db.conn.execute(
        "SELECT lists.* FROM lists JOIN accounts ON accounts.id = lists.account"
        " WHERE accounts.account = ? AND side = ? AND at = ?",
        (account, side, at),
    ).fetchone()
    if row is None:
        return None
    return FollowerList(
        account=account,
        side=row["side"],
        at=at,
        ids=np.frombuffer(row["ids"], "<u8"),
        since=_unpacked(row["since"]),
        created=_unpacked(row["created"]),
        ordered=bool(row["ordered"]),
        complete=None if row["complete"] is None else bool(row["complete"]),
    )


def context(
    db: Database, given: FollowerList, *, timezone: str, floor: ListRules
) -> ListContext:
    """What is known beside a list: those before it, counts of their days, the usual loss."""
    account, side, at = given.account, given.side, given.at
    old = before(db, account, side, at)
    return ListContext(
        timezone=timezone,
        old=old,
        before=None if old is None else before(db, account, side, old.at),
        known=readings.total_near(db, account, side, at),
        known_old=None if old is None else readings.total_near(db, account, side, old.at),
        pace=_pace(db, given),
        followers=None if side == "followers" else _followers(db, given),
        smallest=floor.smallest,
        wave=floor.wave,
    )


def _pace(db: Database, given: FollowerList) -> float | None:
    """The account's usual loss, from comparisons that showed nothing unusual."""
    earlier = [
        (float(one.lost or 0), float(one.detail["usual"]))
        for one in changes(db, given.account)
        if one.side == given.side
        and one.stop < given.at
        and one.detail.get("loss") == "usual"
        and one.lost is not None
    ]
    return pace_of(earlier) if earlier else None


def _followers(db: Database, given: FollowerList) -> npt.NDArray[np.uint64] | None:
    """Who follows, by the newest list that is no younger than `given`."""
    known = before(db, given.account, "followers", given.at + 1)
    return None if known is None else known.ids


def put_change(db: Database, change: ListChange) -> None:
    """Stores what a comparison gave; a repeated one replaces it."""
    db.conn.execute(
        "INSERT OR REPLACE INTO list_changes"
        " (account, side, start, stop, gained, lost, kept, detail, refused)"
        " SELECT id, ?, ?, ?, ?, ?, ?, ?, ? FROM accounts WHERE account = ?",
        (
            *(change.side, change.start, change.stop, change.gained, change.lost, change.kept),
            *(json.dumps(dict(change.detail)), change.refused, change.account),
        ),
    )


def changes(db: Database, account: str, since: int = 0) -> list[ListChange]:
    """Oldest first."""
    rows = db.conn.execute(
        "SELECT list_changes.* FROM list_changes"
        " JOIN accounts ON accounts.id = list_changes.account"
        " WHERE accounts.account = ? AND stop >= ? ORDER BY stop, side",
        (account, since),
    )
    return [
        ListChange(
            account=account,
            side=row["side"],
            start=row["start"],
            stop=row["stop"],
            gained=row["gained"],
            lost=row["lost"],
            kept=row["kept"],
            detail=json.loads(row["detail"]),
            refused=row["refused"],
        )
        for row in rows
    ]


def listed(db: Database, side: str) -> list[str]:
    """The accounts of which lists are kept."""
    rows = db.conn.execute(
        "SELECT DISTINCT accounts.account FROM lists JOIN accounts"
        " ON accounts.id = lists.account WHERE side = ? ORDER BY 1",
        (side,),
    )
    return [name for (name,) in rows]


def kept(db: Database) -> tuple[int, int, int]:
    """How many lists of how many accounts are kept, and their names in all."""
    row = db.conn.execute(
        "SELECT count(*), count(DISTINCT account), coalesce(sum(names), 0) FROM lists"
    ).fetchone()
    return int(row[0]), int(row[1]), int(row[2])


def stored(db: Database) -> bool:
    """Whether any list is kept: then the key of the names matters."""
    return db.conn.execute("SELECT 1 FROM lists LIMIT 1").fetchone() is not None
