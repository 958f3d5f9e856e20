"""Sudden rises: more gained in one to three days than the account's own life explains."""

import math
from typing import NamedTuple

import numpy as np

from checks.baseline.expected import SPANS
from checks.detectors.chances import ORGANIC, chance, named, ranked
from checks.detectors.explain import Evidence, Explanation, what_events_say, what_peers_did
from checks.detectors.findings import Day, Findings
from checks.detectors.sudden import LONGER, LOWEST, Sudden, candidates, floors, judge
from checks.model import Finding, Reason, Rules
from checks.panel.panel import Floats, Ints, Panel, bridge, counts_of
from checks.reasons import reason

_NEVER = tuple(np.inf for _ in LONGER)
_SIZES = np.array(
    [
        (1.2, 1.3, 1.45, *_NEVER),
        (1.33, 1.7, 2.0, *_NEVER),
        (4.5, 4.5, 4.5, 2.9, 2.9),
        (9.0, 9.0, 9.0, *_NEVER),
    ]
)
"""Least size of each span, in units of the rules' floor, by what engagement says."""

FLAT, UNKNOWN, CARRIED, SEEMS_CARRIED = range(4)
"""Steady engagement that does not follow; none known, or lumpy and no proof of anything; one
that carries the rise (real life, told only where it is large); lumpy one that seems to."""

_SPREADS = np.array([0.0, 16.0, 6.0, 18.0])
"""Least surprise: where engagement leaps by itself the followers leap with it."""

_PAST = np.array([3.0, 5.0, 5.0, 5.0])
"""Times the account's own largest past rise that a new one must exceed, by what engagement
says."""

_PAST_LONGER = 4.0
"""The same in units of the account's largest past rise."""

_PAST_MORE = np.array([0.04, 0.05, 0.05, 0.05])
"""Log ratio that a floor may lie above _PAST_SHARE of that rise, by what engagement says."""

_PAST_SHARE = 1.3
"""No floor lies more than this above that share of the account's largest past rise."""

_LARGE, _LARGE_SPREADS, _MANY = 0.1, 8.0, 40.0
"""A tenth more (log ratio) and so many spreads are worth telling where so many times the rules'
count came, whatever the account has seen now and then, and however lively its ordinary days."""

_CARRIES = 2.0
"""Times the usual that engagement must reach to carry a rise."""

_CALM_PEAK, _LUMPY_PEAK = 1.9, 2.2
"""Engagement's usual peaks up to which its calm counts fully, and from which not at all."""

_CLEARLY, _CLEAR_SHARE = 9.0, 0.55
"""Beyond that many spreads a smaller rise of an exact count is enough; a rounded one that
hardly ever moves has next to no spread, and its scores say little."""

_BEYOND, _BEYOND_SHARE = 60.0, 0.75
"""The same where engagement says nothing: then it takes far more."""

_STEPS = 1.3
"""Display steps of a rounded count that a rise must exceed."""

_LEAST, _LEAST_CLEAR, _CLEAR = 40.0, 20.0, 12.0
"""Floors in accounts, the lower one for a rise beyond that many spreads."""

_SHORT = 40
"""With fewer changes read the account's own jumps may not have shown yet."""
_USUAL = 28
"""Days before a rise whose engagement is the usual: four whole weeks."""

_SOME = 4.0
"""Interactions a day below which their ratio says nothing."""

_STALE = 0.05
"""A ratio below says that the source did not refresh the interactions."""


_ENGAGED = (-4.0, -1.0, 1.0, 4.0)
"""Log odds of a rise in engagement that part the rows of the table of chances."""


class Engagement(NamedTuple):
    """Daily interactions (else views) of each span against the 28 days before it; (spans, k).

    `ratio` is their mean over the usual day's (the median), `peak` the usual ninth day of ten
    over the same; NaN where too little is known.
    """

    ratio: Floats
    peak: Floats


def find(day: Day) -> Findings:
    """Rises beyond 3 spreads; engagement decides how large one must be, and how surprising."""
    least = LOWEST * day.rules.min_percent / 100
    sudden = candidates(day, "followers", 1, least=least)
    return _rises(sudden, day.rules, engagement(day.panel, sudden), day.factor[sudden.row])


