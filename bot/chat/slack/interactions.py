"""What people do in Slack, handed to the dispatcher: commands, buttons, the form for files."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bot.chat.slack.callers import Callers
from bot.chat.slack.errors import SlackRefusal
from bot.chat.slack.files import Files
from bot.chat.slack.home import Doors
from bot.chat.slack.limits import Call
from bot.chat.slack.render import Rendered, button_delivery, render_answer, unescape
from bot.chat.slack.web import SlackWeb
from bot.chat.text import clean, shorten
from bot.chat.words import no_file, no_form
from bot.errors import DeliveryError, DeliveryMalformed
from bot.model.command import Attachment, Caller, Command, Dispatcher, Words
from bot.model.message import Message

FORM = "ebb-files"
SHARE = "share"
_TITLE = 24
_LABEL = 200

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
            tell=lambda url, message: self._tell(url, message, shared=False),
            whisper=self._whisper,
        )

    async def command(self, payload: Payload) -> None:
        line = clean(unescape(str(payload.get("text") or "")), lines=False)
        shared = line.split()[-1:] == [SHARE]
        if shared:
            line = line[: -len(SHARE)].strip()
        command = file_command(line, self._dispatcher.commands)
        if command is not None and payload.get("trigger_id"):
            await self._open_form(payload, command, line)
            return
        caller = await self._callers.caller(
            team=payload.get("team_id"),
            channel=payload.get("channel_id"),
            user=str(payload["user_id"]),
            name=str(payload.get("user_name") or ""),
            own_team=self._team(),
        )
        private = any(
            one.private
            for one in self._dispatcher.commands
            if line.lower().startswith(one.name)
        )
        message = await self._dispatcher.answer_line(caller, line)
        await self._tell(str(payload["response_url"]), message, shared=shared and not private)

    async def press(self, payload: Payload) -> None:
        action = payload["actions"][0]
        user = payload.get("user") or {}
        in_home = (payload.get("view") or {}).get("type") == "home"
        caller = await self._callers.caller(
            team=user.get("team_id") or (payload.get("team") or {}).get("id"),
            channel=(payload.get("channel") or {}).get("id"),
            user=str(user["id"]),
            name=str(user.get("username") or user.get("name") or ""),
            own_team=self._team(),
            alert=button_delivery(str(action.get("action_id") or "")),
        )
        message = await self._dispatcher.answer_line(caller, _line(action))
        if in_home:  # there is no address to answer to
            await self._whisper(caller, None, message)
            return
        await self._tell(str(payload["response_url"]), message, shared=False)

    async def submit(self, payload: Payload) -> None:
        view, user = payload["view"], payload.get("user") or {}
        asked = json.loads(view.get("private_metadata") or "{}")
        values = view["state"]["values"]
        typed = values.get("words", {}).get("words", {}).get("value") or ""
        line = f"{asked['command']} {clean(typed, lines=False)}".strip()
        caller = await self._callers.caller(
            team=user.get("team_id") or (payload.get("team") or {}).get("id"),
            channel=asked.get("channel"),
            user=str(user["id"]),
            name=str(user.get("username") or user.get("name") or ""),
            own_team=self._team(),
        )
        # The table's commands take one file: each of several gets its own answer.
        for file in values["file"]["file"].get("files") or ():
            message = await self._take(caller, line, file)
            await self._whisper(caller, asked.get("channel"), message)

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

    async def _open_form(self, payload: Payload, command: Command, line: str) -> None:
        """Within the three seconds that Slack's trigger lives: nobody is looked up first."""
        channel = str(payload.get("channel_id") or "")
        words = await self._dispatcher.words(_stranger(payload))
        view = form(command, line[len(command.name) :].strip(), channel, words)
        try:
            await self._call("views.open", trigger_id=payload["trigger_id"], view=view)
        except DeliveryError as error:
            await self._dispatcher.report(str(error))
            await self._tell(str(payload["response_url"]), no_form(words), shared=False)

    async def _tell(self, url: str, message: Message, *, shared: bool) -> None:
        """The answer, and what did not fit into it, as far as the address allows."""
        file = await self._files.of_answer(message.picture)
        kind = "in_channel" if shared else "ephemeral"
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
        except DeliveryError as error:
            await self._dispatcher.report(str(error))

    async def _whisper(self, caller: Caller, channel: str | None, message: Message) -> None:
        """An answer without an address: in the channel for one person, else directly."""
        for part in render_answer(message):
            body = {"text": part.text, "blocks": part.blocks}
            try:
                await self._call(
                    "chat.postEphemeral", channel=channel or "", user=caller.user, **body
                )
            except (SlackRefusal, DeliveryMalformed):
                try:
                    await self._call("chat.postMessage", channel=caller.user, **body)
                except DeliveryError as error:
                    await self._dispatcher.report(str(error))
                    return
            except DeliveryError as error:
                await self._dispatcher.report(str(error))
                return


def _line(action: Payload) -> str:
    """The command line of a pressed button or of the chosen line of a menu."""
    chosen = action.get("selected_option") or action
    return unescape(str(chosen.get("value") or ""))


def file_command(line: str, commands: Sequence[Command]) -> Command | None:
    """The command of this line, if it takes a file: Slack cannot attach one to a command."""
    words = line.lower().split()
    found = [c for c in commands if words[: len(c.name.split())] == c.name.split()]
    best = max(found, key=lambda command: len(command.name), default=None)
    takes = best is not None and any(a.kind == "file" for a in best.arguments)
    return best if takes else None


def form(command: Command, typed: str, channel: str, words: Words) -> dict[str, Any]:
    """The view that asks for files; `typed` are further arguments as they were typed."""
    title = shorten(command.name.capitalize(), _TITLE)
    file = next(a for a in command.arguments if a.kind == "file")
    others = " · ".join(
        f"{a.name}: {words.say(a.help)}" for a in command.arguments if a.kind != "file"
    )
    files = {"type": "file_input", "action_id": "file", "max_files": 10}
    blocks = [_input("file", words.say(file.help), files)]
    if others or typed:
        value = {"initial_value": typed} if typed else {}
        text = {"type": "plain_text_input", "action_id": "words", **value}
        label = others or words.say(command.help)
        blocks.append({**_input("words", label, text), "optional": True})
    return {
        "type": "modal",
        "callback_id": FORM,
        "title": _plain(title),
        "submit": _plain(title),
        "private_metadata": json.dumps({"command": command.name, "channel": channel}),
        "blocks": blocks,
    }


def _stranger(payload: Payload) -> Caller:
    """Who asks, as far as the payload tells: without any right."""
    return Caller(
        platform="slack",
        space=f"slack:{payload.get('team_id')}",
        channel=f"slack:{payload.get('channel_id')}",
        user=str(payload["user_id"]),
        name=str(payload.get("user_name") or ""),
    )


def _input(id: str, label: str, element: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "input",
        "block_id": id,
        "label": _plain(shorten(label or id, _LABEL)),
        "element": element,
    }


def _plain(text: str) -> dict[str, str]:
    return {"type": "plain_text", "text": text}


def _answer(part: Rendered, kind: str) -> dict[str, Any]:
    return {
        "response_type": kind,
        "replace_original": False,
        "text": part.text,
        "blocks": part.blocks,
        "unfurl_links": False,
        "unfurl_media": False,
    }
