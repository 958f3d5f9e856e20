"""How `:since` is bound, so that the database compares it with its own kind of time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo


def shape_of(times: Sequence[Any]) -> str | None:
    """How the answers write times, which `:since` has to be compared with."""
    value = next((time for time in times if time is not None), None)
    if value is None:
        return None
    if isinstance(value, datetime):
        return "time" if value.tzinfo else "local"
    if isinstance(value, date):
        return "date"
    text = str(value)
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return "epoch_ms" if len(text.partition(".")[0]) > 11 else "epoch"
    return "text" if re.match(r"\d{4}-\d\d-\d\d", text) else "beginning"


def bound(since: datetime, shape: str, zone: ZoneInfo) -> Any:
    local = since.astimezone(zone)
    match shape:
        case "epoch":
            return int(since.timestamp())
        case "epoch_ms":
            return int(since.timestamp() * 1000)
        case "date":
            return local.date()
        case "local":
            return local.replace(tzinfo=None)
        case "time":
            return since
        case _:
            # ISO texts compare by their date, whatever follows it
            return (local - timedelta(days=1)).date().isoformat()
