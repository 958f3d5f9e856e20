"""Sources that repeat themselves: many counts that stand still where they usually do not."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from checks.panel.panel import Bools, Floats, Ints, Panel, before, truncation

WINDOW = 56
"""Readings before a repeat that say how often an account repeats itself: eight weeks, as
everywhere. Half forgets slow weeks; twice is more than a panel's lookback holds."""

KNOWN = 14
"""Readings of them from which on that share is believed."""

SELDOM = 0.05
"""An account that repeats itself less often is not heard where it does: the next change is
then judged over both days. Half needs 40 readings to say so; twice holds true quiet days."""

OFTEN = 0.7
"""An account that repeats itself more often (dormant or coarsely rounded) says nothing."""

SURE = 16.0
"""Natural log of how unlikely the repeats of a group must be, about 1 in 9,000,000: with 100
sources read daily for a year, a false one in 250 years."""

MANY, SHARE = 3, 0.25
"""Accounts, and the share of a group's, from which on a part of it counts as a source of its
own; fewer must all stand still."""

MOST = 0.6
"""Share of a group from which on its first such day is enough; a smaller part must have stood
still for two. On 350 account-years of YouTube eleven such days were over the next."""

LONGEST = 28
"""Readings after which standing still is the account's own life, whatever it was before."""

LIVELY = 100.0
"""Usual change of one reading that one of fewer than MANY accounts must show: small counts
that stand still have stopped growing, which is no fault of the source."""

_RECENT = 14
"""Readings over which that change is averaged."""

_USUAL = 3
"""Freezes within WINDOW days that make a source's rest usual (weekends): held, not told."""


@dataclass(frozen=True)
class Freeze:
    """A group's counts that repeat: `since` the first column that did, known from `first` to
    `last`; `rows` are the accounts that stood still when it was found."""

    group: str
    since: int
    first: int
    last: int
    rows: Ints
    told: bool


@dataclass(frozen=True)
class Frozen:
    """`held` (accounts, days) marks the readings that only repeat older ones."""

    held: Bools
    freezes: tuple[Freeze, ...]


def frozen(
    panel: Panel, groups: Mapping[str, Ints], known: Iterable[Freeze] | None = None
) -> Frozen:
    """Which readings are no news, as each day could know it; `groups` are rows of one source.

    Every metric of an account must repeat. How likely that is comes from its own readings
    before the repeats began, those of earlier freezes left out. `known` are the freezes of the
    groups where they were found among others already.
    """
    read, repeats, *_ = marks = _repeats(panel)
    # of an account that never repeats itself only those say something with which it is compared
    some = np.flatnonzero(repeats.any(axis=1)) if known is not None else np.arange(len(read))
    place = np.full(len(read), -1)
    place[some] = np.arange(len(some))
    here = {name: place[rows][place[rows] >= 0] for name, rows in groups.items()}
    members: list[_Group | _Members]
    if known is None:
        members = [_Group(name, rows) for name, rows in here.items() if len(rows)]
    else:
        mine = {name: [each for each in known if each.group == name] for name in groups}
        members = [_Members(rows, mine[name]) for name, rows in here.items() if mine[name]]
    days = _Days([each[some] for each in marks], panel.metrics["followers"][some])
    for column in range(1, panel.days if repeats.any() else 0):
        days.step(column)
        for group in members:
            group.step(days)
        days.learn()
    held = np.zeros(read.shape, np.bool_)
    held[some] = days.held
    freezes = [
        replace(freeze, rows=some[freeze.rows]) for group in members for freeze in group.freezes
    ]
    freezes.sort(key=lambda each: each.first)
    return Frozen(held, tuple(freezes))


class _Days:
    """How long each account has repeated itself by now, and how likely that was."""

    def __init__(self, marks: list[Bools], counts: Floats) -> None:
        accounts = len(counts)
        # a day's column is one stretch of memory
        self.read, self.repeats, self.stands, self.bare = map(np.asfortranarray, marks)
        self.counts = np.asfortranarray(counts)
        self.newest, self.pace = counts[:, 0].copy(), np.zeros(accounts)
        self.held = np.zeros(counts.shape, np.bool_, order="F")
        self.length, self.began, self.seen, self.same, self.stood = (
            np.zeros(accounts, np.int16) for _ in range(5)
        )
        self.share = np.ones(accounts)
        self.column = 0
        self._counted = self.repeats.copy(order="F")

    @property
    def here(self) -> Bools:
        return self.read[:, self.column]

    @property
    def still(self) -> Bools:
        return self.repeats[:, self.column]

    def usual(self, rows: Ints) -> Floats:
        """How likely some repeat themselves today: as often as in the last WINDOW days, and no
        less than a display whose step is larger than what they gain in a reading."""
        same = np.where(self.bare[rows, self.column], self.stood[rows], self.same[rows])
        newest = self.newest[rows]
        step = truncation(newest)
        step[newest % step != 0] = 1
        hidden = 1 - self.pace[rows] / step
        return np.asarray(np.maximum((same + 1) / (self.seen[rows] + 2), hidden))

    def step(self, column: int) -> None:
        self.column = column
        here, still, counts = self.here, self.still, self.counts[:, column]
        starts = np.flatnonzero(still & (self.length == 0))
        if starts.size:
            self.began[starts] = column
            known = starts[self.seen[starts] >= KNOWN]
            self.share[known] = self.usual(known)
        self.length += still
        moved = here & ~still
        np.putmask(self.length, moved, 0)
        np.putmask(self.share, moved, 1.0)
        change = np.fmax(np.abs(counts - self.newest), 0.0)
        self.pace += np.where(moved, (change - self.pace) / _RECENT, 0.0)
        self.newest = np.where(here, counts, self.newest)
        self.held[:, column] = still & (self.share <= SELDOM) & (self.length <= LONGEST)

    def hold(self, rows: Ints) -> None:
        """Those of the rows that stand still today only repeat themselves."""
        some = rows[self.still[rows] & (self.length[rows] <= LONGEST)]
        self.held[some, self.column] = True
        self._counted[some, self.column] = self.stands[some, self.column] = False

    def learn(self) -> None:
        """Takes the day in, and the one that leaves the window out."""
        self.seen += self.read[:, self.column]
        self.same += self._counted[:, self.column]
        self.stood += self.stands[:, self.column]
        if self.column >= WINDOW:
            self.seen -= self.read[:, self.column - WINDOW]
            self.same -= self._counted[:, self.column - WINDOW]
            self.stood -= self.stands[:, self.column - WINDOW]


