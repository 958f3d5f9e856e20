"""One value for many accounts at once."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from checks.panel.panel import Bools, Ints, Panel

MANY = 3
"""Accounts from which on the source, not the accounts, is at fault."""

_JUMP = 0.05
_LEAST = 100
_MANY_SHARE = 0.5


def without_copies(panel: Panel) -> tuple[Panel, Bools]:
    """The panel with cells held as missing where many accounts jumped to one same value.

    A copy: at least 3 accounts of a platform, and half of those that moved by more than 5 %
    that day, show one exact value of 100 or more that none of them showed before. Returns
    the mask of such cells too.
    """
    followers = panel.metrics["followers"]
    copies = np.zeros(followers.shape, np.bool_)
    if followers.shape[1] < 2:
        return panel, copies
    before, now = followers[:, :-1], followers[:, 1:]
    with np.errstate(invalid="ignore", divide="ignore"):
        times = now / before
        jumped = times > 1 + _JUMP
        jumped |= times < 1 - _JUMP
    crowded = np.flatnonzero(np.count_nonzero(jumped, axis=0) >= MANY)
    for rows in _platforms(panel) if crowded.size else ():
        for column in crowded:
            some = rows[jumped[rows, column]]
            values, counts = np.unique(now[some, column], return_counts=True)
            many = (counts >= MANY) & (counts >= _MANY_SHARE * len(some))
            same = values[many & (values >= _LEAST)]
            copies[some[np.isin(now[some, column], same)], column + 1] = True
    if not copies.any():
        return panel, copies
    held = {**panel.metrics, "followers": np.where(copies, np.nan, followers)}
    return replace(panel, metrics=held), copies


def _platforms(panel: Panel) -> Iterator[Ints]:
    """Rows by platform, as far as teams share it; a parser fault never crosses platforms."""
    found = [rows for name, rows in panel.groups.items() if name.startswith("platform:")]
    yield from found or [np.arange(len(panel.accounts))]
