"""What a reader of a channel would have been told: messages, of incidents and of sources."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from checks.incident.decide import REMEMBERED, decide
from checks.judge import judgements
from checks.model import SEVERITIES, Incident, Rules
from checks.panel.panel import Ints, Panel
from checks.replay import Key, incidents_of
from tests.bench.situations import Trial, Want

NOTICES = ("source_fault", "account_gone", "identity", "identity_change")
"""Notices that interrupt like an incident; milestones and stale accounts do not."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """One thing told of one account (None: of its whole source) on one day, as it ended."""

    account: str | None
    kind: str
    severity: str
    day: int
    message: object
    confidence: float
    incident: Incident | None = None


def told(panels: Sequence[Panel], rules: Rules, columns: Ints) -> list[Told]:
    """Everything told over the judged columns of panels that follow one another in time."""
    alive: dict[Key, Incident] = {}
    made, notices = [], {}
    days = [judgements(panel, rules, columns=columns) for panel in panels]
    for at, judgement in (each for some in days for each in some):
        decisions = decide(list(alive.values()), judgement, at)
        alive.update((each.incident.key, each.incident) for each in decisions)
        alive = {
            key: each
            for key, each in alive.items()
            if each.resolved_at is None or at - each.resolved_at <= REMEMBERED
        }
        made.append((at, decisions))
        for notice in judgement.notices:
            if notice.kind in NOTICES:
                codes = tuple(each.code for each in notice.reasons)
                notices.setdefault((notice.kind, notice.account, codes, notice.at), notice)
    newest = panels[-1]
    found = [
        Told(
            account=each.account,
            kind=each.closed_as if each.closed_as == "glitch" else each.kind,
            severity=each.severity,
            day=_day(newest, each.alerted_at),
            message=each.wave or each.key,
            confidence=each.causes[0].chance if each.causes else each.confidence,
            incident=each,
        )
        for each in incidents_of(made)
        if each.alerted_at is not None
    ]
    found += [
        Told(
            account=each.account,
            kind=each.kind,
            severity=getattr(each, "severity", "warning"),
            day=_day(newest, each.at),
            message=key,
            confidence=1.0,
        )
        for key, each in notices.items()
    ]
    return found


def is_right(trial: Trial, found: Sequence[Told]) -> tuple[bool, str]:
    """Whether all that was wanted was told and nothing else, and what was wrong."""
    for want in trial.wants:
        mine = [each for each in found if _fits(want, each)]
        accounts = {each.account for each in mine if each.account is not None}
        accounts |= {each.account for each in found if _notes(want, each)}
        if want.accounts:
            if len(accounts) < want.share * len(want.accounts):
                return False, f"told of {len(accounts)} of {len(want.accounts)}"
        elif want.share and not mine:
            return False, "not told of the source"
        many = len({each.message for each in mine})
        most = 1 if want.together or not want.accounts else want.messages * len(want.accounts)
        if many > most:
            return False, f"{many} messages for one thing"
    for each in found:
        here = trial.first <= each.day <= trial.last
        mine = trial.scope is None or each.account is None or each.account in trial.scope
        if here and mine and not any(_fits(want, each) for want in trial.wants):
            return False, f"told as {each.kind} ({each.severity})"
    return True, ""


def _fits(want: Want, each: Told) -> bool:
    mine = each.account in want.accounts if want.accounts else each.account is None
    small = SEVERITIES.index(each.severity) <= SEVERITIES.index(want.most)
    return mine and small and each.kind in want.kinds and want.first <= each.day <= want.last


def _notes(want: Want, each: Told) -> bool:
    """Whether an incident told before says in its reasons what is wanted."""
    if each.incident is None or each.account not in want.accounts or each.day >= want.first:
        return False
    return any(reason.code == want.noted for reason in each.incident.reasons)


def _day(panel: Panel, at: int) -> int:
    return int(np.searchsorted(panel.ends, at))
