"""A Message as Discord shows it: one framed layout within every limit, as plain JSON.

Limits: https://docs.discord.com/developers/components/reference. The frame is 300 to 350
pixels wide on a phone, about 36 characters: a wide table becomes entries of two lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from bot.chat.discord.marks import CUSTOM_ID, component_ids, custom_id, menu_id
from bot.chat.text import as_text, clean, columns, csv_of, is_count, shorten, size, with_menus
from bot.model import inline
from bot.model.message import Button, Field, Menu, Message

TEXT, COMPONENTS = 4000, 40
BUTTONS_IN_ROW, LABEL, PLACEHOLDER, CHOICES, CHOICE = 5, 80, 150, 25, 100
TITLE, FOOTER, ALT = 256, 400, 1024
PHONE = 36
CHART, DETAILS = "chart.png", "details.txt"
LAYOUT_FLAG = 1 << 15

ROW, BUTTON, SELECT, SECTION, DISPLAY = 1, 2, 3, 9, 10
GALLERY, FILE, SEPARATOR, FRAME = 12, 13, 14, 17

COLOURS = {"info": 0x3B82C4, "warning": 0xE0A030, "critical": 0xC8323C, None: 0x6B7280}
OVER = 0x3F9E5A
EMPTY = "–"
STYLES = {"primary": 1, "plain": 2, "danger": 4}
_MOMENTS = {"moment": "f", "day": "D", "ago": "R"}
_MARKUP = str.maketrans({char: f"\\{char}" for char in "\\*_~`|<>[]@#"})
_LIST_MARK = re.compile(r"^(\s*\d*)([-+.)])(?=\s|$)", re.MULTILINE)
_FILE_NAME = re.compile(r"[^A-Za-z0-9._-]+")

Component = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """`files` maps names to bytes; `alt` describes the picture to who cannot see it; `role`
    is the only id that may be pinged. `embed` is None but for messages posted as one."""

    components: list[Component]
    files: Mapping[str, bytes]
    alt: str = ""
    role: int | None = None
    embed: Mapping[str, Any] | None = None
    content: str = ""


def escape(text: str) -> str:
    """Markdown, mentions and links as the characters they are made of."""
    text = text.translate(_MARKUP).replace("://", ":\\//")
    return _LIST_MARK.sub(r"\1\\\2", text)


def marked(text: str) -> str:
    """Escaped, but for our own links and moments."""
    return "".join(_run(run) for run in inline.runs(text))


def render(
    message: Message, delivery_id: str, *, has_chart: bool = False, is_answer: bool = False
) -> Rendered:
    """`has_chart` keeps the picture that the edited message already shows.

    Every button and menu carries the delivery id, and so do the numbers of the components:
    the message can be found again. Nobody looks for answers.
    """
    message = with_menus(message)
    role = mentioned_role(message)
    files = {_file_name(message.sheet.name): csv_of(message.sheet)} if message.sheet else {}
    below = controls(message, delivery_id)
    pictured = [_gallery(message)] if message.picture or has_chart else []
    tail = [
        *([] if message.leads else pictured),
        *({"type": FILE, "file": {"url": f"attachment://{name}"}} for name in files),
        *below,
        *_footer(message),
    ]
    room = _Room(
        text=TEXT - sum(_texts(tail)) - 40,
        components=COMPONENTS - 4 - len(pictured) - sum(map(count, tail)),
    )
    taken = {one.get("custom_id") for row in below for one in row["components"]}
    beside = [
        shown if (shown := _button(button, delivery_id)) and _is_new(shown, taken) else None
        for button in message.row_buttons
    ]
    body = list(_body(message, beside, room)) or [_display(EMPTY)]
    if message.leads:
        body[1:1] = pictured
    if room.short and not has_chart:
        files[DETAILS] = as_text(message).encode()
        body.append({"type": FILE, "file": {"url": f"attachment://{DETAILS}"}})
    frame: Component = {
        "type": FRAME,
        "accent_color": OVER if message.over else COLOURS[message.severity],
        "components": [*body, *tail],
    }
    if not is_answer:
        frame["id"], body[0]["id"] = component_ids(delivery_id)
    if message.picture:
        files[CHART] = message.picture.png
    return Rendered(
        components=[*([_display(f"<@&{role}>")] if role else []), frame],
        files=files,
        alt=alt_of(message),
        role=role,
    )


def alt_of(message: Message) -> str:
    return shorten(clean(message.picture.alt, lines=False), ALT) if message.picture else ""


def mentioned_role(message: Message) -> int | None:
    kind, _, number = (message.mention or "").partition(":")
    return int(number) if kind == "role" and number.isdecimal() else None


def count(component: Mapping[str, Any]) -> int:
    """The component and all inside it."""
    inner = [*component.get("components", ()), *filter(None, [component.get("accessory")])]
    return 1 + sum(map(count, inner))


@dataclass(slots=True, kw_only=True)
class _Room:
    """What is left of a message's limits; `short` where something did not fit."""

    text: int
    components: int
    short: bool = field(default=False)

    def display(self, head: str, text: str, *, joint: str = "\n", less: int = 0) -> str:
        """`head` (as it is) and `text` (marked), cut to what is left; "" where nothing is."""
        if size(head) > self.text:
            self.short = True
            return ""
        limit = self.text - less - size(head) - len(joint)
        whole = clean(text, inline=True)
        kept = shorten(whole, limit, marked) if limit > 40 else ""
        self.short = self.short or kept != whole
        shown = joint.join(part for part in (head, marked(kept)) if part)
        self.text -= size(shown)
        return shown


