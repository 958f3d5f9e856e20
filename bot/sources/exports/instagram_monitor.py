"""The CSV log of the tool instagram_monitor: counts as they changed, in local time.

Rows that name followers who came or went are passed over unread.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from bot.sources.exports.changes import Moments, changes
from bot.sources.exports.days import fold, read_count
from bot.sources.exports.parsed import BadRows, ExportContext, ParsedFile, one_by_one
from bot.sources.exports.sniffer import SniffedFile

_HEADER = ["date", "type", "old", "new"]
_METRICS = {
    "followers count": "followers",
    "followings count": "following",
    "posts count": "posts",
}


def claims(file: SniffedFile) -> bool:
    return bool(file.top) and [fold(cell) for cell in file.top[0]] == _HEADER


def read(files: Sequence[SniffedFile], context: ExportContext) -> Iterator[ParsedFile]:
    yield from one_by_one(files, context, _file)


def _file(file: SniffedFile, context: ExportContext) -> ParsedFile:
    member = file.member
    bad = BadRows(member.label)
    moments: Moments = {}
    passed = 0
    for number, row in enumerate(file.rows, 1):
        metric = _METRICS.get(fold(row[1])) if len(row) > 1 else None
        if metric is None:
            passed += len(row) > 1 and fold(row[1]) != "type"
            continue
        at = _moment(row[0], context)
        if at is None:
            bad.add(number, "this is no time as the tool writes it", "Date")
            continue
        count = read_count(row, 3, number, ("Date", "Type", "Old", "New"), bad)
        moments.setdefault(at, {})[metric] = count
    other = f"{passed:,} rows about something else than counts were passed over."
    return changes(
        member,
        context,
        moments,
        format="instagram_monitor.log",
        platform="instagram",
        bad=bad,
        notes=(other,) if passed else (),
    )


def _moment(text: str, context: ExportContext) -> int | None:
    try:
        moment = datetime.fromisoformat(text.strip())
        return int(
            (moment if moment.tzinfo else moment.replace(tzinfo=context.zone)).timestamp()
        )
    except (ValueError, OverflowError):
        return None
