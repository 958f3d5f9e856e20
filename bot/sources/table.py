"""Every kind of source: one row here and one file beside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import cast

from bot.model import Source, Surroundings
from bot.settings import SourceSettings


@dataclass(frozen=True, slots=True)
class SourceKind:
    """`module` holds `<prefix>Settings` and `<prefix>Source`; it is imported when asked for,
    so that reading a config loads only the kinds it names."""

    module: str
    prefix: str

    @property
    def settings(self) -> type[SourceSettings]:
        found = getattr(import_module(f"bot.sources.{self.module}"), f"{self.prefix}Settings")
        return cast(type[SourceSettings], found)

    def open(self, settings: SourceSettings, surroundings: Surroundings) -> Source:
        """Nothing is fetched yet. Raises ConfigError where a secret is missing."""
        source = getattr(import_module(f"bot.sources.{self.module}"), f"{self.prefix}Source")
        return cast(Source, source(settings, surroundings))


SOURCES: Mapping[str, SourceKind] = {
    "file": SourceKind("file", "File"),
    "sql": SourceKind("sql", "Sql"),
    "http": SourceKind("http", "Http"),
    "export": SourceKind("export", "Export"),
    "bluesky": SourceKind("bluesky", "Bluesky"),
    "mastodon": SourceKind("mastodon", "Mastodon"),
    "youtube": SourceKind("youtube", "YouTube"),
    "twitch": SourceKind("twitch", "Twitch"),
    "instagram": SourceKind("instagram", "Instagram"),
    "tiktok": SourceKind("tiktok", "TikTok"),
    "x": SourceKind("x", "X"),
    "threads": SourceKind("threads", "Threads"),
    "reddit": SourceKind("reddit", "Reddit"),
    "github": SourceKind("github", "GitHub"),
}


class _SettingsByKind(Mapping[str, type[SourceSettings]]):
    def __getitem__(self, kind: str) -> type[SourceSettings]:
        return SOURCES[kind].settings

    def __iter__(self) -> Iterator[str]:
        return iter(SOURCES)

    def __len__(self) -> int:
        return len(SOURCES)


SETTINGS: Mapping[str, type[SourceSettings]] = _SettingsByKind()
"""What `bot.config` needs to know of the kinds."""


def open_source(settings: SourceSettings, surroundings: Surroundings) -> Source:
    return SOURCES[settings.kind].open(settings, surroundings)
