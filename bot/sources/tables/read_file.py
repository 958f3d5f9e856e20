"""Files with counts: the kind of a file is told from its content, never from its name."""

from __future__ import annotations

import contextlib
import gzip
import io
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from bot.errors import SourceUnavailable
from bot.sources.exports.archive import MAX_RATIO, RATIO_FROM
from bot.sources.legible import legible
from bot.sources.tables.columns import find_header
from bot.sources.tables.database_file import SQLITE, read_sqlite
from bot.sources.tables.delimited import read_delimited, read_mapped, to_utf8
from bot.sources.tables.file_errors import damaged, no_table
from bot.sources.tables.html_tables import html_tables
from bot.sources.tables.readings import Table
from bot.sources.tables.records import read_json
from bot.sources.tables.sandbox import parquet_of
from bot.sources.tables.workbook import read_workbook, tables_in

_PIECE = 1 << 20
LARGEST = 2 * 1024**3
"""Bytes that a file may hold, also once it is unpacked."""

GZIP = b"\x1f\x8b"
_NOT_DELIMITED = (GZIP, b"PAR1", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"{", b"[", b"<")


def stem(path: Path) -> str:
    return path.name.partition(".")[0] or path.name


def is_torn(path: Path) -> bool:
    """True of delimited text that stops without a line break: half a number is a wrong one.

    Half a line of JSON is none, and refused as such.
    """
    with path.open("rb") as file:
        head = file.read(16).lstrip()
        file.seek(max(0, path.stat().st_size - 2))
        tail = file.read()
    text = not head.startswith((*_NOT_DELIMITED, SQLITE)) and b"\0" not in tail
    return text and not tail.endswith(b"\n")


def open_tables(path: Path, columns: Mapping[str, str], *, torn: bool = False) -> list[Table]:
    """The cells of one file, whatever its kind; where it is `torn`, without its last line."""
    name = legible(path.name)
    with _told(path):
        with path.open("rb") as file:
            head = file.read(16)
        if path.stat().st_size > LARGEST:
            raise damaged(name, "is larger than 2 GB")
        if not head:
            raise damaged(name, "is empty")
        if head.startswith(SQLITE):
            return [read_sqlite(path, columns)]
        if torn:
            data = path.read_bytes()
            return tables_from(data[: data.rfind(b"\n") + 1], name, columns)
        nameable = legible(str(path)) == str(path)  # polars opens no other names
        if nameable and not head.lstrip().startswith(_NOT_DELIMITED):
            table = read_mapped(path, columns)
            if table is not None:
                return [table]
        return tables_from(path.read_bytes(), name, columns)


def tables_from(data: bytes, name: str, columns: Mapping[str, str]) -> list[Table]:
    """The tables in one file's content; not for SQLite."""
    if data.startswith(GZIP):
        return tables_from(_unzipped(data, name), name, columns)
    if data.startswith(b"PAR1"):
        return [Table(name=name, frame=parquet_of(data, name), first_row=1)]
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return read_workbook(data, name, columns)
    text, note = to_utf8(data, name)
    notes = (note,) if note else ()
    if text.lstrip()[:1] in (b"{", b"["):
        tables = [read_json(text, name)]
    elif text.lstrip()[:1] == b"<":
        grids = html_tables(text.decode("utf-8", "replace"))
        if all(find_header(grid[:20], columns) is None for grid in grids.values()):
            raise no_table(text.lstrip(), name)
        tables = [replace(one, sheet=None) for one in tables_in(grids, name, columns)]
    else:
        tables = [read_delimited(text, name, columns)]
    return [replace(table, notes=(*notes, *table.notes)) for table in tables]


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turns what the system says about a file into a sentence."""
    try:
        yield
    except FileNotFoundError:
        raise SourceUnavailable(f"{path} does not exist: correct the path.") from None
    except IsADirectoryError:
        raise SourceUnavailable(f"{path} is a folder: name a file in it.") from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise SourceUnavailable(f"{path} cannot be opened ({reason}).") from None


def _unzipped(data: bytes, name: str) -> bytes:
    """Refused as soon as it is larger than any table that was packed into so little."""
    most = min(LARGEST, max(RATIO_FROM, MAX_RATIO * len(data)))
    plain = bytearray()
    try:
        with gzip.open(io.BytesIO(data)) as file:
            while len(plain) <= most and (piece := file.read(_PIECE)):
                plain += piece
    except (OSError, EOFError, ValueError):
        raise damaged(name, "is a damaged or cut off gzip file") from None
    if len(plain) > most or plain.startswith(GZIP):
        raise damaged(name, "unpacks to more than a table, as bombs do")
    return bytes(plain)
