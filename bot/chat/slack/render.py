"""Messages as Slack blocks, within Slack's limits and without markup from data."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bot.chat.text import as_text, clean, columns, pieces, shorten, size
from bot.model.message import Field, Message

Block = dict[str, Any]

HEADER = 150
SECTION = 3000
FIELD = 2000
FIELDS = 10
BUTTON = 75
BUTTONS = 25
BLOCKS = 50
# Slack refuses a message at about 13,200 characters over all blocks and does not say what
# it counts (slackapi/bolt-js#2509); the whole JSON stays below that.
TOTAL = 12_000
PLAIN = 2900
FALLBACK = 2500  # chat.update refuses a text above 4,000
FOOTER = 300
ANSWERS = 4  # a response address may be used five times, one is kept for a second try
PARTS = 8  # messages in the thread; with more of them the rest becomes a file

_ICONS = {"critical": "🔴", "warning": "🟠", "info": "🔵", None: ""}
_OVER = "✅"
# Where mrkdwn would read a mark: bold, strike and code anywhere, italics at a word's edge,
# emoji names, and a quote at the start of a line.
_MARKUP = re.compile(r"[*~`]|(?<!\w)_|_(?!\w)|:[\w+'-]+:|^\s*>", re.MULTILINE)
_CONTROL = re.compile(r"<(?=[!@#])")
_ROLE = re.compile(r"role:(S[A-Z0-9]+)")


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
    tail = [*_image(message, file), *_footer(message), *_actions(message, id)]
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


def button_delivery(action_id: str) -> str | None:
    """The id of the delivery whose button was pressed."""
    parts = action_id.split(":")
    return (parts[1] or None) if len(parts) == 3 and parts[0] == "ebb" else None


def escape(text: str) -> str:
    """The three characters that Slack's own syntax is made of."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescape(text: str) -> str:
    """What a person typed or a button carried, as Slack hands it over."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


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
    return {"type": "plain_text", "text": _CONTROL.sub("‹", text), "emoji": False}


def _plain(text: str) -> Block:
    return {"type": "section", "text": _plain_text(text)}


def _marked(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _mention(message: Message) -> str | None:
    group = _ROLE.fullmatch(message.mention or "")
    return f"<!subteam^{group[1]}>" if group else None


def _title(message: Message) -> str:
    icon = _OVER if message.over else _ICONS[message.severity]
    return " ".join(word for word in (icon, clean(message.title, lines=False)) if word)


def _header(message: Message) -> list[Block]:
    if not clean(message.title, lines=False):
        return []
    return [{"type": "header", "text": _plain_text(shorten(_title(message), HEADER))}]


def _body(message: Message) -> Iterator[Said]:
    text, table = clean(message.text), columns(message.table, width=100)
    if size(_title(message)) > HEADER:
        text = f"{clean(message.title, lines=False)}\n{text}"
    shown = pieces(text, SECTION)
    # A long text must not push the figures out of the message.
    several = len(shown) > 1 and bool(message.fields or table)
    for number, piece in enumerate(shown):
        yield (None if several and number else _plain(piece)), piece
    yield from _fields(message.fields)
    for piece in _lines(table):
        literal = {"type": "text", "text": _CONTROL.sub("‹", piece)}
        preformatted = {"type": "rich_text_preformatted", "elements": [literal]}
        yield {"type": "rich_text", "elements": [preformatted]}, piece
    footer = clean(message.footer)
    if size(footer) > FOOTER:
        for piece in pieces(footer, SECTION):
            yield _plain(piece), piece


def _lines(text: str) -> Iterator[str]:
    """Pieces that end where a line ends."""
    waiting: list[str] = []
    room = SECTION
    for line in text.splitlines():
        for part in pieces(line, SECTION):
            cost = size(part) + 1
            if waiting and cost > room:
                yield "\n".join(waiting)
                waiting, room = [], SECTION
            waiting.append(part)
            room -= cost
    if waiting:
        yield "\n".join(waiting)


def _fields(fields: tuple[Field, ...]) -> Iterator[Said]:
    row: list[tuple[Block, str]] = []
    for field in fields:
        name, value = clean(field.name, lines=False), clean(field.value)
        text = "\n".join(part for part in (name, value) if part)
        shown = size(escape(text)) + 2
        if not text:
            continue
        beside = field.short and shown <= FIELD
        # Slack takes ten fields of 2,000 characters, but no message that holds them.
        if row and (not beside or len(row) == FIELDS or _shown(row) + shown > SECTION):
            yield _row(row)
            row = []
        if beside:
            row.append((_named(name, value), text))
        elif shown <= SECTION:
            yield {"type": "section", "text": _named(name, value)}, text
        else:
            for piece in pieces(text, SECTION):
                yield _plain(piece), piece
    if row:
        yield _row(row)


def _shown(row: list[tuple[Block, str]]) -> int:
    return sum(size(escape(text)) + 2 for _, text in row)


def _row(fields: list[tuple[Block, str]]) -> Said:
    block = {"type": "section", "fields": [field for field, _ in fields]}
    return block, "\n".join(text for _, text in fields)


def _named(name: str, value: str) -> Block:
    """The name in bold, unless name or value hold something that mrkdwn would read."""
    if name and not _MARKUP.search(f"{name}\n{value}"):
        text = f"*{escape(name)}*" + (f"\n{escape(value)}" if value else "")
        return {"type": "mrkdwn", "text": text, "verbatim": True}
    return _plain_text("\n".join(part for part in (name, value) if part))


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
    buttons: list[Block] = []
    for number, button in enumerate(message.buttons[:BUTTONS]):
        label = clean(button.label, lines=False) or clean(button.command, lines=False)
        if not label or not button.command:
            continue
        block: Block = {
            "type": "button",
            "text": _plain_text(shorten(label, BUTTON)),
            "action_id": f"ebb:{id}:{number}",
            "value": button.command,
        }
        if button.style != "plain":
            block["style"] = button.style
        buttons.append(block)
    return [{"type": "actions", "elements": buttons}] if buttons else []


def _fallback(message: Message, mention: str | None) -> str:
    words = [_title(message), clean(message.text, lines=False)]
    if not any(words):
        words = [clean(field.value, lines=False) for field in message.fields]
    text = _escaped(": ".join(word for word in words if word) or "…", FALLBACK)
    return f"{mention} {text}" if mention else text


def _escaped(text: str, limit: int) -> str:
    return escape(shorten(text, limit, escape))
