"""What one day, or each of many, says about all accounts of a panel.

The way of a panel: baseline, detectors, false-discovery control, evidence, verdict. Only this
module knows it. A panel too large for one memory, or one machine, is judged in parts:

    context = merge((summarise(part, columns) for part in parts), rules, floors=floors)
    for part in parts:
        for at, judgement in judgements(part, rules, events=events, context=context): ...

Whatever the cut, the parts say together what the whole says, to the bit. They share their days
and the names of their groups (`Panel.groups` of the whole, each part with its own rows).
Summaries and the context can be pickled; `combine` adds summaries up where they are made.

`decide` needs a judgement of all accounts at once, but only of those that have something to say
or an incident: `shortlist(part, rules, context, keep=...)` finds them, `Shortlist.joined` puts
those of all parts together, and `judge_shortlist` judges them, again as if they had never been
parted.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from checks.context import (
    Context,
    Population,
    Wave,
    combine,
    day_of,
    judged_columns,
    merge,
    sudden,
    summarise,
)
from checks.detectors.findings import Day, Findings, join, nothing
from checks.detectors.onset import onset, shortened
from checks.detectors.table import CHECKS, check_named
from checks.evidence.cache import EvidenceCache
from checks.evidence.cohorts import Case, below_floors, movers, wave_members
from checks.faults.hold import Held, hold
from checks.faults.notices import fault_notices, told_once
from checks.incident.day import EmptyDayContext, PanelDayContext
from checks.incident.wave import wave_name
from checks.milestone import milestones
from checks.model import DAY, Event, Finding, Judgement, Notice, Rules, Verdict
from checks.panel.panel import Bools, Ints, Panel, side_by_side
from checks.reasons import reason
from checks.verdict.verdict import explain

__all__ = [
    "Context",
    "Shortlist",
    "combine",
    "detect",
    "judge",
    "judge_shortlist",
    "judgements",
    "merge",
    "shortlist",
    "summarise",
]

STALE_DAYS = 7
"""Days without a reading after which an account is said to be unread, once."""

_CLEARLY, _CLEARLY_EXACT = 2.0, 4.0
"""Spreads from which a member of a posted wave is told of, with a rounded count, of which one
step tells as much, and with an exact one; below, it is only recorded."""

_EPISODE = 3
"""Days that part two episodes: the incidents' own rule (JOIN), in days."""


def judge(
    panel: Panel,
    rules: Rules,
    *,
    events: Sequence[Event] = (),
    floors: Mapping[str, float] | None = None,
    context: Context | None = None,
) -> Judgement:
    """Judges the panel's last day; `floors` are the factors that feedback gave accounts.

    `context` is that of all parts where the panel is one; left out, the panel is all there is.
    """
    days = judgements(panel, rules, events=events, floors=floors, context=context)
    for _, judgement in days:
        return judgement
    at = int(panel.ends[-1]) if panel.days else 0
    return Judgement(at=at, verdicts=(), notices=(), early={}, view=EmptyDayContext())


def judgements(
    panel: Panel,
    rules: Rules,
    *,
    columns: Ints | None = None,
    events: Sequence[Event] = (),
    floors: Mapping[str, float] | None = None,
    context: Context | None = None,
) -> Iterator[tuple[int, Judgement]]:
    """Judges the requested columns (left out: the last) in time order.

    Each is exactly what `judge` says of the panel that ends there. Nothing where the panel
    has no accounts. With a `context` its columns are judged, whatever `columns` says.
    """
    wanted = judged_columns(panel, columns)
    if not panel.accounts or not len(wanted):
        return
    if context is None:
        context = merge([summarise(panel, wanted)], rules, floors=floors)
    for days, column in _days(panel, context, events):
        yield int(days.panel.ends[column]), days.judgement(column)


def _days(
    panel: Panel, context: Context, events: Sequence[Event]
) -> Iterator[tuple["_Days", int]]:
    """The judged days in order, each in the company of those that are judged with it."""
    late = np.zeros(panel.days, np.bool_)
    for each in (panel.late, context.sample.late):
        late |= False if each is None else each.any(axis=0)
    prompt = _prompt(panel, context, context.judged[~late[context.judged]], events)
    for column in context.judged.tolist():
        if late[column]:
            # what was read after that day had ended is not known on it
            then = context.as_of(column)
            own = then.sample if panel is context.sample else panel.as_of(column)
            yield from _prompt(own, then, then.judged, events)
        else:
            yield next(prompt)


