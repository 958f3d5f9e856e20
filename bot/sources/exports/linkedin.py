"""LinkedIn page followers, .xls and .xlsx: "Total followers" are those new that day."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date

from bot.errors import SourceChanged
from bot.sources.exports.days import DateColumn, Days, fold, header_row, read_days
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
from bot.sources.exports.sniffer import Rows, SniffedFile

_WANTED = ("date", "organic followers", "total followers")
_PARTS = ("sponsored followers", "organic followers", "auto-invited followers")
_OTHERS = ("visitor metrics", "update metrics", "all posts", "competitor analytics")
_PAGE = re.compile(r"(.+?)_followers_\d{9,14}(?:\s?\(\d+\))?\.(?:xlsx?|csv)", re.IGNORECASE)


def claims(file: SniffedFile) -> bool:
    if not file.is_workbook:
        return header_row(file.top, _WANTED) is not None
    try:
        return _sheet(file) is not None or _other(file)
    except SourceChanged:
        return False


def _sheet(file: SniffedFile) -> Rows | None:
    return next((rows for rows in file.sheets.values() if header_row(rows, _WANTED)), None)


def _other(file: SniffedFile) -> bool:
    return any(fold(name) in _OTHERS for name in file.sheets)


def read(files: Sequence[SniffedFile], context: ExportContext) -> Iterator[ParsedFile]:
    yield from one_by_one(files, context, _file)


def _file(file: SniffedFile, context: ExportContext) -> ParsedFile:
    member = file.member
    rows = _sheet(file)
    header = header_row(rows, _WANTED) if rows else None
    if rows is None or header is None:
        return refused(
            member,
            "This LinkedIn workbook counts visitors or posts, not followers: export Followers "
            "(Analytics, Followers, Export) instead.",
            platform="linkedin",
        )
    bad = BadRows(member.label)
    days = read_days(
        rows,
        header,
        {"gained": "total followers", "parts": _PARTS},
        bad,
        day=DateColumn(parse=_day),
    )
    notes = ['"Total followers" in this file are those new on the day, not the page\'s total.']
    _compare(days, notes)
    values = days.values["gained"]
    falls = any(value is not None and value < 0 for value in values)
    if falls:
        notes.append("Some days are negative: the numbers are read as net changes.")
    page = _PAGE.fullmatch(member.base)
    return series(
        Origin(
            member=member,
            context=context,
            format="linkedin.followers",
            platform="linkedin",
            bad=bad,
            handle=page[1] if page else None,
            notes=notes,
        ),
        basis="net" if falls else "gained",
        at=days.at(context.zone),
        values={"net" if falls else "gained": values},
    )


def _day(text: str) -> date | None:
    return parse_day(text, american=True)


def _compare(days: Days, notes: list[str]) -> None:
    parts = days.values.get("parts")
    if parts is None:
        return
    wrong = sum(
        whole is not None and part is not None and whole != part
        for whole, part in zip(days.values["gained"], parts, strict=True)
    )
    if wrong:
        notes.append(f"In {wrong} rows the parts do not add up to Total followers.")
