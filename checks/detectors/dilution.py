"""Engagement that thins out: more followers who do less, or posts that nobody sees any more."""

from dataclasses import dataclass

import numpy as np

from checks.detectors.explain import Evidence, Explanation
from checks.detectors.findings import Day, Findings, join, nothing
from checks.model import Finding
from checks.panel.panel import LOOKBACK, Bools, Floats, Ints, Panel, newest
from checks.reasons import reason

WEEKS = 6
"""Whole weeks that are compared: the newest against the ones before."""

_WEEK = 7
"""Days: weekdays differ, whole weeks do not."""

_AGE = 2
"""Days before a week's end of which a reading may stand in for it."""

_JUDGED = {"dilution": 2, "reach": 1}
"""Newest weeks that a check judges: followers who do less are told after two, posts that nobody
sees after one."""

_THIN = 0.65
"""Share of the median rate of the weeks before that both judged weeks must stay below."""

_BELOW_ALL = 0.75
"""Share of the least rate of the weeks before that they must stay below as well: one lively
week raises the median, not this."""

_GREW = 1.03
"""Times the followers must have grown meanwhile: without, fewer interactions are a quiet
month."""

_UNSEEN = 0.35
"""Share of every week's reach before, per post, that is left where nobody sees the posts."""

_UNSEEN_AFTER = 0.5
"""The same after a surge, which explains it."""

_STAYED = 0.98
"""Share of the followers who must still be there: else those who left explain it."""

_SURGE = 0.05
"""Gain of one day, as a share, that counts as a surge."""

_FELL = 0.8
"""Share of the usual flow of interactions that is a fall of its own: half way between what
bought followers alone do to it, nothing, and _THIN."""

_LEAST = 50.0
"""Interactions a week below which their rate is chance: 50 scatter by a seventh."""

_POSTS = 3.0
"""Posts a week below which their mean reach is that of single posts."""

FADING = 10
"""Whole weeks over which a slow fading is looked for."""

_HALVED, _LINE = 0.7, 8.0
"""Least fall of the line, as a log (to a half), and its least steepness in standard errors."""

_FIRST, _LAST, _KEPT = 4, 2, 0.9
"""Weeks at both ends that are compared, and the share of followers that must have stayed."""

_ADVICE = ("check_account_status", "judge_by_engagement", "remove_fake_followers")


@dataclass(frozen=True)
class Weeks:
    """Whole weeks up to one day, the newest first; arrays (accounts, weeks).

    `followers` are those at the end of each week, `flow` what came in it, NaN where a
    week's ends were not read within two days. `enough` (accounts,): there is something to
    compare with, and the day itself was read.
    """

    followers: Floats
    flow: Floats
    enough: Bools


def find(day: Day) -> Findings:
    """Accounts whose engagement has thinned out while their followers grew by 3 % or more.

    Interactions per follower of both last weeks are at most 0.65 of the median and 0.75 of
    every one of the four weeks before; where a week brought 5 % or more of the followers, of
    whom a message of their own has told, interactions themselves must have fallen too. Weeks
    with fewer than 50 interactions, and days without a reading, say nothing.
    """
    if "interactions" not in day.panel.metrics:
        return nothing()
    return join([nothing(), *(_thinned(day.panel, column) for column in _columns(day))])


def find_reach(day: Day) -> Findings:
    """Accounts whose posts nobody sees any more, though their followers stayed.

    Views (else interactions) per post of the last week are at most 0.35 of every week before;
    0.5 is enough after a surge of 5 % in a day. Weeks with fewer than 3 posts say nothing.
    """
    panel = day.panel
    metric = next((name for name in ("views", "interactions") if name in panel.metrics), None)
    if metric is None or "posts" not in panel.metrics:
        return nothing()
    return join([nothing(), *(_unseen(panel, metric, column) for column in _columns(day))])


