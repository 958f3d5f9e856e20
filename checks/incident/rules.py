"""How far an incident has come, by its readings; `decide` decides what follows."""

import math

from checks.baseline.expected import LOUD
from checks.detectors.dilution import WEEKS
from checks.detectors.explain import FLOWING
from checks.detectors.table import Check, check_named
from checks.model import DAY, UNEXPLAINED, DayContext, Finding, Incident, Standing, Verdict

JOIN = 3 * DAY
"""A finding this close to the last one belongs to the same incident."""
RETURN = 2 * DAY
"""What is back this soon after it began was a glitch."""
FAR = 3.0
"""How many times more surprising a finding must be to open its own incident."""

COMPARED = WEEKS * 7 * DAY
"""How long before its end a check of engagement compares weeks at least, whatever it calls its
start: what was told within them goes on."""

FLAPPED = 14 * DAY
"""How long before its counter is known to flap a move may have ended: two flaps may lie a
fortnight apart."""

_LIKE = 0.1
"""Share by which a move may differ from the leap of a flapping counter."""

_SURE = 0.8
"""Chance of the cause from which the next day's reading confirms it."""

_CLEAR = 2.5
"""Spreads of an exact count that a move must exceed to be able to come back: one within the
noise is back tomorrow whatever happened."""

_NEXT_DAY = 20 * 3600
"""Seconds: polls of two days in a row are not always 24 hours apart."""


def from_lists(incident: Incident) -> bool:
    """Whether follower lists explain it: they say who went, which no count contradicts."""
    return incident.memory.get("lists") == 1


def remembered(incident: Incident, key: str) -> float:
    """A number from the incident's memory, NaN where it holds none."""
    return float(incident.memory.get(key, math.nan))


def found_by(incident: Incident) -> Check:
    """The check whose finding opened it."""
    return check_named(str(incident.memory.get("check", "")))


def finding_of(incident: Incident, check: str) -> Finding:
    """What it was opened for, as a finding of that check."""
    level = incident.level
    return Finding(
        check=check,
        account=incident.account,
        metric=incident.metric,
        direction=incident.direction,
        start=incident.opened_at,
        at=incident.last_finding_at,
        change=incident.change,
        expected=incident.expected,
        level=level,
        size=abs(excess(incident)) / level if level else math.nan,
        score=incident.score,
    )


def excess(incident: Incident) -> float:
    """Change beyond the expected one, in counts."""
    return incident.change - incident.expected


def is_back(incident: Incident, level: float, standing: Standing, days: float) -> bool:
    """Whether `level` lies where it was expected `days` days after the last finding.

    Within three spreads, one display step or the growth it missed, but never further off
    than half of the move, or a small move would be back before it went.
    """
    moved = excess(incident)
    away = level - remembered(incident, "base") - incident.expected - standing.daily * days
    missed = abs(incident.expected + standing.daily * days)
    room = max(3 * standing.spread * math.sqrt(1 + days), standing.step, missed)
    tolerance = min(room, abs(moved) / 2)
    away = math.copysign(1.0, moved) * away
    return -abs(moved) <= away <= tolerance


def has_returned(incident: Incident, standing: Standing) -> float | None:
    """Hours after which the level was back, None while it is not or where it cannot be."""
    if from_lists(incident) or incident.metric != "followers":
        return None
    if found_by(incident).hidden or not standing.judged:
        return None
    after = standing.read_at - remembered(incident, "fell_at")
    # a move within the noise of an exact count is back tomorrow whatever happened
    clear = standing.step > 1 or abs(excess(incident)) > _CLEAR * standing.spread
    if not 0 < after <= RETURN or not clear:
        return None
    days = max(standing.read_at - incident.last_finding_at, 0) / DAY
    return after / 3600 if is_back(incident, standing.level, standing, days) else None


def is_corrected(incident: Incident, view: DayContext) -> bool:
    """Whether the readings that carried the evidence have since been replaced by calm ones."""
    memory = incident.memory
    if from_lists(incident):
        return False
    if "base_at" not in memory or incident.metric != "followers" or found_by(incident).hidden:
        return False
    series = (incident.account, incident.metric)
    seen = view.reading(*series, int(memory["seen_at"]))
    base = view.reading(*series, int(memory["base_at"]))
    if math.isnan(seen) or math.isnan(base) or (seen, base) == (memory["seen"], memory["base"]):
        return False
    standing = view.standing(*series)
    if standing is None:
        return False
    shifted = seen - base + remembered(incident, "base")
    return is_back(incident, shifted, standing, days=0.0)


