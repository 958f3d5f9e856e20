"""False-discovery control within each platform; it only removes alarms."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from checks.baseline import Outlook, outlook
from checks.findings import Findings
from checks.model import Rules
from checks.panel import Bools, Floats, Ints, Panel
from checks.surprise import Tail, discovery_limit, fit_tail, tail_size

HISTORY = 28
"""Days whose scores tell the tail's shape and share one false-discovery threshold."""

LEAST_ACCOUNTS = 50
"""Judged accounts of a platform from which false discoveries are controlled."""

SAMPLE = 512
"""Accounts of a platform whose past stands for all; chosen by their names."""

_USUAL_PERCENT = 1.5
_SHARE, _SHARE_BARE = 0.05, 0.0125
"""Upper share of one direction's scores in which its tail begins, with floors and without.

Without floors only the tail decides: 0.018 and 0.025 let 1.2 to 1.6 q through on mixed tails
(`tests.bench.mixture`, tuning seeds).
"""


@dataclass(frozen=True)
class _Side:
    """Scores in one direction that may belong to a tail, ordered by day.

    `start` is the first entry of each day, `large` says where the move passes the floors.
    """

    scores: Floats
    large: Bools
    start: Ints

    def of(self, span: slice) -> tuple[Floats, Bools]:
        """Scores and `large` of some days."""
        part = slice(self.start[span.start], self.start[span.stop])
        return self.scores[part], self.large[part]


@dataclass(frozen=True)
class _Past:
    """Sampled accounts of one platform on the days of history, each day less its joint move.

    `scores` are NaN where not judged, and `large` says where the move passes the floors;
    (accounts, days). `found` are the scores of the hits on these days that passed their
    floors, in the order of `place`, their places in `days`.
    """

    days: Ints
    middle: Floats
    scale: Floats
    scores: Floats
    large: Bools
    found: Floats
    place: Ints

    @cached_property
    def judged(self) -> Ints:
        """The number of scores of each day."""
        return np.asarray((~np.isnan(self.scores)).sum(axis=0))

    def side(self, sign: int, least: Floats) -> _Side:
        """The scores of each day from its `least` on in one direction."""
        scores = sign * self.scores.T
        day, row = np.nonzero(scores >= least[:, None])
        start = np.searchsorted(day, np.arange(len(self.days) + 1))
        return _Side(scores[day, row], self.large[row, day], start)


def hold_discoveries(
    panel: Panel,
    metric: str,
    view: Outlook,
    columns: Ints,
    hits: Findings,
    find: Callable[[Outlook, Ints, Ints], Findings],
    rules: Rules,
) -> Findings:
    """`hits` with `alarm` off where the share of false discoveries would not hold.

    `find` gives the hits of an outlook, its columns and rows, for the days before. The tail
    is that of all platforms together: one alone has few values to tell an exponent from.
    """
    alarm = hits.alarm.copy()
    history = np.arange(max(0, int(columns.min()) - HISTORY + 1), int(columns.max()) + 1)
    platforms = _platforms(panel)
    tested = [_tested(panel, rows, view, columns, hits) for rows in platforms]
    if not any(each.size for each in tested):
        return hits
    pasts = []
    for sample in (_sample(panel, rows) for rows in platforms):
        if np.array_equal(history, columns):
            chosen = np.zeros(len(panel.accounts), np.bool_)
            chosen[sample] = True
            seen, found = view.of(sample), hits.take(chosen[hits.row])
        else:
            seen = outlook(panel, metric, history, rows=sample)
            found = find(seen, history, sample)
        pasts.append(_past(seen, history, found, rules))
    share = _SHARE if rules.min_percent > 0 else _SHARE_BARE
    judged: Ints = np.sum([past.judged for past in pasts], axis=0)
    sides = {sign: _sides(pasts, sign, judged, share) for sign in (1, -1)}
    scores = [
        _less_the_day(hits.take(each), past.days, past.middle, past.scale)
        for past, each in zip(pasts, tested, strict=True)
    ]
    for column in np.unique(np.concatenate([hits.column[each] for each in tested])):
        last = int(np.searchsorted(history, column))
        span = slice(max(0, last - HISTORY + 1), last + 1)
        total = int(judged[span].sum())
        tails = {
            sign: fit_tail(np.concatenate([side.of(span)[0] for side in some]), share, total)
            for sign, some in sides.items()
        }
        for i, past in enumerate(pasts):
            here = hits.column[tested[i]] == column
            near = {sign: some[i].of(span) for sign, some in sides.items()}
            rejected = _rejected(past, span, near, tails, scores[i][here], rules)
            alarm[tested[i][here]] = rejected
    return replace(hits, alarm=alarm)