def _body(
    message: Message, beside: Sequence[Component | None], room: _Room
) -> Iterator[Component]:
    """Headline and sentence, then sections, then rows; the first ones matter most."""
    title = shorten(clean(message.title, lines=False, inline=True), TITLE, marked)
    facts = "\n".join(
        f"{clean(one.name, lines=False, inline=True)}: {clean(one.value, inline=True)}"
        for one in message.fields
        if one.short
    )
    long = [one for one in message.fields if not one.short]
    reserve = min(1500, sum(size(one.value) + 40 for one in long))
    head = f"### {marked(title)}" if title else ""
    text = "\n\n".join(part for part in (clean(message.text, inline=True), facts) if part)
    if shown := room.display(head, text, less=reserve):
        room.components -= 1
        yield _display(shown)
    yield from _sections(long, room)
    yield from _rows(message, beside, room)


def _sections(fields: Sequence[Field], room: _Room) -> Iterator[Component]:
    for one in fields:
        if room.components <= 2:
            room.short = True
            return
        name = shorten(clean(one.name, lines=False, inline=True), TITLE, marked)
        if shown := room.display(f"**{marked(name)}**" if name else "", one.value):
            room.components -= 1
            yield _display(shown)


def _rows(
    message: Message, beside: Sequence[Component | None], room: _Room
) -> Iterator[Component]:
    """A narrow table in columns; of a wide one each row as an entry, its button beside it."""
    table = [[clean(cell, lines=False, inline=True) for cell in row] for row in message.table]
    if not table or room.components <= 1:
        room.short = room.short or bool(table)
        return
    has_marks = any(inline.plain(cell) != cell for row in table for cell in row)
    if not has_marks and not beside:
        block = columns(table, width=PHONE).replace("`", "ˋ")
        narrow = max(map(size, block.split("\n"))) <= PHONE
        if narrow and size(block) + 8 < room.text:
            room.text -= size(block) + 8
            yield _display(f"```\n{block}\n```")
            return
    room.short = room.short or any(size(row[0]) > TITLE for row in table[1:])
    entries = [entry(table[0], row) for row in table[1:]]
    if room.components > 4:
        room.components -= 1
        yield {"type": SEPARATOR}
    rest: list[tuple[str, str]] = []
    for (name, facts), drawn in zip_longest(entries, beside[: len(entries)]):
        # one component is kept for the entries that have no button, or no room for one
        if drawn is None or rest or room.components < 4:
            rest.append((name, facts))
            continue
        if shown := room.display(f"**{marked(name)}**" if name else "", facts):
            room.components -= 3
            yield {"type": SECTION, "components": [_display(shown)], "accessory": drawn}
    yield from _entries(rest, room)


