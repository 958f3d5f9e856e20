"""Another account behind the same handle: its history starts anew."""

from dataclasses import dataclass, replace

import numpy as np

from checks.panel.panel import Bools, Floats, Panel, before, cells

TIMES = 30.0
"""Factor between two readings from which on followers alone speak of another account: the
largest true rise known of one day is fivefold, the smallest known change of hands 130-fold."""

TIMES_JOINED = 5.0
"""The same where the own following count or the posts leap along."""

_LARGE = 5_000.0
"""Followers that the larger of both must have: small accounts can go viral thirtyfold."""

_STAYS = 3.0
"""Factor within which the next reading confirms the new count."""

_OTHER = 2.0
"""Factor from which on following and posts are not those of one account."""

WAVE, WAVE_SHARE, _FELL = 3, 0.08, 0.005
"""Accounts, and the share of all, that fall by that share on one day: then a deep fall is part
of what happened to many."""

_NEAR = 0.3
"""Log ratio of two counts of one account a few days apart."""

_NEXT = 7
"""Days within which the next reading must come."""


@dataclass(frozen=True)
class Identity:
    """One change of hands, shown by the column `leap` and proved by `known`."""

    row: int
    leap: int
    known: int
    before: float
    after: float


def suspects(panel: Panel, falls: Bools) -> Floats:
    """(accounts, days): the count before, where a reading is too far from it for one account.

    NaN elsewhere. Depends on nothing after each cell. `falls` (days,) are those on which many
    accounts fell.
    """
    followers = panel.metrics["followers"]
    found = np.full(followers.shape, np.nan)
    if followers.shape[1] < 2:
        return found
    earlier = before(followers)
    # a coarse look first: few leap so far
    lower, upper = np.fmin(followers, earlier), np.maximum(followers, earlier)
    rows, columns = cells((upper >= _LARGE) & (upper >= (TIMES_JOINED - 0.1) * lower))
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        now, then = float(followers[row, column]), float(earlier[row, column])
        if then <= 0 or not panel.has_level[row]:
            continue
        times = max(now / then, then / now) if now else np.inf
        if times < TIMES_JOINED or _is_back(followers[row, :column], now):
            continue
        if times < TIMES and not _others_leapt(panel, row, column):
            continue
        if now < then and falls[column]:
            continue
        found[row, column] = then
    return found


def identities(panel: Panel, suspected: Floats) -> list[Identity]:
    """The suspects that their next reading bears out, ordered by the day that did."""
    followers = panel.metrics["followers"]
    found = []
    for row, leap in zip(*np.nonzero(~np.isnan(suspected)), strict=True):
        later = followers[row, leap + 1 : leap + 1 + _NEXT]
        read = np.flatnonzero(~np.isnan(later))
        if not read.size:
            continue
        now, then = float(later[read[0]]), float(followers[row, leap])
        if max(now / then, then / now) <= _STAYS:
            known = int(leap) + 1 + int(read[0])
            found.append(
                Identity(int(row), int(leap), known, float(suspected[row, leap]), then)
            )
    return sorted(found, key=lambda each: each.known)


def restarted(panel: Panel, changes: list[Identity]) -> Panel:
    """The panel with everything taken out that belonged to another account."""
    if not changes:
        return panel
    metrics = {name: counts.copy() for name, counts in panel.metrics.items()}
    for each in changes:
        for counts in metrics.values():
            counts[each.row, : each.leap] = np.nan
    return replace(panel, metrics=metrics)


def _is_back(earlier: Floats, now: float) -> bool:
    """Whether a count of the week before was near the new one: it leapt there and back."""
    read = earlier[-_NEXT:]
    near = read[~np.isnan(read)]
    return bool((np.abs(np.log(np.maximum(near, 1.0) / max(now, 1.0))) < _NEAR).any())


def _others_leapt(panel: Panel, row: int, column: int) -> bool:
    """Whether the account's following count or its posts leapt along."""
    for name in ("following", "posts"):
        counts = panel.metrics.get(name)
        if counts is None or np.isnan(counts[row, column]):
            continue
        earlier = counts[row, :column]
        read = np.flatnonzero(~np.isnan(earlier))
        if read.size:
            then, now = float(earlier[read[-1]]) + 5, float(counts[row, column]) + 5
            if max(then / now, now / then) >= _OTHER:
                return True
    return False


def days_of_falls(followers: Floats) -> Bools:
    """Days on which many of some accounts (accounts, days) fell: (days,)."""
    found = np.zeros(followers.shape[1], np.bool_)
    now, before = followers[:, 1:], followers[:, :-1]
    with np.errstate(invalid="ignore"):
        known = np.count_nonzero(~np.isnan(now - before), axis=0)
        many = np.count_nonzero(now < (1 - _FELL) * before, axis=0)
    found[1:] = (many >= WAVE) & (many >= WAVE_SHARE * known)
    return found
