"""The life of incidents: what one judged time does to each of them, and why.

For each account and metric, in this order: what the readings undo (corrected, returned), then
the findings (opened, updated, absorbed), then silence (confirmed, calm, held, closed).
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from checks.course import (
    DAY,
    JOIN,
    excess,
    has_returned,
    is_back,
    is_confirmed,
    is_corrected,
    is_other_side,
    lost_share,
    remembered,
    retells,
    stands_out,
)
from checks.model import (
    SEVERITIES,
    Decision,
    Incident,
    Judgement,
    Reason,
    Severity,
    Update,
    Verdict,
)
from checks.reasons import reason

CALM_DAYS = 3
SILENCE = 14 * DAY
AFTERMATH = 14 * DAY
REVISION = 7 * DAY

_MOST = 2 / 3

DECISIONS: Mapping[str, str] = {
    "first_finding": "Nothing was open for this account, metric and direction.",
    "new_episode": "The last finding is more than three days old.",
    "far_more_surprising": "It is far more surprising than the incident it falls into.",
    "contradicts": "It takes back what an older incident reported.",
    "still_there": "The finding goes on.",
    "severity_rose": "It has become more severe.",
    "evidence_changed": "Later evidence explains it differently.",
    "confirmed": "It is still there after the next day or two.",
    "lost_after_gain": "The loss belongs to the surge before it.",
    "calm": "Three judged days passed without a finding.",
    "returned": "The level is back where it was expected, within 48 hours.",
    "corrected": "The source corrected the reading that showed it.",
    "no_more_data": "Nothing was read for 14 days.",
    "overtaken": "A newer incident took its place.",
    "no_data": "Nothing new was read, so it is neither calm nor worse.",
    "waiting": "Nothing that a reader sees has changed.",
}

Action = Literal["open", "update", "escalate", "resolve", "hold"]
Series = tuple[str, str]


def decide(incidents: Sequence[Incident], judgement: Judgement, now: int) -> list[Decision]:
    """What `judgement` does to each incident, with a reason that DECISIONS names.

    `incidents` are the open ones and those closed within the last 14 days. Every open
    incident gets exactly one decision, a closed one at most one.
    """
    known: dict[Series, list[Incident]] = {}
    for incident in sorted(incidents, key=lambda each: each.opened_at):
        known.setdefault((incident.account, incident.metric), []).append(incident)
    fresh: dict[Series, list[Verdict]] = {}
    for verdict in judgement.verdicts:
        finding = verdict.finding
        fresh.setdefault((finding.account, finding.metric), []).append(verdict)
    waves = {each.wave for each in incidents if each.wave is not None}
    decisions: list[Decision] = []
    for series in sorted(known.keys() | fresh.keys()):
        book = _Book(series, known.get(series, ()), judgement, now, waves)
        decisions += book.settle(fresh.get(series, ()))
    return _ebb(decisions, now)


def _ebb(decisions: list[Decision], now: int) -> list[Decision]:
    """Ends a wave that has gone back: members that only the wave showed go with the rest."""
    members: dict[str, list[Decision]] = {}
    for decision in decisions:
        told = decision.incident.alerted_at is not None and decision.action != "open"
        if decision.incident.wave is not None and told:
            members.setdefault(decision.incident.wave, []).append(decision)
    gone = set()
    for wave, some in members.items():
        back = sum(each.reason == "returned" for each in some)
        if back >= 3 and back >= len(some) * _MOST:
            gone.add(wave)
    return [
        _gone_back(each, now)
        if each.incident.wave in gone
        and each.incident.open
        and each.action != "open"
        and each.incident.memory.get("check") == "cohort"
        else each
        for each in decisions
    ]


def _gone_back(decision: Decision, now: int) -> Decision:
    incident = decision.incident
    ended = replace(
        incident,
        kind="glitch",
        confidence=0.9,
        state="resolved",
        resolved_at=now,
        closed_as="glitch",
        reasons=(reason("wave_came_back"), *incident.reasons),
        advice=("nothing_to_do",),
        updates=tuple(each for each in incident.updates if each.at < now),
    )
    return Decision(action="resolve", incident=_stepped(ended, now), reason="returned")


def _stepped(incident: Incident, now: int) -> Incident:
    """Appends the step that a reader sees to the incident's own list, where it is one."""
    step = Update(
        at=now,
        state=incident.state,
        kind=incident.kind,
        severity=incident.severity,
        confidence=incident.confidence,
    )
    last = incident.updates[-1] if incident.updates else None
    if last is not None and replace(step, at=last.at) == last:
        return incident
    return replace(incident, updates=(*incident.updates, step))


