"""What people do in Slack, handed to the dispatcher: commands, buttons, forms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from bot.chat.slack.callers import Callers
from bot.chat.slack.errors import SlackRefusal
from bot.chat.slack.files import Files
from bot.chat.slack.forms import Place, form, form_of, read_form
from bot.chat.slack.home import Doors, channel_of_block
from bot.chat.slack.limits import Call
from bot.chat.slack.render import Rendered, button_delivery, render_answer, typed, unescape
from bot.chat.slack.rich import Block
from bot.chat.slack.web import SlackWeb
from bot.chat.text import clean
from bot.chat.words import no_file, no_form
from bot.errors import DeliveryError, DeliveryMalformed
from bot.model.command import Attachment, Caller, Dispatcher, Words, kind_of
from bot.model.message import Message

SHARE = "share"

Payload = Mapping[str, Any]


class Interactions:
    """Takes what people do and brings back the dispatcher's answer.

    `team` tells the own workspace (None before the first sign-in). Every method returns
    normally: what goes wrong is told to the person or the operator.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        callers: Callers,
        files: Files,
        call: Call,
        web: SlackWeb,
        *,
        team: Callable[[], str | None],
    ) -> None:
        self._dispatcher = dispatcher
        self._callers = callers
        self._files = files
        self._call = call
        self._web = web
        self._team = team
        self.doors = Doors(
            dispatcher,
            callers,
            call,
            team=team,
            tell=lambda url, caller, message: self._tell(url, caller, message, shared=False),
            whisper=self._whisper,
        )

    async def command(self, payload: Payload) -> None:
        line = clean(typed(str(payload.get("text") or "")), lines=False)
        shared = line.split()[-1:] == [SHARE]
        if shared:
            line = line[: -len(SHARE)].strip()
        asked = form_of(self._dispatcher.commands, line)
        if asked is not None and payload.get("trigger_id"):
            given = line[len(asked.name) :].strip()
            place = Place(command=asked.name, channel=str(payload.get("channel_id") or ""))
            await self._open_form(
                payload, form(asked, given, place, await self._words(payload))
            )
            return
        caller = await self._caller(payload)
        private = any(
            one.private
            for one in self._dispatcher.commands
            if line.lower().startswith(one.name)
        )
        message = await self._dispatcher.answer_line(caller, line)
        await self._tell(
            str(payload["response_url"]), caller, message, shared=shared and not private
        )

    async def press(self, payload: Payload) -> None:
        """A button's value says it all, so old messages work after a restart."""
        action = payload["actions"][0]
        in_home = (payload.get("view") or {}).get("type") == "home"
        line = _line(action)
        asked = form_of(self._dispatcher.commands, line, pressed=True)
        if asked is not None:
            channel = channel_of_block(action) if in_home else _who(payload).channel
            place = Place(command=asked.name, channel=channel or "", in_home=in_home)
            await self._open_form(payload, form(asked, "", place, await self._words(payload)))
            return
        caller = await self._caller(
            payload, alert=button_delivery(str(action.get("action_id") or ""))
        )
        message = await self._dispatcher.answer_line(caller, line)
        if in_home:  # there is no address to answer to
            await self._whisper(caller, None, message)
            return
        await self._tell(str(payload["response_url"]), caller, message, shared=False)

    async def submit(self, payload: Payload) -> None:
        """What was filled in goes the way of a typed command: same parsing, same rights."""
        filled = read_form(payload["view"])
        place = filled.place
        caller = await self._caller(payload, channel=place.channel)
        where = None if place.in_home else place.channel
        # The table's commands take one file: each of several gets its own answer.
        for file in filled.files:
            await self._whisper(caller, where, await self._take(caller, filled.line, file))
        if filled.files:
            return
        commands = self._dispatcher.commands
        arguments = {
            name: await self._callers.as_mention(value)
            if kind_of(commands, place.command, name) == "role"
            else value
            for name, value in filled.arguments.items()
        }
        answer = await self._dispatcher.answer(caller, place.command, arguments)
        await self._whisper(caller, where, answer)
        if place.in_home:
            await self.doors.show_home(caller)

    async def _take(self, caller: Caller, line: str, file: Payload) -> Message:
        if caller.space != f"slack:{self._team()}":
            return await self._dispatcher.answer_line(
                caller, line
            )  # no file of strangers is read
        url = str(file.get("url_private_download") or file.get("url_private"))
        try:
            content = await self._web.fetch(url)
        except DeliveryError as error:
            await self._dispatcher.report(str(error))
            return no_file(await self._dispatcher.words(caller))
        name = clean(str(file.get("name") or "file"), lines=False)
        return await self._dispatcher.answer_line(
            caller, line, [Attachment(name=name, content=content)]
        )

    async def _open_form(self, payload: Payload, view: Block) -> None:
        try:
            await self._call("views.open", trigger_id=payload["trigger_id"], view=view)
        except DeliveryError as error:
            await self._dispatcher.report(str(error))
            if url := payload.get("response_url"):
                words = await self._words(payload)
                await self._tell(str(url), _stranger(payload), no_form(words), shared=False)

    async def _words(self, payload: Payload) -> Words:
        """Within the three seconds that Slack's trigger lives: nobody is looked up first."""
        return await self._dispatcher.words(_stranger(payload))

    async def _caller(
        self, payload: Payload, *, channel: str = "", alert: str | None = None
    ) -> Caller:
        who = _who(payload)
        return await self._callers.caller(
            team=who.team,
            channel=channel or who.channel,
            user=who.user,
            name=who.name,
            own_team=self._team(),
            alert=alert,
        )

    async def _tell(self, url: str, caller: Caller, message: Message, *, shared: bool) -> None:
        """The answer, and what did not fit into it, as far as the address allows; its sheet
        goes to the person, for no such answer can hold a file."""
        file = await self._files.of_answer(message.picture)
        kind = "in_channel" if shared else "ephemeral"
        if shared:  # what all see would ping
            message = replace(message, mention=None)
        first, *more = render_answer(message, file=file)
        try:
            try:
                await self._web.respond(url, _answer(first, kind))
            except SlackRefusal:
                if file is None:
                    raise
                # Slack does not say which of its views take private pictures.
                await self._web.respond(url, _answer(render_answer(message)[0], kind))
            for part in more:
                await self._web.respond(url, _answer(part, kind))
            if message.sheet is not None:
                await self._files.sheet_to(caller.user, message)
        except DeliveryError as error:
            await self._dispatcher.report(str(error))

    async def _whisper(self, caller: Caller, channel: str | None, message: Message) -> None:
        """An answer without an address: in the channel for one person, else directly."""
        try:
            for part in render_answer(message):
                body = {"text": part.text, "blocks": part.blocks}
                if not channel or not await self._ephemeral(channel, caller.user, body):
                    await self._call("chat.postMessage", channel=caller.user, **body)
        except DeliveryError as error:
            await self._dispatcher.report(str(error))

    async def _ephemeral(self, channel: str, user: str, body: dict[str, Any]) -> bool:
        """False where nobody or nothing can be shown so in this channel."""
        try:
            await self._call("chat.postEphemeral", channel=channel, user=user, **body)
        except (SlackRefusal, DeliveryMalformed):
            return False
        return True


