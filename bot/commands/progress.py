"""Reads the course of accounts from storage: panels, periods, forecasts."""

import math
from collections.abc import Sequence
from datetime import date
from itertools import pairwise

import numpy as np
from sqlite_utils import Database

from bot.message.progress import AccountProgress, GoalProgress
from bot.model.reading import DAY
from bot.storage import readings
from bot.storage.goals import Goal
from checks.panel.build import Readings, build_panel
from checks.panel.panel import LOOKBACK, Floats, Panel

_RATE_DAYS = 28
_ENOUGH = 8
_QUANTILE = 1.2816
"""Of the normal distribution: the forecast interval holds four outcomes of five."""


def read_panel(
    db: Database,
    path: object,
    names: Sequence[str],
    now: float,
    timezone: str,
    days: int = LOOKBACK + 1,
) -> Panel:
    """The panel of these accounts with `now` as its last day."""
    moment = int(now)
    found = readings.series(
        db,
        path,  # type: ignore[arg-type]
        start=moment - (days + 2) * DAY,
        stop=moment,
        only=list(names),
    )
    return build_panel(
        Readings(found.accounts, found.rows, found.at, found.values),
        now=moment,
        timezone=timezone,
        days=days,
        tags=found.tags,
        with_read_at=True,
    )


def account_progress(
    panel: Panel, account: str, days: int, last_reading: float | None
) -> AccountProgress:
    """The last `days` days of one account; the count before them is at most a week older."""
    row = panel.row.get(account)
    if row is None:
        nothing = (math.nan,) * days
        return AccountProgress(account=account, values=nothing, before=math.nan, after=math.nan)
    followers = panel.metrics["followers"][row]
    inside = followers[-days:]
    before = followers[max(0, len(followers) - days - 7) : len(followers) - days]
    return AccountProgress(
        account=account,
        values=tuple(float(value) for value in inside),
        before=_last(before),
        after=_last(inside),
        last_reading=last_reading,
        has_level=bool(panel.has_level[row]),
        **_before(followers, days),
    )


def _before(followers: Floats, days: int) -> dict[str, float]:
    """The change in the period before, and the mean of the four before that are known."""
    ends = [len(followers) - days * count for count in range(1, 6)]
    marks = [_last(followers[max(0, end - 7) : end]) if end > 0 else math.nan for end in ends]
    changes = [later - earlier for later, earlier in pairwise(marks)]
    known = [change for change in changes if not math.isnan(change)]
    return {
        "previous": changes[0],
        "usual": sum(known) / len(known) if len(known) > 1 else math.nan,
    }


def goal_progress(panel: Panel, goal: Goal, today: date) -> GoalProgress | None:
    """How the goal looks; None where the account's total is not known.

    The forecast is a random walk with the median daily change of the last four weeks: its
    variance grows with the days ahead, plus that of the rate itself.
    """
    row = panel.row.get(goal.account)
    if row is None or not panel.has_level[row]:
        return None
    followers = panel.metrics["followers"][row]
    read = np.flatnonzero(~np.isnan(followers))
    if not read.size:
        return None
    by = date.fromisoformat(goal.by_date)
    ahead = (by - today).days
    forecast = None
    recent = read[read >= len(followers) - _RATE_DAYS - 1]
    if recent.size > _ENOUGH and ahead > 0:
        gaps = np.diff(recent)
        steps = np.diff(followers[recent]) / gaps
        rate = float(np.median(steps))
        spread = 1.4826 * float(np.median(np.abs(steps - rate)))
        spread = max(spread, 0.3 * float(np.std(steps)), 0.5 * float(panel.step[row]))
        reach = _QUANTILE * spread * math.sqrt(ahead + ahead**2 / len(steps))
        middle = float(followers[read[-1]]) + rate * ahead
        forecast = (max(0.0, middle - reach), max(0.0, middle), max(0.0, middle + reach))
    return GoalProgress(
        account=goal.account,
        followers=goal.followers,
        by=by,
        now=float(followers[read[-1]]),
        forecast=forecast,
    )


def _last(values: np.ndarray) -> float:
    read = values[~np.isnan(values)]
    return float(read[-1]) if read.size else math.nan
