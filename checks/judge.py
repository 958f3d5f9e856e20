"""What one day, or each of many, says about all accounts of a panel."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from checks.detectors.fdr import hold_discoveries
from checks.detectors.findings import Day, Findings, join, nothing
from checks.detectors.onset import onset, shortened
from checks.detectors.table import CHECKS, WAVE_MEMBER, check_named
from checks.evidence.cache import EvidenceCache
from checks.evidence.cohort import MIN_MOVED
from checks.evidence.cohorts import Case, evidence_days
from checks.faults.hold import Held, hold
from checks.faults.notices import fault_notices
from checks.incident.day import EmptyDayContext, PanelDayContext
from checks.incident.wave import wave_name
from checks.milestone import milestones
from checks.model import Event, Finding, Judgement, Notice, Rules, Verdict
from checks.panel.panel import Bools, Ints, Panel
from checks.reasons import reason
from checks.verdict.verdict import explain

STALE_DAYS = 7
_DAY = 86_400
_CLEARLY = 2.0
"""Spreads from which a member of a posted wave is told of; below, it is only recorded."""

_EPISODE = 3

_FEW = 8
"""Judged days up to which peers' states are worked out on demand instead of for all."""


def judge(
    panel: Panel,
    rules: Rules,
    *,
    events: Sequence[Event] = (),
    floors: Mapping[str, float] | None = None,
) -> Judgement:
    """Judges the panel's last day; `floors` are the factors that feedback gave accounts."""
    for _, judgement in judgements(panel, rules, events=events, floors=floors):
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
) -> Iterator[tuple[int, Judgement]]:
    """Judges the requested columns (left out: the last) in time order.

    Each is exactly what `judge` says of the panel that ends there. Nothing where the panel
    has no accounts.
    """
    wanted = np.unique(np.asarray([-1] if columns is None else columns) % max(panel.days, 1))
    if not panel.accounts or not panel.days or not len(wanted):
        return
    late = np.zeros(panel.days, np.bool_)
    if panel.late is not None:
        late |= panel.late.any(axis=0)
    prompt = _judged_together(panel, rules, wanted[~late[wanted]], events, floors)
    for column in wanted.tolist():
        if late[column]:
            then = panel.as_of(column)
            yield then.ends.item(-1), judge(then, rules, events=events, floors=floors)
        else:
            yield next(prompt)


def _judged_together(
    panel: Panel,
    rules: Rules,
    wanted: Ints,
    events: Sequence[Event],
    floors: Mapping[str, float] | None,
) -> Iterator[tuple[int, Judgement]]:
    """Days of which nothing was read after they had ended."""
    held = hold(panel)
    for panel, judged in _stretches(held, wanted):
        seen = evidence_days(judged) if len(judged) > 1 else judged
        span = slice(int(seen[0]), int(seen[-1]) + 1)
        found = detect(panel, rules, columns=span, floors=floors)
        cache = EvidenceCache(found.day, judged, events, floors)
        days = _Days(found, cache, judged, held)
        for column in judged.tolist():
            yield int(panel.ends[column]), days.judgement(column)


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
    factor = np.ones(len(panel.accounts))
    for account, by in (floors or {}).items():
        if account in panel.row:
            factor[panel.row[account]] = by
    day = Day(panel, places, rules, factor)
    if not places.size or not panel.accounts:
        return Detections(day, nothing())
    sudden = hold_discoveries(day, _sudden(day), _sudden)
    others = [check.find(day) for check in CHECKS if not check.sudden]
    return Detections(day, join([sudden, *others]))


def _sudden(day: Day) -> Findings:
    return join([check.find(day) for check in CHECKS if check.sudden])


def _stretches(held: Held, wanted: Ints) -> Iterator[tuple[Panel, Ints]]:
    """Columns that are judged together: all with one history, or one by one where few."""
    for panel, judged in held.parts(wanted):
        for some in [judged] if len(wanted) > _FEW else judged[:, None]:
            yield panel, some


