"""What Discord accepts, from its public documentation, as errors nested like its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Errors = dict[str, Any]
_LOCALES = frozenset(
    {
        *("id", "da", "de", "en-GB", "en-US", "es-ES", "es-419", "fr", "hr", "it", "lt", "hu"),
        *("nl", "no", "pl", "pt-BR", "ro", "fi", "sv-SE", "vi", "tr", "cs", "el", "bg", "ru"),
        *("uk", "hi", "th", "zh-CN", "ja", "zh-TW", "ko"),
    }
)
_COMMAND_NAME = re.compile(r"^[-_'\w]{1,32}$", re.UNICODE)
PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".gif")


def units(text: str) -> int:
    """UTF-16 units after trimming: the strictest reading of "characters"."""
    text = text.strip()
    return len(text) + sum(char > "\uffff" for char in text)


def _length(errors: Errors, key: str, text: object, low: int, high: int) -> None:
    if not isinstance(text, str):
        errors[key] = _error("BASE_TYPE_BAD_TYPE", "This field is not a string.")
    elif units(text) > high:
        errors[key] = _error("BASE_TYPE_MAX_LENGTH", f"Must be {high} or fewer in length.")
    elif units(text) < low:
        errors[key] = _error("BASE_TYPE_REQUIRED", "This field is required")


def _error(code: str, message: str) -> Errors:
    return {"_errors": [{"code": code, "message": message}]}


def check_message(message: Mapping[str, Any], files: Mapping[str, bytes]) -> Errors:
    """`files` are those that will be on the message afterwards, by name."""
    errors: Errors = {}
    if message.get("content"):
        _length(errors, "content", message["content"], 0, 2000)
    if len(str(message.get("nonce") or "")) > 25:
        errors["nonce"] = _error("NONCE_TYPE_INVALID", "Must be 25 or fewer in length.")
    embeds = message.get("embeds") or []
    if len(embeds) > 10:
        errors["embeds"] = _error("BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length.")
    nested = {
        str(at): bad for at, one in enumerate(embeds) if (bad := _check_embed(one, files))
    }
    total = sum(map(_embed_size, embeds))
    if total > 6000:
        nested["_errors"] = [
            {
                "code": "MAX_EMBED_SIZE_EXCEEDED",
                "message": "Embed size exceeds maximum size of 6000",
            }
        ]
    if nested:
        errors["embeds"] = nested
    components = message.get("components") or []
    if message.get("flags", 0) & LAYOUT:
        if message.get("content") or embeds:
            errors["content"] = _error(
                "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
                "The 'content' and 'embeds' fields cannot be used with components v2",
            )
        if bad := check_layout(components, files):
            errors["components"] = bad
    elif rows := _check_rows(components):
        errors["components"] = rows
    if len(files) > 10:
        errors["attachments"] = _error("BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length.")
    mentions = message.get("allowed_mentions") or {}
    for kind in ("users", "roles"):
        if mentions.get(kind) and kind in (mentions.get("parse") or []):
            errors["allowed_mentions"] = _error(
                "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
                f'parse:["{kind}"] and {kind}: [ids] ',
            )
    return errors


def _check_embed(embed: Mapping[str, Any], files: Mapping[str, bytes]) -> Errors:
    errors: Errors = {}
    for key, high in (("title", 256), ("description", 4096)):
        if embed.get(key) is not None:
            _length(errors, key, embed[key], 0, high)
    if embed.get("footer"):
        footer: Errors = {}
        _length(footer, "text", embed["footer"].get("text"), 1, 2048)
        if footer:
            errors["footer"] = footer
    fields = embed.get("fields") or []
    if len(fields) > 25:
        errors["fields"] = _error("BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
    for at, field in enumerate(fields):
        bad: Errors = {}
        _length(bad, "name", field.get("name"), 1, 256)
        _length(bad, "value", field.get("value"), 1, 1024)
        if bad:
            errors.setdefault("fields", {})[str(at)] = bad
    url = (embed.get("image") or {}).get("url", "")
    if url.startswith("attachment://"):
        name = url.removeprefix("attachment://")
        if name not in files or not name.endswith(PICTURES):
            errors["image"] = {"url": _error("URL_TYPE_INVALID_URL", "Not a well formed URL.")}
    if not any(embed.get(key) for key in ("title", "description", "fields", "footer", "image")):
        errors["description"] = _error("BASE_TYPE_REQUIRED", "This field is required")
    return errors


def _embed_size(embed: Mapping[str, Any]) -> int:
    parts = [
        embed.get("title"),
        embed.get("description"),
        (embed.get("footer") or {}).get("text"),
    ]
    for field in embed.get("fields") or []:
        parts += [field.get("name"), field.get("value")]
    return sum(units(part) for part in parts if isinstance(part, str))


LAYOUT = 1 << 15
"""The flag of a message that is made of components alone."""


def check_layout(components: list[Mapping[str, Any]], files: Mapping[str, bytes]) -> Errors:
    """Components V2: at most 40 in all and 4,000 characters of text, each one as documented."""
    errors: Errors = {}
    every = list(walk(components))
    if not 1 <= len(every) <= 40:
        errors["_errors"] = [{"code": "BASE_TYPE_BAD_LENGTH", "message": f"{len(every)} of 40"}]
    text = sum(units(one["content"]) for one in every if one.get("type") == 10)
    if text > 4000:
        errors["_errors"] = [{"code": "MAX_TEXT_DISPLAY_SIZE_EXCEEDED", "message": str(text)}]
    if any(one.get("type") not in {1, 9, 10, 12, 13, 14, 17} for one in components):
        errors["_errors"] = [{"code": "BASE_TYPE_CHOICES", "message": "top level"}]
    seen: set[str] = set()
    numbers = [one["id"] for one in every if one.get("id")]
    if len(set(numbers)) < len(numbers) or any(not 0 < one < 2**31 for one in numbers):
        errors["_errors"] = [{"code": "COMPONENT_ID_INVALID", "message": str(numbers)}]
    for at, one in enumerate(every):
        bad: Errors = {}
        _check_component(bad, one, files)
        _check_custom_id(bad, one, seen)
        if bad:
            errors[str(at)] = bad
    return errors


def walk(components: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Every component of a layout, outer ones first."""
    for one in components:
        yield one
        yield from walk(one.get("components") or ())
        if one.get("accessory"):
            yield from walk([one["accessory"]])


