"""One incident as columns, and back; what of it a reader can see."""

import json
import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from checks.model import Cause, Incident, Reason, Update

_REPEATED = 1024
"""Texts of causes and advice that are kept: a wave's are few, whatever its size."""

_HIDDEN = {"memory", "calm_days", "last_finding_at", "score", "advice"}


def visible(row: Mapping[str, Any]) -> dict[str, Any]:
    """What of its columns a reader of the alert could tell apart."""
    return {name: value for name, value in row.items() if name not in _HIDDEN}


def to_row(incident: Incident) -> dict[str, Any]:
    """All columns but the account; what is no finite number becomes NULL."""
    return {
        "metric": incident.metric,
        "direction": incident.direction,
        "opened_at": incident.opened_at,
        "alerted_at": incident.alerted_at,
        "resolved_at": incident.resolved_at,
        "last_finding_at": incident.last_finding_at,
        "state": incident.state,
        "kind": incident.kind,
        "severity": incident.severity,
        "confidence": incident.confidence,
        "change": _number(incident.change),
        "expected": _number(incident.expected),
        "level": _number(incident.level),
        "score": _number(incident.score),
        "causes": text_of(incident.causes),
        "reasons": json.dumps([_plain(reason) for reason in incident.reasons]),
        "advice": text_of(incident.advice),
        "wave": incident.wave,
        "calm_days": incident.calm_days,
        "closed_as": incident.closed_as,
        "supersedes": incident.supersedes,
        "memory": json.dumps(dict(incident.memory)),
    }


@lru_cache(_REPEATED)
def text_of(values: tuple[object, ...]) -> str:
    """Causes or advice as JSON; those of one wave are the same for thousands."""
    return json.dumps(values)


@lru_cache(_REPEATED)
def causes_of(text: str) -> tuple[Cause, ...]:
    """Causes as they are stored: a JSON list of kinds and chances."""
    return tuple(Cause(*pair) for pair in json.loads(text))


def _plain(reason: Reason) -> dict[str, Any]:
    return {"code": reason.code, "values": dict(reason.values)}


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def from_row(row: Mapping[str, Any], updates: tuple[Update, ...]) -> Incident:
    """`row` holds the account's name as `name`."""

    def real(name: str) -> float:
        return math.nan if row[name] is None else float(row[name])

    return Incident(
        account=row["name"],
        metric=row["metric"],
        direction=row["direction"],
        opened_at=row["opened_at"],
        alerted_at=row["alerted_at"],
        resolved_at=row["resolved_at"],
        last_finding_at=row["last_finding_at"],
        state=row["state"],
        kind=row["kind"],
        severity=row["severity"],
        confidence=row["confidence"],
        change=real("change"),
        expected=real("expected"),
        level=real("level"),
        score=real("score"),
        causes=causes_of(row["causes"]),
        reasons=tuple(Reason(**reason) for reason in json.loads(row["reasons"])),
        advice=tuple(json.loads(row["advice"])),
        wave=row["wave"],
        calm_days=row["calm_days"],
        closed_as=row["closed_as"],
        supersedes=row["supersedes"],
        updates=updates,
        memory=json.loads(row["memory"]),
    )
