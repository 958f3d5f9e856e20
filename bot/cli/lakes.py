"""Judging the config's lakes once from the command line, without the database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from bot.cli.offline import Checked, shown_first
from bot.errors import CommandError
from bot.passes.groups import Grouping
from bot.passes.judge import Look
from bot.passes.lakes import Kind, open_lakes
from checks.incident.decide import decide

if TYPE_CHECKING:
    from bot.config.schema import Settings
    from bot.sources.lake.inventory import LeftOut
    from checks.model import Rules

Progress = Callable[[str, int, int], None]


def judge(
    settings: Settings,
    rules: Rules,
    *,
    as_of: int | None,
    kind: Kind | None,
    progress: Progress,
) -> tuple[Checked, Sequence[LeftOut]]:
    """The incidents that one moment alone would open, worst first, as `check` finds them in
    files; None is the newest reading. Also what files were left out."""
    lakes, engine = open_lakes(settings, kind, progress)
    if not lakes.settings:
        raise CommandError('the config has no source of the kind "lake": add one')
    try:
        now = as_of if as_of is not None else lakes.newest()
        found = lakes.judged(
            Look(
                now=now,
                rules=rules,
                timezone=settings.timezone,
                grouping=Grouping(settings.tags, settings.walls),
            )
        )
        engine.forget()
    finally:
        engine.close()
    if not found.said:
        raise CommandError("nothing was read in the 120 days before: choose another --as-of")
    ((_, judgement),) = found.said
    incidents = [decision.incident for decision in decide((), judgement, now)]
    checked = Checked(
        sorted(incidents, key=shown_first), judgement.notices, judgement.early, found.accounts
    )
    return checked, found.left_out
