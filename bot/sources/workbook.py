"""Spreadsheets (.xlsx, .xls, .ods): the first sheet with a table of counts."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Mapping

from bot.errors import SourceChanged
from bot.sources.cells import frame_of
from bot.sources.columns import NoLayout, find_header, lay_out
from bot.sources.damage import damaged
from bot.sources.delimited import unique_columns
from bot.sources.exports import workbook_reader
from bot.sources.readings import Table

_LARGEST = 512 * 1024**2
_TOP_ROWS = 30
_CELLS = 4_000_000
_MEGABYTES = 1024
_SECONDS = 10
_TOO_LARGE = 2


def read_workbook(data: bytes, name: str, columns: Mapping[str, str]) -> Table:
    """Rows are counted from the first that is not empty."""
    _refuse_bomb(data, name)
    grids = _sheets(data, name)
    problem = "has no sheet with a table of counts"
    for title, grid in grids.items():
        index = find_header(grid[:_TOP_ROWS], columns)
        if index is None:
            continue
        header = unique_columns(grid[index])
        try:
            lay_out(header, columns)
        except NoLayout as error:
            problem = f'(sheet "{title}") {error}'
            continue
        rows = [[cell or None for cell in row] for row in grid[index + 1 :]]
        notes = (f'sheet "{title}" was read',) if len(grids) > 1 else ()
        return Table(name=name, frame=frame_of(header, rows), first_row=index + 2, notes=notes)
    raise SourceChanged(f"{name} {problem}.", where=name)


def _sheets(data: bytes, name: str) -> dict[str, list[list[str]]]:
    """In a bounded process: the parser may abort, or ask for any amount of memory."""
    limits = [str(_CELLS), str(_MEGABYTES), str(_SECONDS)]
    try:
        done = subprocess.run(
            [sys.executable, "-I", workbook_reader.__file__, *limits],
            input=data,
            capture_output=True,
            timeout=4 * _SECONDS,
            check=False,
        )
    except (subprocess.SubprocessError, OSError):
        raise damaged(name, "cannot be read as a workbook in time") from None
    if done.returncode == _TOO_LARGE:
        raise damaged(name, "has too many cells for a workbook of counts")
    try:
        sheets: dict[str, list[list[str]]] = json.loads(done.stdout)
    except ValueError:
        raise damaged(name, "is a damaged or protected workbook, or none") from None
    return sheets


def _refuse_bomb(data: bytes, name: str) -> None:
    if not data.startswith(b"PK"):
        return
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = set(archive.namelist())
            size = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError):
        raise damaged(name, "is a damaged or protected workbook, or none") from None
    if size > _LARGEST:
        raise damaged(name, "unpacks to more than a workbook of counts")
    if "[Content_Types].xml" not in names and "content.xml" not in names:
        raise SourceChanged(
            f"{name} is a zip archive and no workbook: import it as an export, or unpack it.",
            where=name,
        )
