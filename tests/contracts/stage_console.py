"""The terminal for the contract tests: a real file and typed lines."""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bot.chat.console.adapter import CHANNEL, SPACE, ConsoleChat
from tests.contracts.chat import COMMANDS, Answer, RecordingDesk, Shown
from tests.contracts.parsing_dispatcher import ParsingDesk


class ConsoleStage:
    channel = CHANNEL
    space = SPACE
    other_space = "slack:T0OTHER"
    secret = "there is none"
    faults: frozenset[str] = frozenset()
    remembers = False

    def __init__(
        self, chat: ConsoleChat, dispatcher: RecordingDesk, out: Path, typed: int
    ) -> None:
        self.chat = chat
        self.dispatcher = dispatcher
        self._out = out
        self._typed = typed

    def shown(self) -> list[Shown]:
        found = re.findall(r"^#\+ (\w+)\n(.*?)^#- \1$", self._written(), re.M | re.S)
        return [Shown(text=text, picture=".png" in text) for _, text in found]

    def _written(self) -> str:
        return self._out.read_text() if self._out.exists() else ""

    def replies(self, index: int = 0) -> list[Shown]:
        return [one for one in self.shown() if one.text.strip().startswith("history")]

    def fail(self, fault: str, step: str = "", times: int = 1) -> None:
        raise AssertionError("a file knows no such fault")

    def poison(self, words: str) -> None:
        raise AssertionError("paper takes everything")

    def tick(self, seconds: float) -> None:
        return None

    def delete_first(self) -> None:
        raise AssertionError("paper cannot be deleted")

    def vanish(self) -> None:
        raise AssertionError("a file does not vanish")

    def come_back(self) -> None:
        raise AssertionError("a file does not vanish")

    def forget(self) -> None:
        raise AssertionError("paper forgets nothing")

    def now(self) -> float:
        return time.time()

    async def command(self, line: str, *, share: bool = False) -> Answer:
        before = self._written()
        os.write(self._typed, f"{line}\n".encode())
        async with asyncio.timeout(5):
            while (text := self._written()) == before:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        # What is typed is seen at once: a terminal acknowledges nothing.
        return Answer(text=text.removeprefix(before), private=True, seconds=0.0)

    async def press(self, label: str) -> Answer:
        raise AssertionError("paper has no buttons")


@asynccontextmanager
async def open_stage() -> AsyncIterator[ConsoleStage]:
    dispatcher = RecordingDesk(commands=COMMANDS)
    read, write = os.pipe()
    with tempfile.TemporaryDirectory() as folder, os.fdopen(read) as typed:
        out = Path(folder, "console.txt")
        chat = ConsoleChat(
            ParsingDesk(dispatcher), out=out, input=typed, pictures=Path(folder, "pictures")
        )
        running = asyncio.create_task(chat.run())
        try:
            yield ConsoleStage(chat, dispatcher, out, write)
        finally:
            os.close(write)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
