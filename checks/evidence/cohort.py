"""What the peers of an account did on the same days: the evidence for a purge."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from checks.detectors.explain import SLIDE, Peers
from checks.evidence.far_out import DAYS, FAR, FarOut, far_out, is_far
from checks.panel.panel import Bools, Floats, Ints

MIN_PEERS = 10
"""Judged members below which a group is no evidence: shares of so few go by more than a
tenth."""

MIN_MOVED = 3
"""Members that must move together."""

MEMBERS = 2_000
"""Members that stand for a larger group: those with the least hashes."""

LEAST_SHARE = 0.08
"""No share of movers below this is looked at as a wave."""

HISTORY = 16
"""Days before a judged one that teach the usual share of movers."""

_ALSO = 0.03
"""Share of a group that may move by itself on the day on which one of it does."""

_LEAST_DAYS, _FORTNIGHT = 5, 13
"""Days before that tell what is usual; fewer do where they reach that far back."""

_SPREADS = 2.5
"""Spreads beyond which a member counts as having moved; one ordinary member in 160 does."""

_JOINS = 0.75
"""The same for a member of a wave that is known to be there."""

_CLEAR = 5.0
"""Spreads of its ordinary days by which a group's share must stand out."""

_TIMES_USUAL = 3.0
"""Times its usual share that a group's share must reach too: calm groups have tiny spreads."""

_POSTED = 10.0
"""The same for a wave that its share alone tells of."""

_SHOWN = 0.002
"""Least typical move, as a share of the level, of a wave that its share alone posts."""


@dataclass(frozen=True)
class CohortResiduals:
    """How far each account lay from its expected change; arrays (accounts, columns).

    `excess` and `spread` are relative to the level, `step` the display step likewise; NaN
    where not judged.
    """

    excess: Floats
    spread: Floats
    step: Floats

    def moved(self, direction: int, spreads: float = _SPREADS) -> Bools:
        """At least one display step and `spreads` spreads off: (accounts, columns)."""
        room = np.maximum(0.999 * self.step, spreads * self.spread)
        with np.errstate(invalid="ignore"):
            return np.asarray(direction * self.excess > room, np.bool_)

    def far(self, direction: int) -> Bools:
        """So far off that chance hardly ever does it, on the last day: (accounts,)."""
        moves = direction * self.excess, self.room()
        far: Bools = np.any([is_far(*moves, days)[:, -1] for days in DAYS], axis=0)
        return far

    def room(self) -> Floats:
        """Spreads no less than what a display step takes for far: (accounts, columns)."""
        return np.maximum(self.spread, 0.999 * self.step / FAR)

    def over(self, days: int) -> "CohortResiduals":
        """The same summed over the `days` up to each column; unread days add nothing."""
        return replace(
            self,
            excess=np.where(np.isnan(self.excess), np.nan, _trailing(self.excess, days)),
            spread=np.sqrt(_trailing(self.spread**2, days)),
        )


@dataclass(frozen=True)
class CohortShare:
    """One group and direction; arrays (columns,). Shares are of the judged members.

    `usual` is the group's own share over the days before, `score` how many of its ordinary
    day-to-day spreads the share lies above it (NaN where too little is known). `typical` is
    the median move of those that moved, relative to their level. `far` counts those that moved
    far, which may be too few to be a share.
    """

    group: str
    judged: Ints
    moved: Ints
    usual: Floats
    score: Floats
    typical: Floats
    far: FarOut | None = None

    @cached_property
    def share(self) -> Floats:
        """Movers of the judged members: (columns,), 0 to 1."""
        return self.moved / np.maximum(self.judged, 1)

    @cached_property
    def wave(self) -> Bools:
        """Days on which clearly more members moved than usual, or far: (columns,)."""
        return self.shared if self.far is None else self.shared | self.far.wave

    @cached_property
    def shared(self) -> Bools:
        """Days on which clearly more members moved than usual: (columns,)."""
        with np.errstate(invalid="ignore"):
            clear = (self.score >= _CLEAR) & (self.share >= _TIMES_USUAL * self.usual)
        clear &= (self.share >= LEAST_SHARE) & (self.moved >= MIN_MOVED + _ALSO * self.judged)
        return np.asarray(clear)

    @cached_property
    def posted(self) -> Bools:
        """Days on which the share alone is enough to speak of a wave, of a size that shows, or
        on which members moved far: (columns,)."""
        shown = np.abs(self.typical) >= _SHOWN
        shown &= self.shared & (self.share >= _POSTED * self.usual)
        return np.asarray(shown if self.far is None else shown | self.far.wave)

    @cached_property
    def _told(self) -> dict[int, Peers]:
        return {}

    def peers(self, day: int) -> Peers:
        """One day as evidence. The name loses what tells where a team's wall cuts it."""
        if day not in self._told:
            name, _, wall = self.group.partition("@")
            share, usual = self.share.item(day), self.usual.item(day)
            typical, judged = self.typical.item(day), self.judged.item(day)
            if self.far is not None and self.far.wave[day] and not self.shared[day]:
                share, usual = (
                    self.far.moved.item(day) / judged,
                    self.far.usual.item(day) / judged,
                )
                typical = self.far.typical.item(day)
            self._told[day] = Peers(
                group=name,
                share=round(100 * share, 1),
                usual=round(100 * usual, 1),
                judged=judged,
                wave=self.wave.item(day),
                score=self.score.item(day),
                typical=round(100 * typical, 2),
                shared=wall == "*",
            )
        return self._told[day]


