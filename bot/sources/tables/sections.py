"""Tables that stand below each other in one text, and headers that come again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.sources.tables.cells import split_cells
from bot.sources.tables.columns import role_of
from bot.sources.tables.dates import is_time
from bot.sources.tables.invisible import visible

_SEPARATORS = ";\t,|"
_MOST = 200
"""Tables of one file; more is a log that repeats something, and no report."""


@dataclass(frozen=True, slots=True)
class Section:
    """`before` lines of the file stand above `text`, which begins with title or header."""

    text: str
    before: int
    title: str


def sections(text: str) -> list[Section]:
    """The tables of a text; a header that comes again with nothing new said continues its
    table. One section where there is only one."""
    lines = text.split("\n")
    found = [n for n, line in enumerate(lines) if _may_be_header(line)]
    headers = [(n, cells) for n in found if (cells := _header(lines[n]))]
    if not 1 < len(headers) <= _MOST:
        return [Section(text, 0, "")]
    starts: list[tuple[int, str]] = []
    last: list[str] = []
    end = 0
    for number, cells in headers:
        begin, title = _title_above(lines, number, end)
        if starts and cells == last and title in ("", starts[-1][1]):
            lines[number] = ""
        else:
            starts.append((begin, title))
            last = cells
        end = number + 1
    bounds = [0, *(begin for begin, _ in starts[1:]), len(lines)]
    return [
        Section("\n".join(lines[begin:stop]), begin, title)
        for begin, stop, (_, title) in zip(bounds[:-1], bounds[1:], starts, strict=True)
    ]


def _may_be_header(line: str) -> bool:
    """Cheap: a header of a time begins with a word, never with a digit."""
    first = line[:40].lstrip('"\ufeff \u00ad')
    return bool(first) and not first[0].isdigit() and any(s in line for s in _SEPARATORS)


def _header(line: str) -> list[str] | None:
    """The cells of a line that names a time and another column, and holds no date itself."""
    separator = max(_SEPARATORS, key=line.count)
    cells = [visible(cell).strip() for cell in split_cells(line.rstrip("\r"), separator)]
    filled = [cell for cell in cells if cell]
    if len(filled) < 2 or not any(role_of(cell) == "at" for cell in filled):
        return None
    if any(is_time(cell) or re.fullmatch(r"[\d.,\s%-]+", cell) for cell in filled):
        return None
    return cells


def _title_above(lines: Sequence[str], number: int, end: int) -> tuple[int, str]:
    """The lines right above a header that have one cell, and what they say."""
    begin, title = number, ""
    while begin > end and _single(lines[begin - 1]):
        begin -= 1
        title = lines[begin].strip(' "\r\ufeff,;\t') or title
    return begin, "" if title.casefold().startswith("sep=") else title


def _single(line: str) -> bool:
    return len([cell for cell in re.split(r"[;\t,|]", line) if cell.strip(' "\r')]) <= 1
