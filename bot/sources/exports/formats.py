"""All known exports, in the order in which they are asked whether a file is theirs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from bot.sources.exports import (
    facebook,
    instagram,
    instagram_monitor,
    linkedin,
    mastodon,
    meta,
    socialblade,
    threads,
    tiktok,
    tiktok_business,
    tiktok_studio,
    twitch,
    twitter_to_sqlite,
    x_analytics,
    x_archive,
    youtube_studio,
)
from bot.sources.exports.parsed import ExportContext, ParsedFile
from bot.sources.exports.sniffer import SniffedFile


class ExportFormat(Protocol):
    """A module that knows the files of one platform's export by their content."""

    def claims(self, file: SniffedFile) -> bool:
        """True where the content is in this format, readable or not. Never raises."""
        ...

    def read(
        self, files: Sequence[SniffedFile], context: ExportContext
    ) -> Iterator[ParsedFile]:
        """Reads all claimed files of one archive together; what fails gives a fault."""
        ...


FORMATS: tuple[ExportFormat, ...] = (
    instagram,
    threads,
    facebook,
    tiktok,
    x_archive,
    socialblade,
    twitter_to_sqlite,
    meta,
    tiktok_studio,
    tiktok_business,
    x_analytics,
    youtube_studio,
    twitch,
    linkedin,
    instagram_monitor,
    mastodon,
)
