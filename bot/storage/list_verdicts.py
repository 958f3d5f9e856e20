"""What follower lists have shown and the next review takes up."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from sqlite_utils import Database

from bot.storage import accounts
from checks.model import Cause, Finding, Reason, Verdict


def put(db: Database, account: str, found: Sequence[Verdict], seen: int) -> None:
    """Verdicts of one list wait for the next review; a forgotten account's are refused."""
    if not found:
        return
    id = accounts.ensure(db, [account], None, seen).get(account)
    if id is None:
        return
    db.conn.executemany(
        "INSERT INTO list_verdicts (account, seen_at, verdict) VALUES (?, ?, ?)",
        [(id, seen, json.dumps(asdict(one), default=dict)) for one in found],
    )


def take(db: Database) -> list[Verdict]:
    """All that wait, oldest first; they wait no longer."""
    rows = db.conn.execute("SELECT verdict FROM list_verdicts ORDER BY id").fetchall()
    db.conn.execute("DELETE FROM list_verdicts")
    return [_verdict(json.loads(text)) for (text,) in rows]


def _verdict(raw: dict[str, object]) -> Verdict:
    finding, reasons = raw.pop("finding"), raw.pop("reasons")
    assert isinstance(finding, dict)
    assert isinstance(reasons, list)
    numbers = {name: float("nan") for name, value in finding.items() if value is None}
    advice, causes = raw.pop("advice"), raw.pop("causes")
    assert isinstance(advice, list)
    assert isinstance(causes, list)
    return Verdict(
        finding=Finding(**{**finding, **numbers}),
        reasons=tuple(Reason(**one) for one in reasons),
        advice=tuple(advice),
        causes=tuple(Cause(*one) for one in causes),
        **raw,  # type: ignore[arg-type]
    )
