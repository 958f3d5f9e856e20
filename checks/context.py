"""What the accounts of a panel mean for each other, so that the panel can be judged in parts.

`summarise` says of a part what the others need of it, `merge` makes the context of all parts.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from checks.detectors.fdr import (
    SAMPLE,
    Crowd,
    Discoveries,
    known_on,
    least_hashes,
    platforms_of,
)
from checks.detectors.findings import Day, Findings, join
from checks.detectors.table import CHECKS
from checks.evidence.cohort import MEMBERS, MIN_MOVED, MIN_PEERS, CohortShare
from checks.evidence.cohorts import (
    Cohorts,
    below_floors,
    evidence_days,
    movers,
    wave_members,
)
from checks.faults.hold import Shared, shared
from checks.model import Rules
from checks.panel.panel import Bools, Floats, Ints, Panel, side_by_side

_WORTH = 2.0
"""Least sum of a wave that no member tells by itself, in units of the rules' count: eight small
accounts that lose six each are no news."""

_FEW = 8
"""Judged days up to which peers' residuals are worked out on demand instead of for all."""


@dataclass(frozen=True)
class Summary:
    """What one part of a panel tells the others; small, and the same however it was cut.

    `sample` are the readings of accounts that may stand for their groups: of each group the
    MEMBERS with the least hashes, of each platform the SAMPLE with the least that were known on
    one of the `judged` columns. `sizes` count all accounts of each group (those without a
    platform under ""), `read` the accounts of each platform that were known and read on each
    judged column: (judged,).
    """

    judged: Ints
    sample: Panel
    sizes: Mapping[str, int]
    read: Mapping[str, Ints]


@dataclass(frozen=True)
class Context:
    """What `merge` made of the summaries of all parts: `judge` needs it beside each part.

    It can be pickled; what is worked out on demand is then worked out again.
    """

    judged: Ints
    rules: Rules
    floors: Mapping[str, float]
    sample: Panel
    crowd: Crowd
    _made: dict[bytes, "Population"] = field(default_factory=dict, repr=False, compare=False)
    _then: dict[int, "Context"] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def faults(self) -> Shared:
        """What is wrong with the readings of many, found among the sampled accounts."""
        return shared(self.sample)

    def population(self, judged: Ints) -> "Population":
        """The sampled accounts on some of the judged columns, which share one history."""
        key = judged.tobytes()
        if key not in self._made:
            while len(self._made) > _FEW:
                self._made.pop(next(iter(self._made)))
            held = self.faults.held
            sample = held.on(int(judged[0]))
            self._made[key] = Population.on(judged, self, sample, held.flapping.on)
        return self._made[key]

    def as_of(self, column: int) -> "Context":
        """That of a judged column alone, when nothing of it was read yet that came later."""
        if column not in self._then:
            self._then.clear()
            sample, place = self.sample.as_of(column), np.searchsorted(self.judged, [column])
            last = np.array([sample.days - 1])
            crowd = self.crowd.at(place)
            self._then[column] = Context(last, self.rules, self.floors, sample, crowd)
        return self._then[column]

    def together(self, judged: Ints, edges: Iterable[int]) -> Iterator[Ints]:
        """Judged columns as they are worked through: many at once, a few one by one.

        None reach across the `edges`, columns from which on histories are other ones. Runs of
        columns (k,).
        """
        for stretch in np.split(judged, np.searchsorted(judged, sorted(set(edges)))):
            if len(judged) <= _FEW:
                yield from stretch[:, None]
            elif stretch.size:
                yield stretch

    def __getstate__(self) -> dict[str, Any]:
        kept = ("judged", "rules", "floors", "sample", "crowd")
        return {**{name: self.__dict__[name] for name in kept}, "_made": {}, "_then": {}}


class Wave(NamedTuple):
    """A group that moved together on one day, since the day that ended at `began`.

    `far`: only moves far beyond their own spreads make it. Not `posted` is not told by itself.
    """

    group: str
    began: int
    posted: bool
    far: bool