def _check_component(
    errors: Errors, one: Mapping[str, Any], files: Mapping[str, bytes]
) -> None:
    kind, inner = one.get("type"), one.get("components") or []
    if kind == 17 and (not inner or any(each["type"] == 17 for each in inner)):
        errors["components"] = _error("BASE_TYPE_BAD_LENGTH", "a frame holds components")
    if kind == 9:
        texts = 1 <= len(inner) <= 3 and all(each["type"] == 10 for each in inner)
        if not texts or one.get("accessory", {}).get("type") not in {2, 11}:
            errors["components"] = _error("BASE_TYPE_REQUIRED", "text and an accessory")
    if kind == 10:
        _length(errors, "content", one.get("content"), 1, 4000)
    if kind in {12, 13}:
        for item in one.get("items") or [{"media": one.get("file")}]:
            url = (item.get("media") or {}).get("url", "")
            name = url.removeprefix("attachment://")
            if url.startswith("attachment://") and (
                name not in files or (kind == 12 and not name.endswith(PICTURES))
            ):
                errors["media"] = _error("URL_TYPE_INVALID_URL", "Not a well formed URL.")
    if kind == 1:
        _check_row(errors, inner)
    if kind == 2:
        _length(errors, "label", one.get("label"), 1, 80)
        if one.get("style") not in {1, 2, 3, 4}:
            errors["style"] = _error("BASE_TYPE_CHOICES", "must be one of (1, 2, 3, 4).")
    if kind == 3:
        _check_select(errors, one)


def _check_row(errors: Errors, children: list[Mapping[str, Any]]) -> None:
    kinds = [one.get("type") for one in children]
    if kinds != [3] and (not 1 <= len(kinds) <= 5 or set(kinds) != {2}):
        errors["components"] = _error(
            "COMPONENT_LAYOUT_WIDTH_EXCEEDED",
            "The specified component exceeds the maximum width",
        )


def _check_select(errors: Errors, one: Mapping[str, Any]) -> None:
    options = one.get("options") or []
    values = [option.get("value") for option in options]
    if not 1 <= len(options) <= 25 or len(set(values)) < len(values):
        errors["options"] = _error("BASE_TYPE_BAD_LENGTH", "1 to 25, each value once")
    for option in options:
        _length(errors, "option label", option.get("label"), 1, 100)
        _length(errors, "option value", option.get("value"), 1, 100)
    _length(errors, "placeholder", one.get("placeholder"), 1, 150)


def _check_custom_id(errors: Errors, one: Mapping[str, Any], seen: set[str]) -> None:
    if one.get("type") not in {2, 3}:
        return
    _length(errors, "custom_id", one.get("custom_id"), 1, 100)
    if one.get("custom_id") in seen:
        errors["custom_id"] = _error(
            "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated"
        )
    seen.add(str(one.get("custom_id")))