def _sides(pasts: list[_Past], sign: int, judged: Ints, share: float) -> list[_Side]:
    """What can lie in the upper share of any HISTORY days, of each past.

    That share begins nowhere below the least that its days' own shares, and one score more,
    begin at.
    """
    scores = np.sort(sign * np.concatenate([past.scores for past in pasts]), axis=0)
    least = np.full(scores.shape[1] + 2 * HISTORY - 2, np.inf)
    for day in np.flatnonzero(judged):
        more = min(tail_size(int(judged[day]), share) + 1, judged[day])
        least[day + HISTORY - 1] = scores[judged[day] - more, day]
    near = sliding_window_view(least, 2 * HISTORY - 1).min(axis=1)
    return [past.side(sign, near) for past in pasts]


def _platforms(panel: Panel) -> list[Ints]:
    groups = [
        rows
        for name, rows in panel.groups.items()
        if name.startswith("platform:") and "@" not in name
    ]
    free = np.ones(len(panel.accounts), np.bool_)
    for rows in groups:
        free[rows] = False
    return [r for r in (*groups, np.flatnonzero(free)) if len(r) >= LEAST_ACCOUNTS]


def _sample(panel: Panel, rows: Ints) -> Ints:
    if len(rows) <= SAMPLE:
        return rows
    return np.sort(rows[np.argsort(panel.hashes[rows], kind="stable")[:SAMPLE]])


def _tested(
    panel: Panel, rows: Ints, view: Outlook, columns: Ints, hits: Findings
) -> npt.NDArray[np.intp]:
    """Alarms of one platform on days with enough judged accounts."""
    mine = np.zeros(len(panel.accounts), np.bool_)
    mine[rows] = True
    here = np.flatnonzero(hits.alarm & mine[hits.row])
    many = view.judged[rows].sum(axis=0) >= LEAST_ACCOUNTS
    return np.asarray(here[many[np.searchsorted(columns, hits.column[here])]])


def against_the_day(
    excess: Floats, spread: Floats, judged: Bools
) -> tuple[Floats, Floats, Floats]:
    """Scores of one platform's accounts less the day's joint move, the move, and the scale.

    (accounts, days): the median excess of the day is subtracted, and all scores are divided
    by max(1, their 75th percentile / 0.675), so that a day on which everybody moves is no
    day of discoveries.
    """
    excess = np.where(judged, excess, np.nan)
    count = judged.sum(axis=0)
    columns = np.arange(excess.shape[1])
    middle = np.sort(excess, axis=0)[np.maximum(count - 1, 0) // 2, columns]
    scores = (excess - middle) / spread
    size = np.sort(np.abs(scores), axis=0)[np.maximum(count - 1, 0) * 3 // 4, columns]
    scale = np.maximum(1.0, np.nan_to_num(size) / 0.675)
    return scores / scale, np.nan_to_num(middle), scale


def _past(view: Outlook, days: Ints, found: Findings, rules: Rules) -> _Past:
    day = view.moves[0]
    scores, middle, scale = against_the_day(day.excess, day.spread, view.judged)
    size = np.abs(day.excess)
    percent = rules.min_percent
    if 0 < percent < _USUAL_PERCENT:
        # a lower floor lets more in; it must not make large moves harder to tell
        percent = _USUAL_PERCENT
    large = (size >= percent / 100) & (size * day.level >= rules.min_count / 2)
    found = found.take(found.passed)
    place = np.searchsorted(days, found.column)
    return _Past(
        days, middle, scale, scores, large, _less_the_day(found, days, middle, scale), place
    )


def _less_the_day(hits: Findings, days: Ints, middle: Floats, scale: Floats) -> Floats:
    """Signed scores of hits less the joint move of their day."""
    place = np.searchsorted(days, hits.column)
    spread = np.nan_to_num(hits.size / np.abs(hits.score), nan=np.inf)
    score = np.abs(hits.score) - hits.direction * middle[place] / spread
    return np.asarray(hits.direction * np.maximum(score, 0) / scale[place], np.float64)


def _rejected(
    past: _Past,
    span: slice,
    near: dict[int, tuple[Floats, Bools]],
    tails: dict[int, Tail],
    own: Floats,
    rules: Rules,
) -> Bools:
    """Which of `own` Benjamini-Hochberg rejects at `rules.q` among all account-days of `span`.

    Rises and falls have tails of their own: one-sided p, doubled. A null day must also be
    large to pass a floor: p = P(score beyond) P(large | ordinary tail). `near` are scores of
    these days and which of them are large.
    """
    tests = int(past.judged[span].sum())
    found = past.found[slice(*np.searchsorted(past.place, (span.start, span.stop)))]
    log_p, own_log_p = [], np.zeros(len(own))
    for sign, tail in tails.items():
        scores, large = near[sign]
        ordinary = (scores >= tail.low) & (scores <= tail.high)
        chance = float(large[ordinary].sum()) / max(int(ordinary.sum()), 1)
        factor = np.log(2 * max(chance, 1.0 / tests))
        mine, theirs = sign * own > 0, sign * found > 0
        both = tail.log_p(np.abs(np.concatenate([own[mine], found[theirs]]))) + factor
        own_log_p[mine], rest = np.split(both, [mine.sum()])
        log_p.append(rest)
    return np.asarray(own_log_p <= discovery_limit(np.concatenate(log_p), rules.q, tests))