@dataclass(frozen=True)
class Population:
    """Sampled accounts on some judged columns: what chance shows, and who moved together."""

    day: Day
    discoveries: Discoveries
    cohorts: Cohorts
    flapping: Bools

    @classmethod
    def on(cls, judged: Ints, context: Context, sample: Panel, flapping: Bools) -> "Population":
        columns = evidence_days(judged) if len(judged) > 1 else judged
        day = day_of(sample, columns, context.rules, context.floors)
        crowd = context.crowd.at(np.searchsorted(context.judged, judged))
        discoveries = Discoveries(day, judged, crowd, sudden)
        return cls(day, discoveries, Cohorts(day, judged, crowd.sizes), flapping)

    def fallen(self, column: int) -> list[Wave]:
        """Groups whose members fell together on a judged column, the clearest first.

        They are posted where one of the sampled members is an incident by itself, or where what
        they did together says so and all have lost enough to be worth telling.
        """
        groups = []
        for group, rows, share in self._waves(column, -1):
            found = wave_members(self.day, rows, column)
            place = column - self.cohorts.first
            large = bool((~below_floors(found, self.day.rules)).any())
            large |= bool(np.isin(rows, self._alone(column, column, -1)).any())
            lost = float((found.expected - found.change).sum())
            clear = bool(share.posted[place]) and lost >= _WORTH * self.day.rules.min_count
            groups.append(self._wave(group, column, -1, share, posted=large or clear))
        return groups

    def risen(self, column: int) -> list[Wave]:
        """Groups of which MIN_MOVED sampled members rose beyond their floors at once, or, far
        out since the wave began, beyond those of the rules, whatever their own past says."""
        groups = []
        for group, rows, share in self._waves(column, 1):
            far = not share.shared[column - self.cohorts.first]
            first = self.cohorts.began(group, column, 1) if far else column
            if np.isin(rows, self._alone(first, column, 1, far=far)).sum() >= MIN_MOVED:
                groups.append(self._wave(group, column, 1, share, posted=True))
        return groups

    def _waves(self, column: int, direction: int) -> Iterator[tuple[str, Ints, CohortShare]]:
        """Each group that moved together, with the sampled members that did."""
        for group, share in self.cohorts.waves(column, direction):
            far = not share.shared[column - self.cohorts.first]
            rows = movers(self.day, group, column, direction, far=far)
            yield group, np.intersect1d(rows, self.cohorts.groups[group]), share

    def _wave(
        self, group: str, column: int, direction: int, share: CohortShare, *, posted: bool
    ) -> Wave:
        first = self.cohorts.began(group, column, direction)
        far = not share.shared[column - self.cohorts.first]
        return Wave(group, int(self.day.panel.ends[first]), posted, far)

    def _alone(self, first: int, last: int, direction: int, *, far: bool = False) -> Ints:
        """Sampled accounts whose own fall is an alarm on one of some days, or whose rise is
        beyond its floors; of `far` moves those beyond the floors of the rules."""
        found = self.day.once("by themselves", self._found)
        on = found.alarm if direction < 0 else found.passed
        if far:
            on = on | ~below_floors(found, self.day.rules)
        on = on & (found.column >= first) & (found.column <= last)
        rows: Ints = found.row[on & (found.direction == direction)]
        return rows

    def _found(self, day: Day) -> Findings:
        held = self.discoveries.hold(day, sudden(day))
        found = join([held, *(check.find(day) for check in CHECKS if check.hidden)])
        return found.take(~self.flapping[found.row, found.column])


def sudden(day: Day) -> Findings:
    """What the checks find that false-discovery control may hold."""
    return day.once(
        "sudden", lambda day: join([check.find(day) for check in CHECKS if check.sudden])
    )


def day_of(
    panel: Panel, columns: Ints, rules: Rules, floors: Mapping[str, float] | None
) -> Day:
    """A panel's day; `floors` are the factors by which feedback moved accounts' floors."""
    factor: Floats = np.ones(len(panel.accounts))
    for account, by in (floors or {}).items():
        if account in panel.row:
            factor[panel.row[account]] = by
    return Day(panel, columns, rules, factor)


def small_groups(groups: Mapping[str, Ints]) -> frozenset[str]:
    """Groups of a whole panel that are too small to say anything of each other: persons, and
    tags of a few accounts, which may be as many as the accounts."""
    return frozenset(
        name
        for name, rows in groups.items()
        if len(rows) < MIN_PEERS and not name.startswith("platform:")
    )


def summarise(
    part: Panel, columns: Ints | None = None, *, small: Collection[str] = ()
) -> Summary:
    """What the other parts need of this one to judge the `columns` (left out: the last).

    All parts share their days, the names of their groups, and which of these are `small` in
    the whole (`small_groups`), so that nothing is kept of their members.
    """
    judged = judged_columns(part, columns)
    if small:
        large = {name: rows for name, rows in part.groups.items() if name not in small}
        part = replace(part, groups=large)
    _, seen = _known(part, judged)
    platforms = platforms_of(part)
    summary = Summary(
        judged=judged,
        sample=part,
        sizes={name: len(rows) for name, rows in {**part.groups, **platforms}.items()},
        read={name: seen[rows].sum(axis=0) for name, rows in platforms.items()},
    )
    return _sampled(summary)


