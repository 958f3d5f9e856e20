"""A Message as Discord shows it: embed, buttons and files within every limit, as plain JSON.

Limits: https://docs.discord.com/developers/resources/message and .../components/reference.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.chat.text import as_text, clean, columns, shorten, size
from bot.model.message import Button, Field, Message

TITLE, DESCRIPTION, FIELDS, FIELD_NAME, FIELD_VALUE, FOOTER = 256, 4096, 25, 256, 1024, 2048
ALT = 1024
CONTENT = 2000
EMBED_TOTAL = 6000
BUTTON_ROWS, BUTTONS_IN_ROW, LABEL, CUSTOM_ID = 5, 5, 80, 100
CHART = "chart.png"
DETAILS = "details.txt"
ID_PREFIX = "ebb"

_COLOURS = {"info": 0x3B82C4, "warning": 0xE0A030, "critical": 0xC8323C, None: 0x6B7280}
_OVER = 0x3F9E5A
_STYLES = {"primary": 1, "plain": 2, "danger": 4}
_EMPTY = "–"
_CONTENTS = 2000
"""Of a code block; the rest of a table goes into the file."""
_MARKUP = str.maketrans({char: f"\\{char}" for char in "\\*_~`|<>[]@#"})
_LIST_MARK = re.compile(r"^(\s*\d*)([-+.)])(?=\s)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """`files` maps names to bytes; `alt` describes the picture to who cannot see it; `role`
    is the only id that may be pinged."""

    embed: Mapping[str, Any] | None
    components: list[dict[str, Any]]
    files: Mapping[str, bytes]
    alt: str = ""
    content: str = ""
    role: int | None = None


def escape(text: str) -> str:
    """Markdown, mentions and links as the characters they are made of."""
    text = text.translate(_MARKUP).replace("://", ":\\//")
    return _LIST_MARK.sub(r"\1\\\2", text)


def render(
    message: Message, delivery_id: str, *, has_chart: bool = False, is_answer: bool = False
) -> Rendered:
    """`has_chart` keeps the picture that the edited message already shows.

    The delivery id stands in every button, or at the end of the footer where there is no
    button, so that the message can be found again; nobody looks for answers.
    """
    buttons = _buttons(message.buttons, delivery_id)
    footer = shorten(clean(message.footer, lines=False), FOOTER // 4)
    if not buttons and not is_answer:
        footer = f"{footer} · {delivery_id}" if footer else delivery_id
    title = _one_line(message.title, TITLE)
    room = EMBED_TOTAL - size(title) - size(footer)
    fields, left_out, room = _fields(message.fields, room)
    description, rest = _description(message, min(DESCRIPTION, room))
    colour = _OVER if message.over else _COLOURS[message.severity]
    embed: dict[str, Any] = {"color": colour}
    if title:
        embed["title"] = title
    if description:
        embed["description"] = description
    if fields:
        embed["fields"] = fields
    if footer:
        embed["footer"] = {"text": footer}
    if not (title or description or fields or footer):
        embed["description"] = _EMPTY
    files: dict[str, bytes] = {}
    if message.picture:
        files[CHART] = message.picture.png
    if message.picture or has_chart:
        embed["image"] = {"url": f"attachment://{CHART}"}
    if rest or left_out:
        files[DETAILS] = as_text(message).encode()
    role = mentioned_role(message)
    return Rendered(
        embed=embed,
        components=buttons,
        files=files,
        alt=shorten(clean(message.picture.alt, lines=False), ALT) if message.picture else "",
        content=f"<@&{role}>" if role else "",
        role=role,
    )


def render_plain(message: Message, delivery_id: str, *, in_embed: bool = False) -> Rendered:
    """Text alone, for a message that Discord refuses with its layout; the id ends it.

    `in_embed` for the edit of a message that was posted as one: its content stays.
    """
    role = mentioned_role(message)
    ping = f"<@&{role}> " if role and not in_embed else ""
    text = shorten(as_text(message), CONTENT - size(ping) - len(delivery_id) - 1, escape)
    content = f"{ping}{escape(text)}\n{delivery_id}"
    if in_embed:
        return Rendered(embed={"description": content}, components=[], files={})
    return Rendered(embed=None, components=[], files={}, content=content, role=role)


def mentioned_role(message: Message) -> int | None:
    kind, _, number = (message.mention or "").partition(":")
    return int(number) if kind == "role" and number.isdecimal() else None


def custom_id(delivery_id: str, command: str) -> str:
    return f"{ID_PREFIX}:{delivery_id}:{command}"


def read_custom_id(text: str) -> tuple[str, str] | None:
    """The delivery id and the command line of one of our buttons."""
    prefix, _, rest = text.partition(":")
    delivery_id, colon, command = rest.partition(":")
    return (delivery_id, command) if prefix == ID_PREFIX and colon else None


def carried_ids(raw_buttons: list[str], *ends: str) -> set[str]:
    """The delivery ids that a shown message carries; `ends` are texts that may end in one."""
    ids = {found[0] for text in raw_buttons if (found := read_custom_id(text))}
    return ids | {text.split()[-1] for text in ends if text.strip()}


def _one_line(text: str, limit: int) -> str:
    return escape(shorten(clean(text, lines=False), limit, escape))


def _fields(fields: tuple[Field, ...], room: int) -> tuple[list[dict[str, Any]], bool, int]:
    """Fields that fit, whether something was left out, and the room that remains."""
    kept: list[dict[str, Any]] = []
    left_out = len(fields) > FIELDS
    room_for_text = DESCRIPTION // 4
    for field in fields[:FIELDS]:
        name = _one_line(field.name, FIELD_NAME) or _EMPTY
        limit = min(FIELD_VALUE, room - size(name) - room_for_text)
        if limit < size(_EMPTY) + 40:
            left_out = True
            break
        whole = clean(field.value)
        kept_words = shorten(whole, limit, escape)
        value = escape(kept_words) or _EMPTY
        left_out = left_out or kept_words != whole
        kept.append({"name": name, "value": value, "inline": field.short})
        room -= size(name) + size(value)
    return kept, left_out, room


def _description(message: Message, limit: int) -> tuple[str, bool]:
    """Text and table; True where the whole did not fit."""
    table, more_rows = _code_block(message.table, min(_CONTENTS, limit // 2))
    text_limit = limit - (size(table) + 1 if table else 0)
    whole = clean(message.text)
    kept_words = shorten(whole, text_limit, escape)
    shown = "\n".join(part for part in (escape(kept_words), table) if part)
    return shown, kept_words != whole or more_rows


def _code_block(table: tuple[tuple[str, ...], ...], limit: int) -> tuple[str, bool]:
    """Whole rows only; backticks cannot close the block."""
    if not table:
        return "", False
    lines = columns(table).replace("`", "ˋ").split("\n")
    kept: list[str] = []
    room = limit - len("```\n\n```")
    for line in lines:
        room -= size(line) + 1
        if room < 0:
            break
        kept.append(line)
    block = "```\n" + "\n".join(kept) + "\n```" if kept else ""
    return block, len(kept) < len(lines)


def _buttons(buttons: tuple[Button, ...], delivery_id: str) -> list[dict[str, Any]]:
    """Rows of five; a command too long for a button id is left to the slash command."""
    drawn: dict[str, dict[str, Any]] = {}
    for button in buttons:
        key = custom_id(delivery_id, button.command)
        if size(key) <= CUSTOM_ID:
            drawn[key] = {
                "type": 2,
                "style": _STYLES[button.style],
                "label": shorten(clean(button.label, lines=False), LABEL) or _EMPTY,
                "custom_id": key,
            }
    flat = list(drawn.values())[: BUTTON_ROWS * BUTTONS_IN_ROW]
    return [
        {"type": 1, "components": flat[start : start + BUTTONS_IN_ROW]}
        for start in range(0, len(flat), BUTTONS_IN_ROW)
    ]
