"""The X archive: lists of account ids without names or dates; the manifest dates them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import IO, Any, Literal

from bot.errors import SourceChanged
from bot.sources.exports.archive import Member
from bot.sources.exports.parsed import (
    BadRows,
    ExportContext,
    Origin,
    ParsedFile,
    failed,
    follower_list,
)
from bot.sources.exports.relationships import Names
from bot.sources.exports.sniffer import SniffedFile, decode
from bot.sources.exports.streams import broken_json, stream_items

Side = Literal["followers", "following"]

_PART = re.compile(r"window\.YTD\.(follower|following)\.part(\d+)\s*=\s*")
_MANIFEST = re.compile(r"window\.__THAR_CONFIG\s*=\s*")


@dataclass(frozen=True)
class Manifest:
    """`counts` are rows by part name (`YTD.follower.part0`); None where the file is missing."""

    made: int | None = None
    handle: str | None = None
    partial: bool = False
    counts: dict[str, int] | None = field(default=None)


def claims(file: SniffedFile) -> bool:
    return bool(_PART.match(file.text) or _MANIFEST.match(file.text))


def read(files: Sequence[SniffedFile], context: ExportContext) -> Iterator[ParsedFile]:
    ordered = sorted(files, key=lambda file: file.member.folder)
    for _, group in groupby(ordered, key=lambda file: file.member.folder):
        yield from _archive(list(group), context)


def _archive(files: Sequence[SniffedFile], context: ExportContext) -> Iterator[ParsedFile]:
    label = files[0].member.label
    try:
        manifest = _manifest(files)
        for kind in ("follower", "following"):
            parts = _parts(files, kind)
            if parts:
                yield _list(parts, kind, manifest, context)
    except SourceChanged as error:
        yield failed(error.where or label, error)


def _missing(label: str, name: str) -> SourceChanged:
    return SourceChanged(
        f"{label}: {name} is missing, so the list would be partial: import the whole archive.",
        where=label,
    )


def _parts(files: Sequence[SniffedFile], kind: str) -> dict[int, Member]:
    parts: dict[int, Member] = {}
    for file in files:
        match = _PART.match(file.text)
        if match and match[1] == kind:
            parts[int(match[2])] = file.member
    return dict(sorted(parts.items()))


def _manifest(files: Sequence[SniffedFile]) -> Manifest:
    found = [file for file in files if _MANIFEST.match(file.text)]
    if not found:
        return Manifest()
    file = found[0]
    try:
        raw = json.loads(_MANIFEST.sub("", decode(file.whole()).lstrip(), count=1))
        info = raw["archiveInfo"]
        made = datetime.fromisoformat(info["generationDate"])
        counts = {
            str(part["globalName"]): int(part["count"])
            for kind in ("follower", "following")
            for part in raw.get("dataTypes", {}).get(kind, {}).get("files", [])
        }
        handle = raw.get("userInfo", {}).get("userName")
        return Manifest(
            int(made.timestamp()),
            str(handle) if handle else None,
            info.get("isPartialArchive") is True,
            counts,
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
        raise broken_json(file.member.label) from None


def _list(
    parts: dict[int, Member], kind: str, manifest: Manifest, context: ExportContext
) -> ParsedFile:
    first = next(iter(parts.values()))
    expected = _expected(parts, kind, manifest, first.label)
    names = Names(context.key(), "x")
    bad = BadRows(first.label)
    rows = 0
    for member in parts.values():
        bad.label = member.label
        with member.open() as stream:
            _skip(stream)
            ids = list(_ids(stream, member.label, kind, bad))
        rows += len(ids)
        names.add((one, 0) for one in ids)
    notes = ["X lists account ids without names and without follow dates."]
    complete: bool | None = None
    if expected is not None:
        complete = rows == expected and not manifest.partial
        if rows != expected:
            notes.append(
                f"The list has {rows:,} rows, the archive's manifest counts {expected:,}."
            )
    if manifest.partial:
        notes.append("The archive calls itself partial: request a new one.")
    if manifest.counts is None:
        notes.append("manifest.js is missing: the list's date and completeness are unknown.")
    ids_, _ = names.arrays()
    side: Side = "followers" if kind == "follower" else "following"
    return follower_list(
        Origin(
            member=first,
            context=context,
            format=f"x.{kind}_list",
            platform="x",
            bad=bad,
            handle=manifest.handle,
            notes=notes,
        ),
        side=side,
        names=(ids_, None),
        at=manifest.made,
        complete=complete,
    )


def _expected(
    parts: dict[int, Member], kind: str, manifest: Manifest, label: str
) -> int | None:
    """Rows by the manifest. Raises SourceChanged where a part is missing."""
    listed = {
        int(name.rpartition("part")[2]): count
        for name, count in (manifest.counts or {}).items()
        if re.fullmatch(rf"YTD\.{kind}\.part\d+", name)
    }
    for number in listed or range(max(parts) + 1):
        if number not in parts:
            raise _missing(label, f"{kind}-part{number}.js" if number else f"{kind}.js")
    return sum(listed.values()) if listed else None


def _skip(stream: IO[bytes]) -> None:
    """Leaves the stream behind the equals sign before the JSON."""
    for _ in range(256):
        if stream.read(1) in {b"=", b""}:
            return


def _ids(stream: IO[bytes], label: str, kind: str, bad: BadRows) -> Iterator[str]:
    for number, item in enumerate(stream_items(stream, "item", label), 1):
        inner: Any = item.get(kind) if isinstance(item, dict) else None
        account = inner.get("accountId") if isinstance(inner, dict) else None
        if isinstance(account, str) and account:
            yield account
        else:
            bad.add(number, "the entry has no account id")
