"""A Message as an embed, for messages that were posted as one: a message keeps its form.

Limits: https://docs.discord.com/developers/resources/message and .../components/reference.
"""

from __future__ import annotations

from typing import Any

from bot.chat.discord.render import (
    CHART,
    COLOURS,
    DETAILS,
    EMPTY,
    OVER,
    TITLE,
    Rendered,
    alt_of,
    controls,
    marked,
)
from bot.chat.text import as_text, clean, columns, shorten, size, with_menus
from bot.model.message import Field, Message

DESCRIPTION, FIELDS, FIELD_NAME, FIELD_VALUE, FOOTER = 4096, 25, 256, 1024, 2048
EMBED_TOTAL = 6000
_CONTENTS = 2000
"""Of a code block; the rest of a table goes into the file."""


def render_embed(message: Message, delivery_id: str, *, has_chart: bool = False) -> Rendered:
    """`has_chart` keeps the picture that the edited message already shows.

    Where no button carries the id the footer ends in it, so that the message is found again.
    """
    message = with_menus(message)
    components = controls(message, delivery_id)
    footer = shorten(clean(message.footer, lines=False), FOOTER // 4)
    if not components:
        footer = f"{footer} {delivery_id}".strip()
    title = _one_line(message.title, TITLE)
    room = EMBED_TOTAL - size(title) - size(footer)
    fields, left_out, room = _fields(message.fields, room)
    description, rest = _description(message, min(DESCRIPTION, room))
    colour = OVER if message.over else COLOURS[message.severity]
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
        embed["description"] = EMPTY
    files: dict[str, bytes] = {}
    if message.picture:
        files[CHART] = message.picture.png
    if message.picture or has_chart:
        embed["image"] = {"url": f"attachment://{CHART}"}
    if rest or left_out:
        files[DETAILS] = as_text(message).encode()
    return Rendered(embed=embed, components=components, files=files, alt=alt_of(message))


def _one_line(text: str, limit: int) -> str:
    return marked(shorten(clean(text, lines=False, inline=True), limit, marked))


def _fields(fields: tuple[Field, ...], room: int) -> tuple[list[dict[str, Any]], bool, int]:
    """Fields that fit, whether something was left out, and the room that remains."""
    kept: list[dict[str, Any]] = []
    left_out = len(fields) > FIELDS
    room_for_text = DESCRIPTION // 4
    for field in fields[:FIELDS]:
        name = _one_line(field.name, FIELD_NAME) or EMPTY
        limit = min(FIELD_VALUE, room - size(name) - room_for_text)
        if limit < size(EMPTY) + 40:
            left_out = True
            break
        whole = clean(field.value, inline=True)
        kept_words = shorten(whole, limit, marked)
        value = marked(kept_words) or EMPTY
        left_out = left_out or kept_words != whole
        kept.append({"name": name, "value": value, "inline": field.short})
        room -= size(name) + size(value)
    return kept, left_out, room


def _description(message: Message, limit: int) -> tuple[str, bool]:
    """Text and table; True where the whole did not fit."""
    table, more_rows = _code_block(message.table, min(_CONTENTS, limit // 2))
    text_limit = limit - (size(table) + 1 if table else 0)
    whole = clean(message.text, inline=True)
    kept_words = shorten(whole, text_limit, marked)
    shown = "\n".join(part for part in (marked(kept_words), table) if part)
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
