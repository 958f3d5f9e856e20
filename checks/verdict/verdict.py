"""From findings and evidence to a verdict: kind, confidence, severity, reasons, advice."""

import math
from collections.abc import Mapping, Sequence
from typing import Literal

from checks.evidence.evidence import Evidence, engagement_fell, engagement_stayed
from checks.model import Finding, Kind, Reason, Rules, Severity, Verdict
from checks.verdict.explain import (
    what_engagement_did,
    what_is_known,
    what_moved,
    what_peers_did,
    what_went_beyond,
)
from checks.verdict.reasons import reason

ADVICE_FOR: Mapping[Kind, tuple[str, ...]] = {
    "purge": ("disconnect_apps", "change_password", "expect_lower_base", "wait_for_return"),
    "unfollow_wave": ("read_recent_posts", "answer_criticism", "watch_leavers"),
    "leak": ("watch_leavers", "check_audience", "disconnect_apps"),
    "mass_follow": (
        "ask_about_campaign",
        "expect_leavers",
        "keep_below_limits",
        "judge_by_engagement",
    ),
    "viral": ("reply_to_newcomers",),
    "follow_unfollow": ("stop_automation", "keep_below_limits"),
    "dilution": ("check_account_status", "judge_by_engagement", "remove_fake_followers"),
    "glitch": ("nothing_to_do",),
    "unexplained_drop": ("watch_leavers", "name_the_cause"),
    "unexplained_spike": ("ask_about_campaign", "name_the_cause"),
}

FLOOR_BOUNDS = (0.5, 3.0)
"""How far feedback may move an account's floor."""

# Log odds for a purge against people leaving. Engagement that outlives the followers speaks
# for dead accounts; calm peers and a second day of falling speak for people.
_VANISHED = 3.0
_STAYED = 4.3
_FELL = -2.0
_AGAIN = -2.5
_CALM = -1.5

Opinion = Literal["expected", "false", "useful"]

_CRITICAL_KINDS = ("purge", "unfollow_wave", "mass_follow", "leak")
_MAX = 0.98


def explain(
    finding: Finding,
    evidence: Evidence,
    rules: Rules,
    *,
    wave: str | None = None,
    below_floor: bool = False,
    alerting: bool = True,
) -> Verdict:
    """The verdict on one finding; `below_floor` marks a member that only its wave shows."""
    if finding.metric in ("interactions", "views"):
        kind, confidence, why = _thinned(finding)
    elif finding.metric == "following":
        kind, confidence, why = _habit(finding, evidence)
    elif finding.direction == "up":
        kind, confidence, why = _rise(finding, evidence)
    else:
        kind, confidence, why = _fall(finding, evidence)
    severity: Severity = "info" if below_floor else severity_of(kind, finding, evidence, rules)
    if below_floor:
        why = [*why, reason("joined_wave")]
        confidence = min(confidence, 0.93 if abs(finding.score) >= 2 else 0.6)
    return Verdict(
        finding=finding,
        kind=kind,
        confidence=round(min(confidence, _MAX), 3),
        severity=severity,
        reasons=(*what_moved(finding, evidence), *why, *what_is_known(evidence)),
        advice=ADVICE_FOR[kind],
        wave=wave,
        alerting=alerting,
    )


def severity_of(kind: Kind, finding: Finding, evidence: Evidence, rules: Rules) -> Severity:
    """How grave it is; sizes without a level are never critical by themselves."""
    if kind in ("viral", "glitch"):
        return "info"
    if finding.metric == "following" and evidence.near_limit is not None:
        return "critical"
    large = 100 * finding.size >= rules.critical_percent
    return "critical" if kind in _CRITICAL_KINDS and large else "warning"


def floor_factors(
    feedback: Mapping[str, Sequence[tuple[Opinion, int]]],
) -> dict[str, float]:
    """How each account's feedback moves its floor, within FLOOR_BOUNDS.

    Every alarm that nobody needed (expected, false) raises it by a quarter, every useful one
    lowers it by a tenth. The times beside them do not matter yet.
    """
    low, high = FLOOR_BOUNDS
    factors = {}
    for account, said in feedback.items():
        useful = sum(1 for opinion, _ in said if opinion == "useful")
        factor = 1.25 ** (len(said) - useful) * 0.9**useful
        factors[account] = min(max(factor, low), high)
    return factors


# --- kinds ------------------------------------------------------------------------------


