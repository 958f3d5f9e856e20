"""Tables whose columns are days ("account, 2026-11-01, ...") or platforms ("Instagram
Followers, TikTok Followers")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.sources.tables.columns import METRICS, role_of
from bot.sources.tables.dates import is_time
from bot.sources.tables.headers import read_header

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


def platforms_as_rows(frame: pl.DataFrame, only: str | None) -> pl.DataFrame | None:
    """The rows of each platform below each other; None where headers name fewer than two.

    `only` is the one platform that was asked for. Sums over all of them are left out.
    """
    import polars as pl

    words = {name: read_header(name) for name in frame.columns}
    own = {name: w.platform for name, w in words.items() if w.platform and w.role in METRICS}
    platforms = list(dict.fromkeys(own.values()))
    if len(platforms) < 2 or any(role_of(name) == "platform" for name in words):
        return None
    counted = {words[name].role for name in own}
    rest = [name for name in frame.columns if words[name].role not in counted]
    parts = []
    for platform in [only] if only in platforms else platforms:
        columns: dict[str, str] = {}
        for name in (name for name, of in own.items() if of == platform):
            columns.setdefault(str(words[name].role), name)
        counts = [pl.col(name).alias(role) for role, name in columns.items()]
        parts.append(frame.select(*rest, *counts, pl.lit(platform).alias("platform")))
    return pl.concat(parts, how="diagonal_relaxed")
