"""From config.toml to `Settings`, or every problem at once."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from bot.config.schema import ChannelSettings, Settings
from bot.config.settings import SourceSettings
from bot.errors import ConfigError
from bot.model.chat import OPERATOR_SPACE, ChatKind

AnySection = TypeVar("AnySection", bound=BaseModel)


Kinds = Mapping[str, type[SourceSettings]]
Chats = Mapping[str, ChatKind]


def load(path: Path, kinds: Kinds, chats: Chats) -> Settings:
    """Reads a config file; raises ConfigError with all problems, each with its key path."""
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise ConfigError(
            [f"{path} does not exist: run `ebbwatch init` or name a file with --config"]
        ) from None
    except UnicodeDecodeError as error:
        raise ConfigError(
            [f"{path} is not UTF-8 (byte {error.start}): save it as UTF-8"]
        ) from None
    except OSError as error:
        raise ConfigError([f"{path} cannot be read: {error.strerror}"]) from None
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([f"{path} is no valid TOML: {error}"]) from None
    return parse(raw, kinds, chats, root=str(path.parent))


def parse(raw: Mapping[str, Any], kinds: Kinds, chats: Chats, *, root: str = ".") -> Settings:
    """Checks a parsed config; `kinds` are the sources' settings classes, `chats` is CHATS."""
    raw = dict(raw)
    problems: list[str] = []
    sections = {
        name: _section(raw.pop(name), kind.settings, name, problems)
        for name, kind in chats.items()
        if name in raw
    }
    sources = _sources(raw.pop("sources", []), kinds, problems)
    for key in ("chats", "homes", "root"):
        if key in raw:
            problems.append(f"{key}: unknown key; remove it")
            del raw[key]
    context = {"chats": chats}
    settings = _section({**raw, "root": root}, Settings, "", problems, context)
    homes: dict[str, str] = {}
    if settings is not None:
        problems.extend(_replays_or_not(sources))
        problems.extend(_one_space_each(settings, chats))
        for number, entry in enumerate(settings.channels):
            where = f"channels[{number}]"
            problems.extend(
                f"{where}.{problem}"
                for problem in _home(entry, settings, chats, sections, homes)
            )
    if problems or settings is None:
        raise ConfigError(problems)
    zoned = [
        source if source.timezone else source.model_copy(update={"timezone": settings.timezone})
        for source in sources
    ]
    return settings.model_copy(
        update={"sources": tuple(zoned), "chats": sections, "homes": homes}
    )


def _section(
    raw: object,
    cls: type[AnySection],
    where: str,
    problems: list[str],
    context: Mapping[str, object] | None = None,
) -> AnySection | None:
    try:
        return cls.model_validate(raw, context=context)
    except ValidationError as error:
        problems.extend(_sentences(error, cls, where))
        return None


def _sources(raw: object, kinds: Kinds, problems: list[str]) -> list[SourceSettings]:
    if not isinstance(raw, list):
        problems.append("sources: write each source as its own [[sources]] table")
        return []
    found = []
    for number, entry in enumerate(raw):
        where = f"sources[{number}]"
        kind = entry.get("kind") if isinstance(entry, dict) else None
        if not isinstance(kind, str) or kind not in kinds:
            problems.append(
                f"{where}.kind: {_unknown(kind, kinds)}"
                if kind
                else f"{where}.kind: missing; use one of {', '.join(sorted(kinds))}"
            )
            continue
        section = _section(entry, kinds[kind], where, problems)
        if section is not None:
            found.append(section)
    return found


def _replays_or_not(sources: Sequence[SourceSettings]) -> Iterator[str]:
    names = [source.name for source in sources]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f'sources: two sources are named "{name}": give each its own name'
    replayed = [source for source in sources if source.replay_from]
    if replayed and len(replayed) < len(sources):
        for source in sources:
            if not source.replay_from:
                yield (
                    f'sources "{source.name}": another source has replay_from, so the whole '
                    "run is a replay: give this one replay_from too, or remove it"
                )


