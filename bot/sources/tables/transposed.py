"""Tables with a column for each day: "account, 2026-11-01, 2026-11-02, ..."."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.sources.tables.dates import is_time

if TYPE_CHECKING:
    import polars as pl


def days_as_rows(frame: pl.DataFrame) -> pl.DataFrame | None:
    """A row for each day and row; None where hardly a header is a date."""
    import polars as pl

    days = [name for name in frame.columns if is_time(name)]
    if len(days) < 2 or 2 * len(days) < len(frame.columns):
        return None
    rest = [name for name in frame.columns if name not in days]
    texts = frame.with_columns(pl.col(days).cast(pl.String, strict=False))
    long = texts.unpivot(days, index=rest, variable_name="date", value_name="value")
    return long if "date" not in rest and "value" not in rest else None
