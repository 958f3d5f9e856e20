"""Spreadsheets (.xlsx, .xls, .ods): the first sheet with a table of counts."""

from __future__ import annotations

from collections.abc import Mapping

from bot.errors import SourceChanged
from bot.sources.tables.cells import frame_of
from bot.sources.tables.columns import NoLayout, find_header, lay_out
from bot.sources.tables.delimited import unique_columns
from bot.sources.tables.readings import Table
from bot.sources.tables.sandbox import sheets_of

_TOP_ROWS = 30


def read_workbook(data: bytes, name: str, columns: Mapping[str, str]) -> Table:
    return table_in(sheets_of(data, name), name, columns)


def table_in(
    grids: Mapping[str, list[list[str]]], name: str, columns: Mapping[str, str]
) -> Table:
    """Rows are counted from the first that is not empty."""
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
