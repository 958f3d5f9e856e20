"""Cutting a lake by account: each partition holds every reading of its accounts."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from bot.sources.lake.files import LakeFile
from bot.sources.lake.inventory import Inventory, RowGroup
from bot.sources.lake.layout import Layout

ROWS = 3_000_000
"""Rows that one partition aims at, 25,000 accounts of 120 days: a worker that reads it takes
about 350 MB. Half costs a tenth more time, double 150 MB."""

_LARGEST = 2
"""Times that a partition may be as large as it is meant to be."""

_AGAIN = 1.5
"""Times that a lake's rows may be read over all its partitions before it is cheaper to write
them once more in the order of their accounts."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Row groups of one file."""

    file: LakeFile
    layout: Layout
    groups: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Partition:
    """All accounts, as written, from `low` to before `high`; None is the first, or the last."""

    slices: tuple[Slice, ...]
    low: str | None = None
    high: str | None = None


def partitions(
    found: Inventory, start: int, stop: int, size: int = ROWS
) -> list[Partition] | None:
    """What lies within start < at <= stop, cut along the footers' bounds of the accounts into
    partitions of about `size` rows.

    None where the files are not sorted by account well enough: then too much would be read
    again and again.
    """
    groups = [one for one in found.groups if one.last > start and one.first <= stop]
    rows = sum(one.rows for one in groups)
    if rows <= size:
        return [Partition(slices(found, groups))] if groups else []
    if any(one.low is None for one in groups):
        return None
    ranges = list(_ranges(groups, size))
    read = [sum(one.rows for one in some) for some, _, _ in ranges]
    if max(read) > _LARGEST * size or sum(read) > _AGAIN * rows:
        return None
    return [Partition(slices(found, some), low, high) for some, low, high in ranges]


def _ranges(
    groups: Sequence[RowGroup], size: int
) -> Iterator[tuple[list[RowGroup], str | None, str | None]]:
    """Row groups by ranges of accounts, cut where one begins."""
    ordered = sorted(groups, key=lambda one: (one.low or "", one.high or ""))
    low: str | None = None
    here: list[RowGroup] = []
    rows = 0
    for group in ordered:
        start = group.low or ""
        begins = not here or start > (here[-1].low or "")
        if here and begins and rows + group.rows > size:
            yield here, low, start
            low = start
            here = [one for one in here if (one.high or "") >= start]
            rows = sum(one.rows for one in here)
        here.append(group)
        rows += group.rows
    if here:
        yield here, low, None


def slices(found: Inventory, groups: Sequence[RowGroup]) -> tuple[Slice, ...]:
    """In the order of the files: of two statements of one time the later file's wins."""
    by_file: dict[int, list[int]] = {}
    for group in groups:
        by_file.setdefault(group.file, []).append(group.number)
    return tuple(
        Slice(found.files[file], found.layouts[file], tuple(sorted(by_file[file])))
        for file in sorted(by_file)
    )


def holding(
    found: Inventory, accounts: Collection[str] | None, start: int, stop: int
) -> list[Partition]:
    """The row groups of each file that may hold readings of some accounts, or of all."""
    names: dict[str, list[str]] = {}
    parts: list[list[RowGroup]] = []
    rows = 0
    for group in found.groups:
        if group.last <= start or group.first > stop:
            continue
        prefix = found.layouts[group.file].prefix
        if prefix not in names:
            names[prefix] = sorted(name.removeprefix(prefix) for name in accounts or ())
        place = bisect_left(names[prefix], group.low or "")
        after = names[prefix][place : place + 1]
        if accounts is None or group.high is None or (after and after[0] <= group.high):
            if not parts or parts[-1][0].file != group.file or rows + group.rows > ROWS:
                parts.append([])
                rows = 0
            parts[-1].append(group)
            rows += group.rows
    return [Partition(slices(found, some)) for some in parts]
