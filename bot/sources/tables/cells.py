"""Rows of Python values (JSON, spreadsheets, queries) as a frame of plain columns."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from bot.sources.tables.file_errors import refuse_hollow

if TYPE_CHECKING:
    import polars as pl

_LARGE = 2**62
_NESTED = (dict, list)
_DEEPEST = 3


def split_cells(line: str, separator: str) -> list[str]:
    """The cells of one line of delimited text."""
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:  # larger than any cell may be
        return [line]


@dataclass(frozen=True, slots=True)
class Coded:
    """A column of few texts: row `i` holds `texts[codes[i]]`, null where the code is null."""

    codes: pl.Series
    texts: pl.Series


def coded_texts(column: pl.Series) -> Coded:
    """Each text once, and its number for each row."""
    import polars as pl

    if not isinstance(column.dtype, pl.Categorical):
        column = column.cast(pl.String).cast(categories())
    distinct = column.drop_nulls().unique()
    codes, texts = distinct.to_physical(), distinct.cast(pl.String)
    size = 0 if codes.is_empty() else int(codes.max()) + 1  # type: ignore[arg-type]
    if size == len(distinct):
        return Coded(column.to_physical(), texts.gather(codes.arg_sort()))
    known = pl.Series([None] * size, dtype=pl.String)
    return Coded(column.to_physical(), known.scatter(codes, texts))


@dataclass(frozen=True, slots=True)
class Pairs:
    """Row `i` holds the pair `texts[codes[i]]`, `other[codes[i]]`."""

    codes: pl.Series
    texts: pl.Series
    other: pl.Series


def coded_pairs(one: Coded, other: Coded) -> Pairs:
    """Each pair of two columns once, and its number for each row."""
    import polars as pl

    frame = pl.DataFrame({"one": one.codes, "other": other.codes})
    distinct = frame.unique(maintain_order=True).with_row_index("code")
    codes = frame.join(
        distinct, on=["one", "other"], how="left", nulls_equal=True, maintain_order="left"
    )["code"]
    texts = one.texts.gather(distinct["one"])
    return Pairs(codes, texts, other.texts.gather(distinct["other"]))


def categories() -> pl.DataType:
    """A type for a column of few texts, with numbers of its own that die with it."""
    import polars as pl

    return pl.Categorical(pl.Categories.random())


def frame_of(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> pl.DataFrame:
    """One column per header; integers stay integers, anything mixed becomes text."""
    import polars as pl

    columns = list(zip(*rows, strict=True)) or [()] * len(header)
    return pl.DataFrame(
        [column_of(name, values) for name, values in zip(header, columns, strict=True)]
    )


def column_of(name: str, values: Sequence[Any]) -> pl.Series:
    import polars as pl

    if {type(value) for value in values} <= {str, type(None)}:
        return pl.Series(name, values, dtype=pl.String)
    if all(value is None or _is_integer(value) for value in values):
        return pl.Series(name, values, dtype=pl.Int64)
    return pl.Series(name, [text_of(value) for value in values], dtype=pl.String)


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGE


def text_of(value: Any) -> str | None:
    """A cell as text: whole floats without a fraction, dates as ISO, null as None."""
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float | Decimal):
        number = float(value)
        if number != number:
            return None
        return str(int(value)) if abs(number) < _LARGE and number.is_integer() else str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value)


def flat(record: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested objects, down to three levels, as "outer.inner"; lists are left out."""
    found: dict[str, Any] = {}
    for key, value in record.items():
        if isinstance(value, Mapping):
            if prefix.count(".") < _DEEPEST:
                found |= flat(value, f"{prefix}{key}.")
        elif not isinstance(value, list | tuple):
            found[prefix + str(key)] = value
    return found


def columns_of(records: Sequence[Mapping[str, Any]], name: str) -> pl.DataFrame:
    """Objects with any keys, in order of appearance; a key that is left out is null.

    Raises SourceChanged where hardly two objects share their keys.
    """
    import polars as pl

    if any(isinstance(value, _NESTED) for record in records for value in record.values()):
        records = [flat(record) for record in records]
    keys = list(dict.fromkeys(key for record in records for key in record))
    refuse_hollow(len(keys), len(records), sum(map(len, records)), name)
    return pl.DataFrame(
        [
            column_of(column, [record.get(key) for record in records])
            for key, column in zip(keys, _short([str(key) for key in keys]), strict=True)
        ]
    )


def _short(header: Sequence[str]) -> list[str]:
    """ "public_metrics.post_count" as "post_count" where nothing else is called so."""
    tails = [name.rpartition(".")[2] or name for name in header]
    times = Counter(tails)
    return [
        tail if times[tail] == 1 and tail else name
        for name, tail in zip(header, tails, strict=True)
    ]
