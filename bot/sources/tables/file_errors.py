"""How a file that cannot be read is told, and what no table of counts looks like."""

from bot.errors import SourceChanged

_MOST_COLUMNS = 20_000  # a spreadsheet has at most 16,384
_CELLS = 1_000_000


def damaged(name: str, what: str) -> SourceChanged:
    return SourceChanged(f"{name} {what}: export it again.", where=name)


def refuse_hollow(columns: int, rows: int, filled: int, name: str) -> None:
    """Refuses a long header over short rows, where far more cells are missing than `filled`.

    `filled` may count too many: every cell of a delimited text takes a byte at least.
    """
    if columns > _MOST_COLUMNS:
        raise damaged(name, f"has {columns:,} columns, more than a table of counts")
    if columns * rows > _CELLS + 4 * filled:
        raise damaged(name, f"has {columns:,} columns but {rows:,} rows with hardly a cell")
