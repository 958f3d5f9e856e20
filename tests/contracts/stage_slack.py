"""Slack for the contract tests: the unmodified SDK against the loopback workspace."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from bot.chat.clocks import Clocks
from bot.chat.slack import SlackSettings
from bot.chat.slack.adapter import SlackChat
from bot.chat.slack.render import unescape
from bot.chat.slack.tokens import SlackTokens
from bot.deliver import LONGEST_ASKED
from bot.errors import DeliveryDeferred
from bot.model.chat import Delivery, Health
from bot.model.command import Caller, Dispatcher
from tests.contracts.chat import COMMANDS, Answer, RecordingDesk, Shown, until
from tests.contracts.parsing_dispatcher import ParsingDesk
from tests.loopback.slack import APP_TOKEN, BOT_TOKEN, SECRET, TEAM, Interaction, SlackServer
from tests.loopback.slack_limits import pings, texts

TOKENS = SlackTokens(BOT_TOKEN, app=APP_TOKEN, signing=SECRET)
_STEPS = {
    "": ("chat.postMessage",),
    "post": ("chat.postMessage",),
    # A reply is a post too; what a fault leaves in doubt has to be looked up through faults.
    "thread": ("chat.postMessage", "conversations.history", "conversations.replies"),
    "look": ("conversations.history",),
    "edit": ("chat.update",),
    "upload": ("upload", "files.completeUploadExternal"),
}
_FAULTS = {
    "throttled": "429",
    "throttled for a year": "429 for a year",
    "broken before": "500",
    "broken after": "500_after",
    "forbidden": "error:not_in_channel",
    "gone": "error:channel_not_found",
    **{f"{what} before": what for what in ("reset", "hang", "garbage")},
    **{f"{what} after": f"{what}_after" for what in ("reset", "hang", "garbage")},
}


class Clock:
    """Runs like the real one, and jumps ahead instead of sleeping."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def wall(self) -> float:
        return time.time() + self.ahead

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead

    async def sleep(self, seconds: float) -> None:
        self.ahead += seconds
        await asyncio.sleep(0)


class PatientChat:
    """The chat as the outbox uses it: a pause that it names is waited for on the clock."""

    platform = "slack"
    can = SlackChat.can

    def __init__(self, chat: SlackChat, clock: Clock) -> None:
        self._chat = chat
        self._clock = clock

    async def run(self) -> None:
        await self._chat.run()

    async def send(self, delivery: Delivery) -> str:
        try:
            return await self._chat.send(delivery)
        except DeliveryDeferred as error:
            self._clock.ahead += min(error.retry_after or 0.0, LONGEST_ASKED)
            raise

    async def find(self, delivery: Delivery) -> str | None:
        while True:
            try:
                return await self._chat.find(delivery)
            except DeliveryDeferred as error:
                if error.retry_after is None:
                    raise
                self._clock.ahead += min(error.retry_after, LONGEST_ASKED)

    async def space_of(self, channel: str) -> str | None:
        return await self._chat.space_of(channel)

    async def member(self, space: str, user: str) -> Caller | None:
        return await self._chat.member(space, user)

    async def problems(self, channel: str | None) -> list[str]:
        return await self._chat.problems(channel)

    def health(self) -> Health:
        return self._chat.health()

    async def close(self) -> None:
        await self._chat.close()


class SlackStage:
    channel = "slack:C0MAIN"
    space = f"slack:{TEAM}"
    other_space = "slack:T0OTHER"
    secret = BOT_TOKEN
    person, role = "U0LENA", "S0LEADS"
    faults = frozenset(_FAULTS)
    remembers = True

    def __init__(
        self,
        server: SlackServer,
        make: Callable[[], SlackChat],
        dispatcher: RecordingDesk,
        clock: Clock,
    ) -> None:
        self.server = server
        self.dispatcher = dispatcher
        self.clock = clock
        self._make = make
        self._running: asyncio.Task[None] | None = None
        self._take(make())

    def _take(self, chat: SlackChat) -> None:
        self.impatient = chat
        self.chat = PatientChat(chat, self.clock)

    def start(self) -> None:
        self._running = asyncio.create_task(self.chat.run())

    async def end(self) -> None:
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        await self.chat.close()

    async def restart(self) -> None:
        await self.end()
        self._take(self._make())
        self.start()

    async def again(self) -> None:
        await self.server.again()
        await self.server.again(envelope="another")

    def shown(self) -> list[Shown]:
        return shown_of(self.server)

    def replies(self, index: int = 0) -> list[Shown]:
        return replies_of(self.server, index)

    def fail(self, fault: str, step: str = "", times: int = 1) -> None:
        for method in _STEPS[step]:
            self.server.fail(method, *[_FAULTS[fault]] * times)

    def poison(self, words: str) -> None:
        self.server.poison.add(words)

    def tick(self, seconds: float) -> None:
        self.clock.ahead += seconds

    def delete_first(self) -> None:
        self.server.messages.remove(self.server.shown()[0])

    def vanish(self) -> None:
        self.server.down = True
        self.server.drop()

    def leave(self) -> None:
        self.server.people[self.person]["deleted"] = True

    def come_back(self) -> None:
        self.server.down = False

    def forget(self) -> None:
        self.dispatcher.forget()
        self.server.forget()

    def now(self) -> float:
        return self.clock.wall()

    async def command(self, line: str, *, share: bool = False) -> Answer:
        return await _answered(await self.server.command(f"{line} share" if share else line))

    async def press(self, label: str) -> Answer:
        return await _answered(await self.server.press(self.server.shown()[0], label))


