"""The readings of many accounts on one shared grid of days, and their daily increments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any
from zlib import crc32
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from checks.model import Basis

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Singles = npt.NDArray[np.float32]
Shorts = npt.NDArray[np.int16]

LOOKBACK = 120
"""Days before a judged time that its result may use."""

METRICS = ("followers", "following", "posts", "interactions", "views")

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

_LOOKS = 8
"""Days that are looked at first for digits that no rounding source shows; of speed alone."""

ROUNDED_SHARE = 0.97
"""Share of counts that equal their own truncation from which a source is taken to round: one in
33 may differ."""

ROUNDED_FROM = 1000.0
"""No source that rounds does so below a thousand."""

_UNITS: Floats = np.power(10.0, np.arange(307))
"""Powers of ten as floats: looked up, as NumPy's own power is slow."""


@dataclass(frozen=True)
class Panel:
    """Arrays are (accounts, days); NaN where nothing was read; the last column ends at `now`.

    `ends` are epoch seconds, `weekdays` (Monday 0) belong to the midpoint of the change that
    ends there. `zeros` marks cells whose newest followers reading was a 0 after 100 or more:
    they are held as missing. Series without a total (`has_level` False) start at 0 and only
    their differences mean anything. `lost` is the flow of each day. `late` marks cells of which
    the reading came after their day had ended, None where there is none: what is judged on that
    very day must not know it (`as_of`).
    """

    accounts: tuple[str, ...]
    ends: Ints
    weekdays: Ints
    timezone: str
    metrics: Mapping[str, Floats]
    lost: Floats | None
    zeros: Bools | None
    read_at: Ints | None
    step: Floats
    basis: tuple[Basis, ...]
    has_level: Bools
    groups: Mapping[str, Ints]
    flaps: Ints | None = None
    flap_size: Floats | None = None
    late: Bools | None = None

    @property
    def days(self) -> int:
        return len(self.ends)

    @cached_property
    def row(self) -> Mapping[str, int]:
        """Row of each account."""
        return {account: row for row, account in enumerate(self.accounts)}

    @cached_property
    def day(self) -> int:
        """Ordinal of the calendar day on which column 0 ends."""
        newest = datetime.fromtimestamp(int(self.ends[-1]), ZoneInfo(self.timezone))
        return newest.toordinal() - self.days + 1

    @cached_property
    def hashes(self) -> Ints:
        """A number of each account that depends on nothing but its name: (accounts,)."""
        return np.array([crc32(account.encode()) for account in self.accounts], np.int64)

    @cached_property
    def phase(self) -> Ints:
        """The weekday (0-6) on which each account learns anew: (accounts,)."""
        return self.hashes % 7

    def take(self, rows: Ints) -> "Panel":
        """The panel of some accounts alone, in the order of `rows`."""

        def pick(array: Any) -> Any:
            return None if array is None else array[rows]

        place = np.full(len(self.accounts), -1)
        place[rows] = np.arange(len(rows))
        groups = {name: place[some] for name, some in self.groups.items()}
        part = replace(
            self,
            accounts=tuple(self.accounts[row] for row in rows.tolist()),
            metrics={name: values[rows] for name, values in self.metrics.items()},
            lost=pick(self.lost),
            zeros=pick(self.zeros),
            read_at=pick(self.read_at),
            late=pick(self.late),
            flaps=pick(self.flaps),
            flap_size=pick(self.flap_size),
            step=self.step[rows],
            basis=tuple(self.basis[row] for row in rows.tolist()),
            has_level=self.has_level[rows],
            groups={name: np.sort(some[some >= 0]) for name, some in groups.items()},
        )
        part.__dict__["hashes"] = self.hashes[rows]
        return part

    def as_of(self, column: int) -> "Panel":
        """The panel when `column` was the newest day and nothing later was read yet."""
        panel = self.until(column)
        if panel.late is None or not panel.late[:, -1].any():
            return panel
        late = panel.late[:, -1]

        def known(array: Any, nothing: float) -> Any:
            if array is None:
                return None
            cut = array.copy()
            cut[late, -1] = nothing
            return cut

        metrics = {
            name: values if name not in METRICS else known(values, np.nan)
            for name, values in panel.metrics.items()
        }
        return replace(
            panel,
            metrics=metrics,
            zeros=known(panel.zeros, False),
            read_at=known(panel.read_at, 0),
            late=known(panel.late, False),
            step=display_step(metrics["followers"]),
        )

    def until(self, column: int, days: int = LOOKBACK + 1) -> "Panel":
        """The panel as it was when `column` was the newest day."""
        stop = column % self.days + 1
        span = slice(max(0, stop - days), stop)

        def cut(array: Any) -> Any:
            return None if array is None else array[:, span]

        metrics = {name: values[:, span] for name, values in self.metrics.items()}
        return replace(
            self,
            ends=self.ends[span],
            weekdays=self.weekdays[span],
            metrics=metrics,
            lost=cut(self.lost),
            zeros=cut(self.zeros),
            flaps=cut(self.flaps),
            flap_size=cut(self.flap_size),
            read_at=cut(self.read_at),
            late=cut(self.late),
            step=display_step(metrics["followers"]),
        )


