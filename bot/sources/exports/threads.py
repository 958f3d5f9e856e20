"""Threads lists, which lie in the same zip as Instagram's and are never mixed into them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bot.sources.exports.instagram_dates import date_range, made_by, named_range
from bot.sources.exports.parsed import (
    BadRows,
    ExportContext,
    Origin,
    ParsedFile,
    follower_list,
    one_by_one,
    refused,
)
from bot.sources.exports.relationships import Names, read_entries
from bot.sources.exports.sniffer import SniffedFile
from bot.sources.tables.dates import end_of_day

_KEY = re.compile(r'\{\s*"(text_post_app_\w+)"\s*:')


def claims(file: SniffedFile) -> bool:
    return bool(_KEY.match(file.text))


def read(files: Sequence[SniffedFile], context: ExportContext) -> Iterator[ParsedFile]:
    yield from one_by_one(files, context, _list)


def _list(file: SniffedFile, context: ExportContext) -> ParsedFile:
    member = file.member
    match = _KEY.match(file.text)
    key = match[1] if match else ""
    if not key.endswith(("_followers", "_following")) or "unfollow" in key:
        return refused(
            member,
            "This is a Threads file without followers: import followers.json from the folder "
            "threads of the same export.",
            platform="threads",
        )
    names = Names(context.key(), "threads")
    bad = BadRows(member.label)
    read_entries(member, key, names, bad)
    ids, since = names.arrays()
    user, made = made_by(member, old=False)
    following = key.endswith("_following")
    notes = names.notes()
    # one file alone may be any part of an export
    complete = True if "threads" in member.around else None
    if ranged := named_range(member) or date_range(since[since > 0], made, context):
        complete = False
        notes.append(ranged)
    return follower_list(
        Origin(
            member=member,
            context=context,
            format=f"threads.{'following' if following else 'follower'}_list",
            platform="threads",
            bad=bad,
            handle=user,
            notes=notes,
        ),
        side="following" if following else "followers",
        names=(ids, since),
        at=end_of_day(made, context.zone) if made else None,
        complete=complete,
    )
