"""Answers requests from every chat: roles, walls, parsing and suggestions in one place."""

import difflib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cached_property, partial
from typing import Any

from sqlite_utils import Database

from bot.commands import parse
from bot.commands.request import CONSOLE, EVERYTHING, Context, Request, look, names_seen
from bot.commands.singleflight import Asker, Singleflight
from bot.commands.status import open_alerts, seen_events
from bot.errors import BotError, CommandError, SourceError, StorageError
from bot.message import refusals, replies, voice_for
from bot.message.voice import Voice, one_line, voices
from bot.model.command import ArgumentKind, Attachment, Caller, Command, Words
from bot.model.message import Message
from bot.storage import accounts, channels, handled
from bot.storage.channels import Channel

log = logging.getLogger(__name__)

_MOST = 25
_AT_ONCE, _SLOW_AT_ONCE = 3, 2
"""Commands worked out beside each other: more of them only delay what has to be at once."""
_MOMENTS = ("tomorrow", "friday", "monday", parse.WORSE)
_SPANS = ("1h", "2h", "6h", "12h", "1d", "2d", "7d", "30d", "90d", "1w", "2w", "1y")


class CommandDispatcher:
    """The `Dispatcher` over the Command table. `tell` reports a problem to the operator."""

    def __init__(
        self,
        context: Context,
        commands: Sequence[Command],
        tell: Callable[[str], Awaitable[None]],
    ) -> None:
        self.commands = tuple(commands)
        self.spaces = tuple(context.spaces)
        self._context = context
        self._tell = tell
        self._own_voice = voice_for(context.locale, context.timezone)
        self._quick, self._slow = Singleflight(_AT_ONCE), Singleflight(_SLOW_AT_ONCE)

    @cached_property
    def languages(self) -> Mapping[str, Words]:
        """Read only where a platform asks: catalogues take time and memory."""
        return voices(self._context.timezone)

    async def answer(self, caller: Caller, name: str, arguments: Mapping[str, Any]) -> Message:
        """Runs one command by name; its arguments are text, as a platform gives them."""
        return await self._guarded(
            caller, lambda request: self._named(request, name, arguments)
        )

    async def answer_line(
        self, caller: Caller, line: str, files: Sequence[Attachment] = ()
    ) -> Message:
        """Runs one typed line; an empty one shows the help."""
        return await self._guarded(caller, lambda request: self._typed(request, line, files))

    async def carry_out(self, caller: Caller, line: str) -> Message:
        """Like `answer_line`, but raises what a chat would show as a refusal."""
        return await self._typed(await self.request(caller), line, ())

    async def record(self, caller: Caller, line: str) -> object:
        """Like `carry_out`, but gives what programs read; a message's own parts where a
        command has no data behind it."""
        request = await self.request(caller)
        command, left = parse.match(self.commands, parse.words_of(line), request.voice)
        given = parse.bind(command, left, (), request.voice)
        if command.record is None:
            message = await self._run(request, command, given)
            fields = {field.name: field.value for field in message.fields}
            return {
                "title": message.title,
                "text": message.text,
                "fields": fields,
                "table": message.table,
            }
        values = parse.typed(command, given, request.voice, request.now)
        return await command.record(request, values)

    async def request(
        self, caller: Caller, *, names: Mapping[str, str] | None = None
    ) -> Request:
        """What the caller may see and how they are spoken to.

        `names` are what people call accounts, where a caller without a channel has just read
        them. CommandError outside every linked space.
        """
        request = await self._view(caller, names)
        if request is None:
            raise CommandError(refusals.not_linked(self._own_voice))
        return request

    async def suggest(self, caller: Caller, kind: ArgumentKind, text: str) -> Mapping[str, str]:
        """Completions that this caller may see, best first, each with what people call it;
        none where it may see nothing."""
        wanted = text.strip().lower()
        if kind in ("span", "until"):
            offered = _SPANS + (_MOMENTS if kind == "until" else ())
            return {span: span for span in offered if span.startswith(wanted)}
        try:
            request = await self._view(caller)
            if request is None:
                return {}
            found = await look(request, _suggest, kind, wanted)
        except Exception:
            log.exception("suggestions failed", extra={"kind": kind})
            return {}
        return dict(list(found.items())[:_MOST])

    async def channels(self, caller: Caller) -> list[str]:
        """The channels of the caller's space that hear of anything; none where it has none."""
        if caller.space not in self.spaces:
            return []
        try:
            known = await self._context.store.read(channels.listing, caller.space)
        except StorageError as error:
            log.error("the channels could not be read: %s", error)
            return []
        return [one.channel for one in known]

    async def words(self, caller: Caller) -> Voice:
        """The language of the place that the caller asks from."""
        try:
            request = await self._view(caller)
        except BotError:
            request = None
        return request.voice if request else self._own_voice

    async def is_first(self, request: str) -> bool:
        """Remembered for a day: signatures and triggers live for minutes. Where the database
        cannot tell, no change can be stored twice either."""
        try:
            return await self._context.store.write(handled.take, request, self._context.now())
        except StorageError as error:
            log.error("a request could not be noted: %s", error)
            return True

    async def report(self, problem: str) -> None:
        """Tells the operator; trouble in doing so is logged and goes no further."""
        try:
            await self._tell(problem)
        except Exception:
            log.exception("the operator could not be told", extra={"problem": problem})

    async def _guarded(
        self, caller: Caller, run: Callable[[Request], Awaitable[Message]]
    ) -> Message:
        """No error gets out: a person reads a sentence, the operator the traceback."""
        voice = self._own_voice
        try:
            request = await self._view(caller)
            if request is None:
                return replies.refused(refusals.not_linked(voice))
            voice = request.voice
            return await run(request)
        except CommandError as error:
            return replies.refused(str(error))
        except SourceError as error:
            return replies.refused(self._of_source(caller, voice, error))
        except BotError as error:
            # sentences about the machine are for whoever runs it
            log.error("a command failed: %s", error)
            told = str(error) if caller.platform == CONSOLE else refusals.internal(voice)
            return replies.refused(told)
        except Exception as error:
            log.exception("a command failed")
            await self.report(f"A command failed inside ebbwatch ({type(error).__name__}).")
            return replies.refused(refusals.internal(voice))

    def _of_source(self, caller: Caller, voice: Voice, error: SourceError) -> str:
        """A source's own words may name what lies beyond the wall: they are the operator's."""
        if caller.platform == CONSOLE:
            return str(error)
        log.warning("a source refused a request", extra={"said": str(error)})
        return refusals.source_failed(voice, error.kind)

    async def _typed(self, request: Request, line: str, files: Sequence[Attachment]) -> Message:
        words = parse.words_of(line)
        command, left = parse.match(self.commands, words or ["help"], request.voice)
        return await self._run(
            request, command, parse.bind(command, left, files, request.voice)
        )

    async def _named(
        self, request: Request, name: str, arguments: Mapping[str, Any]
    ) -> Message:
        command, left = parse.match(self.commands, name.split() or ["help"], request.voice)
        given = dict(parse.bind(command, left, (), request.voice)) | dict(arguments)
        return await self._run(request, command, given)

    async def _run(
        self, request: Request, command: Command, given: Mapping[str, Any]
    ) -> Message:
        """The role is checked before anything is read, so that refusals reveal nothing."""
        if command.role == "manager" and not request.manager:
            return replies.refused(refusals.not_manager(request.voice))
        values = parse.typed(command, given, request.voice, request.now)
        question = None
        if command.role == "reader":  # it changes nothing, so equal questions share an answer
            asked = tuple(sorted(values.items()))
            question = (command.name, asked, request.channel, request.space, request.manager)
        flights = self._slow if command.slow else self._quick
        asker = Asker(request.space, request.caller.user)
        return await flights.take(
            partial(command.handler, request, request.caller, values), question, asker
        )

    def alerts_first(self) -> AbstractContextManager[None]:
        """While entered, no answer that takes long is begun."""
        return self._slow.hold()

    async def _view(
        self, caller: Caller, names: Mapping[str, str] | None = None
    ) -> Request | None:
        """What the caller may see; None outside every linked space."""
        context = self._context
        patterns: tuple[str, ...] = EVERYTHING
        managers: frozenset[str] = frozenset()
        if caller.platform != CONSOLE:
            space = context.spaces.get(caller.space or "")
            if space is None:
                return None
            patterns, managers = context.access.patterns(space.id), space.managers
        channel, called = (
            (None, names)
            if names is not None
            else await context.store.read(_heard_from, caller.channel)
        )
        return Request(
            context=context,
            caller=caller,
            space=CONSOLE if caller.platform == CONSOLE else caller.space or "",
            patterns=patterns,
            voice=_voice(context, caller, channel, called),
            now=context.now(),
            manager=caller.platform == CONSOLE or caller.admin or bool(caller.roles & managers),
            commands=self.commands,
        )


