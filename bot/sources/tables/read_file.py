"""Files with counts: the kind of a file is told from its content, never from its name."""

from __future__ import annotations

import contextlib
import gzip
import io
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

from bot.errors import SourceUnavailable
from bot.model.source import Batch
from bot.sources.platforms.batches import read_table
from bot.sources.tables.database_file import read_sqlite
from bot.sources.tables.delimited import read_delimited, read_mapped, to_utf8
from bot.sources.tables.file_errors import damaged
from bot.sources.tables.options import DateOrder, TableOptions
from bot.sources.tables.readings import Table
from bot.sources.tables.records import read_json
from bot.sources.tables.sandbox import parquet_of
from bot.sources.tables.workbook import read_workbook

LARGEST = 2 * 1024**3
"""Bytes that a file may hold, also once it is unpacked."""

_SQLITE = b"SQLite format 3\0"
_NOT_DELIMITED = (b"\x1f\x8b", b"PAR1", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"{", b"[")


def read_file(
    path: str | Path,
    *,
    platform: str | None = None,
    timezone: str = "UTC",
    daily: tuple[str, ...] = (),
    columns: Mapping[str, str] | None = None,
    date_order: DateOrder | None = None,
    account: str | None = None,
) -> Batch:
    """Reads one file with a table of counts, long or wide.

    The readings are sorted by account and time. Bad rows are faults of kind `row`, one for
    each of the first, then one for the rest. Without an account column and `account` the
    file's own name is the account, and a note says so. Raises SourceChanged where nothing
    can be read, SourceUnavailable where there is no such file.
    """
    path = Path(path)
    options = TableOptions(
        platform=platform,
        timezone=timezone,
        daily=tuple(daily),
        columns=columns or {},
        date_order=date_order,
        account=account or stem(path),
    )
    return read_table_file(path, options, named=account is None)


def read_table_file(
    path: Path,
    options: TableOptions,
    *,
    now: datetime | None = None,
    named: bool = False,
    torn: bool = False,
) -> Batch:
    """`named` says that the account of `options` was only taken from the file's name, `torn`
    that the last line is not finished."""
    table = open_table(path, options.columns, torn=torn)
    return read_table(table, options, str(path), now=now, named=named)


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
    text = not head.startswith((*_NOT_DELIMITED, _SQLITE)) and b"\0" not in tail
    return text and not tail.endswith(b"\n")


def open_table(path: Path, columns: Mapping[str, str], *, torn: bool = False) -> Table:
    """The cells of one file, whatever its kind; where it is `torn`, without its last line."""
    name = path.name
    with _told(path):
        with path.open("rb") as file:
            head = file.read(16)
        if path.stat().st_size > LARGEST:
            raise damaged(name, "is larger than 2 GB")
        if not head:
            raise damaged(name, "is empty")
        if head.startswith(_SQLITE):
            return read_sqlite(path, columns)
        if torn:
            data = path.read_bytes()
            return table_from(data[: data.rfind(b"\n") + 1], name, columns)
        if not head.lstrip().startswith(_NOT_DELIMITED):
            table = read_mapped(path, columns)
            if table is not None:
                return table
        return table_from(path.read_bytes(), name, columns)


def table_from(data: bytes, name: str, columns: Mapping[str, str]) -> Table:
    """The cells of one file's content; not for SQLite."""
    if data.startswith(b"\x1f\x8b"):
        return table_from(_unzipped(data, name), name, columns)
    if data.startswith(b"PAR1"):
        return Table(name=name, frame=parquet_of(data, name), first_row=1)
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return read_workbook(data, name, columns)
    text, note = to_utf8(data, name)
    if text.lstrip()[:1] in (b"{", b"["):
        table = read_json(text, name)
    else:
        table = read_delimited(text, name, columns)
    notes = (note, *table.notes) if note else table.notes
    return Table(
        name=name, frame=table.frame, first_row=table.first_row, bad=table.bad, notes=notes
    )


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
    try:
        with gzip.open(io.BytesIO(data)) as file:
            plain = file.read(LARGEST + 1)
    except (OSError, EOFError, ValueError):
        raise damaged(name, "is a damaged or cut off gzip file") from None
    if len(plain) > LARGEST or plain.startswith(b"\x1f\x8b"):
        raise damaged(name, "unpacks to more than a table")
    return plain
