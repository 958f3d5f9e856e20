"""The Command table as one native slash command `/ebb`, and what people send back, as JSON.

Limits: https://docs.discord.com/developers/interactions/application-commands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.chat.text import clean, shorten
from bot.model.command import Argument, ArgumentKind, Command, Words

ROOT = "ebb"
SHARE = "share"
PERSONAL, ASKED_PERSONALLY = "ebb-status", "status"
"""What a person who installed the app asks in a direct message, and the command behind it."""

OPTIONS, CHOICES, DESCRIPTION, CHOICE = 25, 25, 100, 100
SUBCOMMAND, GROUP, STRING, BOOLEAN, NUMBER, ATTACHMENT = 1, 2, 3, 5, 10, 11
_LOCALES = frozenset(
    {
        *("bg", "cs", "da", "de", "el", "fi", "fr", "hi", "hr", "hu", "it", "ja", "ko"),
        *("lt", "nl", "no", "pl", "ro", "ru", "th", "tr", "uk", "vi"),
    }
)
"""Discord's codes that name a language alone."""
_TYPES: dict[ArgumentKind, int] = {"number": NUMBER, "file": ATTACHMENT}
_COMPLETED = {"account", "incident", "span", "until", "subscription"}
_IN_GUILDS, _WITH_THE_BOT, _AMONG_PEOPLE = 0, 1, 2
_BY_SERVER, _BY_PERSON = 0, 1
"""Where a command is used and who installed the app (documentation: contexts, installation)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One use of `/ebb`: `files` maps argument names to attachment ids."""

    name: str
    arguments: Mapping[str, str]
    files: Mapping[str, str]
    share: bool
    focused: str | None = None


def payload(commands: Sequence[Command], languages: Mapping[str, Words]) -> dict[str, Any]:
    """What is registered with Discord: two-word names become groups.

    Discord shows each person the descriptions in the language of their own app.
    """
    options: dict[str, dict[str, Any]] = {}
    for command in commands:
        first, _, second = command.name.partition(" ")
        if not second:
            options[first] = _subcommand(command, first, languages)
            continue
        group = options.setdefault(
            first,
            {"type": GROUP, "name": first, "description": first, "options": []},
        )
        group["options"].append(_subcommand(command, second, languages))
    return {
        "type": 1,
        "name": ROOT,
        **_described(
            languages, lambda words: words.say("Follower counts, incidents and alerts")
        ),
        "contexts": [_IN_GUILDS],
        "integration_types": [_BY_SERVER],
        "options": list(options.values()),
    }


def personal_payload(
    commands: Sequence[Command], languages: Mapping[str, Words]
) -> dict[str, Any]:
    """`status` for direct messages: whoever shares a server with the bot, or installed it."""
    command = next(one for one in commands if one.name == ASKED_PERSONALLY)
    return {
        "type": 1,
        "name": PERSONAL,
        **_described(languages, lambda words: words.say(command.help)),
        "contexts": [_WITH_THE_BOT, _AMONG_PEOPLE],
        "integration_types": [_BY_SERVER, _BY_PERSON],
        "options": [
            {**_option(one, languages, command), "autocomplete": False}
            for one in command.arguments
        ],
    }


def same(registered: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether Discord already has `wanted`; what it adds by itself does not count."""
    return bool(_essence(registered) == _essence(wanted))


def read_call(data: Mapping[str, Any]) -> Call:
    """The used subcommand and its options out of an interaction's data."""
    words: list[str] = []
    options: Sequence[Mapping[str, Any]] = data.get("options", ())
    while options and options[0]["type"] in {SUBCOMMAND, GROUP}:
        words.append(options[0]["name"])
        options = options[0].get("options", ())
    arguments: dict[str, str] = {}
    files: dict[str, str] = {}
    share, focused = False, None
    for option in options:
        if option.get("focused"):
            focused = option["name"]
        if option["type"] == ATTACHMENT:
            files[option["name"]] = str(option["value"])
        elif option["name"] == SHARE and option["type"] == BOOLEAN:
            share = bool(option["value"])
        else:
            arguments[option["name"]] = _text(option["value"])
    return Call(
        name=" ".join(words), arguments=arguments, files=files, share=share, focused=focused
    )


def _subcommand(command: Command, name: str, languages: Mapping[str, Words]) -> dict[str, Any]:
    ordered = sorted(command.arguments, key=lambda argument: not argument.required)
    options = [_option(argument, languages, command) for argument in ordered]
    shared = {
        "type": BOOLEAN,
        "name": SHARE,
        **_described(
            languages, lambda words: words.say("Show the answer to everybody in this channel")
        ),
    }
    return {
        "type": SUBCOMMAND,
        "name": name,
        **_described(languages, lambda words: words.say(command.help)),
        "options": [*options, shared],
    }


def _option(
    argument: Argument, languages: Mapping[str, Words], command: Command
) -> dict[str, Any]:
    option: dict[str, Any] = {
        "type": _TYPES.get(argument.kind, STRING),
        "name": argument.name,
        **_described(languages, lambda words: words.say(argument.help)),
    }
    if argument.required and not command.form:  # else the form could not be asked for
        option["required"] = True
    if argument.choices:
        option["choices"] = [
            {"name": choice[:CHOICE], "value": choice} for choice in argument.choices[:CHOICES]
        ]
    elif argument.kind in _COMPLETED:
        option["autocomplete"] = True
    return option


def _described(languages: Mapping[str, Words], told: Callable[[Words], str]) -> dict[str, Any]:
    texts = {
        code: shorten(clean(told(words), lines=False), DESCRIPTION) or ROOT
        for code, words in languages.items()
    }
    others = {code: text for code, text in texts.items() if code in _LOCALES}
    return {"description": texts["en"], "description_localizations": others}


def _text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


_DEFAULTS = {
    "required": False,
    "autocomplete": False,
    "choices": [],
    "options": [],
    "description_localizations": {},
}
_COMPARED = ("type", "name", "description", "contexts", "integration_types", *_DEFAULTS)


def _essence(command: Mapping[str, Any]) -> dict[str, Any]:
    essence = {key: command.get(key) or _DEFAULTS.get(key) for key in _COMPARED}
    essence["options"] = [_essence(option) for option in command.get("options") or ()]
    essence["choices"] = [
        {"name": choice["name"], "value": choice["value"]}
        for choice in command.get("choices") or ()
    ]
    return essence