def _one_space_each(settings: Settings, chats: Chats) -> Iterator[str]:
    for platform, kind in chats.items():
        linked = _spaces_of(platform, settings)
        if kind.alone and len(linked) > 1:
            yield (
                f"spaces: {', '.join(linked)} are two {kind.alone}s: one process serves one "
                f"{kind.alone.split()[-1]}; run a second ebbwatch with its own config"
            )


def _spaces_of(platform: str, settings: Settings) -> list[str]:
    return [space.id for space in settings.spaces if space.id.startswith(f"{platform}:")]


def _home(
    entry: ChannelSettings,
    settings: Settings,
    chats: Chats,
    sections: Mapping[str, BaseModel | None],
    homes: dict[str, str],
) -> Iterator[str]:
    """Notes the space that the channel lies in, where the config alone can tell it.

    A platform with one linked space has its channels nowhere else.
    """
    platform, _, name = entry.channel.partition(":")
    kind, linked = chats[platform], _spaces_of(platform, settings)
    if platform not in sections and not kind.always:
        yield f"channel: {entry.channel} needs a [{platform}] section with its token"
        return
    if kind.space and not linked:
        yield (
            f"channel: {entry.channel} belongs to no team yet: add a [[spaces]] entry whose "
            f"id names the {platform} server it is in"
        )
        return
    if entry.thread != "no" and not kind.can.threads:
        yield f"thread: {platform} has no threads: remove it"
    section = sections.get(platform)
    if section is None and platform in sections:
        return  # its own problems are told already
    try:
        home = kind.home(section, name)
    except ValueError as error:
        yield f"channel: {error}"
        return
    if home is None and len(linked) == 1:
        home = linked[0]
    if home is not None and home not in {OPERATOR_SPACE, *(one.id for one in settings.spaces)}:
        yield f"channel: {entry.channel} belongs to {home}, which no [[spaces]] entry links"
    elif home is not None:
        homes[entry.channel] = home


_FORMS = {
    "summary": 'write "daily 09:00", "mon 09:00" or "1st 09:00"',
    "quiet": 'write "22:00-07:00"',
    "mention": 'write "role:ROLE_ID"',
    "listen": 'write "127.0.0.1:9464"',
    "address": 'write "tcp://scheduler:8786" or "tls://scheduler:8786"',
    "url": 'begin it with "https://"',
    "api_base": 'begin it with "https://"',
}


def _sentences(error: ValidationError, cls: type[BaseModel], where: str) -> Iterator[str]:
    """Only `loc` and `msg` are used: an input value may be a secret."""
    for problem in error.errors(include_url=False, include_context=False, include_input=False):
        loc = problem["loc"]
        path = where
        for part in loc:
            path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
        if problem["type"] == "extra_forbidden":
            yield f"{path}: {_unknown(loc[-1], _known(cls, loc[:-1]))}"
        elif problem["type"] == "missing":
            yield f"{path}: missing; add it"
        elif problem["type"] == "string_pattern_mismatch":
            form = _FORMS.get(str(loc[-1]), "see config.example.toml for its form")
            yield f"{path}: not in the expected form; {form}"
        else:
            message = problem["msg"].removeprefix("Value error, ")
            yield f"{path or 'config'}: {message[:1].lower()}{message[1:]}"


def _known(cls: Any, loc: Sequence[int | str]) -> Iterator[str]:
    """The keys that the section at `loc` may have."""
    for part in loc:
        if isinstance(part, str) and part in getattr(cls, "model_fields", {}):
            cls = cls.model_fields[part].annotation
            while not hasattr(cls, "model_fields") and getattr(cls, "__args__", None):
                cls = cls.__args__[0]
    for name, info in getattr(cls, "model_fields", {}).items():
        yield info.alias or name


def _unknown(word: object, known: Any) -> str:
    near = difflib.get_close_matches(str(word), list(known), n=1)
    hint = f'did you mean "{near[0]}"?' if near else f"known are {', '.join(sorted(known))}"
    return f'"{word}" is unknown; {hint}'