def side_by_side(panels: Sequence[Panel]) -> Panel:
    """One panel of the accounts of several on the same days; what one lacks is missing."""
    first = panels[0]
    if any(not np.array_equal(each.ends, first.ends) for each in panels):
        raise ValueError("Panels of different days cannot be put together: give all one `now`.")
    offsets = np.cumsum([0, *(len(each.accounts) for each in panels)])
    groups: dict[str, list[Ints]] = {}
    for panel, offset in zip(panels, offsets[:-1].tolist(), strict=True):
        for name, rows in panel.groups.items():
            groups.setdefault(name, []).append(rows + offset)

    def stacked(parts: list[Any], blank: Any) -> Any:
        if all(part is None for part in parts):
            return None
        shapes = ((len(each.accounts), each.days) for each in panels)
        return np.concatenate(
            [
                np.full(shape, blank) if part is None else part
                for part, shape in zip(parts, shapes, strict=True)
            ]
        )

    names = dict.fromkeys(name for each in panels for name in each.metrics)
    return replace(
        first,
        accounts=tuple(account for each in panels for account in each.accounts),
        metrics={
            name: stacked([each.metrics.get(name) for each in panels], np.nan) for name in names
        },
        lost=stacked([each.lost for each in panels], np.nan),
        zeros=stacked([each.zeros for each in panels], False),
        flaps=stacked([each.flaps for each in panels], 0),
        flap_size=stacked([each.flap_size for each in panels], 0.0),
        late=stacked([each.late for each in panels], False),
        read_at=stacked([each.read_at for each in panels], 0),
        step=np.concatenate([each.step for each in panels]),
        basis=tuple(basis for each in panels for basis in each.basis),
        has_level=np.concatenate([each.has_level for each in panels]),
        groups={name: np.concatenate(rows) for name, rows in groups.items()},
    )


