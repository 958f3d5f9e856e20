"""Text that people or data chose, made safe to show, and cut at words."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace

from rich.cells import cell_len

from bot.model.inline import MARKS, is_inside, plain, tidy
from bot.model.message import Choice, Menu, Message, Sheet

ELLIPSIS = "…"
_BLANK_LETTERS = "\u115f\u1160\u2800\u3164\uffa0"
_JOINER = "\u200d"
_MARKS_IN_A_ROW = 3
_NAME = 44
"""Characters of the longest usual name: a platform and a handle of 30."""
_PRESSED = 3
_FORMULA = ("=", "@", "\t", "\r")
_COUNT = re.compile(r"\d[\d.,\s'’]*")
_LINE_BREAKS = re.compile(r"\r\n?|[\u0085\u2028\u2029\x0b\x0c]")
# All but what is known to be harmless: Latin, Cyrillic, Japanese, Chinese and Korean letters.
_DOUBTFUL = re.compile(
    r"[^\n\t -~\u00a1-\u00ac\u00ae-\u02ff\u0400-\u0482\u048a-\u052f\u2010-\u2027\u2212"
    r"\u3041-\u3096\u309b-\u30ff\u4e00-\u9fff\uac00-\ud7a3]+"
)
_SPACES = re.compile(r"[^\S\n]+")
_EMPTY_LINES = re.compile(r"\n{3,}")


def clean(text: str, *, lines: bool = True, inline: bool = False) -> str:
    """Drops what hides, reorders or piles up: controls, bidi, zero width, stacked marks.

    Keeps emoji sequences and, with `lines`, line breaks (at most one empty line). Links and
    moments become their words, unless `inline` keeps them.
    """
    text = tidy(text) if inline else plain(text)
    text = _DOUBTFUL.sub(_without_tricks, _LINE_BREAKS.sub("\n", text))
    text = tidy(text)  # a link may have lost its last visible word
    shown = text if lines else text.replace("\n", " ")
    shown = _SPACES.sub(" ", shown).replace(" \n", "\n").replace("\n ", "\n")
    return _EMPTY_LINES.sub("\n\n", shown).strip()


def _without_tricks(found: re.Match[str]) -> str:
    kept: list[str] = []
    marks = 0
    for position, char in enumerate(found[0], found.start()):
        category = unicodedata.category(char)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        if char in _BLANK_LETTERS:
            kept.append(" ")
        elif char == _JOINER:
            if _joins_symbols(found.string, position):
                kept.append(char)
        elif (category[0] != "C" or char in MARKS) and marks <= _MARKS_IN_A_ROW:
            kept.append(char)
    return "".join(kept)


def _joins_symbols(text: str, position: int) -> bool:
    before = text[position - 1] if position else ""
    after = text[position + 1 : position + 2]
    return all(
        char and unicodedata.category(char) in {"So", "Sk", "Mn", "Me"}
        for char in (before, after)
    )


def seconds(text: str) -> float | None:
    """What a Retry-After names, where it is a number of seconds."""
    return float(text) if re.fullmatch(r"[0-9]{1,15}(\.[0-9]{1,9})?", text) else None


def size(text: str) -> int:
    """Length in UTF-16 units, the strictest way in which a platform may count."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut(text: str, limit: int, shown: Callable[[str], str] = str) -> tuple[str, str]:
    """Splits at the last word end where `shown(head)` (what is sent) fits into `limit`.

    Head and rest lose nothing but the white space between them; a word longer than the
    limit is split where it must be, a link or moment is not. `shown` shortens only those.
    """
    marked = any(mark in text for mark in MARKS)
    if (marked or len(text) <= limit) and size(shown(text)) <= limit:
        return text, ""
    low, high = 0, len(text) if marked else min(len(text), limit)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if size(shown(text[:middle])) <= limit else (low, middle - 1)
    end = low
    if end and not text[end].isspace():
        spaces = [text.rfind(mark, 0, end) for mark in " \n"]
        end = max(spaces) if max(spaces) > 0 else low
    if marked and (start := is_inside(text, end)) is not None:
        if not text[:start].strip():
            return cut(plain(text), limit, shown)
        end = start
    return text[:end].rstrip(), text[end:].lstrip()


def shorten(text: str, limit: int, shown: Callable[[str], str] = str) -> str:
    """`text`, or its first words and an ellipsis."""
    head, rest = cut(text, limit, shown)
    if not rest:
        return head
    return cut(text, limit - 1, shown)[0] + ELLIPSIS


def pieces(text: str, limit: int, shown: Callable[[str], str] = str) -> list[str]:
    """All of `text` in parts that fit."""
    parts = []
    while text:
        head, text = cut(text, limit, shown)
        parts.append(head)
    return parts


def as_text(message: Message) -> str:
    """All that a message says, as paragraphs without any layout."""
    parts = [clean(message.title, lines=False), clean(message.text)]
    parts += [
        ": ".join(filter(None, (clean(field.name, lines=False), clean(field.value))))
        for field in message.fields
    ]
    parts += [
        "\n".join("\t".join(clean(cell, lines=False) for cell in row) for row in message.table)
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def columns(table: Sequence[Sequence[str]], *, width: int = 64) -> str:
    """Lines up a header and rows with spaces, by the cells that a terminal or a monospaced
    block gives each letter: a Japanese one takes two.

    In a table that is too wide the longest cells are shortened, but none that could be the
    name of an account: rather a line wraps than a name is lost.
    """
    rows = [[clean(cell, lines=False) for cell in row] for row in table if row]
    if not rows:
        return ""
    count = max(map(len, rows))
    rows = [row + [""] * (count - len(row)) for row in rows]
    widths = [max(cell_len(row[column]) for row in rows) for column in range(count)]
    room = _widest_cell(widths, width - 2 * (count - 1))
    rows = [[_narrowed(cell, room) for cell in row] for row in rows]
    widths = [max(cell_len(row[column]) for row in rows) for column in range(count)]
    return "\n".join(
        "  ".join(
            cell + " " * (wide - cell_len(cell)) for cell, wide in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    )


def _widest_cell(widths: Sequence[int], width: int) -> int:
    """How long a cell may be so that all columns together take `width`."""
    room = max(widths)
    if room <= _NAME:
        return room
    limits = range(_NAME, room + 1)
    fitting = bisect_right(limits, width, key=lambda limit: sum(min(w, limit) for w in widths))
    return limits[max(fitting - 1, 0)]


def _narrowed(cell: str, room: int) -> str:
    """The cell, shortened until it fits `room` columns."""
    shown, limit = cell, room
    while cell_len(shown) > room:
        shown, limit = shorten(cell, limit), limit - 1
    return shown


def csv_of(sheet: Sheet) -> bytes:
    """For a spreadsheet: with the mark that lets it see UTF-8; no cell can be a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    for row in sheet.rows:
        cells = [clean(cell, lines=False) for cell in row]
        writer.writerow([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells])
    return out.getvalue().encode("utf-8-sig")


def is_count(text: str) -> bool:
    """A bare number, which says nothing without the name of its column."""
    return bool(_COUNT.fullmatch(text))


def with_menus(message: Message) -> Message:
    """At most three buttons: what else could be pressed is chosen from a menu."""
    if len(message.buttons) <= _PRESSED:
        return message
    more = [Choice(label=one.label, command=one.command) for one in message.buttons[_PRESSED:]]
    menu = Menu(label=ELLIPSIS, choices=tuple(more))
    return replace(message, buttons=message.buttons[:_PRESSED], menus=(*message.menus, menu))
