"""Judging files without a database: what `ebbwatch check` and `ebbwatch backtest` do."""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from bot.cli import listed
from bot.errors import CommandError, SourceChanged
from bot.message.alert import title
from bot.message.kinds import worst_first
from bot.message.picture import picture
from bot.message.progress import moved
from bot.message.reasons import sentence
from bot.message.voice import voice_for
from bot.message.wave import wave_title
from bot.model.inline import plain
from bot.model.message import ChartSpec, Picture
from bot.model.reading import METRICS, FollowerList
from bot.model.source import Found
from checks.incident.day import EmptyDayContext
from checks.incident.decide import decide
from checks.judge import judge, judgements
from checks.model import Judgement
from checks.panel.build import Readings, build_panel
from checks.panel.panel import LOOKBACK, Ints, Panel
from checks.replay import incidents_of, replay_panels

if TYPE_CHECKING:
    from checks.model import Incident, Notice, Rules

DAY = timedelta(days=1)
PARTED = 2 * 86_400
"""Seconds without a notice after which the same one is told again."""

COLOURS = {"info": "cyan", "warning": "yellow", "critical": "bold red"}


class Input(NamedTuple):
    """Readings sorted by account and time, what each file turned out to be, what people call
    the accounts, and follower lists, oldest first."""

    frame: pl.DataFrame
    found: list[Found]
    names: Mapping[str, str]
    lists: list[FollowerList]


def read_files(paths: Sequence[Path], options: Mapping[str, Any], now: datetime) -> Input:
    """All that the files hold. Raises SourceChanged where one gives nothing to judge."""
    from bot.sources.faults import told
    from bot.sources.read import read_input
    from bot.sources.tables.options import options_from

    frames: list[pl.DataFrame] = []
    lists: list[FollowerList] = []
    found: list[Found] = []
    names: dict[str, str] = {}
    for path in paths:
        batch = read_input(
            path,
            options_from(options),
            hash_key=lambda: bytes(32),  # no name leaves this function
            now=now,
            naming="all",
        )
        parts = told(batch)
        if batch.readings is not None and not batch.readings.is_empty():
            frames.append(batch.readings)
        elif not batch.lists:
            raise SourceChanged(_nothing(path, parts))
        lists += batch.lists
        found += parts
        names |= batch.names
    frame = pl.concat(frames, how="diagonal") if frames else pl.DataFrame()
    if len(frames) > 1:
        frame = frame.unique(["account", "at"], keep="last", maintain_order=True)
        frame = frame.sort("account", "at")
    lists = listed.in_order(lists)
    found = listed.as_believed(found, lists)
    return Input(listed.with_counts(frame, lists), found, names, lists)


def names_shown(names: Mapping[str, str]) -> dict[str, str]:
    """Accounts that go by an id as people know them: platform/name, where it is only one's."""
    shown = {
        account: f"{account.partition('/')[0]}/{name}" if "/" in account else name
        for account, name in names.items()
    }
    times = Counter(shown.values())
    return {account: name for account, name in shown.items() if times[name] == 1}


def called(incidents: Sequence[Incident], names: Mapping[str, str]) -> list[Incident]:
    return [replace(one, account=names.get(one.account, one.account)) for one in incidents]


def _nothing(path: Path, found: Sequence[Found]) -> str:
    refused = [" ".join(one.notes) for one in found if one.format is None]
    if refused:
        return "\n".join(refused)
    return f"{path}: no readings in there; give an account, a time and a count in each row"


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
        Readings(
            frame["account"].unique(maintain_order=True).to_list(),
            rows,
            frame["at"].to_numpy(),
            values,
        ),
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


