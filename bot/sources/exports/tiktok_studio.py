"""TikTok Studio: FollowerHistory (totals per day) and Overview (views, likes per day).

Dates have no year and stand in the interface's language. Rows run on day by day, so the
year follows from the last day, which lies on or before the file's own time. The difference
column shifts between versions of the export and is never used.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

from bot.errors import SourceChanged
from bot.sources.exports.archive import Member
from bot.sources.exports.days import DateColumn, Days, fold, read_count, read_days
from bot.sources.exports.interface_dates import first_break, languages_of, last_year
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
from bot.sources.exports.words import DATE, FOLLOWERS

_OVERVIEW = ("video views", "profile views", "likes", "comments", "shares")
_OTHERS = {
    ("date", "total viewers"): "viewers",
    ("date", "new viewers"): "viewers",
    ("date", "active followers"): "hours at which followers are active",
    ("gender", "distribution"): "shares of the audience",
    ("top territories", "distribution"): "shares of the audience",
    ("territories", "distribution"): "shares of the audience",
    ("time", "video link"): "videos",
    ("video title", "video link"): "videos",
}
_MOST_DAYS = 1500
_EXPORTED = re.compile(r"(?:Overview|Followers|Viewers|Content)_.+?_(\d{10}|\d{13})_([\w.]+)")
_HANDLE = re.compile(r"Followers_([\w.]+)")


def claims(file: SniffedFile) -> bool:
    if not file.top or not file.top[0]:
        return False
    header = [fold(cell) for cell in file.top[0]]
    if any(re.search(r"\d{4}", row[0]) for row in file.top[1:]):
        return False  # somebody's own table: the studio writes no years
    return _is_history(header) or _is_overview(header) or _other(header) is not None


def _is_history(header: list[str]) -> bool:
    return (
        len(header) == 3
        and header[0] in DATE
        and header[1] in FOLLOWERS
        and (
            bool(
                re.search(
                    r"dif|διαφορ|chênh|ecart|écart|change|verschil|разниц|різниц|różnic|fark|selisih|"
                    r"unterschied|veränderung|scarto|variaz|skillnad|förändr|forskel|ero|muutos|"
                    r"rozdíl|különbség|zmian|değişim|perubahan|perbezaan|差|增减|増減|變化|变化|차이|"
                    r"증감|разлика|الفرق|ผลต่าง",
                    header[2],
                )
            )
        )
    )


def _is_overview(header: list[str]) -> bool:
    return header[0] in DATE and tuple(header[1:]) == _OVERVIEW


def _other(header: list[str]) -> str | None:
    found = (
        text for (first, cell), text in _OTHERS.items() if header[0] == first and cell in header
    )
    return next(found, None)


def read(files: Sequence[SniffedFile], context: ExportContext) -> Iterator[ParsedFile]:
    yield from one_by_one(files, context, _file)


def _file(file: SniffedFile, context: ExportContext) -> ParsedFile:
    member, rows = file.member, file.rows
    start = next((n for n, row in enumerate(rows) if any(c.strip() for c in row)), 0)
    header = [fold(cell) for cell in rows[start]] if rows else []
    history, overview = _is_history(header), header and _is_overview(header)
    if not history and not overview:
        return refused(
            member,
            f"This TikTok Studio file lists {_other(header)}, not followers: import "
            "FollowerHistory.csv of the same export.",
            platform="tiktok",
        )
    body = [(n, row) for n, row in enumerate(rows) if n > start and any(c.strip() for c in row)]
    if len(body) > _MOST_DAYS:
        raise SourceChanged(
            f"{member.label} has more rows than TikTok Studio has days: import it as it was "
            "downloaded.",
            where=member.label,
        )
    handle, made = _made(member, context)
    notes: list[str] = []
    dates = _dates([(n, row[0]) for n, row in body], member.label, made, notes)
    bad = BadRows(member.label)
    known = iter(dates)
    columns = (
        {"followers": header[1]}
        if history
        else {
            "views_daily": "video views",
            "interactions_daily": ("likes", "comments", "shares"),
        }
    )
    days = read_days(
        rows,
        (start, ["date", *header[1:]]),
        columns,
        bad,
        day=DateColumn(parse=lambda _: next(known)),
    )
    if history:
        _compare(days, [row for _, row in body], notes)
    return series(
        Origin(
            member=member,
            context=context,
            format=f"tiktok_studio.{'follower_history' if history else 'overview'}",
            platform="tiktok",
            bad=bad,
            handle=handle,
            notes=notes,
        ),
        basis="total" if history else None,
        at=days.at(context.zone),
        values=days.values,
    )


def _made(member: Member, context: ExportContext) -> tuple[str | None, date]:
    """Handle, and the newest day that the file can speak of."""
    limit = context.now.timestamp()
    made = min(member.stamp or limit, limit)
    handle = None
    for name in member.around[:-1]:
        stem = re.sub(r"(\s?\(\d+\))?(\.zip)?$", "", name, flags=re.IGNORECASE)
        if match := _EXPORTED.fullmatch(stem):
            handle = match[2]
            made = min(made, int(match[1][:10]))
        elif match := _HANDLE.fullmatch(stem):
            handle = match[1]
    # the account may live in a zone ahead of ours
    return handle, (datetime.fromtimestamp(made, UTC) + timedelta(hours=14)).date()


def _dates(
    cells: list[tuple[int, str]], label: str, latest: date, notes: list[str]
) -> list[date]:
    """Full dates of all rows. Raises SourceChanged where they do not run on, with the row."""
    texts = [text.strip() for _, text in cells]
    readings = languages_of(texts)
    if not readings:
        row = next((n for n, text in cells if not languages_of([text.strip()])), None)
        place = f", row {row + 1}, column 1" if row is not None else ""
        raise SourceChanged(
            f"{label}{place}: the dates are in no known language: set TikTok Studio to English "
            "and export again.",
            where=label if row is None else f"{label}:{row + 1}:1",
        )
    running = [
        (language, days, backwards)
        for language, days in readings
        for backwards in (False, True)
        if first_break(days[::-1] if backwards else days) is None
    ]
    if not running:
        broken = first_break(readings[0][1]) or 0
        row = cells[broken][0] + 1
        raise SourceChanged(
            f"{label}, row {row}, column 1: this is not the day after the row before, so the "
            "year cannot be told: import the file as it was downloaded.",
            where=f"{label}:{row}:1",
        )
    found: dict[tuple[date, ...], None] = {}
    for _, days, backwards in running:
        dates = last_year(days[::-1] if backwards else days, latest)
        if dates:
            found[tuple(dates[::-1] if backwards else dates)] = None
    if len(found) != 1:
        raise SourceChanged(
            f"{label}: the dates fit no year, or several readings of the month names: set "
            "TikTok Studio to English and export again.",
            where=label,
        )
    full = list(next(iter(found)))
    notes.append(
        f"The file names no year: read as {min(full).isoformat()} to {max(full).isoformat()}."
    )
    return full


def _compare(days: Days, rows: Sequence[Sequence[str]], notes: list[str]) -> None:
    """Says where the difference column contradicts the counts."""
    counts = days.values["followers"]
    told = [read_count(row, 2, 0, ("", "", ""), BadRows("")) for row in rows]
    pairs = [
        (after - before, said)
        for before, after, said in zip(counts, counts[1:], told[1:], strict=False)
        if before is not None and after is not None and said is not None
    ]
    wrong = sum(real != said for real, said in pairs)
    if wrong:
        notes.append(
            f"The difference column contradicts the counts in {wrong} of {len(pairs)} rows: "
            "the counts are used."
        )