def is_confirmed(incident: Incident, verdict: Verdict | None, standing: Standing) -> bool:
    """Whether evidence for its cause has come in, and it outlived the time of glitches or that
    evidence is sure the next day already."""
    after = standing.read_at - remembered(incident, "fell_at")
    said = verdict or incident
    if said.kind in UNEXPLAINED or not standing.judged:
        return False
    sure = 0.0
    if verdict is not None:
        sure = verdict.causes[0].chance if verdict.causes else verdict.confidence
    return after > RETURN or (after >= _NEXT_DAY and sure >= _SURE)


def has_flapped(incident: Incident, size: float, now: int) -> bool:
    """Whether its move was one of a counter that leaps so far there and back."""
    ended = incident.resolved_at or incident.last_finding_at
    if not size or incident.metric != "followers" or now - ended > FLAPPED:
        return False
    return abs(abs(incident.change) - size) <= _LIKE * size


def stands_out(verdict: Verdict, incident: Incident) -> bool:
    """Whether a finding is so much more surprising that it cannot be part of `incident`.

    A surge or fall that is still building up in its first days stays one incident.
    """
    finding = verdict.finding
    later = finding.start - incident.opened_at > JOIN
    return later and abs(finding.score) > FAR * abs(incident.score)


def is_slow(incident: Incident) -> bool:
    """Whether sums over weeks found it."""
    return found_by(incident).slow


def goes_on(verdict: Verdict, incident: Incident) -> bool:
    """Whether a finding belongs to an open incident: soon after its last one, or a sum over
    weeks that overlaps it."""
    finding = verdict.finding
    first = finding.start if check_named(finding.check).slow else finding.at - JOIN
    return first <= incident.last_finding_at


def is_another_day(incident: Incident, now: int) -> bool:
    """Whether a day has passed since the newest that counted as calm or not."""
    return now - remembered(incident, "counted_at") >= DAY - 3600


def still_moves(incident: Incident, standing: Standing | None, now: int) -> bool:
    """Whether the count has moved on as the incident says since the newest day that counted, by
    more than ordinary days do: such a day is not calm, though it is no finding by itself."""
    level = remembered(incident, "level")
    if incident.metric != "followers" or math.isnan(level) or standing is None:
        return False
    if not is_another_day(incident, now):
        return False
    days = (now - remembered(incident, "counted_at")) / DAY
    moved = standing.level - level - standing.daily * days
    room = max(LOUD * standing.spread * math.sqrt(days), standing.step)
    return math.copysign(1.0, excess(incident)) * moved > room


def retells(verdict: Verdict, incident: Incident, standing: Standing | None) -> bool:
    """Whether a slow move is mostly that of `incident`, a sudden one or one that is over, which
    is still inside its window."""
    finding = verdict.finding
    if (
        not check_named(finding.check).slow
        or (incident.open and is_slow(incident))
        or standing is None
    ):
        return False
    if incident.closed_as in ("glitch", "corrected"):
        return False  # no sum that holds both ways shows it
    if incident.direction != finding.direction:
        return False
    if finding.metric in FLOWING:  # weeks against weeks, of which there is no level
        return min(finding.start, finding.at - COMPARED) <= incident.last_finding_at
    if finding.start > incident.last_finding_at:
        return False
    if incident.wave is not None and not incident.open:
        return True  # the wave tells its story
    days = (finding.at - incident.last_finding_at) / DAY
    since = standing.level - remembered(incident, "seen") - standing.daily * days
    sign = -1 if finding.direction == "down" else 1
    return sign * since < 0.5 * sign * (finding.change - finding.expected)


def is_other_side(verdict: Verdict, incident: Incident) -> bool:
    """Whether a finding shows `incident` being taken back rather than something new."""
    finding = verdict.finding
    if incident.closed_as in ("glitch", "corrected") and incident.resolved_at is not None:
        recent = finding.at - incident.resolved_at <= JOIN
        return recent and finding.start <= incident.resolved_at
    opposite = {finding.direction, incident.direction} == {"up", "down"}
    if not incident.open or not opposite or incident.metric != "followers":
        return False
    # what went on for days before is no counter's error: a loss from it is told with it
    soon = finding.start - incident.opened_at <= RETURN
    later = finding.start >= incident.last_finding_at
    return soon and later and abs(finding.change - finding.expected) <= abs(excess(incident))


def lost_share(incident: Incident, standing: Standing) -> float | None:
    """Share of a surge's gain that has left again; None where more has left than came."""
    lost = remembered(incident, "peak") - standing.level
    if not incident.change > 0 or not lost <= incident.change + 3 * standing.spread:
        return None
    return max(lost, 0.0) / incident.change
