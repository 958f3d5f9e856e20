"""Which team a channel belongs to, and channels that cannot hear."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from sqlite_utils import Database

from bot.deliver import told
from bot.deliver.forms import SEND_SECONDS
from bot.errors import DeliveryDeferred, DeliveryError, DeliveryRefused
from bot.model.chat import Chat
from bot.storage import channels
from bot.storage.access import AccessPolicy
from bot.storage.channels import Channel
from bot.storage.database import Store

log = logging.getLogger(__name__)


class ChannelSpaces:
    """Keeps subscriptions whatever happens; the operator hears of each trouble once."""

    def __init__(
        self,
        store: Store,
        chats: Mapping[str, Chat],
        access: AccessPolicy,
        calendar: Callable[[], float],
        report: Callable[[str], Awaitable[None]],
    ) -> None:
        self._store, self._chats, self._access = store, chats, access
        self._calendar, self._report = calendar, report

    def chat_of(self, channel: str) -> Chat | None:
        """The chat that serves a channel, None where its platform is off."""
        return self._chats.get(channel.partition(":")[0])

    async def is_linked(self, chat: Chat, channel: Channel) -> bool:
        """Whether the channel surely lies in the space that it is stored with.

        False where that cannot be told yet; one that lies elsewhere is disabled. Raises
        DeliveryError where asking has to wait.
        """
        if not channel.space:
            return False  # `learn` finds out
        try:
            space = await _space_of(chat, channel)
        except DeliveryRefused as error:
            await self.disable(channel, str(error))
            return False
        if space is not None and space != channel.space:
            await self.disable(
                channel,
                f"{channel.channel} belongs to {space}, not to {channel.space}: correct the "
                "channel or its [[spaces]] entry",
            )
        return space == channel.space

    async def disable(self, channel: Channel, reason: str) -> None:
        """Keeps subscriptions and deliveries; tells the operator once until it works again."""
        now = int(self._calendar())

        def work(db: Database) -> bool:
            channels.disable(db, channel.channel, reason, now)
            return told.is_first(db, told.REACHED, channel.channel, now)

        if await self._store.write(work):
            log.warning("channel refused", extra={"channel": channel.channel, "said": reason})
            await self._report(reason)

    async def revive(self) -> list[str]:
        """Lets disabled channels try again that the platform still knows; gives them.

        The next delivery decides; the operator is not told twice.
        """
        back = []
        for channel in await self._store.read(channels.listing):
            chat = self.chat_of(channel.channel)
            if channel.disabled is None or chat is None:
                continue
            try:
                well = await _space_of(chat, channel) == channel.space
            except DeliveryError:
                continue
            if well and await self._store.write(channels.enable, channel.channel):
                back.append(channel.channel)
        return back

    async def learn(self) -> None:
        """Asks the platforms where the config's channels lie; unlinked ones stay silent."""
        for channel in await self._store.read(channels.listing, ""):
            chat = self.chat_of(channel.channel)
            try:
                space = await _space_of(chat, channel) if chat else None
            except DeliveryError:
                continue
            if space is None:
                continue
            if self._access.patterns(space):
                await self._store.write(channels.set_space, channel.channel, space)
            elif await self._store.write(
                told.is_first, told.REACHED, channel.channel, self._calendar()
            ):
                await self._report(
                    f"{channel.channel} lies in {space}, which no [[spaces]] entry links: "
                    "add one, or correct the channel"
                )


async def _space_of(chat: Chat, channel: Channel) -> str | None:
    """DeliveryDeferred where the chat says nothing: others may not wait for it."""
    try:
        async with asyncio.timeout(SEND_SECONDS):
            return await chat.space_of(channel.channel)
    except TimeoutError:
        raise DeliveryDeferred(f"{channel.channel}: its chat does not answer") from None