def _entries(entries: Sequence[tuple[str, str]], room: _Room) -> Iterator[Component]:
    shown: list[str] = []
    for name, facts in entries:
        text = f"**{marked(name)}**\n{marked(facts)}" if facts else marked(name)
        if size(text) + 2 > room.text:
            room.short = True
            break
        room.text -= size(text) + 2
        shown.append(text)
    if shown and room.components > 0:
        room.components -= 1
        yield _display("\n".join(shown))


def entry(header: Sequence[str], row: Sequence[str]) -> tuple[str, str]:
    """A row's name and what is known of it in one line, short enough for a phone; of several
    bare counts each says what it counts."""
    name, *cells = row
    several = sum(map(is_count, cells)) > 1
    facts = [
        f"{label}: {cell}" if several and is_count(cell) and label else cell
        for label, cell in zip([*header[1:], *[""] * len(cells)], cells, strict=False)
        if cell not in ("", EMPTY)
    ]
    return shorten(name or EMPTY, TITLE, marked), " · ".join(facts)


def _gallery(message: Message) -> Component:
    item: Component = {"media": {"url": f"attachment://{CHART}"}}
    if alt := alt_of(message):
        item["description"] = alt
    return {"type": GALLERY, "items": [item]}


def controls(message: Message, delivery_id: str) -> list[Component]:
    """A row of buttons, and each menu in a row of its own."""
    drawn = {
        shown["custom_id"]: shown
        for button in message.buttons
        if (shown := _button(button, delivery_id))
    }
    flat = list(drawn.values())[:BUTTONS_IN_ROW]
    rows = [{"type": ROW, "components": flat}] if flat else []
    for number, menu in enumerate(message.menus[:3]):
        if choices := _choices(menu):
            select = {
                "type": SELECT,
                "custom_id": menu_id(delivery_id, number),
                "placeholder": _words(menu.label, PLACEHOLDER),
                "options": choices,
            }
            rows.append({"type": ROW, "components": [select]})
    return rows


def _choices(menu: Menu) -> list[Component]:
    lines = {
        choice.command: {"label": _words(choice.label, CHOICE), "value": choice.command}
        for choice in menu.choices
        if 0 < size(choice.command) <= CHOICE and choice.command.strip()
    }
    return list(lines.values())[:CHOICES]


def _button(button: Button, delivery_id: str) -> Component | None:
    """None where the command is too long for an id: the slash command is left for it."""
    key = custom_id(delivery_id, button.command)
    if size(key) > CUSTOM_ID:
        return None
    return {
        "type": BUTTON,
        "style": STYLES[button.style],
        "label": _words(button.label, LABEL),
        "custom_id": key,
    }


def _is_new(button: Component, taken: set[str | None]) -> bool:
    """A custom id may stand in a message once."""
    is_new = button["custom_id"] not in taken
    taken.add(button["custom_id"])
    return is_new


def _footer(message: Message) -> list[Component]:
    text = shorten(clean(message.footer, lines=False, inline=True), FOOTER, marked)
    return [_display(f"-# {marked(text)}")] if text else []


def _display(text: str) -> Component:
    return {"type": DISPLAY, "content": text}


def _words(text: str, limit: int) -> str:
    return shorten(clean(text, lines=False), limit) or EMPTY


def _texts(components: Sequence[Mapping[str, Any]]) -> list[int]:
    return [size(one["content"]) for one in components if one["type"] == DISPLAY]


def _run(run: inline.Run) -> str:
    if run.at is not None:
        return f"<t:{run.at}:{_MOMENTS[run.style]}>"
    text = escape(run.text)
    return f"[{text}]({run.url})" if run.url else text


def _file_name(name: str) -> str:
    return f"{_FILE_NAME.sub('-', name).strip('-.')[:80] or 'sheet'}.csv"
