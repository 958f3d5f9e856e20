"""Lists that are no modern JSON: Instagram's HTML pages and the connections.json of 2020."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from bot.sources.exports.archive import Member
from bot.sources.exports.parsed import BadRows, ExportContext
from bot.sources.exports.streams import Bounded, blocks, broken_json
from bot.sources.tables.dates import parse_time

_BLOCK = b'<div class="pam '
_LINK = re.compile(
    rb'href="https?://(?:www\.)?(?:instagram\.com|threads\.(?:net|com))/(?:_u/)?@?([\w.]+)',
    re.I,
)
_HEADING = re.compile(rb"<h2[^>]*>([\w.]+)</h2>")
_TIME = re.compile(rb"<div>([^<>]{6,40})</div>\s*(?:</div>|<tr|$)")


def page_pairs(
    member: Member, context: ExportContext, bad: BadRows
) -> Iterator[tuple[str, int]]:
    with member.open() as stream:
        for number, block in enumerate(blocks(stream, _BLOCK, member.label), 1):
            match = _LINK.search(block) or _HEADING.search(block)
            if not match:
                bad.add(number, "the entry has no user name")
                continue
            when = _TIME.search(block)
            since = (
                parse_time(when[1].decode("utf-8", "replace"), context.zone, "dmy")
                if when
                else None
            )
            yield match[1].decode().lower(), since or 0


def old_pairs(member: Member, side: str) -> Iterator[tuple[str, int]]:
    import ijson

    try:
        with member.open() as stream:
            for name, when in ijson.kvitems(Bounded(stream, member.label, strings=True), side):
                try:
                    yield name, int(datetime.fromisoformat(when).timestamp())
                except (TypeError, ValueError, OverflowError):
                    yield name, 0
    except (ijson.JSONError, ValueError, RecursionError):
        raise broken_json(member.label) from None
