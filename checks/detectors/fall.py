"""Sudden falls: more lost in one to three days than the account's own life explains."""

from dataclasses import replace

import numpy as np

from checks.detectors.chances import IN_A_WAVE, REMOVED, TOO_DEEP, chance, named, ranked
from checks.detectors.explain import (
    Evidence,
    Explanation,
    engagement_fell,
    engagement_stayed,
    what_engagement_did,
    what_events_say,
    what_peers_did,
    what_went_beyond,
)
from checks.detectors.findings import Day, Findings, nothing
from checks.detectors.sudden import LONGER, LOWEST, candidates, floors, judge
from checks.detectors.tails import score_limit
from checks.model import Cause, Finding, Reason
from checks.panel.build import running
from checks.reasons import reason

SIZES = (0.83, 1.0, 1.15, *(np.inf for _ in LONGER))
"""Floors of the one-, two- and three-day fall, in units of the rules' floor."""

PAST = (1.3, 1.3, 1.3, 1.3, 1.3)
"""Times the account's own usual largest past fall, per span, that a new one must exceed."""

FELL = 0.2
"""Share of what is missing that must be a fall of the count itself."""

_STEPS = 1.35
"""Display steps of a rounded count that a fall must exceed: one step alone is the display."""

_LEAST = 20.0
"""Accounts a fall must cost at least, however small the account; the rules may ask for
fewer."""

SPEAKING = frozenset(
    {
        "old interactions vanished",
        "engagement stayed",
        "engagement fell",
        "fell on for days",
        "peers calm",
        "only peers calm",
    }
)
"""Signs that name a cause; the others only shift what the likelier one is."""


def find(day: Day) -> Findings:
    """Falls beyond 3 spreads, only where the count itself fell, by a good part of what is
    missing: growth that ends is no loss."""
    rules = day.rules
    sudden = candidates(day, "followers", -1, least=LOWEST * rules.min_percent / 100)
    with np.errstate(invalid="ignore"):
        missing = sudden.change - sudden.expected
        fell = (sudden.change[0] < 0) & (sudden.change < FELL * missing).any(axis=0)
    sudden = sudden.take(np.flatnonzero(fell))
    factor = day.factor[sudden.row]
    past = np.asarray(PAST)[:, None] * sudden.usual_past
    sizes = np.asarray(SIZES)[:, None]
    floor = floors(sudden, rules, sizes, past=past, steps=_STEPS, factor=factor)
    least = np.minimum(rules.min_count, _LEAST) * factor
    return judge(sudden, rules, floor, least, check="fall")


def explain(finding: Finding, evidence: Evidence) -> Explanation:
    """A loss in a day or three, or one that has grown to twice what its first day lost."""
    later = abs(evidence.total - finding.expected) > 2 * abs(evidence.first)
    return explained(finding, evidence, slow=evidence.moved_days >= 4 and later)


def explained(finding: Finding, evidence: Evidence, *, slow: bool) -> Explanation:
    """Peers first, then who is missing from the engagement, then how it went on."""
    why = what_peers_did(evidence, "down")
    together = any(each is not None and each.wave for each in (evidence.peers, evidence.slid))
    if together or evidence.in_wave:
        beyond = what_went_beyond(finding, evidence)
        why += [*beyond, *what_engagement_did(finding, evidence)]
        return named(ranked({"purge": IN_A_WAVE}, evidence), why, True, "unexplained_drop")
    if slow:
        days = max(1, round((finding.at - finding.start) / 86_400) + 1)
        daily = max(round(-finding.change / days), 0)
        why.insert(0, reason("slow_loss", daily=daily, days=days))
        return named((Cause("leak", 0.95),), why, True, "unexplained_drop")
    if evidence.other_account:
        return named(TOO_DEEP, [*why, reason("too_deep")], True, "unexplained_drop")
    why += what_engagement_did(finding, evidence)
    signs = _signs(finding, evidence, why)
    told, said = what_events_say(evidence, REMOVED)
    removed = chance(REMOVED, [*signs, *told])
    causes = ranked({"purge": removed, "unfollow_wave": 1 - removed}, evidence)
    supported = bool(told) or any(each in SPEAKING for each in signs)
    return named(causes, [*why, *said], supported, "unexplained_drop")


def _signs(finding: Finding, evidence: Evidence, why: list[Reason]) -> list[str]:
    """What speaks for accounts that were removed or for people who left."""
    signs = []
    known = evidence.interactions.known or evidence.views.known
    if evidence.vanished > 0:
        signs.append("old interactions vanished")
    if engagement_stayed(finding, evidence):
        signs.append("engagement stayed")
    elif engagement_fell(finding, evidence):
        signs.append("engagement fell")
    elif known:
        signs.append("engagement open")
    if evidence.moved_days > 1:
        signs.append("fell on" if evidence.moved_days == 2 else "fell on for days")
        why.append(reason("kept_falling", days=evidence.moved_days))
    elif evidence.shape != "new":
        signs.append("then nothing" if known else "nothing after")
        why.append(reason("abrupt", days=1))
    if evidence.peers is not None:
        signs.append("peers calm" if known else "only peers calm")
    elif not known:
        signs.append("nothing known")
    return signs


def find_hidden(day: Day) -> Findings:
    """Losses that gains of the same day hide, where a source tells `lost` by itself.

    The flow of lost accounts is judged in counts against its own usual size; the floors are
    shares of the followers where those have a level.
    """
    panel, rules = day.panel, day.rules
    if panel.lost is None:
        return nothing()
    lost = replace(panel, metrics={"lost": running(panel.lost)})
    sudden = candidates(Day(lost, day.columns, rules, day.factor), "lost", 1)
    followers = panel.metrics["followers"]
    level = followers[sudden.row, np.maximum(sudden.column - sudden.elapsed, 0)]
    level = np.where(panel.has_level[sudden.row], np.fmax(level, 1.0), np.nan)
    factor = day.factor[sudden.row]
    share = np.asarray(SIZES)[:, None] * rules.min_percent / 100 * level
    count = np.where(np.isinf(SIZES), np.inf, rules.min_count)[:, None]
    floor = np.where(np.isnan(share), count, share) * factor
    floor = np.maximum(floor, np.asarray(PAST)[:, None] * sudden.usual_past)
    least = np.minimum(rules.min_count, _LEAST) * factor
    found = judge(sudden, rules, floor, least, check="hidden_loss")
    found = found.take(np.abs(found.score) > score_limit(rules))
    before = followers[found.row, np.maximum(found.start - 1, 0)]
    before = np.where(panel.has_level[found.row], np.fmax(before, 1.0), np.nan)
    return replace(
        found,
        metric=np.full(len(found), "followers"),
        direction=-found.direction,
        change=-found.change,
        expected=-found.expected,
        level=before,
        size=np.abs(found.change - found.expected) / before,
        score=-found.score,
    )
