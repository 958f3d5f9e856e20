"""Twitch, channel analytics by day: new follows; leavers are not counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.sources.exports.days import header_row, known_header, read_days
from bot.sources.exports.parsed import Asked, BadRows, ParsedFile, one_by_one, series
from bot.sources.exports.sniffer import Opening

_WANTED = ("date", "average viewers", "follows")


def claims(opening: Opening) -> bool:
    return header_row(opening.top, _WANTED) is not None


def read(openings: Sequence[Opening], asked: Asked) -> Iterator[ParsedFile]:
    yield from one_by_one(openings, asked, _file)


def _file(opening: Opening, asked: Asked) -> ParsedFile:
    member, rows = opening.member, opening.rows
    header = known_header(rows, _WANTED, member.label)
    bad = BadRows(member.label)
    days = read_days(rows, header, {"gained": "follows", "views_daily": "live views"}, bad)
    return series(
        member,
        asked,
        format="twitch.channel_analytics",
        platform="twitch",
        basis="gained",
        at=days.at(asked.zone),
        values=days.values,
        bad=bad,
        notes=["New follows only: without losses and totals it shows surges, never churn."],
    )
