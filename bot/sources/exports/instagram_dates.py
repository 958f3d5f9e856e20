"""Whose an Instagram export is, of which day, and of which date range."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

from bot.sources.exports.archive import Member
from bot.sources.exports.parsed import ExportContext
from bot.sources.tables.dates import end_of_day

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MADE = re.compile(
    r"instagram-(?P<user>[\w.]+)-(?P<date>\d{4}-\d\d-\d\d)(?:-\w+)?", re.IGNORECASE
)
_MADE_OLD = re.compile(r"(?P<user>[\w.]+)_(?P<date>\d{8})(?:_part_\d+)?")
_RANGES = (7, 30, 31, 90, 92, 180, 183, 365, 366, 1095, 1096)
_NAMED = re.compile(r"(\d{4}-\d\d-\d\d)\D{1,8}(\d{4}-\d\d-\d\d)")
_FEWEST, _ENOUGH = 8, 50
"""Names from which the oldest says something of the range, and from which it may lie further
from its start: a small account's first follower may well be a year old."""


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


def date_range(
    since: NDArray[np.int64], made: date | None, context: ExportContext
) -> str | None:
    """Says so where the oldest follow lies at the start of a usual date range."""
    if len(since) < _FEWEST:
        return None
    oldest, newest = int(since.min()), int(since.max())
    end = end_of_day(made, context.zone) if made else newest
    slack = 86_400
    if len(since) >= _ENOUGH:
        slack = max(slack, 8 * (newest - oldest) // len(since))
    for days in _RANGES:
        start = end - days * 86_400
        if start - 86_400 <= oldest <= start + min(slack, days * 8640):
            return (
                f"The oldest follow lies {days} days before the export, where a date range "
                'begins: the list is taken as partial. Export again with the range "All time".'
            )
    return None


def named_range(member: Member) -> str | None:
    """Says so where the export's zip or folder bears the two days of a range."""
    for name in reversed(member.around):
        if match := _NAMED.search(name):
            return (
                f"The export is named after a range, {match[1]} to {match[2]}: the list is "
                'taken as partial. Export again with the range "All time".'
            )
    return None
