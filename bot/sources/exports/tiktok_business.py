"""TikTok Business accounts: new and lost followers per day; the total is never filled in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.sources.exports.days import header_row, known_header, read_days
from bot.sources.exports.parsed import (
    BadRows,
    ExportContext,
    Origin,
    ParsedFile,
    one_by_one,
    series,
)
from bot.sources.exports.sniffer import SniffedFile

_ACCOUNT = ("date", "net growth", "new followers", "lost followers")
_AUDIENCE = ("date", "new followers", "total followers")
_COLUMNS = {
    "gained": "new followers",
    "lost": "lost followers",
    "views_daily": "video views",
    "interactions_daily": ("likes", "shares", "comments"),
}


def claims(file: SniffedFile) -> bool:
    """Other tools name days so too: of those who say another platform, or fill the totals."""
    if file.platform not in (None, "tiktok"):
        return False
    if header := header_row(file.top, _AUDIENCE):
        place = header[1].index("total followers")
        rows = file.top[1:]
        return not any(row[place : place + 1] and row[place][:1].isdigit() for row in rows)
    return header_row(file.top, _ACCOUNT) is not None


def read(files: Sequence[SniffedFile], context: ExportContext) -> Iterator[ParsedFile]:
    yield from one_by_one(files, context, _file)


def _file(file: SniffedFile, context: ExportContext) -> ParsedFile:
    member, rows = file.member, file.rows
    bad = BadRows(member.label)
    notes = []
    if header := header_row(rows, _ACCOUNT):
        days = read_days(rows, header, _COLUMNS, bad)
        kind, basis = "account", "gained_lost"
    else:
        header = known_header(rows, _AUDIENCE, member.label)
        days = read_days(
            rows, header, {"gained": "new followers", "followers": "total followers"}, bad
        )
        kind, basis = "audience", "total"
        if all(value is None for value in days.values["followers"]):
            days.values.pop("followers")
            basis = "gained"
            notes.append("The column Total followers is empty: only new followers were read.")
    return series(
        Origin(
            member=member,
            context=context,
            format=f"tiktok_business.{kind}",
            platform="tiktok",
            bad=bad,
            notes=notes,
        ),
        basis=basis,  # type: ignore[arg-type]
        at=days.at(context.zone),
        values=days.values,
    )
