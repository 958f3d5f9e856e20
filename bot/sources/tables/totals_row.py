"""Rows of sums that dashboards put above or below their days."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.sources.tables.columns import NoLayout, normal
from bot.sources.tables.numbers import to_counts
from bot.sources.tables.questions import no_total

if TYPE_CHECKING:
    import polars as pl

_WORDS = """
total totals grand_total sum sums summe gesamt gesamtsumme insgesamt suma somme somma totale
totaal totalt összesen celkem razem toplam
итого всего 合計 合计 总计 總計 합계 총계 average avg mean
median durchschnitt mittelwert promedio media moyenne
"""
SUMS = frozenset(word.replace("_", " ") for word in _WORDS.split())
"""Words that stand instead of a date, in lower case."""
_LEAST = 3
"""Days from which a sum is no accident."""


def is_total_word(text: str) -> bool:
    return normal(text).replace("_", " ") in SUMS


def is_totals_row(times: pl.Series, bad: pl.Series) -> pl.Series:
    """Rows that have such a word instead of a time."""
    import polars as pl

    if not bad.any() or not isinstance(times.dtype, pl.String | pl.Categorical):
        return bad & False
    texts = times.filter(bad).cast(pl.String).drop_nulls().unique()
    words = [text for text in texts.head(1000).to_list() if is_total_word(text)]
    return bad & times.cast(pl.String).is_in(words).fill_null(False)


def proves_changes(cells: pl.Series, metric: str, totals: pl.Series, bad: pl.Series) -> None:
    """Raises NoLayout where a row of totals is the sum of the column's days."""
    values = to_counts(cells).values
    days = values.filter(~bad)
    sums = values.filter(totals).drop_nulls()
    if len(days.drop_nulls()) >= _LEAST and len(sums) and sums[0] == days.sum() > 0:
        proof = f"has {sums[0]:,} as the total of its days"
        raise NoLayout(no_total(cells.name, metric, proof))