def _rise(finding: Finding, evidence: Evidence) -> tuple[Kind, float, list[Reason]]:
    """Engagement decides: a crowd that came for a reason reads, likes and watches."""
    why = what_peers_did(evidence, "up")
    engagement = [each for each in (evidence.interactions, evidence.views) if each.known]
    odds = sum(each.rose for each in engagement)
    gain = finding.change - finding.expected
    lost = evidence.back / gain if gain > 0 else 0.0
    signs = 0.0
    if lost >= 0.2:
        why.append(reason("lost_after_gain", percent=round(100 * min(lost, 1.0))))
        signs -= 2.0
    if evidence.following_rise >= max(50.0, 0.1 * gain):
        why.append(reason("following_rose", change=round(evidence.following_rise)))
        signs -= 1.5
    package = _package(gain, evidence)
    if package is not None:
        why.append(reason("round_number", count=package))
        signs -= 0.5
    if _tapered(evidence):
        why.append(reason("tapered"))
        signs -= 0.5
    if not engagement:
        why.append(reason("no_engagement"))
        if signs <= -2.0:
            return "mass_follow", 0.7, why
        return "unexplained_spike", 0.6, why
    for name, each in (("interactions", evidence.interactions), ("views", evidence.views)):
        if each.known:
            code = f"{name}_rose" if each.rose > 0 else f"{name}_flat"
            why.append(reason(code, ratio=each.times))
    if evidence.pending:
        why.append(reason("evidence_pending"))
    chance = _sigmoid(odds + signs)
    return ("viral", chance, why) if chance > 0.5 else ("mass_follow", 1 - chance, why)


def _fall(finding: Finding, evidence: Evidence) -> tuple[Kind, float, list[Reason]]:
    """Peers first, then who is missing from the engagement, then how it went on."""
    why = what_peers_did(evidence, "down")
    if (evidence.peers and evidence.peers.wave) or (evidence.slid and evidence.slid.wave):
        beyond = what_went_beyond(finding, evidence)
        return "purge", 0.97, [*why, *beyond, *what_engagement_did(finding, evidence)]
    if _slow(finding, evidence):
        days = max(1, round((finding.at - finding.start) / 86_400) + 1)
        lost = (finding.change - finding.expected) / days
        why.insert(0, reason("slow_loss", daily=round(lost), days=days))
        return "leak", 0.95, why
    why += what_engagement_did(finding, evidence)
    stayed, fell = engagement_stayed(finding, evidence), engagement_fell(finding, evidence)
    calm, again = evidence.peers is not None, evidence.moved_days - 1
    if again:
        why.append(reason("kept_falling", days=evidence.moved_days))
    elif not evidence.pending:
        why.append(reason("abrupt", days=1))
    odds = _VANISHED * (evidence.vanished > 0) + _STAYED * stayed + _FELL * fell
    odds += _AGAIN * again + _CALM * calm
    if not calm and not stayed and not fell and not evidence.vanished:
        return "unexplained_drop", 0.6, why
    chance = _sigmoid(odds)
    return ("purge", chance, why) if chance > 0.5 else ("unfollow_wave", 1 - chance, why)


def _habit(finding: Finding, evidence: Evidence) -> tuple[Kind, float, list[Reason]]:
    why = []
    if not math.isnan(finding.size):
        why.append(reason("swings", percent=round(100 * finding.size, 1)))
    if evidence.near_limit is not None:
        share = round(100 * evidence.following / evidence.near_limit, 1)
        why.append(
            reason(
                "near_limit",
                following=round(evidence.following),
                share=share,
                limit=round(evidence.near_limit),
            )
        )
    return "follow_unfollow", 0.97 if finding.direction == "swing" else 0.85, why


def _thinned(finding: Finding) -> tuple[Kind, float, list[Reason]]:
    ratio = round(1 - finding.size, 2)
    days = max(1, round((finding.at - finding.start) / 86_400) + 1)
    if finding.check == "dilution":
        return "dilution", 0.8, [reason("rate_fell", ratio=ratio, days=days)]
    why = [reason("reach_fell", ratio=ratio)]
    if finding.check == "reach_after_surge":
        return "dilution", 0.8, [*why, reason("after_mass_follow")]
    return "dilution", 0.7, why


def _slow(finding: Finding, evidence: Evidence) -> bool:
    """A loss in many small steps: found as one, or grown to twice what its first day lost."""
    if finding.check == "leak":
        return True
    later = abs(evidence.total - finding.expected) > 2 * abs(evidence.first)
    return evidence.moved_days >= 4 and later


def _tapered(evidence: Evidence) -> bool:
    """Whether the whole gain came on the first day and nothing followed it."""
    later = abs(evidence.total - evidence.first)
    return (
        evidence.moved_days == 1 and not evidence.pending and later < 0.1 * abs(evidence.first)
    )


def _package(gain: float, evidence: Evidence) -> int | None:
    """The round number that a gain comes within 1 % of, as sold by the thousand."""
    if gain < 900 or evidence.step > 1:
        return None
    unit = 10 ** int(math.log10(gain))
    for lead in (1, 2, 2.5, 5, 10):
        if abs(gain - lead * unit) <= 0.01 * lead * unit:
            return int(lead * unit)
    return None


def _sigmoid(odds: float) -> float:
    return 1 / (1 + math.exp(-odds))
