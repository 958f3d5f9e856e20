"""One metric of some accounts as daily increments, its gaps bridged."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from checks.panel.panel import Bools, Floats, Ints, Panel, cells, newest

Singles = npt.NDArray[np.float32]
Shorts = npt.NDArray[np.int16]

GAP = 27
"""Longest stretch between two readings that a change may span; then all is new."""

GLITCH_DAYS = 2
"""Days within which what went must be back to have been a counter's error."""

GLITCH_REST = 0.3
"""Share of an error that may remain afterwards: growth goes on meanwhile."""

GLITCH_LEAST, GLITCH_LEAST_COUNT = 0.01, 20.0
"""What is off by less (log ratio; accounts without a level) teaches too little to matter."""

_FEW = 8
"""Columns up to which a search for each costs less than the whole; of speed alone."""


@dataclass(frozen=True)
class Series:
    """Arrays (accounts, days).

    `increments` are daily changes: difference over mean level (the log ratio up to its third
    power), or counts where the row is `linear`; those of a bridged gap in equal parts, NaN
    where unknown. `seen`: something was read there.
    """

    counts: Floats
    increments: Singles
    seen: Bools
    linear: Bools

    @cached_property
    def read(self) -> Bools:
        """Where a reading ends a known change: (accounts, days)."""
        return self.seen & ~np.isnan(self.increments)

    @cached_property
    def last(self) -> Shorts:
        """The column of the newest reading at or before each column, -1 without one. (accounts,
        days)."""
        columns = np.arange(self.seen.shape[1], dtype=np.int16)
        return np.maximum.accumulate(np.where(self.seen, columns, np.int16(-1)), axis=1)

    def newest(self, columns: Ints) -> Shorts:
        """`last` at some columns, not all of it for a few: (accounts, columns)."""
        if len(columns) > _FEW:
            return self.last.take(columns, axis=1)
        found = np.where(
            self.seen.take(columns, axis=1), columns.astype(np.int16), np.int16(-1)
        )
        row, place = cells(found < 0)
        for back in range(1, GAP + 1):
            row, place = row[columns[place] >= back], place[columns[place] >= back]
            if not row.size:
                break
            here = self.seen[row, columns[place] - back]
            found[row[here], place[here]] = columns[place[here]] - back
            row, place = row[~here], place[~here]
        return found


def counts_of(panel: Panel, metric: str) -> Floats:
    """The metric's series; all missing where the panel has none: (accounts, days)."""
    counts = panel.metrics.get(metric)
    if counts is None:
        return np.full((len(panel.accounts), panel.days), np.nan)
    return counts


def linear_rows(panel: Panel, metric: str) -> Bools:
    """Rows whose changes are judged as counts: no level, or a running total of a flow:
    (accounts,)."""
    if metric == "followers":
        return ~panel.has_level
    return np.full(len(panel.accounts), metric in ("interactions", "views", "posts", "lost"))


def bridge(counts: Floats, linear: Bools, gap: int = GAP) -> Series:
    """Readings at most `gap` days apart are joined by straight lines, for learning only."""
    seen = ~np.isnan(counts)
    filled = counts if seen.all() else _fill(counts, seen, gap)
    # over the ends of rows too: NumPy is faster at one long row than at many short ones
    flat = filled.ravel()
    before, after = flat[:-1], flat[1:]
    scale = before + after
    scale *= 0.5
    np.maximum(scale, 0.5, out=scale)
    if linear.any():
        scale[np.repeat(linear, counts.shape[1])[1:]] = 1.0
    increments = np.empty(counts.shape, np.float32)
    increments.ravel()[1:] = (after - before) / scale
    increments[:, 0] = np.nan
    return Series(counts, increments, seen, linear)


def without_glitches(counts: Floats, linear: Bools) -> Floats:
    """The counts with what went and came back within 48 hours taken out, NaN there.

    A reading is off where those on both sides of it agree with each other, to GLITCH_REST of
    how far it lies from them; so are two that follow each other on two days. What is off by
    less than GLITCH_LEAST (log ratio; accounts of a row without a level) is ordinary life:
    (accounts, days).
    """
    missing = np.isnan(counts)
    at = np.argsort(missing, axis=1, kind="stable")  # each row's readings one after the other
    known = np.take_along_axis(counts, at, axis=1)
    flat = linear[:, None]
    value = np.where(flat, known, np.log(np.maximum(known, 1.0)))
    least = np.where(flat, GLITCH_LEAST_COUNT, GLITCH_LEAST)
    cleaned = counts.copy()
    for length in (1, 2):
        if counts.shape[1] < length + 2:
            break
        before, after = value[:, : -length - 1], value[:, length + 1 :]
        went, came = value[:, 1:-length] - before, value[:, length:-1] - after
        far = np.minimum(np.abs(went), np.abs(came))
        with np.errstate(invalid="ignore"):
            off = (went * came > 0) & (far > least)
            off &= np.abs(after - before) <= GLITCH_REST * far
        if length == 2:
            off &= at[:, 3:] - at[:, 1:-2] <= GLITCH_DAYS
        row, first = cells(off)
        for place in range(1, length + 1):
            cleaned[row, at[row, first + place]] = np.nan
    return cleaned


def _fill(counts: Floats, seen: Bools, gap: int) -> Floats:
    """Straight lines over gaps, working only where something is missing."""
    days = counts.shape[1]
    filled = counts.copy()
    flat = filled.ravel()
    missing = np.flatnonzero(~seen.ravel())
    column = missing % days
    begins = np.flatnonzero(np.append(True, (np.diff(missing) != 1) | (column[1:] == 0)))
    length = np.diff(np.append(begins, len(missing)))
    first, column = missing[begins], column[begins]
    inner = (column != 0) & (column + length != days) & (length < gap)
    first, length = first[inner], length[inner]
    run = np.repeat(np.arange(len(first)), length)
    part = np.arange(len(run)) - np.repeat(np.cumsum(length) - length, length)
    low, high = flat[first - 1], flat[first + length]
    flat[first[run] + part] = low[run] + (high - low)[run] * ((part + 1) / (length[run] + 1))
    return filled


def logs_at(counts: Floats, columns: Ints) -> Floats:
    """Logs at columns; where nothing was read, of the newest of the seven days before:
    (accounts, columns)."""
    picked = np.where(columns >= 0, counts.take(np.maximum(columns, 0), axis=1), np.nan)
    row, place = cells(np.isnan(picked) & (columns >= 0))
    if row.size:
        days = columns[place, None] - np.arange(7, 0, -1)
        around = np.where(days >= 0, counts[row[:, None], np.maximum(days, 0)], np.nan)
        picked[row, place] = newest(around)[0]
    return np.log(np.maximum(picked, 1.0))
