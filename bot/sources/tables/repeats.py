"""Rows that share account and time: one reading in parts, a repetition, or a missing key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bot.sources.tables.columns import NoLayout
from bot.sources.tables.questions import which_account

if TYPE_CHECKING:
    import polars as pl

_MOST_KEYS = 5000
_APART = 1.5
"""Counts of one time this far apart are of two accounts; polls of one day never were."""


def merged(
    frame: pl.DataFrame, metrics: Sequence[str], cells: pl.DataFrame, others: Sequence[str]
) -> tuple[pl.DataFrame, list[str]]:
    """One row for each `_key`, and what to say of those that were more.

    `frame` is sorted by `_key` and numbers its rows of the file in `_row`; `others` are
    columns of `cells` that nothing else is read from. Raises NoLayout where a column that
    tells the rows apart must be missing.
    """
    import polars as pl

    again = (frame["_key"].diff() == 0).fill_null(False)
    if not again.any():
        return frame, []
    shared = frame.filter(again | again.shift(-1, fill_value=False))
    differing = pl.any_horizontal(pl.col(name).drop_nulls().n_unique() > 1 for name in metrics)
    groups = shared.group_by("_key", maintain_order=True).agg(
        differing.alias("_differs"), pl.len().alias("_n"), pl.col("_row")
    )
    conflicts = groups.filter("_differs")
    if len(conflicts):
        keys = frame["_key"].n_unique()
        rows = shared.filter(pl.col("_key").is_in(conflicts["_key"].implode()))
        if _lacks_key(rows, len(conflicts), keys, metrics):
            raise NoLayout(which_account(_candidates(rows, cells, others), len(rows)))
    newest = frame.group_by("_key", maintain_order=True).agg(
        pl.col("_rank", "at").first(), pl.col(metrics).drop_nulls().last()
    )
    left = int((conflicts["_n"] - 1).sum()) if len(conflicts) else 0
    notes = []
    if left:
        some = "1 row repeats" if left == 1 else f"{left:,} rows repeat"
        notes.append(f"{some} an account and time: the last of each was taken")
    twins = len(frame) - len(newest) - left
    if twins and not _in_parts(shared, metrics):
        some = "1 row says" if twins == 1 else f"{twins:,} rows say"
        notes.append(f"{some} again what another row says")
    return newest, notes


def _in_parts(shared: pl.DataFrame, metrics: Sequence[str]) -> bool:
    """Rows that each fill what the others leave empty, as tidy tables do."""
    import polars as pl

    filled = shared.select(pl.sum_horizontal(pl.col(metrics).is_not_null()).mean()).item()
    return bool(len(metrics) > 1 and filled < len(metrics))


def _lacks_key(rows: pl.DataFrame, conflicts: int, keys: int, metrics: Sequence[str]) -> bool:
    """Many times hold several counts that do not follow each other as one account's would."""
    import polars as pl

    if conflicts < 0.5 * keys and (conflicts < 3 or conflicts < 0.2 * keys):
        return False
    metric = next(name for name in metrics if rows[name].null_count() < len(rows))
    known = rows.filter(pl.col(metric).is_not_null())
    ends = known.group_by("_key", maintain_order=True).agg(
        pl.col("_rank").first(),
        pl.col(metric).first().alias("first"),
        pl.col(metric).last().alias("last"),
        pl.col(metric).min().alias("low"),
        pl.col(metric).max().alias("high"),
    )
    same = pl.col("_rank") == pl.col("_rank").shift(1)
    steps = ends.select(
        (pl.col("last") - pl.col("last").shift(1)).abs().filter(same).median().alias("own"),
        (pl.col("first") - pl.col("last").shift(1)).abs().filter(same).median().alias("next"),
    )
    own, following = steps.row(0)
    if own is not None and len(ends) >= 4:
        return bool(following > 2 * own)
    apart = ends.select((pl.col("high") > _APART * pl.col("low").abs()).mean()).item()
    return bool(apart > 0.5)


def _candidates(rows: pl.DataFrame, cells: pl.DataFrame, others: Sequence[str]) -> list[str]:
    """Columns that tell all of the rows apart, without being a number of each row."""
    import polars as pl

    found = []
    for name in others:
        column = cells[name].gather(rows["_row"])
        distinct = column.n_unique()
        if not 1 < distinct <= min(_MOST_KEYS, max(2, len(rows) // 2)) or column.has_nulls():
            continue
        pairs = pl.DataFrame({"key": rows["_key"], "other": column})
        if len(pairs.unique()) == len(rows):
            found.append(name)
    return found
