"""What every chat is tested through: one `Stage` per platform, one dispatcher that remembers.

A platform of CHATS has a module `stage_NAME` here with an async context manager `open_stage()`
that gives a `Stage`.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from bot.chat.table import CHATS
from bot.errors import DeliveryDeferred, DeliveryError, DeliveryRefused, DeliveryUnconfirmed
from bot.model.chat import Chat, Delivery
from bot.model.command import Argument, ArgumentKind, Attachment, Caller, Command, Words
from bot.model.message import Button, Field, Message

STAGES = tuple(CHATS)
CONVERSING = tuple(name for name in STAGES if name not in ("console", "webhook"))
"""Chats in which people read and answer: they edit, look up and hear commands."""

DEFERRED = ("throttled", "throttled everywhere", "throttled for a year")
UNSENT = ("reset before", "hang before", "garbage before", "broken before")
SENT = ("reset after", "hang after", "garbage after", "broken after")
REFUSED = ("forbidden", "gone")
"""Faults by what is true afterwards; a stage maps them to its platform's own.

`broken` is a 5xx; "before" and "after" say whether the message was made all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One message as people see it: `text` holds all of it, files included."""

    text: str
    picture: bool = False
    silent: bool = False
    pinged: tuple[str, ...] = ()
    buttons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back to a person who asked; `seconds` until the acknowledgement."""

    text: str
    private: bool
    seconds: float


class Stage(Protocol):
    """A connected chat and the platform behind it. Lists are oldest first."""

    chat: Chat
    dispatcher: RecordingDesk
    channel: str
    space: str
    other_space: str
    secret: str
    faults: frozenset[str]
    remembers: bool
    """Whether a repeated send within two minutes makes no second message by itself."""

    person: str
    """Somebody in `space` who has `role`, where the chat tells members."""
    role: str

    def leave(self) -> None:
        """The person is in the space no more."""
        ...

    def shown(self) -> list[Shown]: ...

    def replies(self, index: int = 0) -> list[Shown]:
        """Of the thread of one message of the channel."""
        ...

    def fail(self, fault: str, step: str = "", times: int = 1) -> None:
        """At the next request of `step`: post, upload, edit, thread, look; "" is the post."""
        ...

    def poison(self, words: str) -> None:
        """A message with a layout that holds the words is refused as malformed, for good."""
        ...

    def tick(self, seconds: float) -> None:
        """Moves the platform's clock and the chat's."""
        ...

    def delete_first(self) -> None: ...

    def vanish(self) -> None:
        """The platform cannot be reached any more, by no way, until it comes back."""
        ...

    def come_back(self) -> None: ...

    async def restart(self) -> None:
        """The chat as a new process has it: it knows nothing yet. Conversing chats only."""
        ...

    async def again(self) -> None:
        """The platform hands out once more what a person did last. Conversing chats only."""
        ...

    def forget(self) -> None:
        """Empties what the platform and the dispatcher keep, as if it were long ago."""
        ...

    def now(self) -> float: ...

    async def command(self, line: str, *, share: bool = False) -> Answer: ...

    async def press(self, label: str) -> Answer:
        """Presses a button of the channel's first message."""
        ...


def open_stage(platform: str) -> AbstractAsyncContextManager[Stage]:
    stage: Callable[[], AbstractAsyncContextManager[Stage]]
    stage = importlib.import_module(f"tests.contracts.stage_{platform}").open_stage
    return stage()


class English:
    """The words of a place that speaks the language of the code."""

    def say(self, text: str, /, **values: object) -> str:
        return text.format(**values)


