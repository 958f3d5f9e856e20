"""What people ask on Discord: commands, completions, forms and pressed buttons."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, Protocol

from bot.chat.discord.commands import (
    ASKED_PERSONALLY,
    PERSONAL,
    ROOT,
    read_call,
)
from bot.chat.discord.forms import form, form_of, read_form
from bot.chat.discord.marks import read_custom_id
from bot.chat.memory import Memory
from bot.chat.words import no_file, no_membership
from bot.errors import DeliveryError
from bot.model.command import Attachment, Caller, Command, Dispatcher, kind_of
from bot.model.message import Message

COMMAND, COMPONENT, COMPLETION, FORM = 2, 3, 4, 5
_REMEMBERED = 2000


class Interaction(Protocol):
    """One interaction, in the hands of the library."""

    @property
    def id(self) -> int: ...

    @property
    def kind(self) -> int: ...

    @property
    def data(self) -> Mapping[str, Any]: ...

    def caller(self, alert: str | None) -> Caller: ...

    async def acknowledge(self, *, ephemeral: bool) -> bool:
        """False where the person was told "did not respond": then nothing may happen."""
        ...

    async def show(self, answer: Message, alert: str) -> None: ...

    async def add(self, answer: Message) -> None:
        """A further message below what was shown."""
        ...

    async def open(self, form: Mapping[str, Any]) -> None: ...

    async def complete(self, choices: Mapping[str, str]) -> None:
        """Offers values, each with the words that are shown for it."""
        ...

    async def fetch(self, attachment: str) -> Attachment | None:
        """None where the file is too large or does not come."""
        ...


class Interactions:
    """Every answer comes from the dispatcher; each interaction is answered once.

    `member` asks Discord who a person is in a space, as `MemberChat.member` does; `called` is
    a space's name, "" where it is not known, and `role` the id of its role of some name.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        *,
        member: Callable[[str, str], Awaitable[Caller | None]],
        called: Callable[[str], str],
        role: Callable[[str, str], int | None],
    ) -> None:
        self._dispatcher = dispatcher
        self._member = member
        self._called = called
        self._role = role
        self._heard: Memory[bool] = Memory(_REMEMBERED)

    async def hear(self, interaction: Interaction) -> None:
        """After a resumed session Discord may hand the same interaction out again."""
        if self._heard.get(str(interaction.id)):
            return
        self._heard.put(str(interaction.id), True)
        if interaction.kind == COMPONENT:
            await self._button(interaction)
        elif interaction.kind == FORM:
            await self._submit(interaction)
        elif interaction.data.get("name") == PERSONAL and interaction.kind == COMMAND:
            await self._personal(interaction)
        elif interaction.data.get("name") != ROOT:
            return
        elif interaction.kind == COMPLETION:
            await self._complete(interaction)
        elif interaction.kind == COMMAND:
            await self._command(interaction)

    async def _complete(self, interaction: Interaction) -> None:
        call = read_call(interaction.data)
        focused = call.focused or ""
        kind = kind_of(self._dispatcher.commands, call.name, focused)
        if kind is not None:
            typed = call.arguments.get(focused, "")
            await interaction.complete(
                await self._dispatcher.suggest(interaction.caller(None), kind, typed)
            )

    async def _command(self, interaction: Interaction) -> None:
        call = read_call(interaction.data)
        asked = form_of(self._dispatcher.commands, call.name, pressed=False)
        if asked and not call.arguments and not call.files:
            await self._open(interaction, asked)
            return
        private = any(one.private for one in self._dispatcher.commands if one.name == call.name)
        if not await self._taken(interaction, ephemeral=private or not call.share):
            return
        arguments: dict[str, Any] = dict(call.arguments)
        for name, attachment in call.files.items():
            arguments[name] = await interaction.fetch(attachment)
            if arguments[name] is None:
                words = await self._dispatcher.words(interaction.caller(None))
                await interaction.show(no_file(words), "")
                return
        await interaction.show(
            await self._dispatcher.answer(interaction.caller(None), call.name, arguments), ""
        )

    async def _personal(self, interaction: Interaction) -> None:
        """How things stand in each linked server that the person is in now, and nothing that
        could be pressed: a direct message lies in no server."""
        if not await self._taken(interaction, ephemeral=True):
            return
        asker = replace(interaction.caller(None), space=None, channel=None)
        mine = await self._memberships(asker.user)
        if not mine:
            await interaction.show(no_membership(await self._dispatcher.words(asker)), "")
            return
        arguments = read_call(interaction.data).arguments
        for number, caller in enumerate(mine):
            answer = await self._dispatcher.answer(caller, ASKED_PERSONALLY, arguments)
            name = self._called(caller.space or "") if len(mine) > 1 else ""
            title = f"{name}: {answer.title}" if name else answer.title
            bare = replace(answer, title=title, buttons=(), menus=(), row_buttons=())
            await (interaction.add(bare) if number else interaction.show(bare, ""))

    async def _memberships(self, user: str) -> list[Caller]:
        """The person in each of their servers; Discord is asked each time, and where it does
        not say they are in it nothing is shown."""
        found = []
        for space in self._dispatcher.spaces:
            if space.startswith("discord:"):
                with suppress(DeliveryError):
                    found.append(await self._member(space, user))
        return [caller for caller in found if caller is not None]

    async def _open(self, interaction: Interaction, command: Command) -> None:
        words = await self._dispatcher.words(interaction.caller(None))
        await interaction.open(form(command, words))

    async def _submit(self, interaction: Interaction) -> None:
        """What was filled in goes the way of a typed command: same parsing, same rights."""
        filled = read_form(interaction.data)
        if filled is None or not await self._taken(interaction, ephemeral=True):
            return
        caller = interaction.caller(None)
        name, typed = filled
        commands = self._dispatcher.commands
        arguments = {
            key: self._as_mention(caller, value)
            if kind_of(commands, name, key) == "role"
            else value
            for key, value in typed.items()
        }
        await interaction.show(await self._dispatcher.answer(caller, name, arguments), "")

    def _as_mention(self, caller: Caller, text: str) -> str:
        """A role named "@leads" as Discord sends it in a command: in forms it stays as it was
        typed."""
        role = self._role(caller.space or "", text[1:]) if text.startswith("@") else None
        return f"<@&{role}>" if role else text

    async def _taken(self, interaction: Interaction, *, ephemeral: bool) -> bool:
        """Acknowledged in time, and not known from before a restart."""
        return await interaction.acknowledge(
            ephemeral=ephemeral
        ) and await self._dispatcher.is_first(f"discord:{interaction.id}")

    async def _button(self, interaction: Interaction) -> None:
        """Ids and choices say it all, so old messages work after a restart."""
        pressed = read_custom_id(str(interaction.data.get("custom_id", "")))
        if pressed is None:
            return
        if asked := form_of(self._dispatcher.commands, pressed[1], pressed=True):
            await self._open(interaction, asked)
            return
        if not await self._taken(interaction, ephemeral=True):
            return
        alert, line = pressed
        line = line or "".join(map(str, interaction.data.get("values", ())[:1]))
        answer = await self._dispatcher.answer_line(interaction.caller(alert or None), line)
        await interaction.show(answer, alert)
