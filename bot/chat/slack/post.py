"""Sending to Slack so that each delivery arrives once; knows Slack's methods, not its SDK."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from bot.chat.memory import Memory
from bot.chat.slack.errors import GONE, SlackRefusal
from bot.chat.slack.files import Files
from bot.chat.slack.find import Finder, file_name, metadata
from bot.chat.slack.limits import Body, Call
from bot.chat.slack.render import PARTS, Rendered, render, render_plain
from bot.errors import DeliveryError, DeliveryMalformed, DeliveryUnconfirmed
from bot.model.chat import Delivery

_FILE_WAITS = (1.0, 2.0, 4.0)
"""Seconds to wait for Slack to process an uploaded picture before it is left out."""
_QUIET = {"unfurl_links": False, "unfurl_media": False}


class Poster:
    """Posts, edits, replies and finds.

    A ref is the message's `ts`, with "/" and the id of its picture where it has one.
    """

    def __init__(
        self,
        call: Call,
        files: Files,
        finder: Finder,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._call = call
        self._files = files
        self._finder = finder
        self._sleep = sleep
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._doubtful: Memory[Delivery] = Memory()

    async def send(self, delivery: Delivery) -> str:
        channel = _bare(delivery.channel)
        async with self._turns[channel]:
            doubtful = self._doubtful.get(delivery.id)
            if doubtful is not None:
                # Its own attempt, not the present one, says when to look.
                ref = await self._find(doubtful, channel)
                if ref is not None:
                    return ref
            try:
                return await self._act(delivery, channel)
            except DeliveryUnconfirmed:
                if delivery.action != "edit":
                    bare = replace(delivery, message=replace(delivery.message, picture=None))
                    self._doubtful.put(delivery.id, bare)
                raise

    async def find(self, delivery: Delivery) -> str | None:
        """Also completes what is missing of a long text before it gives the ref."""
        if delivery.action == "edit":
            return None  # a repeated edit changes nothing
        channel = _bare(delivery.channel)
        async with self._turns[channel]:
            return await self._find(delivery, channel)

    async def _act(self, delivery: Delivery, channel: str) -> str:
        ts, file = _split(delivery.ref)
        if delivery.action == "post":
            method, more = "chat.postMessage", dict[str, Any](_QUIET)
        elif delivery.action == "reply":
            method, more = "chat.postMessage", {**_QUIET, "thread_ts": ts}
        else:
            method, more = "chat.update", {"ts": ts}
        if delivery.plain:
            file = None
        else:
            file = await self._files.of_delivery(delivery) or (
                file if delivery.action == "edit" else None
            )
        try:
            rendered, file, answer = await self._say(delivery, method, channel, file, **more)
        except SlackRefusal as error:
            if delivery.ref is not None and error.word in GONE:
                return delivery.ref  # a person deleted it: there is nothing left to tell
            raise
        ts = ts or str(answer["ts"])
        have: frozenset[int] = frozenset()
        if rendered.rest and delivery.action == "edit" and delivery.attempts > 1:
            have = await self._finder.parts(delivery, channel, ts)
        await self._finish(delivery, channel, ts, rendered, have)
        if file is None and not delivery.plain:
            await self._files.into_thread(delivery, channel, ts)
        if delivery.action == "post":
            await self._files.sheet_into_thread(delivery, channel, ts)
        if delivery.action == "reply":
            return delivery.ref or ts
        return _join(ts, file)

    async def _say(
        self, delivery: Delivery, method: str, channel: str, file: str | None, **more: Any
    ) -> tuple[Rendered, str | None, Body]:
        """Shows it with its picture, or without it."""
        waits = iter(_FILE_WAITS if file else ())
        while True:
            rendered = _rendered(delivery, file)
            try:
                answer = await self._send(method, channel, rendered, delivery.mark, 0, **more)
            except DeliveryMalformed:
                # Slack processes an upload by and by, and names no other reason than this.
                wait = next(waits, None)
                if wait is not None:
                    await self._sleep(wait)
                elif file is not None:
                    file = None
                else:
                    raise
            else:
                return rendered, file, answer

    async def _send(
        self, method: str, channel: str, rendered: Rendered, id: str, part: int, **more: Any
    ) -> Body:
        return await self._call(
            method,
            channel=channel,
            text=rendered.text,
            blocks=rendered.blocks or None,
            metadata=metadata(id, part),
            **more,
        )

    async def _finish(
        self,
        delivery: Delivery,
        channel: str,
        ts: str,
        rendered: Rendered,
        have: frozenset[int],
    ) -> None:
        """Says the rest in the thread. The message itself stands: any failure is a doubt."""
        parts = rendered.parts()
        try:
            if len(parts) > PARTS and not have:
                text = rendered.rest_text.encode()
                await self._files.upload(file_name(delivery), text, channel=channel, thread=ts)
            elif len(parts) <= PARTS:
                for number, part in enumerate(parts, 1):
                    if number not in have:
                        more = {"thread_ts": ts, **_QUIET}
                        await self._send(
                            "chat.postMessage", channel, part, delivery.id, number, **more
                        )
        except (SlackRefusal, DeliveryMalformed):
            return  # the message itself is there, and a repeat would change nothing
        except DeliveryError as error:
            raise DeliveryUnconfirmed(
                f"{delivery.channel}: the rest of a long message did not get through ({error})"
            ) from None

    async def _find(self, delivery: Delivery, channel: str) -> str | None:
        ts, _ = _split(delivery.ref)
        try:
            message = await self._finder.look(delivery, channel, ts)
        except SlackRefusal as error:
            if delivery.ref is not None and error.word in GONE:
                return delivery.ref
            raise
        if message is None:
            self._doubtful.drop(delivery.id)
            return None
        ts, file = ts or str(message["ts"]), _picture_of(message)
        rendered = _rendered(delivery, file)
        if rendered.rest:
            have = await self._finder.parts(delivery, channel, ts)
            await self._finish(delivery, channel, ts, rendered, have)
        self._doubtful.drop(delivery.id)
        return delivery.ref or _join(ts, file)


def _rendered(delivery: Delivery, file: str | None) -> Rendered:
    if delivery.plain:
        is_edit = delivery.action == "edit"
        return render_plain(delivery.message, silent=delivery.silent, in_block=is_edit)
    return render(delivery.message, delivery.mark, file=file, silent=delivery.silent)


def _split(ref: str | None) -> tuple[str, str | None]:
    ts, _, file = (ref or "").partition("/")
    return ts, file or None


def _join(ts: str, file: str | None) -> str:
    return f"{ts}/{file}" if file else ts


def _bare(channel: str) -> str:
    return channel.partition(":")[2] or channel


def _picture_of(message: Body) -> str | None:
    for block in message.get("blocks") or ():
        if block.get("type") == "image":
            return (block.get("slack_file") or {}).get("id")
    return None
