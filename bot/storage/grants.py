"""Who may open the page and the API: random tokens, stored as hashes that open nothing.

A token has 256 bits of chance and is looked up by its hash, so that neither a copy of the
database nor the time an answer takes tells one.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Literal

from sqlite_utils import Database

GrantKind = Literal["login", "session", "share", "api"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """`holder` is who it was made for (a login, a session) or by (a link, an API token);
    `target` is the page that a link shows."""

    id: int
    kind: GrantKind
    space: str
    holder: Mapping[str, Any]
    target: str | None
    created: int
    expires: int


def add(db: Database, token: str, grant: Grant) -> int:
    """Stores the token's hash and gives the grant's number; `grant.id` is not used."""
    made = db.conn.execute(
        "INSERT INTO grants (token, kind, space, holder, target, created, expires)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            _hash(token),
            grant.kind,
            grant.space,
            json.dumps(dict(grant.holder)),
            grant.target,
            grant.created,
            grant.expires,
        ),
    )
    db.conn.execute("DELETE FROM grants WHERE expires < ?", (grant.created - _KEPT,))
    return int(made.lastrowid or 0)


def find(db: Database, token: str, kind: GrantKind, now: float) -> Grant | None:
    """The grant that a token opens; None where it is unknown, over or taken back."""
    found = _load(db, "token = ? AND kind = ? AND expires > ?", (_hash(token), kind, now))
    return found[0] if found else None


def take(db: Database, token: str, kind: GrantKind, now: float) -> Grant | None:
    """Like `find`, for what works once: it is gone afterwards."""
    grant = find(db, token, kind, now)
    if grant is not None:
        end(db, grant.space, grant.id)
    return grant


def listing(db: Database, space: str, now: float) -> list[Grant]:
    """Links and API tokens of a space that still work, oldest first."""
    return _load(
        db, "space = ? AND kind IN ('share', 'api') AND expires > ? ORDER BY id", (space, now)
    )


def end(db: Database, space: str, id: int) -> bool:
    """Takes one back; False where the space has none of that number."""
    done = db.conn.execute("DELETE FROM grants WHERE id = ? AND space = ?", (id, space))
    return done.rowcount > 0


def end_all(db: Database, space: str, user: str) -> None:
    """Takes back what opens all of a space and was made for or by one person."""
    db.conn.execute(
        "DELETE FROM grants WHERE space = ? AND kind != 'share' AND holder ->> 'user' = ?",
        (space, user),
    )


_KEPT = 30 * 86400


def _hash(token: str) -> str:
    return blake2b(token.encode("utf-8", "surrogatepass"), digest_size=32).hexdigest()


def _load(db: Database, where: str, values: tuple[Any, ...]) -> list[Grant]:
    rows = db.conn.execute(
        "SELECT id, kind, space, holder, target, created, expires FROM grants WHERE " + where,
        values,
    )
    return [
        Grant(
            id=id,
            kind=kind,
            space=space,
            holder=json.loads(holder),
            target=target,
            created=created,
            expires=expires,
        )
        for id, kind, space, holder, target, created, expires in rows
    ]
