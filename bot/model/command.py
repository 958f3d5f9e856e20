"""What people ask, and what a chat asks of the program."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from bot.model.message import Attachment, Message

__all__ = [
    "Argument",
    "ArgumentKind",
    "Attachment",
    "Caller",
    "Command",
    "Dispatcher",
    "Words",
    "kind_of",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks, and from where. `space` is None outside any guild or workspace.

    `roles` holds role names and ids (Discord) or the user and group ids (Slack); `admin` is
    the platform's own word (Manage Server, workspace admin). `alert` is the id of the
    delivery whose button was pressed.
    """

    platform: str
    space: str | None
    channel: str | None
    user: str
    name: str
    roles: frozenset[str] = frozenset()
    admin: bool = False
    alert: str | None = None


ArgumentKind = Literal[
    "account",
    "incident",
    "span",
    "until",
    "text",
    "choice",
    "number",
    "date",
    "file",
    "subscription",
    "hours",
    "rhythm",
    "role",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """`rest` takes all words that are left. `choices` narrows a `choice`. In a form it is
    called `label`, and its choices as `labels` says, where these are given."""

    name: str
    help: str
    kind: ArgumentKind = "text"
    required: bool = True
    choices: tuple[str, ...] = ()
    rest: bool = False
    label: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def called(self) -> str:
        """The words above its field in a form, to be translated."""
        return self.label or self.name.capitalize()

    def labelled_choices(self) -> list[tuple[str, str]]:
        """Each choice with its words in a form, to be translated."""
        return [(one, self.labels.get(one, one)) for one in self.choices]


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One row of the table. `name` is one word or two ("event add").

    The handler gets the request, the caller and the arguments by name, read by their
    kind (`bot.commands.parse.read`); what was left out is missing from the mapping.
    """

    name: str
    help: str
    handler: Callable[[Any, Caller, Mapping[str, Any]], Awaitable[Message]]
    arguments: tuple[Argument, ...] = ()
    role: Literal["reader", "manager"] = "reader"
    slow: bool = False
    """May take longer than a second: platforms defer the answer."""
    private: bool = False
    """The answer is for the asker alone, also where they would share it."""
    form: tuple[str, ...] = ()
    """Arguments, at most five, that a chat with forms asks for where none was given."""
    asks: bool = True
    """Whether the bare command opens its form; else only a button does."""
    record: Callable[[Any, Mapping[str, Any]], Awaitable[object]] | None = None
    """The data behind the message, for programs; None where the message is all there is."""

    @property
    def asked(self) -> list[Argument]:
        """The arguments of its form, in their order there."""
        known = {one.name: one for one in self.arguments}
        return [known[name] for name in self.form]


def kind_of(commands: Sequence[Command], name: str, argument: str) -> ArgumentKind | None:
    """The kind of a command's argument; None where the table holds no such one."""
    kinds = (
        one.kind
        for command in commands
        if command.name == name
        for one in command.arguments
        if one.name == argument
    )
    return next(kinds, None)


class Words(Protocol):
    """How one place is spoken to: its language."""

    def say(self, text: str, /, **values: object) -> str:
        """The translated text with `{name}` filled in."""
        ...


class Dispatcher(Protocol):
    """What a chat adapter asks of the program. Never raises: errors become messages."""

    @property
    def commands(self) -> Sequence[Command]: ...

    @property
    def spaces(self) -> Sequence[str]:
        """Every linked space, such as "discord:800000000000000001"."""
        ...

    async def answer(
        self, caller: Caller, name: str, arguments: Mapping[str, Any]
    ) -> Message: ...

    async def answer_line(
        self, caller: Caller, line: str, files: Sequence[Attachment] = ()
    ) -> Message:
        """Parses one typed line, such as "mute instagram/lena 2h"; "" shows the help."""
        ...

    async def suggest(self, caller: Caller, kind: ArgumentKind, text: str) -> Mapping[str, str]:
        """At most 25 completions that this caller may see, best first, each with the words
        that people know it by."""
        ...

    @property
    def languages(self) -> Mapping[str, Words]:
        """Every language that is spoken, by its code; "en" is there."""
        ...

    async def channels(self, caller: Caller) -> list[str]:
        """The channels of the caller's space that hear of anything."""
        ...

    async def words(self, caller: Caller) -> Words:
        """The language of the place that the caller asks from."""
        ...

    async def is_first(self, request: str) -> bool:
        """Whether this very request is new; False where it was taken before, restarts
        included. A platform may say one thing twice, and a stranger may say it again."""
        ...

    async def report(self, problem: str) -> None:
        """Tells the operator once (log, and the operator's channel where there is one)."""
        ...
