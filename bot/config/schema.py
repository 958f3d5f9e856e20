"""What may stand in config.toml, table by table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    IPvAnyNetwork,
    ValidationInfo,
    field_validator,
    model_validator,
)

from bot.config.settings import (
    QUIET,
    SUMMARY,
    Day,
    EngineSettings,
    Listen,
    Section,
    SourceSettings,
    Span,
    Timezone,
)
from bot.locales import languages
from bot.model.chat import ChatKind
from checks.model import Kind, Sensitivity, Severity


def _check_locale(locale: str) -> str:
    if locale.replace("-", "_").split("_")[0] not in languages():
        raise ValueError(f'"{locale}" is not spoken here; use one of {", ".join(languages())}')
    return locale


def _check_channel(name: str, info: ValidationInfo) -> str:
    kinds = _kinds(info)
    platform, _, channel = name.partition(":")
    if platform not in kinds or not re.fullmatch(kinds[platform].channel, channel):
        raise ValueError(_not_in_form(kind.forms[0] for kind in kinds.values()))
    return name


def _check_space(name: str, info: ValidationInfo) -> str:
    kinds = {platform: kind for platform, kind in _kinds(info).items() if kind.space}
    platform, _, space = name.partition(":")
    if platform not in kinds or not re.fullmatch(kinds[platform].space or "", space):
        raise ValueError(_not_in_form(kind.forms[1] for kind in kinds.values()))
    return name


def _kinds(info: ValidationInfo) -> Mapping[str, ChatKind]:
    kinds: Mapping[str, ChatKind] = (info.context or {})["chats"]
    return kinds


def _not_in_form(forms: Iterable[str]) -> str:
    *first, last = (f'"{form}"' for form in forms)
    return f"not in the expected form; write {', '.join(first)} or {last}"


Locale = Annotated[str, AfterValidator(_check_locale)]
ChannelName = Annotated[str, AfterValidator(_check_channel)]
SpaceName = Annotated[str, AfterValidator(_check_space)]


class ChecksSettings(Section):
    sensitivity: Sensitivity = "balanced"
    min_percent: float | None = Field(None, ge=0, le=100)
    min_count: int | None = Field(None, ge=0)
    news: Span = timedelta(days=7)


class SpaceSettings(Section):
    """The wall between teams: a guild or workspace and the accounts it may see."""

    id: SpaceName
    accounts: tuple[str, ...]
    manager_roles: tuple[str, ...] = ()
    max_accounts: int = Field(500, ge=1, le=10_000_000)


class ChannelSettings(Section):
    channel: ChannelName
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
    locale: Locale | None = None


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


class PersonSettings(Section):
    """One creator's accounts: what moves them together is no matter of one platform."""

    name: str = Field(min_length=1, max_length=80)
    accounts: tuple[str, ...] = Field(min_length=2, max_length=50)


class AccountSettings(Section):
    """`name` is what people read instead of the handle, whatever the platform calls it."""

    name: str = Field(min_length=1, max_length=80)


class ServeSettings(Section):
    """`web` also serves the page, which people open at `public_url`; what `proxies` say of whom
    they ask for is believed."""

    listen: Listen = "127.0.0.1:9464"
    web: bool = False
    public_url: str | None = Field(None, pattern=r"^https?://[^\s/?#]+/?$")
    proxies: tuple[IPvAnyNetwork, ...] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))

    @property
    def page(self) -> str | None:
        """Where the page is opened, None where there is none."""
        return (self.public_url or f"http://{self.listen}") if self.web else None


class LogSettings(Section):
    format: Literal["text", "json"] = "text"
    level: Literal["debug", "info", "warning", "error"] = "info"


class Settings(Section):
    """The whole config file; `sources` holds each kind's own settings class.

    `homes` names the space of each channel that the config alone can tell.
    """

    timezone: Timezone = "UTC"
    locale: Locale = "en"
    database: str = "ebbwatch.db"
    secrets: str = "secrets"
    keep: Span | None = None
    operator: ChannelName | None = None
    engine: EngineSettings = EngineSettings()
    sources: tuple[SourceSettings, ...] = ()
    checks: ChecksSettings = ChecksSettings()
    spaces: tuple[SpaceSettings, ...] = ()
    channels: tuple[ChannelSettings, ...] = ()
    events: tuple[EventSettings, ...] = ()
    goals: tuple[GoalSettings, ...] = ()
    people: tuple[PersonSettings, ...] = ()
    accounts: Mapping[str, AccountSettings] = Field(default_factory=dict)
    chats: Mapping[str, BaseModel] = Field(default_factory=dict)
    homes: Mapping[str, str] = Field(default_factory=dict)
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
        """Tags by account, or by handle where a source without a platform names them; the
        accounts of a person share the tag `person:NAME`."""
        tags = {
            name if "/" in name or not source.platform else f"{source.platform}/{name}": words
            for source in self.sources
            for name, words in source.tags.items()
        }
        for person in self.people:
            for name in person.accounts:
                tags[name] = (*tags.get(name, ()), f"person:{person.name}")
        return tags

    @property
    def walls(self) -> dict[str, tuple[str, ...]]:
        """What each space may see, as patterns."""
        return {space.id: space.accounts for space in self.spaces}

    @property
    def store_path(self) -> Path:
        """A replay has a store of its own, so that it never mixes with the real one."""
        path = self.path(self.database)
        return path.with_name(f"{path.stem}.replay.db") if self.replays else path

    def path(self, name: str) -> Path:
        """A path of the config file; relative ones start from the file's own folder."""
        return Path(self.root, name).expanduser()
