"""One message each: posted, edited, answered in its thread, and looked for again."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from bot.chat.discord.errors import THREAD_EXISTS, UNKNOWN_CHANNEL, code_of
from bot.chat.discord.render import Rendered, carried_ids, render, render_plain
from bot.chat.text import clean, shorten
from bot.errors import DeliveryRefused
from bot.model.chat import Delivery

if TYPE_CHECKING:
    import discord

_THREAD_NAME = 100
_WEEK_IN_MINUTES: Literal[10080] = 10080
_LOOK_BEFORE, _LOOK_AFTER = timedelta(seconds=60), timedelta(seconds=120)

Parts = Callable[[Rendered], dict[str, Any]]
"""The library's own objects of a rendered message: embed, view, files."""

Allowed = Callable[[Rendered], Any]
"""Who a new message may ping, as the library wants it."""


async def post(
    client: discord.AutoShardedClient, delivery: Delivery, parts: Parts, allowed: Allowed
) -> str:
    channel = client.get_partial_messageable(number_of(delivery.channel))
    shown = await _say(channel, delivery, parts, allowed)
    chart = delivery.message.picture is not None and not delivery.plain
    return ref_of(delivery, shown.id, chart=chart, plain=delivery.plain)


async def edit(client: discord.AutoShardedClient, delivery: Delivery, parts: Parts) -> str:
    """Files stay as they are where the picture was shown but could not be drawn anew."""
    ref, message = read_ref(delivery), delivery.message
    has_content = bool(ref.get("plain"))
    keep = bool(ref.get("chart") and message.chart and not message.picture)
    keep = keep and not delivery.plain
    if delivery.plain:
        rendered = render_plain(message, delivery.id, in_embed=not has_content)
    else:
        rendered = render(message, delivery.id, has_chart=keep)
    changed = parts(rendered)
    if has_content:
        changed["content"] = rendered.content or None
    files = changed.pop("files", [])
    if not keep:
        changed["attachments"] = files
    changed.setdefault("view", None)
    changed.setdefault("embed", None)
    place = client.get_partial_messageable(int(ref["channel"]))
    await place.get_partial_message(int(ref["message"])).edit(**changed)
    chart = keep or (message.picture is not None and not delivery.plain)
    return ref_of(delivery, int(ref["message"]), chart=chart, plain=has_content)


async def reply(
    client: discord.AutoShardedClient, delivery: Delivery, parts: Parts, allowed: Allowed
) -> str:
    """A thread made from a message has that message's id: written to first, then made."""
    ref = read_ref(delivery)
    thread = client.get_partial_messageable(int(ref["message"]))
    try:
        await _say(thread, delivery, parts, allowed)
    except Exception as error:
        if code_of(error) != UNKNOWN_CHANNEL:
            raise
        await _make_thread(client, delivery, ref)
        await _say(thread, delivery, parts, allowed)
    return delivery.ref or ""


async def look(client: discord.AutoShardedClient, delivery: Delivery) -> str | None:
    """Around the last attempt first; then the newest, should the clocks disagree."""
    is_reply = delivery.action == "reply"
    place = read_ref(delivery)["message"] if is_reply else number_of(delivery.channel)
    channel = client.get_partial_messageable(int(place))
    me = client.user.id if client.user else 0
    windows: list[dict[str, Any]] = [{"limit": 100}]
    if delivery.last_attempt_at is not None:
        at = datetime.fromtimestamp(delivery.last_attempt_at, UTC)
        around = {"after": at - _LOOK_BEFORE, "before": at + _LOOK_AFTER}
        windows.insert(0, {"limit": 300, **around})
    try:
        for window in windows:
            async for message in channel.history(**window):
                if message.author.id == me and delivery.id in _carried(message):
                    if is_reply:
                        return delivery.ref
                    chart, plain = bool(message.attachments), not message.embeds
                    return ref_of(delivery, message.id, chart=chart, plain=plain)
    except Exception as error:
        if not is_reply or code_of(error) != UNKNOWN_CHANNEL:  # no thread, so no reply
            raise
    return None


async def _say(
    place: discord.PartialMessageable, delivery: Delivery, parts: Parts, allowed: Allowed
) -> discord.Message:
    show = render_plain if delivery.plain else render
    rendered = show(delivery.message, delivery.id)
    return await place.send(
        content=rendered.content or None,
        nonce=delivery.id,
        silent=delivery.silent,
        allowed_mentions=allowed(rendered),
        **parts(rendered),
    )


async def _make_thread(
    client: discord.AutoShardedClient, delivery: Delivery, ref: Mapping[str, Any]
) -> None:
    message = delivery.message
    named = "" if delivery.plain else message.title or message.text
    name = shorten(clean(named, lines=False), _THREAD_NAME)
    try:
        await client.http.start_thread_with_message(
            int(ref["channel"]),
            int(ref["message"]),
            name=name or "…",
            auto_archive_duration=_WEEK_IN_MINUTES,
        )
    except Exception as error:
        if code_of(error) != THREAD_EXISTS:
            raise


def _carried(message: discord.Message) -> set[str]:
    children = [one for row in message.components for one in getattr(row, "children", ())]
    buttons = [getattr(child, "custom_id", None) or "" for child in children]
    footer = message.embeds[0].footer.text if message.embeds else None
    return carried_ids(buttons, footer or "", message.content)


def ref_of(delivery: Delivery, message: int, *, chart: bool, plain: bool = False) -> str:
    """`plain` where all is said in the message's content, which an edit has to replace."""
    place = str(number_of(delivery.channel))
    ref = {"channel": place, "message": str(message), "chart": chart}
    return json.dumps({**ref, "plain": True} if plain else ref)


def read_ref(delivery: Delivery) -> Mapping[str, Any]:
    ref: Mapping[str, Any] = json.loads(delivery.ref or "{}")
    return ref


def number_of(channel: str) -> int:
    text = channel.removeprefix("discord:")
    if not text.isdecimal():
        raise DeliveryRefused(
            f"{channel} is no Discord channel: write discord: and the number that "
            '"Copy Channel ID" gives.',
            channel=channel,
        )
    return int(text)
