"""Readings that cannot be counts: zeros that last, one value for many accounts at once."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from checks.model import Notice, NoticeKind, Reason
from checks.panel.panel import Bools, Floats, Ints, Panel
from checks.reasons import reason

HELD_HOURS = 48
"""A count of exactly 0 is held as missing this long before anything is said."""

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


def faults(panel: Panel, copies: Bools, values: Floats, column: int) -> list[Notice]:
    """Source faults and gone accounts that the column's readings newly show.

    `values` are the followers before `without_copies` took the copies out.
    """
    found: list[Notice] = []
    copied = values[copies[:, column], column]
    for value, accounts in zip(*np.unique(copied, return_counts=True), strict=True):
        said = reason("same_value", accounts=int(accounts), value=int(value))
        found.append(_notice("source_fault", None, panel, column, said))
    if panel.zeros is not None:
        found += _zeros(panel, panel.zeros, column)
    return found


def _zeros(panel: Panel, zeros: Bools, column: int) -> Iterator[Notice]:
    """Zeros that have lasted 48 hours as of this column and had not the day before."""
    for_long: list[tuple[int, float, float]] = []
    for row in np.flatnonzero(zeros[:, column]).tolist():
        read = np.flatnonzero(~np.isnan(panel.metrics["followers"][row, :column]))
        last = int(read[-1]) if read.size else -1
        since = int(panel.ends[last + 1 + int(zeros[row, last + 1 :].argmax())])
        held = (int(panel.ends[column]) - since) / 3600
        yesterday = (int(panel.ends[max(column - 1, 0)]) - since) / 3600
        if yesterday < HELD_HOURS <= held and last >= 0:
            for_long.append((row, held, float(panel.metrics["followers"][row, last])))
    if len(for_long) >= MANY:
        said = reason("zero_for_many", accounts=len(for_long))
        yield _notice("source_fault", None, panel, column, said)
        return
    for row, held, before in for_long:
        said = reason("zero", before=int(before), hours=round(held))
        yield _notice("account_gone", panel.accounts[row], panel, column, said)


def _platforms(panel: Panel) -> Iterator[Ints]:
    """Rows by platform, as far as teams share it; a parser fault never crosses platforms."""
    found = [rows for name, rows in panel.groups.items() if name.startswith("platform:")]
    yield from found or [np.arange(len(panel.accounts))]


def _notice(
    kind: NoticeKind, account: str | None, panel: Panel, column: int, said: Reason
) -> Notice:
    return Notice(kind=kind, account=account, at=int(panel.ends[column]), reasons=(said,))
