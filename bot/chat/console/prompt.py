"""The prompt of a terminal: a line editor with history, above which alerts are printed."""

import sys
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TextIO

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.patch_stdout import patch_stdout

from bot.model.command import Caller, Dispatcher

PROMPT = "ebbwatch> "


@contextmanager
def printed_above() -> Iterator[TextIO]:
    """A stream whose text appears above the line that is being edited."""
    with patch_stdout(raw=True):
        yield sys.stdout


async def prompted_lines(dispatcher: Dispatcher, caller: Caller) -> AsyncGenerator[str, None]:
    """Each typed line; ends at Ctrl-D and at Ctrl-C."""
    session: PromptSession[str] = PromptSession(
        completer=_Completer(dispatcher, caller), complete_while_typing=False
    )
    while True:
        try:
            # the program has a handler of its own, which the library would take off
            line = await session.prompt_async(PROMPT, handle_sigint=False)
        except (EOFError, KeyboardInterrupt):
            return
        yield line


class _Completer(Completer):
    """Names of commands for the first words, then what the command's argument may be."""

    def __init__(self, dispatcher: Dispatcher, caller: Caller) -> None:
        self._dispatcher, self._caller = dispatcher, caller

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterable[Completion]:
        """Nothing: the answers need the database, and so the loop."""
        return ()

    async def get_completions_async(
        self, document: Document, complete_event: CompleteEvent
    ) -> AsyncGenerator[Completion, None]:
        line = document.text_before_cursor.lstrip()
        for command in self._dispatcher.commands:
            if command.name.startswith(line):
                yield Completion(command.name + " ", start_position=-len(line))
        for command in self._dispatcher.commands:
            if line.startswith(f"{command.name} "):
                *given, word = line.removeprefix(f"{command.name} ").split(" ")
                for argument in command.arguments[len(given) : len(given) + 1]:
                    offered: Mapping[str, str]
                    if argument.choices:
                        offered = {one: one for one in argument.choices if one.startswith(word)}
                    else:
                        offered = await self._dispatcher.suggest(
                            self._caller, argument.kind, word
                        )
                    for text, shown in offered.items():
                        yield Completion(text, start_position=-len(word), display=shown)
