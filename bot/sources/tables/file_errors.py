"""How a file that cannot be read is told, and what no table of counts looks like."""

import re

from bot.errors import SourceChanged

_MOST_COLUMNS = 20_000  # a spreadsheet has at most 16,384
_CELLS = 1_000_000


def damaged(name: str, what: str) -> SourceChanged:
    return SourceChanged(f"{name} {what}: export it again.", where=name)


def no_table(head: bytes, name: str) -> SourceChanged:
    """What a text is that has no two columns, and what to do."""
    text = head[:4096].decode("utf-8", "ignore").strip()
    if text.startswith("<?xml") and "<html" not in text.lower():
        sentence = (
            f"{name} is XML and no table: export it as CSV with one header line, or as JSON."
        )
    elif text.startswith("<"):
        title = re.search(r"<title[^>]*>([^<]{1,60})", text, re.IGNORECASE)
        called = f' ("{title[1].strip()}")' if title else ""
        sentence = (
            f"{name} is a web page{called} and no table: sign in where it came from, export "
            "again, and look into the file before you import it."
        )
    else:
        sentence = (
            f"{name} is no table: no line of its beginning has two columns. Export it as CSV "
            "with one header line."
        )
    return SourceChanged(sentence, where=name)


def refuse_hollow(columns: int, rows: int, filled: int, name: str) -> None:
    """Refuses a long header over short rows, where far more cells are missing than `filled`.

    `filled` may count too many: every cell of a delimited text takes a byte at least.
    """
    if columns > _MOST_COLUMNS:
        raise damaged(name, f"has {columns:,} columns, more than a table of counts")
    if columns * rows > _CELLS + 4 * filled:
        raise damaged(name, f"has {columns:,} columns but {rows:,} rows with hardly a cell")