def _heard_from(db: Database, channel: str | None) -> tuple[Channel | None, Mapping[str, str]]:
    """The channel that is asked from, and what people call accounts."""
    known = None if channel is None else channels.get(db, channel)
    return known, accounts.names(db)


def _voice(
    context: Context, caller: Caller, channel: Channel | None, names: Mapping[str, str]
) -> Voice:
    if channel is None or (caller.platform != CONSOLE and channel.space != caller.space):
        return voice_for(context.locale, context.timezone, names)
    return voice_for(channel.locale, channel.timezone, names)


def _suggest(
    db: Database, request: Request, kind: ArgumentKind, wanted: str
) -> Mapping[str, str]:
    called = request.voice.name_of
    if kind == "account":
        return _nearest(wanted, {name: called(name) for name in names_seen(db, request)})
    if kind == "incident":
        accounts_of = {one.number: one.incident.account for one in open_alerts(db, request)}
        return {
            str(number): f"{number} {called(account)}"
            for number, account in accounts_of.items()
            if wanted in f"{number} {called(account)} {account}".lower()
        }
    if kind == "subscription":
        own = channels.subscriptions(db, request.channel)
        named = {str(one.id): f"{one.id} {one_line(' '.join(one.accounts), 80)}" for one in own}
        return {id: shown for id, shown in named.items() if wanted in shown.lower()}
    if kind == "number":
        return {str(noted.id): str(noted.id) for noted in seen_events(db, request)}
    return {}


def _nearest(wanted: str, names: Mapping[str, str]) -> Mapping[str, str]:
    """Accounts that begin with the text, then those that hold it, else the most alike ones;
    by their handles and by what people call them."""

    def rank(name: str) -> int:
        handle, shown = name.lower(), names[name].lower()
        called = (handle, handle.partition("/")[2], shown)
        if any(each.startswith(wanted) for each in called):
            return 0
        return 1 if wanted in handle or wanted in shown else 2

    ranks = {name: rank(name) for name in names}
    found = sorted((name for name in names if ranks[name] < 2), key=ranks.__getitem__)
    found = found or difflib.get_close_matches(wanted, names, n=5)
    return {name: names[name] for name in found}