def check(
    frame: pl.DataFrame,
    rules: Rules,
    *,
    as_of: int | None,
    timezone: str,
    lists: Sequence[FollowerList] = (),
) -> Checked:
    """The incidents that one moment alone would open, worst first; None is the last reading or
    the newest of the follower lists."""
    known = [one for one in lists if as_of is None or one.at <= as_of]
    told = listed.shown(known, rules, timezone, newest_only=True)
    now = as_of if as_of is not None else _newest(frame, lists)
    found = tuple(one.verdict for one in told)
    if frame.is_empty():
        view = EmptyDayContext()
        said = Judgement(at=now, verdicts=found, notices=(), early={}, view=view)
        incidents = [decision.incident for decision in decide((), said, now)]
        return Checked(sorted(incidents, key=shown_first), (), {}, 0)
    seen = frame.filter((pl.col("at") <= now) & (pl.col("at") > now - (LOOKBACK + 3) * 86400))
    if seen.is_empty():
        raise CommandError(
            f"nothing was read in the {LOOKBACK} days before "
            f"{datetime.fromtimestamp(now, UTC):%Y-%m-%d %H:%M} UTC: choose another --as-of"
        )
    panel = panel_of(seen, now, timezone, LOOKBACK + 1)
    judgement = judge(panel, rules)
    judgement = replace(judgement, verdicts=(*judgement.verdicts, *found))
    incidents = [decision.incident for decision in decide((), judgement, now)]
    early = {
        name: days
        for name, days in judgement.early.items()
        if not any(one.account == name for one in known)
    }
    judged = len(panel.accounts) - len(early)
    return Checked(sorted(incidents, key=shown_first), judgement.notices, early, judged)


def shown_first(incident: Incident) -> tuple[bool, tuple[float, ...]]:
    return incident.alerted_at is None, worst_first(incident)


def _newest(frame: pl.DataFrame, lists: Sequence[FollowerList]) -> int:
    read = [] if frame.is_empty() else [int(frame["at"].max())]  # type: ignore[arg-type]
    return max([*read, *(one.at for one in lists)])


def chart_of(given: Input, account: str | None, days: int, metric: str) -> Picture:
    """One account of the files over its last `days`.

    CommandError where several could be meant.
    """
    names = given.frame["account"].unique(maintain_order=True).to_list()
    wanted = [name for name in names if account in (None, name, name.partition("/")[2])]
    if len(wanted) != 1:
        near = ", ".join(sorted(names)[:3])
        raise CommandError(
            f"{counted(len(names), 'account')} in there: name one with --account, "
            f"such as {near}"
        )
    frame = given.frame.filter(pl.col("account") == wanted[0])
    now = int(frame["at"].max())  # type: ignore[arg-type]
    panel = panel_of(frame, now, "UTC", days + LOOKBACK + 1)
    if metric not in panel.metrics:
        known = ", ".join(panel.metrics)
        raise CommandError(f"{wanted[0]} has no {metric} in there: it has {known}")
    spec = ChartSpec(account=wanted[0], metric=metric, start=now - days * 86400, end=now)
    return picture(voice_for("en", "UTC"), spec, panel, now)


def backtest(
    frame: pl.DataFrame,
    rules: Rules,
    *,
    every: timedelta,
    timezone: str,
    with_notices: bool = False,
    lists: Sequence[FollowerList] = (),
) -> tuple[list[Incident], tuple[Notice, ...]]:
    """Every incident that a service judging in this rhythm would have opened, oldest first.

    `every` divides a day: each look has its own panel whose columns end at that time of day.
    What a follower list shows is known from its own day on.
    """
    told = listed.shown(lists, rules, timezone)
    if frame.is_empty():
        return incidents_of(replay_panels([], rules, listed=told)), ()
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
    incidents = incidents_of(replay_panels(panels, rules, columns=columns, listed=told))
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
    """A block of text per incident or wave, in their order, and `end` below them."""
    from rich.console import Console
    from rich.text import Text

    console, voice = Console(highlight=False, soft_wrap=True), voice_for("en", timezone)
    groups: dict[str, list[Incident]] = {}
    for place, incident in enumerate(incidents):
        groups.setdefault(incident.wave or f"\0{place}", []).append(incident)
    for worst, *others in groups.values():
        shown = plain(title(voice, worst, worst.last_finding_at))
        if others:
            shown = plain(wave_title(voice, [worst, *others], worst.last_finding_at))
        unsaid = "" if any(one.alerted_at for one in (worst, *others)) else " (below alerting)"
        console.print(Text(f"{shown}{unsaid}", style=COLOURS[worst.severity]))
        for reason in worst.reasons:
            console.print(Text(f"    {sentence(voice, reason)}"))
        for one in (worst, *others) if others else ():
            share = one.change / one.level if one.level > 0 else math.nan
            console.print(Text(f"      {one.account}  {moved(voice, one.change, share)}"))
    for notice in notices:
        told = " ".join(sentence(voice, reason) for reason in notice.reasons)
        who = notice.account or counted(len(notice.accounts), "account")
        console.print(Text(f"{who}: {told}"))
    console.print(Text(end))


def counted(n: int, thing: str) -> str:
    return f"{n:,} {thing}" if n == 1 else f"{n:,} {thing}s"
