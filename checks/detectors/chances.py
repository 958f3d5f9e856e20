"""How likely each cause is by what speaks for it: one table of weights.

Log odds that add up. `python -m tests.bench.calibrate` fits them on the tuning seeds (below
1,000) of the synthetic world, with and without engagement, and of falls in which people leave,
and prints this table; no reporting seed took part. Where no draw shows a situation (events,
persons, what was bought) the weight is our choice.
"""

import math
from collections.abc import Iterable, Mapping
from functools import cache

from checks.detectors.explain import Evidence, Explanation
from checks.model import Cause, Finding, Kind, Reason, Severity

PRIOR = "prior"

ORGANIC: Mapping[str, float] = {
    PRIOR: 0.1,
    "engagement flat": -4.05,
    "engagement hardly": -2.69,
    "engagement open": -0.55,
    "engagement more": 1.54,
    "engagement rose": 4.89,
    "then new": -0.56,
    "then stopped": -1.22,
    "then jumped": -1.22,
    "then fading": -0.07,
    "then went_on": 0.99,
    # ours: without engagement the synthetic world knows too few ways to rise. Of twenty known
    # viral rises of followers alone none went on as evenly as its spikes, many faded or stopped
    "alone new": 0.0,
    "alone jumped": -1.1,
    "alone stopped": -0.3,
    "alone fading": 1.3,
    "alone went_on": 2.0,
    # ours: several accounts of a group at once without engagement have one hidden cause
    "together": -6.0,
    # ours: what bought followers leave behind, where draws leave none
    "left again": -2.0,
    "followed": -1.5,
    "round number": -0.41,
    # ours: people come for a campaign, and a person's fame knows no platform
    "event campaign": 1.5,
    "person too": 2.0,
}
"""For people who came for a reason (viral) against a crowd that came at once (mass follow)."""

REMOVED: Mapping[str, float] = {
    PRIOR: 3.65,
    "old interactions vanished": 3.0,
    "engagement stayed": 0.51,
    "engagement open": -3.23,
    "engagement fell": -5.08,
    "then nothing": 0.95,
    "fell on for days": -4.73,
    # ours: a purge may take a second day, and calm peers speak against one
    "nothing after": 0.0,
    "fell on": -3.0,
    "peers calm": -1.5,
    "only peers calm": -4.3,
    # ours: where nothing is known neither is likelier
    "nothing known": -3.4,
    # ours: what the team knows of those days
    "event platform_notice": 2.0,
    "event deadline": 1.5,
    "event campaign": -0.5,
    "person too": -2.0,
}
"""For accounts that a platform removed (purge) against people who left."""


def chance(table: Mapping[str, float], signs: Iterable[str]) -> float:
    """The chance that the first of a table's two causes holds, by what speaks for either."""
    odds = table[PRIOR] + sum(table[sign] for sign in signs)
    return 1 / (1 + math.exp(-odds))


IN_A_WAVE = 0.99
"""That a fall which many share was a purge and no chance; a glitch comes off it."""

GLITCH, GLITCH_OF_MANY, GLITCH_IN_OUTAGE = 0.03, 0.06, 0.6
"""That a count which nothing was read after will be back: of one account, of a wave (one of
the known platform-wide falls in five was taken back, most on their own day), and where the
team knows of an outage. Our choice: the synthetic world has no glitches."""

TOO_DEEP = (Cause("identity_change", 0.6), Cause("glitch", 0.3), Cause("purge", 0.1))
"""What a fall by 97 % or more of one account alone may be, by the few that are known."""

_LEAST = 0.02
"""A cause less likely than this is not worth a word."""

_NAMED = 0.6
"""A cause less likely than this has no name in a title; half of it would name a coin's side."""

_MOST = 0.98
"""No cause is surer: what is not in the table may always be behind a move."""


def ranked(chances: Mapping[Kind, float], evidence: Evidence) -> tuple[Cause, ...]:
    """The causes, the likeliest first, with what is left to a glitch of the counter."""
    glitch = 0.0
    if evidence.shape == "new":
        wave = evidence.peers is not None and evidence.peers.wave
        glitch = GLITCH_OF_MANY if wave else GLITCH
        if any(each.kind == "outage" for each in evidence.events):
            glitch = GLITCH_IN_OUTAGE
    causes = [Cause(kind, min(share * (1 - glitch), _MOST)) for kind, share in chances.items()]
    causes.append(Cause("glitch", glitch))
    kept = [Cause(kind, round(share, 3)) for kind, share in causes if share >= _LEAST]
    return tuple(sorted(kept, key=lambda each: -each.chance))


