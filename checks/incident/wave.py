"""What incidents of one wave share: its name, and its end where the counts come back."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from checks.detectors.table import WAVE_MEMBER
from checks.incident.rules import JOIN, found_by
from checks.incident.transitions import ended, stepped, undone
from checks.model import DAY, Decision, Incident, Verdict
from checks.reasons import reason

_GOES_ON = 7 * DAY
"""How long after an account's last move in a wave its next one is the same wave: a purge comes
again after nine days, and is another."""

_LEAST = 3
"""Members of a wave that must be back before it is over."""

_MOST = 2 / 3
"""Share of its members that must be back."""


def wave_name(group: str, direction: int, at: int) -> str:
    """The name of a fall (-1) or rise of `group` that began on the day that ends at `at`."""
    return f"{group}|{'up' if direction > 0 else 'down'}|{at}"


def shared_name(name: str | None, known: set[str]) -> str | None:
    """One name for one wave, however many hours apart its members are judged.

    A wave of the same group that began within three days is the same; otherwise `name`
    joins the `known` ones.
    """
    if name is None:
        return None
    for other in sorted(known):
        apart = int(name.rpartition("|")[2]) - int(other.rpartition("|")[2])
        if _group(other) == _group(name) and abs(apart) <= JOIN:
            return other
    known.add(name)
    return name


def same_waves(
    verdicts: Sequence[Verdict], known: Mapping[tuple[str, str], Sequence[Incident]]
) -> dict[str, str]:
    """The names of waves that go on: what a group moved in before, one of its accounts says."""
    found: dict[str, str] = {}
    for verdict in verdicts:
        finding, wave = verdict.finding, verdict.wave
        for each in known.get((finding.account, finding.metric), ()) if wave else ():
            before = each.wave if each.closed_as != "glitch" else None
            recent = finding.start - each.last_finding_at <= _GOES_ON
            if wave and before and recent and _group(before) == _group(wave):
                found[wave] = before
    return found


def _group(wave: str) -> str:
    """Whose wave it is, and which way it goes."""
    return wave.rpartition("|")[0]


def ebb(decisions: Sequence[Decision], now: int) -> list[Decision]:
    """Ends a wave that has gone back: members that only the wave showed go with the rest.

    Two thirds of the members that were told of, and at least three, must be back.
    """
    members: dict[str, list[Decision]] = {}
    for each in decisions:
        told = each.incident.alerted_at is not None and each.action != "open"
        if each.incident.wave is not None and told:
            members.setdefault(each.incident.wave, []).append(each)
    gone = {wave for wave, some in members.items() if _is_gone(some)}
    return [_gone_back(each, now) if _follows(each, gone) else each for each in decisions]


def _is_gone(members: Sequence[Decision]) -> bool:
    back = sum(each.reason == "returned" for each in members)
    return back >= _LEAST and back >= _MOST * len(members)


def _follows(decision: Decision, gone: set[str]) -> bool:
    incident = decision.incident
    by_wave = found_by(incident) is WAVE_MEMBER
    return by_wave and incident.open and decision.action != "open" and incident.wave in gone


def _gone_back(decision: Decision, now: int) -> Decision:
    incident = undone(decision.incident, reason("wave_came_back"), 0.9)
    # the wave's end takes the place of whatever else this time would have told
    told = tuple(each for each in incident.updates if each.at < now)
    incident = ended(replace(incident, updates=told), now, "glitch")
    return Decision(action="resolve", incident=stepped(incident, now), reason="returned")
