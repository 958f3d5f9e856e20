"""Run as a process of its own: a workbook on stdin, its sheets as JSON on stdout.

The parser aborts on some damaged workbooks and may ask for any amount of memory on others;
here that ends this process and nothing else. Exit status 1: damaged, 2: too large.
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


def main(most_cells: int) -> int:
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read()))
    sheets: dict[str, list[list[str]]] = {}
    for name in book.sheet_names[:40]:
        sheet = book.get_sheet_by_name(name)
        most_cells -= sheet.total_height * max(1, sheet.total_width)
        if most_cells < 0:
            return 2
        sheets[name] = [[cell(value) for value in row] for row in sheet.to_python()]
    json.dump(sheets, sys.stdout)
    return 0


if __name__ == "__main__":
    bound(int(sys.argv[2]), int(sys.argv[3]))
    try:
        status = main(int(sys.argv[1]))
    except BaseException:  # a panic of the parser is no Exception
        status = 1
    sys.exit(status)
