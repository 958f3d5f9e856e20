"""Messages as Slack blocks, within Slack's limits and without markup from data."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.chat.slack import rich
from bot.chat.slack.rich import Block
from bot.chat.text import as_text, clean, shorten, size, with_menus
from bot.model import inline
from bot.model.message import Button, Field, Menu, Message

HEADER = 150
FIELD = 600
FIELDS = 10
BUTTON = 75
ELEMENTS, OPTIONS, OPTION, PLACEHOLDER = 25, 100, 150, 150
BLOCKS = 50
# Slack refuses a message at about 13,200 characters over all blocks and does not say what
# it counts (slackapi/bolt-js#2509); the whole JSON stays below that.
TOTAL = 12_000
PLAIN = 2900
HOME, HOME_BLOCKS = 24_000, 98  # a view holds 100 blocks; its JSON stays well below 250 KB
FALLBACK = 2500  # chat.update refuses a text above 4,000
FOOTER = 300
ANSWERS = 4  # a response address may be used five times, one is kept for a second try
PARTS = 8  # messages in the thread; with more of them the rest becomes a file

_ICONS = {"critical": "🔴", "warning": "🟠", "info": "🔵", None: ""}
_NOTHING = "–"
_OUT = "↗"
"""Before a link to a profile: a header cannot hold one."""
_OVER = "✅"
_ROLE = re.compile(r"role:(S[A-Z0-9]+)")
_ESCAPED = re.compile(r"<(?P<sign>[@#!]?)(?P<target>[^<>|]+)(?:\|(?P<label>[^<>]*))?>")


Said = tuple[Block | None, str]
"""A block and what it says as plain text; without a block it is for the rest alone."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """`text` is the fallback for notifications, `rest` what did not fit among the blocks."""

    text: str
    blocks: list[Block]
    rest: tuple[Said, ...] = ()

    @property
    def rest_text(self) -> str:
        return "\n".join(text for _, text in self.rest)

    def parts(self) -> list[Rendered]:
        """The rest as messages for the thread."""
        parts: list[Rendered] = []
        waiting = self.rest
        while waiting:
            blocks, taken = _fitting(waiting, TOTAL, BLOCKS)
            text = clean("\n".join(text for _, text in waiting[:taken]), lines=False)
            parts.append(Rendered(_escaped(text, FALLBACK), blocks))
            waiting = waiting[taken:]
        return parts


def render(
    message: Message, id: str, *, file: str | None = None, silent: bool = False
) -> Rendered:
    """Blocks of one message; `id` goes into the button ids, `file` is an uploaded picture."""
    mention = None if silent else _mention(message)
    head = [*_header(message), *([_marked(mention)] if mention else [])]
    image = _image(message, file)
    if message.leads:
        head += image
    tail = [*([] if message.leads else image), *_footer(message), *_actions(message, id)]
    said = list(_body(message))
    main = [part for part in said if part[0] is not None]
    later = [(_plain(text), text) for block, text in said if block is None]
    room = TOTAL - _weight(head + tail) - _weight(_plain("…")) - 4
    body, taken = _fitting(main, room, BLOCKS - len(head) - len(tail) - 1)
    rest = (*later, *main[taken:])
    if rest:
        body.append(_plain("…"))
    return Rendered(_fallback(message, mention), [*head, *body, *tail] or [_plain("…")], rest)


def render_plain(message: Message, *, silent: bool = False, in_block: bool = False) -> Rendered:
    """Text alone, for a message that Slack refuses with its blocks.

    `in_block` for an edit: an update without blocks keeps the old ones.
    """
    mention = None if silent else _mention(message)
    text = shorten(as_text(message), PLAIN, escape)
    said = f"{mention} {escape(text)}" if mention else escape(text)
    return Rendered(said, [_plain(text)] if in_block else [])


def render_answer(message: Message, *, file: str | None = None) -> list[Rendered]:
    """An answer and what did not fit into it, as far as a response address allows."""
    rendered = render(message, "", file=file)
    shown = [rendered, *rendered.parts()]
    if len(shown) > ANSWERS:
        last = shown[ANSWERS - 1]
        shown[ANSWERS - 1 :] = [Rendered(last.text, [*last.blocks[:-1], _plain("…")])]
    return shown


def message_blocks(message: Message) -> list[Block]:
    """A message as blocks of the app's home, which shows no tables: of each row a line with its
    name, and one with what is known of it, short enough for a phone."""
    rows = [
        [
            told
            for cell in row
            if (told := clean(cell, lines=False, inline=True)) not in ("", _NOTHING)
        ]
        for row in message.table[1:]
    ]
    lines = (line for row in rows for line in (*row[:1], " · ".join(row[1:])))
    text = "\n".join(part for part in (message.text, *lines) if part)
    shown = render(replace(message, table=(), text=text, picture=None), "")
    return [block for part in (shown, *shown.parts()) for block in part.blocks]


def named_channel(id: str) -> Block:
    """A heading that Slack fills with the channel's name, where the reader may know it."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": f"*<#{id}>*"}}


