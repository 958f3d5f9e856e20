"""The readings of one partition as flat arrays."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from operator import lt
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from bot.sources.lake.files import opened
from bot.sources.lake.inventory import LeftOut, damaged, footer_of
from bot.sources.lake.layout import Layout, Unfit, numbers, seconds
from bot.sources.lake.partitions import Partition, Slice

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]

BATCH = 1_000_000
"""Rows that are spread at once: 120 MB. Half doubles the row groups that are written."""


class Broken(Exception):
    """A file of the partition cannot be read; `left_out` says which and why."""

    def __init__(self, left_out: LeftOut) -> None:
        self.left_out = left_out
        super().__init__(left_out)


@dataclass(frozen=True, slots=True)
class Readings:
    """In the order of accounts; `rows` index `accounts`, which are sorted, `values` are NaN
    where nothing was read. Those of one account stand as they were read."""

    accounts: tuple[str, ...]
    rows: Codes
    at: Ints
    values: Mapping[str, Floats]

    def pieces(self, size: int) -> Iterator[Readings]:
        """The same in pieces of so many accounts."""
        starts = np.arange(0, len(self.accounts), size)
        edges = np.searchsorted(self.rows, [*starts, len(self.accounts)])
        for low, begin, end in zip(starts.tolist(), edges[:-1], edges[1:], strict=True):
            here = slice(int(begin), int(end))
            yield Readings(
                self.accounts[low : low + size],
                self.rows[here] - low,
                self.at[here],
                {name: value[here] for name, value in self.values.items()},
            )


def read(
    partition: Partition,
    start: int,
    stop: int,
    metrics: Sequence[str],
    only: Collection[str] | None = None,
) -> Readings:
    """The readings with start < at <= stop, of all its accounts or of `only` some.

    Each of the `metrics` is there, whether a file has it or not. Raises Broken.
    """
    wanted = _Wanted(partition.low, partition.high, only, start, stop, metrics)
    parts = [_part(_table(one, metrics), one, wanted) for one in partition.slices]
    accounts, rows = _together([(names, codes) for names, codes, _, _ in parts])
    at = _joined([at for _, _, at, _ in parts], np.int64)
    values = {
        name: _joined([given[name] for *_, given in parts], np.float64) for name in metrics
    }
    del parts
    if not (rows[1:] >= rows[:-1]).all():
        order = np.argsort(rows, kind="stable")
        rows, at = rows[order], at[order]
        values = {name: value[order] for name, value in values.items()}
    return Readings(accounts, rows, at, values)


def batches(
    parts: Sequence[Slice], start: int, stop: int, metrics: Sequence[str]
) -> Iterator[Readings]:
    """The same of whole slices, a million rows at a time, as they lie there."""
    wanted = _Wanted(None, None, None, start, stop, metrics)
    for one in parts:
        for table in _tables(one, metrics):
            names, codes, at, values = _part(table, one, wanted)
            yield Readings(tuple(names), codes, at, values)


@dataclass(frozen=True, slots=True)
class _Wanted:
    low: str | None
    high: str | None
    only: Collection[str] | None
    start: int
    stop: int
    metrics: Sequence[str]


_Part = tuple[list[str], Codes, Ints, dict[str, Floats]]


def _part(table: pa.Table, one: Slice, wanted: _Wanted) -> _Part:
    """What is wanted of a table: names, and of each row its name's place, time and counts."""
    layout = one.layout
    names, codes = _accounts(table, layout, wanted)
    if layout.at is None:
        at, known = np.full(table.num_rows, layout.moment, np.int64), np.ones(0, np.bool_)
    else:
        at, known = seconds(table[layout.at], layout.timezone)
    values = {
        role: numbers(table[layout.metrics[role]])
        if role in layout.metrics
        else np.full(table.num_rows, np.nan)
        for role in wanted.metrics
    }
    out = codes.size and (at.min() <= wanted.start or at.max() > wanted.stop or codes.min() < 0)
    if out or known.size:
        kept = (codes >= 0) & (at > wanted.start) & (at <= wanted.stop)
        if known.size:
            kept &= known
        codes, at = codes[kept], at[kept]
        values = {name: value[kept] for name, value in values.items()}
    return names, codes, at, values


def _table(one: Slice, metrics: Sequence[str]) -> pa.Table:
    with _opened(one) as file:
        return file.read_row_groups(
            list(one.groups), columns=_columns(one.layout, metrics), use_threads=False
        )


def _tables(one: Slice, metrics: Sequence[str]) -> Iterator[pa.Table]:
    import pyarrow as pa

    with _opened(one) as file:
        for batch in file.iter_batches(
            BATCH, list(one.groups), _columns(one.layout, metrics), use_threads=False
        ):
            yield pa.Table.from_batches([batch])


