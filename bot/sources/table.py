"""Every kind of source: one row here and one file beside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import cast

from bot.config.settings import SourceSettings
from bot.model.source import Source, Surroundings


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
    "export": SourceKind("export", "ExportSettings", "ExportSource"),
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
