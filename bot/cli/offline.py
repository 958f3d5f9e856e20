"""Judging files without a database: what `ebbwatch check` and `ebbwatch backtest` do."""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from bot.errors import CommandError, SourceChanged
from bot.message.alert import title
from bot.message.kinds import worst_first
from bot.message.reasons import sentence
from bot.message.voice import voice_for
from bot.model.reading import METRICS
from bot.model.source import Fault
from checks.incident.decide import decide
from checks.judge import judge, judgements
from checks.panel.panel import LOOKBACK, Ints, Panel, build_panel
from checks.replay import incidents_of, replay_panels

if TYPE_CHECKING:
    from checks.model import Incident, Notice, Rules

DateOrder = Literal["dmy", "mdy", "ymd"]
DAY = timedelta(days=1)
PARTED = 2 * 86_400
"""Seconds without a notice after which the same one is told again."""

COLOURS = {"info": "cyan", "warning": "yellow", "critical": "bold red"}


def read_files(
    paths: Sequence[Path],
    *,
    platform: str | None = None,
    timezone: str = "UTC",
    daily: Sequence[str] = (),
    columns: Mapping[str, str] | None = None,
    date_order: DateOrder | None = None,
) -> tuple[pl.DataFrame, list[Fault]]:
    """The readings of all files, sorted by account and time, and what was left out."""
    from bot.sources.tables.read_file import read_file

    frames: list[pl.DataFrame] = []
    faults: list[Fault] = []
    for path in paths:
        batch = read_file(
            path,
            platform=platform,
            timezone=timezone,
            daily=tuple(daily),
            columns=dict(columns or {}),
            date_order=date_order,
        )
        faults.extend(batch.faults)
        if batch.readings is not None:
            frames.append(batch.readings)
    frame = pl.concat(frames, how="diagonal") if frames else pl.DataFrame()
    if frame.is_empty():
        raise SourceChanged(
            f"{', '.join(str(path) for path in paths)}: no readings in there; "
            "ebbwatch wants an account, a time and a count in each row"
        )
    return (frame.sort("account", "at") if len(frames) > 1 else frame), faults


def moment(text: str, timezone: str) -> int:
    """Epoch seconds of an ISO date (its end) or time (in `timezone` where it has no offset)."""
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise CommandError(
            f'"{text}" is no time: write a date or an ISO time, "2022-12-20T09:00"'
        ) from None
    if len(text.strip()) <= 10:
        at = datetime.combine(at, time(23, 59, 59))
    if at.tzinfo is None:
        at = at.replace(tzinfo=ZoneInfo(timezone))
    return int(at.timestamp())


def panel_of(frame: pl.DataFrame, now: int, timezone: str, days: int) -> Panel:
    """The panel that ends at `now`; `frame` is sorted by account and time."""
    rows = frame["account"].rle_id().to_numpy()
    values = {
        name: frame[name].cast(pl.Float64).fill_null(math.nan).to_numpy()
        for name in METRICS
        if name in frame.columns
    }
    return build_panel(
        frame["account"].unique(maintain_order=True).to_list(),
        rows,
        frame["at"].to_numpy(),
        values,
        now=now,
        timezone=timezone,
        days=days,
        with_read_at=True,
    )


class Checked(NamedTuple):
    """What one moment alone shows; `early` are accounts that too little is known of."""

    incidents: list[Incident]
    notices: tuple[Notice, ...]
    early: Mapping[str, int]
    judged: int


def check(frame: pl.DataFrame, rules: Rules, *, as_of: int | None, timezone: str) -> Checked:
    """The incidents that one moment alone would open, worst first; None is the last reading."""
    now = int(frame["at"].max()) if as_of is None else as_of  # type: ignore[arg-type]
    seen = frame.filter((pl.col("at") <= now) & (pl.col("at") > now - (LOOKBACK + 3) * 86400))
    if seen.is_empty():
        raise CommandError(
            f"nothing was read in the {LOOKBACK} days before "
            f"{datetime.fromtimestamp(now, UTC):%Y-%m-%d %H:%M} UTC: choose another --as-of"
        )
    panel = panel_of(seen, now, timezone, LOOKBACK + 1)
    judgement = judge(panel, rules)
    incidents = [decision.incident for decision in decide((), judgement, now)]
    incidents.sort(key=lambda each: (each.alerted_at is None, worst_first(each)))
    judged = len(panel.accounts) - len(judgement.early)
    return Checked(incidents, judgement.notices, judgement.early, judged)


def backtest(
    frame: pl.DataFrame,
    rules: Rules,
    *,
    every: timedelta,
    timezone: str,
    with_notices: bool = False,
) -> tuple[list[Incident], tuple[Notice, ...]]:
    """Every incident that a service judging in this rhythm would have opened, oldest first.

    `every` divides a day: each look has its own panel whose columns end at that time of day.
    """
    zone = ZoneInfo(timezone)
    first = datetime.fromtimestamp(int(frame["at"].min()), zone).date()  # type: ignore[arg-type]
    last = datetime.fromtimestamp(int(frame["at"].max()), zone).date()  # type: ignore[arg-type]
    days = (last - first).days + 1
    end = datetime.combine(last, time(23, 59, 59))
    looks = [
        int((end - step * every).replace(tzinfo=zone).timestamp())
        for step in reversed(range(round(DAY / every)))
    ]
    panels = [panel_of(frame, look, timezone, days) for look in looks]
    columns = np.arange(days)
    incidents = incidents_of(replay_panels(panels, rules, columns=columns))
    incidents.sort(key=lambda each: (each.opened_at, each.account, each.metric))
    return incidents, _notices(panels, rules, columns) if with_notices else ()


def _notices(panels: Sequence[Panel], rules: Rules, columns: Ints) -> tuple[Notice, ...]:
    """Each notice once: a condition that lasts is there on every judged day."""
    looks = [judgements(panel, rules, columns=columns) for panel in panels]
    told: list[Notice] = []
    last: dict[tuple[object, ...], int] = {}
    for at, judgement in heapq.merge(*looks, key=lambda look: look[0]):
        for notice in judgement.notices:
            named = notice.account or next(iter(notice.accounts), "").partition("/")[0]
            codes = tuple((r.code, r.values.get("milestone")) for r in notice.reasons)
            key = (notice.kind, named, codes)
            if at - last.get(key, at - PARTED - 1) > PARTED:
                told.append(notice)
            last[key] = at
    return tuple(sorted(told, key=lambda each: each.at))


def print_incidents(
    incidents: Sequence[Incident], notices: Sequence[Notice], timezone: str, end: str
) -> None:
    """A block of text per incident, in their order, and `end` below them."""
    from rich.console import Console
    from rich.text import Text

    console, voice = Console(highlight=False, soft_wrap=True), voice_for("en", timezone)
    for incident in incidents:
        shown = title(voice, incident, incident.last_finding_at)
        unsaid = "" if incident.alerted_at else " (below alerting)"
        console.print(Text(f"{shown}{unsaid}", style=COLOURS[incident.severity]))
        for reason in incident.reasons:
            console.print(Text(f"    {sentence(voice, reason)}"))
    for notice in notices:
        told = " ".join(sentence(voice, reason) for reason in notice.reasons)
        who = notice.account or counted(len(notice.accounts), "account")
        console.print(Text(f"{who}: {told}"))
    console.print(Text(end))


def counted(n: int, thing: str) -> str:
    return f"{n:,} {thing}" if n == 1 else f"{n:,} {thing}s"
