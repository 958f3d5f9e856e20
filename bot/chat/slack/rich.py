"""Slack's native blocks for text, lists and tables: nothing in them is read as markup.

Limits: https://docs.slack.dev/reference/block-kit/blocks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from bot.chat.text import clean, is_count, pieces, shorten, size
from bot.model import inline

Block = dict[str, Any]

TEXT = 3000
CELLS, ROWS, CELL = 20, 100, 300
TABLE = 9000
"""JSON characters of one table: the whole message must stay below Slack's hidden limit."""

_BULLET = "• "
_MOMENTS = {
    "moment": "{date_short_pretty} {time}",
    "day": "{date_short_pretty}",
    "ago": "{ago}",
}
_CONTROL = re.compile(r"<(?=[!@#])")
_NUMBER = re.compile(r"[+\u2212-]?[\d.,\s'’]+%?( \(.*\))?|–|")


def literal(text: str) -> str:
    """A look-alike keeps what is shown from looking like a mention."""
    return _CONTROL.sub("‹", text)


def paragraph(text: str, *, heading: str = "") -> Block:
    """Lines of text, bulleted ones as a list, below a bold heading."""
    parts: list[Block] = []
    if heading:
        parts.append(_section(f"{heading}\n" if text else heading, bold=True))
    lines: list[str] = []
    for line in text.split("\n") if text else ():
        is_item = line.startswith(_BULLET)
        if lines and lines[-1].startswith(_BULLET) != is_item:
            parts.append(_group(lines))
            lines = []
        lines.append(line)
    if lines:
        parts.append(_group(lines))
    if not parts:
        parts.append(_section("…"))
    return {"type": "rich_text", "elements": parts}


def facts(pairs: Sequence[tuple[str, str]]) -> Block:
    """Names in bold, each with its value in one line."""
    elements: list[Block] = []
    for number, (name, value) in enumerate(pairs):
        if number:
            elements.append({"type": "text", "text": "\n"})
        if name:
            elements += _runs(f"{name}  " if value else name, bold=True)
        elements += _runs(value)
    return {
        "type": "rich_text",
        "elements": [{"type": "rich_text_section", "elements": elements or _runs("…")}],
    }


def tables(table: Sequence[Sequence[str]]) -> Iterator[tuple[Block, str]]:
    """The table in parts that one message can hold, and each part as plain text."""
    rows = [[clean(cell, lines=False, inline=True) for cell in row[:CELLS]] for row in table]
    rows = [row for row in rows if row]
    if not rows:
        return
    width = max(map(len, rows))
    rows = _narrow([row + [""] * (width - len(row)) for row in rows])
    header, waiting = rows[0], rows[1:]
    while True:
        taken = _fitting(header, waiting)
        part = [header, *waiting[:taken]]
        yield (
            _table(part),
            "\n".join("  ".join(map(inline.plain, row)).rstrip() for row in part),
        )
        waiting = waiting[taken:]
        if not waiting:
            return


def _narrow(rows: list[list[str]]) -> list[list[str]]:
    """A last column without a heading is a remark: it stands below the name of its row, so
    that the table fits a phone."""
    if len(rows[0]) < 3 or inline.plain(rows[0][-1]).strip():
        return rows
    named = (f"{row[0]}\n{row[-1]}" if row[-1].strip() else row[0] for row in rows)
    return [[name, *row[1:-1]] for name, row in zip(named, rows, strict=True)]


def _fitting(header: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    room = TABLE - _weight(header)
    for number, row in enumerate(rows[: ROWS - 1]):
        room -= _weight(row)
        if room < 0:
            return max(1, number)
    return min(len(rows), ROWS - 1)


def _weight(row: Sequence[str]) -> int:
    return size(json.dumps([_cell(cell) for cell in row], ensure_ascii=False)) + 2


def _table(rows: Sequence[Sequence[str]]) -> Block:
    columns = list(zip(*rows[1:], strict=True)) or [()] * len(rows[0])
    return {
        "type": "table",
        "column_settings": [
            {"align": "right", "is_wrapped": False}
            if any(cells) and all(_is_number(cell) for cell in cells)
            else {"is_wrapped": number == 0}
            for number, cells in enumerate(columns)
        ],
        "rows": [
            [_cell(cell, bold=number == 0) for cell in row] for number, row in enumerate(rows)
        ],
    }


def _is_number(cell: str) -> bool:
    return is_count(cell) or bool(_NUMBER.fullmatch(inline.plain(cell)))


def _cell(text: str, *, bold: bool = False) -> Block:
    """A cell must not be empty; a link needs the richer kind, and so does a bold one."""
    short = shorten(text, CELL, inline.plain)
    if not inline.plain(short).strip():
        return {"type": "raw_text", "text": " "}
    if bold or inline.plain(short) != short:
        return {"type": "rich_text", "elements": [_section(short, bold=bold)]}
    return {"type": "raw_text", "text": literal(short)}


def _group(lines: Sequence[str]) -> Block:
    if not lines[0].startswith(_BULLET):
        return _section("\n".join(lines))
    return {
        "type": "rich_text_list",
        "style": "bullet",
        "elements": [_section(line.removeprefix(_BULLET) or "…") for line in lines],
    }


def _section(text: str, *, bold: bool = False) -> Block:
    return {"type": "rich_text_section", "elements": _runs(text, bold=bold) or _runs("…")}


def _runs(text: str, *, bold: bool = False) -> list[Block]:
    return [_element(run, bold) for run in inline.runs(text) if run.text]


def _element(run: inline.Run, bold: bool) -> Block:
    style = {"style": {"bold": True}} if bold else {}
    if run.at is not None:
        return {
            "type": "date",
            "timestamp": run.at,
            "format": _MOMENTS[run.style],
            "fallback": literal(run.text),
            **style,
        }
    if run.url is not None:
        return {"type": "link", "url": run.url, "text": literal(run.text), **style}
    return {"type": "text", "text": literal(run.text), **style}


def cut(text: str) -> list[str]:
    """The text in pieces that a block takes, which end where a word ends."""
    return pieces(text, TEXT, inline.plain)
