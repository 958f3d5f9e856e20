"""The evidence about one account's move, as plain numbers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from checks.evidence.cohort import Peers
from checks.model import Event, Finding


class Engagement(NamedTuple):
    """Log ratio to the usual, its standard error, and the log odds that it rose."""

    ratio: float
    noise: float
    rose: float

    @property
    def known(self) -> bool:
        return not math.isnan(self.ratio)

    @property
    def times(self) -> float:
        """The ratio itself, for people."""
        return round(math.exp(self.ratio), 2)


@dataclass(slots=True, kw_only=True)
class Evidence:
    """The evidence about one account's move, as far as it is known.

    `first` and `total` are the change of the first day and up to now, `back` what of it was
    taken back, `moved_days` on how many days it moved on. `near_limit` is the follow limit
    that the own following count has reached.
    """

    interactions: Engagement
    views: Engagement
    vanished: float = 0.0
    peers: Peers | None = None
    slid: Peers | None = None
    first: float = math.nan
    total: float = math.nan
    back: float = 0.0
    moved_days: int = 1
    gap: int = 0
    following_rise: float = 0.0
    following: float = math.nan
    near_limit: float | None = None
    step: float = 1.0
    pending: bool = False
    events: tuple[Event, ...] = ()
    floor_factor: float = 1.0


UNKNOWN = Engagement(math.nan, math.nan, math.nan)


def engagement_stayed(finding: Finding, evidence: Evidence) -> bool:
    """Whether engagement fell by no more than the share of followers that went."""
    known = [each for each in (evidence.interactions, evidence.views) if each.known]
    share = _gone(finding)
    return bool(known) and all(each.ratio > share - 0.35 - each.noise for each in known)


def engagement_fell(finding: Finding, evidence: Evidence) -> bool:
    known = [each for each in (evidence.interactions, evidence.views) if each.known]
    share = _gone(finding)
    return any(each.ratio < share - 0.5 - 1.5 * each.noise for each in known)


def _gone(finding: Finding) -> float:
    """The log of the share of followers that stayed, 0 without a level."""
    if math.isnan(finding.size):
        return 0.0
    return math.log1p(-min(finding.size, 0.99))


def events_at(events: Sequence[Event], account: str, start: int, end: int) -> tuple[Event, ...]:
    """The team's events that touch a span and speak of this account or its platform."""
    platform = account.partition("/")[0]
    return tuple(
        each
        for each in events
        if each.start <= end
        and each.end >= start - 86_400
        and each.platform in (None, platform)
        and each.account in (None, account)
    )
