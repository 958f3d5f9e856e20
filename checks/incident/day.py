"""What `decide` may ask about incidents on one judged day."""

import math
from collections.abc import Sequence

from checks.detectors.findings import SIGNS
from checks.detectors.table import FORGOTTEN, WAVE_MEMBER, check_named
from checks.evidence.cache import REVISION, EvidenceCache
from checks.evidence.cohorts import Case
from checks.incident.rules import finding_of, from_lists
from checks.model import Incident, Standing, Verdict
from checks.verdict.verdict import explain

_LONGEST_ONSET = 27
"""Days before the finding at most to which an incident's start is moved back."""


class EmptyDayContext:
    """The DayContext of a panel without accounts: it knows of none."""

    def standing(self, account: str, metric: str) -> Standing | None:
        return None

    def reading(self, account: str, metric: str, at: int) -> float:
        return math.nan

    def before(self, account: str, metric: str, day: int) -> tuple[int, float]:
        return 0, math.nan

    def since(self, account: str, metric: str, day: int) -> int:
        return day

    def flapped(self, account: str) -> float:
        return 0.0

    def gather(self, incidents: Sequence[Incident]) -> None:
        pass

    def explain(self, incident: Incident) -> Verdict | None:
        return None


class PanelDayContext:
    """What one judged day of an EvidenceCache knows: nothing after `column` exists for it."""

    def __init__(self, cache: EvidenceCache, column: int) -> None:
        self.cache = cache
        self.column = column

    def standing(self, account: str, metric: str) -> Standing | None:
        cache = self.cache
        row = cache.panel.row.get(account)
        if row is None or metric not in cache.panel.metrics:
            return None
        known, place = cache.residuals(metric, row)
        here = (place, cache.place[self.column])
        # the change of a series without a level is in counts already: its level is 1
        level = known.day.level.item(here)
        elapsed = max(known.day.elapsed.item(here), 1)
        return Standing(
            judged=known.judged.item(here),
            read_at=cache.read_at(row, self.column),
            level=cache.panel.metrics[metric].item((row, self.column)),
            daily=known.day.expected.item(here) * level / elapsed,
            spread=known.day.spread.item(here) * level / math.sqrt(elapsed),
            step=known.step.item(here),
        )

    def reading(self, account: str, metric: str, at: int) -> float:
        column, value = self.cache.reading(account, metric, at)
        return value if column <= self.column else math.nan

    def before(self, account: str, metric: str, day: int) -> tuple[int, float]:
        row = self.cache.panel.row[account]
        column = self._column(day)
        column = self.column if column < 0 else column
        counts = self.cache.panel.metrics[metric]
        for place in range(column - 1, max(0, column - 30) - 1, -1):
            if not math.isnan(count := counts.item((row, place))):
                return self.cache.read_at(row, place), count
        return 0, math.nan

    def since(self, account: str, metric: str, day: int) -> int:
        row, first = self.cache.panel.row[account], max(self._column(day), 0)
        counts = self.cache.panel.metrics[metric]
        for place in range(first, self.column + 1):
            if not math.isnan(counts.item((row, place))):
                return self.cache.read_at(row, place)
        return day

    def flapped(self, account: str) -> float:
        flapping, row = self.cache.held.flapping, self.cache.panel.row.get(account)
        if row is None or not flapping.on[row, self.column]:
            return 0.0
        return float(flapping.size[row, self.column])

    def gather(self, incidents: Sequence[Incident]) -> None:
        cases = (self._case(incident) for incident in incidents)
        self.cache.prepare([case for case in cases if case is not None])

    def explain(self, incident: Incident) -> Verdict | None:
        """Hears the evidence of an incident again, up to a week after it was found."""
        case = self._case(incident)
        check = check_named(str(incident.memory.get("check", "")))
        if case is None or check is FORGOTTEN:
            return None
        finding = finding_of(incident, check.name)
        return explain(
            finding,
            self.cache.evidence(finding, case),
            self.cache.day.rules,
            wave=incident.wave,
            below_floor=check is WAVE_MEMBER and incident.severity == "info",
            alerting=incident.alerted_at is not None,
        )

    def _case(self, incident: Incident) -> Case | None:
        """What is to be explained, None where nothing was read or it was found too long ago."""
        panel, now = self.cache.panel, self.column
        if from_lists(incident):
            return None
        row = panel.row.get(incident.account)
        found = self._column(incident.updates[0].at) if incident.updates else -1
        if row is None or found < 0 or now - found > REVISION:
            return None
        if incident.metric not in self.cache.panel.metrics:
            return None
        if math.isnan(float(panel.metrics[incident.metric][row, now])):
            return None
        start = self._column(incident.opened_at)
        start = max(start, found - _LONGEST_ONSET) if start >= 0 else found
        direction = SIGNS[incident.direction]
        return Case(row, incident.metric, direction, start, found, now)

    def _column(self, at: int) -> int:
        """The column whose day holds `at`, -1 where it is not on the panel up to now."""
        column = self.cache.column(at)
        return column if column <= self.column else -1
