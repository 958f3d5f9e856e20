"""Large tables in pieces: what is read, judged and stored together stays small."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from bot.errors import SourceChanged
from bot.model.source import Batch, Found
from bot.sources.read import Naming, read_input
from bot.sources.tables.options import TableOptions

PIECE = 6 << 20
"""Bytes of one piece, 150,000 rows; twice as many take 60 MB more, half take longer."""
LARGE = 48 << 20
"""Bytes from which a table is read in pieces; below, all of it is judged at once."""
_TOP = 1 << 20
_MOST_OPEN = 1000


@dataclass(frozen=True, slots=True)
class Place:
    """Where a piece begins: byte and line."""

    byte: int = 0
    line: int = 0


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

    Everything but large delimited text is one piece.
    """
    if not (place.byte or _is_large_text(path)):
        return read_input(path, options, hash_key=hash_key, now=now, naming=naming), None
    from bot.sources.platforms.batches import read_table
    from bot.sources.tables.delimited import data_start, read_delimited
    from bot.sources.tables.read_file import stem

    named = options.account is None and naming != "never"
    if options.account == "*" or named:
        options = replace(options, account=stem(path))
    with path.open("rb") as file:
        head = file.read(_TOP)
        start, above = data_start(head, path.name, options.columns)
        begin = max(place.byte, start)
        file.seek(begin)
        data = file.read(PIECE)
        data += b"" if data.endswith(b"\n") else file.readline()
        for _ in range(_MOST_OPEN):
            if data.count(b'"') % 2 == 0 or not (further := file.readline()):
                break
            data += further
        end = file.tell()
    line = place.line or above
    after = Place(end, line + data.count(b"\n")) if end < path.stat().st_size else None
    try:
        table = read_delimited(head[:start] + data, path.name, options.columns)
        table = replace(table, first_row=table.first_row + line - above)
        batch = read_table(table, options, str(path), now=now, named=named)
    except SourceChanged as error:
        from bot.sources.exports.parsed import failed

        parsed = failed(str(path), error)
        return Batch(faults=parsed.faults, found=(parsed.found,)), None
    return batch, after


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
