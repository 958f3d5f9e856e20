"""Two passes over lakes: what all partitions mean together, then what each of them says."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import mkdtemp
from typing import TypeVar
from uuid import uuid4

import polars as pl

from bot.engine.engine import Engine, Pass
from bot.errors import EngineError, SourceChanged
from bot.passes.panels import Look, panels
from bot.sources.lake.buckets import Written, bucketed, cleared, spread, to_spread
from bot.sources.lake.files import files_at
from bot.sources.lake.inventory import Inventory, LeftOut, footer_of, inventory
from bot.sources.lake.layout import Unfit
from bot.sources.lake.partitions import ROWS, Partition, holding, partitions
from bot.sources.lake.read import Broken, read
from bot.sources.lake.settings import LakeSettings
from bot.sources.lake.source import frame_of, metrics_of
from checks.context import Context, Summary, combine, merge, regroup, summarise
from checks.judge import Shortlist, judge_shortlist, shortlist
from checks.model import Event, Judgement

log = logging.getLogger(__name__)

_FOOTERS = 16
"""Footers read at once: each is one short wait for the store."""

Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a lake says: judgements in time order, and files that gave nothing."""

    said: list[tuple[int, Judgement]]
    accounts: int
    left_out: tuple[LeftOut, ...]


@dataclass(kw_only=True)
class Lakes:
    """The lakes of a config, judged together by an engine, in partitions of `size` rows.

    `progress` is told of each pass its name, the partitions done and all of them. A judgement
    that takes longer than `budget` seconds ends with EngineError, and so does one that `stop`
    is called for. `laid` is a folder of this machine, which does all work, where panels may lie
    from the first pass to the second.
    """

    settings: Sequence[LakeSettings]
    root: str
    engine: Engine
    scratch: str | None = None
    laid: Path | None = None
    size: int = ROWS
    progress: Callable[[str, int, int], None] = lambda *_: None
    budget: float | None = None
    monotonic: Callable[[], float] = time.monotonic
    _begun: float = 0.0
    _stopped: bool = False
    _broken: dict[tuple[str, tuple[int, int]], LeftOut] = field(default_factory=dict)

    def inventories(self) -> list[Inventory]:
        """What the footers say. Raises SourceUnavailable, or SourceChanged where no file of a
        lake can be judged."""
        found = []
        for one in self.settings:
            files = files_at(one.path, self.root)
            with ThreadPoolExecutor(_FOOTERS) as pool:
                list(pool.map(_looked_at, [(file.uri, file.mark) for file in files]))
            good = [file for file in files if (file.uri, file.mark) not in self._broken]
            known = [
                self._broken[file.uri, file.mark] for file in files if file not in set(good)
            ]
            told = inventory(good, one)
            told = replace(told, left_out=(*told.left_out, *known))
            if not told.files:
                raise SourceChanged(
                    f"{one.name}: no file can be judged: {told.left_out[0]}", source=one.name
                )
            found.append(told)
        return found

    def newest(self) -> int:
        """The time of the newest reading, as the footers tell."""
        return max(found.newest or 0 for found in self.inventories())

    def judged(
        self,
        look: Look,
        *,
        events: Sequence[Event] = (),
        floors: Mapping[str, float] | None = None,
        keep: Collection[str] = (),
    ) -> Found:
        """What the days say of all accounts that have something to say or are to be kept, as
        if they had been one panel."""
        self._begun = self.monotonic()
        while True:
            inventories = self.inventories()
            look = replace(look, metrics=metrics_of(inventories), laid=self.laid)
            try:
                with self._partitions(inventories, look) as parts:
                    said, accounts = self._two_passes(parts, look, events, floors, keep)
            except Broken as broken:
                self._leave_out(broken.left_out, inventories)
                continue
            left_out = [each for found in inventories for each in found.left_out]
            return Found(said=said, accounts=accounts, left_out=tuple(left_out))

    def readings(
        self, accounts: Collection[str], start: int, stop: int
    ) -> dict[str, pl.DataFrame]:
        """The readings of some accounts with start < at <= stop, by the lake they lie in."""
        while True:
            inventories = self.inventories()
            metrics = metrics_of(inventories)
            given = (frozenset(accounts), start, stop, metrics)
            found = {}
            try:
                for one, files in zip(self.settings, inventories, strict=True):
                    parts = holding(files, accounts, start, stop)
                    frames = list(self._map("readings", picked, parts, given))
                    rows = pl.concat(frames) if frames else pl.DataFrame()
                    if not rows.is_empty():
                        found[one.name] = rows.sort("account", "at")
            except Broken as broken:
                self._leave_out(broken.left_out, inventories)
                continue
            return found

    def _two_passes(
        self,
        parts: Sequence[Partition],
        look: Look,
        events: Sequence[Event],
        floors: Mapping[str, float] | None,
        keep: Collection[str],
    ) -> tuple[list[tuple[int, Judgement]], int]:
        whole: Summary | None = None
        for one in self._map("summaries", summarised, parts, look):
            if one is not None:
                whole = one if whole is None else combine([whole, one])
        if whole is None:
            return [], 0
        if look.grouping.spaces:
            names = look.grouping.settled(whole.sizes)
            whole = regroup(whole, names)
            look = replace(look, grouping=replace(look.grouping, names=names))
        context = merge([whole], look.rules, floors=floors)
        given = (look, context, frozenset(keep))
        short = Shortlist.joined(
            [one for one in self._map("judgements", shortlisted, parts, given) if one]
        )
        said = list(judge_shortlist(short, look.rules, context, events=events))
        return said, sum(whole.sizes.get(name, 0) for name in _counted(whole))

    @contextmanager
    def _partitions(
        self, inventories: Sequence[Inventory], look: Look
    ) -> Iterator[list[Partition]]:
        """Cut by account; what is not sorted is spread first, and removed afterwards."""
        parts: list[Partition] = []
        folders: list[str] = []
        try:
            for found in inventories:
                cut = partitions(found, look.start, look.now, self.size)
                if cut is None:
                    folders.append(self._folder())
                    cut = self._spread(found, look, folders[-1])
                parts += cut
            yield parts
        finally:
            for folder in folders:
                with suppress(OSError):
                    cleared(folder)

    def _folder(self) -> str:
        if self.scratch is None:
            return mkdtemp(prefix="ebbwatch-")
        base = self.scratch if "://" in self.scratch else str(Path(self.root, self.scratch))
        return f"{base.rstrip('/')}/ebbwatch-{uuid4().hex}"

    def _spread(self, found: Inventory, look: Look, folder: str) -> list[Partition]:
        pieces = to_spread(found, look.start, look.now, folder, self.size)
        given = (len(pieces), look.start, look.now, look.metrics)
        written: list[Written] = list(self._map("spreading", spread, pieces, given))
        return bucketed(written, look.metrics)

    def _map(
        self,
        name: str,
        work: Callable[..., Result | LeftOut],
        items: Sequence[object],
        given: object,
    ) -> Iterator[Result]:
        """The results of one pass. Raises Broken where one is a file to leave out."""
        self.progress(name, 0, len(items))
        results = self.engine.map(Pass(work, items, given, self._watch))
        for number, result in enumerate(results, 1):
            if isinstance(result, LeftOut):
                raise Broken(result)
            self.progress(name, number, len(items))
            yield result

    def stop(self) -> None:
        """Ends what is running, from another thread."""
        self._stopped = True

    def _watch(self) -> None:
        if self._stopped:
            raise EngineError(
                "judging the lakes was stopped: the next review goes on from there"
            )
        if self.budget is not None and self.monotonic() - self._begun > self.budget:
            raise EngineError(
                f"the time for one review of the lakes is over ({self.budget:.0f} s): what is "
                "done is kept, the next one goes on from there; set [engine] budget higher"
            )

    def _leave_out(self, one: LeftOut, inventories: Sequence[Inventory]) -> None:
        for settings, found in zip(self.settings, inventories, strict=True):
            for file in found.files:
                if file.uri == one.uri:
                    log.warning("left out", extra={"file": one.uri, "said": one.why})
                    self._broken[file.uri, file.mark] = replace(one, source=settings.name)
                    return
        raise SourceChanged(f"{one}: what was written for this review is lost: try again")


