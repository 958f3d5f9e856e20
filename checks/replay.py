"""Many days at once, exactly as the service would have lived through them one by one."""

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from checks.incident.day import EmptyDayContext
from checks.incident.decide import REMEMBERED, decide
from checks.judge import judgements
from checks.lists.verdicts import Told
from checks.model import Decision, Event, Incident, Judgement, Rules
from checks.panel.panel import Ints, Panel

Key = tuple[str, str, str, int]


def replay(
    panel: Panel,
    rules: Rules,
    *,
    columns: Ints | None = None,
    events: Sequence[Event] = (),
    floors: Mapping[str, float] | None = None,
) -> Iterator[tuple[int, list[Decision]]]:
    """Judges the columns in time order, carrying incidents along: (judged time, decisions)."""
    days = judgements(panel, rules, columns=columns, events=events, floors=floors)
    return carry(days)


def replay_panels(
    panels: Sequence[Panel],
    rules: Rules,
    *,
    columns: Ints | None = None,
    events: Sequence[Event] = (),
    floors: Mapping[str, float] | None = None,
    listed: Sequence[Told] = (),
) -> Iterator[tuple[int, list[Decision]]]:
    """The same for several looks a day: one panel per time of day, over the same days.

    `rules` are those of `rules_for(..., looks=len(panels))`: looks share the error budget.
    `listed` is what follower lists show, and when.
    """
    looks = [
        judgements(panel, rules, columns=columns, events=events, floors=floors)
        for panel in panels
    ]
    return carry(with_lists(heapq.merge(*looks, key=lambda look: look[0]), listed))


def with_lists(
    days: Iterable[tuple[int, Judgement]], listed: Sequence[Told]
) -> Iterator[tuple[int, Judgement]]:
    """The judged times with what lists show by then; what comes after the last has its own."""
    waiting = sorted(listed, key=lambda each: each.at)
    for at, judgement in days:
        now = [each.verdict for each in waiting if each.at <= at]
        waiting = [each for each in waiting if each.at > at]
        if now:
            judgement = replace(judgement, verdicts=(*judgement.verdicts, *now))
        yield at, judgement
    for at in sorted({each.at for each in waiting}):
        found = tuple(each.verdict for each in waiting if each.at == at)
        empty = EmptyDayContext()
        yield at, Judgement(at=at, verdicts=found, notices=(), early={}, view=empty)


def incidents_of(decisions: Iterable[tuple[int, Sequence[Decision]]]) -> list[Incident]:
    """Every incident in its final form, in the order of its opening."""
    last: dict[Key, Incident] = {}
    for _, made in decisions:
        last.update((each.incident.key, each.incident) for each in made)
    return sorted(last.values(), key=lambda each: (each.opened_at, each.key))


def carry(
    days: Iterable[tuple[int, Judgement]], alive: dict[Key, Incident] | None = None
) -> Iterator[tuple[int, list[Decision]]]:
    """Decides the days in time order; `alive` holds, and keeps, the incidents that later days
    may touch."""
    alive = {} if alive is None else alive
    for at, judgement in days:
        made = decide(list(alive.values()), judgement, at)
        alive.update((each.incident.key, each.incident) for each in made)
        for key, each in list(alive.items()):
            if each.resolved_at is not None and at - each.resolved_at > REMEMBERED:
                del alive[key]
        yield at, made
