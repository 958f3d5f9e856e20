"""Spans of seconds to four weeks in which far more came than a list's own rhythm.

A list holds survivors only, so every count here is of those who still follow.
"""

import numpy as np

from checks.lists.hours import Hours, Stretch, hours_of, stretches
from checks.lists.joins import Burst, Ints, join_days
from checks.lists.lists import Times
from checks.lists.short import FEWEST, short_bursts
from checks.lists.spans import Days, Span, noise_of, strongest
from checks.model import DAY

SMALLEST = 0.004
"""Share of the list that a burst of a day or more holds; 1 % within a day is to be found."""

_MOST = 12
"""Bursts of a list at most: more are its own rhythm."""


def bursts(
    since: Times, *, at: int, timezone: str = "UTC", smallest: float = SMALLEST
) -> tuple[Burst, ...]:
    """Spans in which far more came than the list's own rhythm before (and after) them.

    `since` (names,) in any order, 0 where unknown; `at` is the list's own time. A span of days
    is compared with the eight weeks before it, weekday by weekday, and with what follows it: a
    rhythm that stays raised is growth. `smallest` is the least share of the list. At most
    twelve, by their start.
    """
    times = np.sort(since)
    joins = join_days(times, at=at, timezone=timezone)
    if not len(joins.counts):
        return ()
    times = times[(times > 0) & (times <= joins.ends[-1])]
    days, found = Days.of(joins, times), []
    hours = hours_of(times, days)
    least = max(FEWEST, smallest * len(since))
    for _ in range(_MOST):
        span = strongest(days, least)
        if span is None:
            break
        found.append(_burst(times, joins.ends, span, len(since)))
        days.forget(span)
    if hours is not None:
        noise = noise_of(days.counts[28:], days.usual()[28:])
        found += _of_hours(times, hours, stretches(hours, least, noise), found, len(since))
    found += short_bursts(times, found, len(since), smallest)
    return tuple(_touching(sorted(found, key=lambda one: one.start))[:_MOST])


def _touching(found: list[Burst]) -> list[Burst]:
    """Bursts less than half a day apart are one: a batch may come on some days more than on
    others."""
    joined: list[Burst] = []
    for one in found:
        if joined and one.start - joined[-1].stop < DAY // 2 and one.stop > joined[-1].stop:
            last = joined.pop()
            one = Burst(
                start=last.start,
                stop=one.stop,
                joined=last.joined + one.joined,
                usual=round(last.usual + one.usual, 1),
                share=last.share + one.share,
                score=round(float(np.hypot(last.score, one.score)), 1),
                awake=last.awake or one.awake,
            )
        joined.append(one)
    return joined


def _burst(times: Times, ends: Ints, span: Span, names: int) -> Burst:
    opened = int(ends[span.first - 1]) if span.first else int(ends[0]) - DAY
    left, right = np.searchsorted(times, [opened, ends[span.last]], side="right")
    inside, usual = times[left:right], span.usual
    start, stop, joined = int(inside[0]), int(inside[-1]), int(right - left)
    days = span.last - span.first + 1
    if days <= 2:  # a batch of a day lies in two
        start, stop, usual = _tight(inside, usual, days)
        joined = int(np.count_nonzero((inside >= start) & (inside <= stop)))
    return Burst(
        start=start,
        stop=stop,
        joined=joined,
        usual=round(usual, 1),
        share=max(0.0, joined - usual) / names,
        score=round(span.score, 1),
        awake=span.awake,
    )


def _of_hours(
    times: Times, hours: Hours, some: list[Stretch], told: list[Burst], names: int
) -> list[Burst]:
    """Those of the stretches that no burst of days tells."""
    found = []
    for one in some:
        opened, closed = int(hours.starts[one.first]), int(hours.starts[one.stop])
        least, most = opened - DAY // 2, closed + DAY // 2
        if any(each.start < most and each.stop > least for each in told):
            continue
        reach = [
            hours.starts[max(one.first - 1, 0)],
            hours.starts[one.stop + 1],
        ]  # slots cut a batch's ends
        inside = times[slice(*np.searchsorted(times, reach))]
        start, stop, _ = _tight(
            inside, one.usual * (one.stop - one.first + 2) / (one.stop - one.first)
        )
        joined = int(np.count_nonzero((inside >= start) & (inside <= stop)))
        usual = one.usual * (stop - start + 1) / (closed - opened)
        found.append(
            Burst(
                start=start,
                stop=stop,
                joined=joined,
                usual=round(usual, 1),
                share=max(0.0, joined - usual) / names,
                score=round(one.digits, 1),
            )
        )
    return found


def _tight(inside: Times, usual: float, days: int = 1) -> tuple[int, int, float]:
    """The shortest span of so many days that holds nine tenths of what is more than usual."""
    wanted = max(2, int(0.9 * (len(inside) - usual)))
    if wanted >= len(inside):
        return int(inside[0]), int(inside[-1]), usual
    lengths = inside[wanted - 1 :] - inside[: len(inside) - wanted + 1]
    place = int(lengths.argmin())
    if lengths[place] > days * DAY // 2:
        return int(inside[0]), int(inside[-1]), usual
    start, stop = int(inside[place]), int(inside[place + wanted - 1])
    room = max(60, (stop - start) // 6)  # the tenth left out may lie on one side
    near = inside[(inside >= start - room) & (inside <= stop + room)]
    start, stop = int(near[0]), int(near[-1])
    return start, stop, usual * (stop - start + 1) / (days * DAY)
