"""The chat of a terminal: alerts are printed, commands are typed, charts become files."""

from __future__ import annotations

import asyncio
import io
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bot.chat.console import CAN, ConsoleSettings
from bot.chat.console.journal import Journal
from bot.chat.text import clean
from bot.errors import DeliveryDeferred, DeliveryRefused
from bot.model.chat import OPERATOR_SPACE, ChatSurroundings, Delivery, Health
from bot.model.command import Caller, Dispatcher, Words
from bot.model.message import Message

CHANNEL = "console:main"
SPACE = OPERATOR_SPACE

_COLOUR = {"critical": "bold red", "warning": "yellow", "info": "cyan", None: "green"}
_LEAVE = frozenset({"exit", "quit"})


class ConsoleChat:
    """Prints to `out` and answers the lines of `input`; without `input` it only prints.

    `out` is a stream or the path of a file. A file gets each message once: it is written
    with the delivery id, forced to disk and read back by `find`. A bare stream cannot be
    read back, so there a message may come twice after a crash. Pictures go to the folder
    `pictures`; without it only their description is printed. `leave` ends the program: at
    "exit", "quit", and on a terminal at Ctrl-D and Ctrl-C.
    """

    platform = "console"
    can = CAN

    def __init__(
        self,
        dispatcher: Dispatcher,
        *,
        out: TextIO | Path,
        input: TextIO | None = None,
        pictures: Path | None = None,
        calendar: Callable[[], float] = time.time,
        leave: Callable[[], None] = lambda: signal.raise_signal(signal.SIGINT),
    ) -> None:
        self._leave = leave
        self._calendar = calendar
        self._said: dict[str, tuple[int, object]] = {}
        self._dispatcher = dispatcher
        self._stream = None if isinstance(out, Path) else out
        self._journal = Journal(out) if isinstance(out, Path) else None
        self._input = input
        self._pictures = pictures
        self._lock = threading.Lock()
        self._since = calendar()
        self._caller = Caller(
            platform="console",
            space=SPACE,
            channel=CHANNEL,
            user="console",
            name="console",
            admin=True,
        )

    async def run(self) -> None:
        """Answers typed lines until cancelled; the end of a pipe only ends the prompt."""
        if self._input is not None:
            prompts = (
                self._input.isatty() and self._stream is not None and self._stream.isatty()
            )
            await (self._answer_prompt() if prompts else self._answer_pipe(self._input))
        await asyncio.Event().wait()

    async def show(self, message: Message) -> None:
        """Prints what is no delivery and no answer."""
        words = await self._dispatcher.words(self._caller)
        await asyncio.to_thread(self._write, None, self._body(message, "shown", words))

    async def _answer_prompt(self) -> None:
        from bot.chat.console.prompt import printed_above, prompted_lines

        with printed_above() as self._stream:
            async for line in prompted_lines(self._dispatcher, self._caller):
                if line.strip().lower() in _LEAVE:
                    break
                if line.strip():
                    await self._answer(line.strip())
        self._leave()

    async def _answer_pipe(self, input: TextIO) -> None:
        lines: asyncio.Queue[str | None] = asyncio.Queue()
        # A daemon thread, because a read cannot be cancelled: a pool thread would keep the
        # process alive until the other end closes.
        threading.Thread(
            target=_read_lines, args=(input, asyncio.get_running_loop(), lines), daemon=True
        ).start()
        while (line := await lines.get()) is not None:
            if line.strip().lower() in _LEAVE:
                self._leave()
            elif line.strip():
                await self._answer(line.strip())

    async def send(self, delivery: Delivery) -> str:
        ref = delivery.ref or delivery.id
        try:
            words = await self._dispatcher.words(self._caller)
            await asyncio.to_thread(self._print_delivery, delivery, words)
        except (BrokenPipeError, PermissionError, FileNotFoundError, ValueError) as error:
            raise DeliveryRefused(
                f"{CHANNEL}: the output is closed ({error}): start ebbwatch again, "
                "or name another file",
                channel=delivery.channel,
            ) from None
        except OSError as error:
            raise DeliveryDeferred(
                f"{CHANNEL}: the output cannot be written ({error.strerror}): free the disk; "
                "it is tried again by itself",
                channel=delivery.channel,
            ) from None
        return ref

    async def find(self, delivery: Delivery) -> str | None:
        """Reads the file back; a bare terminal cannot be read and gives None."""
        if self._journal is None:
            return None
        found = await asyncio.to_thread(self._journal.holds, delivery.id)
        return (delivery.ref or delivery.id) if found else None

    async def space_of(self, channel: str) -> str | None:
        return SPACE if channel == CHANNEL else None

    async def problems(self, channel: str | None) -> list[str]:
        if channel not in (None, CHANNEL):
            return [f'"{channel}" is no channel of the terminal: write "{CHANNEL}".']
        return []

    def health(self) -> Health:
        return Health(ready=True, since=self._since, text="The terminal is open.")

    async def close(self) -> None:
        return None

    async def _answer(self, line: str) -> None:
        message = await self._dispatcher.answer_line(self._caller, line)
        words = await self._dispatcher.words(self._caller)
        await asyncio.to_thread(self._write, None, self._body(message, "answer", words))

    def _print_delivery(self, delivery: Delivery, words: Words) -> None:
        message, ref = delivery.message, delivery.ref or delivery.id
        note = words.say("history") if delivery.action == "reply" else ""
        today = int(self._calendar() // 86400)
        stands = (message.severity, message.over)
        if delivery.update:
            # the whole message stands above: the headline and the fields say what changed
            note = words.say("updated")
            message = replace(message, text="", table=(), buttons=())
            day, before = self._said.get(ref, (0, None))
            if stands == before:
                # only the numbers went on: one line, and a terminal gets it once a day
                if day == today and self._journal is None:
                    return
                message = replace(message, fields=(), footer="", picture=None)
        self._said[ref] = (today, stands)
        body = self._body(message, ref, words, note)
        self._write(delivery.id, body)

    def _write(self, id: str | None, body: RenderableType) -> None:
        with self._lock:
            if self._journal is not None:
                self._journal.write(id, _render(body, _WIDE))
            elif (stream := self._stream) is not None:
                terminal = stream.isatty()
                width = Console(file=stream).width if terminal else _WIDE
                text = _render(body, width, terminal)
                coding = stream.encoding or "utf-8"
                stream.write(text.encode(coding, "replace").decode(coding) + "\n")
                stream.flush()

    def _body(
        self, message: Message, name: str, words: Words, note: str = ""
    ) -> RenderableType:
        path = self._keep_picture(message, name)
        return Group(*_parts(message, words, note, path))

    def _keep_picture(self, message: Message, name: str) -> Path | None:
        if message.picture is None or self._pictures is None:
            return None
        try:
            self._pictures.mkdir(parents=True, exist_ok=True)
            path = self._pictures / f"{name}-{_safe_name(message.picture.name)}"
            path.write_bytes(message.picture.png)
        except OSError:
            return None  # a message without its picture is better than none
        return path


_WIDE = 110


def open_console(settings: ConsoleSettings, world: ChatSurroundings) -> ConsoleChat:
    file = world.path(settings.file) if settings.file else None
    return ConsoleChat(
        world.dispatcher,
        out=file or world.out or sys.stdout,
        input=world.typed,
        pictures=world.path(settings.charts),
        calendar=world.calendar,
    )


def print_message(message: Message, words: Words, stream: TextIO) -> None:
    """Writes an answer to a command to a terminal or a pipe."""
    terminal = stream.isatty()
    width = Console(file=stream).width if terminal else _WIDE
    stream.write(_render(Group(*_parts(message, words)), width, terminal) + "\n")


def _parts(
    message: Message, words: Words, note: str = "", picture: Path | None = None
) -> list[RenderableType]:
    colour = _COLOUR[None if message.over else message.severity]
    severity = words.say(message.severity).upper() if message.severity else ""
    head = [word for word in (severity, note, clean(message.title, lines=False)) if word]
    parts: list[RenderableType] = [Text(" · ".join(head), style=colour)] if head else []
    if message.text:
        parts.append(Text(clean(message.text)))
    if message.fields:
        parts.append(_grid([(clean(f.name), clean(f.value)) for f in message.fields]))
    if message.table:
        parts.append(_table(message.table))
    if message.picture is not None:
        where = f": {picture}" if picture is not None else ""
        parts.append(Text(f"{clean(message.picture.alt)}{where}", style="blue"))
    if message.buttons:
        commands = "   ".join(f"{clean(b.label)}: {clean(b.command)}" for b in message.buttons)
        parts.append(Text(commands, style="dim"))
    if message.footer:
        parts.append(Text(clean(message.footer), style="dim"))
    return [parts[0], *(Padding(part, (0, 0, 0, 2)) for part in parts[1:])] if parts else []


def _grid(rows: list[tuple[str, str]]) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", overflow="fold")
    grid.add_column(overflow="fold")
    for name, value in rows:
        grid.add_row(Text(name), Text(value))
    return grid


def _table(rows: tuple[tuple[str, ...], ...]) -> Table:
    header, *body = rows
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in header:
        table.add_column(Text(clean(name)), overflow="fold")
    for row in body:
        table.add_row(*(Text(clean(cell)) for cell in row))
    return table


def _render(body: RenderableType, width: int, terminal: bool = False) -> str:
    """Lines of text; colours only for a terminal (and there NO_COLOR turns them off)."""
    sink = io.StringIO()
    console = Console(
        file=sink, width=width, force_terminal=terminal, highlight=False, emoji=False
    )
    console.print(body)
    return "".join(f"{line.rstrip()}\n" for line in sink.getvalue().splitlines())


def _safe_name(name: str) -> str:
    kept = "".join(c if c.isalnum() or c in "._-" else "-" for c in name).lstrip(".")
    return kept or "chart.png"


def _read_lines(
    stream: TextIO, loop: asyncio.AbstractEventLoop, lines: asyncio.Queue[str | None]
) -> None:
    def put(line: str | None) -> None:
        try:
            loop.call_soon_threadsafe(lines.put_nowait, line)
        except RuntimeError:  # the service has ended while the terminal was waiting
            return

    try:
        for line in stream:
            put(line)
    except (OSError, ValueError):  # a closed terminal reads as the end of input
        pass
    put(None)
