"""X analytics, account overview: follows and unfollows per day, no total, newest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.sources.exports.days import fold, header_row, read_days
from bot.sources.exports.parsed import (
    BadRows,
    ExportContext,
    Origin,
    ParsedFile,
    one_by_one,
    refused,
    series,
)
from bot.sources.exports.sniffer import SniffedFile

_WANTED = ("date", "new follows", "unfollows")
_COLUMNS = {
    "gained": "new follows",
    "lost": "unfollows",
    "posts_daily": "create post",
    "views_daily": "impressions",
    "interactions_daily": ("likes", "replies", "reposts", "shares", "bookmarks"),
}


def claims(file: SniffedFile) -> bool:
    return header_row(file.top, _WANTED) is not None or _by_post(file)


def _by_post(file: SniffedFile) -> bool:
    cells = [fold(cell) for cell in file.top[0]] if file.top else []
    return "post id" in cells and "new follows" in cells


def read(files: Sequence[SniffedFile], context: ExportContext) -> Iterator[ParsedFile]:
    yield from one_by_one(files, context, _file)


def _file(file: SniffedFile, context: ExportContext) -> ParsedFile:
    member, rows = file.member, file.rows
    header = header_row(rows, _WANTED)
    if header is None:
        return refused(
            member,
            "This lists posts with their follows, not days: export "
            "account_overview_analytics.csv (Analytics, Overview) instead.",
            platform="x",
        )
    bad = BadRows(member.label)
    days = read_days(rows, header, _COLUMNS, bad)
    return series(
        Origin(
            member=member,
            context=context,
            format="x_analytics.account_overview",
            platform="x",
            bad=bad,
        ),
        basis="gained_lost",
        at=days.at(context.zone),
        values=days.values,
    )
