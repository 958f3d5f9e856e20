"""Run as a process of its own: a workbook or Parquet file on stdin, its cells on stdout.

The parsers abort on some damaged files, complain on the terminal about others and may ask for
any amount of memory; here that ends this process and nothing else. Exit status 1: damaged,
2: too large.
"""

import io
import json
import sys
from datetime import date, datetime


def cell(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime | date):
        return value.isoformat()
    return "" if value is None else str(value)


def bound(megabytes: int, seconds: int) -> None:
    try:
        import resource
    except ImportError:  # not on Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def workbook(data: io.BytesIO, most_cells: int) -> int:
    """Writes JSON: the rows of text by sheet."""
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_filelike(data)
    sheets: dict[str, list[list[str]]] = {}
    for name in book.sheet_names[:40]:
        sheet = book.get_sheet_by_name(name)
        most_cells -= sheet.total_height * max(1, sheet.total_width)
        if most_cells < 0:
            return 2
        sheets[name] = [[cell(value) for value in row] for row in sheet.to_python()]
    json.dump(sheets, sys.stdout)
    return 0


def parquet(data: io.BytesIO, most_bytes: int) -> int:
    """Writes an Arrow file."""
    import polars as pl
    import polars.selectors as cs

    frame = pl.read_parquet(data)
    if frame.estimated_size() > most_bytes:
        return 2
    # nobody has looked yet whether damaged text is text and damaged times are times
    frame.select(cs.string().cast(pl.Binary).cast(pl.String))
    frame.select(cs.temporal().cast(pl.String))
    frame.write_ipc(sys.stdout.buffer)
    return 0


if __name__ == "__main__":
    kind, most, megabytes, seconds = sys.argv[1], *map(int, sys.argv[2:])
    bound(megabytes, seconds)
    try:
        read = {"workbook": workbook, "parquet": parquet}[kind]
        status = read(io.BytesIO(sys.stdin.buffer.read()), most)
    except BaseException:  # a panic of a parser is no Exception
        status = 1
    sys.exit(status)
