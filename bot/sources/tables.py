"""Files with counts: the kind of a file is told from its content, never from its name."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import sqlite3
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.errors import SourceChanged, SourceError, SourceUnavailable
from bot.model import Batch, Fault, Found
from bot.sources.cells import columns_of, frame_of, text_of
from bot.sources.columns import NoLayout, find_header, lay_out
from bot.sources.delimited import read_delimited, read_mapped, to_utf8, unique_names
from bot.sources.meaning import DateOrder, Meaning
from bot.sources.readings import Rows, Table, basis_of, day_text, read_rows

if TYPE_CHECKING:
    import polars as pl

LARGEST = 2 * 1024**3
"""Bytes that a file may hold, also once it is unpacked."""

_NOT_DELIMITED = (b"\x1f\x8b", b"PAR1", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"{", b"[")
_SHEET_ROWS = 30


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
    meaning = Meaning(
        platform=platform,
        timezone=timezone,
        daily=tuple(daily),
        columns=columns or {},
        date_order=date_order,
        account=account or stem(path),
    )
    return read_table_file(path, meaning, named=account is None)


def read_table_file(path: Path, meaning: Meaning, *, named: bool = False) -> Batch:
    """`named` says that the account of `meaning` was only taken from the file's name."""
    table = open_table(path, meaning.columns)
    try:
        rows = read_rows(table, meaning)
    except SourceError:
        raise
    except Exception as error:  # a file must never end the service
        raise SourceChanged(
            f"{path.name} cannot be read as a table ({type(error).__name__}): "
            "export it again as CSV.",
            where=path.name,
        ) from error
    return batch_of(rows, meaning, str(path), named=named)


def stem(path: Path) -> str:
    return path.name.partition(".")[0] or path.name


def batch_of(rows: Rows, meaning: Meaning, file: str, *, named: bool = False) -> Batch:
    frame = rows.frame
    accounts = rows.accounts
    platforms = {account.partition("/")[0] for account in accounts if "/" in account}
    first, last = frame.select(low=_column("at").min(), high=_column("at").max()).row(0)
    notes = rows.notes
    if named and len(accounts) == 1 and accounts[0].rpartition("/")[2] == meaning.account:
        notes = (*notes, f'the account "{meaning.account}" was taken from the file name')
    hidden = rows.bad_rows - len(rows.faults)
    faults = rows.faults
    if hidden > 0:
        name = Path(file).name
        text = f"{name}: {hidden} more rows were left out."
        faults = (*faults, Fault(kind="row", text=text, where=name))
    found = Found(
        file=file,
        format=f"table.{rows.shape}",
        platform=platforms.pop() if len(platforms) == 1 else None,
        account=accounts[0] if len(accounts) == 1 else None,
        basis=basis_of(frame),
        readings=len(frame),
        first=day_text(first, meaning.timezone),
        last=day_text(last, meaning.timezone),
        bad_rows=rows.bad_rows,
        notes=notes,
    )
    return Batch(readings=frame, faults=faults, notes=notes, found=(found,))


def _column(name: str) -> pl.Expr:
    import polars as pl

    return pl.col(name)


def open_table(path: Path, columns: Mapping[str, str]) -> Table:
    """The cells of one file, whatever its kind."""
    name = path.name
    with _told(path):
        with path.open("rb") as file:
            head = file.read(16)
        if path.stat().st_size > LARGEST:
            raise _damaged(name, "is larger than 2 GB")
        if not head:
            raise _damaged(name, "is empty")
        if head.startswith(b"SQLite format 3\0"):
            return _sqlite(path, columns)
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
        return _parquet(data, name)
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return _sheet(data, name, columns)
    text, note = to_utf8(data, name)
    if text.lstrip()[:1] in (b"{", b"["):
        table = _json(text, name)
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


def _damaged(name: str, what: str) -> SourceChanged:
    return SourceChanged(f"{name} {what}: export it again.", where=name)


def _unzipped(data: bytes, name: str) -> bytes:
    try:
        with gzip.open(io.BytesIO(data)) as file:
            plain = file.read(LARGEST + 1)
    except (OSError, EOFError, ValueError):
        raise _damaged(name, "is a damaged or cut off gzip file") from None
    if len(plain) > LARGEST or plain.startswith(b"\x1f\x8b"):
        raise _damaged(name, "unpacks to more than a table")
    return plain


def _parquet(data: bytes, name: str) -> Table:
    import polars as pl

    try:
        frame = pl.read_parquet(io.BytesIO(data))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError):
        raise _damaged(name, "is a damaged or cut off Parquet file") from None
    return Table(name=name, frame=frame, first_row=1)


