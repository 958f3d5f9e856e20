"""What is said of a source's faults, on every judged day that shows them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from checks.faults.copies import MANY
from checks.faults.flapping import MEMORY
from checks.faults.hold import Held
from checks.faults.zeros import lasting_zeros
from checks.model import Notice
from checks.reasons import reason


def fault_notices(held: Held, among: Held, column: int) -> Iterator[Notice]:
    """Faults that are there on a column; a lasting one is the same on each of its days.

    Zeros are the source's where many of those `among` sampled accounts show them.
    """
    yield from _copies(held, column)
    yield from _frozen(held, column)
    yield from _flapping(held, column)
    yield from _identities(held, column)
    zeros = lasting_zeros(among.panel, among.values, column)
    yield from _zeros(held, Counter(each.known for each in zeros), column)


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
        if each.told and len(each.rows) and each.first <= column <= each.last:
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


def _zeros(held: Held, known: Mapping[int, int], column: int) -> Iterator[Notice]:
    """Accounts whose newest reading is a zero that has lasted for 48 hours; where many of the
    `known` ones show it at once it is the source."""
    panel = held.panel
    for each in lasting_zeros(panel, held.values, column):
        account, at = panel.accounts[each.row], int(panel.ends[each.known])
        if known.get(each.known, 0) >= MANY:
            yield Notice(
                kind="source_fault",
                account=None,
                at=at,
                reasons=(reason("zero_for_many", accounts=1),),
                accounts=(account,),
            )
            continue
        hours = round((at - int(panel.ends[each.first])) / 3600)
        yield Notice(
            kind="account_gone",
            account=account,
            at=at,
            reasons=(reason("zero", before=int(each.before), hours=hours),),
        )


def told_once(notices: Iterable[Notice]) -> tuple[Notice, ...]:
    """Notices of one judged time; those of one fault of a source are one of all its
    accounts."""
    single: list[Notice] = []
    whole: dict[str, list[Notice]] = {}
    for each in notices:
        if each.account is not None:
            single.append(each)
            continue
        values = [dict(said.values, accounts=0) for said in each.reasons]
        codes = [said.code for said in each.reasons]
        whole.setdefault(f"{each.kind}|{each.at}|{codes}|{values}", []).append(each)
    for same in whole.values():
        accounts = tuple(sorted({account for each in same for account in each.accounts}))
        reasons = [
            replace(said, values={**said.values, "accounts": len(accounts)})
            if "accounts" in said.values
            else said
            for said in same[0].reasons
        ]
        single.append(replace(same[0], reasons=tuple(reasons), accounts=accounts))
    return tuple(single)
