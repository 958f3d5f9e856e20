"""The life of incidents: what one judged time does to each of them, and why.

For each account and metric, in this order: what the readings undo (corrected, returned), then
the findings (opened, updated, absorbed), then silence (confirmed, calm, held, closed).
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from checks.incident.rules import (
    from_lists,
    goes_on,
    has_flapped,
    has_returned,
    is_back,
    is_confirmed,
    is_corrected,
    is_other_side,
    is_slow,
    lost_share,
    remembered,
    retells,
    stands_out,
    still_moves,
)
from checks.incident.transitions import (
    calmer,
    changed,
    ended,
    gone_on,
    grown,
    opened,
    retold,
    stepped,
    undone,
    worse,
)
from checks.incident.wave import ebb, same_waves, shared_name
from checks.model import DAY, UNEXPLAINED, Cause, Decision, Incident, Judgement, Verdict
from checks.reasons import reason

CALM_DAYS, CALM_DAYS_OF_A_LEAK = 3, 7
"""Judged days without a finding after which an incident is over. Sums over weeks come and go
around their limit while the loss goes on."""

SILENCE = 14 * DAY
"""Seconds without a reading after which an open incident closes as no_more_data."""

REMEMBERED = 77 * DAY
"""How long a closed incident is still known: a sum over up to ten weeks, the longest there is,
that holds its move is no news."""
HISTORY = 7 * DAY
"""A batch in a list that ended so long ago is recorded as over: the default of `news`."""

AFTERMATH = 14 * DAY
"""Seconds after a mass follow in which those who leave are told there and not as a loss."""

REVISION = 7 * DAY
"""Seconds from its start in which later evidence may still change what an incident is
called."""

_UNDONE = 0.97
"""Chance of a glitch once the level is back: something may have come and gone by itself."""

_NEAR = 1.0
"""Log ratio of two counts that are one account's."""

DECISIONS: Mapping[str, str] = {
    "first_finding": "Nothing was open for this account, metric and direction.",
    "new_episode": "The last finding is more than three days old.",
    "far_more_surprising": "It is far more surprising than the incident it falls into.",
    "contradicts": "It takes back what an older incident reported.",
    "still_there": "The finding goes on.",
    "severity_rose": "It has become more severe.",
    "evidence_changed": "Later evidence explains it differently.",
    "confirmed": "It is still there after the next day or two.",
    "lost_after_gain": "The loss belongs to the surge before it.",
    "calm": "Three judged days (of a slow loss seven) passed without a finding.",
    "returned": "The level is back where it was expected, within 48 hours.",
    "corrected": "The source corrected the reading that showed it.",
    "history": "It was over long before the list that shows it.",
    "no_more_data": "Nothing was read for 14 days.",
    "overtaken": "A newer incident took its place.",
    "no_data": "Nothing new was read, so it is neither calm nor worse.",
    "waiting": "Nothing that a reader sees has changed.",
}

LIST_CHECKS = frozenset(
    {"list_burst", "list_created", "list_lockstep", "list_gone", "list_left", "list_swaps"}
)
"""What findings of follower lists are called."""

_MEASURED = frozenset({"moved", "moved_percent", "hidden_by_growth", "hidden_by_gains", "gap"})
"""Reasons that say what counts measured, not why."""

_SAID = ("kind", "confidence", "causes", "advice")
"""What evidence says of an incident's cause."""

Action = Literal["open", "update", "escalate", "resolve", "hold"]
Series = tuple[str, str]


def decide(incidents: Sequence[Incident], judgement: Judgement, now: int) -> list[Decision]:
    """What `judgement` does to each incident, with a reason that DECISIONS names.

    `incidents` are the open ones and those closed within REMEMBERED. Every open
    incident gets exactly one decision, a closed one at most one.
    """
    known: dict[Series, list[Incident]] = {}
    for incident in sorted(incidents, key=lambda each: each.opened_at):
        known.setdefault((incident.account, incident.metric), []).append(incident)
    fresh: dict[Series, list[Verdict]] = {}
    for verdict in judgement.verdicts:
        finding = verdict.finding
        fresh.setdefault((finding.account, finding.metric), []).append(verdict)
    waves = {each.wave for each in incidents if each.wave is not None}
    same = same_waves(judgement.verdicts, known)
    stirring = [each for each in incidents if not _rests(each, judgement, now)]
    judgement.view.gather(stirring)
    decisions: list[Decision] = []
    for series in sorted(fresh.keys() | {(each.account, each.metric) for each in stirring}):
        book = _Book(series, known.get(series, ()), judgement, now, (waves, same))
        decisions += book.settle(fresh.get(series, ()))
    return ebb(decisions, now)


