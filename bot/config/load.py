"""From config.toml to `Settings`, or every problem at once."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import Field, ValidationError, field_validator, model_validator

from bot.config.settings import (
    QUIET,
    SUMMARY,
    Day,
    Listen,
    Section,
    SourceSettings,
    Span,
    Timezone,
)
from bot.errors import ConfigError
from checks.model import Kind, Sensitivity, Severity

AnySection = TypeVar("AnySection", bound=Section)
_CHANNEL = r"^(discord|slack|console):[A-Za-z0-9_.-]+$"


class ChecksSettings(Section):
    sensitivity: Sensitivity = "balanced"
    min_percent: float | None = Field(None, ge=0, le=100)
    min_count: int | None = Field(None, ge=0)
    news: Span = timedelta(days=7)


class SpaceSettings(Section):
    """The wall between teams: a guild or workspace and the accounts it may see."""

    id: str = Field(pattern=r"^(discord|slack):[A-Za-z0-9]+$")
    accounts: tuple[str, ...]
    manager_roles: tuple[str, ...] = ()
    max_accounts: int = Field(500, ge=1, le=10_000_000)


class ChannelSettings(Section):
    channel: str = Field(pattern=_CHANNEL)
    accounts: tuple[str, ...] = ("*",)
    kinds: tuple[Kind, ...] = ()
    direction: Literal["both", "up", "down"] = "both"
    min_severity: Severity = "info"
    min_percent: float | None = Field(None, ge=0, le=100)
    min_count: int | None = Field(None, ge=0)
    summary: str | None = Field(None, pattern=SUMMARY)
    quiet: str | None = Field(None, pattern=QUIET)
    mention: str | None = Field(None, pattern=r"^role:[A-Za-z0-9]+$")
    thread: Literal["no", "also", "only"] = "no"
    remind: Span | None = None
    digest_above: int = Field(5, ge=1, le=1000)
    timezone: Timezone | None = None
    locale: str | None = None


class EventSettings(Section):
    name: str
    kind: Literal["campaign", "deadline", "platform_notice", "outage"]
    start: Day = Field(alias="from")
    to: Day | None = None
    platform: str | None = None
    account: str | None = None

    @model_validator(mode="after")
    def _in_order(self) -> EventSettings:
        if self.to and self.to < self.start:
            raise ValueError("to lies before from: swap them")
        return self


class GoalSettings(Section):
    account: str
    followers: int = Field(gt=0, le=10**12)
    by: Day


class ServeSettings(Section):
    listen: Listen = "127.0.0.1:9464"


class LogSettings(Section):
    format: Literal["text", "json"] = "text"
    level: Literal["debug", "info", "warning", "error"] = "info"


class Settings(Section):
    """The whole config file; `sources` holds each kind's own settings class."""

    timezone: Timezone = "UTC"
    locale: str = "en"
    database: str = "ebbwatch.db"
    secrets: str = "secrets"
    keep: Span | None = None
    operator: str | None = Field(None, pattern=_CHANNEL)
    sources: tuple[SourceSettings, ...] = ()
    checks: ChecksSettings = ChecksSettings()
    spaces: tuple[SpaceSettings, ...] = ()
    channels: tuple[ChannelSettings, ...] = ()
    events: tuple[EventSettings, ...] = ()
    goals: tuple[GoalSettings, ...] = ()
    chats: Mapping[str, Section] = Field(default_factory=dict)
    serve: ServeSettings | None = None
    log: LogSettings = LogSettings()
    root: str = "."

    @field_validator("channels")
    @classmethod
    def _one_section_each(
        cls, channels: tuple[ChannelSettings, ...]
    ) -> tuple[ChannelSettings, ...]:
        names = [entry.channel for entry in channels]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"{name} has two sections: merge them into one")
        return channels

    @property
    def replays(self) -> bool:
        return any(source.replay_from for source in self.sources)

    @property
    def tags(self) -> dict[str, tuple[str, ...]]:
        """Tags by account, or by handle where a source without a platform names them."""
        return {
            name if "/" in name or not source.platform else f"{source.platform}/{name}": words
            for source in self.sources
            for name, words in source.tags.items()
        }

    def path(self, name: str) -> Path:
        """A path of the config file; relative ones start from the file's own folder."""
        return Path(self.root, name).expanduser()


Kinds = Mapping[str, type[SourceSettings]]
Chats = Mapping[str, type[Section]]


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
    """Checks a parsed config; `kinds` and `chats` map names to their settings classes."""
    raw = dict(raw)
    problems: list[str] = []
    sections = {
        name: _section(raw.pop(name), cls, name, problems)
        for name, cls in chats.items()
        if name in raw
    }
    sources = _sources(raw.pop("sources", []), kinds, problems)
    for key in ("chats", "root"):
        if key in raw:
            problems.append(f"{key}: unknown key; remove it")
            del raw[key]
    settings = _section({**raw, "root": root}, Settings, "", problems)
    if settings is not None:
        problems.extend(_cross_checks(settings, sources, sections, kinds))
    if problems or settings is None:
        raise ConfigError(problems)
    zoned = [
        source if source.timezone else source.model_copy(update={"timezone": settings.timezone})
        for source in sources
    ]
    return settings.model_copy(update={"sources": tuple(zoned), "chats": sections})


def _section(
    raw: object, cls: type[AnySection], where: str, problems: list[str]
) -> AnySection | None:
    try:
        return cls.model_validate(raw)
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


def _cross_checks(
    settings: Settings,
    sources: Sequence[SourceSettings],
    chats: Mapping[str, Section | None],
    kinds: Kinds,
) -> Iterator[str]:
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
    for number, entry in enumerate(settings.channels):
        platform = entry.channel.partition(":")[0]
        if platform != "console" and platform not in chats:
            yield (
                f"channels[{number}].channel: {entry.channel} needs a [{platform}] section "
                "with its token"
            )
        elif platform != "console" and not any(
            space.id.startswith(platform + ":") for space in settings.spaces
        ):
            yield (
                f"channels[{number}].channel: {entry.channel} belongs to no team yet: add a "
                f"[[spaces]] entry whose id names the {platform} server it is in"
            )
    slack = [space.id for space in settings.spaces if space.id.startswith("slack:")]
    if len(slack) > 1:
        yield (
            f"spaces: {', '.join(slack)} are two Slack workspaces: one process serves one "
            "workspace; run a second ebbwatch with its own config"
        )


_FORMS = {
    "channel": 'write "console:main", "discord:CHANNEL_ID" or "slack:C0123"',
    "operator": 'write "console:main", "discord:CHANNEL_ID" or "slack:C0123"',
    "id": 'write "discord:GUILD_ID" or "slack:T0TEAM"',
    "summary": 'write "daily 09:00", "mon 09:00" or "1st 09:00"',
    "quiet": 'write "22:00-07:00"',
    "mention": 'write "role:ROLE_ID"',
    "listen": 'write "127.0.0.1:9464"',
    "url": 'begin it with "https://"',
    "api_base": 'begin it with "https://"',
}


def _sentences(error: ValidationError, cls: type[Section], where: str) -> Iterator[str]:
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
