"""Dates in the names of files: `followers-2026-11-01.csv`."""

from __future__ import annotations

import re
from datetime import date
from zoneinfo import ZoneInfo

from bot.sources.tables.dates import parse_time
from bot.sources.tables.options import DateOrder

_DAY = r"(?<!\d)(?:20\d\d[-_.]?[01]\d[-_.]?[0-3]\d)(?!\d)"
_CLOCK = r"(?:[ T_-]+(?:at[ _-])?[0-2]\d[-_.:h]?[0-5]\d(?:[-_.:]?[0-5]\d)?Z?)?(?!\d)"
_IN_NAME = re.compile(f"({_DAY})({_CLOCK})")
_NUMERIC = re.compile(r"(?<!\d)(\d{1,2})[-_.](\d{1,2})[-_.](20\d\d)(?!\d)")
_EPOCH = re.compile(r"(?<!\d)1[5-9]\d{8}(?:\d{3})?(?!\d)")


def date_in_name(name: str) -> str | None:
    """The date as the name writes it, ISO; None where there is none or several."""
    days = {re.sub(r"\D", "", found[1]) for found in _IN_NAME.finditer(name)}
    if len(days) != 1:
        return None
    digits = days.pop()
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).isoformat()
    except ValueError:
        return None


def time_in_name(name: str, zone: ZoneInfo, order: DateOrder | None) -> int | None:
    """Epoch seconds of the date (its end) or moment that a file's name holds."""
    if (day := date_in_name(name)) is not None:
        match = _IN_NAME.search(name)
        clock = re.sub(r"\D", "", match[2]) if match else ""
        if len(clock) >= 4:
            sharp = ":".join((clock[:2], clock[2:4], clock[4:6] or "00"))
            mark = "Z" if match and match[2].endswith("Z") else ""
            return parse_time(f"{day} {sharp}{mark}", zone)
        return parse_time(day, zone)
    if match := _EPOCH.search(name):
        return parse_time(match[0], zone)
    if match := _NUMERIC.search(name):
        first, second, year = match.groups()
        proven = "dmy" if int(first) > 12 else "mdy" if int(second) > 12 else order
        return parse_time(f"{first}/{second}/{year}", zone, proven)
    return None