def display_step(followers: Floats) -> Floats:
    """The smallest change each row can show at its newest value; 1 for exact counts.

    A row is rounded when at least 97 % of its values from 1,000 on equal their own
    truncation to three significant digits, as YouTube shows them. The step depends on the
    level, so it grows when an account crosses a power of ten; (accounts, days) in, (accounts,)
    out.
    """
    step = np.ones(len(followers))
    if not followers.size:
        return step
    # of an exact row a few days alone show more other digits than all may
    some = followers[:, :: max(1, followers.shape[1] // _LOOKS)]
    exact = ((some >= ROUNDED_FROM) & ~_tens(some)).sum(axis=1)
    rows = np.flatnonzero(exact <= (1 - ROUNDED_SHARE) * followers.shape[1])
    for shown in (_tens, _truncated):
        some = followers[rows]
        rows = rows[_mostly(some, shown(some))]
    step[rows] = truncation(newest(followers[rows])[0])
    return step


def _tens(counts: Floats) -> Bools:
    """NumPy's remainder takes many times as long."""
    return np.asarray(np.floor(counts / 10) * 10 == counts, np.bool_)


def _truncated(counts: Floats) -> Bools:
    return np.asarray(counts % truncation(counts) == 0, np.bool_)


def truncation(counts: Floats) -> Floats:
    """The unit of the third significant digit; 1 below 1,000 and where nothing was read. In
    counts, of their shape (k,) or (accounts, days)."""
    digits = np.floor(np.log10(np.fmax(counts, 1.0)) + 1e-12)
    unit: Floats = _UNITS[np.fmax(digits - 2, 0.0).astype(np.int64)]
    return unit


def cells(marked: Bools) -> tuple[Ints, Ints]:
    """Rows and columns that are marked; `np.nonzero` of a plane takes many times as long. Both
    (k,)."""
    row, column = np.divmod(np.flatnonzero(marked), max(marked.shape[1], 1))
    return row, column


def newest(values: Floats) -> tuple[Floats, Ints]:
    """Each row's last value and its column; NaN and -1 where there is none. (accounts, days)
    in, both (accounts,) out."""
    seen = ~np.isnan(values)
    column = np.where(seen.any(axis=1), values.shape[1] - 1 - seen[:, ::-1].argmax(axis=1), -1)
    return np.where(column >= 0, values[np.arange(len(values)), column], np.nan), column


def filled(counts: Floats) -> Floats:
    """The newest reading at or before each cell, NaN before the first: (accounts, days)."""
    missing, first, length = _gaps(np.isnan(counts))
    if not missing.size:
        return counts
    full = counts.copy()
    flat = full.ravel()
    last = np.where(first % counts.shape[1] == 0, np.nan, flat[first - 1])
    flat[missing] = np.repeat(last, length)
    return full


def before(counts: Floats) -> Floats:
    """The newest reading before each cell, NaN where there is none: (accounts, days)."""
    earlier = np.full(counts.shape, np.nan)
    earlier[:, 1:] = filled(counts)[:, :-1]
    return earlier


def _mostly(counts: Floats, truncated: Bools) -> Bools:
    large = counts >= ROUNDED_FROM
    seen = large.sum(axis=1)
    mostly: Bools = (seen > 0) & ((large & truncated).sum(axis=1) >= ROUNDED_SHARE * seen)
    return mostly


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
    full = counts if seen.all() else _fill(counts, seen, gap)
    # over the ends of rows too: NumPy is faster at one long row than at many short ones
    flat = full.ravel()
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
    full = counts.copy()
    flat = full.ravel()
    _, first, length = _gaps(~seen)
    column = first % days
    inner = (column != 0) & (column + length != days) & (length < gap)
    first, length = first[inner], length[inner]
    run = np.repeat(np.arange(len(first)), length)
    part = np.arange(len(run)) - np.repeat(np.cumsum(length) - length, length)
    low, high = flat[first - 1], flat[first + length]
    flat[first[run] + part] = low[run] + (high - low)[run] * ((part + 1) / (length[run] + 1))
    return full


def _gaps(missing: Bools) -> tuple[Ints, Ints, Ints]:
    """The flat places that are marked; of each run of them in a row the first, its length."""
    flat = np.flatnonzero(missing)
    begins = np.flatnonzero((np.diff(flat, prepend=-2) != 1) | (flat % missing.shape[1] == 0))
    return flat, flat[begins], np.diff(np.append(begins, len(flat)))


def logs_at(counts: Floats, columns: Ints) -> Floats:
    """Logs at columns; where nothing was read, of the newest of the seven days before:
    (accounts, columns)."""
    picked = np.where(columns >= 0, counts.take(np.maximum(columns, 0), axis=1), np.nan)
    row, place = cells(np.isnan(picked) & (columns >= 0))
    for back in range(1, 8):
        known = columns[place] >= back
        row, place = row[known], place[known]
        found = counts[row, columns[place] - back]
        picked[row, place] = found
        row, place = row[np.isnan(found)], place[np.isnan(found)]
    return np.log(np.maximum(picked, 1.0))
