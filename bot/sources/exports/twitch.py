"""Twitch, channel analytics by day: new follows; leavers are not counted."""

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

_WANTED = ("date", "average viewers", "follows")


def claims(file: SniffedFile) -> bool:
    return header_row(file.top, _WANTED) is not None


def read(files: Sequence[SniffedFile], context: ExportContext) -> Iterator[ParsedFile]:
    yield from one_by_one(files, context, _file)


def _file(file: SniffedFile, context: ExportContext) -> ParsedFile:
    member, rows = file.member, file.rows
    header = known_header(rows, _WANTED, member.label)
    bad = BadRows(member.label)
    days = read_days(rows, header, {"gained": "follows", "views_daily": "live views"}, bad)
    return series(
        Origin(
            member=member,
            context=context,
            format="twitch.channel_analytics",
            platform="twitch",
            bad=bad,
            notes=["New follows only: without losses and totals it shows surges, never churn."],
        ),
        basis="gained",
        at=days.at(context.zone),
        values=days.values,
    )
