"""The same followers arriving at several accounts within hours: one service, or one attack.

Beutel et al., "CopyCatch", WWW 2013, define lockstep as users who act on the same pages within
a short time of each other, page by page; Cao et al., "SynchroTrap", CCS 2014, match single
actions in time and ask for more of them than chance gives. Here the pages are the accounts of
one team, the actions are follows, and chance is what the overlap of two accounts usually
brings.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from checks.lists.lists import Ids, Times

Ints = npt.NDArray[np.int64]

HOURS = 6
"""Follows so close together count as one action, at each of the accounts."""

FEWEST = 15
"""Followers that a group has at least: fewer come together by chance or by a friend's tip."""

_ACCOUNTS = 3
"""Accounts that make a group by themselves; two only where nearly their whole overlap came
so."""

_SURE = 25.0
"""Log likelihood ratio of a cell. On the teams of tests/bench/audiences.py without lockstep the
highest of ten is 14; at half of it one team in eight shows a group, at twice it groups of 50 on
accounts that share much of their audience are lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One account's list: `ids` (names,) sorted, `since` (names,) follow dates, 0 unknown."""

    account: str
    ids: Ids
    since: Times


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """`members` (names,) followed each of `accounts` between `starts` and `stops` (accounts,),
    epoch seconds; by chance `usual` would have."""

    accounts: tuple[str, ...]
    members: Ids
    starts: tuple[int, ...]
    stops: tuple[int, ...]
    usual: float


def lockstep(lists: Sequence[Listed]) -> tuple[Group, ...]:
    """Groups of followers that act as one, largest first; all lists are of one platform."""
    if len(lists) < 2:
        return ()
    ids, account, since = _together(lists)
    found = [cell for lag in range(1, len(lists)) for cell in _cells(ids, account, since, lag)]
    groups = [_merged(found, ids, account, since, lists)] if found else []
    told = [one for group in groups for one in group]
    return tuple(sorted(told, key=lambda one: -len(one.members)))


@dataclass(frozen=True, slots=True)
class _Cell:
    """Followers (names,) who came to both accounts within the same hours of each."""

    accounts: tuple[int, int]
    members: Ids
    usual: float
    score: float


def _together(lists: Sequence[Listed]) -> tuple[Ids, Ints, Times]:
    """Follows of those who follow at least two of the accounts, by follower and account."""
    dated = [one.since > 0 for one in lists]
    ids = np.concatenate([one.ids[known] for one, known in zip(lists, dated, strict=True)])
    since = np.concatenate([one.since[known] for one, known in zip(lists, dated, strict=True)])
    account = np.repeat(np.arange(len(lists)), [int(known.sum()) for known in dated])
    order = np.argsort(ids, kind="stable")
    ids, since, account = ids[order], since[order], account[order]
    same = ids[1:] == ids[:-1]
    several = np.zeros(len(ids), np.bool_)
    several[1:] |= same
    several[:-1] |= same
    return ids[several], account[several], since[several]


def _cells(ids: Ids, account: Ints, since: Times, lag: int) -> list[_Cell]:
    """Pairs of follows by one follower, `lag` accounts apart in the order of the lists, in
    cells of hours by hours that hold far more than chance gives."""
    if len(ids) <= lag:
        return []
    pair = np.flatnonzero(ids[lag:] == ids[:-lag])
    found: list[_Cell] = []
    first, second = account[pair], account[pair + lag]
    kind = first * (int(account.max(initial=0)) + 1) + second
    for one in np.unique(kind):
        rows = pair[kind == one]
        if len(rows) < FEWEST:
            continue
        here, there = since[rows], since[rows + lag]
        for shift in (0, HOURS * 1800):
            found += _dense(
                ids[rows],
                here + shift,
                there + shift,
                (int(account[rows[0]]), int(account[rows[0] + lag])),
            )
    return found


def _dense(members: Ids, here: Times, there: Times, accounts: tuple[int, int]) -> list[_Cell]:
    """Cells beyond the product of both rhythms, and beyond how many usually come to both at
    once: an audience that is sent from one account to the other does every day."""
    span = HOURS * 3600
    x, y = here // span, there // span
    _, xi, xn = np.unique(x, return_inverse=True, return_counts=True)
    _, yi, yn = np.unique(y, return_inverse=True, return_counts=True)
    cell, place, count = np.unique(xi * len(yn) + yi, return_inverse=True, return_counts=True)
    many = count >= FEWEST
    if not many.any():
        return []
    cx, cy = cell // len(yn), cell % len(yn)
    total = len(members)
    chance = (xn[cx] - count + 1) * (yn[cy] - count + 1) / max(total, 1)
    at_once = np.abs(x - y) <= 1
    days = len(np.unique(x[at_once]))
    usual_once = np.count_nonzero(at_once) / max(days, 1)
    busiest = _typical(x[at_once]) if days > 8 else 0.0
    near = np.abs(np.unique(x)[cx] - np.unique(y)[cy]) <= 1
    usual = np.where(near, np.maximum(chance, min(usual_once, busiest)), chance) + 0.5
    score = count * np.log(np.maximum(count, 1) / usual) - (count - usual)
    found = []
    for k in np.flatnonzero(many & (score >= _SURE)).tolist():
        found.append(_Cell(accounts, members[place == k], float(usual[k]), float(score[k])))
    return found


def _typical(spans: Ints) -> float:
    """What the busiest tenth of the spans with any arrival at both accounts reaches."""
    _, many = np.unique(spans, return_counts=True)
    return float(np.quantile(many, 0.9))


def _merged(
    cells: list[_Cell], ids: Ids, account: Ints, since: Times, lists: Sequence[Listed]
) -> list[Group]:
    """Cells that share most of their members are one group over all their accounts."""
    groups: list[tuple[set[int], Ids, float]] = []
    for cell in sorted(cells, key=lambda each: -each.score):
        for k, (accounts, members, usual) in enumerate(groups):
            both = np.intersect1d(members, cell.members)
            if 2 * len(both) >= min(len(members), len(cell.members)):
                joined = np.union1d(members, cell.members)
                groups[k] = (accounts | set(cell.accounts), joined, max(usual, cell.usual))
                break
        else:
            groups.append((set(cell.accounts), np.unique(cell.members), cell.usual))
    return [
        told
        for accounts, members, usual in groups
        if (told := _group(sorted(accounts), members, usual, (ids, account, since), lists))
    ]


def _group(
    accounts: list[int],
    members: Ids,
    usual: float,
    follows: tuple[Ids, Ints, Times],
    lists: Sequence[Listed],
) -> Group | None:
    ids, account, since = follows
    own = np.isin(ids, members)
    starts, stops, kept = [], [], []
    for each in accounts:
        times = np.sort(since[own & (account == each)])
        if len(times) < FEWEST:
            continue
        inside = np.searchsorted(times, times + HOURS * 3600, side="right")
        place = int((inside - np.arange(len(times))).argmax())
        kept.append(each)
        starts.append(int(times[place]))
        stops.append(int(times[inside[place] - 1]))
    if len(kept) < 2:
        return None
    if len(kept) < _ACCOUNTS:
        one, other = (np.unique(ids[account == each]) for each in kept)
        overlap = len(np.intersect1d(one, other))
        if 2 * len(members) < overlap:
            return None
    return Group(
        accounts=tuple(lists[each].account for each in kept),
        members=members,
        starts=tuple(starts),
        stops=tuple(stops),
        usual=round(usual, 1),
    )