def explain(finding: Finding, evidence: Evidence) -> Explanation:
    """Engagement first: a crowd that came for a reason reads, likes and watches. Then how the
    rise went on, who rose along, and what is known of those days."""
    why = what_peers_did(evidence, "up")
    known = [each for each in (evidence.interactions, evidence.views) if each.known]
    odds = sum(each.rose for each in known)
    signs = [f"engagement {_engaged(odds)}"] if known else []
    signs += [f"{'then' if known else 'alone'} {_shape(evidence)}"]
    signs += _marks(finding, evidence, why)
    if evidence.in_wave and not (known and odds > 1):
        signs.append("together")
    told, said = what_events_say(evidence, ORGANIC)
    signs += told
    why += said
    for name, each in (("interactions", evidence.interactions), ("views", evidence.views)):
        if each.known:
            code = f"{name}_rose" if each.rose > 0 else f"{name}_flat"
            why.append(reason(code, ratio=each.times))
    if evidence.shape == "new":
        why.append(reason("evidence_pending"))
    elif evidence.shape != "fading" or not known:
        why.append(_course(evidence))
    if not known:
        why.append(reason("no_engagement"))
    organic = chance(ORGANIC, signs)
    causes = ranked({"viral": organic, "mass_follow": 1 - organic}, evidence)
    supported = bool(known) or len(signs) > 1 or evidence.shape != "new"
    return named(causes, why, supported, "unexplained_spike")


def _shape(evidence: Evidence) -> str:
    """The shape; whether a rise over unread days stopped at once nobody can see."""
    clear = evidence.moved_days == 1 and not evidence.gap
    return "jumped" if evidence.shape == "stopped" and clear else evidence.shape


def _engaged(odds: float) -> str:
    """In words how clearly engagement rose along: log odds, those of a table's rows."""
    return ("flat", "hardly", "open", "more", "rose")[int(np.searchsorted(_ENGAGED, odds))]


def _marks(finding: Finding, evidence: Evidence, why: list[Reason]) -> list[str]:
    """What bought followers leave behind."""
    gain, marks = finding.change - finding.expected, []
    lost = evidence.back / gain if gain > 0 else 0.0
    if lost >= 0.2:
        why.append(reason("lost_after_gain", percent=round(100 * min(lost, 1.0))))
        marks.append("left again")
    if evidence.following_rise >= max(50.0, 0.1 * gain):
        why.append(reason("following_rose", change=round(evidence.following_rise)))
        marks.append("followed")
    package = _package(gain, evidence)
    if package is not None:
        why.append(reason("round_number", count=package))
        marks.append("round number")
    return marks


def _course(evidence: Evidence) -> Reason:
    if evidence.shape == "stopped":
        return reason("tapered")
    if evidence.shape == "went_on":
        return reason("kept_rising", days=evidence.moved_days)
    return reason("faded")


def _package(gain: float, evidence: Evidence) -> int | None:
    """The round number that a gain comes within 1 % of, as sold by the thousand."""
    if gain < 900 or evidence.step > 1:
        return None
    unit = 10 ** int(math.log10(gain))
    for lead in (1, 2, 2.5, 5, 10):
        if abs(gain - lead * unit) <= 0.01 * lead * unit:
            return int(lead * unit)
    return None


