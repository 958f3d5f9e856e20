"""YouTube Studio, advanced mode: days of subscribers gained, lost, or net.

`Totals.csv` counts days; `Table data.csv` counts days only where Date was the breakdown.
Tables per video, source or status look alike and are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from bot.errors import SourceChanged
from bot.sources.exports.days import DateColumn, Days, fold, read_count, read_days
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
from bot.sources.exports.youtube_header import english, is_days_of_channel
from bot.sources.tables.columns import role_of
from bot.sources.tables.totals_row import SUMS

_NAMES = re.compile(r"(totals|table data|chart data)\b.*\.(csv|xlsx)", re.IGNORECASE)
_COLUMNS = {
    "gained": "subscribers gained",
    "lost": "subscribers lost",
    "net": "subscribers",
    "views_daily": "views",
}
_DECOYS = {
    "subscription status": "views by whether viewers had subscribed",
    "subscription source": "subscribers by where they came from, without days",
    "traffic source": "where views came from",
    "geography": "countries",
    "viewer age": "ages of viewers",
    "viewer gender": "genders of viewers",
    "device type": "devices",
    "subtitles and cc": "languages of subtitles",
}
_MOST_COLUMNS = 8
_INSTEAD = (
    "in YouTube Studio's advanced mode choose the breakdown Date and the metrics Subscribers "
    "gained and Subscribers lost, export, and import Totals.csv of that zip."
)


def claims(file: SniffedFile) -> bool:
    if not file.top:
        return False
    cells = english(file.top[0])
    if _takeout(file.top):
        return True
    if any(role_of(cell) in ("account", "platform") for cell in file.top[0]):
        return False  # somebody's own table: the studio names no channel
    if file.platform in (None, "youtube") and _is_days(file):
        return True
    named = bool(_NAMES.fullmatch(file.member.base))
    days = "date" in cells and (
        "subscribers gained" in cells
        or "subscribers lost" in cells
        or (named and ("subscribers" in cells or "views" in cells or "engaged views" in cells))
    )
    videos = "video title" in cells and "content" in cells
    decoy = named and any(cell in _DECOYS for cell in cells)
    return days or videos or decoy


def _is_days(file: SniffedFile) -> bool:
    """All rows are looked at only where the first one promises days of a channel."""
    if english(file.top[0])[:1] != ["date"] or len(file.top[0]) > _MOST_COLUMNS:
        return False
    try:
        return is_days_of_channel(file.top[0], file.rows, file.member.base)
    except SourceChanged:
        return False


def _takeout(top: Rows) -> bool:
    return len(top[0]) == 3 and any(
        "youtube.com/channel/UC" in cell for row in top[1:2] for cell in row
    )


def read(files: Sequence[SniffedFile], context: ExportContext) -> Iterator[ParsedFile]:
    yield from one_by_one(files, context, _file)


def _file(file: SniffedFile, context: ExportContext) -> ParsedFile:
    member, rows = file.member, file.rows
    cells = english(file.top[0])
    if reason := _refusal(file.top, cells, rows):
        return refused(member, reason, platform="youtube")
    start = next(n for n, row in enumerate(rows) if english(row) == cells)
    header = (start, cells)
    bad = BadRows(member.label)
    columns = {m: c for m, c in _COLUMNS.items() if c in cells}
    if "gained" in columns and "lost" in columns:
        columns.pop("net", None)
    if not columns:
        return refused(
            member,
            f"This has days but neither subscribers nor views: {_INSTEAD}",
            platform="youtube",
        )
    days = read_days(rows, header, columns, bad, day=DateColumn(skip=SUMS))
    notes: list[str] = []
    days = _from_birth(days, notes)
    return series(
        Origin(
            member=member,
            context=context,
            format=f"youtube_studio.{_kind(member.base)}",
            platform="youtube",
            bad=bad,
            notes=notes,
        ),
        basis=_basis(columns),
        at=days.at(context.zone),
        values=days.values,
    )


def _kind(base: str) -> str:
    return "table" if base.casefold().startswith("table") else "totals"


def _basis(columns: dict[str, str]) -> Literal["net", "gained", "gained_lost"] | None:
    if "gained" in columns and "lost" in columns:
        return "gained_lost"
    if "net" in columns:
        return "net"
    return "gained" if "gained" in columns else None


def _refusal(top: Rows, cells: list[str], rows: Rows) -> str | None:
    if _takeout(top):
        return (
            "This lists the channels that the owner follows; Google Takeout has no list of "
            f"subscribers. Instead, {_INSTEAD}"
        )
    if decoy := next((_DECOYS[cell] for cell in cells if cell in _DECOYS), None):
        return f"This counts {decoy}: {_INSTEAD}"
    if "content" in cells or "video title" in cells:
        if "date" in cells:
            return (
                "This lists days per video, and only of the videos in the chart: import "
                "Totals.csv of the same zip, which counts the whole channel."
            )
        return f"This lists videos without days{_sum(rows, cells)}: {_INSTEAD}"
    return None


def _sum(rows: Rows, cells: list[str]) -> str:
    """The row `Total`, in words; it is no video and has no day."""
    row = next((row for row in rows if row and fold(row[0]) == "total"), None)
    names = ("subscribers gained", "subscribers lost", "subscribers")
    if row is None:
        return ""
    told = [
        f"{name} {value:,}"
        for name in names
        if name in cells
        and (value := read_count(row, cells.index(name), 0, cells, BadRows(""))) is not None
    ]
    return f" ({', '.join(told)} over its whole range)" if told else ""


def _from_birth(days: Days, notes: list[str]) -> Days:
    """Without the zeros that stand before the channel's first day."""
    order = sorted(range(len(days.dates)), key=lambda n: days.dates[n])
    alive = next(
        (k for k, n in enumerate(order) if any(column[n] for column in days.values.values())), 0
    )
    if alive == 0:
        return days
    notes.append(f"{alive:,} days of zeros before the first activity were left out.")
    kept = order[alive:]
    return Days(
        [days.dates[n] for n in kept],
        {metric: [column[n] for n in kept] for metric, column in days.values.items()},
    )
