"""Engagement that thins out: more followers who do less, or posts that nobody sees any more."""

from dataclasses import dataclass

import numpy as np

from checks.model import Finding
from checks.panel.panel import LOOKBACK, Bools, Floats, Panel

WEEKS = 6
"""Whole weeks that are compared: the newest against the ones before."""

_WEEK = 7
_AGE = 2
_THIN = 0.65
_BELOW_ALL = 0.75
_GREW = 1.03
_UNSEEN = 0.35
_UNSEEN_AFTER = 0.5
_STAYED = 0.98
_SURGE = 0.05
_LEAST = 50.0
_POSTS = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """Interactions a day per 1,000 followers: the last four weeks against the four before."""

    now: float
    before: float

    @property
    def percent(self) -> float:
        """Change in percent."""
        return 100 * (self.now / self.before - 1)


@dataclass(frozen=True)
class Weeks:
    """Whole weeks up to one day, the newest first; arrays (accounts, weeks).

    `followers` are those at the end of each week, `flow` what came in it, NaN where a
    week's ends were not read within two days.
    """

    followers: Floats
    flow: Floats
    posts: Floats | None


def dilution(panel: Panel, column: int) -> list[Finding]:
    """Accounts whose engagement has thinned out as of `column`.

    Rate: interactions per follower of both last weeks at most 0.65 of the median and 0.75 of
    every one of the four weeks before, while the followers grew by 3 % or more. Reach: views
    (else interactions) per post of the last week at most 0.35 of every week before, while the
    followers stayed; 0.5 is enough after a surge of 5 % in a day. Weeks with fewer than 50
    interactions or 3 posts, and days without a reading, say nothing.
    """
    found: list[Finding] = []
    if column < WEEKS * _WEEK:
        return found
    for metric in ("interactions", "views"):
        if metric not in panel.metrics:
            continue
        weeks = _weeks(panel, metric, column)
        enough = np.asarray((weeks.flow[:, 1:] >= _LEAST).all(axis=1))
        enough &= (weeks.flow[:, 0] >= 0) & ~np.isnan(panel.metrics[metric][:, column])
        if metric == "interactions":
            rate = weeks.flow / np.maximum(weeks.followers, 1.0)
            on = enough & (weeks.followers[:, 0] >= _GREW * weeks.followers[:, -1])
            with np.errstate(invalid="ignore"):
                on &= rate[:, :2].max(axis=1) <= _BELOW_ALL * rate[:, 2:].min(axis=1)
            some = np.flatnonzero(on)
            usual = np.median(rate[some, 2:], axis=1)
            on[some] = rate[some, :2].max(axis=1) <= _THIN * usual
            found += _findings(panel, metric, column, "dilution", rate, on, 2)
        if weeks.posts is not None and not (
            metric == "interactions" and "views" in panel.metrics
        ):
            found += _reach(panel, metric, column, weeks, enough)
    return found


def audience_quality(panel: Panel, row: int) -> Quality | None:
    """How engaged an account's followers are now and were a month ago; None where unknown."""
    column = panel.days - 1
    if column < 2 * 4 * _WEEK or "interactions" not in panel.metrics:
        return None
    totals, followers = panel.metrics["interactions"][row], panel.metrics["followers"][row]
    ends = [_last(totals, column - days) for days in (0, 28, 56)]
    sizes = [_last(followers, column - days) for days in (0, 28)]
    if any(end is None for end in ends) or any(size is None for size in sizes):
        return None
    (t0, v0), (t1, v1), (t2, v2) = [end for end in ends if end is not None]
    (_, f0), (_, f1) = [size for size in sizes if size is not None]
    if t0 <= t1 or t1 <= t2 or v1 <= v2 or f0 <= 0 or f1 <= 0:
        return None
    return Quality(
        now=1000 * (v0 - v1) / (t0 - t1) / f0, before=1000 * (v1 - v2) / (t1 - t2) / f1
    )


def _reach(
    panel: Panel, metric: str, column: int, weeks: Weeks, enough: Bools
) -> list[Finding]:
    posts = weeks.posts
    if posts is None:
        return []
    busy = (posts >= _POSTS).all(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        reach = weeks.flow / posts
        usual = reach[:, 1:].min(axis=1)
        stayed = weeks.followers[:, 0] >= _STAYED * weeks.followers[:, 1]
        on = enough & busy & stayed & (reach[:, 0] <= _UNSEEN_AFTER * usual)
        surged = on.copy()
        surged[on] = _surged(panel, column, on)
        on &= surged | (reach[:, 0] <= _UNSEEN * usual)
    return [
        *_findings(panel, metric, column, "reach", reach, on & ~surged, 1),
        *_findings(panel, metric, column, "reach_after_surge", reach, on & surged, 1),
    ]


def _findings(
    panel: Panel, metric: str, column: int, check: str, rate: Floats, on: Bools, weeks: int
) -> list[Finding]:
    """`change` and `expected` are the newest week's flow and what the old rate would give."""
    found = []
    for row in np.flatnonzero(on):
        usual = float(np.median(rate[row, weeks:]))
        now = float(rate[row, :weeks].mean())
        noise = max(float(np.std(np.log(rate[row, weeks:]))), 0.1)
        total = panel.metrics[metric][row]
        newest = _last(total, column)
        before = _last(total, column - _WEEK)
        if newest is None or before is None or usual <= 0:
            continue
        change = newest[1] - before[1]
        found.append(
            Finding(
                check=check,
                account=panel.accounts[row],
                metric=metric,
                direction="down",
                start=int(panel.ends[column - _WEEK * weeks + 1]),
                at=int(panel.ends[column]),
                change=change,
                expected=change * usual / max(now, 1e-12),
                level=change * usual / max(now, 1e-12),
                size=1 - now / usual,
                score=float(np.log(max(now, 1e-12) / usual)) / noise,
                log_p=0.0,
            )
        )
    return found


def _weeks(panel: Panel, metric: str, column: int) -> Weeks:
    ends = column - _WEEK * np.arange(WEEKS + 1)
    followers = _near(panel.metrics["followers"], ends)[:, :-1]
    total = _near(panel.metrics[metric], ends)
    posts = panel.metrics.get("posts")
    made = None
    if posts is not None:
        counted = _near(posts, ends)
        made = counted[:, :-1] - counted[:, 1:]
    return Weeks(followers, total[:, :-1] - total[:, 1:], made)


def _near(values: Floats, columns: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> Floats:
    """Values at the columns, or up to two days before where they were not read."""
    picked = values[:, np.maximum(columns, 0)]
    for back in range(1, _AGE + 1):
        row, place = np.nonzero(np.isnan(picked))
        picked[row, place] = values[row, np.maximum(columns[place] - back, 0)]
    return picked


def _surged(panel: Panel, column: int, rows: Bools) -> Bools:
    """Which of the rows gained 5 % or more in a day of the last six weeks."""
    first = max(0, column - WEEKS * _WEEK)
    followers = panel.metrics["followers"][rows, first : column + 1]
    with np.errstate(invalid="ignore", divide="ignore"):
        rise = followers[:, 1:] / followers[:, :-1] - 1
    return np.asarray(np.nan_to_num(rise, posinf=0.0).max(axis=1, initial=0.0) >= _SURGE)


def _last(values: Floats, column: int) -> tuple[int, float] | None:
    """Column and value of the last reading at or before `column`, within LOOKBACK."""
    seen = np.flatnonzero(~np.isnan(values[max(0, column - LOOKBACK) : column + 1]))
    if not seen.size:
        return None
    at = max(0, column - LOOKBACK) + int(seen[-1])
    return at, float(values[at])
