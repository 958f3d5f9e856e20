"""One message each: posted, edited, answered in its thread, and looked for again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from bot.chat.discord.embed import render_embed
from bot.chat.discord.errors import THREAD_EXISTS, UNKNOWN_CHANNEL, code_of
from bot.chat.discord.marks import carries
from bot.chat.discord.plain import Form, render_plain
from bot.chat.discord.render import LAYOUT_FLAG, Rendered, render
from bot.chat.text import clean, shorten
from bot.errors import DeliveryDeferred, DeliveryRefused
from bot.model.chat import Delivery

if TYPE_CHECKING:
    import discord

    from bot.chat.memory import Memory

_THREAD_NAME = 100
_WEEK_IN_MINUTES: Literal[10080] = 10080
_LOOK_BEFORE, _LOOK_AFTER = timedelta(seconds=60), timedelta(seconds=120)

LOOKED_THROUGH = 1000
"""Messages for one call, ten requests: half looks through a busy month in twice as many calls,
double may not be done before a delivery's time is over."""
_NEXT_LOOK = 1.0

Parts = Callable[[Rendered], dict[str, Any]]
"""The library's own objects of a rendered message: view, files, and the embed of an old one."""

Allowed = Callable[[Rendered], Any]
"""Who a new message may ping, as the library wants it."""


async def post(
    client: discord.AutoShardedClient, delivery: Delivery, parts: Parts, allowed: Allowed
) -> str:
    channel = client.get_partial_messageable(number_of(delivery.channel))
    shown = await _say(channel, delivery, parts, allowed)
    chart = delivery.message.picture is not None and not delivery.plain
    return ref_of(delivery, shown.id, "plain" if delivery.plain else "layout", chart=chart)


async def edit(
    client: discord.AutoShardedClient, delivery: Delivery, parts: Parts, allowed: Allowed
) -> str:
    """Files stay as they are where the picture was shown but could not be drawn anew.

    A message that was posted as an embed can only be edited as one.
    """
    ref, message = read_ref(delivery), delivery.message
    keep = bool(ref.get("chart") and message.chart and not message.picture)
    keep = keep and not delivery.plain
    form = form_of(ref)
    if delivery.plain:
        rendered = render_plain(message, delivery.mark, form)
    elif form == "layout":
        rendered = render(message, delivery.mark, has_chart=keep)
    else:
        rendered = render_embed(message, delivery.mark, has_chart=keep)
    changed = parts(rendered)
    if form == "plain":
        changed["content"] = rendered.content or None
    if form != "layout":
        changed.setdefault("embed", None)
    files = changed.pop("files", [])
    if not keep:
        changed["attachments"] = files
    changed.setdefault("view", None)
    place = client.get_partial_messageable(int(ref["channel"]))
    await place.get_partial_message(int(ref["message"])).edit(
        allowed_mentions=allowed(rendered), **changed
    )
    chart = keep or (message.picture is not None and not delivery.plain)
    return ref_of(delivery, int(ref["message"]), form, chart=chart)


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


async def look(
    client: discord.AutoShardedClient, delivery: Delivery, seen: Memory[discord.Message]
) -> str | None:
    """From the first attempt on, then among the newest, should the clocks disagree.

    `seen` remembers how far it came: DeliveryDeferred where more than LOOKED_THROUGH messages
    lie between, and the next call goes on there.
    """
    is_reply = delivery.action == "reply"
    place = read_ref(delivery)["message"] if is_reply else number_of(delivery.channel)
    channel = client.get_partial_messageable(int(place))
    windows: list[dict[str, Any]] = [{"limit": 100}]
    if delivery.last_attempt_at is not None:
        first = delivery.first_attempt_at or delivery.last_attempt_at
        began = datetime.fromtimestamp(first, UTC) - _LOOK_BEFORE
        ended = datetime.fromtimestamp(delivery.last_attempt_at, UTC) + _LOOK_AFTER
        around = {"after": seen.get(delivery.id) or began, "before": ended}
        windows.insert(0, {"limit": LOOKED_THROUGH, **around})
    try:
        for window in windows:
            number, message = 0, None
            async for message in channel.history(**window):
                number += 1
                if _is_own(client, message) and _is_of(message, delivery.id):
                    seen.drop(delivery.id)
                    if is_reply:
                        return delivery.ref
                    chart = bool(message.attachments)
                    return ref_of(delivery, message.id, _shown_as(message), chart=chart)
            if message is not None and number == LOOKED_THROUGH:
                seen.put(delivery.id, message)
                raise DeliveryDeferred(
                    f"{delivery.channel}: more messages have to be looked through first",
                    channel=delivery.channel,
                    retry_after=_NEXT_LOOK,
                )
    except Exception as error:
        if not is_reply or code_of(error) != UNKNOWN_CHANNEL:  # no thread, so no reply
            raise
    seen.drop(delivery.id)
    return None


def _is_own(client: discord.AutoShardedClient, message: discord.Message) -> bool:
    return client.user is not None and message.author.id == client.user.id


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


def _is_of(message: discord.Message, delivery_id: str) -> bool:
    """By its components; plain text, and an embed of an older version, end in the id."""
    shown = list(_walk(message.components))
    custom_ids = [getattr(one, "custom_id", None) or "" for one in shown]
    embeds = [text for one in message.embeds for text in (one.footer.text, one.description)]
    ends = {text.split()[-1] for text in (*embeds, message.content) if text and text.strip()}
    return delivery_id in ends or carries(
        delivery_id, custom_ids, [getattr(one, "id", None) for one in shown]
    )


def _walk(components: Iterable[Any]) -> Iterator[Any]:
    for one in components:
        yield one
        yield from _walk(getattr(one, "children", ()))
        yield from _walk(filter(None, [getattr(one, "accessory", None)]))


def _shown_as(message: discord.Message) -> Form:
    if message.flags.value & LAYOUT_FLAG:
        return "layout"
    return "embed" if message.embeds else "plain"


def ref_of(delivery: Delivery, message: int, form: Form, *, chart: bool) -> str:
    """An edit has to know how the message was posted: Discord lets none change its form."""
    place = str(number_of(delivery.channel))
    ref = {"channel": place, "message": str(message), "chart": chart, "form": form}
    return json.dumps(ref)


def form_of(ref: Mapping[str, Any]) -> Form:
    """What older versions noted: nothing but for plain text."""
    form: Form = ref.get("form") or ("plain" if ref.get("plain") else "embed")
    return form


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
