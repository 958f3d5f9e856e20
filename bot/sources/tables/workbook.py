"""Spreadsheets (.xlsx, .xls, .ods): every sheet with a table of counts."""

from __future__ import annotations

from collections.abc import Mapping

from bot.errors import SourceChanged
from bot.sources.tables.cells import frame_of
from bot.sources.tables.columns import find_header
from bot.sources.tables.delimited import unique_columns
from bot.sources.tables.readings import Table
from bot.sources.tables.sandbox import sheets_of

_TOP_ROWS = 30


def read_workbook(data: bytes, name: str, columns: Mapping[str, str]) -> list[Table]:
    return tables_in(sheets_of(data, name), name, columns)


def tables_in(
    grids: Mapping[str, list[list[str]]], name: str, columns: Mapping[str, str]
) -> list[Table]:
    """One table for each sheet that has one; of several, each is named by its sheet.

    Rows are counted from the first that is not empty. Raises SourceChanged where no sheet
    has a row of two cells.
    """
    found: list[Table] = []
    for title, grid in grids.items():
        index = find_header(grid[:_TOP_ROWS], columns)
        if index is None:
            continue
        header = unique_columns(grid[index])
        rows = [[cell or None for cell in row] for row in grid[index + 1 :]]
        above = next((c for row in grid[:index] for c in row if c.strip()), "")
        frame = frame_of(header, rows)
        if frame.height:
            sheet = title if len(grids) > 1 else None
            found.append(
                Table(name=name, frame=frame, first_row=index + 2, title=above, sheet=sheet)
            )
    if not found:
        raise SourceChanged(f"{name} has no sheet with a table of counts.", where=name)
    return found
