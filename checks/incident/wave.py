"""What incidents of one wave share: its name, and its end where the counts come back."""

from collections.abc import Sequence
from dataclasses import replace

from checks.detectors.table import WAVE_MEMBER
from checks.incident.rules import JOIN, found_by
from checks.incident.transitions import ended, stepped, undone
from checks.model import Decision
from checks.reasons import reason

_LEAST = 3
_MOST = 2 / 3


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
    group, _, start = name.rpartition("|")
    for other in sorted(known):
        same, _, began = other.rpartition("|")
        if same == group and abs(int(start) - int(began)) <= JOIN:
            return other
    known.add(name)
    return name


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
