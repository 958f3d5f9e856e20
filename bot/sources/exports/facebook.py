"""Facebook's personal export: its follower files look like Instagram's and are refused."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bot.sources.exports.parsed import ExportContext, ParsedFile, refused
from bot.sources.exports.sniffer import SniffedFile

_KEY = re.compile(r'\{\s*"(?:followers_v\d|following_v\d|friends_v\d)"\s*:')


def claims(file: SniffedFile) -> bool:
    return bool(_KEY.match(file.text))


def read(files: Sequence[SniffedFile], context: ExportContext) -> Iterator[ParsedFile]:
    for file in files:
        yield refused(
            file.member,
            "This is a personal Facebook export, whose lists hold display names that are not "
            "unique: for a page import Follows.csv of Meta Business Suite.",
            platform="facebook",
        )
