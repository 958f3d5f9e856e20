"""TikTok's "Download your data": follower and following lists, JSON of three layouts and TXT.

The layouts overlap in time, so the lists are found by their own keys. Times are UTC.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import IO, Literal

from bot.errors import SourceChanged
from bot.sources.exports.parsed import (
    BadRows,
    ExportContext,
    Origin,
    ParsedFile,
    failed,
    follower_list,
    refused,
)
from bot.sources.exports.relationships import Names
from bot.sources.exports.sniffer import SniffedFile
from bot.sources.exports.streams import Bounded, blocks, broken_json
from bot.sources.exports.words import plural

Side = Literal["followers", "following"]

_FIRST_KEY = re.compile(
    r'\{\s*"(?:your activity|activity|profile and settings|profile|app settings|ads and data|'
    r"comment|direct messages?|income\+? wallet[^\"]*|likes and favorites|location review|post|"
    r'purchases|shop|tiktok live|tiktok shop|tiktok shopping|video)"\s*:\s*\{',
    re.IGNORECASE,
)
_TEXT = re.compile(
    r"Date: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?: UTC)?\r?\nUser ?name: ", re.IGNORECASE
)
_TEXT_ROW = re.compile(
    rb"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?: UTC)?\r?\nUser ?name: ([^\r\n]*)", re.IGNORECASE
)
# list key, and the keys that may stand above it
_PLACES: dict[str, tuple[Side, frozenset[str]]] = {
    "FansList": ("followers", frozenset({"Follower", "Follower List"})),
    "Following": ("following", frozenset({"Following", "Following List"})),
}
_COUNTS = {"followerCount": "followers", "followingCount": "following"}
_NOBODY = {"", "n/a"}
_TOLERANCE = 0.05
_DEEPEST = 200


@dataclass
class Contents:
    """`rows` counts list rows with and without a name; a side that was not there is absent."""

    names: dict[Side, Names] = field(default_factory=dict)
    bad: dict[Side, BadRows] = field(default_factory=dict)
    rows: dict[Side, int] = field(default_factory=dict)
    nameless: dict[Side, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    handle: str | None = None


def claims(file: SniffedFile) -> bool:
    text = file.text
    if text.startswith("{"):
        return bool(_FIRST_KEY.match(text)) or '"FansList"' in text
    return bool(_TEXT.match(text))


def read(files: Sequence[SniffedFile], context: ExportContext) -> Iterator[ParsedFile]:
    for file in files:
        try:
            yield from _file(file, context)
        except SourceChanged as error:
            yield failed(file.member.label, error)


def _file(file: SniffedFile, context: ExportContext) -> Iterator[ParsedFile]:
    member = file.member
    if file.text.startswith("{"):
        with member.open() as stream:
            contents = _json(stream, member.label, context)
    else:
        side = _text_side(member.base)
        if side is None:
            yield refused(
                member,
                "This TikTok file lists something else than followers: import Follower.txt, or "
                "the JSON export, which holds all lists.",
                platform="tiktok",
            )
            return
        contents = _txt(file, side, context)
    if not contents.rows:
        yield refused(
            member,
            "This TikTok export holds no follower list: request it again and choose all data.",
            platform="tiktok",
        )
    for side in contents.rows:
        yield _list(file, side, contents, context)


def _text_side(base: str) -> Side | None:
    name = base.lower()
    if name.startswith("following"):
        return "following"
    return "followers" if name.startswith(("follower", "fans")) else None


def _list(
    file: SniffedFile, side: Side, contents: Contents, context: ExportContext
) -> ParsedFile:
    names = contents.names[side]
    ids, since = names.arrays()
    rows, count = contents.rows[side], contents.counts.get(side)
    notes = names.notes()
    if nameless := contents.nameless[side]:
        notes.append(f"{plural(nameless, 'row')} without a name (N/A) left out.")
    complete: bool | None = None
    if count is not None:
        complete = rows >= count * (1 - _TOLERANCE)
        if rows != count:
            notes.append(f"The list has {rows:,} rows, the profile counts {count:,}.")
        if not complete:
            notes.append("The list is taken as partial: request the data again.")
    return follower_list(
        Origin(
            member=file.member,
            context=context,
            format=f"tiktok.{'follower' if side == 'followers' else 'following'}_list",
            platform="tiktok",
            bad=contents.bad[side],
            handle=contents.handle,
            notes=notes,
        ),
        side=side,
        names=(ids, since),
        at=None,
        complete=complete,
        count=count,
    )


def _json(stream: IO[bytes], label: str, context: ExportContext) -> Contents:
    import ijson

    contents = Contents()
    try:
        _walk(
            iter(
                ijson.basic_parse(
                    Bounded(stream, label, strings=True, deep=True), use_float=True
                )
            ),
            contents,
            label,
            context,
        )
    except (ijson.JSONError, ValueError, OverflowError):
        raise broken_json(label) from None
    return contents


Events = Iterator[tuple[str, object]]


def _walk(events: Events, contents: Contents, label: str, context: ExportContext) -> None:
    """Follows the keys down to the lists; all else passes by."""
    path: list[str] = []  # the key above every open map or array
    key = ""
    for event, value in events:
        if event == "map_key":
            key = str(value)
        elif event in {"start_map", "start_array"}:
            side = _side(path, key)
            if side and event == "start_array":
                contents.names.setdefault(side, Names(context.key(), "tiktok"))
                _begin(contents, side, label, context)
                contents.names[side].add(_rows(events, contents, side))
                continue
            if len(path) > _DEEPEST:
                raise broken_json(label)
            path.append(key)
            key = ""
        elif event in {"end_map", "end_array"}:
            path.pop()
        elif event == "null" and (side := _side(path, key)):
            _begin(contents, side, label, context)  # an empty list is written as null
        elif path and path[-1] == "ProfileMap":
            if event == "number" and key in _COUNTS and isinstance(value, int):
                contents.counts[_COUNTS[key]] = value
            elif (
                event == "string" and key == "userName" and re.fullmatch(r"[\w.]+", str(value))
            ):
                contents.handle = str(value)


def _begin(contents: Contents, side: Side, label: str, context: ExportContext) -> None:
    contents.names.setdefault(side, Names(context.key(), "tiktok"))
    contents.bad.setdefault(side, BadRows(label))
    contents.rows.setdefault(side, 0)
    contents.nameless.setdefault(side, 0)


def _side(path: list[str], key: str) -> Side | None:
    place = _PLACES.get(key)
    return place[0] if place and path and path[-1] in place[1] else None


def _rows(events: Events, contents: Contents, side: Side) -> Iterator[tuple[str, int]]:
    """The rows of one list, up to its end; deeper values are passed over."""
    depth = number = nameless = 0
    key = name = date = ""
    for event, value in events:
        if event == "map_key":
            key = value  # type: ignore[assignment]
        elif event == "string":
            if depth == 1:
                if key == "UserName":
                    name = value  # type: ignore[assignment]
                elif key == "Date":
                    date = value  # type: ignore[assignment]
        elif event == "start_map":
            depth += 1
            if depth == 1:
                name = date = ""
            elif depth > _DEEPEST:
                raise ValueError
        elif event == "end_map":
            depth -= 1
            if depth == 0:
                number += 1
                if name.strip().lower() in _NOBODY:
                    nameless += 1
                else:
                    yield name, _utc(date)
        elif event == "start_array":
            depth += 1
            if depth > _DEEPEST:
                raise ValueError
        elif event == "end_array":
            if depth == 0:
                break
            depth -= 1
    contents.rows[side] += number
    contents.nameless[side] += nameless


def _utc(text: str) -> int:
    try:
        return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())
    except (ValueError, OverflowError):
        return 0


def _txt(file: SniffedFile, side: Side, context: ExportContext) -> Contents:
    contents = Contents()
    label = file.member.label
    _begin(contents, side, label, context)
    with file.member.open() as stream:
        contents.names[side].add(_text_rows(stream, contents, side, label))
    return contents


def _text_rows(
    stream: IO[bytes], contents: Contents, side: Side, label: str
) -> Iterator[tuple[str, int]]:
    for number, block in enumerate(blocks(stream, b"Date: ", label), 1):
        match = _TEXT_ROW.match(block)
        if not match:
            contents.bad[side].add(number, "the entry has no date and user name")
            continue
        contents.rows[side] += 1
        name = match[2].decode("utf-8", "replace").strip()
        if name.lower() in _NOBODY:
            contents.nameless[side] += 1
        else:
            yield name, _utc(match[1].decode())