@contextmanager
def _opened(one: Slice) -> Iterator[pq.ParquetFile]:
    """Raises Broken where the file, or what is read of it, is damaged."""
    import pyarrow.parquet as pq

    keys = [name for name in (one.layout.account, one.layout.platform) if name is not None]
    try:
        footer = footer_of(one.file.uri, one.file.mark)
        system, path = opened(one.file.uri)
        with system.open_input_file(path) as stream:
            yield pq.ParquetFile(stream, metadata=footer, read_dictionary=keys)
    except Exception as error:
        told = error if isinstance(error, Unfit) else damaged(error)
        if isinstance(told, Unfit):
            raise Broken(LeftOut(one.file.uri, str(told))) from None
        raise told from None


def _columns(layout: Layout, metrics: Sequence[str]) -> list[str]:
    keys = [layout.account, layout.at, layout.platform]
    counts = [name for role, name in layout.metrics.items() if role in metrics]
    return [name for name in keys if name is not None] + counts


def _accounts(table: pa.Table, layout: Layout, wanted: _Wanted) -> tuple[list[str], Codes]:
    """Names and, of each row, which of them it means; -1 where it is none of the partition."""
    written, codes = _coded(table[layout.account])
    texts = np.array([*written, ""], object)
    inside = np.array(
        [
            bool(name)
            and (wanted.low is None or name >= wanted.low)
            and (wanted.high is None or name < wanted.high)
            for name in texts
        ]
    )
    if layout.platform is None:
        names = [layout.prefix + name for name in written]
        names = list(written) if not layout.prefix else names
    else:
        platforms, beside = _coded(table[layout.platform])
        inside_row = inside[codes] & (beside >= 0)
        pairs, codes = np.unique(
            codes.astype(np.int64) * len(platforms) + beside, return_inverse=True
        )
        codes = np.where(inside_row, codes, -1).astype(np.int32)
        split = [divmod(pair, len(platforms)) for pair in pairs.tolist()]
        names = [f"{platforms[p]}/{texts[a]}" for a, p in split]
        inside = np.ones(len(names) + 1, np.bool_)
        inside[-1] = False
    if wanted.only is not None:
        inside[:-1] &= np.array([name in wanted.only for name in names], np.bool_)
    if not inside[:-1].all():
        codes = np.where(inside[codes], codes, -1).astype(np.int32)
    return names, codes


def _coded(column: pa.ChunkedArray) -> tuple[list[str], Codes]:
    """The different texts of a column and the place of each row's among them, -1 for none."""
    import pyarrow as pa
    import pyarrow.types as kinds

    if not kinds.is_dictionary(column.type):
        column = column.cast(pa.string()).dictionary_encode()
    column = column.unify_dictionaries()
    if not column.num_chunks:
        return [], np.zeros(0, np.int32)
    codes = [_indices(chunk) for chunk in column.chunks]
    return column.chunk(0).dictionary.to_pylist(), np.concatenate(codes)


def _indices(chunk: Any) -> Codes:
    indices = chunk.indices.fill_null(-1) if chunk.null_count else chunk.indices
    return np.asarray(indices.to_numpy(), np.int32)


def _together(
    parts: Sequence[tuple[Sequence[str], Codes]],
) -> tuple[tuple[str, ...], Codes]:
    """All names in order, without those that no row is left of, and each row's place."""
    if len(parts) == 1 and _as_it_is(*parts[0]):
        names, codes = parts[0]
        return tuple(names), codes
    used: set[str] = set()
    for names, codes in parts:
        present = np.flatnonzero(np.bincount(codes, minlength=1))
        used.update([names[code] for code in present.tolist()])
    ordered = tuple(sorted(used))
    place = {name: n for n, name in enumerate(ordered)}
    rows = []
    for names, codes in parts:
        rank = np.array([place.get(name, -1) for name in names] or [0], np.int32)
        rows.append(rank[codes])
    return ordered, _joined(rows, np.int32)


def _as_it_is(names: Sequence[str], codes: Codes) -> bool:
    """Whether the rows are in the order of their names, and all names in use."""
    begins = np.flatnonzero(codes[1:] != codes[:-1]) + 1
    runs = codes[np.append(0, begins)] if codes.size else codes
    return np.array_equal(runs, np.arange(len(names))) and all(map(lt, names, names[1:]))


def _joined(parts: Sequence[npt.NDArray[Any]], kind: type) -> Any:
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts) if parts else np.zeros(0, kind)
