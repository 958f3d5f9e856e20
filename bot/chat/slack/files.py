"""Files for Slack: pictures that a block shows, texts that are too long for a thread."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress

from bot.chat.memory import Memory
from bot.chat.slack.errors import SlackRefusal
from bot.chat.slack.limits import Call
from bot.chat.slack.render import escape
from bot.chat.text import clean, csv_of
from bot.errors import DeliveryDeferred, DeliveryError, DeliveryMalformed
from bot.model.chat import Delivery
from bot.model.message import Message, Picture

_ATTEMPTS = 3
"""Attempts after which an alert goes out without its picture."""
_ALT = 1000


class Files:
    """`put` sends bytes to the address that Slack gave."""

    def __init__(self, call: Call, put: Callable[[str, bytes], Awaitable[None]]) -> None:
        self._call = call
        self._put = put
        self._uploaded: Memory[str] = Memory()

    async def of_delivery(self, delivery: Delivery) -> str | None:
        """The id of its uploaded picture; one that is left over in the end harms nobody.

        Raises DeliveryDeferred where another attempt may do better.
        """
        picture = delivery.message.picture
        if picture is None:
            return None
        known = self._uploaded.get(delivery.id)
        if known is not None:
            return known
        try:
            file = await self.share(picture)
        except (SlackRefusal, DeliveryMalformed):
            return None  # no scope, no room: the alert matters more than its picture
        except DeliveryError as error:
            if delivery.attempts >= _ATTEMPTS:
                return None
            wait = error.retry_after if isinstance(error, DeliveryDeferred) else None
            raise DeliveryDeferred(str(error), retry_after=wait) from None
        self._uploaded.put(delivery.id, file)
        return file

    async def into_thread(self, delivery: Delivery, channel: str, ts: str) -> None:
        """Where no block took the picture; at most once, since nothing could find it."""
        picture = delivery.message.picture
        if picture is None or self._uploaded.get(delivery.id) is None:
            return
        try:
            await self.share(picture, channel=channel, thread=ts)
        except DeliveryError:
            return

    async def sheet_into_thread(self, delivery: Delivery, channel: str, ts: str) -> None:
        """The message itself stands: its sheet is not worth a second one."""
        sheet = delivery.message.sheet
        if sheet is None or delivery.plain:
            return
        with suppress(DeliveryError):
            await self.upload(f"{sheet.name}.csv", csv_of(sheet), channel=channel, thread=ts)

    async def sheet_to(self, user: str, message: Message) -> None:
        """Below a line of its own in the app's direct messages to the person."""
        assert message.sheet is not None
        text = clean(message.title, lines=False) or message.sheet.name
        said = await self._call("chat.postMessage", channel=user, text=escape(text))
        await self.upload(
            f"{message.sheet.name}.csv",
            csv_of(message.sheet),
            channel=str(said["channel"]),
            thread=str(said["ts"]),
        )

    async def of_answer(self, picture: Picture | None) -> str | None:
        """The id of an uploaded picture; None where there is none or none can be."""
        if picture is None:
            return None
        try:
            return await self.share(picture)
        except DeliveryError:
            return None

    async def share(self, picture: Picture, *, channel: str = "", thread: str = "") -> str:
        return await self.upload(
            picture.name, picture.png, alt=picture.alt, channel=channel, thread=thread
        )

    async def upload(
        self, name: str, content: bytes, *, alt: str = "", channel: str = "", thread: str = ""
    ) -> str:
        """Unseen without a channel; gives the file's id."""
        more = {"alt_txt": alt[:_ALT]} if alt else {}
        answer = await self._call(
            "files.getUploadURLExternal", filename=name, length=len(content), **more
        )
        await self._put(str(answer["upload_url"]), content)
        file = str(answer["file_id"])
        where = {"channel_id": channel, "thread_ts": thread} if channel else {}
        await self._call(
            "files.completeUploadExternal", files=[{"id": file, "title": name}], **where
        )
        return file