def _line(action: Payload) -> str:
    """The command line of a pressed button or of the chosen line of a menu."""
    chosen = action.get("selected_option") or action
    return unescape(str(chosen.get("value") or ""))


class _Who(NamedTuple):
    """Who did something and where, as far as Slack says it with the deed."""

    team: str | None
    channel: str | None
    user: str
    name: str


def _who(payload: Payload) -> _Who:
    """Of a typed command, which is flat, or of a press or a form, which are nested."""
    if "user_id" in payload:
        return _Who(
            team=payload.get("team_id"),
            channel=payload.get("channel_id"),
            user=str(payload["user_id"]),
            name=str(payload.get("user_name") or ""),
        )
    user = payload.get("user") or {}
    return _Who(
        # the person's own workspace: a guest of a shared channel is a stranger
        team=user.get("team_id") or (payload.get("team") or {}).get("id"),
        channel=(payload.get("channel") or {}).get("id"),
        user=str(user["id"]),
        name=str(user.get("username") or user.get("name") or ""),
    )


def _stranger(payload: Payload) -> Caller:
    """Who asks, as far as the payload tells: without any right."""
    who = _who(payload)
    return Caller(
        platform="slack",
        space=f"slack:{who.team}",
        channel=f"slack:{who.channel}" if who.channel else None,
        user=who.user,
        name=who.name,
    )


def _answer(part: Rendered, kind: str) -> dict[str, Any]:
    return {
        "response_type": kind,
        "replace_original": False,
        "text": part.text,
        "blocks": part.blocks,
        "unfurl_links": False,
        "unfurl_media": False,
    }
