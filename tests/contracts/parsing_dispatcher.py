"""A dispatcher for chats whose commands are typed lines: it reads them as the program would."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.model.command import ArgumentKind, Attachment, Caller, Command, Words
from bot.model.message import Message
from tests.contracts.chat import RecordingDesk


class ParsingDesk:
    """Hands the commands of the table to `recorder.answer`, other lines to `answer_line`."""

    def __init__(self, recorder: RecordingDesk) -> None:
        self.recorder = recorder

    @property
    def commands(self) -> Sequence[Command]:
        return self.recorder.commands

    @property
    def spaces(self) -> Sequence[str]:
        return self.recorder.spaces

    @property
    def languages(self) -> Mapping[str, Words]:
        return self.recorder.languages

    async def answer_line(
        self, caller: Caller, line: str, files: Sequence[Attachment] = ()
    ) -> Message:
        for command in self.commands:
            if f"{line} ".startswith(f"{command.name} "):
                given = files[0] if files else line.removeprefix(command.name).strip()
                names = [one.name for one in command.arguments[:1]] if given else []
                return await self.answer(caller, command.name, dict.fromkeys(names, given))
        return await self.recorder.answer_line(caller, line, files)

    async def answer(self, caller: Caller, name: str, arguments: dict[str, object]) -> Message:
        return await self.recorder.answer(caller, name, arguments)

    async def suggest(self, caller: Caller, kind: ArgumentKind, text: str) -> Mapping[str, str]:
        return await self.recorder.suggest(caller, kind, text)

    async def channels(self, caller: Caller) -> list[str]:
        return await self.recorder.channels(caller)

    async def words(self, caller: Caller) -> Words:
        return await self.recorder.words(caller)

    async def is_first(self, request: str) -> bool:
        return await self.recorder.is_first(request)

    async def report(self, problem: str) -> None:
        await self.recorder.report(problem)
