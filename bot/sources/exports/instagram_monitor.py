"""CSV logs of the tools instagram_monitor and github_monitor: counts as they changed, in
local time; the latter names the user in a column of its own.

Rows that name followers who came or went are passed over unread.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from bot.errors import SourceChanged
from bot.sources.exports.changes import Moments, changes
from bot.sources.exports.days import fold, read_count
from bot.sources.exports.parsed import BadRows, ExportContext, Origin, ParsedFile, failed
from bot.sources.exports.sniffer import SniffedFile

_HEADER = ["date", "type", "old", "new"]
_NAMED = ["date", "type", "name", "old", "new"]
_METRICS = {
    "followers count": "followers",
    "followings count": "following",
    "posts count": "posts",
}


def claims(file: SniffedFile) -> bool:
    return bool(file.top) and [fold(cell) for cell in file.top[0]] in (_HEADER, _NAMED)


def read(files: Sequence[SniffedFile], context: ExportContext) -> Iterator[ParsedFile]:
    for file in files:
        try:
            yield from _file(file, context)
        except SourceChanged as error:
            yield failed(file.member.label, error)


def _file(file: SniffedFile, context: ExportContext) -> Iterator[ParsedFile]:
    """One series, or one of each name."""
    header = [fold(cell) for cell in file.top[0]]
    tool = "github" if "name" in header else "instagram"
    bad = BadRows(file.member.label)
    users: dict[str | None, Moments] = {}
    passed = 0
    for number, row in enumerate(file.rows, 1):
        metric = _METRICS.get(fold(row[1])) if len(row) >= len(header) else None
        if metric is None:
            passed += len(row) > 1 and fold(row[1]) != "type"
            continue
        at = _moment(row[0], context)
        if at is None:
            bad.add(number, "this is no time as the tool writes it", "Date")
            continue
        count = read_count(row, header.index("new"), number, header, bad)
        user = row[2].strip() or None if tool == "github" else None
        users.setdefault(user, {}).setdefault(at, {})[metric] = count
    other = f"{passed:,} rows about something else than counts were passed over."
    for user, moments in (users or {None: {}}).items():
        yield changes(
            Origin(
                member=file.member,
                context=context,
                format=f"{tool}_monitor.log",
                platform=tool,
                bad=bad,
                handle=user,
                notes=(other,) if passed else (),
            ),
            moments,
        )
        bad, passed = BadRows(file.member.label), 0  # told once


def _moment(text: str, context: ExportContext) -> int | None:
    try:
        moment = datetime.fromisoformat(text.strip())
        return int(
            (moment if moment.tzinfo else moment.replace(tzinfo=context.zone)).timestamp()
        )
    except (ValueError, OverflowError):
        return None
