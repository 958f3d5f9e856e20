"""Fields of recorded shape out of API answers: absent is None, another type is a change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bot.errors import SourceChanged


def whole(record: Mapping[str, Any], key: str, *, text: bool = False) -> int | None:
    """A count; `text` where the platform documents digits in a string."""
    value = record.get(key)
    if value is None:
        return None
    if text and isinstance(value, str) and value.isdecimal():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int) or (text and value < 0):
        raise _changed(key, "a count", value)
    if value < 0:
        raise _changed(key, "a count", value)
    return value


def records(reply: Mapping[str, Any], key: str) -> Sequence[Mapping[str, Any]]:
    """A list of objects, empty where the key is absent."""
    value = reply.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise _changed(key, "a list of objects", value)
    return value


def record(reply: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = reply.get(key)
    if not isinstance(value, dict):
        raise _changed(key, "an object", value)
    return value


def _changed(key: str, wanted: str, value: Any) -> SourceChanged:
    return SourceChanged(
        f'The answer holds {type(value).__name__} as "{key}" where {wanted} is documented: the '
        "API has changed; look for a newer ebbwatch.",
        where=key,
    )


def title(record: Any, key: str) -> str | None:
    """What people call an account, on one line; None where nothing readable is given."""
    value = record.get(key) if isinstance(record, Mapping) else None
    return " ".join(value.split())[:120] or None if isinstance(value, str) else None


def moment(value: Any) -> int:
    """Epoch seconds of an ISO time; 0 where it is none, or before anybody could follow."""
    if not isinstance(value, str):
        return 0
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return 0
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0, int(at.timestamp()))
