"""The CSV log of the tool instagram_monitor: counts as they changed, in local time.

Rows that name followers who came or went are passed over unread.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from bot.sources.exports.changes import Moments, changes
from bot.sources.exports.days import fold, read_count
from bot.sources.exports.parsed import Asked, BadRows, ParsedFile, one_by_one
from bot.sources.exports.sniffer import Opening

_HEADER = ["date", "type", "old", "new"]
_METRICS = {
    "followers count": "followers",
    "followings count": "following",
    "posts count": "posts",
}


def claims(opening: Opening) -> bool:
    return bool(opening.top) and [fold(cell) for cell in opening.top[0]] == _HEADER


def read(openings: Sequence[Opening], asked: Asked) -> Iterator[ParsedFile]:
    yield from one_by_one(openings, asked, _file)


def _file(opening: Opening, asked: Asked) -> ParsedFile:
    member = opening.member
    bad = BadRows(member.label)
    moments: Moments = {}
    passed = 0
    for number, row in enumerate(opening.rows, 1):
        metric = _METRICS.get(fold(row[1])) if len(row) > 1 else None
        if metric is None:
            passed += len(row) > 1 and fold(row[1]) != "type"
            continue
        at = _moment(row[0], asked)
        if at is None:
            bad.add(number, "this is no time as the tool writes it", "Date")
            continue
        count = read_count(row, 3, number, ("Date", "Type", "Old", "New"), bad)
        moments.setdefault(at, {})[metric] = count
    other = f"{passed:,} rows about something else than counts were passed over."
    return changes(
        member,
        asked,
        moments,
        format="instagram_monitor.log",
        platform="instagram",
        bad=bad,
        notes=(other,) if passed else (),
    )


def _moment(text: str, asked: Asked) -> int | None:
    try:
        moment = datetime.fromisoformat(text.strip())
        return int((moment if moment.tzinfo else moment.replace(tzinfo=asked.zone)).timestamp())
    except (ValueError, OverflowError):
        return None
