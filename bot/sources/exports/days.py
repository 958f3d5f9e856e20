"""Tables with one row per day: which column is which, and their numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from zoneinfo import ZoneInfo

from bot.errors import SourceChanged
from bot.sources.exports.interface_dates import parse_day
from bot.sources.exports.parsed import BadRows
from bot.sources.exports.sniffer import Rows
from bot.sources.tables.dates import end_of_day
from bot.sources.tables.numbers import is_missing, parse_count

_LARGEST = 1 << 53


@dataclass(frozen=True)
class Days:
    """`values` holds one list per metric beside `dates`; None where the file says nothing."""

    dates: list[date] = field(default_factory=list)
    values: dict[str, list[int | None]] = field(default_factory=dict)

    def at(self, zone: ZoneInfo) -> list[int]:
        return [end_of_day(day, zone) for day in self.dates]


def header_row(rows: Rows, wanted: Sequence[str]) -> tuple[int, list[str]] | None:
    """Index and folded cells of the first row that has all wanted column names, among ten."""
    filled = ((index, row) for index, row in enumerate(rows) if any(c.strip() for c in row))
    for index, row in islice(filled, 10):
        cells = [fold(cell) for cell in row]
        if all(name in cells for name in wanted):
            return index, cells
    return None


def known_header(rows: Rows, wanted: Sequence[str], label: str) -> tuple[int, list[str]]:
    """As `header_row`; raises SourceChanged where no row has them."""
    header = header_row(rows, wanted)
    if header is None:
        raise SourceChanged(
            f"{label} has no row with the columns {', '.join(wanted)}: import it as it was "
            "downloaded.",
            where=label,
        )
    return header


def fold(cell: str) -> str:
    return " ".join(cell.split()).casefold()


@dataclass(frozen=True, slots=True)
class DateColumn:
    """Where the date stands and how it is read; rows with one of `skip` are passed over."""

    name: str = "date"
    parse: Callable[[str], date | None] = parse_day
    skip: frozenset[str] = frozenset()


_DATE = DateColumn()


def read_days(
    rows: Rows,
    header: tuple[int, list[str]],
    columns: Mapping[str, str | Sequence[str]],
    bad: BadRows,
    day: DateColumn = _DATE,
) -> Days:
    """Reads `columns` (metric: column, or columns to add up) of every row under the header.

    A metric is left out where one of its columns is missing. Empty rows are passed over.
    Raises SourceChanged where no row has a date.
    """
    index, cells = header
    places = {
        metric: [cells.index(name) for name in ([names] if isinstance(names, str) else names)]
        for metric, names in columns.items()
        if all(name in cells for name in ([names] if isinstance(names, str) else names))
    }
    where = cells.index(day.name)
    days = Days(values={metric: [] for metric in places})
    for number, row in enumerate(rows[index + 1 :], index + 2):
        text = row[where].strip() if where < len(row) else ""
        if not any(cell.strip() for cell in row) or fold(text) in day.skip:
            continue
        at = day.parse(text)
        if at is None:
            bad.add(
                number, "this is no date as the export writes it", rows[index][where].strip()
            )
            continue
        days.dates.append(at)
        for metric, spots in places.items():
            numbers = [read_count(row, spot, number, rows[index], bad) for spot in spots]
            known = [value for value in numbers if value is not None]
            days.values[metric].append(sum(known) if len(known) == len(numbers) else None)
    if not days.dates:
        raise SourceChanged(
            f"{bad.label} has the right columns but no row with a date: export it again with a "
            "range that has data.",
            where=bad.label,
        )
    return days


def read_count(
    row: Sequence[str], spot: int, number: int, header: Sequence[str], bad: BadRows
) -> int | None:
    """A whole number; None, and a bad row, where a cell holds something else."""
    text = row[spot].strip() if spot < len(row) else ""
    if is_missing(text):
        return None
    value = parse_count(text)
    if value is None or abs(value) > _LARGEST:
        bad.add(number, "this is no whole number", header[spot].strip())
        return None
    return value