def cohort_share(group: str, residuals: CohortResiduals, direction: int) -> CohortShare:
    """How many of a group's members moved on each column, against their usual share.

    The usual share is that of the 16 days before without its two highest days, so that a
    wave of yesterday does not hide that of today; its spread joins chance (binomial) with
    the group's own joint days. Where few of those days were read, as of weekly exports, all
    of them teach it that reach two weeks back.
    """
    share = _against_usual(group, residuals, direction, lags=range(1, HISTORY + 1), dropped=2)
    far = far_out(direction * residuals.excess, residuals.room())
    far = replace(far, typical=direction * far.typical)
    far.wave[np.isnan(share.score)] = False
    return replace(share, far=far)


def slide(group: str, residuals: CohortResiduals, direction: int) -> CohortShare:
    """The same for sums over a week, against those of one and of two weeks before."""
    lags = (SLIDE, 2 * SLIDE)
    return _against_usual(group, residuals.over(SLIDE), direction, lags=lags, dropped=0)


def joined(residuals: CohortResiduals, direction: int) -> Bools:
    """Who moved along with a wave that is known to be there: a display step from what was
    expected, and a little more than noise. What a wave does to growth may be no more:
    (accounts, columns)."""
    return residuals.moved(direction, _JOINS)


def _against_usual(
    group: str,
    residuals: CohortResiduals,
    direction: int,
    *,
    lags: range | tuple[int, ...],
    dropped: int,
) -> CohortShare:
    along = residuals.moved(direction)
    judged, moved = (~np.isnan(residuals.excess)).sum(axis=0), along.sum(axis=0)
    typical = np.zeros(len(judged))
    for day in np.flatnonzero(moved >= MIN_MOVED):
        typical[day] = np.median(residuals.excess[along[:, day], day])
    columns = len(judged)
    before = np.arange(columns)[:, None] - np.asarray(lags)
    known = (before >= 0) & (judged[np.maximum(before, 0)] >= MIN_PEERS)
    people = np.where(known, judged[np.maximum(before, 0)], 0)
    movers = np.where(known, moved[np.maximum(before, 0)], 0)
    share = movers / np.maximum(people, 1)
    rank = np.argsort(np.argsort(-share, axis=1, kind="stable"), axis=1)
    many = known.sum(axis=1) >= dropped + _LEAST_DAYS
    kept = known & ((rank >= dropped) | ~many[:, None])
    days = kept.sum(axis=1)
    people, movers = people * kept, movers * kept
    usual = (movers.sum(axis=1) + dropped + 1) / (people.sum(axis=1) + dropped + 1)
    off = np.where(kept, share - usual[:, None], 0.0)
    spread = (off**2).sum(axis=1) / np.maximum(days, 1)
    chance = usual * (1 - usual)
    size = people.sum(axis=1) / np.maximum(days, 1)
    joint = np.maximum(spread - chance / np.maximum(size, 1), 0.0)
    today = moved / np.maximum(judged, 1)
    score = (today - usual) / np.sqrt(chance / np.maximum(judged, 1) + joint + 1e-12)
    sparse = (days >= 2) & known[:, np.asarray(lags) >= _FORTNIGHT].any(axis=1)
    enough = (judged >= MIN_PEERS) & (many | sparse)
    return CohortShare(group, judged, moved, usual, np.where(enough, score, np.nan), typical)


def _trailing(values: Floats, days: int) -> Floats:
    """Shift and add: unlike a running total, the same whatever came before the window."""
    seen = np.nan_to_num(values)
    summed = seen.copy()
    for back in range(1, min(days, values.shape[1])):
        summed[:, back:] += seen[:, :-back]
    return summed
