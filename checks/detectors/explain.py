"""What may speak about a move, and the sentences that checks explain it with."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from checks.model import Cause, Event, Finding, Kind, Reason, Severity
from checks.reasons import REASONS, reason

SLIDE = 7
"""Days over which a slow wave is summed."""

_FAR_BEYOND = 3.0
"""Times its peers' typical move beyond which an account's own is said to go far beyond them."""


FLOWING = frozenset({"interactions", "views"})
"""Metrics whose findings speak of what came in over the newest week, not of a count."""

WEEK = 7
"""Days of a week of engagement."""

Shape = Literal["new", "stopped", "fading", "went_on"]
"""How a move went on: nothing known after it yet, ended at once, faded as talk does, took four
days or more."""


class Explanation(NamedTuple):
    """What a check makes of a finding in the light of the evidence.

    `confidence` is the chance of `kind`, `causes` what else may lie behind it, the likeliest
    first (left out: `kind` alone). `severity` is that of any size; where `by_size`, a loss or
    gain of the rules' critical percentage is critical.
    """

    kind: Kind
    confidence: float
    reasons: list[Reason]
    advice: tuple[str, ...]
    severity: Severity = "warning"
    by_size: bool = False
    causes: tuple[Cause, ...] = ()


@dataclass(frozen=True, slots=True)
class Peers:
    """What the group of an account did: `share` and `usual` in percent of `judged` peers.

    `typical` is the median move of those that moved, in percent of their level. `shared`:
    the group reaches across teams that must not learn of each other's accounts.
    """

    group: str
    share: float
    usual: float
    judged: int
    wave: bool
    score: float
    typical: float = 0.0
    shared: bool = False


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


class PersonMove(NamedTuple):
    """The move of another account of the same person in the same days, in percent."""

    account: str
    percent: float


@dataclass(slots=True, kw_only=True)
class Evidence:
    """The evidence about one account's move, as far as it is known.

    `first` and `total` are the change of the first day and up to now, `back` what of it was
    taken back, `moved_days` on how many days it moved on. `near_limit` is the follow limit
    that the own following count has reached, `surged` says whether followers came at once in
    the weeks before an engagement that thins out. `person` is what another account of the same
    person did, `other_account` says that the fall is too deep for one account, `in_wave` that
    it was told as part of a wave.
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
    surged: bool = False
    following_rise: float = 0.0
    following: float = math.nan
    near_limit: float | None = None
    step: float = 1.0
    pending: bool = False
    shape: Shape = "new"
    person: "PersonMove | None" = None
    other_account: bool = False
    in_wave: bool = False
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


def what_moved(finding: Finding, evidence: Evidence, *, hidden: bool) -> list[Reason]:
    """What moved, by how much, and how unusual that is; `hidden` by gains of the same day."""
    if finding.direction == "swing":  # its last day says nothing of it
        return [reason("surprise", score=round(finding.score, 1))]
    days = max(1, round((finding.at - finding.start) / 86_400) + 1) + evidence.gap
    said = [
        reason(
            "moved",
            metric=finding.metric,
            change=round(finding.change),
            expected=round(finding.expected),
            days=WEEK if finding.metric in FLOWING else days,
        )
    ]
    if math.isnan(finding.level) or finding.level <= 0:
        said.append(reason("no_level"))
    else:
        percent = 100 * (finding.change - finding.expected) / finding.level
        said.append(reason("moved_percent", percent=round(percent, 2)))
    said.append(reason("surprise", score=round(finding.score, 1)))
    if hidden and evidence.first > finding.change / 2:
        said.append(
            reason(
                "hidden_by_gains",
                lost=round(-finding.change),
                expected=round(-finding.expected),
            )
        )
    elif finding.direction == "down" and finding.change > 0:
        missing = round(finding.expected - finding.change)
        said.append(reason("hidden_by_growth", change=round(finding.change), missing=missing))
    if evidence.gap > 0:
        said.append(reason("gap", days=evidence.gap))
    if evidence.step > 1:
        said.append(reason("shown_step", step=round(evidence.step)))
    return said


def what_is_known(evidence: Evidence) -> list[Reason]:
    """What the team itself has told: events and earlier feedback."""
    said = [reason("known_event", name=each.name, kind=each.kind) for each in evidence.events]
    if evidence.floor_factor != 1:
        said.append(reason("feedback", factor=round(evidence.floor_factor, 2)))
    return said


def what_peers_did(evidence: Evidence, direction: str) -> list[Reason]:
    """What the others did; counts of accounts that only other teams see stay untold."""
    peers, slid = evidence.peers, evidence.slid
    if slid is not None and slid.wave and not (peers and peers.wave):
        code, said = "peers_slid", slid
    elif peers is None:
        return [reason("no_peers")] if direction == "down" else []
    elif peers.wave:
        code, said = "peers_fell" if direction == "down" else "peers_rose", peers
    elif direction == "down":
        code, said = "peers_calm", peers
    else:
        return []
    values: dict[str, float | int | str] = {
        "group": said.group,
        "share": said.share,
        "usual": said.usual,
        "judged": said.judged,
        "days": SLIDE,
    }
    if said.shared:
        code = f"{code}_elsewhere"
    return [reason(code, **{name: values[name] for name in REASONS[code].values})]


def what_went_beyond(finding: Finding, evidence: Evidence) -> list[Reason]:
    """A member that fell far further than the wave it is in; never across teams."""
    peers = evidence.peers
    if peers is None or peers.shared or math.isnan(finding.size):
        return []
    if 100 * finding.size <= _FAR_BEYOND * abs(peers.typical):
        return []
    return [reason("beyond_wave", median=abs(peers.typical))]


def what_engagement_did(finding: Finding, evidence: Evidence) -> list[Reason]:
    why = []
    if evidence.vanished > 0:
        why.append(reason("interactions_vanished", count=round(evidence.vanished)))
    if evidence.interactions.known:
        code = (
            "interactions_stayed"
            if engagement_stayed(finding, evidence)
            else "interactions_fell"
        )
        why.append(reason(code, ratio=evidence.interactions.times))
    if evidence.views.known and not engagement_stayed(finding, evidence):
        why.append(reason("views_fell", ratio=evidence.views.times))
    return why


def what_events_say(
    evidence: Evidence, table: Mapping[str, float]
) -> tuple[list[str], list[Reason]]:
    """Events and other accounts of the same person that a table of chances weighs."""
    kinds = {f"event {each.kind}" for each in evidence.events}
    signs = sorted(kinds & table.keys())
    if evidence.person is None:
        return signs, []
    account, percent = evidence.person
    return [*signs, "person too"], [reason("person_too", account=account, percent=percent)]