class _Group:
    """The rows of one source, and its freezes so far."""

    def __init__(self, name: str, rows: Ints) -> None:
        self.name = name
        self.rows = rows
        self.freezes: list[Freeze] = []
        self.now = False

    def step(self, days: _Days) -> None:
        """Goes on with the freeze of the day before, ends it, or finds one."""
        if not days.here[self.rows].any():
            return
        if self.now:
            self.now = self._goes_on(days)
        if not self.now:
            self._find(days)
        if self.now:
            self.freezes[-1] = replace(self.freezes[-1], last=days.column)
            days.hold(self.rows)

    def _goes_on(self, days: _Days) -> bool:
        """Whether at least half of those that stood still and were read still do."""
        rows = self.freezes[-1].rows
        seen = rows[days.here[rows]]
        still = days.still[seen] & (days.length[seen] <= LONGEST)
        return bool(2 * np.count_nonzero(still) >= len(seen))

    def _find(self, days: _Days) -> None:
        rows, stuck = _stuck(days, self.rows)
        if not len(stuck) or not _unlikely(days, rows, stuck):
            return
        since, column = int(np.bincount(days.began[stuck]).argmax()), days.column
        before = sum(each.first > column - WINDOW for each in self.freezes)
        self.freezes.append(Freeze(self.name, since, column, column, stuck, before < _USUAL))
        self.now = True


class _Members:
    """Rows of a source whose freezes are known."""

    def __init__(self, rows: Ints, freezes: list[Freeze]) -> None:
        self.rows = rows
        self.freezes = freezes

    def step(self, days: _Days) -> None:
        for place, freeze in enumerate(self.freezes):
            if freeze.first == days.column:
                self.freezes[place] = replace(freeze, rows=_stuck(days, self.rows)[1])
            if freeze.first <= days.column <= freeze.last:
                days.hold(self.rows)


def _stuck(days: _Days, rows: Ints) -> tuple[Ints, Ints]:
    """Those of some rows that can tell today, and of these those that stand still."""
    rows = rows[days.here[rows]]
    rows = rows[(days.seen[rows] >= KNOWN) & ((days.share[rows] <= OFTEN) | ~days.still[rows])]
    return rows, rows[days.still[rows] & (days.length[rows] <= LONGEST)]


def _unlikely(days: _Days, rows: Ints, stuck: Ints) -> bool:
    """Whether so many of a group cannot stand still by chance.

    All of it: the product of their own chances over every day of it. A part: the Chernoff
    bound of a sum of unequal chances, on the day alone.
    """
    if len(stuck) < MANY and days.pace[stuck].max() < LIVELY:
        return False
    if len(stuck) == len(rows):
        return bool((-np.log(days.share[stuck]) * days.length[stuck]).sum() >= SURE)
    part, usual = len(stuck) / len(rows), float(days.usual(rows).mean())
    if len(stuck) < MANY or part < max(SHARE, 2 * usual):
        return False
    if part < MOST and np.count_nonzero(days.length[stuck] > 1) < len(stuck) / 2:
        return False  # platforms show a part of yesterday's counts again now and then
    bound = part * np.log(part / usual) + (1 - part) * np.log((1 - part) / (1 - usual))
    return bool(len(rows) * bound >= SURE)


def _repeats(panel: Panel) -> tuple[Bools, Bools, Bools, Bools]:
    """Where followers were read, where every metric read says what it said before, where the
    followers do, and where they alone were read."""
    followers = panel.metrics["followers"]
    read = ~np.isnan(followers)
    stands = read & _same(followers, totals=False)
    if panel.lost is not None or not panel.has_level.all():
        stands[~panel.has_level] = False  # a flow that repeats is a habit, not a total
    stands[:, 0] = False
    same, bare = stands.copy(), read.copy()
    for name, counts in panel.metrics.items():
        if name != "followers":
            same &= _same(counts, totals=True)
            bare &= np.isnan(counts)
    return read, same, stands, bare


def _same(counts: Floats, *, totals: bool) -> Bools:
    """Where a count equals its last reading, or (of sums of daily figures) grew by the same
    figure again; true where it was not read."""
    change = counts - before(counts)
    same: Bools = np.isnan(counts) | (change == 0)
    if totals:
        same |= (change == before(change)) & (change > 0)
    return same
