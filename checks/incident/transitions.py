"""The steps in an incident's life as plain changes of its value; none of them decides."""

import math
from collections.abc import Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any

from checks.detectors.explain import FLOWING
from checks.incident.rules import excess, found_by, is_another_day, remembered
from checks.model import (
    DAY,
    SEVERITIES,
    Cause,
    DayContext,
    Incident,
    Reason,
    Severity,
    Standing,
    Update,
    Verdict,
)
from checks.reasons import reason

_NAMES = tuple(each.name for each in fields(Incident))
_values = attrgetter(*_NAMES)
_SEEN = ("state", "kind", "severity", "confidence", "causes")
_seen = attrgetter(*_SEEN)


def changed(incident: Incident, **news: Any) -> Incident:
    """What `dataclasses.replace` does, several times as fast: a replay does little else."""
    if not news:
        return incident
    new = object.__new__(Incident)
    for name, value in zip(_NAMES, _values(incident), strict=True):
        object.__setattr__(new, name, value)
    for name, value in news.items():
        object.__setattr__(new, name, value)
    return new


def opened(
    verdict: Verdict,
    view: DayContext,
    standing: Standing | None,
    now: int,
    *,
    wave: str | None,
    older: int | None,
) -> Incident:
    """A new incident; `older` is the `opened_at` of one that it contradicts or overtakes."""
    finding = verdict.finding
    reasons = verdict.reasons
    if older is not None:
        reasons = (*reasons, reason("contradicts", opened_at=older))
    return Incident(
        account=finding.account,
        metric=finding.metric,
        direction=finding.direction,
        opened_at=finding.start,
        alerted_at=now if verdict.alerting else None,
        resolved_at=None,
        last_finding_at=finding.at,
        state="suspected",
        kind=verdict.kind,
        severity=verdict.severity,
        confidence=verdict.confidence,
        causes=verdict.causes,
        change=finding.change,
        expected=finding.expected,
        level=finding.level,
        score=finding.score,
        reasons=reasons,
        advice=verdict.advice,
        wave=wave,
        supersedes=older,
        memory=_first_memory(verdict, view, standing, now),
    )


def grown(
    incident: Incident, verdict: Verdict, standing: Standing | None, now: int, wave: str | None
) -> Incident:
    """The finding goes on: the whole move is measured anew."""
    finding = verdict.finding
    longer = gone_on(incident, standing, now, at=finding.at)
    change, expected = longer.change, longer.expected
    louder = finding.metric in FLOWING or abs(finding.score) > abs(incident.score)
    if louder and not _measured(incident, standing):
        change, expected = finding.change, finding.expected
    return changed(
        longer,
        change=change,
        expected=expected,
        score=max(incident.score, finding.score, key=abs),
        wave=wave,
        alerted_at=incident.alerted_at or (now if verdict.alerting else None),
    )


def gone_on(
    incident: Incident, standing: Standing | None, now: int, *, at: int | None = None
) -> Incident:
    """The move goes on until `at` (left out: `now`), and is measured anew where counts say all
    of it."""
    at = now if at is None else at
    memory = {**incident.memory, "counted_at": at, "judged_at": now}
    change, expected = incident.change, incident.expected
    if standing and not math.isnan(standing.level):
        memory["level"] = standing.level
    if standing and _measured(incident, standing):
        days = (at - incident.last_finding_at) / DAY
        change = standing.level - remembered(incident, "base")
        expected += standing.daily * days
        far = max if excess(incident) > 0 else min
        memory["peak"] = far(remembered(incident, "peak"), standing.level)
        if memory["peak"] == standing.level:
            memory |= {"seen_at": standing.read_at, "seen": standing.level}
    return changed(
        incident,
        last_finding_at=at,
        change=change,
        expected=expected,
        calm_days=0,
        memory=memory,
    )


def _measured(incident: Incident, standing: Standing | None) -> bool:
    """Whether the counts before the move and now say how far it went."""
    whole = incident.direction != "swing" and incident.metric in ("followers", "following")
    whole = whole and not found_by(incident).hidden and "base" in incident.memory
    return whole and standing is not None and not math.isnan(standing.level)


def retold(
    incident: Incident, reasons: Sequence[Reason], standing: Standing | None
) -> tuple[Reason, ...]:
    """The reasons with the whole incident's numbers in place of those of its newest finding."""
    if standing is None or "base_at" not in incident.memory:
        return tuple(reasons)
    days = max(1, round((standing.read_at - remembered(incident, "base_at")) / DAY))
    told = []
    for each in reasons:
        values = dict(each.values)
        if each.code == "moved":
            values |= {"change": round(incident.change), "expected": round(incident.expected)}
            if incident.metric not in FLOWING:  # a flow's are its newest week's
                values["days"] = days
        elif each.code == "moved_percent":
            values["percent"] = round(100 * excess(incident) / incident.level, 2)
        elif each.code == "slow_loss":
            values |= {"daily": max(round(-incident.change / days), 0), "days": days}
        told.append(Reason(code=each.code, values=values))
    return tuple(told)


def calmer(incident: Incident, standing: Standing | None, now: int) -> Incident:
    """Counts a day once however often it is looked at; a day of 23 hours is a day."""
    if not is_another_day(incident, now):
        return changed(incident, memory={**incident.memory, "judged_at": now})
    memory = {**incident.memory, "judged_at": now, "counted_at": now}
    if standing is not None:
        memory["level"] = standing.level
    return changed(incident, calm_days=incident.calm_days + 1, memory=memory)


def undone(incident: Incident, said: Reason, confidence: float) -> Incident:
    """The same as a glitch, which `said` explains."""
    return changed(
        incident,
        kind="glitch",
        causes=(Cause("glitch", confidence),),
        reasons=(said, *incident.reasons),
        advice=("nothing_to_do",),
    )


def ended(incident: Incident, now: int, closed_as: str) -> Incident:
    return changed(incident, state="resolved", resolved_at=now, closed_as=closed_as)


def stepped(incident: Incident, now: int, **news: Any) -> Incident:
    """The incident with its news; what a reader sees of them joins its own list of steps."""
    seen: tuple[Any, ...] = tuple(map(news.get, _SEEN, _seen(incident)))
    if not incident.updates or _seen(incident.updates[-1]) != seen:
        step = Update(at=now, **dict(zip(_SEEN, seen, strict=True)))
        news["updates"] = (*incident.updates, step)
    return changed(incident, **news)


def worse(one: Severity, other: Severity) -> Severity:
    """The graver of two severities."""
    return one if one == other else max(one, other, key=SEVERITIES.index)


def _first_memory(
    verdict: Verdict, view: DayContext, standing: Standing | None, now: int
) -> dict[str, float | int | str]:
    """What later judged times compare with: where the move began, what showed it."""
    finding = verdict.finding
    memory: dict[str, float | int | str] = {
        "check": finding.check,
        "fell_at": finding.start,
        "counted_at": finding.at,
        "judged_at": now,
    }
    if finding.check.startswith("list_"):
        memory["lists"] = 1
    if standing is None or math.isnan(standing.level):
        return memory
    memory |= {"seen_at": standing.read_at, "seen": standing.level, "peak": standing.level}
    memory["level"] = standing.level
    memory["fell_at"] = view.since(finding.account, finding.metric, finding.start)
    base_at, base = view.before(finding.account, finding.metric, finding.start)
    if not math.isnan(base):
        memory |= {"base_at": base_at, "base": base}
    return memory
