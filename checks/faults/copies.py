"""One value for many accounts at once."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from checks.panel.panel import Bools, Floats, Ints, Panel

MANY = 3
"""Accounts from which on the source, not the accounts, is at fault."""

_JUMP = 0.05
"""Share by which a count must leap in a day to be suspected of being another account's."""

_LEAST = 100
"""Counts below are equal by chance."""

_MANY_SHARE = 0.5
"""Share of those that leapt that must show the one value: in a purge all leap, each to its
own."""


Copies = Mapping[tuple[str, int], Floats]
"""By group and column: values that many accounts jumped to at once."""


def copies_in(panel: Panel) -> Copies:
    """A copy: at least 3 accounts of a platform, and half of those that moved by more than 5 %
    that day, show one exact value of 100 or more that none of them showed before.
    """
    found: dict[tuple[str, int], Floats] = {}
    followers = panel.metrics["followers"]
    jumped = _jumped(followers)
    crowded = np.flatnonzero(np.count_nonzero(jumped, axis=0) >= MANY)
    for name, rows in platforms(panel).items() if crowded.size else ():
        for column in crowded.tolist():
            some = rows[jumped[rows, column]]
            values, counts = np.unique(followers[some, column + 1], return_counts=True)
            many = (counts >= MANY) & (counts >= _MANY_SHARE * len(some))
            same = values[many & (values >= _LEAST)]
            if same.size:
                found[name, column + 1] = same
    return found


def without_copies(panel: Panel, copies: Copies) -> tuple[Panel, Bools]:
    """The panel with copied cells held as missing, and the mask of those cells. The mask is
    (accounts, days)."""
    followers = panel.metrics["followers"]
    mask, groups = np.zeros(followers.shape, np.bool_), platforms(panel)
    for (name, column), values in copies.items():
        rows = groups.get(name, np.zeros(0, np.int64))
        pair = followers[rows, column - 1 : column + 1]
        mask[rows, column] = _jumped(pair)[:, 0] & np.isin(pair[:, 1], values)
    if not mask.any():
        return panel, mask
    held = {**panel.metrics, "followers": np.where(mask, np.nan, followers)}
    return replace(panel, metrics=held), mask


def platforms(panel: Panel) -> dict[str, Ints]:
    """Rows by platform, as far as teams share it, those of none under "": a fault of a parser
    or of a source never crosses platforms. Arrays of (members,)."""
    found = {name: rows for name, rows in panel.groups.items() if name.startswith("platform:")}
    free = np.ones(len(panel.accounts), np.bool_)
    for rows in found.values():
        free[rows] = False
    return {**found, "": np.flatnonzero(free)}


def _jumped(followers: Floats) -> Bools:
    """Where a count lies more than 5 % off that of the day before; one column less."""
    with np.errstate(invalid="ignore", divide="ignore"):
        times = followers[:, 1:] / followers[:, :-1]
        return np.asarray((times > 1 + _JUMP) | (times < 1 - _JUMP))