def _rests(incident: Incident, judgement: Judgement, now: int) -> bool:
    """Whether a closed incident cannot change any more without a new finding."""
    if incident.resolved_at is None:
        return False
    if now - incident.resolved_at > SILENCE:
        return True
    late = incident.closed_as != "calm" or now - incident.opened_at > REVISION
    flap = judgement.view.flapped(incident.account)
    stays = not is_corrected(incident, judgement.view) and not has_flapped(incident, flap, now)
    return late and (stays or incident.closed_as == "glitch")


def _chance(causes: Sequence[Cause]) -> float:
    return causes[0].chance if causes else 0.0


class _Book:
    """The incidents of one account and metric while one judged time is worked through."""

    def __init__(
        self,
        series: Series,
        incidents: Iterable[Incident],
        judgement: Judgement,
        now: int,
        waves: tuple[set[str], Mapping[str, str]],
    ) -> None:
        self.standing = judgement.view.standing(*series)
        self.incidents = {each.key: each for each in incidents}
        self.view = judgement.view
        self.now = now
        self.waves, self.same_waves = waves
        self.decisions: dict[tuple[str, str, str, int], Decision] = {}

    def settle(self, verdicts: Iterable[Verdict]) -> list[Decision]:
        for incident in list(self.incidents.values()):
            self._undo(incident)
        for verdict in sorted(verdicts, key=lambda each: -abs(each.finding.score)):
            self._place(verdict)
        for incident in list(self.incidents.values()):
            if incident.key not in self.decisions:
                self._let_be(incident)
        return list(self.decisions.values())

    def _long_over(self, incident: Incident) -> bool:
        """Whether nothing but a sum over weeks can still speak of it."""
        over = incident.resolved_at
        return over is not None and self.now - over > SILENCE

    def _undo(self, incident: Incident) -> None:
        """Ends what the newest readings take back."""
        if incident.closed_as in ("glitch", "corrected") or self._long_over(incident):
            return
        if is_corrected(incident, self.view):
            self._close(
                undone(incident, reason("corrected"), _UNDONE), "corrected", "corrected"
            )
            return
        flap = self.view.flapped(incident.account)
        if has_flapped(incident, flap, self.now):
            said = reason("counter_flaps", size=round(flap))
            self._close(undone(incident, said, _UNDONE), "returned", "glitch")
            return
        standing = self.standing
        hours = has_returned(incident, standing) if incident.open and standing else None
        if hours is not None:
            said = reason("came_back", hours=max(1, round(hours)))
            self._close(undone(incident, said, _UNDONE), "returned", "glitch")

    # --- findings -----------------------------------------------------------------------

    def _place(self, verdict: Verdict) -> None:
        """Gives one finding to the incident it belongs to, or opens one."""
        finding = verdict.finding
        if finding.check in LIST_CHECKS:
            self._listed(verdict)
            return
        for incident in self.incidents.values():
            if is_other_side(verdict, incident):
                return
            if retells(verdict, incident, self.standing):
                return
        if finding.direction == "down" and self._leavers(verdict):
            return
        own = [each for each in self.incidents.values() if each.direction == finding.direction]
        last = max(own, key=lambda each: each.last_finding_at, default=None)
        if last is None or not last.open:
            older = self._taken_back(verdict)
            fresh = "first_finding" if last is None else "new_episode"
            self._open(verdict, fresh if older is None else "contradicts", older)
        elif not goes_on(verdict, last):
            self._close(last, "overtaken", "overtaken")
            self._open(verdict, "new_episode")
        elif stands_out(verdict, last):
            self._close(last, "overtaken", "overtaken")
            self._open(verdict, "far_more_surprising", last.opened_at)
        elif last.key not in self.decisions:
            self._update(last, verdict)

    def _listed(self, verdict: Verdict) -> None:
        """Evidence of follower lists: it revises what counts have said of the same days, opens
        what they could not show, and is over at once where it is history."""
        finding = verdict.finding
        if finding.direction == "down" and self._batch_left(verdict):
            return
        touching = [
            each
            for each in self.incidents.values()
            if each.direction == finding.direction
            and each.opened_at <= finding.at + DAY
            and each.last_finding_at >= (finding.earliest or finding.start) - DAY
            and each.closed_as not in ("glitch", "corrected")
        ]
        last = max(touching, key=lambda each: each.last_finding_at, default=None)
        if last is not None and (last.open or self.now - last.opened_at <= REVISION):
            self._revise(last, verdict)
            return
        if last is not None and last.kind == verdict.kind:
            return
        fresh = self._open(
            verdict,
            "first_finding" if last is None else "contradicts",
            None if last is None else last.opened_at,
        )
        if self.now - finding.at > HISTORY:
            over = finding.at + CALM_DAYS * DAY
            self._log("resolve", ended(fresh, over, "calm"), "history")

    def _revise(self, incident: Incident, verdict: Verdict) -> None:
        """Takes over what lists say; what counts measured stays beside it."""
        codes = {each.code for each in verdict.reasons}
        measured = tuple(each for each in incident.reasons if each.code in _MEASURED - codes)
        self._log(
            "update",
            changed(incident, memory={**incident.memory, "lists": 1}),
            "evidence_changed",
            kind=verdict.kind,
            confidence=max(verdict.confidence, incident.confidence)
            if verdict.kind == incident.kind
            else verdict.confidence,
            causes=verdict.causes,
            severity=worse(incident.severity, verdict.severity),
            reasons=(*verdict.reasons, *measured),
            advice=verdict.advice,
            alerted_at=incident.alerted_at or self.now,
        )

    def _batch_left(self, verdict: Verdict) -> bool:
        """Whether a batch that left is that of a recent mass follow, which then tells it."""
        gone = next((each for each in verdict.reasons if each.code == "batch_gone"), None)
        if gone is None:
            return False
        start, stop = float(gone.values["start"]), float(gone.values["stop"])
        for incident in self.incidents.values():
            recent = verdict.finding.at - incident.last_finding_at <= AFTERMATH
            same = incident.opened_at - DAY <= stop and start <= incident.last_finding_at
            if incident.kind == "mass_follow" and recent and same:
                others = tuple(each for each in incident.reasons if each.code != gone.code)
                told = changed(incident, reasons=(gone, *others))
                self._log("update", told, "lost_after_gain")
                return True
        return False

    def _leavers(self, verdict: Verdict) -> bool:
        """A loss after a mass follow is noted there, up to the size of the gain."""
        for incident in list(self.incidents.values()):
            standing = self.standing
            if incident.kind != "mass_follow" or incident.direction != "up" or not standing:
                continue
            if incident.alerted_at is None:
                continue  # nobody was told of it: the loss is the first news
            if verdict.finding.at - incident.last_finding_at > AFTERMATH:
                continue
            share = lost_share(incident, standing)
            if share is not None:
                said = reason("lost_after_gain", percent=round(100 * share))
                others = tuple(each for each in incident.reasons if each.code != said.code)
                self._log("update", changed(incident, reasons=(*others, said)), said.code)
                return True
        return False

    def _taken_back(self, verdict: Verdict) -> int | None:
        """`opened_at` of a settled incident whose whole move this finding reverses."""
        finding = verdict.finding
        for incident in self.incidents.values():
            if {finding.direction, incident.direction} != {"up", "down"} or incident.open:
                continue
            if self._long_over(incident):
                continue
            standing = self.standing
            days = (self.now - incident.last_finding_at) / DAY
            if standing and is_back(incident, standing.level, standing, days):
                return incident.opened_at
        return None

    def _open(self, verdict: Verdict, why: str, older: int | None = None) -> Incident:
        incident = opened(
            verdict,
            self.view,
            self.standing,
            self.now,
            wave=self._wave(verdict),
            older=older,
        )
        # an estimated onset must not reach back into an incident that is already over
        if any(
            each.direction == incident.direction and each.last_finding_at >= incident.opened_at
            for each in self.incidents.values()
        ):
            incident = changed(incident, opened_at=verdict.finding.at)
        return self._log("open", incident, why)

    def _update(self, incident: Incident, verdict: Verdict) -> None:
        wave = incident.wave or self._wave(verdict)
        longer = grown(incident, verdict, self.standing, self.now, wave)
        if from_lists(incident):
            self._hear(longer, incident, "still_there", None)
            return
        heard = self.view.explain(longer)
        if heard is None:  # the finding speaks of its own days, the incident of all
            heard = replace(verdict, reasons=retold(longer, verdict.reasons, self.standing))
            if incident.wave is not None:  # its peers have said what it was
                heard = replace(heard, **{name: getattr(incident, name) for name in _SAID})
        self._hear(longer, incident, "still_there", heard)

    def _wave(self, verdict: Verdict) -> str | None:
        name = self.same_waves.get(verdict.wave or "", verdict.wave)
        return shared_name(name, self.waves)

    # --- silence ------------------------------------------------------------------------

    def _let_be(self, incident: Incident) -> None:
        """A judged time without a finding for this incident."""
        standing = self.standing
        if not incident.open:
            if incident.closed_as == "calm" and self.now - incident.opened_at <= REVISION:
                verdict = self.view.explain(incident)
                if verdict is not None and verdict.kind != incident.kind:
                    self._hear(incident, incident, "evidence_changed", verdict)
        elif self._changed_hands(incident):
            self._close(changed(incident, state="confirmed"), "confirmed", "calm")
        elif not from_lists(incident) and (standing is None or not standing.judged):
            if self.now - remembered(incident, "judged_at") >= SILENCE:
                self._close(incident, "no_more_data", "no_more_data")
            else:
                self._log("hold", incident, "no_data")
        elif not from_lists(incident) and still_moves(incident, standing, self.now):
            longer = gone_on(incident, standing, self.now)
            heard = self.view.explain(longer)
            if heard is None:
                said = retold(longer, longer.reasons, standing)
                longer = changed(longer, reasons=said)
            self._hear(longer, incident, "still_there", heard)
        else:
            quiet = calmer(incident, standing, self.now)
            enough = CALM_DAYS_OF_A_LEAK if is_slow(incident) else CALM_DAYS
            if quiet.calm_days >= enough:
                self._close(quiet, "calm", "calm")
            else:
                self._hear(quiet, incident, "waiting", self.view.explain(quiet))

    def _changed_hands(self, incident: Incident) -> bool:
        """Whether a newer reading bears out that another account is behind the handle."""
        standing = self.standing
        if incident.kind != "identity_change" or standing is None:
            return False
        seen = remembered(incident, "seen")
        return (
            standing.read_at > remembered(incident, "seen_at")
            and standing.level > 0
            and abs(math.log(standing.level / max(seen, 1.0))) < _NEAR
        )

    # --- what follows -------------------------------------------------------------------

    def _hear(
        self, incident: Incident, before: Incident, why: str, verdict: Verdict | None
    ) -> None:
        """Takes over what the evidence says now; a severity is never lowered."""
        standing = self.standing
        news: dict[str, Any] = {}
        still = incident.state == "suspected" and standing is not None
        if still and standing and is_confirmed(incident, verdict, standing):
            news["state"] = "confirmed"
            why = "confirmed" if why == "waiting" else why
        if verdict is not None and self._changes(incident, verdict, why):
            news |= {
                "kind": verdict.kind,
                "confidence": verdict.confidence,
                "causes": verdict.causes,
                "severity": worse(incident.severity, verdict.severity),
                "reasons": verdict.reasons,
                "advice": verdict.advice,
                "wave": incident.wave or self._wave(verdict),
            }
            if verdict.kind != before.kind and verdict.kind in UNEXPLAINED:
                news["state"] = "suspected"
            new = verdict.kind != before.kind or why == "waiting"
            why = "evidence_changed" if new else why
        if news.get("severity", incident.severity) != before.severity:
            self._log("escalate", incident, "severity_rose", **news)
        else:
            self._log("hold" if why == "waiting" else "update", incident, why, **news)

    def _changes(self, incident: Incident, verdict: Verdict, why: str) -> bool:
        """Whether a reader should be told; a small shift in confidence alone is no news."""
        if not incident.open and self.now - incident.opened_at > REVISION:
            return False
        if why != "waiting" or verdict.kind != incident.kind:
            return True
        sure = abs(_chance(verdict.causes) - _chance(incident.causes)) >= 0.05
        return sure or worse(incident.severity, verdict.severity) != incident.severity

    def _close(self, incident: Incident, why: str, closed_as: str) -> None:
        self._log("resolve", ended(incident, self.now, closed_as), why)

    def _log(self, action: Action, incident: Incident, why: str, **news: Any) -> Incident:
        """Records the decision, and the step in the incident's own list where one was made."""
        if action == "hold":
            incident = changed(incident, **news)
        else:
            incident = stepped(incident, self.now, **news)
        self.incidents[incident.key] = incident
        self.decisions[incident.key] = Decision(action=action, incident=incident, reason=why)
        return incident
