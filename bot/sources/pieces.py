"""Large tables in pieces: what is read, judged and stored together stays small."""

from __future__ import annotations

import codecs
import contextlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING

from bot.errors import SourceChanged
from bot.model.source import Batch, Found
from bot.sources.read import Naming, read_input
from bot.sources.tables.options import DateOrder, TableOptions

if TYPE_CHECKING:
    from bot.sources.tables.readings import Table

PIECE = 6 << 20
"""Bytes of one piece, 150,000 rows; twice as many take 60 MB more, half take longer."""
LARGE = 48 << 20
"""Bytes from which a table is read in pieces; below, all of it is judged at once."""
_TOP = 1 << 20
_MOST_OPEN = 1000
_NUMERIC_DATE = re.compile(rb"(?<![\d./-])\d{1,2}[-/.]\d{1,2}[-/.]\d{4}(?!\d)")
_MOST_DATES = 40_000
"""Days of a century, which no file goes beyond; more are numbers of something else."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a piece begins: byte and line; `date_order` is what the whole file proves.

    `text` is what was unpacked of a packed file; without it that is unpacked again.
    """

    byte: int = 0
    line: int = 0
    date_order: DateOrder | None = None
    text: IO[bytes] | None = field(default=None, compare=False)

    def close(self) -> None:
        if self.text is not None:
            self.text.close()


def read_piece(
    path: Path,
    options: TableOptions,
    place: Place,
    *,
    hash_key: Callable[[], bytes],
    now: datetime,
    naming: Naming = "tables",
) -> tuple[Batch, Place | None]:
    """The batch of one piece and where the next one begins, None after the last.

    Everything but large delimited text and JSON lines, packed or not, rows of an SQLite
    database and of a JSON array is one piece.
    """
    from bot.sources.exports.parsed import failed
    from bot.sources.platforms.batches import read_table
    from bot.sources.spool import spooled
    from bot.sources.tables.read_file import stem

    after: Place | None = None
    try:
        text = place.text or spooled(path, options.columns, LARGE)
        if text is None and not (place.byte or _is_large_text(path)):
            return read_input(path, options, hash_key=hash_key, now=now, naming=naming), None
        place = replace(place, text=text)
        named = options.account is None and naming != "never"
        if options.account == "*" or named:
            options = replace(options, account=stem(path))
        if not (place.byte or options.date_order):
            place = replace(place, date_order=_date_order(path, place))
        options = replace(options, date_order=options.date_order or place.date_order)
        table, after = _cut(path, options, place)
        if table is None:
            return Batch(), after
        return read_table(table, options, str(path), now=now, named=named), after
    except SourceChanged as error:
        parsed, after = failed(str(path), error), None
        return Batch(faults=parsed.faults, found=(parsed.found,)), None
    finally:
        if after is None:
            place.close()


def _cut(path: Path, options: TableOptions, place: Place) -> tuple[Table | None, Place | None]:
    """The rows of one piece, None where only blank lines are left, and the next place."""
    from bot.sources.tables.delimited import data_start, read_delimited, to_utf8
    from bot.sources.tables.records import read_json

    with _opened(path, place) as file:
        head = file.read(_TOP)
        objects = head.lstrip(codecs.BOM_UTF8 + b" \n")[:1] == b"{"
        start, above = (0, 0) if objects else data_start(head, path.name, options.columns)
        file.seek(max(place.byte, start))
        data = file.read(PIECE)
        data += b"" if data.endswith(b"\n") else file.readline()
        for _ in range(0 if objects else _MOST_OPEN):
            if data.count(b'"') % 2 == 0 or not (further := file.readline()):
                break
            data += further
        end = file.tell()
        last = not file.read(1)
    line = place.line or above
    if last and options.torn:
        data = data[: data.rfind(b"\n") + 1]
    after = None if last else replace(place, byte=end, line=line + data.count(b"\n"))
    if not data.strip():
        return None, after
    if objects:
        table = read_json(to_utf8(data, path.name)[0], path.name)
    else:
        table = read_delimited(head[:start] + data, path.name, options.columns)
    return replace(table, first_row=table.first_row + line - above), after


@contextlib.contextmanager
def _opened(path: Path, place: Place) -> Iterator[IO[bytes]]:
    """The text that is read in pieces, at its beginning."""
    if place.text is None:
        with path.open("rb") as file:
            yield file
    else:
        place.text.seek(0)
        yield place.text


def _date_order(path: Path, place: Place) -> DateOrder | None:
    """The order that the numeric dates of all pieces prove together: one may hold one day."""
    from bot.sources.tables.dates import AmbiguousDates, date_order

    dates: set[bytes] = set()
    with _opened(path, place) as file:
        while data := file.read(PIECE):
            dates.update(_NUMERIC_DATE.findall(data + file.readline()))
            if not 0 < len(dates) < _MOST_DATES:
                return None
    try:
        return date_order(date.decode() for date in sorted(dates))
    except AmbiguousDates:
        return None  # each piece says so


def _is_large_text(path: Path) -> bool:
    """Text of rows alone: no export is as large, and no list of people looks so."""
    from bot.sources.exports.reading import is_plain_table

    return path.is_file() and path.stat().st_size > LARGE and is_plain_table(path)


def found_of(parts: list[Found]) -> Found:
    """One entry of the pieces of one file."""
    first = parts[0]
    good = [part for part in parts if part.format] or parts
    accounts = {part.account for part in good}
    notes = dict.fromkeys(note for part in parts for note in part.notes)
    return replace(
        good[0],
        account=accounts.pop() if len(accounts) == 1 else None,
        file=first.file,
        readings=sum(part.readings for part in good),
        first=min((part.first for part in good if part.first), default=None),
        last=max((part.last for part in good if part.last), default=None),
        bad_rows=sum(part.bad_rows for part in parts),
        notes=tuple(notes),
    )