async def _answered(asked: Interaction) -> Answer:
    answer = await asked.answer()
    assert asked.took is not None
    return Answer(
        text=said(answer),
        private=answer["response_type"] == "ephemeral",
        seconds=asked.took,
    )


def said(message: dict[str, Any]) -> str:
    """What a person reads in the blocks."""
    lines = [line for block in message.get("blocks") or () for line in _read(block)]
    return "\n".join(lines) or unescape(message.get("text") or "")


def _read(part: dict[str, Any]) -> list[str]:
    kind = part.get("type")
    if kind == "rich_text_section":
        told = "".join(one.get("text") or one.get("fallback", "") for one in part["elements"])
        return [told]
    if kind == "rich_text_list":
        return [f"• {line}" for one in part["elements"] for line in _read(one)]
    if kind == "rich_text":
        return [line for one in part["elements"] for line in _read(one)]
    if kind == "table":
        rows = ([" ".join(_read(cell)) for cell in row] for row in part["rows"])
        return ["  ".join(row) for row in rows]
    if kind == "raw_text":
        return [part["text"]]
    return [
        unescape(text).replace("*", "") if kind == "mrkdwn" else text
        for kind, text in texts(part)
    ]


def shown_of(server: SlackServer) -> list[Shown]:
    return [as_seen(server, one) for one in server.shown()]


def replies_of(server: SlackServer, index: int) -> list[Shown]:
    root = server.shown()[index]["ts"]
    return [as_seen(server, one) for one in server.thread(root)]


def as_seen(server: SlackServer, message: dict[str, Any]) -> Shown:
    files = [server.files[one["id"]] for one in message.get("files", ())]
    parts = [said(message)]
    parts += [file.content.decode() for file in files if file.name.endswith((".txt", ".csv"))]
    buttons = [
        element["text"]["text"]
        for block in message.get("blocks") or ()
        if block["type"] == "actions"
        for element in block["elements"]
        if element["type"] == "button"
    ]
    return Shown(
        text="\n".join(parts),
        picture=any(block["type"] == "image" for block in message.get("blocks") or ()),
        silent=False,
        pinged=tuple(pings(message)),
        buttons=tuple(buttons),
    )


@asynccontextmanager
async def open_workspace(
    *,
    patience: float = 5.0,
    ready: bool = True,
    ping: float = 1.0,
    tokens: SlackTokens = TOKENS,
    answers: Dispatcher | None = None,
    wall: Callable[[], float] | None = None,
    **more: Any,
) -> AsyncIterator[SlackStage]:
    """`more` goes into the settings; not `ready` leaves it to the test to start the chat.

    `patience` is how long a request may take: a busy machine needs some.
    """
    clock = Clock()
    dispatcher = RecordingDesk(commands=COMMANDS)
    async with SlackServer(clock.wall) as server:
        server.patience = patience + 1.0  # aiohttp ends long waits at full seconds

        def make() -> SlackChat:
            return SlackChat(
                SlackSettings(base_url=server.base_url, **more),
                tokens,
                answers or ParsingDesk(dispatcher),
                Clocks(
                    wall=wall or clock.wall,
                    monotonic=clock.monotonic,
                    sleep=clock.sleep,
                    uniform=max,
                ),
                timeout=patience,
                ping=ping,
            )

        stage = SlackStage(server, make, dispatcher, clock)
        try:
            if ready:
                stage.start()
                await until(lambda: stage.chat.health().ready)
            yield stage
        finally:
            await stage.end()


@asynccontextmanager
async def open_signed() -> AsyncIterator[SlackStage]:
    """Slack asks by signed HTTP requests."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        listen = f"127.0.0.1:{probe.getsockname()[1]}"
    async with open_workspace(mode="http", listen=listen) as stage:
        stage.server.app_url = f"http://{listen}/slack/events"
        yield stage


def open_stage() -> AbstractAsyncContextManager[SlackStage]:
    return open_workspace()