def _check_rows(rows: list[Mapping[str, Any]]) -> Errors:
    """Of a message with an embed: rows of buttons or one menu, nothing else."""
    errors: Errors = {}
    if len(rows) > 5:
        return _error("BASE_TYPE_MAX_LENGTH", "Must be 5 or fewer in length.")
    if any(row.get("type") != 1 for row in rows):
        return _error("BASE_TYPE_CHOICES", "Value must be one of (1,).")
    seen: set[str] = set()
    for at, one in enumerate(walk(rows)):
        bad: Errors = {}
        _check_component(bad, one, {})
        _check_custom_id(bad, one, seen)
        if bad:
            errors[str(at)] = bad
    return errors


def check_command(command: Mapping[str, Any]) -> Errors:
    errors = _check_option(command)
    if _command_size(command) > 8000:
        errors["_errors"] = [
            {"code": "BASE_TYPE_MAX_LENGTH", "message": "Must be 8000 or fewer."}
        ]
    return errors


def _check_option(option: Mapping[str, Any]) -> Errors:
    errors: Errors = {}
    name = option.get("name", "")
    if not _COMMAND_NAME.match(name) or name != name.lower():
        errors["name"] = _error(
            "APPLICATION_COMMAND_INVALID_NAME", f"{name} is an invalid command name"
        )
    _length(errors, "description", option.get("description"), 1, 100)
    for locale, text in (option.get("description_localizations") or {}).items():
        _length(errors, f"description_localizations {locale}", text, 1, 100)
        if locale not in _LOCALES:
            errors["description_localizations"] = _error("BASE_TYPE_CHOICES", locale)
    options = option.get("options") or []
    if len(options) > 25:
        errors["options"] = _error("BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
    names = [one.get("name") for one in options]
    if len(set(names)) < len(names):
        errors["options"] = _error(
            "APPLICATION_COMMAND_OPTIONS_NAME_INVALID", "Option names must be unique"
        )
    wanted = [bool(one.get("required")) for one in options]
    if wanted != sorted(wanted, reverse=True):
        errors["options"] = _error(
            "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
            "Required options must be placed before non-required options",
        )
    choices = option.get("choices") or []
    if len(choices) > 25 or any(
        not 1 <= len(one["name"]) <= 100 or len(str(one["value"])) > 100 for one in choices
    ):
        errors["choices"] = _error("BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
    if choices and option.get("autocomplete"):
        errors["autocomplete"] = _error(
            "APPLICATION_COMMAND_CHOICES", "choices or autocomplete"
        )
    for at, one in enumerate(options):
        if bad := _check_option(one):
            errors.setdefault("options", {})[str(at)] = bad
    return errors


def _command_size(option: Mapping[str, Any]) -> int:
    translated = (option.get("description_localizations") or {}).values()
    own = len(option.get("name", ""))
    own += max(map(len, (option.get("description", ""), *translated)))
    own += sum(len(one["name"]) + len(str(one["value"])) for one in option.get("choices") or [])
    return own + sum(map(_command_size, option.get("options") or []))


def pings(message: Mapping[str, Any]) -> list[str]:
    """Who would be notified, by the content and `allowed_mentions` of a new message."""
    content = message.get("content") or ""
    content += "\n".join(
        re.sub(r"\\[^0-9A-Za-z\s]", "", one["content"])
        for one in walk(message.get("components") or ())
        if one.get("type") == 10
    )
    content = re.sub(r"```.*?```", "", content, flags=re.DOTALL)  # code is read by nobody
    allowed = message.get("allowed_mentions")
    parse = ["users", "roles", "everyone"] if allowed is None else allowed.get("parse") or []
    named = allowed or {}
    found = re.findall(r"@everyone|@here", content) if "everyone" in parse else []
    for kind, pattern in (("users", r"<@!?(\d+)>"), ("roles", r"<@&(\d+)>")):
        ids = re.findall(pattern, content)
        chosen = [str(one) for one in named.get(kind) or []]
        found += [f"{kind}:{one}" for one in ids if kind in parse or one in chosen]
    return found


def check_form(form: Mapping[str, Any]) -> bool:
    """Whether Discord would refuse a modal."""
    ids = [one["component"]["custom_id"] for one in form["components"]]
    return not (
        1 <= len(form["title"]) <= 45
        and 1 <= len(form["custom_id"]) <= 100
        and 1 <= len(ids) <= 5
        and len(set(ids)) == len(ids)
        and all(
            one["type"] == 18
            and 1 <= len(one["label"]) <= 45
            and len(one.get("description", "")) <= 100
            and one["component"]["type"] in {3, 4}
            and len(one["component"].get("options", ())) <= 25
            for one in form["components"]
        )
    )
