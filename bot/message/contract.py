"""What programs get instead of a message: incidents and notices as plain fields."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.message.reasons import sentence
from bot.message.voice import voice_for
from bot.model.message import Alert
from checks.model import Cause, Incident, Notice


def incident_fields(incident: Incident, timezone: str) -> dict[str, Any]:
    """The `--format json` contract of `check` and `backtest`; times carry the zone's offset."""
    percent = 100 * (incident.change - incident.expected) / incident.level
    voice = voice_for("en", timezone)
    return {
        "account": incident.account,
        "kind": incident.kind,
        "metric": incident.metric,
        "severity": incident.severity,
        "confidence": number(incident.confidence),
        **cause_fields(incident.causes),
        "opened_at": moment(incident.opened_at, timezone),
        "alerted_at": moment(incident.alerted_at, timezone),
        "resolved_at": moment(incident.resolved_at, timezone),
        "change": number(incident.change),
        "percent": number(percent) if incident.level > 0 else None,
        "expected": number(incident.expected),
        "score": number(incident.score),
        "wave": incident.wave,
        "updates": [
            {
                "at": moment(update.at, timezone),
                "state": update.state,
                "kind": update.kind,
                "severity": update.severity,
                "confidence": number(update.confidence),
                **cause_fields(update.causes),
            }
            for update in incident.updates
        ],
        "reasons": [sentence(voice, reason) for reason in incident.reasons],
    }


def alert_fields(alert: Alert, timezone: str) -> dict[str, Any]:
    """An incident under its number in one space, and who has taken it on."""
    return {
        "number": alert.number,
        **incident_fields(alert.incident, timezone),
        "seen_at": moment(alert.seen_at, timezone),
        "acknowledged_by": alert.acknowledged_by,
        "acknowledged_at": moment(alert.acknowledged_at, timezone),
    }


def cause_fields(causes: Sequence[Cause]) -> dict[str, Any]:
    """The likeliest cause and its runner-up with their chances; null where there is none.

    `kind` names that cause only where evidence for it came in; `confidence` is how sure it is
    that the move is unusual at all.
    """
    first, second = (*causes, None, None)[:2]
    return {
        "cause": first.kind if first else None,
        "cause_confidence": number(first.chance) if first else None,
        "runner_up": second.kind if second else None,
        "runner_up_confidence": number(second.chance) if second else None,
    }


def notice_fields(notice: Notice, timezone: str) -> Mapping[str, Any]:
    """One notice; it has `notice` instead of `kind`."""
    voice = voice_for("en", timezone)
    return {
        "notice": notice.kind,
        "account": notice.account,
        "at": moment(notice.at, timezone),
        "severity": notice.severity,
        "accounts": list(notice.accounts),
        "reasons": [sentence(voice, reason) for reason in notice.reasons],
    }


def moment(at: float | None, timezone: str) -> str | None:
    """Epoch seconds as ISO 8601 with the zone's offset."""
    if at is None:
        return None
    return datetime.fromtimestamp(int(at), ZoneInfo(timezone)).isoformat()


def number(value: float) -> float | None:
    """At most four decimals; what is not known is null, which NaN is not in JSON."""
    return None if math.isnan(value) else round(value, 4)
