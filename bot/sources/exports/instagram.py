"""Instagram's "Export your information": follower and following lists, JSON and HTML.

Shapes from 2020 to 2026. Lists hold survivors only: who left shows in the difference of two
of them, never in `recently_unfollowed`, which is whom the owner stopped following.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from bot.errors import SourceChanged
from bot.sources.exports.archive import Member
from bot.sources.exports.instagram_dates import date_range, made_by, named_range
from bot.sources.exports.instagram_kinds import PART, Kind, Side, kind_of, refusal
from bot.sources.exports.instagram_pages import old_pairs, page_pairs
from bot.sources.exports.parsed import (
    BadRows,
    ExportContext,
    Origin,
    ParsedFile,
    failed,
    follower_list,
    refused,
)
from bot.sources.exports.relationships import Names, read_entries
from bot.sources.exports.sniffer import SniffedFile
from bot.sources.exports.words import plural
from bot.sources.tables.dates import end_of_day


@dataclass(frozen=True)
class Part:
    """One file of a list."""

    member: Member
    kind: Kind
    side: Side


@dataclass(frozen=True)
class Export:
    """`alone`: a file without the export around it. `old`: made before 2022."""

    alone: bool
    old: bool


def claims(file: SniffedFile) -> bool:
    return kind_of(file) is not None


def read(files: Sequence[SniffedFile], context: ExportContext) -> Iterator[ParsedFile]:
    """One parsed file per list, however many parts it has, and one per file that is no list."""
    parts: list[Part] = []
    old = False
    for file in files:
        kind = kind_of(file)
        if kind is None:
            continue
        old = old or kind.what == "old" or kind.key == "relationships_followers"
        if kind.what == "other":
            yield refused(file.member, refusal(kind.key or ""), platform="instagram")
        elif kind.what == "old":
            parts += [Part(file.member, kind, side) for side in ("followers", "following")]
        else:
            parts.append(Part(file.member, kind, kind.side or "followers"))
    parts.sort(key=_list_key)
    for _, group in groupby(parts, key=_list_key):
        same = list(group)
        alone = len(files) == 1 and "followers_and_following" not in same[0].member.around
        try:
            yield _list(_ordered(same), Export(alone and not old, old), context)
        except SourceChanged as error:
            yield failed(same[0].member.label, error)


def _list_key(part: Part) -> tuple[str, str, str]:
    return part.member.folder, part.kind.what, part.side


def _ordered(parts: list[Part]) -> list[Part]:
    """The parts by number. Raises SourceChanged where one is missing or stands twice."""
    numbered: dict[int, Part] = {}
    for part in parts:
        label = part.member.label
        match = PART.match(part.member.base)
        number = int(match[2]) if match and match[2] else 1
        if number in numbered:
            raise SourceChanged(
                f"{label}: two files beside each other are part {number} of the same list: "
                "keep every export in its own folder or zip.",
                where=label,
            )
        numbered[number] = part
    for number in range(1, len(numbered) + 1):
        if number not in numbered:
            missing = f"{parts[0].side}_{number}.{parts[0].kind.what}"
            label = parts[0].member.label
            raise SourceChanged(
                f"{label}: {missing} is missing, so the list would be partial: import the "
                "whole export (zip or folder) with all its parts.",
                where=label,
            )
    return [numbered[number] for number in sorted(numbered)]


def _list(parts: list[Part], export: Export, context: ExportContext) -> ParsedFile:
    first, side = parts[0].member, parts[0].side
    names = Names(context.key(), "instagram")
    bad = BadRows(first.label)
    for part in parts:
        bad.label = part.member.label
        _read_part(part, names, bad, context)
    ids, since = names.arrays()
    user, made = made_by(first, old=export.old)
    notes = names.notes()
    if len(parts) > 1:
        notes.append(f"Read from {plural(len(parts), 'part')}.")
    complete: bool | None = True
    if export.alone:
        complete = None
        notes.append(
            "One file alone cannot tell whether it is all of the list: import the whole export."
        )
    if ranged := named_range(first) or date_range(since[since > 0], made, context):
        complete = False
        notes.append(ranged)
    return follower_list(
        Origin(
            member=first,
            context=context,
            format=f"instagram.{'follower' if side == 'followers' else 'following'}_list",
            platform="instagram",
            bad=bad,
            handle=user,
            notes=notes,
        ),
        side=side,
        names=(ids, since),
        at=end_of_day(made, context.zone) if made else None,
        complete=complete,
    )


def _read_part(part: Part, names: Names, bad: BadRows, context: ExportContext) -> None:
    if part.kind.what == "old":
        names.add(old_pairs(part.member, part.side))
    elif part.kind.what == "html":
        names.add(page_pairs(part.member, context, bad))
    else:
        read_entries(part.member, part.kind.key, names, bad)
