"""CSV and TSV as spreadsheets, dashboards and scripts write them."""

from __future__ import annotations

import codecs
import csv
import io
import mmap
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from bot.errors import SourceChanged
from bot.model.source import Fault
from bot.sources.legible import LOST
from bot.sources.tables.cells import categories, split_cells
from bot.sources.tables.columns import METRICS, find_header, role_of
from bot.sources.tables.dates import is_time
from bot.sources.tables.file_errors import no_table, refuse_hollow
from bot.sources.tables.invisible import visible
from bot.sources.tables.numbers import is_number
from bot.sources.tables.ragged import Growth, growth_of
from bot.sources.tables.readings import Table

if TYPE_CHECKING:
    import polars as pl

_HEAD = 64 * 1024
_TOP = 1024 * 1024  # a header may name thousands of accounts
_TITLE_LINES = 20
_LONGEST_RECORD = 50
_WIDE = 8
"""Columns from which rows are counted before they are read: they may hardly hold a cell."""
_LARGE = 64 << 20  # larger files are logs of programs, whose rows are even
_DATE = len("2026-02-26")
_BOMS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_ENCODINGS = ("cp1252", "cp932", "gb18030", "cp949", "big5", "cp1251", "cp1254", "cp1253")
"""What spreadsheets write outside UTF-8, in the order in which they are tried."""
_NULLS = 8
"""Bytes of which one is a null in a text that lost a few; in UTF-16 every second is one."""


