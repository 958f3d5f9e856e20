"""The forms of a message: with its layout, as plain text, and the least that can be said."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from bot.errors import DeliveryMalformed
from bot.model.chat import Chat, Delivery
from bot.model.message import Message

SEND_SECONDS = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """`refused` is what the platform said of the form that it did not take."""

    ref: str
    refused: DeliveryMalformed | None = None


async def send(chat: Chat, delivery: Delivery, bare: Message) -> Arrived:
    """Sends the first form that the platform takes; a refused one had no effect.

    `bare` says nothing that anybody chose. Raises DeliveryMalformed where even that is
    refused, and what `Chat.send` raises.
    """
    plain = replace(delivery, plain=True, message=replace(delivery.message, picture=None))
    refused = None
    for form in (delivery, plain, replace(plain, message=bare)):
        try:
            async with asyncio.timeout(SEND_SECONDS):
                ref = await chat.send(form)
        except DeliveryMalformed as error:
            refused = refused or error
        else:
            return Arrived(ref=ref, refused=refused)
    assert refused is not None
    raise refused