def _prompt(
    panel: Panel, context: Context, judged: Ints, events: Sequence[Event]
) -> Iterator[tuple["_Days", int]]:
    """Days of which nothing was read after they had ended."""
    if not judged.size:
        return
    shared = context.faults
    held = hold(panel, shared)
    edges = [each.known for each in (*held.identities, *shared.held.identities)]
    for some in context.together(judged, edges):
        population = context.population(some)
        day = population.day
        if panel is not context.sample:
            day = day_of(held.on(int(some[0])), day.columns, context.rules, context.floors)
        found = _detected(day, population)
        days = _Days(found, population, some, held, context, events)
        yield from ((days, column) for column in some.tolist())


@dataclass(frozen=True)
class Detections:
    """`hits` are ordered by judged column, then account and check."""

    day: Day
    hits: Findings

    @property
    def panel(self) -> Panel:
        return self.day.panel

    def findings(self, column: int) -> list[Finding]:
        """The alarms of one judged column (a column of the panel)."""
        here = (self.hits.column == column % self.panel.days) & self.hits.alarm
        return self.hits.take(here).objects(self.panel)


def detect(
    panel: Panel,
    rules: Rules,
    *,
    columns: slice | int = -1,
    floors: Mapping[str, float] | None = None,
) -> Detections:
    """What all checks find on the requested columns; each uses only the 120 days before it.

    `floors` are the factors by which feedback moved single accounts' floors.
    """
    judged = np.arange(panel.days)[columns] if isinstance(columns, slice) else columns
    places = np.atleast_1d(np.asarray(judged, np.int64) % max(panel.days, 1))
    if not places.size or not panel.accounts:
        return Detections(day_of(panel, places, rules, floors), nothing())
    context = merge([summarise(panel, places)], rules, floors=floors)
    sample = context.sample
    calm = np.zeros((len(sample.accounts), sample.days), np.bool_)
    population = Population.on(np.unique(places), context, sample, calm)
    day = population.day
    if panel is not day.panel or not np.array_equal(day.columns, places):
        day = day_of(panel, places, rules, floors)
    return _detected(day, population)


def _detected(day: Day, population: Population) -> Detections:
    held = population.discoveries.hold(day, sudden(day))
    others = [check.find(day) for check in CHECKS if not check.sudden]
    return Detections(day, join([held, *others]))


@dataclass(frozen=True)
class Shortlist:
    """What parts of a panel have to say, small enough to be judged together.

    `panel` holds the accounts that have a finding, move with a wave or were to be kept;
    `notices` are those of all accounts, by judged time.
    """

    panel: Panel
    notices: Mapping[int, tuple[Notice, ...]]

    @classmethod
    def joined(cls, parts: Sequence["Shortlist"]) -> "Shortlist":
        """That of several parts; what more than one of them notices is noticed once."""
        notices: dict[int, list[Notice]] = {}
        for part in parts:
            for at, said in part.notices.items():
                notices.setdefault(at, []).extend(said)
        return cls(
            side_by_side([part.panel for part in parts]),
            {at: told_once(said) for at, said in notices.items()},
        )


def shortlist(
    part: Panel, rules: Rules, context: Context, *, keep: Collection[str] = ()
) -> Shortlist:
    """The accounts of a part that its judgements speak of, and those to `keep`."""
    rows = {part.row[account] for account in keep if account in part.row}
    notices: dict[int, tuple[Notice, ...]] = {}
    if part.accounts:
        for days, column in _days(part, context, ()):
            rows |= days.rows(column)
            notices[int(days.panel.ends[column])] = tuple(days.notices(column))
    return Shortlist(part.take(np.array(sorted(rows), np.int64)), notices)


def judge_shortlist(
    short: Shortlist, rules: Rules, context: Context, *, events: Sequence[Event] = ()
) -> Iterator[tuple[int, Judgement]]:
    """What all parts together say, in time order; `early` names accounts of the shortlist
    alone."""
    panel = short.panel
    told = dict(judgements(panel, rules, events=events, context=context))
    for column in context.judged.tolist():
        at = int(panel.ends[column])
        empty = Judgement(at=at, verdicts=(), notices=(), early={}, view=EmptyDayContext())
        yield at, replace(told.get(at, empty), notices=short.notices.get(at, ()))