def worse(one: Severity, other: Severity) -> Severity:
    """The graver of two severities."""
    return max(one, other, key=SEVERITIES.index)


class _Book:
    """The incidents of one account and metric while one judged time is worked through."""

    def __init__(
        self,
        series: Series,
        incidents: Iterable[Incident],
        judgement: Judgement,
        now: int,
        waves: set[str],
    ) -> None:
        self.standing = judgement.view.standing(*series)
        self.incidents = {each.key: each for each in incidents}
        self.view = judgement.view
        self.now = now
        self.waves = waves
        self.decisions: dict[tuple[str, str, str, int], Decision] = {}

    def settle(self, verdicts: Iterable[Verdict]) -> list[Decision]:
        for incident in list(self.incidents.values()):
            self._undo(incident)
        for verdict in sorted(verdicts, key=lambda each: -abs(each.finding.score)):
            self._place(verdict)
        for incident in list(self.incidents.values()):
            if incident.key not in self.decisions:
                self._let_be(incident)
        return list(self.decisions.values())

    def _undo(self, incident: Incident) -> None:
        """Ends what the newest readings take back."""
        if incident.closed_as in ("glitch", "corrected"):
            return
        if is_corrected(incident, self.view):
            self._undone(incident, "corrected", reason("corrected"))
            return
        standing = self.standing
        hours = has_returned(incident, standing) if incident.open and standing else None
        if hours is not None:
            self._undone(incident, "returned", reason("came_back", hours=max(1, round(hours))))

    def _undone(self, incident: Incident, why: str, said: Reason) -> None:
        ended = replace(
            incident,
            kind="glitch",
            confidence=0.97,
            reasons=(said, *incident.reasons),
            advice=("nothing_to_do",),
        )
        self._close(ended, why, "corrected" if why == "corrected" else "glitch")

    # --- findings -----------------------------------------------------------------------

    def _place(self, verdict: Verdict) -> None:
        """Gives one finding to the incident it belongs to, or opens one."""
        finding = verdict.finding
        for incident in self.incidents.values():
            if is_other_side(verdict, incident):
                return
            if retells(verdict, incident, self.standing):
                return
        if finding.direction == "down" and self._leavers(verdict):
            return
        own = [each for each in self.incidents.values() if each.direction == finding.direction]
        last = max(own, key=lambda each: each.last_finding_at, default=None)
        if last is None or not last.open:
            older = self._taken_back(verdict)
            fresh = "first_finding" if last is None else "new_episode"
            self._open(verdict, fresh if older is None else "contradicts", older)
        elif finding.at - last.last_finding_at > JOIN:
            self._close(last, "overtaken", "overtaken")
            self._open(verdict, "new_episode")
        elif stands_out(verdict, last):
            self._close(last, "overtaken", "overtaken")
            self._open(verdict, "far_more_surprising", last.opened_at)
        elif last.key not in self.decisions:
            self._update(last, verdict)

    def _leavers(self, verdict: Verdict) -> bool:
        """A loss after a mass follow is noted there, up to the size of the gain."""
        for incident in list(self.incidents.values()):
            standing = self.standing
            if incident.kind != "mass_follow" or incident.direction != "up" or not standing:
                continue
            if verdict.finding.at - incident.last_finding_at > AFTERMATH:
                continue
            share = lost_share(incident, standing)
            if share is not None:
                said = reason("lost_after_gain", percent=round(100 * share))
                others = tuple(each for each in incident.reasons if each.code != said.code)
                self._log("update", replace(incident, reasons=(*others, said)), said.code)
                return True
        return False

    def _taken_back(self, verdict: Verdict) -> int | None:
        """`opened_at` of a settled incident whose whole move this finding reverses."""
        finding = verdict.finding
        for incident in self.incidents.values():
            if {finding.direction, incident.direction} != {"up", "down"} or incident.open:
                continue
            standing = self.standing
            days = (self.now - incident.last_finding_at) / DAY
            if standing and is_back(incident, standing.level, standing, days):
                return incident.opened_at
        return None

    def _open(self, verdict: Verdict, why: str, older: int | None = None) -> None:
        finding = verdict.finding
        reasons = verdict.reasons
        if older is not None:
            reasons = (*reasons, reason("contradicts", opened_at=older))
        opened_at = finding.start
        for each in self.incidents.values():
            # an estimated onset must not reach back into an incident that is already over
            if each.direction == finding.direction and each.last_finding_at >= opened_at:
                opened_at = finding.at
        incident = Incident(
            account=finding.account,
            metric=finding.metric,
            direction=finding.direction,
            opened_at=opened_at,
            alerted_at=self.now if verdict.alerting else None,
            resolved_at=None,
            last_finding_at=finding.at,
            state="suspected",
            kind=verdict.kind,
            severity=verdict.severity,
            confidence=verdict.confidence,
            change=finding.change,
            expected=finding.expected,
            level=finding.level,
            score=finding.score,
            reasons=reasons,
            advice=verdict.advice,
            wave=self._wave(verdict.wave),
            supersedes=older,
            memory=self._first_memory(verdict),
        )
        self._log("open", incident, why)

    def _first_memory(self, verdict: Verdict) -> dict[str, float | int | str]:
        """What later judged times compare with: where the move began, what showed it."""
        finding = verdict.finding
        memory: dict[str, float | int | str] = {
            "check": finding.check,
            "fell_at": finding.start,
            "counted_at": finding.at,
            "judged_at": self.now,
        }
        standing = self.standing
        if standing is None or math.isnan(standing.level):
            return memory
        memory |= {"seen_at": standing.read_at, "seen": standing.level, "peak": standing.level}
        if finding.start == finding.at:
            memory["fell_at"] = standing.read_at
        base_at, base = self.view.before(finding.account, finding.metric, finding.start)
        if not math.isnan(base):
            memory |= {"base_at": base_at, "base": base}
        return memory

    def _update(self, incident: Incident, verdict: Verdict) -> None:
        """The finding goes on: measure the whole move anew and hear the evidence again."""
        finding, standing = verdict.finding, self.standing
        memory = {**incident.memory, "counted_at": finding.at, "judged_at": self.now}
        change, expected = incident.change, incident.expected
        whole = incident.direction != "swing" and incident.metric in ("followers", "following")
        if whole and standing and "base" in memory and not math.isnan(standing.level):
            days = (finding.at - incident.last_finding_at) / DAY
            change = standing.level - remembered(incident, "base")
            expected += standing.daily * days
            far = max if excess(incident) > 0 else min
            memory["peak"] = far(remembered(incident, "peak"), standing.level)
            if memory["peak"] == standing.level:
                memory |= {"seen_at": standing.read_at, "seen": standing.level}
        elif abs(finding.score) > abs(incident.score):
            change, expected = finding.change, finding.expected
        grown = replace(
            incident,
            last_finding_at=finding.at,
            change=change,
            expected=expected,
            score=max(incident.score, finding.score, key=abs),
            wave=incident.wave or self._wave(verdict.wave),
            alerted_at=incident.alerted_at or (self.now if verdict.alerting else None),
            calm_days=0,
            memory=memory,
        )
        self._hear(grown, incident, "still_there", self.view.explain(grown) or verdict)

    # --- silence ------------------------------------------------------------------------

    def _let_be(self, incident: Incident) -> None:
        """A judged time without a finding for this incident."""
        standing = self.standing
        if not incident.open:
            if incident.closed_as == "calm" and self.now - incident.opened_at <= REVISION:
                verdict = self.view.explain(incident)
                if verdict is not None and verdict.kind != incident.kind:
                    self._hear(incident, incident, "evidence_changed", verdict)
        elif standing is None or not standing.judged:
            if self.now - remembered(incident, "judged_at") >= SILENCE:
                self._close(incident, "no_more_data", "no_more_data")
            else:
                self._log("hold", incident, "no_data")
        else:
            calmer = self._calmer(incident)
            if calmer.calm_days >= CALM_DAYS:
                self._close(calmer, "calm", "calm")
            else:
                self._hear(calmer, incident, "waiting", self.view.explain(calmer))

    def _calmer(self, incident: Incident) -> Incident:
        """Counts a day once however often it is looked at; a day of 23 hours is a day."""
        memory = {**incident.memory, "judged_at": self.now}
        calm_days = incident.calm_days
        if self.now - remembered(incident, "counted_at") >= DAY - 3600:
            memory["counted_at"] = self.now
            calm_days += 1
        return replace(incident, calm_days=calm_days, memory=memory)

    # --- what follows -------------------------------------------------------------------

    def _hear(
        self, incident: Incident, before: Incident, why: str, verdict: Verdict | None
    ) -> None:
        """Takes over what the evidence says now; a severity is never lowered."""
        standing = self.standing
        news: dict[str, Any] = {}
        still = incident.state == "suspected" and standing is not None
        if still and standing and is_confirmed(incident, verdict, standing):
            news["state"] = "confirmed"
            why = "confirmed" if why == "waiting" else why
        if verdict is not None and self._changes(incident, verdict, why):
            news |= {
                "kind": verdict.kind,
                "confidence": verdict.confidence,
                "severity": worse(incident.severity, verdict.severity),
                "reasons": verdict.reasons,
                "advice": verdict.advice,
                "wave": incident.wave or self._wave(verdict.wave),
            }
            changed = verdict.kind != before.kind or why == "waiting"
            why = "evidence_changed" if changed else why
        if news:
            incident = replace(incident, **news)
        if incident.severity != before.severity:
            self._log("escalate", incident, "severity_rose")
        else:
            self._log("hold" if why == "waiting" else "update", incident, why)

    def _changes(self, incident: Incident, verdict: Verdict, why: str) -> bool:
        """Whether a reader should be told; a small shift in confidence alone is no news."""
        if not incident.open and self.now - incident.opened_at > REVISION:
            return False
        sure = abs(verdict.confidence - incident.confidence) >= 0.05
        graver = worse(incident.severity, verdict.severity) != incident.severity
        return why != "waiting" or verdict.kind != incident.kind or sure or graver

    def _close(self, incident: Incident, why: str, closed_as: str) -> None:
        ended = replace(incident, state="resolved", resolved_at=self.now, closed_as=closed_as)
        self._log("resolve", ended, why)

    def _log(self, action: Action, incident: Incident, why: str) -> None:
        """Records the decision, and the step in the incident's own list where one was made."""
        if action != "hold":
            incident = _stepped(incident, self.now)
        self.incidents[incident.key] = incident
        self.decisions[incident.key] = Decision(action=action, incident=incident, reason=why)

    def _wave(self, name: str | None) -> str | None:
        """One name for one wave, however many hours apart its members are judged."""
        if name is None:
            return None
        group, _, start = name.rpartition("|")
        for known in sorted(self.waves):
            other, _, began = known.rpartition("|")
            if other == group and abs(int(start) - int(began)) <= JOIN:
                return known
        self.waves.add(name)
        return name
