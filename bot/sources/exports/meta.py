"""Meta Business Suite: `Follows.csv`, the new follows per day and nothing else.

The file has no total and no losses, so it can show surges and never churn. Its siblings
(reach, views, visits ...) have the same shape: only the title line tells them apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import islice

from bot.sources.exports.days import DateColumn, Days, fold, read_days
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
from bot.sources.exports.words import DATE, FOLLOWS, SMALL, plural

_VALUE = "primary"  # stays English in every language
_POSTS = re.compile(r"post id|permalink|publish time")
_FOLLOW = re.compile(
    r"follow(?:s|er|ers|er:innen)?|seguid\w+|seguim\w+|suivis?|suivi\w*s|abonn\w+|takip\w*|"
    r"volg\w+|obserw\w+|подпис\w+|підпис\w+|の?フォロ[ーワ]\w*|팔로\w+|关注\w*|關注\w*|粉[丝絲]\w*|"
    r"følg\w+|följ\w+|seura\w+|követ\w+|sledov\w+|urmăr\w+|pengikut|ikutan|mengikuti"
)
_LIKE = "Follows.csv (Business Suite, Insights, Results, Follows, Export)"


def claims(file: SniffedFile) -> bool:
    top = file.top
    if not top:
        return False
    first = [fold(cell) for cell in top[0]]
    return _header(top) is not None or (
        "follows" in first and any(_POSTS.search(cell) for cell in first)
    )


def _header(rows: Rows) -> int | None:
    """The index of `Date,Primary` in the first rows."""
    filled = ((index, row) for index, row in enumerate(rows) if any(c.strip() for c in row))
    for index, row in islice(filled, 6):
        cells = [fold(cell) for cell in row if cell.strip()]
        if len(cells) == 2 and cells[0] in DATE and cells[1] == _VALUE:
            return index
    return None


def read(files: Sequence[SniffedFile], context: ExportContext) -> Iterator[ParsedFile]:
    yield from one_by_one(files, context, _file)


def _file(file: SniffedFile, context: ExportContext) -> ParsedFile:
    member, rows = file.member, file.rows
    index = _header(rows)
    if index is None:
        return refused(
            member,
            f"This lists posts with their follows, not days: export {_LIKE} instead.",
            platform=context.platform,
        )
    title = next((cell.strip() for row in rows[:index] for cell in row if cell.strip()), "")
    platform, follows = _title(title)
    if not title:
        return refused(
            member,
            "The title line, which says what is counted, is missing: import "
            f"{_LIKE} as it was downloaded.",
        )
    if not follows:
        shown = title if re.fullmatch(r"[\w\s:()'’-]{1,40}", title) else "something else"
        return refused(
            member, f'By its title this counts "{shown}", not follows: export {_LIKE} instead.'
        )
    notes = ["New follows only: without losses and totals it shows surges, never churn."]
    if platform is None:
        platform = (
            context.platform
            or (context.account.platform if context.account else "")
            or "facebook"
        )
        notes.append(f"The title names no platform: read as {platform}.")
    bad = BadRows(member.label)
    cells = ["", ""]
    for spot, cell in enumerate(c for c in rows[index] if c.strip()):
        cells[spot] = "date" if spot == 0 else fold(cell)
    days = read_days(rows, (index, cells), {"gained": _VALUE}, bad, day=DateColumn(parse=_day))
    if platform == "instagram":
        days = _with_zeros(days, bad, notes)
    return series(
        Origin(
            member=member,
            context=context,
            format="meta.follows",
            platform=platform,
            bad=bad,
            notes=notes,
        ),
        basis="gained",
        at=days.at(context.zone),
        values=days.values,
    )


def _day(text: str) -> date | None:
    """The date part alone: Facebook's hour is 00 or 01 by daylight saving."""
    return parse_day(text) if re.match(r"\d{4}-", text) else None


def _title(title: str) -> tuple[str | None, bool]:
    """Platform, and whether the title speaks of follows, in the languages that are known."""
    words = fold(title).rstrip(";,: ")
    platform = next((name for name in ("instagram", "facebook") if name in words), None)
    named = re.sub(rf"{platform}[a-z]*", " ", words) if platform else words  # "Instagramie"
    left = [w for w in re.split(r"[\s\-–:()]+", named) if w and w not in SMALL]
    follows = bool(left) and all(_FOLLOW.fullmatch(word) for word in left)
    return platform, follows or " ".join(left) in FOLLOWS


def _with_zeros(days: Days, bad: BadRows, notes: list[str]) -> Days:
    """Instagram leaves out days without a follow: inside the range they are zeros."""
    given = dict(zip(days.dates, days.values["gained"], strict=True))
    first, last = min(given), max(given)
    span = (last - first).days + 1
    missing = span - len(given)
    if missing == 0:
        return days
    if span > 4000 or bad.count:
        notes.append(
            "Days that the file leaves out stay unknown, since some rows are not readable."
        )
        return days
    whole = [first + timedelta(n) for n in range(span)]
    notes.append(f"{plural(missing, 'day')} left out by the file had 0 new follows.")
    return Days(whole, {"gained": [given.get(day, 0) for day in whole]})
