"""Forms in Slack, which calls them modals: a command's arguments, or the files of an import.

Limits: https://docs.slack.dev/reference/views/modal-views.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bot.chat.slack.rich import Block
from bot.chat.text import clean, shorten
from bot.model.command import Argument, Command, Words

FORM = "ebb-form"
FILES = 10
"""Files that one form takes."""
_TITLE, _LABEL, _HINT, _OPTION, _OPTIONS = 24, 200, 300, 75, 100
_REST = "words"

Payload = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a form is about: its command, the channel it speaks of ("" for none), and whether
    it was opened in the app's home."""

    command: str
    channel: str = ""
    in_home: bool = False


def form_of(commands: Sequence[Command], line: str, *, pressed: bool = False) -> Command | None:
    """The command that this line asks a form of: one with a file, which Slack cannot attach,
    or one that was written (or `pressed`) without its arguments."""
    words = line.lower().split()
    found = [one for one in commands if words[: len(one.name.split())] == one.name.split()]
    best = max(found, key=lambda command: len(command.name), default=None)
    if best is None or _takes_file(best):
        return best
    bare = len(words) == len(best.name.split())
    return best if bare and best.form and (pressed or best.asks) else None


def form(command: Command, typed: str, place: Place, words: Words) -> Block:
    """The view; `typed` are further arguments of an import as they were typed."""
    blocks = (
        _file_blocks(command, typed, words)
        if _takes_file(command)
        else [_field(one, words) for one in command.asked]
    )
    return {
        "type": "modal",
        "callback_id": FORM,
        "title": _plain(shorten(command.name.capitalize(), _TITLE)),
        "submit": _plain(shorten(words.say("Send"), _TITLE)),
        "close": _plain(shorten(words.say("Cancel"), _TITLE)),
        "private_metadata": json.dumps(asdict(place)),
        "blocks": blocks,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A form that came back: either `files` and further `words`, or `arguments` by name."""

    place: Place
    arguments: Mapping[str, str]
    files: Sequence[Payload] = ()

    @property
    def line(self) -> str:
        """The command line beside the files."""
        return f"{self.place.command} {self.arguments.get(_REST, '')}".strip()


def read_form(view: Payload) -> Filled:
    arguments: dict[str, str] = {}
    files: Sequence[Payload] = ()
    for name, inputs in view["state"]["values"].items():
        for given in inputs.values():
            chosen = given.get("selected_option") or {}
            value = given.get("value") or given.get("selected_date") or chosen.get("value")
            files = given.get("files") or files
            if told := clean(str(value or ""), lines=False):
                arguments[name] = told
    place = Place(**json.loads(view["private_metadata"]))
    return Filled(place=place, arguments=arguments, files=files)


def _takes_file(command: Command) -> bool:
    return any(one.kind == "file" for one in command.arguments)


def _file_blocks(command: Command, typed: str, words: Words) -> list[Block]:
    file = next(one for one in command.arguments if one.kind == "file")
    others = " · ".join(
        f"{one.name}: {words.say(one.help)}" for one in command.arguments if one.kind != "file"
    )
    files = {"type": "file_input", "action_id": file.name, "max_files": FILES}
    blocks = [_input(file.name, words.say(file.help), files)]
    if others or typed:
        value = {"initial_value": typed} if typed else {}
        text = {"type": "plain_text_input", "action_id": _REST, **value}
        label = others or words.say(command.help)
        blocks.append({**_input(_REST, label, text), "optional": True})
    return blocks


def _field(argument: Argument, words: Words) -> Block:
    element: Block = {"action_id": argument.name}
    if argument.choices:
        options = [
            {"text": _plain(shorten(words.say(label), _OPTION)), "value": choice}
            for choice, label in argument.labelled_choices()[:_OPTIONS]
        ]
        element |= {"type": "static_select", "options": options}
    elif argument.kind == "date":
        element |= {"type": "datepicker"}
    else:
        element |= {"type": "plain_text_input"}
    hint = shorten(clean(words.say(argument.help), lines=False), _HINT)
    return {
        **_input(argument.name, words.say(argument.called), element),
        "hint": _plain(hint),
        "optional": not argument.required,
    }


def _input(name: str, label: str, element: Block) -> Block:
    return {
        "type": "input",
        "block_id": name,
        "label": _plain(shorten(label or name, _LABEL)),
        "element": element,
    }


def _plain(text: str) -> dict[str, str]:
    return {"type": "plain_text", "text": text}
