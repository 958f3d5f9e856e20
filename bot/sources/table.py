"""Every kind of source: one row here and one file beside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from types import ModuleType
from typing import Any, cast

from bot.config.settings import SourceSettings
from bot.errors import BotError, SourceError, SourceRefused
from bot.model.source import Batch, Source, Surroundings


@dataclass(frozen=True, slots=True)
class SourceKind:
    """`module` holds the settings class and what makes a source of it; it is imported when
    asked for, so that reading a config loads only the kinds it names."""

    module: str
    settings_name: str
    maker: str

    @property
    def settings(self) -> type[SourceSettings]:
        return cast(type[SourceSettings], getattr(self._import(), self.settings_name))

    def open(self, settings: SourceSettings, surroundings: Surroundings) -> Source:
        """Nothing is fetched yet. Raises ConfigError where a secret is missing."""
        return cast(Source, getattr(self._import(), self.maker)(settings, surroundings))

    def _import(self) -> ModuleType:
        return import_module(f"bot.sources.{self.module}")


SOURCES: Mapping[str, SourceKind] = {
    "file": SourceKind("file", "FileSettings", "FileSource"),
    "sql": SourceKind("sql", "SqlSettings", "SqlSource"),
    "http": SourceKind("http", "HttpSettings", "HttpSource"),
    "export": SourceKind("file", "FileSettings", "FileSource"),
    "lake": SourceKind("lake", "LakeSettings", "open_lake"),
    "bluesky": SourceKind("platforms.bluesky", "BlueskySettings", "open_bluesky"),
    "mastodon": SourceKind("platforms.mastodon", "MastodonSettings", "open_mastodon"),
    "youtube": SourceKind("platforms.youtube", "YouTubeSettings", "open_youtube"),
    "twitch": SourceKind("platforms.twitch", "TwitchSettings", "open_twitch"),
    "instagram": SourceKind("platforms.instagram", "InstagramSettings", "open_instagram"),
    "tiktok": SourceKind("platforms.tiktok", "TikTokSettings", "open_tiktok"),
    "x": SourceKind("platforms.x", "XSettings", "open_x"),
    "threads": SourceKind("platforms.threads", "ThreadsSettings", "open_threads"),
    "reddit": SourceKind("platforms.reddit", "RedditSettings", "open_reddit"),
    "github": SourceKind("platforms.github", "GitHubSettings", "open_github"),
}


class _SettingsByKind(Mapping[str, type[SourceSettings]]):
    def __getitem__(self, kind: str) -> type[SourceSettings]:
        return SOURCES[kind].settings

    def __iter__(self) -> Iterator[str]:
        return iter(SOURCES)

    def __len__(self) -> int:
        return len(SOURCES)


SETTINGS: Mapping[str, type[SourceSettings]] = _SettingsByKind()
"""What `bot.config.load` needs to know of the kinds."""


def open_source(settings: SourceSettings, surroundings: Surroundings) -> Source:
    return SOURCES[settings.kind].open(settings, surroundings)


def open_or_wait(settings: SourceSettings, surroundings: Surroundings) -> Source:
    """A source without its secret stands there with its error: the others go on."""
    try:
        return open_source(settings, surroundings)
    except BotError:
        return _Waiting(settings, surroundings)


class _Waiting:
    """Tries to open at each poll: what was missing may be there then."""

    def __init__(self, settings: SourceSettings, surroundings: Surroundings) -> None:
        self.name = settings.name
        self._settings, self._surroundings = settings, surroundings
        self._opened: Source | None = None

    async def fetch(self, wanted: Sequence[str], state: Any, now: datetime) -> Batch:
        return await self._source().fetch(wanted, state, now)

    async def look(self, handle: str) -> str:
        return await self._source().look(handle)

    async def close(self) -> None:
        if self._opened is not None:
            await self._opened.close()

    def _source(self) -> Source:
        if self._opened is None:
            try:
                self._opened = open_source(self._settings, self._surroundings)
            except SourceError:
                raise
            except BotError as error:
                raise SourceRefused(f"{self.name}: {error}", source=self.name) from None
        return self._opened