class _Days:
    """The judged days of one detection."""

    def __init__(
        self,
        detections: Detections,
        cache: EvidenceCache,
        judged: Ints,
        held: Held,
    ) -> None:
        self.panel = detections.panel
        self.detections = detections
        self.cache = cache
        self.held = held
        hits = detections.hits
        hits = hits.take(~held.flapping.on[hits.row, hits.column])
        rising = hits.passed & (hits.metric == "followers") & (hits.direction > 0)
        self.risen = self._risen(hits.take(rising), judged)
        hits = hits.take(hits.alarm | (rising & self._inside(hits)))
        self.edges = np.searchsorted(hits.column, np.arange(self.panel.days + 1)).tolist()
        places = zip(
            hits.row.tolist(),
            hits.direction.tolist(),
            hits.start.tolist(),
            hits.column.tolist(),
            hits.objects(self.panel),
            strict=True,
        )
        self.found = [self._case(*each) for each in places]
        self._prepare(set(judged.tolist()))

    def _prepare(self, judged: set[int]) -> None:
        """Gathers at once what the days will ask: each finding on its own day, and on the
        days after it that findings which open an incident are heard again."""
        cases = [case for case, _ in self.found if case.found in judged]
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
            notices=tuple(self._notices(column)),
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
        waves = self._waves(column, loud)
        for (case, finding), sums in zip(found, slow, strict=True):
            if case.row in waves and sums:
                continue  # the wave says better than a sum over weeks what happened today
            wave = self.risen[column].get(case.row) if _rises(case) else None
            if _falls(case) and case.row in waves:
                wave = waves[case.row][0]
            yield self._verdict(finding, case, wave=wave)
        also = [
            Case(r, "followers", -1, column, column, column) for r in waves if r not in loud
        ]
        self.cache.prepare(each for case in also for each in self.cache.again(case))
        for case in also:
            wave, posted, finding = waves[case.row]
            small = self._small(finding)
            told = posted and abs(finding.score) >= _CLEARLY
            yield self._verdict(finding, case, wave=wave, below_floor=small, alerting=told)

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

    def _case(
        self, row: int, direction: int, start: int, column: int, finding: Finding
    ) -> tuple[Case, Finding]:
        """One hit, told over the days that carry it."""
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

        At least MIN_MOVED of a group must; what a wave does below the floors is no news.
        """
        risen: dict[int, dict[int, str]] = {column: {} for column in judged.tolist()}
        for column, waves in risen.items():
            rows = set(hits.row[hits.column == column].tolist())
            for group, _ in (
                self.cache.cohorts.waves(column, 1) if len(rows) >= MIN_MOVED else ()
            ):
                movers = rows & set(self.cache.cohorts.movers(group, column, 1).tolist())
                if len(movers) >= MIN_MOVED:
                    name = wave_name(group, 1, int(self.panel.ends[column]))
                    waves |= dict.fromkeys(movers - waves.keys(), name)
        return risen

    def _inside(self, hits: Findings) -> Bools:
        """Of a wave: what all do together, false-discovery control takes for no news."""
        places = zip(hits.row.tolist(), hits.column.tolist(), strict=True)
        inside = [row in self.risen.get(column, ()) for row, column in places]
        return np.asarray(inside, np.bool_)

    def _waves(self, column: int, loud: set[int]) -> dict[int, tuple[str, bool, Finding]]:
        """Wave, whether it is posted, and the own part of each that fell with others."""
        waves: dict[int, tuple[str, bool, Finding]] = {}
        at = int(self.panel.ends[column])
        for group, cohort_share in self.cache.cohorts.waves(column, -1):
            rows = self.cache.cohorts.movers(group, column, -1).tolist()
            found = {row: self._member(row, column) for row in rows}
            alone = bool(cohort_share.posted[column - self.cache.cohorts.first])
            large = bool(loud & found.keys()) or not all(map(self._small, found.values()))
            name = wave_name(group, -1, at)
            for row, finding in found.items():
                waves.setdefault(row, (name, alone or large, finding))
        return waves

    def _member(self, row: int, column: int) -> Finding:
        """The finding of a member that moved with its wave, below its own floor."""
        known, place = self.detections.day.residuals("followers"), self.cache.place[column]
        day = known.day.at((row, place))
        now = float(self.panel.metrics["followers"][row, column])
        level, elapsed = float(day.level), int(day.elapsed)
        linear = not self.panel.has_level[row]
        move, expected = float(day.move), float(day.expected)
        # a flat rounded series has no spread; half a display step is the least it can hide
        step = float(known.step[row, place])
        spread = max(float(day.spread), step / 2 / level if step > 1 else 0.0)
        before = float(self.panel.metrics["followers"][row, column - elapsed])
        return Finding(
            check=WAVE_MEMBER.name,
            account=self.panel.accounts[row],
            metric="followers",
            direction="down",
            start=int(self.panel.ends[column]),
            at=int(self.panel.ends[column]),
            change=now - before,
            expected=expected if linear else level * math.expm1(expected),
            level=math.nan if linear else level,
            size=math.nan if linear else abs(math.expm1(move) - math.expm1(expected)),
            score=(move - expected) / spread,
        )

    def _small(self, finding: Finding) -> bool:
        """Whether a member's own size would not have made it an incident."""
        rules, count = self.cache.day.rules, abs(finding.change - finding.expected)
        below = 100 * finding.size < rules.min_percent  # False without a level
        return below or count < rules.min_count

    def _notices(self, column: int) -> Iterator[Notice]:
        yield from fault_notices(self.held, column)
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
                at=int(self.panel.ends[week]) + STALE_DAYS * _DAY,
                reasons=(reason("not_read", days=STALE_DAYS),),
            )

    def _early(self, column: int) -> dict[str, int]:
        known, place = self.detections.day.residuals("followers"), self.cache.place[column]
        rows = np.flatnonzero(known.early[:, place])
        return {self.panel.accounts[row]: int(known.changes[row, place]) for row in rows}


def _falls(case: Case) -> bool:
    return case.metric == "followers" and case.direction < 0


def _rises(case: Case) -> bool:
    return case.metric == "followers" and case.direction > 0
