"""The lakes of a config with their engine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from bot.engine.kept import KeptEngine
from bot.engine.table import open_engine
from bot.passes.judge import Lakes
from bot.sources.lake.settings import lakes_in
from bot.sources.lake.source import LakeSource

if TYPE_CHECKING:
    import polars as pl

    from bot.config.schema import Settings
    from bot.model.source import Surroundings

Kind = Literal["local", "dask"]


def open_lakes(
    settings: Settings,
    kind: Kind | None = None,
    progress: Callable[[str, int, int], None] = lambda *_: None,
) -> tuple[Lakes, KeptEngine]:
    """Judged by the config's engine, or by one of the named kind.

    What a judgement that was stopped has done lies beside the database until one ends well.
    """
    chosen = settings.engine
    if kind is not None:
        chosen = chosen.model_copy(update={"kind": kind})
    engine = KeptEngine(open_engine(chosen), settings.store_path.with_suffix(".judging"))
    here = chosen.kind == "local" or chosen.address is None
    lakes = Lakes(
        settings=lakes_in(settings.sources),
        root=settings.root,
        engine=engine,
        scratch=chosen.scratch,
        laid=engine.folder / "panels" if here else None,
        progress=progress,
        budget=chosen.budget.total_seconds() if chosen.budget else None,
    )
    return lakes, engine


def lookup(
    settings: Settings, world: Surroundings, calendar: Callable[[], float]
) -> Callable[[str], Awaitable[pl.DataFrame | None]] | None:
    """What reads the account that a person names out of the lakes; None without lakes."""
    lakes = [LakeSource(one, world) for one in lakes_in(settings.sources)]

    async def find(name: str) -> pl.DataFrame | None:
        for lake in lakes:
            batch = await lake.fetch([name], None, datetime.fromtimestamp(calendar(), UTC))
            if batch.readings is not None:
                return batch.readings
        return None

    return find if lakes else None
