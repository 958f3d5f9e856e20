"""A lake that is not sorted by account, written once more so that it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from bot.sources.lake.files import LakeFile, opened
from bot.sources.lake.inventory import Inventory, LeftOut, RowGroup
from bot.sources.lake.layout import Layout
from bot.sources.lake.partitions import ROWS, Partition, Slice, slices
from bot.sources.lake.read import Broken, Readings, batches


@dataclass(frozen=True, slots=True)
class Spread:
    """One piece of work: `slices` go into the file `uri`, by `buckets` of accounts."""

    uri: str
    slices: tuple[Slice, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """A file whose row groups each hold one of the `buckets`."""

    file: LakeFile
    buckets: tuple[int, ...]


def to_spread(
    found: Inventory, start: int, stop: int, folder: str, size: int = ROWS
) -> list[Spread]:
    """The row groups within start < at <= stop, in pieces of about `size` rows."""
    groups = [one for one in found.groups if one.last > start and one.first <= stop]
    pieces: list[list[RowGroup]] = [[]]
    rows = 0
    for group in groups:
        if pieces[-1] and rows + group.rows > size:
            pieces.append([])
            rows = 0
        pieces[-1].append(group)
        rows += group.rows
    return [
        Spread(f"{folder}/{number:06d}.parquet", slices(found, piece))
        for number, piece in enumerate(pieces)
        if piece
    ]


def spread(piece: Spread, given: tuple[int, int, int, tuple[str, ...]]) -> Written | LeftOut:
    """Sorts a piece by the hashes of its accounts; given are the buckets, start < at <= stop
    and the metrics."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    many, start, stop, metrics = given
    schema = pa.schema(
        [("account", pa.dictionary(pa.int32(), pa.string())), ("at", pa.int64())]
        + [(name, pa.float64()) for name in metrics]
    )
    system, path = opened(piece.uri)
    system.create_dir(path.rpartition("/")[0], recursive=True)
    held: list[int] = []
    try:
        with (
            system.open_output_stream(path) as stream,
            pq.ParquetWriter(
                stream, schema, compression="lz4", use_dictionary=["account"]
            ) as writer,
        ):
            for readings in batches(piece.slices, start, stop, metrics):
                for bucket, part in _by_bucket(readings, many):
                    names = pa.array(readings.accounts, pa.string())
                    codes = pa.array(part.rows.astype(np.int32))
                    columns = [pa.DictionaryArray.from_arrays(codes, names), pa.array(part.at)]
                    columns += [pa.array(part.values[name]) for name in metrics]
                    writer.write_table(pa.table(columns, schema=schema), len(part.at))
                    held.append(bucket)
    except Broken as broken:
        return broken.left_out
    told = system.get_file_info(path)
    mark = (told.size or 0, told.mtime_ns or 0)
    return Written(LakeFile(piece.uri, path, mark), tuple(held))


def _by_bucket(readings: Readings, many: int) -> Iterator[tuple[int, Readings]]:
    """The rows of each bucket, in their order."""
    hashes = np.array([crc32(name.encode()) % many for name in readings.accounts] or [0])
    bucket = hashes[readings.rows].astype(np.uint16 if many < 2**16 else np.int64)
    order = np.argsort(bucket, kind="stable")
    edges = np.searchsorted(bucket[order], np.arange(many + 1))
    for number in range(many):
        rows = order[edges[number] : edges[number + 1]]
        if rows.size:
            values = {name: value[rows] for name, value in readings.values.items()}
            yield (
                number,
                Readings(readings.accounts, readings.rows[rows], readings.at[rows], values),
            )


def bucketed(written: Sequence[Written], metrics: Sequence[str]) -> list[Partition]:
    """One partition of each bucket."""
    layout = Layout(
        account="account",
        at="at",
        moment=0,
        platform=None,
        prefix="",
        metrics={name: name for name in metrics},
        timezone="UTC",
    )
    found: dict[int, list[Slice]] = {}
    for one in written:
        places: dict[int, list[int]] = {}
        for place, bucket in enumerate(one.buckets):
            places.setdefault(bucket, []).append(place)
        for bucket, groups in places.items():
            found.setdefault(bucket, []).append(Slice(one.file, layout, tuple(groups)))
    return [Partition(tuple(found[bucket])) for bucket in sorted(found)]


def cleared(folder: str) -> None:
    """Removes what was written for one review."""
    system, path = opened(folder)
    system.delete_dir(path)
