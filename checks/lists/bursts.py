"""Spans of seconds to four weeks in which far more came than a list's own rhythm.

A list holds survivors only, so every count here is of those who still follow.
"""

import numpy as np

from checks.lists.days import Days
from checks.lists.joins import Burst, Floats, Ints, join_days
from checks.lists.lists import Times
from checks.lists.short import FEWEST, short_bursts
from checks.lists.spans import Span, strongest
from checks.model import DAY

SMALLEST = 0.004
"""Share of the list that a burst of a day or more holds; 1 % within a day is to be found."""

_MOST = 12
"""Bursts of a list at most: more are its own rhythm."""

_NEAR = 3
"""Mean distances of those inside a span within which the next one still belongs to it: of
twenty who come at random one is further off."""

_AWAKE, _AROUND = 3.0, 3
"""Log odds from which a span's hours are a flat day's and not the list's own (twenty to one),
and days from which that is worth a word: a batch of an evening has hours of its own."""


def bursts(
    since: Times, *, at: int, timezone: str = "UTC", smallest: float = SMALLEST
) -> tuple[Burst, ...]:
    """Spans in which far more came than the list's own rhythm before and after them.

    `since` (names,) in any order, 0 where unknown; `at` is the list's own time. A span of part
    of a day to four weeks is weighed against what the weeks around it bring, weekday by
    weekday: a rhythm that stays raised is growth. `smallest` is the least share of the list.
    At most twelve, by their start.
    """
    times = np.sort(since)
    joins = join_days(times, at=at, timezone=timezone)
    if not len(joins.counts):
        return ()
    times = times[(times > 0) & (times <= joins.ends[-1])]
    days, found = Days.of(joins, times), []
    least = max(FEWEST, smallest * len(since))
    for _ in range(_MOST):
        usual = days.usual()
        span = strongest(days, usual, least)
        if span is None:
            break
        found.append(_burst(times, joins.ends, span, _scatter(days.counts, usual), len(since)))
        days.forget(span.first, span.last, usual)
    found += short_bursts(times, found, len(since), smallest)
    return tuple(_touching(sorted(found, key=lambda one: one.start))[:_MOST])


def _scatter(counts: Floats, usual: Floats) -> float:
    """The usual distance of a day from what is usual, as a share of it."""
    known = ~np.isnan(usual)
    return 1.4826 * float(np.median(np.abs(counts[known] / usual[known] - 1)))


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


def _burst(times: Times, ends: Ints, span: Span, scatter: float, names: int) -> Burst:
    opened = int(ends[span.first - 1]) if span.first else int(ends[0]) - DAY
    left, right = np.searchsorted(times, [opened, ends[span.last]], side="right")
    inside, usual = times[left:right], span.usual
    start, stop, joined = int(inside[0]), int(inside[-1]), int(right - left)
    days = span.last - span.first + 1
    spread = np.sqrt(usual + (scatter * usual) ** 2 / days + 1.0)
    score = (joined - usual) / spread
    if days <= 2:  # a batch of a day lies in two
        start, stop, usual = _tight(inside, usual, days)
        joined = int(np.count_nonzero((inside >= start) & (inside <= stop)))
    return Burst(
        start=start,
        stop=stop,
        joined=joined,
        usual=round(usual, 1),
        share=max(0.0, joined - usual) / names,
        score=round(float(score), 1),
        awake=days >= _AROUND and span.hours >= _AWAKE,
    )


def _tight(inside: Times, usual: float, days: int = 1) -> tuple[int, int, float]:
    """The shortest span of so many days that holds nine tenths of what is more than usual, and
    whoever came to either side of it as closely as inside."""
    wanted = max(2, int(0.9 * (len(inside) - usual)))
    if wanted >= len(inside):
        return int(inside[0]), int(inside[-1]), usual
    lengths = inside[wanted - 1 :] - inside[: len(inside) - wanted + 1]
    first = int(lengths.argmin())
    if lengths[first] > days * DAY // 2:
        return int(inside[0]), int(inside[-1]), usual
    last = first + wanted - 1
    near = max(60, _NEAR * (int(inside[last]) - int(inside[first])) // (wanted - 1))
    while first > 0 and inside[first] - inside[first - 1] <= near:
        first -= 1
    while last + 1 < len(inside) and inside[last + 1] - inside[last] <= near:
        last += 1
    start, stop = int(inside[first]), int(inside[last])
    return start, stop, usual * (stop - start + 1) / (days * DAY)
