"""Which column of a Parquet file plays which role, and how its cells become numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from bot.model.reading import METRICS
from bot.sources.lake.settings import LakeSettings
from bot.sources.tables.columns import DAILY, role_of

if TYPE_CHECKING:
    import pyarrow as pa

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_FOLDER = re.compile(r"([^/=]+)=([^/]*)")
_MILLISECONDS_FROM = 10**11
"""A whole number beyond it, the year 5138 in seconds, counts milliseconds."""


class Unfit(ValueError):
    """The text ends a sentence that begins with the file's name."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Columns by role. `at` is None where a folder's name tells the day: `moment`, the end of
    that day; `platform` is a column, else `prefix` (with its slash) stands before each name.
    """

    account: str
    at: str | None
    moment: int
    platform: str | None
    prefix: str
    metrics: Mapping[str, str]
    timezone: str

    @property
    def columns(self) -> list[str]:
        named = [self.account, self.at, self.platform, *self.metrics.values()]
        return [name for name in named if name is not None]


def layout_of(schema: pa.Schema, path: str, settings: LakeSettings) -> Layout:
    """Raises Unfit where an account, a time or any count is missing, or is no such thing."""
    folders = dict(_FOLDER.findall(str(PurePosixPath(path).parent)))
    roles = _roles([*schema.names, *folders], settings)
    for role, what in (("account", "account"), ("at", "time")):
        if role not in roles:
            raise Unfit(
                f"has no column for the {what}: its columns are {', '.join(schema.names)}; say "
                f'columns = {{ {role} = "..." }}'
            )
    metrics = {role: name for role, name in roles.items() if role in METRICS}
    metrics = {role: name for role, name in metrics.items() if name in schema.names}
    if not metrics:
        raise Unfit(f"has no column of counts: its columns are {', '.join(schema.names)}")
    for role, name in {"account": roles["account"], **metrics}.items():
        _check(schema, name, role)
    zone = settings.timezone or "UTC"
    at, moment = roles["at"], 0
    if at in schema.names:
        _check(schema, at, "at")
    else:
        moment = _end_of(folders[at], zone)
    platform: str | None = roles.get("platform")
    prefix = settings.platform or ""
    if platform is not None and platform not in schema.names:
        prefix, platform = folders[platform], None
    return Layout(
        account=roles["account"],
        at=at if at in schema.names else None,
        moment=moment,
        platform=platform,
        prefix=f"{prefix}/" if prefix else "",
        metrics={
            DAILY[role] if role in settings.daily and role in DAILY else role: name
            for role, name in metrics.items()
        },
        timezone=zone,
    )


def _roles(names: list[str], settings: LakeSettings) -> dict[str, str]:
    """The config's word first, then headers by their aliases, the first of each role."""
    roles: dict[str, str] = {}
    for role, name in settings.columns.items():
        if name not in names:
            raise Unfit(f'has no column "{name}", which the config names for {role}')
        roles[role] = name
    taken = set(roles.values())
    for name in names:
        meant = role_of(name)
        if meant is not None and name not in taken:
            roles.setdefault(meant, name)
    return roles


def _check(schema: pa.Schema, name: str, role: str) -> None:
    import pyarrow.types as kinds

    kind = schema.field(name).type
    if kinds.is_dictionary(kind):
        kind = kind.value_type
    whole = kinds.is_integer(kind)
    if role == "account":
        fits, wanted = kinds.is_string(kind) or kinds.is_large_string(kind) or whole, "text"
    elif role == "at":
        fits = kinds.is_timestamp(kind) or kinds.is_date(kind) or whole
        wanted = "a timestamp, a date or whole epoch seconds"
    else:
        fits, wanted = whole or kinds.is_floating(kind) or kinds.is_decimal(kind), "a number"
    if not fits:
        raise Unfit(f'has a column "{name}" of type {kind}, where {wanted} is needed')


def _end_of(text: str, zone: str) -> int:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Unfit(f'lies in a folder "{text}", which is no day as 2026-11-30') from None
    return int(datetime.combine(day, time(23, 59, 59), ZoneInfo(zone)).timestamp())


def seconds(column: pa.ChunkedArray, zone: str) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Epoch seconds of each cell and which cells tell a time; a date is its last second."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.types as kinds

    known = column.is_valid().to_numpy() if column.null_count else np.ones(0, np.bool_)
    kind = column.type
    if kinds.is_date(kind):
        column = pc.add(column.cast(pa.timestamp("s")), pa.scalar(86_399, pa.duration("s")))
        kind = column.type
    if kinds.is_timestamp(kind):
        if kind.tz is None and zone != "UTC":
            column = pc.assume_timezone(
                column, zone, ambiguous="earliest", nonexistent="latest"
            )
        per = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[kind.unit]
        return _whole(column) // per, known
    at = _whole(column)
    return np.where(np.abs(at) >= _MILLISECONDS_FROM, at // 1000, at), known


def _whole(column: pa.ChunkedArray) -> Ints:
    import pyarrow as pa
    import pyarrow.compute as pc

    if column.null_count:
        column = pc.fill_null(column.cast(pa.int64()), 0)
    return np.asarray(column.cast(pa.int64()).to_numpy(), np.int64)


def numbers(column: pa.ChunkedArray) -> Floats:
    """Counts as float64, NaN where there is none."""
    import pyarrow as pa

    return np.asarray(column.cast(pa.float64()).to_numpy(), np.float64)