def combine(summaries: Sequence[Summary]) -> Summary:
    """One summary of several, as if their parts had been one."""
    first = summaries[0]
    if len(summaries) == 1:
        return first
    sizes = {name: 0 for each in summaries for name in each.sizes}
    read = {
        name: np.zeros(len(first.judged), np.int64) for each in summaries for name in each.read
    }
    for each in summaries:
        for name, many in each.sizes.items():
            sizes[name] += many
        for name, days in each.read.items():
            read[name] = read[name] + days
    sample = side_by_side([each.sample for each in summaries])
    whole = _sampled(Summary(judged=first.judged, sample=sample, sizes=sizes, read=read))
    by_name = np.argsort(np.array(whole.sample.accounts), kind="stable")
    return replace(whole, sample=whole.sample.take(by_name))


def regroup(summary: Summary, names: Mapping[str, str | None]) -> Summary:
    """A summary whose groups take other names; several that take one become one group.

    For parts that cannot know which groups are cut by a wall before all of them are counted.
    Groups that are not named, or take None, go.
    """
    parts: dict[str, list[Ints]] = {}
    sizes: dict[str, int] = {}
    read: dict[str, Ints] = {"": np.zeros(len(summary.judged), np.int64)}
    for given, rows in summary.sample.groups.items():
        name = names.get(given)
        if name is not None:
            parts.setdefault(name, []).append(rows)
    for given, many in summary.sizes.items():
        name = names.get(given)
        if name is not None:
            sizes[name] = sizes.get(name, 0) + many
    groups = {name: np.unique(np.concatenate(rows)) for name, rows in parts.items()}
    sample = replace(summary.sample, groups=groups)
    whole = platforms_of(sample)
    sizes[""] = summary.sizes.get("", 0)
    for given, seen in summary.read.items():
        name = names.get(given)
        name = name if name in whole else ""
        assert name is not None
        read[name] = read.get(name, 0) + seen
        if given and not name:
            sizes[""] += summary.sizes[given]
    return _sampled(replace(summary, sample=sample, sizes=sizes, read=read))


def merge(
    summaries: Iterable[Summary], rules: Rules, *, floors: Mapping[str, float] | None = None
) -> Context:
    """What all parts of a panel together mean for the judgement of each.

    Takes the summaries one after the other, so that they need not all be there at once.
    """
    whole: Summary | None = None
    for summary in summaries:
        whole = summary if whole is None else combine([whole, summary])
    if whole is None:
        raise ValueError("There is no summary to merge: summarise at least one part.")
    known, _ = _known(whole.sample, whole.judged)
    crowd = Crowd(sizes=whole.sizes, read=whole.read, known=known)
    return Context(whole.judged, rules, floors or {}, whole.sample, crowd)


def judged_columns(panel: Panel, columns: Ints | None) -> Ints:
    """The columns to judge in time order; those counted from the end as they are; (k,),
    ascending."""
    wanted: Ints = np.asarray([-1] if columns is None else columns, np.int64)
    return np.unique(wanted % max(panel.days, 1)) if panel.days else wanted[:0]


def _known(panel: Panel, judged: Ints) -> tuple[Bools, Bools]:
    """Which accounts were known on each judged day, and which of them were read by its end."""
    counts = panel.metrics["followers"]
    if panel.late is not None:
        # a day does not know what was read after it
        late = np.zeros(counts.shape, np.bool_)
        late[:, judged] = panel.late[:, judged]
        counts = np.where(late, np.nan, counts)
    known = known_on(counts, judged)
    return known, known & ~np.isnan(counts[:, judged])


def _sampled(whole: Summary) -> Summary:
    """A summary whose sample holds no account that stands for none."""
    panel = whole.sample
    kept = np.zeros(len(panel.accounts), np.bool_)
    for rows in panel.groups.values():
        kept[least_hashes(panel, rows)[:MEMBERS] if len(rows) > MEMBERS else rows] = True
    known: Any = None
    for rows in platforms_of(panel).values():
        if len(rows) <= SAMPLE:
            kept[rows] = True
            continue
        known = _known(panel, whole.judged)[0] if known is None else known
        ordered = least_hashes(panel, rows)
        for days in {day.tobytes(): day for day in known[ordered].T}.values():
            kept[ordered[days][:SAMPLE]] = True
    if kept.all():
        return whole
    sample = replace(panel, read_at=None).take(np.flatnonzero(kept))
    return replace(whole, sample=sample)