def to_utf8(data: bytes, name: str) -> tuple[bytes, str | None]:
    """The same text as UTF-8 without a byte order mark, and a note where it was a guess."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _decoded(data[len(mark) :], encoding, name), None
    if data.isascii() and b"\0" not in data[:_HEAD]:
        return data, None
    head = data[:_HEAD]
    nulls = head.count(b"\0")
    if 0 < nulls * _NULLS < len(head):
        return to_utf8(data.replace(b"\0", LOST.encode()), name)
    if nulls:
        even = head[::2].count(b"\0")
        return _decoded(data, "utf-16-be" if even * 2 > nulls else "utf-16-le", name), None
    try:
        data.decode("utf-8")
        return data, None
    except UnicodeDecodeError as error:
        return _legacy(data, error.start, name)


def _decoded(data: bytes, encoding: str, name: str) -> bytes:
    if encoding == "utf-8":
        return data
    try:
        return data.decode(encoding).encode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise SourceChanged(
            f"{name} begins as {encoding.upper()} but breaks at byte {error.start}: it is "
            "damaged or cut off, export it again.",
            where=name,
        ) from None


def _legacy(data: bytes, start: int, name: str) -> tuple[bytes, str | None]:
    """Bytes around the first odd one tell the encoding; bytes it lacks become U+FFFD."""
    from charset_normalizer import from_bytes

    best = from_bytes(data[max(0, start - _HEAD // 2) : start + _HEAD // 2]).best()
    guesses = (best.encoding if best else "cp1252", *_ENCODINGS)
    encoding = max(guesses, key=lambda guess: _known_headers(data[:_HEAD], guess))
    text = data.decode(encoding, "replace")
    return text.encode(), f"read as {encoding.replace('_', '-')}: save it as UTF-8 to be sure"


def _known_headers(head: bytes, encoding: str) -> int:
    """How many cells of the first lines name a column: of a short text the best proof."""
    try:
        lines = head.decode(encoding, "ignore").splitlines()[:_TITLE_LINES]
    except LookupError:
        return -1
    cells = (cell.strip(' "') for line in lines for cell in re.split(r"[;,\t|]", line[:2000]))
    return sum(role_of(cell) is not None for cell in cells if not cell.isascii())


@dataclass(frozen=True, slots=True)
class _Top:
    """What the first lines tell: `skip` lines with `above` separators stand over the data."""

    separator: str
    header: list[str]
    skip: int
    sample: list[list[str]]
    above: int = 0
    title: str = ""


def read_mapped(path: Path, columns: Mapping[str, str]) -> Table | None:
    """Reads a clean UTF-8 file where it lies; None where it needs `read_delimited`."""
    with path.open("rb") as file:
        head = file.read(_TOP)
        if head.startswith(tuple(mark for mark, _ in _BOMS)) or b"\0" in head:
            return None
        try:  # rows of digits alone would hide a header in another encoding
            codecs.getincrementaldecoder("utf-8")().decode(head)
        except UnicodeDecodeError:
            return None
        top = _top(head, path.name, columns, whole=len(head) < _TOP)
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            if data.find(b'"') >= 0:
                return None
            _refuse_hollow(top, data, path.name)
            even = len(data) > _LARGE or _is_even(data[:], top)
    frame = _fast(path, top) if even else None
    if frame is None:
        return None
    frame = _without_blank_rows(frame)
    return Table(name=path.name, frame=frame, first_row=top.skip + 1, title=top.title)


def read_delimited(data: bytes, name: str, columns: Mapping[str, str]) -> Table:
    """Finds encoding, separator and header, then reads all columns as text."""
    data, note = to_utf8(data, name)
    top = _top(data[:_TOP], name, columns, whole=len(data) <= _TOP)
    _refuse_hollow(top, data, name)
    frame = _fast(data, top) if len(data) > _LARGE or _is_even(data, top) else None
    bad: tuple[Fault, ...] = ()
    notes = (note,) if note else ()
    if frame is not None and b'"' in data:
        # a stray quote swallows lines without an error: then the numbers differ
        lines = data.count(b"\n") + (not data.endswith(b"\n"))
        frame = frame if len(frame) == lines - top.skip else None
    if frame is None:
        frame, bad, grown = _careful(data, top, name)
        notes = (*notes, *grown)
    frame = _without_blank_rows(frame)
    return Table(
        name=name, frame=frame, first_row=top.skip + 1, bad=bad, notes=notes, title=top.title
    )


def data_start(head: bytes, name: str, columns: Mapping[str, str]) -> tuple[int, int]:
    """Where the rows of a UTF-8 text begin: byte, and lines above. Raises SourceChanged."""
    top = _top(head, name, columns, whole=False)
    lines = head.split(b"\n", top.skip)[: top.skip]
    return sum(len(line) + 1 for line in lines), top.skip


def _top(head: bytes, name: str, columns: Mapping[str, str], *, whole: bool) -> _Top:
    text = head.decode("utf-8", "ignore").removeprefix("\ufeff")
    given = re.match(r"sep=(.)\r?\n", text, re.IGNORECASE)
    skip = 1 if given else 0
    lines = text.splitlines()
    lines = lines[skip : len(lines) - (not whole)][: _TITLE_LINES * 2]
    separator = given[1] if given else _separator(lines)
    rows = [split_cells(visible(line), separator) for line in lines]
    if (start := _headerless(rows)) is not None:
        width = len(rows[start])
        header = [f"column {n}" for n in range(1, width + 1)]
        return _Top(separator, header, skip + start, rows[start:])
    index = find_header(rows, columns)
    if index is None:
        raise no_table(head, name)
    refuse_hollow(len(rows[index]), 1, len(head), name)
    header = unique_columns(rows[index])
    above = sum(line.count(separator) for line in text.splitlines()[: skip + index + 1])
    titles = [cell.strip() for row in rows[:index] for cell in row if cell.strip()]
    title = titles[-1] if titles else ""
    return _Top(separator, header, skip + index + 1, rows[index + 1 :], above, title)


def _headerless(rows: Sequence[Sequence[str]]) -> int | None:
    """The first row of a table that begins with data: one date or epoch beside numbers."""
    index = next((n for n, row in enumerate(rows) if any(cell.strip() for cell in row)), None)
    if index is None:
        return None
    cells = [cell.strip() for cell in rows[index] if cell.strip()]
    if len(cells) < 2 or any(role_of(cell) for cell in cells):
        return None
    counts = [cell for cell in cells if not is_time(cell)]
    return index if len(counts) == len(cells) - 1 and any(map(is_number, counts)) else None


def _separator(lines: Sequence[str]) -> str:
    """The one that cuts most lines into the same number of cells, at least two."""

    def score(separator: str) -> tuple[int, int]:
        widths = [width for line in lines if (width := len(split_cells(line, separator))) > 1]
        usual = max(widths, key=widths.count, default=0)
        return widths.count(usual), usual

    return max(";\t,|", key=score)


def _is_even(data: bytes, top: _Top) -> bool:
    """True where every row has as many cells as the header, as far as a look can tell."""
    if b'"' in data:
        return True
    lines = data.count(b"\n") + (not data.endswith(b"\n")) - top.skip
    cells = data.count(top.separator.encode()) - top.above
    blank = data.count(b"\n\n") + data.count(b"\n\r\n")
    between = len(top.header) - 1
    return between * (lines - blank) <= cells <= between * lines


def _refuse_hollow(top: _Top, data: bytes | mmap.mmap, name: str) -> None:
    columns = len(top.header)
    if columns > _WIDE:
        # a map has no count, and is not to be copied whole
        lines = sum(data[at : at + _TOP].count(b"\n") for at in range(0, len(data), _TOP))
        refuse_hollow(columns, lines, len(data), name)


def unique_columns(header: Sequence[str]) -> list[str]:
    """A name for each column; what repeats is numbered: "followers", "followers (2)"."""
    names: dict[str, int] = {}
    for index, cell in enumerate(header, start=1):
        name = wanted = visible(cell).strip() or f"column {index}"
        while name in names:
            names[wanted] += 1
            name = f"{wanted} ({names[wanted]})"
        names[name] = 1
    return list(names)


def _fast(source: Path | bytes, top: _Top) -> pl.DataFrame | None:
    """Polars' own reader; None where the file is not clean enough for it."""
    import polars as pl

    typed = {name: _type(name, index, top.sample) for index, name in enumerate(top.header)}
    texts: dict[str, pl.DataType] = dict.fromkeys(top.header, pl.String())
    for schema in (typed, texts):
        try:
            return pl.read_csv(
                source,
                separator=top.separator,
                has_header=False,
                skip_lines=top.skip,
                schema=schema,
            )
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
            continue
    return None