@dataclass(slots=True)
class RecordingDesk:
    """Answers with what it was asked, and remembers who asked."""

    commands: Sequence[Command] = ()
    spaces: Sequence[str] = ()
    places: list[str] = field(default_factory=list)
    asked: list[tuple[Caller, str, Mapping[str, Any]]] = field(default_factory=list)
    lines: list[tuple[Caller, str]] = field(default_factory=list)
    reports: list[str] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    language: Words = field(default_factory=English)
    languages: Mapping[str, Words] = field(default_factory=lambda: {"en": English()})
    delay: float = 0.0
    reported: asyncio.Event = field(default_factory=asyncio.Event)
    first: Callable[[str], Awaitable[bool]] | None = None
    """Where the requests that were taken are kept, if not here."""

    async def answer(self, caller: Caller, name: str, arguments: Mapping[str, Any]) -> Message:
        self.asked.append((caller, name, arguments))
        await asyncio.sleep(self.delay)
        told = ", ".join(f"{key}={_told(value)}" for key, value in sorted(arguments.items()))
        return Message(title=f"answer to {name}", text=told)

    async def answer_line(
        self, caller: Caller, line: str, files: Sequence[Attachment] = ()
    ) -> Message:
        self.lines.append((caller, line))
        return Message(title=f"answer to {line}")

    async def channels(self, caller: Caller) -> list[str]:
        return self.places

    async def suggest(self, caller: Caller, kind: ArgumentKind, text: str) -> Mapping[str, str]:
        return {f"{kind}/{text}{number}": f"{kind} {text}{number}" for number in range(25)}

    async def words(self, caller: Caller) -> Words:
        return self.language

    def forget(self) -> None:
        for memory in (self.asked, self.lines, self.reports):
            memory.clear()

    async def is_first(self, request: str) -> bool:
        if self.first is not None:
            return await self.first(request)
        if request in self.taken:
            return False
        self.taken.add(request)
        return True

    async def report(self, problem: str) -> None:
        self.reports.append(problem)
        self.reported.set()


def _told(value: Any) -> str:
    return f"{len(value.content)} bytes" if isinstance(value, Attachment) else str(value)


async def _unused(*_: Any) -> Message:
    raise AssertionError("a chat asks the dispatcher, never a handler")


COMMANDS = (
    Command(
        name="status",
        help="How the accounts are",
        handler=_unused,
        arguments=(Argument(name="account", help="Which one", kind="account", required=False),),
    ),
    Command(
        name="event add",
        help="Note a dated thing",
        handler=_unused,
        arguments=(Argument(name="text", help="What happens", rest=True),),
        role="manager",
    ),
    Command(
        name="import",
        help="Read an export",
        handler=_unused,
        arguments=(Argument(name="file", help="The export", kind="file"),),
        slow=True,
    ),
)


def delivery(stage: Stage, number: int = 1, **changes: Any) -> Delivery:
    """Alert `number` on its way to the stage's channel, tried just now."""
    given: dict[str, Any] = {
        "id": f"delivery{number:08d}",
        "key": f"key-{number}",
        "channel": stage.channel,
        "space": stage.space,
        "action": "post",
        "message": alert(number),
        "attempts": 1,
        "first_attempt_at": stage.now(),
        "last_attempt_at": stage.now(),
    }
    return Delivery(**{**given, **changes})


def alert(number: int = 1, **changes: Any) -> Message:
    given: dict[str, Any] = {
        "title": f"Alert {number}: purge",
        "text": "tiktok/lena lost 1,200 followers",
        "fields": (Field(name="Change", value="-12 %"),),
        "footer": f"incident {number}",
        "severity": "critical",
        "buttons": (
            Button(label="Acknowledge", command=f"ack {number}", style="primary"),
            Button(label="Why", command=f"why {number}"),
        ),
    }
    return Message(**{**given, **changes})


async def settle(chat: Chat, wanted: Delivery, *, tries: int = 12) -> str:
    """Sends as the outbox does: again after a pause, after a look where nobody knows."""
    for _ in range(tries):
        try:
            return await chat.send(wanted)
        except DeliveryDeferred as error:
            await asyncio.sleep(min(error.retry_after or 0.0, 0.2))
        except DeliveryUnconfirmed:
            if chat.can.finds and (ref := await _look(chat, wanted)):
                return ref
    raise AssertionError(f"{wanted.key} was not settled in {tries} tries")


async def _look(chat: Chat, wanted: Delivery, tries: int = 12) -> str | None:
    for _ in range(tries):
        try:
            return await chat.find(wanted)
        except DeliveryDeferred as error:
            await asyncio.sleep(min(error.retry_after or 0.0, 0.2))
    raise AssertionError(f"{wanted.key} could not be looked for in {tries} tries")


async def until(condition: Callable[[], object], seconds: float = 8.0) -> None:
    """Waits for something that happens elsewhere and has no event."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def failure(sending: Any) -> DeliveryError | None:
    """The DeliveryError of a send; anything else passes through and fails the test."""
    try:
        await sending
    except (DeliveryDeferred, DeliveryRefused, DeliveryUnconfirmed) as error:
        return error
    return None