def buttons(labels: Mapping[str, str]) -> Block:
    """A row of buttons, each with its command line and its label."""
    elements = [
        _button(Button(label=label, command=line), f"ebb::{line}")
        for line, label in labels.items()
    ]
    return {"type": "actions", "elements": elements}


def home_view(blocks: Sequence[Block]) -> Block:
    """The app's home, as far as one view holds it."""
    kept: list[Block] = []
    room = HOME
    for block in blocks[:HOME_BLOCKS]:
        room -= _weight(block)
        if room < 0:
            break
        kept.append(_once(block, len(kept)))
    return {"type": "home", "blocks": kept or [_plain("…")]}


def _once(block: Block, number: int) -> Block:
    """An action id may stand in a view once, and both messages may have a first button."""
    if block["type"] != "actions":
        return block
    elements = [
        {**one, "action_id": f"ebb::{number}-{place}"}
        for place, one in enumerate(block["elements"])
    ]
    return {**block, "elements": elements}


def answer_line_of(message: Mapping[str, Any], command: str) -> str | None:
    """The command line of one of our buttons in a shown message, as Slack hands it over."""
    for block in message.get("blocks") or ():
        for element in block.get("elements") or () if block.get("type") == "actions" else ():
            line = unescape(str(element.get("value") or ""))
            if line.partition(" ")[0] == command:
                return line
    return None


def button_delivery(action_id: str) -> str | None:
    """The id of the delivery whose button was pressed."""
    parts = action_id.split(":")
    return (parts[1] or None) if len(parts) == 3 and parts[0] == "ebb" else None


def escape(text: str) -> str:
    """The three characters that Slack's own syntax is made of."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescape(text: str) -> str:
    """What a button carried, as Slack hands it over."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def typed(text: str) -> str:
    """What a person typed: people, channels and addresses as the words they stood for, since
    "@lena" may be an account and "#team" a tag; groups as mentions, for these carry rights."""
    return unescape(_ESCAPED.sub(_as_typed, text))


def _as_typed(found: re.Match[str]) -> str:
    sign, target, label = found["sign"], found["target"], found["label"]
    if sign == "!":
        return found[0] if target.startswith("subteam^") else f"@{target}"
    if sign:
        return sign + label.lstrip(sign) if label else found[0]
    return label or target


def _fitting(said: Sequence[Said], room: int, blocks: int) -> tuple[list[Block], int]:
    """As many blocks from the start as fit, and how many that is."""
    taken: list[Block] = []
    for block, text in said:
        block = block or _plain(text)
        room -= _weight(block) + 2
        if room < 0 or len(taken) == blocks:
            break
        taken.append(block)
    return taken, len(taken)


def _weight(value: Any) -> int:
    return size(json.dumps(value, ensure_ascii=False))


def _plain_text(text: str) -> Block:
    """Slack reads no markup in it; the look-alike keeps a mention from looking like one."""
    return {"type": "plain_text", "text": rich.literal(text), "emoji": False}


def _plain(text: str) -> Block:
    return {"type": "section", "text": _plain_text(text)}


