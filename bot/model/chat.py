"""A message on its way, and the chat that takes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, TextIO

from bot.model.message import Message

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import BaseModel

    from bot.model.command import Caller, Dispatcher

OPERATOR_SPACE = "console"
"""The space of whoever runs the program: it sees all accounts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message on its way to one channel.

    `id` is at most 16 characters of [a-z0-9], unique for ever: it is the enforced nonce, and
    stands in the button ids or the metadata so that an unconfirmed send can be looked up.
    `post` makes a new message, `edit` changes the one that `ref` names, `reply` writes into
    its thread. `ref` is opaque: what `Chat.send` gave for the first message, and `posted` the
    id that it was sent under. `space` is the
    guild or workspace that the channel must belong to. `silent` never notifies anybody. `plain`
    asks for text alone, without layout, buttons and pictures: what every platform takes.
    `kind` is the cause, such as "alert". `alert` numbers the message whose `revision` this is,
    `update` marks a further post of it, where a chat cannot edit; `incidents` says the same as
    data, for chats that want it.
    """

    id: str
    key: str
    channel: str
    space: str
    action: Literal["post", "edit", "reply"]
    message: Message
    ref: str | None = None
    posted: str | None = None
    silent: bool = False
    plain: bool = False
    attempts: int = 0
    first_attempt_at: float | None = None
    last_attempt_at: float | None = None
    kind: str = "alert"
    alert: int | None = None
    revision: int = 1
    update: bool = False
    incidents: tuple[Mapping[str, Any], ...] = ()

    @property
    def mark(self) -> str:
        """The id that the message carries: an edit leaves that of the post, which a restored
        database looks for."""
        return self.id if self.posted is None else self.posted


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


Theme = Literal["light", "dark"]
"""The ground that a chart is drawn for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a chat can do beside posting. What it cannot is not asked of it.

    `edits`: a message changes in place; else each revision is a post of its own. `threads`:
    a reply stands below its message; else none is sent. `finds`: what may have arrived can be
    looked for (`FindingChat`); else it is sent again under the same id, and whoever reads it
    drops the second one. `commands`: people ask there. `pictures`: charts are drawn for it.
    `data`: a delivery carries its incidents as data too. `members`: it says who is in a space
    (`MemberChat`). `theme`: how most people have it.
    """

    edits: bool = False
    threads: bool = False
    finds: bool = False
    commands: bool = False
    pictures: bool = False
    data: bool = False
    members: bool = False
    theme: Theme = "light"


class Chat(Protocol):
    """A chat platform. Errors are the DeliveryError classes, nothing else gets out.

    Contract: tests/contracts/chat.py.
    """

    platform: str
    can: Capabilities

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

    async def space_of(self, channel: str) -> str | None:
        """The space a channel belongs to, None where it cannot be told (yet)."""
        ...

    async def problems(self, channel: str | None) -> list[str]:
        """Missing permissions or scopes in words, for `doctor`."""
        ...

    def health(self) -> Health: ...

    async def close(self) -> None: ...


class FindingChat(Chat, Protocol):
    """A chat that can look for what it sent: one that `can.finds`."""

    async def find(self, delivery: Delivery) -> str | None:
        """Looks among the channel's own messages around the attempt; None where it is not.

        Raises DeliveryDeferred where looking is not possible yet.
        """
        ...


class MemberChat(Chat, Protocol):
    """A chat that says who is in a space: one that `can.members`."""

    async def member(self, space: str, user: str) -> Caller | None:
        """The person with the roles that they have now; None where they are not in the space.

        Raises DeliveryError where the chat cannot say.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatSurroundings:
    """What a chat needs of the program and the world.

    `path` gives a path of the config file. `calendar` may be a replay's clock; `wall` is real
    time in epoch seconds, `monotonic` never jumps. `out` and `typed` are the terminal.
    """

    dispatcher: Dispatcher
    environ: Mapping[str, str]
    path: Callable[[str], Path]
    calendar: Callable[[], float]
    wall: Callable[[], float]
    monotonic: Callable[[], float]
    out: TextIO | None = None
    typed: TextIO | None = None


def asked_of_the_platform(section: Any, channel: str) -> str | None:
    """The space of a channel, where the config does not say it."""
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatKind:
    """One row of CHATS: what the config, the store and the program need to know of a chat.

    `settings` is its table of the config file; `always` works without one. `open` gives None
    where the table switches the chat off and raises ConfigError where a secret is missing.
    `channel` and `space` are patterns of what follows "name:", `forms` shows a channel and a
    space to people; without `space` the chat has none of its own. `home` gives the space that
    the config itself says a channel lies in and raises ValueError where its table lacks the
    channel. `alone` names what a process serves one of, such as "Slack workspace".
    """

    settings: type[BaseModel]
    open: Callable[[Any, ChatSurroundings], Chat | None]
    can: Capabilities
    channel: str
    forms: tuple[str, ...]
    space: str | None = None
    home: Callable[[Any, str], str | None] = asked_of_the_platform
    alone: str | None = None
    always: bool = False