def _type(name: str, index: int, sample: Sequence[Sequence[str]]) -> pl.DataType:
    """What the first rows promise: whole numbers, few different texts, or any text."""
    import polars as pl

    cells = [row[index] for row in sample if len(row) > index]
    role = role_of(name)
    if role == "account" or (role == "at" and all(len(cell) <= _DATE for cell in cells)):
        return categories()
    counts = role in METRICS and all(re.fullmatch(r"\d{0,18}", cell) for cell in cells)
    return pl.Int64() if counts else pl.String()


def _careful(
    data: bytes, top: _Top, name: str
) -> tuple[pl.DataFrame, tuple[Fault, ...], tuple[str, ...]]:
    """Row by row: what has too many cells or an open quote is left out and reported.

    Rows from before or after a new column are put under the right headers.
    """
    import polars as pl

    width = len(top.header)
    records = list(_records(data.decode("utf-8", "replace"), top.separator, top.skip))
    growth = growth_of(width, [cells for _, cells in records if cells])
    if growth is not None and growth.ambiguous:
        raise SourceChanged(
            f"{name} has rows of {growth.width} cells under a header of {width}, and it cannot "
            "be told which column is new: give every row as many cells as the header has.",
            where=name,
        )
    header = list(top.header)
    if growth is not None and growth.width > width:
        header += [f"column {width + n}" for n in range(1, growth.width - width + 1)]
    rows: list[list[str]] = []
    bad: list[Fault] = []
    grown = 0
    for line, cells in records:
        kept = cells or []
        if growth is not None and len(kept) == growth.width:
            kept = _placed(kept, growth, width, len(header))
            grown += 1
        elif cells is None or any(cell.strip() for cell in cells[width:]):
            what = "has an open quote" if cells is None else f"has more than {width} cells"
            where = f"{name}:{line}"
            text = f"{where} {what}; the row was left out."
            bad.append(Fault(kind="row", text=text, where=where))
            kept = []
        rows.append(kept[: len(header)])
    columns = zip_longest(*rows, [""] * len(header), fillvalue="")
    frame = pl.DataFrame(
        [
            pl.Series(name, [cell or None for cell in cells[:-1]], dtype=pl.String)
            for name, cells in zip(header, columns, strict=True)
        ]
    )
    note = (
        f"{grown:,} rows have {growth.width} cells: read beside those of {width}"
        if growth
        else ""
    )
    return frame, tuple(bad), (note,) if note else ()


def _placed(cells: Sequence[str], growth: Growth, width: int, all_columns: int) -> list[str]:
    """The cells under the columns they belong to; new ones behind the known."""
    row = [""] * all_columns
    new = width
    for cell, column in zip(cells, growth.places, strict=True):
        if column < 0:
            column, new = new, new + 1
        row[column] = cell
    return row


def _records(text: str, separator: str, skip: int) -> Iterator[tuple[int, list[str] | None]]:
    """Line number and cells; None where a quote never closes. Quoted line breaks are joined."""
    lines = io.StringIO(text, newline=None).read().split("\n")
    if lines and not lines[-1]:
        lines.pop()
    index = skip
    while index < len(lines):
        start, record = index, lines[index]
        while record.count('"') % 2 and index + 1 < min(len(lines), start + _LONGEST_RECORD):
            index += 1
            record += "\n" + lines[index]
        if record.count('"') % 2:
            yield start + 1, None
            index = start + 1
            continue
        try:
            yield start + 1, next(csv.reader([record], delimiter=separator), [])
        except csv.Error:
            yield start + 1, None
        for line in range(start + 1, index + 1):
            yield line + 1, []
        index += 1


def _without_blank_rows(frame: pl.DataFrame) -> pl.DataFrame:
    """Blank lines at the end; those between stay, for the row numbers."""
    import polars as pl

    if frame.is_empty() or not all(value is None for value in frame.row(-1)):
        return frame
    filled = frame.select(pl.any_horizontal(pl.all().is_not_null())).to_series().arg_true()
    return frame.head(filled[-1] + 1 if len(filled) else 0)
