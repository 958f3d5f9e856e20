"""Judging the config's lakes once from the command line, without the database."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from bot.cli.offline import Checked, shown_first
from bot.engine.kept import KeptEngine
from bot.engine.table import open_engine
from bot.errors import CommandError, EngineError
from bot.passes.groups import Grouping
from bot.passes.judge import Lakes, Look
from bot.sources.lake.settings import LakeSettings
from checks.incident.decide import decide

if TYPE_CHECKING:
    from bot.config.schema import Settings
    from bot.sources.lake.inventory import LeftOut
    from checks.model import Rules

Progress = Callable[[str, int, int], None]


def grouping_of(settings: Settings) -> Grouping:
    return Grouping(settings.tags, {space.id: space.accounts for space in settings.spaces})


def lakes_of(settings: Settings) -> list[LakeSettings]:
    """Raises CommandError where there is none."""
    found = [one for one in settings.sources if isinstance(one, LakeSettings)]
    if not found:
        raise CommandError('the config has no source of the kind "lake": add one')
    return found


def within(
    budget: float | None, monotonic: Callable[[], float] = time.monotonic
) -> Callable[[], None]:
    """A watch that ends work after so many seconds."""
    begun = monotonic()

    def watch() -> None:
        if budget is not None and monotonic() - begun > budget:
            raise EngineError(
                f"the time for one review is over ({budget:.0f} s): what is done is kept, the "
                "next one goes on from there; set [engine] budget higher"
            )

    return watch


@contextmanager
def opened(
    settings: Settings, kind: Literal["local", "dask"] | None, progress: Progress
) -> Iterator[Lakes]:
    """The config's lakes with its engine, or one of the named kind.

    What a stopped run has done lies beside the database, until a later one ends well.
    """
    chosen = settings.engine
    if kind is not None:
        chosen = chosen.model_copy(update={"kind": kind})
    folder = settings.store_path.with_suffix(".judging")
    engine = KeptEngine(open_engine(chosen), folder)
    budget = chosen.budget
    try:
        yield Lakes(
            settings=lakes_of(settings),
            root=settings.root,
            engine=engine,
            scratch=chosen.scratch,
            progress=progress,
            watch=within(budget.total_seconds() if budget else None),
        )
        engine.forget()
    finally:
        engine.close()


def judge(
    settings: Settings,
    rules: Rules,
    *,
    as_of: int | None,
    kind: Literal["local", "dask"] | None,
    progress: Progress,
) -> tuple[Checked, Sequence[LeftOut]]:
    """The incidents that one moment alone would open, worst first, as `check` finds them in
    files; None is the newest reading. Also what files were left out."""
    with opened(settings, kind, progress) as lakes:
        now = as_of if as_of is not None else lakes.newest()
        look = Look(
            now=now, rules=rules, timezone=settings.timezone, grouping=grouping_of(settings)
        )
        found = lakes.judged(look)
    if not found.said:
        raise CommandError("nothing was read in the 120 days before: choose another --as-of")
    ((_, judgement),) = found.said
    incidents = [decision.incident for decision in decide((), judgement, now)]
    checked = Checked(
        sorted(incidents, key=shown_first), judgement.notices, judgement.early, found.accounts
    )
    return checked, found.left_out
