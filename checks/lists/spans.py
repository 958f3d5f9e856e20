"""The span of a list, of part of a day to four weeks, that most looks like a batch.

A batch adds followers evenly around the clock from one moment to another; ordinary life
(`checks/lists/rhythm.py`) brings them in its own hours, rises with posts and fades. How much
likelier a batch makes what came is a Bayes factor, here averaged over where it may begin and
end, and how large it is: in a list that holds none its expected value is 1, however many spans
it is taken over (Vovk and Wang, "E-values", Ann. Statist. 49, 2021). How high clean lists come
is counted, see LIMIT.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from checks.lists.days import PARTS, Days
from checks.lists.joins import Floats, Ints
from checks.lists.rhythm import RATES, Rhythm, likelihoods, ordinary, rhythm_of

Bools = npt.NDArray[np.bool_]

LONGEST = 28
"""Days of a span at most."""

LIMIT = -0.8
"""Log of the mean from which a span is a batch. Of 320 clean lists of up to 100,000
(tests/bench/audiences.py, seeds below 1000) two reach it; at -2 nine do, at 1 three more of a
hundred batches of 1 % in lists of a few thousand are lost."""

_STEP = 3.0
"""Sizes that are looked for lie so many times apart."""

_BUSY = 30.0
"""Follows of a usual day from which counts are scaled down: what scatters then are days, not
follows, and rates may lie a third apart."""

_AFTER = 2
"""Days after a span that say whether it fades, as a post would."""

_DRIFT, _LEVELS = 0.1, (1.0, 1.1, 1.2, 1.3, 1.4)
"""Spread of a level that drifts for weeks, as a share of it (2 % a day, as those of
tests/bench/audiences.py do), and levels that it may have. Without it posts that lie close make
a batch of two weeks in one clean list of a hundred."""

_CHUNK = 256
"""Days worked out together: what stays in the cache. Speed alone depends on it."""

_TIMES = 1.25
"""A span holds at least so many times what is usual: a growing account is no batch."""

_PART = 0.5
"""Share of the least size that what came beyond the usual must reach on whole days."""


@dataclass(frozen=True, slots=True)
class Span:
    """Days from `first` to `last`, what is `usual` in them, and how much likelier the hours of
    those who came make a batch (`hours`, a log)."""

    first: int
    last: int
    usual: float
    hours: float


class _Part(NamedTuple):
    """How likely days are where a batch covers all or a part of them: `likely` (days, sizes,
    heights) times exp(`log`) (days, sizes)."""

    likely: Floats
    log: Floats


def strongest(days: Days, usual: Floats, least: float) -> Span | None:
    """The span that is likeliest a batch of `least` followers or more, where `usual` (days,)
    come, NaN unknown; None where a list without any would show it as well."""
    known = np.flatnonzero(~np.isnan(usual))
    if not len(known):
        return None
    start = int(known[0])
    usual, counts = usual[start:], days.counts[start:]
    allowed = _allowed(counts, usual, _PART * least)
    begins = np.flatnonzero(allowed.any(axis=1))
    if not len(begins):
        return None
    scale = min(1.0, _BUSY / float(np.median(usual)))
    sizes = _sizes(least * scale, len(counts) * float(usual.mean()) * scale)
    logs = likelihoods(counts * scale, usual * scale)
    rhythm = rhythm_of(logs)
    life = _life(counts * scale, usual * scale, rhythm)
    near = np.unique(begins[:, None] + np.arange(LONGEST))
    near = near[near < len(counts)]
    parts = days.parts[start:][near] * scale
    seen = _Seen(near, logs[near], parts, usual[near] * scale, days.long)
    covered = _covered(seen, sizes, rhythm, allowed[near, 0])
    found = _factors(life, covered, rhythm.turns, begins) + np.log(_prior(sizes, least * scale))
    whole = np.full(allowed.shape, -np.inf)
    whole[begins] = np.where(allowed[begins], np.logaddexp.reduce(found, axis=2), -np.inf)
    held = whole - _drifted(life.seen)
    evidence = float(np.logaddexp.reduce(held, axis=None)) - float(np.log(len(counts)))
    if evidence < LIMIT:
        return None
    first, last = _place(whole, held)
    inside = slice(first, last + 1)
    due, came = float(usual[inside].sum()), days.parts[start:][inside].sum(axis=0)
    hours = _hours(came, due, days.long)
    return Span(start + first, start + last, due, hours)


def _place(whole: Floats, held: Floats) -> tuple[int, int]:
    """First and last day of the span that stands out most from a level that drifts, or of the
    one it shares days with that explains the most; both (days, lengths)."""
    first, more = divmod(int(held.argmax()), LONGEST)
    begins = np.arange(len(held))[:, None]
    near = (begins <= first + more) & (begins + np.arange(LONGEST) >= first)
    first, more = divmod(int(np.where(near, whole, -np.inf).argmax()), LONGEST)
    return first, first + more


def _sizes(least: float, names: float) -> Floats:
    """Follows a day of batches of all sizes and lengths, (sizes,)."""
    low, high = least / LONGEST, 24 * max(2 * least, names / 3)
    many = int(np.ceil(np.log(high / low) / np.log(_STEP))) + 1
    sizes: Floats = low * _STEP ** np.arange(many, dtype=np.float64)
    return sizes


def _prior(sizes: Floats, least: float) -> Floats:
    """How likely each length and size is beforehand, (lengths, sizes): short ones rather than
    long ones, none that would be too small."""
    lengths = np.arange(LONGEST)[:, None]
    fits = sizes * (lengths + 0.5) >= least / 2
    chance = fits / (lengths + 2.0)
    prior: Floats = np.maximum(chance / chance.sum(), 1e-300)
    return prior


def _allowed(counts: Floats, usual: Floats, least: float) -> Bools:
    """Where so many more than usual came, and _TIMES as many, by first day and length: (days,
    lengths)."""
    days = np.arange(len(counts))[:, None] + np.arange(LONGEST)
    came, due = _sums(counts), _sums(usual)
    large = (came - due >= least) & (came >= _TIMES * due)
    return np.asarray(large & (days < len(counts)), np.bool_)


class _Life(NamedTuple):
    """Ordinary life: how `likely` each day is at each height, beside the day as it was seen,
    and the heights `ahead` of it, both (days, heights); the log chance of each day as it was
    `seen` at each of _LEVELS of what is usual (days, levels)."""

    likely: Floats
    ahead: Floats
    seen: Floats


def _life(counts: Floats, usual: Floats, rhythm: Rhythm) -> _Life:
    logs = np.stack([likelihoods(counts, usual * level) for level in _LEVELS], axis=1)
    top = logs.max(axis=(1, 2), keepdims=True)
    likely = np.exp(logs - top) @ rhythm.brings.T
    ahead, seen = ordinary(rhythm, likely)
    return _Life(likely[:, 0] / seen[:, :1], ahead, np.log(seen) + top[:, 0])


def _drifted(seen: Floats) -> Floats:
    """How much likelier (logs) each span is where what is usual has drifted upwards, by first
    day and length: (days, lengths); `seen` (days, levels)."""
    gain = np.zeros((len(seen), LONGEST))
    for level, each in zip(_LEVELS[1:], seen[:, 1:].T, strict=True):
        own = _sums(each - seen[:, 0]) - ((level - 1) / _DRIFT) ** 2 / 2
        gain = np.maximum(gain, own)
    return gain


def _sums(values: Floats) -> Floats:
    """Over up to LONGEST days from each day on, as far as there are days: (days, lengths)."""
    total = np.append(0.0, np.cumsum(values))
    first = np.arange(len(values))[:, None]
    stop = np.minimum(first + 1 + np.arange(LONGEST), len(values))
    return np.asarray(total[stop] - total[first], np.float64)


class _Seen(NamedTuple):
    """`logs` (days, rates), `parts` (days, parts) and `usual` (days,) of those days of a list
    that a span may hold, `days` (days,), its parts so `long` (parts,)."""

    days: Ints
    logs: Floats
    parts: Floats
    usual: Floats
    long: Floats


class _Covered(NamedTuple):
    """`days` (days,) that a batch covers wholly, to their end, from their beginning, and
    inside."""

    days: Ints
    whole: _Part
    rest: _Part
    start: _Part
    inside: _Part


def _covered(seen: _Seen, sizes: Floats, rhythm: Rhythm, alone: Bools) -> _Covered:
    """Each way of covering a day, as the mean over the moments it may begin and end at; inside
    those that may hold a span `alone` (days,)."""
    days = len(seen.usual)
    shape = (days, len(sizes), len(RATES))
    whole, rest, start = np.empty(shape), np.empty(shape), np.empty(shape)
    inside = np.full(shape, -np.inf)
    left, right = np.triu_indices(PARTS + 1, 1)
    for begin in range(0, days, _CHUNK):
        some = slice(begin, begin + _CHUNK)
        until, own = _until(seen, sizes, some), seen.logs[some, None]
        dated = len(seen.long) == 1
        whole[some] = own + until[..., -1]
        start[some] = own + _mean(until[..., 1:])
        rest[some] = start[some] if dated else own + _mean(until[..., -1:] - until[..., :-1])
        hot = np.flatnonzero(alone[some])
        for few in np.split(hot, range(16, len(hot), 16)):
            if dated:
                gained = until[few][..., right - left]
            else:
                gained = until[few][..., right] - until[few][..., left]
            inside[begin + few] = own[few] + _mean(gained)
    ways = (_part(each, rhythm) for each in (whole, rest, start, inside))
    return _Covered(seen.days, *ways)


def _until(seen: _Seen, sizes: Floats, some: slice) -> Floats:
    """How much likelier, as logs, a batch up to each moment of a day makes what came: (days,
    sizes, rates, moments). Of dates without hours so large a share of the day."""
    usual = seen.usual[some, None, None, None] * RATES[:, None]
    size = sizes[:, None, None]
    if len(seen.long) == 1:
        covers = size * np.linspace(0, 1, PARTS + 1)
        dated: Floats = seen.parts[some, None, None] * np.log1p(covers / usual) - covers
        return dated
    more = seen.parts[some, None, None] * np.log1p(size * seen.long * PARTS / usual)
    until = np.zeros((*more.shape[:3], PARTS + 1))
    np.cumsum(more, axis=3, out=until[..., 1:])
    until -= size * np.append(0.0, np.cumsum(seen.long))
    return until


def _mean(logs: Floats) -> Floats:
    """The log of the mean over the last axis."""
    top = logs.max(axis=-1, keepdims=True)
    mean: Floats = np.log(np.exp(logs - top).mean(axis=-1)) + top[..., 0]
    return mean


def _part(logs: Floats, rhythm: Rhythm) -> _Part:
    """Summed over the rates, of which `logs` (days, sizes, rates)."""
    top = np.maximum(logs.max(axis=2, keepdims=True), -1e300)
    return _Part(np.exp(logs - top) @ rhythm.brings.T, top[..., 0])


def _factors(life: _Life, covered: _Covered, turns: Floats, begins: Ints) -> Floats:
    """Log Bayes factors by first day, of which `begins` (firsts,), further days and size:
    (firsts, lengths, sizes). Of no meaning beyond the last day."""
    usual, ahead = life.seen[covered.days, 0], life.ahead[begins]
    free = _later(life.likely, _AFTER + LONGEST, 1.0)
    found = np.empty((len(begins), LONGEST, covered.whole.log.shape[1]))
    # the last place is that of days after the last one, which nothing covers
    whole, rest, start, inside = (
        _Part(_later(each.likely, 1, 0.0), _later(each.log - usual[:, None], 1, 0.0))
        for each in covered[1:]
    )

    def ended(state: Floats, stop: int) -> Floats:
        """The same after `stop` days, with the days after it that no batch covers."""
        for day in range(stop, stop + _AFTER):
            state = (state @ turns) * free[begins + day, None]
        total: Floats = np.log(np.maximum(state.sum(axis=2), 1e-300))
        return total

    at = np.searchsorted(covered.days, begins)
    found[:, 0] = ended(ahead[:, None] * inside.likely[at], 1) + inside.log[at]
    state, log = ahead[:, None] * rest.likely[at], rest.log[at]
    for more in range(1, LONGEST):
        total = np.maximum(state.sum(axis=2, keepdims=True), 1e-300)
        log, state = log + np.log(total[..., 0]), state / total @ turns
        at = np.searchsorted(covered.days, begins + more)
        found[:, more] = ended(state * start.likely[at], more + 1) + log + start.log[at]
        state, log = state * whole.likely[at], log + whole.log[at]
    return found


def _later(values: Floats, days: int, fill: float) -> Floats:
    """With so many days more at the end."""
    return np.concatenate((values, np.full((days, *values.shape[1:]), fill)))


def _hours(came: Floats, usual: float, long: Floats) -> float:
    """How much likelier (a log) the parts of the day are in which they `came` (parts,) where
    those beyond the usual came evenly around the clock than where all came in the list's own
    hours."""
    total, parts = float(came.sum()), len(long)
    even = max(0.0, 1 - usual / total) if total else 0.0
    return float(came @ np.log(1 - even + even * long * parts))
