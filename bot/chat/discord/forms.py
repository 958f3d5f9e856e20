"""A command's arguments as a form, as plain JSON: Discord calls it a modal.

Limits: https://docs.discord.com/developers/components/reference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.chat.discord.commands import CHOICE, CHOICES, DESCRIPTION, ROOT
from bot.chat.text import clean, shorten
from bot.model.command import Argument, Command, Words

PREFIX = "ebb-form:"
TITLE, LABEL, VALUE = 45, 45, 400
_SELECT, _INPUT, _LABEL = 3, 4, 18
_ONE_LINE = 1


def form_of(commands: Sequence[Command], name: str, *, pressed: bool) -> Command | None:
    """The command of this name, if it has a form that opens so."""
    found = next((one for one in commands if one.name == name and one.form), None)
    return found if found and (pressed or found.asks) else None


def form(command: Command, words: Words) -> dict[str, Any]:
    return {
        "custom_id": f"{PREFIX}{command.name}",
        "title": shorten(f"/{ROOT} {command.name}", TITLE),
        "components": [_field(one, words) for one in command.asked],
    }


def read_form(data: Mapping[str, Any]) -> tuple[str, dict[str, str]] | None:
    """The command and what was filled in; None where the form is not one of ours."""
    custom_id = str(data.get("custom_id", ""))
    if not custom_id.startswith(PREFIX):
        return None
    filled: dict[str, str] = {}
    for row in data.get("components", ()):
        one = row["component"]
        values = one.get("values") or [one.get("value") or ""]
        if value := clean(str(values[0]), lines=False):
            filled[one["custom_id"]] = value
    return custom_id.removeprefix(PREFIX), filled


def _field(argument: Argument, words: Words) -> dict[str, Any]:
    asked: dict[str, Any] = {"custom_id": argument.name, "required": argument.required}
    if argument.choices:
        choices = [
            {"label": shorten(words.say(label), CHOICE), "value": choice}
            for choice, label in argument.labelled_choices()[:CHOICES]
        ]
        asked |= {"type": _SELECT, "options": choices}
    else:
        asked |= {"type": _INPUT, "style": _ONE_LINE, "max_length": VALUE}
    return {
        "type": _LABEL,
        "label": shorten(words.say(argument.called), LABEL),
        "description": shorten(clean(words.say(argument.help), lines=False), DESCRIPTION),
        "component": asked,
    }
