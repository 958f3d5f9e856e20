"""From what lists show to verdicts, which enter the life of incidents like all others."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from checks.evidence.cache import events_at
from checks.incident.rules import finding_of
from checks.lists.bursts import SMALLEST
from checks.lists.joins import Burst, end_of_day
from checks.lists.lockstep import Group
from checks.lists.study import Study
from checks.lists.survival import Cohort
from checks.model import (
    DAY,
    Cause,
    Event,
    Finding,
    Incident,
    Kind,
    Reason,
    Rules,
    Severity,
    Verdict,
)
from checks.reasons import reason

ADVICE: Mapping[Kind, tuple[str, ...]] = {
    "mass_follow": (
        "ask_about_campaign",
        "expect_leavers",
        "keep_below_limits",
        "judge_by_engagement",
    ),
    "purge": ("disconnect_apps", "change_password", "expect_lower_base"),
    "unfollow_wave": ("read_recent_posts", "answer_criticism"),
    "follow_unfollow": ("stop_automation", "keep_below_limits"),
    "viral": ("reply_to_newcomers",),
    "unexplained_drop": ("watch_leavers", "name_the_cause"),
}

_LEAST = {"strict": 2.0, "balanced": 1.0, "sensitive": 0.5}
"""Times the shares of `balanced` that each sensitivity asks of a list."""

_TOUCH = 2 * DAY
"""Seconds between a burst and a finding of counts that still speak of the same days."""

_CERTAIN = 0.95
"""From here on a burst is bought or automated, whatever the team had going on."""


class ListRules(NamedTuple):
    """What of a list is worth an incident, from the sensitivity: shares of the list (0 to
    1)."""

    smallest: float
    wave: float
    fewest: float


def list_rules(rules: Rules) -> ListRules:
    """A burst of 0.4 % (balanced) is evidence of its own; floors of the config hold.

    Lists are exact: the floor of counts, which must outlive their noise, would leave most of
    what they show unsaid.
    """
    if rules.own_floors:
        share = rules.min_percent / 100
        return ListRules(share, share, rules.min_count)
    factor = _LEAST[rules.sensitivity]
    return ListRules(SMALLEST * factor, 0.015 * factor, 10.0)


class Told(NamedTuple):
    """A verdict and when it could first be known."""

    at: int
    verdict: Verdict


def verdicts(
    study: Study,
    rules: Rules,
    *,
    timezone: str = "UTC",
    events: Sequence[Event] = (),
    groups: Sequence[Group] = (),
) -> list[Told]:
    """What is new in a list since the one before it; `groups` are those of its account.

    A batch that an older list could show was told then.
    """
    floor = list_rules(rules)
    seen = -math.inf if study.old_at is None or study.refused else study.old_at
    found = [
        _burst(study, one, rules, timezone, events, groups)
        for one in study.bursts
        if one.stop > seen and one.extra >= floor.fewest
    ]
    found += _created(study, found, rules, timezone, seen)
    found += _lockstep(study, found, groups, rules, timezone)
    loss = _loss(study, rules, timezone)
    if loss is not None and abs(loss.finding.change) >= floor.fewest:
        found.append(loss)
    if study.swaps is not None and study.swaps.habit:
        found.append(_swaps(study, timezone))
    at = end_of_day(study.at, timezone)
    return [Told(at, one) for one in found]


def batch_joined(study: Study, burst: Burst) -> Reason:
    """The sentence of a burst; shares of a partial list are not those of all followers."""
    known = {"count": burst.joined, "start": burst.start, "stop": burst.stop}
    usual = round(burst.usual)
    if study.complete is False:
        return reason("batch_joined_partial", **known, usual=usual)
    share = round(100 * burst.joined / max(study.names, 1), 1)
    return reason("batch_joined", **known, share=share, usual=usual)


def list_compared(study: Study) -> Reason | None:
    """Who came and who left in numbers, None where nothing was compared."""
    if study.change is None or study.old_at is None:
        return None
    return reason(
        "list_compared" if study.side == "followers" else "follows_compared",
        start=study.old_at,
        gained=len(study.change.gained),
        lost=len(study.change.lost),
        kept=study.change.kept,
    )


# --- kinds ------------------------------------------------------------------------------


def _burst(
    study: Study,
    burst: Burst,
    rules: Rules,
    timezone: str,
    events: Sequence[Event],
    groups: Sequence[Group],
) -> Verdict:
    finding = _finding(
        study,
        "list_burst",
        _Seen(
            start=end_of_day(burst.start, timezone),
            at=end_of_day(burst.stop, timezone),
            change=burst.joined,
            expected=burst.usual,
            score=burst.score,
        ),
    )
    why = [batch_joined(study, burst), reason("surprise", score=burst.score)]
    confidence = 0.8
    if burst.awake:
        why.append(reason("around_the_clock"))
        confidence = 0.88
    for one in study.batches:
        if _meets(one.first_at, one.last_at, burst):
            share = min(100.0, 100 * one.count / burst.joined)
            if share >= 30:
                why.append(
                    reason(
                        "made_together",
                        percent=round(share),
                        start=one.made_from,
                        stop=one.made_to,
                    )
                )
                confidence = _CERTAIN
            break
    for group in groups:
        if _overlaps(study, group, burst):
            why.append(_in_step(study, group))
            confidence = _CERTAIN
            break
    why.append(reason("survivors_only"))
    known = events_at(events, study.account, finding.start, finding.at)
    if known and confidence < _CERTAIN:
        return _brought(finding, known, why)
    told = _verdict(finding, "mass_follow", confidence, _severity(finding, rules), why)
    # people who came for a reason are what else a burst may be
    return told if confidence >= _CERTAIN else _or(told, "viral")


def explained(incident: Incident, events: Sequence[Event]) -> Verdict | None:
    """What an event says of a burst that was told before anybody noted it; None where none does
    or its followers are certainly no people who came for it."""
    if incident.memory.get("check") != "list_burst" or incident.kind != "mass_follow":
        return None
    known = events_at(events, incident.account, incident.opened_at, incident.last_finding_at)
    if not known or incident.confidence >= _CERTAIN:
        return None
    return _brought(finding_of(incident, "list_burst"), known, incident.reasons)


def _brought(finding: Finding, known: Sequence[Event], why: Sequence[Reason]) -> Verdict:
    said = [reason("known_event", name=each.name, kind=each.kind) for each in known]
    told = _verdict(finding, "viral", 0.7, "info", [*why, *said])
    return _or(told, "mass_follow")


def _created(
    study: Study, told: Sequence[Verdict], rules: Rules, timezone: str, seen: float
) -> list[Verdict]:
    """Batches that only their creation dates give away: they dripped in with all others."""
    found = []
    for one in study.batches:
        start, stop = one.first_at, one.last_at
        spans = [(each.finding.start - DAY, each.finding.at) for each in told]
        if stop <= seen or any(start <= b and stop >= a for a, b in spans):
            continue
        if one.count < max(25, list_rules(rules).smallest * study.names):
            continue
        finding = _finding(
            study,
            "list_created",
            _Seen(
                start=end_of_day(start, timezone),
                at=end_of_day(min(stop, study.at), timezone),
                change=one.count,
                expected=0.0,
                score=one.score,
            ),
        )
        why = [
            reason("created_batch", count=one.count, start=one.made_from, stop=one.made_to),
            reason("surprise", score=one.score),
        ]
        if study.ordered:
            why.append(reason("order_only"))
        found.append(_verdict(finding, "mass_follow", 0.9, _severity(finding, rules), why))
    return found


def _lockstep(
    study: Study,
    told: Sequence[Verdict],
    groups: Sequence[Group],
    rules: Rules,
    timezone: str,
) -> list[Verdict]:
    """Groups too small for a burst of their own."""
    found = []
    for group in groups:
        start, stop = _span(study, group)
        if any(
            each.finding.start >= start and each.finding.start - DAY <= stop for each in told
        ):
            continue
        if study.old_at is not None and stop <= study.old_at and not study.refused:
            continue
        finding = _finding(
            study,
            "list_lockstep",
            _Seen(
                start=end_of_day(start, timezone),
                at=end_of_day(stop, timezone),
                change=len(group.members),
                expected=group.usual,
                score=len(group.members) / math.sqrt(group.usual + 1),
            ),
        )
        found.append(
            _verdict(
                finding,
                "mass_follow",
                0.9,
                _severity(finding, rules),
                [_in_step(study, group), reason("survivors_only")],
            )
        )
    return found


def _loss(study: Study, rules: Rules, timezone: str) -> Verdict | None:
    lost, compared = study.survival, list_compared(study)
    if lost is None or compared is None or lost.loss == "usual" or study.old_at is None:
        return None
    at = end_of_day(study.at, timezone)
    batch = lost.batch
    gone, usual = (lost.gone, lost.usual) if batch is None else (batch.gone, batch.usual)
    finding = _finding(
        study,
        "list_left" if batch is None else "list_gone",
        _Seen(
            start=at,
            at=at,
            change=-gone,
            expected=-round(usual, 1),
            score=-(gone - usual) / math.sqrt(usual + 1),
        ),
        earliest=study.old_at,
        level=lost.size,
    )
    severity = _severity(finding, rules)
    if batch is not None:
        why = [batch_gone(lost.others, batch), compared]
        return _verdict(finding, "purge", 0.96, severity, why)
    why = [
        reason(
            "left_of_all_ages" if lost.loss == "spread" else "left_undated",
            share=round(100 * lost.share, 1),
            usual=round(100 * lost.usual / max(lost.size, 1), 1),
        ),
        compared,
    ]
    if study.change is not None and study.change.short_lived:
        why.append(reason("short_lived", count=study.change.short_lived))
    if lost.loss == "spread":
        return _verdict(finding, "unfollow_wave", 0.93, severity, why)
    return _verdict(finding, "unexplained_drop", 0.6, severity, why)


def batch_gone(others: float, batch: Cohort) -> Reason:
    """The sentence of a batch that left; `others` is the share of all others that did."""
    return reason(
        "batch_gone",
        percent=round(100 * batch.share),
        start=batch.start,
        stop=batch.stop,
        others=round(100 * others, 1),
    )


def _swaps(study: Study, timezone: str) -> Verdict:
    made = study.swaps
    assert made is not None
    at = end_of_day(study.at, timezone)
    finding = Finding(
        check="list_swaps",
        account=study.account,
        metric="following",
        direction="swing",
        start=at,
        at=at,
        change=float(-made.dropped),
        expected=0.0,
        level=float(study.names),
        size=made.dropped / max(study.names, 1),
        score=made.dropped / math.sqrt(made.recent + 1),
        earliest=study.old_at or 0,
    )
    why = swap_reasons(study)
    return _verdict(finding, "follow_unfollow", 0.95, "warning", why)


def swap_reasons(study: Study) -> list[Reason]:
    """Whom the account followed and dropped again, and whether that paid."""
    made = study.swaps
    if made is None or not made.dropped:
        return []
    why = [
        reason(
            "dropped_again",
            count=made.dropped,
            percent=round(100 * made.share),
            days=max(1, made.lived),
        )
    ]
    if not math.isnan(made.back):
        why.append(reason("follow_back", percent=round(100 * made.back)))
    if made.allowed is not None and made.busiest > made.allowed / 2:
        why.append(reason("follows_a_day", count=made.busiest, limit=made.allowed))
    return why


# --- their parts ------------------------------------------------------------------------


class _Seen(NamedTuple):
    """What a finding says of its days (epoch seconds), in names."""

    start: int
    at: int
    change: float
    expected: float
    score: float


def _finding(
    study: Study, check: str, seen: _Seen, *, earliest: int = 0, level: float | None = None
) -> Finding:
    """`level` is the list before the batch came, unless it is given; a partial list has
    none."""
    start, at, change, expected, score = seen
    if level is None:
        level = math.nan if study.complete is False else float(study.names - change)
    size = abs(change - expected) / level if level > 0 else math.nan
    return Finding(
        check=check,
        account=study.account,
        metric=study.side,
        direction="up" if change > 0 else "down",
        start=start,
        at=at,
        change=float(change),
        expected=float(expected),
        level=level if level > 0 else math.nan,
        size=size,
        score=round(float(score), 1),
        earliest=earliest,
    )


def _verdict(
    finding: Finding,
    kind: Kind,
    confidence: float,
    severity: Severity,
    why: Sequence[Reason],
) -> Verdict:
    return Verdict(
        finding=finding,
        kind=kind,
        confidence=confidence,
        causes=(Cause(kind, confidence),),
        severity=severity,
        reasons=tuple(why),
        advice=ADVICE[kind],
    )


def _or(told: Verdict, kind: Kind) -> Verdict:
    """With the one other cause that it may have."""
    other = Cause(kind, round(1 - told.confidence, 2))
    return replace(told, causes=(*told.causes, other))


def _severity(finding: Finding, rules: Rules) -> Severity:
    return "critical" if 100 * finding.size >= rules.critical_percent else "warning"


def _meets(start: int, stop: int, burst: Burst) -> bool:
    return start <= burst.stop + _TOUCH and stop >= burst.start - _TOUCH


def _span(study: Study, group: Group) -> tuple[int, int]:
    place = group.accounts.index(study.account)
    return group.starts[place], group.stops[place]


def _overlaps(study: Study, group: Group, burst: Burst) -> bool:
    start, stop = _span(study, group)
    return start <= burst.stop and stop >= burst.start


def _in_step(study: Study, group: Group) -> Reason:
    start, stop = _span(study, group)
    return reason(
        "lockstep",
        count=len(group.members),
        accounts=len(group.accounts),
        hours=max(1, round((stop - start) / 3600)),
    )