def _rises(sudden: Sudden, rules: Rules, engagement: Engagement, factor: Floats) -> Findings:
    says = _says(engagement)
    span = np.arange(len(says))[:, None]
    score = np.nan_to_num(sudden.excess / sudden.spread)
    sizes = _SIZES[says, span] * np.where(sudden.changes < _SHORT, 2.0, 1.0)
    lively = np.fmax(1.0, engagement.peak / _CALM_PEAK)
    clear = np.where((score > _CLEARLY) & (sudden.step <= 1), _CLEAR_SHARE, 1.0)
    sizes = np.where(says == FLAT, sizes * lively * clear, sizes)
    beyond = (says == UNKNOWN) & (score > _BEYOND) & (sudden.step <= 1)
    sizes = np.where(beyond, _BEYOND_SHARE * sizes, sizes)
    past = np.where(says < CARRIED, sudden.usual_past, sudden.past)
    times = np.where(span < len(SPANS), _PAST[says], _PAST_LONGER)
    past = np.minimum(times * past, _PAST_SHARE * past + _PAST_MORE[says])
    many = np.abs(sudden.change - sudden.expected) >= _MANY * rules.min_count
    often = _PAST_SHARE * sudden.often + _PAST_MORE[says]
    past = np.minimum(past, np.where(many, often, np.inf))
    floor = floors(sudden, rules, sizes, past=past, steps=_STEPS, factor=factor)
    if rules.min_percent > 0:
        spreads = _SPREADS[says] * sudden.spread
        large = np.where(many, np.fmax(_LARGE, _LARGE_SPREADS * sudden.spread), np.inf)
        floor = np.fmax(floor, np.fmin(spreads, large))
    clear = np.where(score.max(axis=0, initial=0.0) > _CLEAR, _LEAST_CLEAR, _LEAST)
    least = np.where(says[0] == FLAT, np.minimum(rules.min_count, clear), rules.min_count)
    least = least * factor
    return judge(sudden, rules, floor, least, check="rise")


def _says(engagement: Engagement) -> Ints:
    """Which of the four each rise is, per span."""
    ratio, peak = engagement
    known = (ratio > _STALE) & ~(ratio[0] <= _STALE)
    lumpy = ~(peak <= _LUMPY_PEAK)
    carried = ratio > np.fmax(_CARRIES, peak)
    says = np.where(carried, np.where(lumpy, SEEMS_CARRIED, CARRIED), FLAT)
    return np.where(known & (carried | ~lumpy), says, UNKNOWN)


def engagement(panel: Panel, sudden: Sudden) -> Engagement:
    """What is known of it; interactions come before views."""
    ratio, peak = np.full((2, *sudden.excess.shape), np.nan)
    for metric in ("views", "interactions"):
        if metric not in panel.metrics or not sudden.row.size:
            continue
        counts = counts_of(panel, metric)
        rows, index = np.unique(sudden.row, return_inverse=True)
        flows = bridge(counts[rows], np.ones(len(rows), np.bool_)).increments
        blank = np.full((len(rows), _USUAL + 16), np.nan, np.float32)
        padded = np.concatenate([blank, flows], axis=1).astype(np.float64)
        for span, elapsed in enumerate(sudden.elapsed):
            now = _mean_before(padded, index, sudden.column + _USUAL + 16, elapsed)
            first = sudden.column + _USUAL + 16 - elapsed
            days = padded[index[:, None], np.maximum(first[:, None] - np.arange(_USUAL), 0)]
            usual, high = _middle_and_peak(days)
            known = (usual >= _SOME) & ~np.isnan(now)
            usual = np.maximum(usual, 1)
            ratio[span] = np.where(known, now / usual, ratio[span])
            peak[span] = np.where(known, high / usual, peak[span])
    return Engagement(ratio, peak)


def _mean_before(flows: Floats, row: Ints, column: Ints, days: Ints) -> Floats:
    back = np.arange(16)
    picked = flows[row[:, None], column[:, None] - back]
    inside = back < np.minimum(days, 16)[:, None]
    known = np.maximum(np.minimum(days, 16), 1)
    return np.asarray(np.where(inside, picked, 0.0).sum(axis=1) / known, np.float64)


def _middle_and_peak(days: Floats) -> tuple[Floats, Floats]:
    """The median and the ninth day of ten; NaN where fewer than 7 days are known."""
    ordered = np.sort(days, axis=1)
    known = (~np.isnan(ordered)).sum(axis=1)
    every = np.arange(len(ordered))
    ranks = np.maximum(known - 1, 0) // 2, np.minimum(known * 9 // 10, days.shape[1] - 1)
    middle, peak = (np.where(known >= 7, ordered[every, rank], np.nan) for rank in ranks)
    return middle, peak
