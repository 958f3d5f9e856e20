"""Sudden rises: more gained in one to three days than the account's own life explains."""

import numpy as np

from checks.baseline import SPANS
from checks.findings import Findings
from checks.model import Rules
from checks.panel import Floats, Ints, Panel
from checks.series import bridge, counts_of
from checks.sudden import LONGER, Sudden, floors, judge

_INF = tuple(np.inf for _ in LONGER)
BARE = (1.2, 1.3, 1.45, *_INF)
"""Floors of a rise that engagement does not follow, in units of the rules' floor."""
UNKNOWN = (2.0, 2.2, 2.4, *_INF)
"""Floors of a rise without any engagement known."""
ENGAGED = (4.5, 4.5, 4.5, 2.9, 2.9)
"""Floors of a rise that engagement carries: real life, told only where it is large."""

_CARRIED = 2.0
PAST = (3.0, 5.0, 5.0)
"""The same three in units of the account's largest past rise; LONGER ones in PAST_LONGER."""
PAST_LONGER = 4.0

_STEPS = 1.3
PAST_SHARE = 1.3
PAST_MORE = (0.04, 0.05, 0.05)
"""No floor lies more than this above that share of the account's largest past rise."""

_LEAST, _LEAST_CLEAR, _CLEAR = 40.0, 20.0, 12.0
"""Floors in accounts, the lower one for a rise beyond that many spreads."""

_SHORT = 40
"""With fewer changes read the account's own jumps may not have shown yet."""
_USUAL = 28
_SOME = 4.0
_STALE = 0.05
"""A ratio below says that the source did not refresh the interactions."""


def rises(sudden: Sudden, rules: Rules, *, engagement: Floats, factor: Floats) -> Findings:
    """`engagement` (spans, k) is the ratio of daily interactions to usual ones, NaN unknown."""
    known = (engagement > _STALE) & ~(engagement[0] <= _STALE)
    group = np.where(known, np.where(engagement > _CARRIED, 2, 0), 1)
    span = np.arange(len(group))[:, None]
    sizes = np.array([BARE, UNKNOWN, ENGAGED])[group, span]
    sizes = sizes * np.where(sudden.changes < _SHORT, 2.0, 1.0)
    past = np.where(span < len(SPANS), np.array(PAST)[group], PAST_LONGER) * sudden.past
    past = np.minimum(past, PAST_SHARE * sudden.past + np.array(PAST_MORE)[group])
    floor = floors(sudden, rules, sizes, past=past, steps=_STEPS, factor=factor)
    clear = np.max(np.nan_to_num(sudden.excess / sudden.spread), axis=0) > _CLEAR
    least = np.minimum(rules.min_count, np.where(clear, _LEAST_CLEAR, _LEAST)) * factor
    return judge(sudden, rules, floor, least, check="spike")


def engagement(panel: Panel, sudden: Sudden) -> Floats:
    """Daily interactions (else views) over each span against the median of 28 days before it.

    (spans, k); NaN where too little is known to say.
    """
    ratio = np.full(sudden.excess.shape, np.nan)
    for metric in ("views", "interactions"):
        if metric not in panel.metrics or not sudden.row.size:
            continue
        counts = counts_of(panel, metric)
        rows, index = np.unique(sudden.row, return_inverse=True)
        flows = bridge(counts[rows], np.ones(len(rows), np.bool_)).increments
        blank = np.full((len(rows), _USUAL + 16), np.nan, np.float32)
        padded = np.concatenate([blank, flows], axis=1).astype(np.float64)
        for span, elapsed in enumerate(sudden.elapsed):
            now = _mean_before(padded, index, sudden.column + _USUAL + 16, elapsed)
            first = sudden.column + _USUAL + 16 - elapsed
            days = padded[index[:, None], np.maximum(first[:, None] - np.arange(_USUAL), 0)]
            usual = _median(days)
            known = (usual >= _SOME) & ~np.isnan(now)
            ratio[span] = np.where(known, now / np.maximum(usual, 1), ratio[span])
    return ratio


def _mean_before(flows: Floats, row: Ints, column: Ints, days: Ints) -> Floats:
    back = np.arange(16)
    picked = flows[row[:, None], column[:, None] - back]
    inside = back < np.minimum(days, 16)[:, None]
    known = np.maximum(np.minimum(days, 16), 1)
    return np.asarray(np.where(inside, picked, 0.0).sum(axis=1) / known, np.float64)


def _median(days: Floats) -> Floats:
    """NaN where fewer than 7 days are known."""
    ordered = np.sort(days, axis=1)
    known = (~np.isnan(ordered)).sum(axis=1)
    middle = ordered[np.arange(len(ordered)), np.maximum(known - 1, 0) // 2]
    return np.where(known >= 7, middle, np.nan)