def find_fading(day: Day) -> Findings:
    """Accounts whose interactions fade over FADING weeks while the followers stay.

    The line through the logs of the weekly sums falls by half or more, clearly beyond how the
    weeks scatter around it, and both last weeks lie below every one of the first four. Views
    say nothing: of 250 YouTube channels every fifth fades so within a year by itself.
    """
    if "interactions" not in day.panel.metrics:
        return nothing()
    columns = [each for each in _columns(day) if each >= FADING * _WEEK]
    return join([nothing(), *(_faded(day.panel, column) for column in columns)])


def explain(finding: Finding, evidence: Evidence) -> Explanation:
    """More followers who do less."""
    days = max(1, round((finding.at - finding.start) / 86_400) + 1)
    said = reason("rate_fell", ratio=round(1 - finding.size, 2), days=days)
    return Explanation("dilution", 0.8, [said], _ADVICE)


def explain_reach(finding: Finding, evidence: Evidence) -> Explanation:
    """Posts that nobody sees, more surely so where a crowd had come at once."""
    why = [reason("reach_fell", ratio=round(1 - finding.size, 2))]
    if evidence.surged:
        return Explanation("dilution", 0.8, [*why, reason("after_mass_follow")], _ADVICE)
    return Explanation("dilution", 0.7, why, _ADVICE)


def surged(panel: Panel, rows: Ints, column: int) -> Bools:
    """Which of the rows gained 5 % or more in a day of the six weeks up to `column`. Of the
    shape of `rows` (k,)."""
    first = max(0, column - WEEKS * _WEEK)
    followers = panel.metrics["followers"][rows, first : column + 1]
    with np.errstate(invalid="ignore", divide="ignore"):
        rise = followers[:, 1:] / followers[:, :-1] - 1
    return np.asarray(np.nan_to_num(rise, posinf=0.0).max(axis=1, initial=0.0) >= _SURGE)


def _columns(day: Day) -> list[int]:
    return [column for column in day.columns.tolist() if column >= WEEKS * _WEEK]


def _thinned(panel: Panel, column: int) -> Findings:
    weeks = _weeks(panel, "interactions", column)
    followers = np.maximum(weeks.followers, 1.0)
    came = (followers[:, :-1] / followers[:, 1:]).max(axis=1) >= 1 + _SURGE
    rate, flow = weeks.flow / followers, weeks.flow
    on = weeks.enough & (weeks.followers[:, 0] >= _GREW * weeks.followers[:, -1])
    with np.errstate(invalid="ignore"):
        on &= rate[:, :2].max(axis=1) <= _BELOW_ALL * rate[:, 2:].min(axis=1)
    rows = np.flatnonzero(on)
    usual = np.median(rate[rows, 2:], axis=1)
    thin = rate[rows, :2].max(axis=1) <= _THIN * usual
    fell = flow[rows, :2].max(axis=1) <= _FELL * np.median(flow[rows, 2:], axis=1)
    rows = rows[thin & (fell | ~came[rows])]
    return _findings("dilution", panel, "interactions", column, rows, rate[rows])


def _faded(panel: Panel, column: int) -> Findings:
    weeks = _weeks(panel, "interactions", column, FADING)
    on = weeks.enough & (weeks.followers[:, 0] >= _KEPT * weeks.followers[:, -1])
    rows = np.flatnonzero(on & (weeks.flow[:, :1] > 0).all(axis=1))
    flow = weeks.flow[rows]
    with np.errstate(invalid="ignore"):
        faded = flow[:, :_LAST].max(axis=1) < flow[:, -_FIRST:].min(axis=1)
    rows, flow = rows[faded], flow[faded]
    ago = np.arange(FADING) - (FADING - 1) / 2
    logs = np.log(flow)
    slope = logs @ ago / (ago @ ago)  # of a week further back, so above 0 where it fades
    rest = logs - logs.mean(axis=1, keepdims=True) - slope[:, None] * ago
    error = np.sqrt((rest**2).sum(axis=1) / (FADING - 2) / (ago @ ago))
    score = slope / np.maximum(error, 0.1 / np.sqrt(ago @ ago))
    kept = (slope * (FADING - 1) >= _HALVED) & (score >= _LINE)
    rows, flow, score = rows[kept], flow[kept], score[kept]
    usual, now = np.median(flow[:, -_FIRST:], axis=1), flow[:, :_LAST].mean(axis=1)
    many = len(rows)
    return Findings(
        row=rows,
        column=np.full(many, column),
        start=np.full(many, column - _WEEK * FADING + 1),
        check=np.full(many, "fading"),
        metric=np.full(many, "interactions"),
        direction=np.full(many, -1),
        change=flow[:, 0],
        expected=usual,
        level=usual,
        size=1 - now / usual,
        score=-score,
        floor=np.zeros(many),
        passed=np.ones(many, np.bool_),
        alarm=np.ones(many, np.bool_),
    )


