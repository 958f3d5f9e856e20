"""What a column of numbers counts, judged as a whole: totals, changes, or units of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.model.reading import TOTALS
from bot.sources.tables.columns import NoLayout
from bot.sources.tables.numbers import to_counts
from bot.sources.tables.questions import no_total, which_unit

if TYPE_CHECKING:
    import polars as pl

_MOST_PEOPLE = 1_000_000_000
_RUNNING = ("interactions", "views", "posts")
_FALLING_SHARE = 0.2
_FEW = 0.01
"""A share of cells below which fractions or minus signs are slips and no unit or change."""
_JUMPY = 0.25
"""Median step over level from which a falling column counts days; totals stay below 0.1."""
_DAILY_JUMP = 0.02
"""Likewise for views, posts and interactions; what moves less is some average."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """`metric` is what the column turned out to be, `bad` where a cell is no such count."""

    metric: str
    values: pl.Series
    bad: pl.Series
    note: str | None = None


def quantity(cells: pl.Series, metric: str, *, role: str, factor: int = 1) -> Quantity:
    """Raises NoLayout, with a question, where the column is no total or counts in a unit."""
    import polars as pl

    counts = to_counts(cells, factor)
    values, bad, note = counts.values, counts.bad, None
    known = len(values) - values.null_count()
    broken = int(counts.fractions.sum())
    if broken and broken > _FEW * (known + broken):
        shown = str(cells.filter(counts.fractions).cast(pl.String)[0])
        raise NoLayout(which_unit(cells.name, role, shown))
    if metric == "followers" and cells.dtype == pl.String:
        signed = cells.str.strip_chars_start().str.starts_with("+").sum()
        if 2 * signed > known:
            shown = str(cells.filter(cells.str.contains(r"^\s*\+"))[0])
            raise NoLayout(no_total(cells.name, metric, f'writes "{shown}" with its sign'))
    below = (values < 0).fill_null(False)
    negative = int(below.sum())
    if metric in TOTALS and negative:
        bad = bad | _refuse_negative(cells, values, below, metric)
    elif metric == "gained" and negative:
        metric, note = "net", f'"{cells.name}" has negative days: read as net changes'
    elif metric == "lost" and negative and negative == int((values != 0).sum()):
        values, note = values.abs(), f'"{cells.name}" is written with a minus: read as losses'
    most = _MOST_PEOPLE if metric in {"followers", "following"} else 2**53
    least = -most if metric == "net" else 0
    bad = bad | ~values.is_between(least, most).fill_null(True)
    values = pl.select(pl.when(~bad).then(values)).to_series()
    return Quantity(metric, values.alias(metric), bad, note)


def _refuse_negative(
    cells: pl.Series, values: pl.Series, below: pl.Series, metric: str
) -> pl.Series:
    """Cells that stand for "unknown" (-1 among thousands); any other proves a change."""
    import polars as pl

    low = values.filter(below)
    usual = values.filter(values >= 0).median()
    sign = low.n_unique() == 1 and low[0] in {-1, -9, -99, -999, -9999}
    if (sign and isinstance(usual, float) and usual >= 20 * abs(int(low[0]))) or len(
        low
    ) < _FEW * len(values):
        return below
    shown = str(cells.filter(below).cast(pl.String)[0])
    raise NoLayout(no_total(cells.name, metric, f'holds "{shown}"'))


def companion(daily: pl.Series, total: pl.Series, order: pl.Series) -> str | None:
    """What a column beside a total is: its change per day ("net"), its gains, or None.

    `order` sorts the rows by account and time; steps from one account to the next are few.
    """
    import polars as pl

    frame = pl.DataFrame({"daily": daily, "total": total}).select(pl.all().gather(order))
    pairs = frame.with_columns(step=pl.col("total").diff()).drop_nulls()
    if pairs.is_empty():
        return "gained" if (daily < 0).sum() == 0 else "net"
    same = pairs.select((pl.col("daily") == pl.col("step")).mean()).item()
    above = pairs.select((pl.col("daily") >= pl.col("step")).mean()).item()
    if same >= 0.8 or (daily < 0).any():
        return "net"
    return "gained" if above >= 0.8 else None


@dataclass(frozen=True, slots=True)
class Falling:
    """Why a column is no running total; `jumps` where it goes up and down as days do."""

    share: str
    jumps: bool


def falling(frame: pl.DataFrame) -> dict[str, Falling]:
    """The running totals that are none: a total falls rarely, these in a fifth of their steps.

    Followers may fall for weeks; a column that also jumps by a quarter of its level from day
    to day is what came that day.
    """
    import polars as pl

    found: dict[str, Falling] = {}
    for metric in ("followers", *_RUNNING):
        if metric not in frame.columns:
            continue
        known = frame.select("account", pl.col(metric).alias("n")).drop_nulls()
        step = (
            known.with_columns(step=pl.col("n").diff())
            .filter(pl.col("account") == pl.col("account").shift(1))
            .select(
                pl.len().alias("steps"),
                (pl.col("step") < 0).sum().alias("falls"),
                (pl.col("step").abs().median() / pl.col("n").median()).alias("jump"),
                pl.col("n").median().alias("level"),
            )
        )
        steps, falls, jump, level = step.row(0)
        if falls < 2 or falls <= _FALLING_SHARE * steps:
            continue
        if metric == "followers" and (steps < 5 or not level or jump < _JUMPY):
            continue
        share = f"falls in {100 * falls / steps:.0f} % of its steps"
        found[metric] = Falling(share, bool(level) and jump >= _DAILY_JUMP)
    return found