class _Days:
    """The judged days of one detection."""

    def __init__(
        self,
        detections: Detections,
        population: Population,
        judged: Ints,
        held: Held,
        context: Context,
        events: Sequence[Event],
    ) -> None:
        self.panel = detections.panel
        self.day = detections.day
        self.population = population
        self.judged = judged
        self.held = held
        self.context = context
        self.cache = EvidenceCache(
            self.day, judged, population.cohorts, held, events, context.floors
        )
        hits = detections.hits
        hits = hits.take(~held.flapping.within(hits.row, hits.start, hits.column))
        rising = (hits.metric == "followers") & (hits.direction > 0)
        rising &= hits.passed | ~below_floors(hits, self.day.rules)
        self.risen = self._risen(hits.take(rising), judged)
        loud = hits.alarm | (rising & self._inside(hits))
        self.hits = hits.take(loud & np.isin(hits.column, judged))
        self.edges = np.searchsorted(self.hits.column, np.arange(self.panel.days + 1)).tolist()

    def rows(self, column: int) -> set[int]:
        """Those that verdicts of a judged day speak of, and others of the same persons."""
        here = slice(self.edges[column], self.edges[column + 1])
        rows = set(self.hits.row[here].tolist()).union(self._waves(column))
        others = self.cache.people.others
        return rows.union(*(others[row].tolist() for row in rows & others.keys()))

    @cached_property
    def found(self) -> list[tuple[Case, Finding]]:
        """The hits in order, told over the days that carry them; their evidence is gathered."""
        hits = self.hits
        places = (hits.row, hits.direction, hits.start, hits.column)
        pairs = zip(
            zip(*(each.tolist() for each in places), strict=True),
            hits.objects(self.panel),
            strict=True,
        )
        found = [self._case(place, finding) for place, finding in pairs]
        self._prepare([case for case, _ in found])
        return found

    def _prepare(self, cases: list[Case]) -> None:
        """Gathers at once what the days will ask: each finding on its own day, and on the
        days after it that findings which open an incident are heard again."""
        last: dict[tuple[int, str, int], int] = {}
        for case in list(cases):
            key = (case.row, case.metric, case.direction)
            if case.found - last.get(key, -9) > _EPISODE:
                cases += self.cache.again(case)
            last[key] = case.found
        self.cache.prepare(cases)

    def judgement(self, column: int) -> Judgement:
        verdicts = self._verdicts(column)
        return Judgement(
            at=int(self.panel.ends[column]),
            verdicts=tuple(verdicts),
            notices=told_once(self.notices(column)),
            early=self._early(column),
            view=PanelDayContext(self.cache, column),
        )

    def _verdicts(self, column: int) -> Iterator[Verdict]:
        found = self.found[self.edges[column] : self.edges[column + 1]]
        slow = [check_named(finding.check).slow for _, finding in found]
        loud = {
            case.row
            for (case, _), sums in zip(found, slow, strict=True)
            if not sums and _falls(case)
        }
        waves = self._waves(column)
        for (case, finding), sums in zip(found, slow, strict=True):
            if case.row in waves and sums:
                continue  # the wave says better than a sum over weeks what happened today
            wave = self.risen[column].get(case.row) if _rises(case) else None
            if _falls(case) and case.row in waves:
                fell = waves[case.row]
                wave = wave_name(fell.group, -1, fell.began)
            yield self._verdict(finding, case, wave=wave)
        yield from self._along(column, {r: waves[r] for r in waves if r not in loud})

    def _along(self, column: int, waves: Mapping[int, Wave]) -> Iterator[Verdict]:
        """Rows that only their wave shows, each with its own part of it."""
        rows = np.array(list(waves), np.int64)
        cases = [Case(row, "followers", -1, column, column, column) for row in waves]
        self.cache.prepare(each for case in cases for each in self.cache.again(case))
        found = wave_members(self.day, rows, column)
        small = below_floors(found, self.day.rules)
        # a chance fall among many bystanders, or growth that slowed, is recorded alone
        least = np.where(self.panel.step[rows] > 1, _CLEARLY, _CLEARLY_EXACT)
        clear = (found.change < 0) & (np.abs(found.score) >= least)
        findings = found.objects(self.panel)
        for case, wave, finding, below, told in zip(
            cases, waves.values(), findings, small.tolist(), clear.tolist(), strict=True
        ):
            name = wave_name(wave.group, -1, wave.began)
            yield self._verdict(
                finding, case, wave=name, below_floor=below, alerting=told and wave.posted
            )

    def _verdict(
        self,
        finding: Finding,
        case: Case,
        *,
        wave: str | None,
        below_floor: bool = False,
        alerting: bool = True,
    ) -> Verdict:
        return explain(
            finding,
            self.cache.evidence(finding, case),
            self.cache.day.rules,
            wave=wave,
            below_floor=below_floor,
            alerting=alerting,
        )

    def _case(self, place: tuple[int, int, int, int], finding: Finding) -> tuple[Case, Finding]:
        """One hit, told over the days that carry it."""
        row, direction, start, column = place
        if start < column and check_named(finding.check).sudden:
            counts = self.panel.metrics["followers"][row]
            first = onset(counts, start, column, finding.change, finding.expected)
            if first != start:
                start, opened = first, self.cache.ends[first]
                view = PanelDayContext(self.cache, column)
                before, base = view.before(finding.account, "followers", opened)
                finding = shortened(finding, opened, before, base, counts.item(column))
        return Case(row, finding.metric, direction, start, column, column), finding

    def _risen(self, hits: Findings, judged: Ints) -> dict[int, dict[int, str]]:
        """By day, the waves in which accounts rose beyond their floors: {row: wave}.

        What a wave does below the floors is no news; of far moves the floors of the rules
        count, whatever the own past says.
        """
        risen: dict[int, dict[int, str]] = {column: {} for column in judged.tolist()}
        for column, waves in risen.items():
            rows = set(hits.row[hits.column == column].tolist())
            large = set(hits.row[(hits.column == column) & hits.passed].tolist())
            for wave in self.population.risen(column) if rows else ():
                name = wave_name(wave.group, 1, wave.began)
                moved = movers(self.day, wave.group, column, 1, far=wave.far).tolist()
                some = (rows if wave.far else large).intersection(moved)
                waves |= dict.fromkeys(some - waves.keys(), name)
        return risen

    def _inside(self, hits: Findings) -> Bools:
        """Of a wave: what all do together, false-discovery control takes for no news."""
        places = zip(hits.row.tolist(), hits.column.tolist(), strict=True)
        inside = [row in self.risen.get(column, ()) for row, column in places]
        return np.asarray(inside, np.bool_)

    def _waves(self, column: int) -> dict[int, Wave]:
        """The rows that fell with others, each with the clearest wave that it is in."""
        waves: dict[int, Wave] = {}
        for wave in self.population.fallen(column):
            rows = movers(self.day, wave.group, column, -1, far=wave.far)
            for row in rows.tolist():
                waves.setdefault(row, wave)
        return waves

    def notices(self, column: int) -> Iterator[Notice]:
        """What is worth saying that is no incident."""
        yield from fault_notices(self.held, self.context.faults.held, column)
        yield from milestones(self.panel, column)
        yield from self._stale(column)

    def _stale(self, column: int) -> Iterator[Notice]:
        """Accounts whose last reading is exactly a week old on that day."""
        week = column - STALE_DAYS
        if week < 0:
            return
        followers = self.held.values
        silent = np.isnan(followers[:, week + 1 : column + 1]).all(axis=1)
        if self.panel.zeros is not None:
            silent &= ~self.panel.zeros[:, week + 1 : column + 1].any(axis=1)
        for row in np.flatnonzero(silent & ~np.isnan(followers[:, week])):
            yield Notice(
                kind="stale",
                account=self.panel.accounts[row],
                at=int(self.panel.ends[week]) + STALE_DAYS * DAY,
                reasons=(reason("not_read", days=STALE_DAYS),),
            )

    def _early(self, column: int) -> dict[str, int]:
        known, place = self.day.residuals("followers"), self.cache.place[column]
        rows = np.flatnonzero(known.early[:, place])
        return {self.panel.accounts[row]: int(known.changes[row, place]) for row in rows}


def _falls(case: Case) -> bool:
    return case.metric == "followers" and case.direction < 0


def _rises(case: Case) -> bool:
    return case.metric == "followers" and case.direction > 0
