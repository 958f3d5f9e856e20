"""Judging the config's lakes once from the command line, without the database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bot.cli.offline import Checked, shown_first
from bot.config.settings import EngineSettings
from bot.engine.table import open_engine
from bot.errors import CommandError
from bot.passes.groups import Grouping
from bot.passes.judge import Lakes
from bot.passes.lakes import Kind, open_lakes
from bot.passes.panels import Look
from bot.review.pending import CHUNK
from checks.incident.decide import decide
from checks.replay import Key, carry, incidents_of

if TYPE_CHECKING:
    from bot.config.schema import Settings
    from bot.sources.lake.inventory import LeftOut
    from bot.sources.lake.settings import LakeSettings
    from checks.model import Decision, Incident, Rules

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


def backtest(
    settings: LakeSettings, rules: Rules, kind: Kind, progress: Progress
) -> tuple[list[Incident], Sequence[LeftOut]]:
    """Every incident that a service judging the lake once a day would have opened, oldest
    first; CHUNK days are judged at once."""
    lakes = Lakes(
        settings=[settings],
        root=".",
        engine=open_engine(EngineSettings(kind=kind)),
        progress=progress,
    )
    zone = ZoneInfo(settings.timezone or "UTC")
    alive: dict[Key, Incident] = {}
    decisions: list[tuple[int, list[Decision]]] = []
    left_out: Sequence[LeftOut] = ()
    try:
        (files,) = lakes.inventories()
        first = datetime.fromtimestamp(files.oldest or 0, zone)
        last = datetime.fromtimestamp(files.newest or 0, zone)
        left = (last.date() - first.date()).days + 1
        while left:
            some = min(CHUNK, left)
            left -= some
            end = datetime.combine(last.date() - timedelta(days=left), time(23, 59, 59), zone)
            look = Look(now=int(end.timestamp()), rules=rules, timezone=zone.key, judged=some)
            found = lakes.judged(look, keep={account for account, *_ in alive})
            decisions += carry(found.said, alive)
            left_out = found.left_out
    finally:
        lakes.engine.close()
    return incidents_of(decisions), left_out
