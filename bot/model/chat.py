"""A message on its way, and the chat that takes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from bot.model.message import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message on its way to one channel.

    `id` is at most 16 characters of [a-z0-9], unique for ever: it is the enforced nonce, and
    stands in the button ids or the metadata so that an unconfirmed send can be looked up.
    `post` makes a new message, `edit` changes the one that `ref` names, `reply` writes into
    its thread. `ref` is opaque: what `Chat.send` gave for the first message. `space` is the
    guild or workspace that the channel must belong to. `silent` never notifies anybody. `plain`
    asks for text alone, without layout, buttons and pictures: what every platform takes.
    """

    id: str
    key: str
    channel: str
    space: str
    action: Literal["post", "edit", "reply"]
    message: Message
    ref: str | None = None
    silent: bool = False
    plain: bool = False
    attempts: int = 0
    first_attempt_at: float | None = None
    last_attempt_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A channel that can be written to, its space, and how people call it."""

    space: str
    channel: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """`since` is when the present condition began; `text` a sentence for people."""

    ready: bool
    since: float
    text: str


class Chat(Protocol):
    """A chat platform. Errors are the DeliveryError classes, nothing else gets out.

    Contract: tests/contracts/chat.py.
    """

    platform: str

    async def run(self) -> None:
        """Stays connected until cancelled: reconnects with back-off, says so once."""
        ...

    async def send(self, delivery: Delivery) -> str:
        """Posts, edits or replies; gives the `ref` of the (first) message.

        A `post` tried again within two minutes of `last_attempt_at` is made harmless by the
        platform's own idempotency where it has one. Raises DeliveryMalformed where it takes
        other messages, but not this one.
        """
        ...

    async def find(self, delivery: Delivery) -> str | None:
        """Looks among the channel's own messages around the attempt; None where it is not.

        Raises DeliveryDeferred where looking is not possible yet.
        """
        ...

    async def space_of(self, channel: str) -> str | None:
        """The space a channel belongs to, None where it cannot be told (yet)."""
        ...

    async def problems(self, channel: str | None) -> list[str]:
        """Missing permissions or scopes in words, for `doctor`."""
        ...

    def health(self) -> Health: ...

    async def close(self) -> None: ...
