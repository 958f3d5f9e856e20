"""What the team wants an account to reach."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal

from sqlite_utils import Database

from bot.storage.rows import insert


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """`by_date` is an ISO date; `space` is "" where every space sees it."""

    account: str
    followers: int
    by_date: str
    space: str = ""
    origin: Literal["config", "chat"] = "chat"
    by: str | None = None
    at: int = 0


def put(db: Database, goal: Goal) -> None:
    """One goal per account and space: a new one replaces the old."""
    insert(db, "goals", asdict(goal), replace=True)


def configure(db: Database, goals: Sequence[Goal], at: int) -> None:
    db.conn.execute("DELETE FROM goals WHERE origin = 'config'")
    for goal in goals:
        put(db, replace(goal, origin="config", space="", at=at))


def remove(db: Database, account: str, space: str) -> bool:
    cursor = db.conn.execute(
        "DELETE FROM goals WHERE account = ? AND space = ?", (account, space)
    )
    return cursor.rowcount > 0


def listing(db: Database, space: str | None = None) -> list[Goal]:
    rows = db.conn.execute(
        "SELECT * FROM goals WHERE ?1 IS NULL OR space IN ('', ?1) ORDER BY by_date, account",
        (space,),
    )
    return [Goal(**dict(row)) for row in rows]
