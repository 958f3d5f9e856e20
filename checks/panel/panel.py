"""The readings of many accounts on one shared grid of days."""

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

LOOKBACK = 120
"""Days before a judged time that its result may use."""

METRICS = ("followers", "following", "posts", "interactions", "views")

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
    # NumPy's remainder takes many times as long
    tens = np.floor(followers / 10) * 10 == followers
    rows = np.flatnonzero(_mostly(followers, tens))
    if rows.size:
        some = followers[rows]
        rows = rows[_mostly(some, some % truncation(some) == 0)]
        step[rows] = truncation(newest(followers[rows])[0])
    return step


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


def _mostly(counts: Floats, truncated: Bools) -> Bools:
    large = counts >= ROUNDED_FROM
    seen = large.sum(axis=1)
    mostly: Bools = (seen > 0) & ((large & truncated).sum(axis=1) >= ROUNDED_SHARE * seen)
    return mostly
