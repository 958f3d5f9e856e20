"""Signs that nobody sees: soft hyphens, direction marks, spaces without width."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

_SIGNS = "\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff"
_HIDDEN = re.compile(f"[{_SIGNS}]")
_ANY = f"[{_SIGNS}\u00a0\u2007\u202f]"
_SPACES = str.maketrans(dict.fromkeys("\u00a0\u2007\u202f", " "))


def visible(text: str) -> str:
    """The text as a person sees it: without hidden signs, every fixed space a plain one."""
    if text.isascii():
        return text
    return _HIDDEN.sub("", text).translate(_SPACES)


def visible_cells(frame: pl.DataFrame) -> pl.DataFrame:
    """The same for every cell of text; columns of few texts are mended once per text."""
    import polars as pl
    import polars.selectors as cs

    columns = frame.get_columns()
    texts = [column for column in columns if column.dtype == pl.String]
    texts += [c.unique().cast(pl.String) for c in columns if c.dtype == pl.Categorical]
    # all in one, without a copy: there may be thousands, and each of a query costs time
    if not texts or not pl.concat(texts).str.contains(_ANY).any():
        return frame
    hidden = frame.select(
        cs.string().str.contains(_ANY).any(),
        cs.categorical().unique().cast(pl.String).str.contains(_ANY).any(),
    )
    changed = [
        _mended(frame[name].cast(pl.String))
        for name, found in hidden.row(0, named=True).items()
        if found
    ]
    return frame.with_columns(changed)


def _mended(column: pl.Series) -> pl.Series:
    hidden = column.str.replace_all(f"[{_SIGNS}]", "")
    return hidden.str.replace_all("[\u00a0\u2007\u202f]", " ")
