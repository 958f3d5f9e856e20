"""What one day, or each of many, says about all accounts of a panel."""

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from checks.detectors.dilution import dilution
from checks.detectors.findings import Findings
from checks.detectors.onset import onset, shortened
from checks.detectors.table import Detections, detect
from checks.evidence.cache import EvidenceCache
from checks.evidence.cohort import MIN_MOVED
from checks.evidence.cohorts import Case, evidence_days
from checks.evidence.day import EmptyDayContext, PanelDayContext
from checks.glitch import faults, without_copies
from checks.incident.wave import wave_name
from checks.milestone import milestones
from checks.model import Event, Finding, Judgement, Notice, Rules, Verdict
from checks.panel.panel import Bools, Floats, Ints, Panel
from checks.verdict.reasons import reason

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
    values = panel.metrics["followers"]
    panel, copies = without_copies(panel)
    for judged in [wanted] if len(wanted) > _FEW else wanted[:, None]:
        days = evidence_days(judged) if len(judged) > 1 else judged
        span = slice(int(days[0]), int(days[-1]) + 1)
        found = detect(panel, rules, columns=span, floors=floors or {})
        day = _Days(
            found, EvidenceCache(found, rules, judged, events, floors), judged, copies, values
        )
        for column in judged.tolist():
            yield int(panel.ends[column]), day.judgement(column)


class _Days:
    """The judged days of one detection."""

    def __init__(
        self,
        detections: Detections,
        cache: EvidenceCache,
        judged: Ints,
        copies: Bools,
        values: Floats,
    ) -> None:
        self.panel = detections.panel
        self.detections = detections
        self.cache = cache
        self.copies = copies
        self.values = values
        hits = detections.hits
        rising = np.asarray(hits.passed & (hits.check == "spike"), np.bool_)
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
        self.thinned = {column: self._thinned(column) for column in judged.tolist()}
        self._prepare()

    def _prepare(self) -> None:
        """Gathers at once what the days will ask: each finding on its own day, and on the
        days after it that findings which open an incident are heard again."""
        cases = [case for case, _ in self.found if case.found in self.thinned]
        cases += [case for thinned in self.thinned.values() for case, _ in thinned]
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
        loud = {case.row for case, finding in found if finding.check != "leak" and _falls(case)}
        waves = self._waves(column, loud)
        for case, finding in found:
            if case.row in waves and finding.check == "leak":
                continue  # the wave says better than a sum over weeks what happened today
            wave = self.risen[column].get(case.row) if _rises(case) else None
            if _falls(case) and case.row in waves:
                wave = waves[case.row][0]
            yield self.cache.verdict(finding, case, wave=wave, quiet=False, alerting=True)
        also = [
            Case(r, "followers", -1, column, column, column) for r in waves if r not in loud
        ]
        self.cache.prepare(each for case in also for each in self.cache.again(case))
        for case in also:
            wave, posted, finding = waves[case.row]
            small = self._small(finding)
            told = posted and abs(finding.score) >= _CLEARLY
            yield self.cache.verdict(finding, case, wave=wave, quiet=small, alerting=told)
        for case, finding in self.thinned[column]:
            yield self.cache.verdict(finding, case, wave=None, quiet=False, alerting=True)

    def _case(
        self, row: int, direction: int, start: int, column: int, finding: Finding
    ) -> tuple[Case, Finding]:
        """One hit, told over the days that carry it."""
        if start < column and finding.check in ("spike", "churn"):
            counts = self.panel.metrics["followers"][row]
            first = onset(counts, start, column, finding.change, finding.expected)
            if first != start:
                start, opened = first, self.cache.ends[first]
                view = PanelDayContext(self.cache, column)
                before, base = view.before(finding.account, "followers", opened)
                finding = shortened(finding, opened, before, base, counts.item(column))
        return Case(row, finding.metric, direction, start, column, column), finding

    def _thinned(self, column: int) -> list[tuple[Case, Finding]]:
        """Engagement that thins out, which is no matter of single days."""
        found = []
        for finding in dilution(self.panel, column):
            row, start = self.panel.row[finding.account], self.cache.column(finding.start)
            found.append((Case(row, finding.metric, -1, start, column, column), finding))
        return found

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
        known, place = self.detections.states["followers"], self.cache.place[column]
        now = float(self.panel.metrics["followers"][row, column])
        level = float(known.level[row, place])
        linear = not self.panel.has_level[row]
        move, expected = float(known.move[row, place]), float(known.expected[row, place])
        elapsed = int(known.elapsed[row, place])
        # a flat rounded series has no spread; half a display step is the least it can hide
        step = float(known.step[row, place])
        spread = max(float(known.spread[row, place]), step / 2 / level if step > 1 else 0.0)
        before = float(self.panel.metrics["followers"][row, column - elapsed])
        return Finding(
            check="cohort",
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
            log_p=0.0,
        )

    def _small(self, finding: Finding) -> bool:
        """Whether a member's own size would not have made it an incident."""
        rules, count = self.cache.rules, abs(finding.change - finding.expected)
        below = 100 * finding.size < rules.min_percent  # False without a level
        return below or count < rules.min_count

    def _notices(self, column: int) -> Iterator[Notice]:
        yield from faults(self.panel, self.copies, self.values, column)
        yield from milestones(self.panel, column)
        yield from self._stale(column)

    def _stale(self, column: int) -> Iterator[Notice]:
        """Accounts whose last reading is exactly a week old on that day."""
        week = column - STALE_DAYS
        if week < 0:
            return
        followers = self.values
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
        known, place = self.detections.states["followers"], self.cache.place[column]
        rows = np.flatnonzero(known.early[:, place])
        return {self.panel.accounts[row]: int(known.changes[row, place]) for row in rows}


def _falls(case: Case) -> bool:
    return case.metric == "followers" and case.direction < 0


def _rises(case: Case) -> bool:
    return case.metric == "followers" and case.direction > 0
