"""The reasons that a verdict gives, from its finding and facts."""

import math

from checks.evidence.cohort import SLIDE
from checks.evidence.evidence import Evidence, engagement_stayed
from checks.model import Finding, Reason
from checks.verdict.reasons import REASONS, reason

_FAR_BEYOND = 3.0


def what_moved(finding: Finding, evidence: Evidence) -> list[Reason]:
    """What moved, by how much, and how unusual that is."""
    days = max(1, round((finding.at - finding.start) / 86_400) + 1) + evidence.gap
    said = [
        reason(
            "moved",
            change=round(finding.change),
            expected=round(finding.expected),
            days=days,
        )
    ]
    if math.isnan(finding.level) or finding.level <= 0:
        said.append(reason("no_level"))
    else:
        percent = 100 * (finding.change - finding.expected) / finding.level
        said.append(reason("moved_percent", percent=round(percent, 2)))
    said.append(reason("surprise", score=round(finding.score, 1)))
    if finding.check == "hidden_loss" and evidence.first > finding.change / 2:
        said.append(
            reason(
                "hidden_by_gains",
                lost=round(-finding.change),
                expected=round(-finding.expected),
            )
        )
    elif finding.direction == "down" and finding.change >= 0:
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
