"""False-discovery control across the accounts of one platform; it only removes alarms."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from checks.baseline import Outlook, outlook
from checks.findings import Findings
from checks.model import Rules
from checks.panel import Bools, Floats, Ints, Panel
from checks.surprise import discovery_limit, fit_tail

HISTORY = 28
"""Days whose scores tell the tail's shape and share one false-discovery threshold."""

LEAST_ACCOUNTS = 50
"""Judged accounts of a platform from which false discoveries are controlled."""

SAMPLE = 512
"""Accounts of a platform whose past stands for all; chosen by their names."""


_SHARE, _SHARE_BARE = 0.05, 0.025
"""Upper share of one direction's scores in which its tail begins, with floors and without."""


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

    `find` gives the hits of an outlook, its columns and rows, for the days before.
    """
    alarm = hits.alarm.copy()
    history = np.arange(max(0, int(columns.min()) - HISTORY + 1), int(columns.max()) + 1)
    for rows in _platforms(panel):
        mine = np.zeros(len(panel.accounts), np.bool_)
        mine[rows] = True
        many = view.judged[rows].sum(axis=0) >= LEAST_ACCOUNTS
        tested = np.flatnonzero(alarm & mine[hits.row])
        tested = tested[many[np.searchsorted(columns, hits.column[tested])]]
        if not tested.size:
            continue
        sample = rows
        if len(rows) > SAMPLE:
            sample = np.sort(rows[np.argsort(panel.hashes[rows], kind="stable")[:SAMPLE]])
        if np.array_equal(history, columns):
            chosen = np.zeros(len(panel.accounts), np.bool_)
            chosen[sample] = True
            past, found = view.of(sample), hits.take(chosen[hits.row])
        else:
            past = outlook(panel, metric, history, rows=sample)
            found = find(past, history, sample)
        alarm[tested] = _survivors(past, history, sample, found, hits.take(tested), rules)
    return replace(hits, alarm=alarm)


def _platforms(panel: Panel) -> list[Ints]:
    groups = [
        rows
        for name, rows in panel.groups.items()
        if name.startswith("platform:") and "@" not in name
    ]
    free = np.ones(len(panel.accounts), np.bool_)
    for rows in groups:
        free[rows] = False
    return [*groups, np.flatnonzero(free)]


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


def _survivors(
    past: Outlook, columns: Ints, sample: Ints, found: Findings, hits: Findings, rules: Rules
) -> Bools:
    """Which hits stay when the share of false discoveries is held at `rules.q`."""
    day = past.moves[0]
    scores, middle, scale = against_the_day(day.excess, day.spread, past.judged)
    own, pooled = (_against_the_day(f, columns, middle, scale) for f in (hits, found))
    place, pooled_place = (np.searchsorted(columns, f.column) for f in (hits, found))
    size = np.abs(day.excess)
    large = (size >= rules.min_percent / 100) & (size * day.level >= rules.min_count / 2)
    kept = np.ones(len(hits), np.bool_)
    for column in np.unique(place):
        first = max(0, column - HISTORY + 1)
        span = slice(first, column + 1)
        seen = ~np.isnan(scores[:, span])
        near = (pooled_place >= first) & (pooled_place <= column)
        here = place == column
        kept[here] = _rejected(
            scores[:, span][seen],
            large[:, span][seen],
            pooled[near],
            found.passed[near],
            own[here],
            rules,
        )
    return kept


def _against_the_day(hits: Findings, columns: Ints, middle: Floats, scale: Floats) -> Floats:
    """Signed scores of hits less the joint move of their day."""
    place = np.searchsorted(columns, hits.column)
    spread = np.nan_to_num(hits.size / np.abs(hits.score), nan=np.inf)
    score = np.abs(hits.score) - hits.direction * middle[place] / spread
    return np.asarray(hits.direction * np.maximum(score, 0) / scale[place], np.float64)


def _rejected(
    scores: Floats, large: Bools, pooled: Floats, passed: Bools, own: Floats, rules: Rules
) -> Bools:
    """Which of `own` Benjamini-Hochberg rejects at `rules.q` among as many tests as `scores`.

    Rises and falls have tails of their own: one-sided p, doubled. A null day must also be
    large to pass a floor: p = P(score beyond) P(large | ordinary tail). Under a floor the
    tail is fitted nearer to the middle, which is the more careful extrapolation.
    """
    tests = len(scores)
    share = _SHARE if rules.min_percent > 0 else _SHARE_BARE
    log_p, own_log_p = [], np.zeros(len(own))
    for direction in (1, -1):
        sizes = direction * scores
        tail = fit_tail(sizes, share)
        ordinary = (sizes >= tail.low) & (sizes <= tail.high)
        chance = max(float(large[ordinary].sum()) / max(ordinary.sum(), 1), 1.0 / tests)
        factor = np.log(2 * chance)
        log_p.append(tail.log_p(direction * pooled[passed & (direction * pooled > 0)]) + factor)
        mine = own * direction > 0
        own_log_p[mine] = tail.log_p(np.abs(own[mine])) + factor
    return own_log_p <= discovery_limit(np.concatenate(log_p), rules.q, tests)
