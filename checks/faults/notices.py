"""What is said of a source's faults, on every judged day that shows them."""

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from checks.faults.copies import MANY
from checks.faults.flapping import MEMORY
from checks.faults.hold import Held
from checks.model import Notice
from checks.panel.panel import Bools, Ints
from checks.reasons import reason

HELD_HOURS = 48
"""A count of exactly 0 is held as missing this long before anything is said."""


def fault_notices(held: Held, column: int) -> Iterator[Notice]:
    """Faults that are there on a column; a lasting one is the same on each of its days."""
    yield from _copies(held, column)
    yield from _frozen(held, column)
    yield from _flapping(held, column)
    yield from _identities(held, column)
    if held.panel.zeros is not None:
        yield from _zeros(held, held.panel.zeros, column)


def _copies(held: Held, column: int) -> Iterator[Notice]:
    panel, rows = held.panel, np.flatnonzero(held.copies[:, column])
    for value in np.unique(held.values[rows, column]):
        same = rows[held.values[rows, column] == value]
        said = reason("same_value", accounts=len(same), value=int(value))
        yield Notice(
            kind="source_fault",
            account=None,
            at=int(panel.ends[column]),
            reasons=(said,),
            accounts=tuple(panel.accounts[row] for row in same),
        )


def _frozen(held: Held, column: int) -> Iterator[Notice]:
    panel = held.panel
    for each in held.freezes:
        if each.told and each.first <= column <= each.last:
            since = int(panel.ends[each.since])
            yield Notice(
                kind="source_fault",
                account=None,
                at=int(panel.ends[each.first]),
                reasons=(reason("repeats", since=since),),
                accounts=tuple(panel.accounts[row] for row in each.rows),
            )


def _flapping(held: Held, column: int) -> Iterator[Notice]:
    panel, counter = held.panel, held.flapping
    for row in np.flatnonzero(counter.on[:, column]):
        since = int(counter.since[row, column])
        said = reason("flaps", times=int(counter.times[row, since]), days=MEMORY)
        yield Notice(
            kind="source_fault",
            account=panel.accounts[row],
            at=int(panel.ends[since]),
            reasons=(said,),
        )


def _identities(held: Held, column: int) -> Iterator[Notice]:
    """Rises; a fall that deep was told as an incident on its own day."""
    for each in held.identities:
        if each.known == column and each.after > each.before:
            said = reason("other_account", before=int(each.before), after=int(each.after))
            yield Notice(
                kind="identity_change",
                account=held.panel.accounts[each.row],
                at=int(held.panel.ends[column]),
                reasons=(said,),
            )


def _zeros(held: Held, zeros: Bools, column: int) -> Iterator[Notice]:
    """Accounts whose newest reading is a zero that has lasted for 48 hours."""
    panel, told = held.panel, defaultdict[int, list[tuple[int, int, float]]](list)
    for row in np.flatnonzero(zeros[:, : column + 1].any(axis=1)).tolist():
        read = np.flatnonzero(~np.isnan(held.values[row, : column + 1]))
        if not read.size or not zeros[row, int(read[-1]) + 1 : column + 1].any():
            continue
        first = int(read[-1]) + 1 + int(zeros[row, int(read[-1]) + 1 :].argmax())
        known = _after(panel.ends, first, HELD_HOURS * 3600)
        if known <= column:
            told[known].append((row, first, float(held.values[row, read[-1]])))
    for known, gone in told.items():
        at, rows = int(panel.ends[known]), [row for row, _, _ in gone]
        if len(gone) >= MANY:
            yield Notice(
                kind="source_fault",
                account=None,
                at=at,
                reasons=(reason("zero_for_many", accounts=len(gone)),),
                accounts=tuple(panel.accounts[row] for row in rows),
            )
            continue
        for row, first, before in gone:
            hours = round((at - int(panel.ends[first])) / 3600)
            yield Notice(
                kind="account_gone",
                account=panel.accounts[row],
                at=at,
                reasons=(reason("zero", before=int(before), hours=hours),),
            )


def _after(ends: Ints, first: int, seconds: int) -> int:
    """The first column that ends so long after another; beyond the panel where none does."""
    return int(np.searchsorted(ends, ends[first] + seconds))
