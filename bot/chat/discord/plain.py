"""A Message as bare text, for one that Discord refuses with its layout."""

from __future__ import annotations

from typing import Literal

from bot.chat.discord.marks import component_ids
from bot.chat.discord.render import DISPLAY, SEPARATOR, Rendered, escape, mentioned_role
from bot.chat.text import as_text, shorten, size
from bot.model.message import Message

CONTENT = 2000

Form = Literal["layout", "embed", "plain"]
"""How a message was posted, and so how it is edited."""


def render_plain(message: Message, delivery_id: str, form: Form = "plain") -> Rendered:
    """Posted as content, which the id ends; an edit keeps the form of its message."""
    role = mentioned_role(message)
    ping = f"<@&{role}> " if role and form == "plain" else ""
    text = shorten(as_text(message), CONTENT - size(ping) - len(delivery_id) - 1, escape)
    if form == "layout":
        first, second = component_ids(delivery_id)
        shown = {"type": DISPLAY, "content": escape(text), "id": first}
        end = {"type": SEPARATOR, "divider": False, "id": second}
        return Rendered(components=[shown, end], files={})
    content = f"{ping}{escape(text)}\n{delivery_id}"
    if form == "embed":
        return Rendered(embed={"description": content}, components=[], files={})
    return Rendered(components=[], files={}, content=content, role=role)
