"""False-discovery control within each platform; it only removes alarms."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from checks.baseline.expected import Residuals
from checks.baseline.fit import WINDOW, between
from checks.detectors.findings import Day, Findings
from checks.detectors.tails import (
    Tails,
    discovery_limit,
    fit_tails,
    runs,
    score_limit,
    tail_size,
)
from checks.model import Rules
from checks.panel.panel import Bools, Floats, Ints, Panel, Shorts, cells

METRIC = "followers"
"""Whose sudden changes are held; a check of another metric answers for itself."""

HISTORY = 28
"""Days whose scores tell the tail's shape and share one false-discovery threshold."""

LEAST_ACCOUNTS = 50
"""Judged accounts of a platform from which false discoveries are controlled."""

SAMPLE = 512
"""Accounts of a platform whose past stands for all; chosen by their names."""

_KNOWN, _SPARSE, _FILLED = 9, 5, 13
"""Readings of eight weeks after which an account can be judged: so many, or fewer that begin in
their first 13 days."""

NO_CHANCE = 0.01
"""Share of alpha below which a move could not be chance in a panel of any size: one false alarm
in 2,700 account-years. It needs floors; without them the share of discoveries decides alone."""

_AT_ONCE = 128
"""Judged days whose pools are worked out together."""

_USUAL_PERCENT = 1.5
"""Percent of the level from which ordinary moves count as large where the rules ask for less: a
lower floor lets more in, it must not make large moves harder to tell."""

_SHARE, _SHARE_BARE = 0.05, 0.0125
"""Upper share of one direction's scores in which its tail begins, with floors and without.

Without floors only the tail decides: 0.018 and 0.025 let 1.2 to 1.6 q through on mixed tails
(`tests.bench.mixture`, tuning seeds).
"""


@dataclass(frozen=True)
class Crowd:
    """How many accounts a sample stands for, see `Discoveries`."""

    sizes: Mapping[str, int]
    read: Mapping[str, Ints]
    known: Bools

    def at(self, place: Ints) -> "Crowd":
        """That of some of the judged columns."""
        read = {name: many[place] for name, many in self.read.items()}
        return Crowd(self.sizes, read, self.known[:, place])


@dataclass(frozen=True)
class _Past:
    """Sampled accounts of one platform on the days of history, each day less its joint move.

    `scores` are NaN where not judged, and `large` says where the move passes the floors;
    (accounts, days). `found` are the scores of the hits on these days that passed their
    floors, in the order of `place`, their places in `days`. The sample stands for `times` as
    many accounts.
    """

    days: Ints
    middle: Floats
    scale: Floats
    scores: Floats
    large: Bools
    found: Floats
    place: Ints
    times: float

    @cached_property
    def judged(self) -> Ints:
        """The number of scores of each day."""
        return np.asarray((~np.isnan(self.scores)).sum(axis=0))


@dataclass(frozen=True)
class _Near:
    """Scores in one direction that may belong to a tail, ascending; parallel arrays.

    `past` and `day` they are of, `large` as there.
    """

    scores: Floats
    past: Ints
    day: Shorts
    large: Bools


@dataclass(frozen=True)
class _Odds:
    """What scores on some days are worth, each by the HISTORY days up to it.

    `first` and `last` are these days' places in history, `tests` (pasts, days) the scores of
    each past there. Rises and falls, by sign, have tails of their own. A null day must also
    be large to pass a floor: `factor` (pasts, days) is the log of 2 P(large | ordinary tail).
    """

    first: Ints
    last: Ints
    tests: Ints
    tails: dict[int, Tails]
    factor: dict[int, Floats]

    def log_p(self, past: int, scores: Floats, day: Ints) -> Floats:
        """One-sided p, doubled, of signed scores; infinite for none."""
        log_p = np.full(len(scores), np.inf)
        for sign, tails in self.tails.items():
            mine = sign * scores > 0
            own = tails.log_p(np.abs(scores[mine]), day[mine])
            log_p[mine] = own + self.factor[sign][past, day[mine]]
        return log_p


