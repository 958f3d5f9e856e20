"""Discord for the contract tests: the unmodified library against the loopback server."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from bot.chat.clocks import Clocks
from bot.chat.discord import DiscordSettings
from bot.chat.discord.adapter import DiscordChat, Patience
from tests.contracts.chat import COMMANDS, Answer, RecordingDesk, Shown, until
from tests.loopback.discord import CHANNEL, GUILD, ROLE, TOKEN, YEAR, Asked, LoopbackDiscord
from tests.loopback.discord_rules import walk

QUICK = Patience(delivery=0.5, acknowledge=1.0, gateway=5.0, pause=0.1, token=0.1)
_FAULTS = {
    "throttled": "429",
    "throttled everywhere": "429 global",
    "throttled for a year": "429",
    "broken before": "503 before",
    "broken after": "500 after",
    "forbidden": "no permission",
    "gone": "unknown channel",
    **{
        name: name
        for what in ("reset", "hang", "garbage")
        for name in (f"{what} before", f"{what} after")
    },
}


class DiscordStage:
    channel = f"discord:{CHANNEL}"
    space = f"discord:{GUILD}"
    other_space = "discord:800000000000000002"
    secret = TOKEN
    person, role = "77", str(ROLE)
    faults = frozenset(_FAULTS)
    remembers = True

    def __init__(
        self,
        server: LoopbackDiscord,
        make: Callable[[], DiscordChat],
        dispatcher: RecordingDesk,
    ) -> None:
        self.server = server
        self.dispatcher = dispatcher
        server.members[self.person] = [self.role]
        self._make = make
        self.chat = make()
        self._running: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._running = asyncio.create_task(self.chat.run())

    async def end(self) -> None:
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def restart(self) -> None:
        await self.end()
        self.chat = self._make()
        self.start()

    async def again(self) -> None:
        self.server.again()

    def shown(self) -> list[Shown]:
        return shown_of(self.server)

    def replies(self, index: int = 0) -> list[Shown]:
        return replies_of(self.server, index)

    def fail(self, fault: str, step: str = "", times: int = 1) -> None:
        pause = YEAR if fault == "throttled for a year" else 0.05
        self.server.fail(_FAULTS[fault], step or "post", times, pause)

    def poison(self, words: str) -> None:
        self.server.poison.add(words)

    def tick(self, seconds: float) -> None:
        before = self.server.wall
        self.server.wall = lambda: before() + seconds

    def delete_first(self) -> None:
        self.server.delete_message(CHANNEL, self.server.shown()[0]["id"])

    def vanish(self) -> None:
        self.server.rest_open = self.server.gateway_open = False
        self.server.drop_gateway()

    def leave(self) -> None:
        del self.server.members[self.person]

    def come_back(self) -> None:
        self.server.rest_open = self.server.gateway_open = True

    def forget(self) -> None:
        self.dispatcher.forget()
        self.server.forget()

    def now(self) -> float:
        return self.server.wall()

    async def command(self, line: str, *, share: bool = False) -> Answer:
        """The words of the typed line as Discord's own form would send them."""
        known = max(
            (one for one in self.dispatcher.commands if line.startswith(one.name)),
            key=lambda one: len(one.name),
        )
        rest = line.removeprefix(known.name).strip()
        options: dict[str, Any] = {}
        if known.arguments and rest:
            first = known.arguments[0]
            options[first.name] = rest.encode() if first.kind == "file" else rest
        if share:
            options["share"] = True
        return await self._answered(self.server.slash(known.name, **options))

    async def press(self, label: str) -> Answer:
        message = self.server.shown()[0]
        [found] = [one for one in buttons_of(message) if one["label"] == label]
        return await self._answered(self.server.press(found["custom_id"], message))

    async def _answered(self, asked: Asked) -> Answer:
        await asyncio.wait_for(asked.done.wait(), 5)
        assert asked.answer is not None
        assert asked.acknowledged is not None
        return Answer(
            text=as_seen(self.server, asked.answer).text,
            private=asked.ephemeral,
            seconds=asked.acknowledged - asked.sent,
        )


def shown_of(server: LoopbackDiscord) -> list[Shown]:
    return [as_seen(server, one) for one in server.shown()]


def replies_of(server: LoopbackDiscord, index: int) -> list[Shown]:
    thread = server.messages.get(server.shown()[index]["id"], {})
    return [as_seen(server, one) for one in thread.values()]


def as_seen(server: LoopbackDiscord, message: dict[str, Any]) -> Shown:
    parts = [message["content"]]
    for embed in message["embeds"]:
        parts += [embed.get("title", ""), embed.get("description", "")]
        for field in embed.get("fields", ()):
            parts += [field["name"], field["value"]]
        parts.append(embed.get("footer", {}).get("text", ""))
    parts += [_read(one["content"]) for one in walk(message["components"]) if one["type"] == 10]
    names = {one["filename"]: server.files[one["id"]] for one in message["attachments"]}
    parts += [body.decode() for name, body in names.items() if name.endswith((".txt", ".csv"))]
    return Shown(
        text=unescape("\n".join(part for part in parts if part)),
        picture=any("image" in embed for embed in message["embeds"])
        or any(one["type"] == 12 for one in walk(message["components"])),
        silent=bool(message["flags"] & (1 << 12)),
        pinged=tuple(who for number, who in server.pings if number == message["id"]),
        buttons=tuple(one["label"] for one in buttons_of(message)),
    )


def buttons_of(message: dict[str, Any]) -> list[dict[str, Any]]:
    return [dict(one) for one in walk(message["components"]) if one["type"] == 2]


def _read(text: str) -> str:
    """What is seen of our own markup: headings, small print, bold names, links."""
    text = re.sub(r"^(### |-# )", "", text)
    text = re.sub(r"(?<!\\)\[((?:[^\]\\]|\\.)*)\]\(https?://[^)\s]*\)", r"\1", text)
    return re.sub(r"^\*\*(.+?)(?<!\\)\*\*$", r"\1", text, flags=re.MULTILINE)


def unescape(text: str) -> str:
    """What Discord shows where markdown was escaped."""
    shown: list[str] = []
    chars = iter(text)
    for char in chars:
        shown.append(next(chars, "") if char == "\\" else char)
    return "".join(shown)


@asynccontextmanager
async def open_stage(
    *,
    patience: Patience = QUICK,
    window: tuple[int, float] = (1000, 1.0),
    user_install: bool = False,
) -> AsyncIterator[DiscordStage]:
    server = LoopbackDiscord(window=window)
    server.user_install = user_install
    server.patience = patience.delivery
    await server.start()
    dispatcher = RecordingDesk(commands=COMMANDS)
    settings = DiscordSettings(api_base=server.api_base, gateway=server.gateway)
    clocks = Clocks(wall=lambda: server.wall(), monotonic=time.monotonic)

    def make() -> DiscordChat:
        return DiscordChat(settings, TOKEN, dispatcher, clocks, patience=patience)

    stage = DiscordStage(server, make, dispatcher)
    stage.start()
    try:
        await until(lambda: stage.chat.health().ready and server.commands)
        yield stage
    finally:
        await stage.end()
        await server.stop()
