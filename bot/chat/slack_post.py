"""Sending to Slack so that each delivery arrives once; knows Slack's methods, not its SDK."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from bot.chat.slack_errors import GONE, MALFORMED, SlackRefusal
from bot.chat.slack_pace import Pace
from bot.chat.slack_render import PARTS, Rendered, render
from bot.errors import DeliveryDeferred, DeliveryError, DeliveryUnconfirmed
from bot.model import Delivery, Message

EVENT = "ebbwatch_delivery"
_BEFORE, _AFTER = 60.0, 120.0
"""Seconds around the attempts in which a message is looked for: a call may hang."""
_LIMIT = 15  # some apps get no more per call
_FILE_WAITS = (1.0, 2.0, 4.0)
"""Seconds to wait for Slack to process an uploaded picture before it is left out."""
_UPLOADS = 3
"""Attempts after which an alert goes out without its picture."""
_REMEMBERED = 500

Body = Mapping[str, Any]


class Call(Protocol):
    """Calls a Web API method; raises DeliveryError classes, nothing else."""

    async def __call__(self, method: str, *, channel: str = "", **body: Any) -> Body: ...


class Poster:
    """Posts, edits, replies and finds. `upload` puts bytes where Slack said to put them.

    `skew` is how many seconds Slack's clock is ahead of ours: its `ts` is its own time.

    A ref is the message's `ts`, with "/" and the id of its picture where it has one. The
    delivery id and the number of the part lie in each message's metadata: Slack has no
    idempotency key.
    """

    def __init__(
        self,
        call: Call,
        upload: Callable[[str, bytes], Awaitable[None]],
        pace: Pace,
        sleep: Callable[[float], Awaitable[None]],
        skew: Callable[[], float],
    ) -> None:
        self._call = call
        self._upload = upload
        self._pace = pace
        self._sleep = sleep
        self._skew = skew
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._doubtful: OrderedDict[str, Delivery] = OrderedDict()
        self._pages: OrderedDict[str, str] = OrderedDict()
        self._files: OrderedDict[str, str] = OrderedDict()

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
                    _remember(self._doubtful, delivery.id, bare)
                raise

    async def find(self, delivery: Delivery) -> str | None:
        """Also completes what is missing of a long text before it gives the ref."""
        if delivery.action == "edit":
            return None  # a repeated edit changes nothing
        channel = _bare(delivery.channel)
        async with self._turns[channel]:
            return await self._find(delivery, channel)

    async def _act(self, delivery: Delivery, channel: str) -> str:
        ts, old_file = split_ref(delivery.ref)
        file = await self._picture(delivery, channel)
        try:
            if delivery.action == "edit":
                file = file or old_file
                rendered, file = await self._edit(delivery, channel, ts, file)
            else:
                rendered, posted, file = await self._post(delivery, channel, file)
                ts = ts or posted
        except SlackRefusal as error:
            if delivery.ref is not None and error.word in GONE:
                return delivery.ref  # a person deleted it: there is nothing left to tell
            raise
        await self._finish(delivery, channel, ts, rendered, have=frozenset())
        if file is None:
            await self._picture_in_thread(delivery, channel, ts)
        if delivery.action == "reply":
            return delivery.ref or ts
        return join_ref(ts, file)

    # --- the message itself ---------------------------------------------------------------

    async def _post(
        self, delivery: Delivery, channel: str, file: str | None
    ) -> tuple[Rendered, str, str | None]:
        more = {"thread_ts": split_ref(delivery.ref)[0]} if delivery.action == "reply" else {}
        rendered, file, answer = await self._say(
            delivery, "chat.postMessage", channel, file, **_QUIET, **more
        )
        return rendered, str(answer["ts"]), file

    async def _edit(
        self, delivery: Delivery, channel: str, ts: str, file: str | None
    ) -> tuple[Rendered, str | None]:
        rendered, file, _ = await self._say(delivery, "chat.update", channel, file, ts=ts)
        return rendered, file

    async def _say(
        self, delivery: Delivery, method: str, channel: str, file: str | None, **more: Any
    ) -> tuple[Rendered, str | None, Body]:
        """Shows it with its picture, without it, or at last as bare text."""
        waits = iter(_FILE_WAITS if file else ())
        while True:
            rendered = _rendered(delivery, file)
            try:
                answer = await self._send(method, channel, rendered, delivery.id, 0, **more)
            except SlackRefusal as error:
                if error.word not in MALFORMED:
                    raise
                # Slack processes an upload by and by, and names no other reason than this.
                wait = next(waits, None)
                if wait is not None:
                    await self._sleep(wait)
                elif file is not None:
                    file = None
                else:
                    return await self._say_barely(delivery, method, channel, **more)
            else:
                return rendered, file, answer

    async def _say_barely(
        self, delivery: Delivery, method: str, channel: str, **more: Any
    ) -> tuple[Rendered, None, Body]:
        """An alert that Slack does not take as blocks is still told, in its first words."""
        rendered = Rendered(_rendered(delivery, None).text, [])
        answer = await self._send(method, channel, rendered, delivery.id, 0, **more)
        return rendered, None, answer

    async def _send(
        self, method: str, channel: str, rendered: Rendered, id: str, part: int, **more: Any
    ) -> Body:
        pacing = channel if method == "chat.postMessage" else ""
        await self._pace.wait(method, pacing)
        try:
            return await self._call(
                method,
                channel=channel,
                text=rendered.text,
                blocks=rendered.blocks or None,
                metadata={
                    "event_type": EVENT,
                    "event_payload": {"delivery": id, "part": part},
                },
                **more,
            )
        except DeliveryDeferred as error:
            if error.retry_after:
                self._pace.hold(method, pacing, error.retry_after)
            raise

    # --- what did not fit -----------------------------------------------------------------

    async def _finish(
        self,
        delivery: Delivery,
        channel: str,
        ts: str,
        rendered: Rendered,
        have: frozenset[int],
    ) -> None:
        """Says the rest in the thread. The message itself stands: any failure is a doubt."""
        if not rendered.rest:
            return
        parts = rendered.parts()
        try:
            if len(parts) > PARTS:
                if not have:
                    name, text = f"{delivery.id}.txt", rendered.rest_text.encode()
                    await self._share(name, text, "", channel_id=channel, thread_ts=ts)
                return
            for number, part in enumerate(parts, 1):
                if number not in have:
                    await self._send(
                        "chat.postMessage",
                        channel,
                        part,
                        delivery.id,
                        number,
                        thread_ts=ts,
                        **_QUIET,
                    )
        except SlackRefusal:
            return  # the message itself is there, and a repeat would change nothing
        except DeliveryError as error:
            raise DeliveryUnconfirmed(
                f"{delivery.channel}: the rest of a long message did not get through ({error})",
                channel=delivery.channel,
            ) from None

    # --- looking it up --------------------------------------------------------------------

    async def _find(self, delivery: Delivery, channel: str) -> str | None:
        try:
            message = await self._look(delivery, channel)
        except SlackRefusal as error:
            if delivery.ref is not None and error.word in GONE:
                return delivery.ref
            raise
        if message is None:
            self._doubtful.pop(delivery.id, None)
            return None
        root = split_ref(delivery.ref)[0] or str(message["ts"])
        file = _picture_of(message)
        rendered = _rendered(delivery, file)
        if rendered.rest:
            have = await self._parts(delivery, channel, root)
            await self._finish(delivery, channel, root, rendered, have)
        self._doubtful.pop(delivery.id, None)
        return delivery.ref or join_ref(root, file)

    async def _look(self, delivery: Delivery, channel: str) -> Body | None:
        """One page of history around the attempt; the next page is for the next call."""
        if delivery.action == "reply":
            root = split_ref(delivery.ref)[0]
            method, more = "conversations.replies", {"ts": root}
        else:
            method, more = "conversations.history", {}
        page = self._pages.get(delivery.id)
        if page:
            more["cursor"] = page
        answer = await self._history(method, channel, delivery, **more)
        for message in answer.get("messages", ()):
            if _part_of(message, delivery.id) == 0:
                self._pages.pop(delivery.id, None)
                return dict(message)
        following = (answer.get("response_metadata") or {}).get("next_cursor")
        if answer.get("has_more") and following:
            _remember(self._pages, delivery.id, following)
            raise DeliveryDeferred(
                f"{delivery.channel}: more messages have to be looked through first",
                channel=delivery.channel,
                retry_after=61.0,
            )
        self._pages.pop(delivery.id, None)
        return None

    async def _parts(self, delivery: Delivery, channel: str, root: str) -> frozenset[int]:
        answer = await self._history("conversations.replies", channel, delivery, ts=root)
        have = {_part_of(message, delivery.id) for message in answer.get("messages", ())}
        names = {
            file.get("name")
            for message in answer.get("messages", ())
            for file in message.get("files", ())
        }
        shared = {1} if f"{delivery.id}.txt" in names else set()
        return frozenset(part for part in have if part) | shared

    async def _history(
        self, method: str, channel: str, delivery: Delivery, **more: Any
    ) -> Body:
        """Reading changes nothing: whatever goes wrong, look again later."""
        first = delivery.first_attempt_at or delivery.last_attempt_at
        last = delivery.last_attempt_at or first
        if first is not None and last is not None:
            more["oldest"] = f"{first + self._skew() - _BEFORE:.6f}"
            more["latest"] = f"{last + self._skew() + _AFTER:.6f}"
        await self._pace.wait(method, channel)
        try:
            return await self._call(
                method,
                channel=channel,
                include_all_metadata=True,
                inclusive=True,
                limit=_LIMIT,
                **more,
            )
        except DeliveryUnconfirmed as error:
            raise DeliveryDeferred(str(error), channel=channel) from None
        except DeliveryDeferred as error:
            if error.retry_after:
                self._pace.hold(method, channel, error.retry_after)
            raise

    # --- pictures -------------------------------------------------------------------------

    async def _picture(self, delivery: Delivery, channel: str) -> str | None:
        """Uploads the picture first, unseen: one that is left over harms nobody."""
        picture = delivery.message.picture
        if picture is None:
            return None
        if delivery.id in self._files:
            return self._files[delivery.id]
        try:
            file = await self._share(picture.name, picture.png, picture.alt)
        except SlackRefusal:
            return None  # no scope, no room: the alert matters more than its picture
        except DeliveryError as error:
            if delivery.attempts >= _UPLOADS:
                return None
            wait = error.retry_after if isinstance(error, DeliveryDeferred) else None
            raise DeliveryDeferred(str(error), channel=channel, retry_after=wait) from None
        _remember(self._files, delivery.id, file)
        return file

    async def _picture_in_thread(self, delivery: Delivery, channel: str, ts: str) -> None:
        """Where no block takes the picture; at most once, since nothing could find it."""
        picture = delivery.message.picture
        if picture is None or delivery.id not in self._files:
            return
        try:
            await self._share(
                picture.name, picture.png, picture.alt, channel_id=channel, thread_ts=ts
            )
        except DeliveryError:
            return

    async def _share(self, name: str, content: bytes, alt: str, **where: str) -> str:
        await self._pace.wait("files.getUploadURLExternal")
        more = {"alt_txt": alt[:1000]} if alt else {}
        answer = await self._call(
            "files.getUploadURLExternal", filename=name, length=len(content), **more
        )
        await self._upload(str(answer["upload_url"]), content)
        await self._pace.wait("files.completeUploadExternal")
        file = str(answer["file_id"])
        await self._call(
            "files.completeUploadExternal", files=[{"id": file, "title": name}], **where
        )
        return file

    async def upload(self, message: Message) -> str | None:
        """The id of an uploaded picture for an answer; None where there is or can be none."""
        if message.picture is None:
            return None
        try:
            picture = message.picture
            return await self._share(picture.name, picture.png, picture.alt)
        except DeliveryError:
            return None


_QUIET = {"unfurl_links": False, "unfurl_media": False}


def split_ref(ref: str | None) -> tuple[str, str | None]:
    ts, _, file = (ref or "").partition("/")
    return ts, file or None


def join_ref(ts: str, file: str | None) -> str:
    return f"{ts}/{file}" if file else ts


def _rendered(delivery: Delivery, file: str | None) -> Rendered:
    return render(delivery.message, delivery.id, file=file, silent=delivery.silent)


def _bare(channel: str) -> str:
    return channel.partition(":")[2] or channel


def _part_of(message: Body, id: str) -> int | None:
    metadata = message.get("metadata") or {}
    payload = metadata.get("event_payload") or {}
    if metadata.get("event_type") != EVENT or payload.get("delivery") != id:
        return None
    return int(payload.get("part") or 0)


def _picture_of(message: Body) -> str | None:
    for block in message.get("blocks") or ():
        if block.get("type") == "image":
            return (block.get("slack_file") or {}).get("id")
    return None


def _remember(memory: OrderedDict[str, Any], key: str, value: Any) -> None:
    memory[key] = value
    while len(memory) > _REMEMBERED:
        memory.popitem(last=False)
