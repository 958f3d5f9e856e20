"""The panels of a partition: laid out in the first pass, and kept for the second."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path
from shutil import disk_usage

import numpy as np

from bot.engine.engine import pack
from bot.passes.groups import Grouping
from bot.review.pending import PART_CELLS
from bot.sources.lake.partitions import Partition
from bot.sources.lake.read import Readings, read
from checks.model import Rules
from checks.panel import build
from checks.panel.build import build_panel, day_ends
from checks.panel.panel import LOOKBACK, Ints, Panel

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
    """In the order of the accounts, PART_CELLS accounts times days in each. Raises Broken."""
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
            pickle.dump(panel, stream, protocol=5)
            yield panel
    written.rename(file)


def _room(folder: Path) -> bool:
    folder.mkdir(parents=True, exist_ok=True)
    disk = disk_usage(folder)
    return disk.free > _FREE * disk.total


def _made(partition: Partition, look: Look) -> Iterator[Panel]:
    readings = read(partition, look.start, look.now, look.metrics)
    for piece in readings.pieces(max(1, PART_CELLS // look.days)):
        yield _panel(piece, look)


def _kept(file: Path, grouping: Grouping) -> Iterator[Panel]:
    """Their groups anew: after the first pass walls may have other names."""
    with file.open("rb") as stream:
        while stream.peek(1):
            panel: Panel = pickle.load(stream)
            yield replace(panel, groups=grouping.of(panel.accounts))


def _panel(piece: Readings, look: Look) -> Panel:
    panel = build_panel(
        build.Readings(piece.accounts, piece.rows, piece.at, piece.values),
        now=look.now,
        timezone=look.timezone,
        days=look.days,
        with_read_at=True,
    )
    return replace(panel, groups=look.grouping.of(piece.accounts))
