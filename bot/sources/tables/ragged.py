"""A table that got a column on its way: old rows are shorter than new ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

from bot.sources.tables.dates import is_time
from bot.sources.tables.numbers import parse_number

_LEAST = 2
"""Rows of another width from which they are no slip."""
_MOST_NEW = 3
_SAMPLE = 60
_CLEAR = 0.5
"""How much better one place of the new column must fit than any other, in nepers of level."""
_MISFIT = 5.0


@dataclass(frozen=True, slots=True)
class Growth:
    """Rows of `width` cells are read by `places`: the column of each of their cells, -1 for
    one that the header does not name. `ambiguous` where several places fit as well."""

    width: int
    places: tuple[int, ...]
    ambiguous: bool


def growth_of(header: int, rows: Sequence[Sequence[str]]) -> Growth | None:
    """How rows of another width than the header belong to it; None where they are slips.

    All of them have one width and stand together at the beginning or the end.
    """
    widths = [len(row) for row in rows]
    other = {width for width in widths if width != header}
    if len(other) != 1:
        return None
    width = other.pop()
    odd = [n for n, w in enumerate(widths) if w == width]
    even = [n for n, w in enumerate(widths) if w == header]
    together = odd[-1] - odd[0] + 1 == len(odd)
    ends = odd[0] == 0 or odd[-1] == len(rows) - 1
    if len(odd) < _LEAST or not even or not (together and ends):
        return None
    if not 1 <= abs(width - header) <= _MOST_NEW or min(width, header) < 2:
        return None
    close = even[:_SAMPLE] if odd[0] == 0 else even[-_SAMPLE:]
    near = odd[-_SAMPLE:] if odd[0] == 0 else odd[:_SAMPLE]
    wide, narrow = (close, near) if header > width else (near, close)
    scored = sorted(
        (_misfit([rows[n] for n in narrow], [rows[n] for n in wide], kept), kept[::-1], kept)
        for kept in combinations(range(max(width, header)), min(width, header))
    )
    best = scored[0][2]
    # a column at the end is the usual case where nothing else speaks
    clear = len(scored) == 1 or scored[1][0] - scored[0][0] >= _CLEAR
    if header > width:
        return Growth(width, best, not clear)
    place = {cell: column for column, cell in enumerate(best)}
    return Growth(width, tuple(place.get(cell, -1) for cell in range(width)), not clear)


def _misfit(
    narrow: Sequence[Sequence[str]], wide: Sequence[Sequence[str]], kept: Sequence[int]
) -> float:
    """How differently the cells of short and long rows look, put under each other."""
    return sum(
        _apart([row[n] for row in narrow], [row[cell] for row in wide])
        for n, cell in enumerate(kept)
    )


def _apart(one: Sequence[str], other: Sequence[str]) -> float:
    kinds = _kind(one), _kind(other)
    if kinds[0] != kinds[1]:
        return 0.0 if "empty" in kinds else _MISFIT
    if kinds[0] == "text":
        return 0.0 if set(one) & set(other) else 1.0
    if kinds[0] != "number":
        return 0.0
    levels = [median(abs(float(n)) for n in _numbers(cells)) + 1 for cells in (one, other)]
    return abs(math.log(levels[0] / levels[1]))


def _kind(cells: Sequence[str]) -> str:
    filled = [cell for cell in cells if cell.strip()]
    if not filled:
        return "empty"
    if all(is_time(cell) for cell in filled):
        return "time"
    return "number" if len(_numbers(filled)) == len(filled) else "text"


def _numbers(cells: Sequence[str]) -> list[float]:
    found = [parse_number(cell) for cell in cells if cell.strip()]
    return [float(number[0]) for number in found if number is not None]