def _marked(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _mention(message: Message) -> str | None:
    group = _ROLE.fullmatch(message.mention or "")
    return f"<!subteam^{group[1]}>" if group else None


def _title(message: Message) -> str:
    icon = _OVER if message.over else _ICONS[message.severity]
    title = clean(message.title, lines=False)
    has_own = bool(title) and unicodedata.category(title[0]) == "So"
    return title if has_own else " ".join(word for word in (icon, title) if word)


def _header(message: Message) -> list[Block]:
    if not clean(message.title, lines=False):
        return []
    return [{"type": "header", "text": _plain_text(shorten(_title(message), HEADER))}]


def _body(message: Message) -> Iterator[Said]:
    text = clean(message.text, inline=True)
    if size(_title(message)) > HEADER or inline.plain(message.title) != message.title:
        text = _below(message, text)
    shown = rich.cut(text)
    # A long text must not push the figures out of the message.
    several = len(shown) > 1 and bool(message.fields or message.table)
    for number, piece in enumerate(shown):
        yield (None if several and number else rich.paragraph(piece)), inline.plain(piece)
    yield from _fields(message.fields)
    for number, (block, said) in enumerate(rich.tables(message.table)):
        # a message takes one table
        yield (block if number == 0 else None), said
    footer = clean(message.footer, inline=True)
    if size(footer) > FOOTER:
        for piece in rich.cut(footer):
            yield rich.paragraph(piece), inline.plain(piece)


def _below(message: Message, text: str) -> str:
    """What a header cannot show: all of a long title, or the links of a short one."""
    title = clean(message.title, lines=False, inline=True)
    if size(_title(message)) <= HEADER:
        told = {run.url for run in inline.runs(text)}
        links = [run for run in inline.runs(title) if run.url and run.url not in told]
        title = " · ".join(inline.link(f"{_OUT} {run.text}", run.url) for run in links)
    return "\n".join(part for part in (title, text) if part)


def _fields(fields: tuple[Field, ...]) -> Iterator[Said]:
    """Short ones in one block, a line each; every other one is a section of its own."""
    named = [
        (clean(field.name, lines=False, inline=True), clean(field.value, inline=True), field)
        for field in fields
    ]
    waiting: list[tuple[str, str]] = []
    for name, value, field in named:
        if not (name or value):
            continue
        fits = size(name) + size(value) <= FIELD
        if field.short and fits:
            waiting.append((name, value))
            if len(waiting) == FIELDS:
                yield _facts(waiting)
                waiting = []
            continue
        if waiting:
            yield _facts(waiting)
            waiting = []
        heading = shorten(name, FIELD, inline.plain)
        if inline.plain(heading) != inline.plain(name):
            value = f"{name}\n{value}"
        for number, piece in enumerate(rich.cut(value) or [""]):
            yield (
                rich.paragraph(piece, heading="" if number else heading),
                inline.plain(piece if number else f"{heading}\n{piece}".strip()),
            )
    if waiting:
        yield _facts(waiting)


def _facts(pairs: Sequence[tuple[str, str]]) -> Said:
    text = "\n".join(" ".join(part for part in pair if part) for pair in pairs)
    return rich.facts(pairs), inline.plain(text)


def _image(message: Message, file: str | None) -> list[Block]:
    if file is None:
        return []
    alt = clean(message.picture.alt, lines=False) if message.picture else ""
    alt = alt or clean(message.title, lines=False) or "…"
    return [{"type": "image", "slack_file": {"id": file}, "alt_text": shorten(alt, 500)}]


def _footer(message: Message) -> list[Block]:
    text = clean(message.footer)
    if not text or size(text) > FOOTER:
        return []
    return [{"type": "context", "elements": [_plain_text(text)]}]


def _actions(message: Message, id: str) -> list[Block]:
    message = with_menus(message)
    elements = [
        _button(button, f"ebb:{id}:{number}")
        for number, button in enumerate(message.buttons)
        if button.command and (clean(button.label, lines=False) or button.command.strip())
    ]
    for number, menu in enumerate(message.menus[: ELEMENTS - len(elements)]):
        if options := _options(menu):
            elements.append(
                {
                    "type": "static_select",
                    "placeholder": _plain_text(_short(menu.label, PLACEHOLDER)),
                    "options": options,
                    "action_id": f"ebb:{id}:m{number}",
                }
            )
    return [{"type": "actions", "elements": elements}] if elements else []


def _button(button: Button, action_id: str) -> Block:
    block: Block = {
        "type": "button",
        "text": _plain_text(_short(button.label or button.command, BUTTON)),
        "action_id": action_id,
        "value": button.command,
    }
    if button.style != "plain":
        block["style"] = button.style
    return block


def _options(menu: Menu) -> list[Block]:
    return [
        {"text": _plain_text(_short(choice.label, BUTTON)), "value": choice.command}
        for choice in menu.choices[:OPTIONS]
        if choice.command.strip() and size(choice.command) <= OPTION
    ]


def _short(text: str, limit: int) -> str:
    return shorten(clean(text, lines=False), limit) or "…"


def _fallback(message: Message, mention: str | None) -> str:
    words = [_title(message), clean(message.text, lines=False)]
    if not any(words):
        words = [clean(field.value, lines=False) for field in message.fields]
    text = _escaped(": ".join(word for word in words if word) or "…", FALLBACK)
    return f"{mention} {text}" if mention else text


def _escaped(text: str, limit: int) -> str:
    return escape(shorten(text, limit, escape))
