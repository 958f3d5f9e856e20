"""The panels of a partition: laid out in the first pass, and kept for the second."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path
from shutil import disk_usage
from typing import Any

import numpy as np

from bot.engine.engine import pack
from bot.passes.groups import Grouping
from bot.sources.lake.partitions import Partition
from bot.sources.lake.read import Readings, read
from checks.model import Rules
from checks.panel import build
from checks.panel.build import build_panel, day_ends
from checks.panel.panel import LOOKBACK, Ints, Panel

CELLS = 1_200_000
"""Accounts times days of one panel: 10,000 accounts on an ordinary day. Half costs a tenth more
time, double 100 MB."""

_FREE = 0.2
"""Share of a disk that panels leave free: what has no room is laid out once more. Half leaves
the database of a small disk too little, double keeps nothing on a disk that is well used."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """What is looked at: the `judged` last days of panels that end at `now`.

    `metrics` are those that any file has, so that all parts hold the same; `laid` is where the
    first pass leaves its panels for the second. The lakes fill both in.
    """

    now: int
    rules: Rules
    timezone: str = "UTC"
    judged: int = 1
    grouping: Grouping = field(default_factory=Grouping)
    metrics: tuple[str, ...] = ()
    laid: Path | None = None

    @property
    def days(self) -> int:
        return LOOKBACK + self.judged

    @property
    def columns(self) -> Ints:
        return np.arange(LOOKBACK, self.days)

    @property
    def start(self) -> int:
        return int(day_ends(self.now, self.timezone, self.days + 1)[0])


def panels(partition: Partition, look: Look) -> Iterator[Panel]:
    """In the order of the accounts, CELLS accounts times days in each. Raises Broken."""
    if look.laid is None:
        yield from _made(partition, look)
        return
    about = pack((partition, look.now, look.timezone, look.days, look.metrics))
    file = look.laid / blake2b(about, digest_size=16).hexdigest()
    if file.exists():
        yield from _kept(file, look.grouping)
        return
    if not _room(look.laid):
        yield from _made(partition, look)
        return
    written = file.with_suffix(".part")
    with written.open("wb") as stream:
        for panel in _made(partition, look):
            pickle.dump(_packed(panel), stream, protocol=5)
            yield panel
    written.rename(file)


def _room(folder: Path) -> bool:
    folder.mkdir(parents=True, exist_ok=True)
    disk = disk_usage(folder)
    return disk.free > _FREE * disk.total


def _made(partition: Partition, look: Look) -> Iterator[Panel]:
    readings = read(partition, look.start, look.now, look.metrics)
    for piece in readings.pieces(max(1, CELLS // look.days)):
        yield _panel(piece, look)


def _kept(file: Path, grouping: Grouping) -> Iterator[Panel]:
    """Their groups anew: after the first pass walls may have other names."""
    with file.open("rb") as stream:
        while stream.peek(1):
            panel = _unpacked(*pickle.load(stream))
            yield replace(panel, groups=grouping.of(panel.accounts))


def _packed(panel: Panel) -> tuple[Panel, Any, Any, Any]:
    """A panel without its groups, and with it what takes less room: seconds in four bytes, and
    sizes of flaps where there are any."""
    flaps, sizes = panel.flaps, panel.flap_size
    bare = replace(panel, read_at=None, flaps=None, flap_size=None, groups={})
    at = None if panel.read_at is None else panel.read_at.astype(np.uint32)
    if flaps is None or sizes is None:
        return bare, at, None, None
    return bare, at, flaps.astype(np.uint16), sizes[flaps > 0]


def _unpacked(bare: Panel, at: Any, flaps: Any, sizes: Any) -> Panel:
    read_at = None if at is None else at.astype(np.int64)
    if flaps is None:
        return replace(bare, read_at=read_at)
    size = np.zeros(flaps.shape)
    size[flaps > 0] = sizes
    return replace(bare, read_at=read_at, flaps=flaps.astype(np.int64), flap_size=size)


def _panel(piece: Readings, look: Look) -> Panel:
    panel = build_panel(
        build.Readings(piece.accounts, piece.rows, piece.at, piece.values),
        now=look.now,
        timezone=look.timezone,
        days=look.days,
        with_read_at=True,
    )
    return replace(panel, groups=look.grouping.of(piece.accounts))
