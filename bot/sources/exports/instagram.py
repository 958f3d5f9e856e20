"""Instagram's "Export your information": follower and following lists, JSON and HTML.

Shapes from 2020 to 2026. Lists hold survivors only: who left shows in the difference of two
of them, never in `recently_unfollowed`, which is whom the owner stopped following.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import groupby
from typing import IO, Literal, NamedTuple

from bot.errors import SourceChanged
from bot.sources.dates import end_of_day, parse_time
from bot.sources.exports.archive import Member
from bot.sources.exports.entries import Names, broken_json, read_entries
from bot.sources.exports.opening import Opening
from bot.sources.exports.piece import Asked, BadRows, Piece, failed, follower_list, refused
from bot.sources.exports.words import FOLLOWERS, FOLLOWING

Side = Literal["followers", "following"]
SIDES: tuple[Side, ...] = ("followers", "following")

_LISTS: dict[str, Side] = {
    "relationships_followers": "followers",
    "relationships_following": "following",
}
_NOT_CHURN = (
    "This lists profiles that the owner stopped following, not followers that were lost, so it "
    "is never read as churn: import two exports of the follower list (followers_1.json, range "
    '"All time") to see who left.'
)
_OTHERS = {
    "relationships_unfollowed_users": _NOT_CHURN,
    "relationships_follow_requests_sent": "follow requests that the owner sent",
    "relationships_permanent_follow_requests": "follow requests that the owner sent",
    "relationships_follow_requests_received": "follow requests that wait for the owner",
    "relationships_blocked_users": "profiles that the owner blocked",
    "relationships_close_friends": "the owner's close friends",
    "relationships_restricted_users": "profiles that the owner restricted",
    "relationships_dismissed_suggested_users": "suggestions that the owner dismissed",
    "relationships_feed_favorites": "the owner's favourites",
    "relationships_hide_stories_from": "profiles that do not see the owner's stories",
    "relationships_following_hashtags": "hashtags that the owner follows",
}
_OTHER_NAMES = {
    "recently_unfollowed": "relationships_unfollowed_users",
    "pending_follow": "relationships_follow_requests_sent",
    "recent_follow": "relationships_permanent_follow_requests",
    "follow_requests": "relationships_follow_requests_received",
    "blocked": "relationships_blocked_users",
    "close_friends": "relationships_close_friends",
    "restricted": "relationships_restricted_users",
    "removed_suggestions": "relationships_dismissed_suggested_users",
}
_TITLES: dict[str, Side] = {
    **dict.fromkeys(FOLLOWING, "following"),
    **dict.fromkeys(FOLLOWERS, "followers"),
}

_FIRST_KEY = re.compile(r'\{\s*"(relationships_\w+)"\s*:')
_OLD = re.compile(
    r'\{\s*"(?:blocked_users|restricted_users|close_friends|follow_requests_sent|followers|'
    r"following|following_hashtags|permanent_follow_requests|dismissed_suggested_users|"
    r'dismissed_suggested_hashtags)"\s*:\s*\{\s*(?:\}|"[^"]*"\s*:\s*"\d{4}-\d\d-\d\dT)'
)
_PART = re.compile(r"(followers|following)(?:_(\d+))?(?!\w*request)", re.IGNORECASE)
_MADE = re.compile(
    r"instagram-(?P<user>[\w.]+)-(?P<date>\d{4}-\d\d-\d\d)(?:-\w+)?", re.IGNORECASE
)
_MADE_OLD = re.compile(r"(?P<user>[\w.]+)_(?P<date>\d{8})(?:_part_\d+)?")
_RANGES = (7, 30, 31, 90, 92, 180, 183, 365, 366, 1095, 1096)
_ENOUGH = 50


class Kind(NamedTuple):
    """`key` is the JSON key of the list (None: top level), or the name of another relation."""

    what: Literal["json", "html", "old", "other"]
    side: Side | None = None
    key: str | None = None


def claims(opening: Opening) -> bool:
    return _kind(opening) is not None


def _kind(opening: Opening) -> Kind | None:
    text, base = opening.text, opening.member.base
    if text.startswith("["):
        if '"label_values"' in text:
            return Kind("other", key=_by_name(base) or "relationships_unfollowed_users")
        part = _PART.match(base)
        if '"string_list_data"' in text or (part and re.fullmatch(r"\[\s*\]\s*", text)):
            if other := _by_name(base):
                return Kind("other", key=other)
            following = part is not None and part[1].lower() == "following"
            return Kind("json", "following" if following else "followers")
        return None
    if match := _FIRST_KEY.match(text):
        side = _LISTS.get(match[1])
        return Kind("json", side, match[1]) if side else Kind("other", key=match[1])
    if _OLD.match(text):
        return Kind("old")
    if text.startswith("<") and "uiBoxWhite" in text and "threads" not in opening.member.around:
        return _page(text, base)
    return None


def _by_name(base: str) -> str | None:
    stem = base.lower()
    return next((key for start, key in _OTHER_NAMES.items() if stem.startswith(start)), None)


def _page(text: str, base: str) -> Kind | None:
    title = re.search(r"<title>([^<]{1,80})</title>", text)
    side = _TITLES.get(title[1].strip().casefold()) if title else None
    if side is None and (other := _by_name(base)):
        return Kind("other", key=other)
    part = _PART.match(base)
    if side is None and part:
        side = "following" if part[1].lower() == "following" else "followers"
    return Kind("html", side) if side else None


def read(openings: Sequence[Opening], asked: Asked) -> Iterator[Piece]:
    """One piece per list, however many parts it has, and one per file that is no list."""
    lists: list[tuple[str, Kind, Opening]] = []
    for opening in openings:
        kind = _kind(opening)
        if kind is None:
            continue
        if kind.what == "other":
            yield refused(opening.member, _refusal(kind.key or ""), platform="instagram")
        elif kind.what == "old":
            for side in SIDES:
                yield _guard([opening.member], kind._replace(side=side, key=side), asked, False)
        else:
            lists.append((f"{opening.member.folder}\n{kind.what}\n{kind.side}", kind, opening))
    lists.sort(key=lambda entry: entry[0])
    for _, group in groupby(lists, key=lambda entry: entry[0]):
        parts = list(group)
        members = [opening.member for _, _, opening in parts]
        alone = len(openings) == 1 and "followers_and_following" not in members[0].around
        yield _guard(
            members,
            parts[0][1],
            asked,
            alone,
            {m.name: k for (_, k, o) in parts for m in [o.member]},
        )


def _refusal(key: str) -> str:
    text = _OTHERS.get(key, "something else than followers")
    if text is _NOT_CHURN:
        return text
    return f"This lists {text}, not followers: import followers_1.json of the same export."


def _guard(
    members: list[Member],
    kind: Kind,
    asked: Asked,
    alone: bool,
    kinds: dict[str, Kind] | None = None,
) -> Piece:
    try:
        return _list(_ordered(members, kind), kind, asked, alone, kinds or {})
    except SourceChanged as error:
        return failed(members[0].label, error)


def _ordered(members: list[Member], kind: Kind) -> list[Member]:
    """The parts by number. Raises SourceChanged where one is missing or stands twice."""
    if kind.what == "old":
        return members
    numbered: dict[int, Member] = {}
    for member in members:
        match = _PART.match(member.base)
        number = int(match[2]) if match and match[2] else 1
        if number in numbered:
            raise SourceChanged(
                f"{member.label}: two files beside each other are part {number} of the same "
                "list: keep every export in its own folder or zip.",
                where=member.label,
            )
        numbered[number] = member
    for number in range(1, max(numbered) + 1):
        if number not in numbered:
            missing = f"{kind.side}_{number}.{kind.what}"
            label = next(iter(numbered.values())).label
            raise SourceChanged(
                f"{label}: {missing} is missing, so the list would be partial: import the "
                "whole export (zip or folder) with all its parts.",
                where=label,
            )
    return [numbered[number] for number in sorted(numbered)]


def _list(
    members: list[Member], kind: Kind, asked: Asked, alone: bool, kinds: dict[str, Kind]
) -> Piece:
    side = kind.side or "followers"
    names = Names(asked.key(), "instagram")
    bad = BadRows(members[0].label)
    for member in members:
        bad.label = member.label
        if kind.what == "old":
            names.add(_old_pairs(member, side))
        elif kind.what == "html":
            names.add(_page_pairs(member, asked, bad))
        else:
            read_entries(member, kinds[member.name].key, names, bad)
    ids, since = names.arrays()
    user, made = made_by(members[0], old=kind.what == "old" or kind.key is not None)
    notes = names.notes()
    if len(members) > 1:
        notes.append(f"Read from {len(members)} parts.")
    complete: bool | None = True
    if alone:
        complete = None
        notes.append(
            "One file alone cannot tell whether it is all of the list: import the whole export."
        )
    if ranged := _date_range(since[since > 0], made, asked):
        complete = False
        notes.append(ranged)
    return follower_list(
        members[0],
        asked,
        format=f"instagram.{'follower' if side == 'followers' else 'following'}_list",
        platform="instagram",
        side=side,
        ids=ids,
        since=since,
        at=end_of_day(made, asked.zone) if made else None,
        complete=complete,
        bad=bad,
        handle=user,
        notes=notes,
    )


def made_by(member: Member, *, old: bool) -> tuple[str | None, date | None]:
    """Owner and date that the export's zip or folder names, where they do.

    `old` also takes the names of before 2022, `lena_20211103.zip`: too common a pattern to
    believe for anything newer.
    """
    for name in reversed(member.around):
        stem = re.sub(r"(\s?\(\d+\))?(\.zip)?$", "", name, flags=re.IGNORECASE)
        match = _MADE.fullmatch(stem) or (_MADE_OLD.fullmatch(stem) if old else None)
        if match:
            digits = match["date"].replace("-", "")
            try:
                return match["user"], date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
            except ValueError:
                return match["user"], None
    return None, None


def _date_range(since: object, made: date | None, asked: Asked) -> str | None:
    """Says so where the oldest follow lies at the start of a usual date range."""
    import numpy as np

    times = np.asarray(since)
    if len(times) < _ENOUGH:
        return None
    oldest, newest = int(times.min()), int(times.max())
    end = end_of_day(made, asked.zone) if made else newest
    slack = max(86_400, 8 * (newest - oldest) // len(times))
    for days in _RANGES:
        start = end - days * 86_400
        if start - 86_400 <= oldest <= start + min(slack, days * 8640):
            return (
                f"The oldest follow lies {days} days before the export, where a date range "
                'begins: the list is taken as partial. Export again with the range "All time".'
            )
    return None


def _old_pairs(member: Member, side: Side) -> Iterator[tuple[str, int]]:
    from datetime import datetime

    import ijson

    try:
        with member.open() as stream:
            for name, when in ijson.kvitems(stream, side):
                try:
                    yield name, int(datetime.fromisoformat(when).timestamp())
                except (TypeError, ValueError, OverflowError):
                    yield name, 0
    except (ijson.JSONError, ValueError, RecursionError):
        raise broken_json(member.label) from None


_BLOCK = b'<div class="pam '
_LINK = re.compile(
    rb'href="https?://(?:www\.)?(?:instagram\.com|threads\.(?:net|com))/(?:_u/)?@?([\w.]+)',
    re.I,
)
_HEADING = re.compile(rb"<h2[^>]*>([\w.]+)</h2>")
_TIME = re.compile(rb"<div>([^<>]{6,40})</div>\s*(?:</div>|<tr|$)")


def _page_pairs(member: Member, asked: Asked, bad: BadRows) -> Iterator[tuple[str, int]]:
    with member.open() as stream:
        for number, block in enumerate(_blocks(stream), 1):
            match = _LINK.search(block) or _HEADING.search(block)
            if not match:
                bad.add(number, "the entry has no user name")
                continue
            when = _TIME.search(block)
            since = (
                parse_time(when[1].decode("utf-8", "replace"), asked.zone, "dmy")
                if when
                else None
            )
            yield match[1].decode().lower(), since or 0


def _blocks(stream: IO[bytes]) -> Iterable[bytes]:
    rest = b""
    started = False
    while data := stream.read(1 << 20):
        rest += data
        *whole, rest = rest.split(_BLOCK)
        yield from whole[0 if started else 1 :]
        started = started or bool(whole)
    if started:
        yield rest