def summarised(partition: Partition, look: Look) -> Summary | LeftOut | None:
    """The first pass over one partition; None where it holds no reading of those days."""
    try:
        found = [summarise(panel, look.columns) for panel in panels(partition, look)]
    except Broken as broken:
        return broken.left_out
    return combine(found) if found else None


def shortlisted(
    partition: Partition, given: tuple[Look, Context, frozenset[str]]
) -> Shortlist | LeftOut | None:
    """The second pass: those of one partition that have something to say."""
    look, context, keep = given
    try:
        found = [
            shortlist(panel, look.rules, context, keep=keep)
            for panel in panels(partition, look)
        ]
    except Broken as broken:
        return broken.left_out
    return Shortlist.joined(found) if found else None


def picked(
    partition: Partition, given: tuple[frozenset[str], int, int, tuple[str, ...]]
) -> pl.DataFrame | LeftOut:
    """The readings of some accounts."""
    accounts, start, stop, metrics = given
    try:
        found = read(partition, start, stop, metrics, accounts)
    except Broken as broken:
        return broken.left_out
    return frame_of(found)


def _counted(whole: Summary) -> list[str]:
    """Groups that hold each account once."""
    return [name for name in whole.read if name in whole.sizes]


def _looked_at(file: tuple[str, tuple[int, int]]) -> None:
    with suppress(Unfit):
        footer_of(*file)
