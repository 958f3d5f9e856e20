"""Social Blade: the business API's statistics and scraped history tables, totals per day."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.sources.exports.interface_dates import parse_day
from bot.sources.exports.parsed import (
    BadRows,
    ExportContext,
    Origin,
    ParsedFile,
    one_by_one,
    refused,
    series,
)
from bot.sources.exports.sniffer import SniffedFile, decode
from bot.sources.exports.streams import broken_json
from bot.sources.tables.dates import end_of_day

_API = re.compile(r'\{\s*"(?:status|data|info)"\s*:\s*\{')
_STATUS = re.compile(r'\{\s*"status"\s*:\s*\{\s*"success"')
_TABLE = re.compile(r'(?:\{\s*"table"\s*:\s*)?\[\s*\{[^{}\[\]]*"\w+Delta"\s*:')
# what tells a platform among the daily keys, and which metric a key is
_PLATFORMS = {
    "media": "instagram",
    "tweets": "x",
    "subs": "youtube",
    "talking_about": "facebook",
}
_METRICS = {
    "followers": ("followers", "subs", "subscribers", "likes"),
    "following": ("following",),
    "posts": ("media", "tweets", "posts", "uploads", "videos"),
    "views": ("views",),
}


def claims(file: SniffedFile) -> bool:
    text = file.text
    if _API.match(text):
        return any(key in text for key in ('"growth"', '"sb_verified"')) or bool(
            _STATUS.match(text)
        )
    return bool(_TABLE.match(text[:4096]))


def read(files: Sequence[SniffedFile], context: ExportContext) -> Iterator[ParsedFile]:
    yield from one_by_one(files, context, _file)


def _file(file: SniffedFile, context: ExportContext) -> ParsedFile:
    label = file.member.label
    try:
        raw = json.loads(decode(file.whole()))
        if isinstance(raw, dict) and "table" not in raw:
            return _api(file, raw, context)
        rows = raw["table"] if isinstance(raw, dict) else raw
        return _days(file, rows, "table", context)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise broken_json(label) from None


def _api(file: SniffedFile, raw: Mapping[str, Any], context: ExportContext) -> ParsedFile:
    status = raw.get("status")
    if isinstance(status, dict) and status.get("success") is False:
        return refused(
            file.member,
            "Social Blade answered with an error: ask it again for this account.",
        )
    data = raw.get("data")
    rows = data.get("daily") if isinstance(data, dict) else None
    if not rows or not isinstance(data, dict):
        return refused(
            file.member,
            "This Social Blade answer has no daily history: ask with history=default.",
        )
    owner = data.get("id")
    handle = owner.get("username") if isinstance(owner, dict) else None
    return _days(file, rows, "statistics", context, handle if isinstance(handle, str) else None)


def _days(
    file: SniffedFile, rows: Any, kind: str, context: ExportContext, handle: str | None = None
) -> ParsedFile:
    member = file.member
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise broken_json(member.label)
    keys = {str(key) for row in rows for key in row}
    platform = next((name for key, name in _PLATFORMS.items() if key in keys), None)
    columns = {
        metric: key for metric, names in _METRICS.items() if (key := _first(names, keys))
    }
    bad = BadRows(member.label)
    at: list[int] = []
    values: dict[str, list[int | None]] = {metric: [] for metric in columns}
    for number, row in enumerate(rows, 1):
        day = parse_day(str(row.get("date", "")))
        if day is None:
            bad.add(number, "this is no date", "date")
            continue
        at.append(end_of_day(day, context.zone))
        for metric, key in columns.items():
            values[metric].append(_whole(row.get(key), number, key, bad))
    notes = []
    if columns.get("followers") == "likes":
        notes.append("Facebook pages are counted by their likes here.")
    if platform == "youtube":
        notes.append("YouTube's public counts have three significant digits.")
    return series(
        Origin(
            member=member,
            context=context,
            format=f"socialblade.{kind}",
            platform=platform,
            bad=bad,
            handle=handle,
            notes=notes,
        ),
        basis="total",
        at=at,
        values=values,
    )


def _first(names: Sequence[str], keys: set[str]) -> str | None:
    return next((name for name in names if name in keys), None)


def _whole(value: object, number: int, key: str, bad: BadRows) -> int | None:
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 53:
        return value
    bad.add(number, "this is no whole number", key)
    return None
