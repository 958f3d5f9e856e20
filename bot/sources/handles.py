"""Accounts as people write them: handles, @handles, addresses of profiles."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

_WITH_PLATFORM = r"^[A-Za-z]\w+/"
_PROFILE_URL = r"^https?://[^/]+/(?:user/|channel/|c/)?([^/?#]+).*$"


def full_names(names: pl.Series, platform: pl.Series | str | None) -> pl.Series:
    """`platform/handle` where a platform is known, else the name as it is; null where empty."""
    import polars as pl

    handle = names.str.strip_chars()
    known = pl.lit(platform if platform is not None else "")
    known = known.str.strip_chars().str.to_lowercase()
    given = pl.when((known == "") | handle.str.contains(_WITH_PLATFORM)).then(handle)
    bare = handle.str.replace(_PROFILE_URL, "$1").str.strip_prefix("@")
    full = given.otherwise(pl.concat_str(known, pl.lit("/"), bare))
    return pl.select(pl.when(handle != "").then(full).alias("account")).to_series()
