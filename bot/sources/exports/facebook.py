"""Facebook's personal export: its follower files look like Instagram's and are refused."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bot.sources.exports.parsed import Asked, ParsedFile, refused
from bot.sources.exports.sniffer import Opening

_KEY = re.compile(r'\{\s*"(?:followers_v\d|following_v\d|friends_v\d)"\s*:')


def claims(opening: Opening) -> bool:
    return bool(_KEY.match(opening.text))


def read(openings: Sequence[Opening], asked: Asked) -> Iterator[ParsedFile]:
    for opening in openings:
        yield refused(
            opening.member,
            "This is a personal Facebook export, whose lists hold display names that are not "
            "unique: for a page import Follows.csv of Meta Business Suite.",
            platform="facebook",
        )
