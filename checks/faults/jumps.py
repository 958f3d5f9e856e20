"""Single readings of other metrics than followers that cannot be right."""

from dataclasses import replace

import numpy as np

from checks.panel.panel import Bools, Floats, Panel, filled

LEAP = 0.04
"""Share by which a following count must leap in one reading to be doubted. Habits of following
and unfollowing swing by 4 to 15 % over days; half doubts their first day, twice lets in what
two wrong readings make a swing."""

ALONE = 14
"""Readings without a doubted one after which a leap is doubted for a second reading too,
as it stands still: a habit leaps again and again."""

_STOOD = 0.25
"""Share of the leap within which readings count as standing still."""

_FALL = 0.1
"""Share by which a running total must fall to be doubted: totals hardly fall."""

_SWAPPED = 0.02
"""Share within which a count must be the other's last to have changed places with it."""

_APART = 0.1
"""Share by which the two must differ for a swap to be seen at all."""


def without_leaps(panel: Panel) -> Panel:
    """The panel with doubted readings held as missing until the next ones agree.

    A leap of `following` counts from the second reading that shows it, a fall of a running
    total likewise. Followers and following that are each other's last count were swapped.
    Each cell depends on it and on what came before alone.
    """
    metrics = dict(panel.metrics)
    swapped = _swapped(panel)
    if swapped is not None and swapped.any():
        for name in ("followers", "following"):
            metrics[name] = np.where(swapped, np.nan, metrics[name])
    if "following" in metrics:
        metrics["following"] = _hold(metrics["following"], LEAP, LEAP)
    for name in ("interactions", "views"):
        if name in metrics:
            metrics[name] = _hold(metrics[name], np.inf, _FALL)
    if all(metrics[name] is panel.metrics[name] for name in metrics):
        return panel
    return replace(panel, metrics=metrics)


def _hold(counts: Floats, up: float, down: float) -> Floats:
    """Counts without leaps above the shares `up` and `down` that nothing has borne out yet."""
    some = np.flatnonzero(_leaps(counts, up, down).any(axis=1))
    if not some.size:
        return counts
    values = counts[some]
    held = np.zeros(values.shape, np.bool_)
    believed = np.full(len(some), np.nan)
    before, earlier = believed.copy(), believed.copy()
    waited, ago = np.zeros(len(some), np.int64), np.full(len(some), ALONE)
    for column in range(values.shape[1]):
        now = values[:, column]
        read = ~np.isnan(now)
        stood = read & (waited > 1)  # what was doubted twice is what the next one is held to
        believed, waited = np.where(stood, before, believed), np.where(stood, 0, waited)
        ago = np.where(stood, -1, ago)
        with np.errstate(invalid="ignore", divide="ignore"):
            away, last = now - believed, now - before
            share = away / np.maximum(believed, 1.0)
            far = (share > up) | (share < -down)
            at_once = np.abs(last) >= (1 - _STOOD) * np.abs(away)
            calm = ~(np.abs(before - earlier) > _STOOD * np.abs(away))
            stands = np.abs(last) <= _STOOD * np.abs(away)
            first = far & at_once & calm & (waited == 0)
            again = far & stands & (waited == 1) & (ago >= ALONE)
        doubt = read & (first | again)
        held[:, column] = doubt
        ago = np.where(read & ~doubt, np.where(waited > 0, 0, ago + 1), ago)
        waited = np.where(doubt, waited + 1, np.where(read, 0, waited))
        believed = np.where(read & ~doubt, now, believed)
        earlier = np.where(read, before, earlier)
        before = np.where(read, now, before)
    kept = counts.copy()
    kept[some] = np.where(held, np.nan, values)
    return kept


def _leaps(counts: Floats, up: float, down: float) -> Bools:
    """Where a count differs so much from its last reading; a first, coarse look."""
    full = filled(counts)
    before, now = full[:, :-1], full[:, 1:]
    with np.errstate(invalid="ignore", divide="ignore"):
        share = (now - before) / np.maximum(before, 1.0)
        return np.asarray((share > up) | (share < -down), np.bool_)


def _swapped(panel: Panel) -> Bools | None:
    """Cells whose two counts are each other's of the day before."""
    if "following" not in panel.metrics:
        return None
    followers, following = panel.metrics["followers"], panel.metrics["following"]
    found = np.zeros(followers.shape, np.bool_)
    before, own = followers[:, :-1], following[:, :-1]
    with np.errstate(invalid="ignore", divide="ignore"):
        near = np.abs(followers[:, 1:] / own - 1) <= _SWAPPED
        near &= np.abs(following[:, 1:] / before - 1) <= _SWAPPED
        near &= np.abs(before / own - 1) > _APART
    found[:, 1:] = near & panel.has_level[:, None]
    return found