def _unseen(panel: Panel, metric: str, column: int) -> Findings:
    weeks, posts = _weeks(panel, metric, column), _near_weeks(panel.metrics["posts"], column)
    made = posts[:, :-1] - posts[:, 1:]
    with np.errstate(invalid="ignore", divide="ignore"):
        reach = weeks.flow / made
        usual = reach[:, 1:].min(axis=1)
        on = weeks.enough & (made >= _POSTS).all(axis=1)
        on &= weeks.followers[:, 0] >= _STAYED * weeks.followers[:, 1]
        rows = np.flatnonzero(on & (reach[:, 0] <= _UNSEEN_AFTER * usual))
        clear = reach[rows, 0] <= _UNSEEN * usual[rows]
    rows = rows[clear | surged(panel, rows, column)]
    return _findings("reach", panel, metric, column, rows, reach[rows])


def _findings(
    check: str, panel: Panel, metric: str, column: int, rows: Ints, rate: Floats
) -> Findings:
    """`change` and `expected` are the newest week's flow and what the old rate would give.

    `rate` (rows, WEEKS) is that of each week, the newest first.
    """
    weeks = _JUDGED[check]
    usual = np.median(rate[:, weeks:], axis=1)
    now = np.maximum(rate[:, :weeks].mean(axis=1), 1e-12)
    with np.errstate(divide="ignore", invalid="ignore"):
        noise = np.maximum(np.std(np.log(rate[:, weeks:]), axis=1), 0.1)
        score = np.log(now / usual) / noise
    totals = panel.metrics[metric][rows]
    last, before = (
        newest(totals[:, max(0, day - LOOKBACK) : day + 1])[0]
        for day in (column, column - _WEEK)
    )
    change = last - before
    kept = ~np.isnan(change) & (usual > 0)
    rows, change, usual, now = rows[kept], change[kept], usual[kept], now[kept]
    many = len(rows)
    expected = change * usual / now
    return Findings(
        row=rows,
        column=np.full(many, column),
        start=np.full(many, column - _WEEK * weeks + 1),
        check=np.full(many, check),
        metric=np.full(many, metric),
        direction=np.full(many, -1),
        change=change,
        expected=expected,
        level=expected,
        size=1 - now / usual,
        score=score[kept],
        floor=np.zeros(many),
        passed=np.ones(many, np.bool_),
        alarm=np.ones(many, np.bool_),
    )


def _weeks(panel: Panel, metric: str, column: int, many: int = WEEKS) -> Weeks:
    followers = _near_weeks(panel.metrics["followers"], column, many)[:, :-1]
    total = _near_weeks(panel.metrics[metric], column, many)
    flow = total[:, :-1] - total[:, 1:]
    enough = (flow[:, 1:] >= _LEAST).all(axis=1) & (flow[:, 0] >= 0)
    enough &= ~np.isnan(panel.metrics[metric][:, column])
    return Weeks(followers, flow, enough)


def _near_weeks(values: Floats, column: int, many: int = WEEKS) -> Floats:
    """Values at the ends of whole weeks up to `column`, the newest first; up to two days before
    where they were not read: (accounts, many + 1)."""
    columns = column - _WEEK * np.arange(many + 1)
    picked = values[:, np.maximum(columns, 0)]
    for back in range(1, _AGE + 1):
        row, place = np.nonzero(np.isnan(picked))
        picked[row, place] = values[row, np.maximum(columns[place] - back, 0)]
    return picked
