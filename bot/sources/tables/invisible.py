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

    changed: list[pl.Series] = []
    for column in frame.get_columns():
        if isinstance(column.dtype, pl.Categorical):
            texts = column.drop_nulls().unique().cast(pl.String)
            if texts.str.contains(_ANY).any():
                changed.append(_mended(column.cast(pl.String)))
        elif column.dtype == pl.String and column.str.contains(_ANY).any():
            changed.append(_mended(column))
    return frame.with_columns(changed) if changed else frame


def _mended(column: pl.Series) -> pl.Series:
    hidden = column.str.replace_all(f"[{_SIGNS}]", "")
    return hidden.str.replace_all("[\u00a0\u2007\u202f]", " ")