class Discoveries:
    """What chance alone shows among sampled accounts of each platform, asked for any others.

    `sample` holds all accounts of small platforms, of a large one those that stand for it: on
    each judged day the SAMPLE accounts `known` then (sample accounts, judged) that have the
    least hashes. `sizes` count all accounts of each platform, `read` those that were known and
    read on each of the judged days. The tail is that of all platforms together: one alone has
    few values to tell an exponent from.
    """

    def __init__(
        self, sample: Day, judged: Ints, crowd: Crowd, find: Callable[[Day], Findings]
    ) -> None:
        self.sample = sample
        self.judged = judged
        self.crowd = crowd
        self.find = find
        self._known: dict[tuple[bytes, ...], list[_Past]] = {}
        self.platforms = {
            name: least_hashes(sample.panel, rows)
            for name, rows in platforms_of(sample.panel).items()
            if crowd.sizes[name] >= LEAST_ACCOUNTS
        }

    def hold(self, day: Day, hits: Findings) -> Findings:
        """Those of sudden `hits` whose surprise is beyond alpha.

        `alarm` is off where the share of false discoveries would not hold. Hits of columns that
        are not judged are left as they are.
        """
        held = replace(hits, alarm=self._held(day, hits))
        return held.take(np.abs(hits.score) > score_limit(day.rules))

    def _held(self, day: Day, hits: Findings) -> Bools:
        alarm = hits.alarm.copy()
        asked = hits.alarm & np.isin(hits.column, self.judged)
        groups = platforms_of(day.panel)
        tested = [
            np.flatnonzero(asked & np.isin(hits.row, groups.get(name, ())))
            for name in self.platforms
        ]
        if not any(each.size for each in tested):
            return alarm
        for days, samples in self._alike(np.unique(hits.column[np.concatenate(tested)])):
            pasts = self._pasts(samples)
            enough = [self._many(i, past, days) for i, past in enumerate(pasts)]
            days = np.unique(np.concatenate(enough))
            if not days.size:
                continue
            share = _SHARE if day.rules.min_percent > 0 else _SHARE_BARE
            near = {sign: _near(pasts, sign, share) for sign in (1, -1)}
            for some in np.array_split(days, 1 + len(days) // _AT_ONCE):
                odds = _odds(pasts, near, np.searchsorted(pasts[0].days, some), share)
                for i, past in enumerate(pasts):
                    mine = np.intersect1d(enough[i], some)
                    here = tested[i][np.isin(hits.column[tested[i]], mine)]
                    own = _less_the_day(hits.take(here), past.days, past.middle, past.scale)
                    place = np.searchsorted(some, hits.column[here])
                    log_p = odds.log_p(i, own, place)
                    alarm[here] = _discovered(log_p, place, odds, i, past, day.rules)
        return alarm

    def _alike(self, days: Ints) -> Iterator[tuple[Ints, list[Ints]]]:
        """Days that the same accounts stand for, and those of each platform."""
        found: dict[tuple[bytes, ...], tuple[list[int], list[Ints]]] = {}
        for column in days.tolist():
            samples = []
            for name, rows in self.platforms.items():
                if self.crowd.sizes[name] > SAMPLE:
                    known = self.crowd.known[rows, np.searchsorted(self.judged, column)]
                    rows = rows[known][:SAMPLE]
                samples.append(np.sort(rows))
            key = tuple(rows.tobytes() for rows in samples)
            found.setdefault(key, ([], samples))[0].append(column)
        for alike, samples in found.values():
            yield np.array(alike), samples

    def _pasts(self, samples: list[Ints]) -> list[_Past]:
        """That of each sample, on the days before the judged ones too."""
        key = tuple(rows.tobytes() for rows in samples)
        if key not in self._known:
            self._known[key] = [
                self._past(name, rows)
                for name, rows in zip(self.platforms, samples, strict=True)
            ]
        return self._known[key]

    def _past(self, name: str, rows: Ints) -> _Past:
        first = max(0, int(self.judged.min()) - HISTORY + 1)
        history, whole = np.arange(first, int(self.judged.max()) + 1), self.sample
        times = self.crowd.sizes[name] / max(len(rows), 1)
        if np.array_equal(history, whole.columns):
            found = self.find(whole)
            found = found.take(np.isin(found.row, rows))
            return _past(whole.residuals(METRIC), rows, history, found, (whole.rules, times))
        sample = Day(whole.panel.take(rows), history, whole.rules, whole.factor[rows])
        found, seen = self.find(sample), sample.residuals(METRIC)
        return _past(seen, slice(None), history, found, (whole.rules, times))

    def _many(self, i: int, past: _Past, days: Ints) -> Ints:
        """Those days on which enough accounts of a platform are judged."""
        name = list(self.platforms)[i]
        seen = judged = past.judged[np.searchsorted(past.days, days)]
        if self.crowd.sizes[name] > SAMPLE:
            judged = self.crowd.read[name][np.searchsorted(self.judged, days)]
        return days[(judged >= LEAST_ACCOUNTS) & (seen > 0)]


def _near(pasts: list[_Past], sign: int, share: float) -> _Near:
    """What can lie in the upper share of any HISTORY days.

    That share begins nowhere below the least that its days' own shares, and one score more,
    begin at.
    """
    judged = np.sum([past.judged for past in pasts], axis=0)
    more = np.minimum(tail_size(judged, share) + 1, judged)
    ordered = np.sort(sign * np.concatenate([past.scores for past in pasts]), axis=0)
    days = np.flatnonzero(judged)
    least = np.full(len(judged) + 2 * HISTORY - 2, np.inf)
    least[days + HISTORY - 1] = ordered[(judged - more)[days], days]
    least = sliding_window_view(least, 2 * HISTORY - 1).min(axis=1)
    parts = []
    for i, past in enumerate(pasts):
        scores = sign * past.scores
        row, day = cells(scores >= least)
        large = past.large[row, day]
        parts.append((scores[row, day], np.full(len(row), i), day.astype(np.int16), large))
    whole = [np.concatenate(each) for each in zip(*parts, strict=True)]
    order = np.argsort(whole[0])
    return _Near(*(each[order] for each in whole))


def _odds(pasts: list[_Past], near: dict[int, _Near], last: Ints, share: float) -> _Odds:
    """The odds on some days of history."""
    first = np.maximum(0, last - HISTORY + 1)
    judged = np.cumsum([np.append(0, past.judged) for past in pasts], axis=1)
    tests = judged[:, last + 1] - judged[:, first]
    least = 1.0 / np.maximum(tests, 1)
    tails, factor = {}, {}
    begin, end = (days.astype(np.int16)[:, None] for days in (first, last))
    for sign, side in near.items():
        drawn = (side.day >= begin) & (side.day <= end)
        tails[sign] = fit_tails(side.scores, drawn, tests.sum(axis=0), share)
        day, place = tails[sign].ordinary()
        cell, large = side.past[place] * len(last) + day, side.large[place]
        known = np.bincount(cell, minlength=tests.size).reshape(tests.shape)
        many = np.bincount(cell[large], minlength=tests.size).reshape(tests.shape)
        factor[sign] = np.log(2 * np.maximum(many / np.maximum(known, 1), least))
    return _Odds(first, last, tests, tails, factor)


def _discovered(
    log_p: Floats, day: Ints, odds: _Odds, i: int, past: _Past, rules: Rules
) -> Bools:
    """Which hits Benjamini-Hochberg rejects at `rules.q` among all account-days of their days.

    The sample stands for `past.times` as many accounts; a hit counts itself where it is not in
    the sample. What is less likely than NO_CHANCE of `rules.alpha` passes whoever else is
    watched.
    """
    first = np.searchsorted(past.place, odds.first)
    stop = np.searchsorted(past.place, odds.last, "right")
    run, index = runs(first, stop)
    found = np.full((len(first), (stop - first).max()), np.inf)
    found[run, index - first[run]] = odds.log_p(i, past.found[index], run)
    limits = discovery_limit(found, rules.q, odds.tests[i])
    before = (found[day] <= log_p[:, None]).sum(axis=1) * past.times
    tests = np.maximum(odds.tests[i][day], 1) * past.times
    own = np.log(rules.q) + np.log(np.maximum(before, 1) / tests)
    return np.asarray(
        (log_p <= limits[day])
        | (log_p <= own)
        | ((rules.min_percent > 0) & (log_p <= np.log(rules.alpha * NO_CHANCE))),
        np.bool_,
    )


def platforms_of(panel: Panel) -> dict[str, Ints]:
    """Rows of each platform that no wall cuts; under "" those of all others. Arrays of
    (members,)."""
    groups = {
        name: rows
        for name, rows in panel.groups.items()
        if name.startswith("platform:") and "@" not in name
    }
    free = np.ones(len(panel.accounts), np.bool_)
    for rows in groups.values():
        free[rows] = False
    return {**groups, "": np.flatnonzero(free)}


def least_hashes(panel: Panel, rows: Ints) -> Ints:
    """`rows` in the order of their accounts' hashes, those of one hash by name. As many rows
    (k,)."""
    ordered: Ints = rows[np.argsort(panel.hashes[rows], kind="stable")]
    hashes = panel.hashes[ordered]
    if (hashes[1:] == hashes[:-1]).any():
        names = [(panel.hashes[row], panel.accounts[row], row) for row in ordered.tolist()]
        ordered = np.array([row for _, _, row in sorted(names)], np.int64)
    return ordered


def known_on(counts: Floats, columns: Ints) -> Bools:
    """Which accounts have been read long enough to be judged: (accounts, columns).

    Nine readings in eight weeks, or five that fill them. It says nothing of the day itself.
    """
    seen = ~np.isnan(counts)
    read, early = between(seen, columns), between(seen, columns - WINDOW + _FILLED, _FILLED)
    return np.asarray((read >= _KNOWN) | ((read >= _SPARSE) & (early > 0)))


def against_the_day(
    excess: Floats, spread: Floats, judged: Bools
) -> tuple[Floats, Floats, Floats]:
    """Scores of one platform's accounts less the day's joint move, the move, and the scale.

    (accounts, days): the median excess of the day is subtracted, and all scores are divided
    by max(1, their 75th percentile / 0.675), so that a day on which everybody moves is no
    day of discoveries.
    """
    excess = np.where(judged, excess, np.nan)
    count = judged.sum(axis=0)
    columns = np.arange(excess.shape[1])
    middle = np.sort(excess, axis=0)[np.maximum(count - 1, 0) // 2, columns]
    scores = (excess - middle) / spread
    size = np.sort(np.abs(scores), axis=0)[np.maximum(count - 1, 0) * 3 // 4, columns]
    scale = np.maximum(1.0, np.nan_to_num(size) / 0.675)
    return scores / scale, np.nan_to_num(middle), scale


def _past(
    view: Residuals, rows: Ints | slice, days: Ints, found: Findings, by: tuple[Rules, float]
) -> _Past:
    rules, times = by
    day = view.day
    excess, spread, level = day.excess[rows], day.spread[rows], day.level[rows]
    scores, middle, scale = against_the_day(excess, spread, view.judged[rows])
    size = np.abs(excess)
    percent = rules.min_percent
    if 0 < percent < _USUAL_PERCENT:
        percent = _USUAL_PERCENT
    large = (size >= percent / 100) & (size * level >= rules.min_count / 2)
    found = found.take(found.passed)
    place = np.searchsorted(days, found.column)
    own = _less_the_day(found, days, middle, scale)
    return _Past(days, middle, scale, scores, large, own, place, times)


def _less_the_day(hits: Findings, days: Ints, middle: Floats, scale: Floats) -> Floats:
    """Signed scores of hits less the joint move of their day."""
    place = np.searchsorted(days, hits.column)
    spread = np.nan_to_num(hits.size / np.abs(hits.score), nan=np.inf)
    score = np.abs(hits.score) - hits.direction * middle[place] / spread
    return np.asarray(hits.direction * np.maximum(score, 0) / scale[place], np.float64)
