"""Spreadsheets (.xlsx, .xls, .ods): the first sheet with a table of counts."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

from bot.errors import SourceChanged
from bot.sources.cells import frame_of, text_of
from bot.sources.columns import NoLayout, find_header, lay_out
from bot.sources.damage import damaged
from bot.sources.delimited import unique_names
from bot.sources.readings import Table

_LARGEST = 512 * 1024**2
_TOP_ROWS = 30


def read_workbook(data: bytes, name: str, columns: Mapping[str, str]) -> Table:
    import python_calamine

    _refuse_bomb(data, name)
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheets = [(title, book.get_sheet_by_name(title)) for title in book.sheet_names]
        grids = [(title, sheet.to_python(skip_empty_area=False)) for title, sheet in sheets]
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        if isinstance(error, python_calamine.PasswordError):
            raise damaged(name, "is protected by a password") from None
        raise damaged(name, "is a damaged workbook, or no workbook") from None
    problem = "has no sheet with a table of counts"
    for title, grid in grids:
        top = [[text_of(cell) or "" for cell in row] for row in grid[:_TOP_ROWS]]
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
        raise damaged(name, "is a damaged workbook, or no workbook") from None
    if size > _LARGEST:
        raise damaged(name, "unpacks to more than a workbook of counts")
    if "[Content_Types].xml" not in names and "content.xml" not in names:
        raise SourceChanged(
            f"{name} is a zip archive and no workbook: import it as an export, or unpack it.",
            where=name,
        )