def _json(data: bytes, name: str) -> Table:
    """A list of objects, an object that holds one, or one object per line."""
    text = data.decode("utf-8", "replace")
    with contextlib.suppress(ValueError, RecursionError):
        return Table(
            name=name, frame=columns_of(records_in(json.loads(text), name)), first_row=1
        )
    records: list[Mapping[str, Any]] = []
    bad: list[Fault] = []
    for number, line in enumerate(text.splitlines(), start=1):
        record = _object(line)
        records.append(record or {})
        if record is None and line.strip():
            where = f"{name}:{number}"
            problem = f"{where} is no JSON object; the row was left out."
            bad.append(Fault(kind="row", text=problem, where=where))
    if len(bad) == sum(bool(line.strip()) for line in text.splitlines()):
        raise _damaged(name, "is damaged or cut off JSON")
    return Table(name=name, frame=columns_of(records), first_row=1, bad=tuple(bad))


def _object(line: str) -> Mapping[str, Any] | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def records_in(value: Any, name: str) -> list[Mapping[str, Any]]:
    """The list of objects in a JSON document: itself, or the only one up to two levels down."""
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return value
    if isinstance(value, dict):
        level = list(value.values())
        for _ in range(2):
            lists = [v for v in level if isinstance(v, list) and v and isinstance(v[0], dict)]
            if len(lists) == 1:
                return records_in(lists[0], name)
            level = [inner for v in level if isinstance(v, dict) for inner in v.values()]
        if not any(isinstance(v, dict | list) for v in value.values()):
            return [value]
    raise SourceChanged(
        f"{name} is JSON without one list of objects: give one object per reading.", where=name
    )


def _sheet(data: bytes, name: str, columns: Mapping[str, str]) -> Table:
    """The first sheet with a table of counts."""
    import python_calamine

    _refuse_bomb(data, name)
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheets = [(title, book.get_sheet_by_name(title)) for title in book.sheet_names]
        grids = [(title, sheet.to_python(skip_empty_area=False)) for title, sheet in sheets]
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        if isinstance(error, python_calamine.PasswordError):
            raise _damaged(name, "is protected by a password") from None
        raise _damaged(name, "is a damaged workbook, or no workbook") from None
    problem = "has no sheet with a table of counts"
    for title, grid in grids:
        top = [[text_of(cell) or "" for cell in row] for row in grid[:_SHEET_ROWS]]
        index = find_header(top, columns)
        if index is None:
            continue
        header = unique_names(top[index])
        try:
            lay_out(header, columns)
        except NoLayout as error:
            problem = f'(sheet "{title}") {error}'
            continue
        rows = [[text_of(cell) for cell in row] for row in grid[index + 1 :]]
        notes = (f'sheet "{title}" was read',) if len(grids) > 1 else ()
        return Table(name=name, frame=frame_of(header, rows), first_row=index + 2, notes=notes)
    raise SourceChanged(f"{name} {problem}.", where=name)


def _refuse_bomb(data: bytes, name: str) -> None:
    if not data.startswith(b"PK"):
        return
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = set(archive.namelist())
            size = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError):
        raise _damaged(name, "is a damaged workbook, or no workbook") from None
    if size > LARGEST // 4:
        raise _damaged(name, "unpacks to more than a workbook of counts")
    if "[Content_Types].xml" not in names and "content.xml" not in names:
        raise SourceChanged(
            f"{name} is a zip archive and no workbook: import it as an export, or unpack it.",
            where=name,
        )


def _sqlite(path: Path, columns: Mapping[str, str]) -> Table:
    """The only table or view in it that has counts."""
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        with contextlib.closing(connection):
            return _sqlite_table(connection, path.name, columns)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise SourceChanged(
            f"{path.name} is an SQLite database that cannot be read "
            f"({type(error).__name__}): copy it again.",
            where=path.name,
        ) from None


def _sqlite_table(
    connection: sqlite3.Connection, name: str, columns: Mapping[str, str]
) -> Table:
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
    known = "select name from sqlite_master where type in ('table', 'view') order by name"
    fits = []
    for (table,) in connection.execute(known).fetchall():
        quoted = '"' + table.replace('"', '""') + '"'
        header = [
            c[0] for c in connection.execute(f"select * from {quoted} limit 0").description
        ]
        with contextlib.suppress(NoLayout):
            if "account" in lay_out(header, columns).roles:
                fits.append((table, quoted, header))
    if len(fits) != 1:
        which = ", ".join(f'"{table}"' for table, _, _ in fits) or "none"
        raise SourceChanged(
            f"{name} is an SQLite database in which {which} of the tables have an account, a "
            'time and a count: read it with kind = "sql" and a query.',
            where=name,
        )
    table, quoted, header = fits[0]
    rows = connection.execute(f"select * from {quoted}").fetchall()
    notes = (f'table "{table}" was read',)
    return Table(name=name, frame=frame_of(header, rows), first_row=1, notes=notes)
