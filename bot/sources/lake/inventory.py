"""What the footers of a lake's files tell: columns, row groups, and what lies in each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from bot.errors import SourceUnavailable
from bot.sources.lake.files import LakeFile, opened
from bot.sources.lake.layout import Layout, Unfit, layout_of
from bot.sources.lake.settings import LakeSettings

if TYPE_CHECKING:
    import pyarrow.parquet as pq


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file that cannot be judged, why, and the `source` that it is one of."""

    uri: str
    why: str
    source: str = ""

    def __str__(self) -> str:
        return f"{self.uri} {self.why}"


@dataclass(frozen=True, slots=True)
class RowGroup:
    """`low` and `high` bound its accounts (as written), None where the footer says nothing of
    them; `first` and `last` its times."""

    file: int
    number: int
    rows: int
    low: str | None
    high: str | None
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Inventory:
    """`files` and their `layouts` in order, the `groups` of all of them; `left_out` is what
    gives nothing."""

    files: tuple[LakeFile, ...]
    layouts: tuple[Layout, ...]
    groups: tuple[RowGroup, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def newest(self) -> int | None:
        """The newest time that any footer names."""
        return max((group.last for group in self.groups), default=None)

    @property
    def oldest(self) -> int | None:
        return min((group.first for group in self.groups), default=None)


def inventory(files: Sequence[LakeFile], settings: LakeSettings) -> Inventory:
    kept: list[LakeFile] = []
    layouts: list[Layout] = []
    groups: list[RowGroup] = []
    left_out: list[LeftOut] = []
    for file in files:
        try:
            footer = footer_of(file.uri, file.mark)
            layout = layout_of(footer.schema.to_arrow_schema(), file.path, settings)
        except Unfit as error:
            left_out.append(LeftOut(file.uri, str(error), settings.name))
            continue
        groups += _groups(footer, layout, len(kept))
        kept.append(file)
        layouts.append(layout)
    return Inventory(tuple(kept), tuple(layouts), tuple(groups), tuple(left_out))


@lru_cache(maxsize=2000)
def footer_of(uri: str, mark: tuple[int, int]) -> pq.FileMetaData:
    """Raises Unfit where it is damaged."""
    import pyarrow.parquet as pq

    system, path = opened(uri)
    try:
        with system.open_input_file(path) as stream:
            return pq.read_metadata(stream)
    except Exception as error:
        raise damaged(error) from None


def damaged(error: Exception) -> Exception:
    """What a failed read means: the store's own trouble passes, all else is the file's."""
    import pyarrow as pa

    text = str(error).splitlines()[0].split(". Detail:")[0]
    if isinstance(error, FileNotFoundError):
        return Unfit("is gone since it was listed")
    if isinstance(error, OSError) and not isinstance(error, pa.ArrowException):
        if "AWS Error" in text or "curl" in text.lower() or error.errno is not None:
            return SourceUnavailable(f"the lake cannot be read now: {text}")
        return Unfit(f"is damaged ({text}): write it again")
    if isinstance(error, pa.ArrowException | ValueError):
        return Unfit(f"is damaged ({text}): write it again")
    return error


def _groups(footer: pq.FileMetaData, layout: Layout, file: int) -> list[RowGroup]:
    places = {footer.schema.column(n).path: n for n in range(footer.num_columns)}
    account, at = places[layout.account], places.get(layout.at or "")
    found = []
    for number in range(footer.num_row_groups):
        group = footer.row_group(number)
        low, high = _bounds(group.column(account))
        first, last = layout.moment, layout.moment
        if at is not None:
            least, most = _bounds(group.column(at))
            zone = ZoneInfo(layout.timezone)
            first, last = _epoch(least, 0, zone), _epoch(most, 2**33, zone)
        named = isinstance(low, str) and isinstance(high, str)
        found.append(
            RowGroup(
                file=file,
                number=number,
                rows=group.num_rows,
                low=low if named else None,
                high=high if named else None,
                first=first,
                last=last,
            )
        )
    return found


def _bounds(column: pq.ColumnChunkMetaData) -> tuple[Any, Any]:
    told = column.statistics
    if told is None or not told.has_min_max:
        return None, None
    return told.min, told.max


def _epoch(value: object, unknown: int, zone: ZoneInfo) -> int:
    if isinstance(value, datetime):
        return int((value if value.tzinfo else value.replace(tzinfo=zone)).timestamp())
    if isinstance(value, date):
        return int(datetime.combine(value, time(23, 59, 59), zone).timestamp())
    if isinstance(value, int):
        return value // 1000 if abs(value) >= 10**11 else value
    return unknown