def named(
    causes: tuple[Cause, ...], why: list[Reason], supported: bool, unexplained: Kind
) -> Explanation:
    """The likeliest cause's name where evidence speaks for it, else what remains open."""
    best = causes[0]
    clear = supported and best.chance >= _NAMED and best.kind != "glitch"
    severity: Severity = "info" if best.kind == "viral" and clear else "warning"
    return Explanation(
        kind=best.kind if clear else unexplained,
        confidence=best.chance,
        reasons=why,
        advice=advice_for(causes),
        severity=severity,
        by_size=clear and best.kind not in ("viral", "identity_change"),
        causes=causes,
    )


ADVICE: Mapping[Kind, tuple[str, ...]] = {
    "purge": ("disconnect_apps", "change_password", "expect_lower_base", "wait_for_return"),
    "unfollow_wave": ("read_recent_posts", "answer_criticism", "watch_leavers"),
    "leak": ("watch_leavers", "check_audience", "disconnect_apps"),
    "mass_follow": (
        "ask_about_campaign",
        "expect_leavers",
        "keep_below_limits",
        "judge_by_engagement",
    ),
    "viral": ("reply_to_newcomers", "ask_about_campaign"),
    "identity_change": ("check_profile", "wait_for_return"),
    "glitch": ("wait_for_return",),
}
"""What to do about each cause, the most useful first."""

_ALSO: Mapping[str, frozenset[Kind]] = {
    "expect_lower_base": frozenset({"unfollow_wave", "leak"}),
    "wait_for_return": frozenset({"purge", "unfollow_wave", "identity_change", "glitch"}),
    "watch_leavers": frozenset({"purge", "glitch"}),
    "read_recent_posts": frozenset({"purge", "glitch", "leak"}),
    "judge_by_engagement": frozenset({"viral", "glitch"}),
    "ask_about_campaign": frozenset({"glitch"}),
    "expect_leavers": frozenset({"glitch"}),
    "check_profile": frozenset({"glitch", "purge"}),
}
"""Causes under which an advice does no harm either."""

_OPEN = 0.15
"""A cause of this chance is open: no advice may be wrong under it."""


def advice_for(causes: Iterable[Cause]) -> tuple[str, ...]:
    """Advice that fits every cause still open, in the order of the likeliest."""
    return _fitting(tuple(each.kind for each in causes if each.chance >= _OPEN))


@cache
def _fitting(open_: tuple[Kind, ...]) -> tuple[str, ...]:
    found = [
        code
        for kind in open_
        for code in ADVICE.get(kind, ())
        if all(code in ADVICE.get(k, ()) or k in _ALSO.get(code, ()) for k in open_)
    ]
    known = tuple(dict.fromkeys(found))
    return known if len(open_) == 1 else (*known, "name_the_cause")


UNUSUAL_RISE, UNUSUAL = (-0.54, 1.79, 2.29), (4.24, 1.09, 0.0)
"""Log odds that an alarm is no chance and no ordinary life: at _SCORE spreads and _SIZE, and
how they grow with the logs of both. Rises are ordinary life far more often than anything else.
`python -m tests.bench.calibrate` fits and prints them too."""

_SCORE, _SIZE, _SMALLEST = 8.0, 0.03, 1e-3
"""The middle of what alarms score (spreads) and of their size (share of the level), from
which the logs are taken, and the least of either that they are taken of."""


def stands_out(score: float, size: float) -> tuple[float, float, float]:
    """What the log odds of "unusual" are weighed from; a move without a level has no size."""
    size = _SIZE if math.isnan(size) else max(size, _SMALLEST)
    score = max(abs(score), _SMALLEST)
    return 1.0, math.log(score / _SCORE), math.log(size / _SIZE)


def unusual(finding: Finding) -> float:
    """How sure it is that the move is unusual, whatever its cause: by the check's own tail."""
    weights = UNUSUAL_RISE if finding.direction == "up" else UNUSUAL
    seen = stands_out(finding.score, finding.size)
    odds = sum(weight * sign for weight, sign in zip(weights, seen, strict=True))
    return 1 / (1 + math.exp(-odds))
