"""Counts as people and programs write them: 1.003, 1,003, 1 003, 1.2K, 3,4 Mio."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from bot.sources.tables.columns import METRIC_NOUNS
from bot.sources.tables.invisible import visible

if TYPE_CHECKING:
    import polars as pl

MISSING = frozenset(
    {
        *("", "-", "--", "–", "—", "−", ".", "?", "n/a", "na", "nan", "#n/a", "#value!"),
        *("null", "none", "nil", "undefined", "unknown", "k.a.", "k. a.", "s/d", "n/d", "nd"),
    }
)
"""Cells that say nothing, in lower case; they are absent, never 0."""

# CLDR compact forms and the dashboards' own; a letter that means different sizes in
# different languages (Turkish B = thousand) is read as English and then fails as absurd.
_SUFFIXES = {
    1_000: "k tsd tsd. tausend mil mille mila bin tys tys. тыс тыс. χιλ χιλ. rb ribu n nghìn "
    "tn tuhatta t 千 천",
    10_000: "万 萬 만 w",
    100_000: "lakh lac लाख",
    1_000_000: "m mm mio mio. mln mln. million millionen millions millones mill mill. mi mi. "
    "mn млн млн. εκ εκ. jt juta tr triệu milj milj. mijoen",
    10_000_000: "crore cr करोड़",
    100_000_000: "億 亿 억",
    1_000_000_000: "b bn mrd mrd. md md. mld mld. bi млрд mia tỷ",
}
_FACTORS = {word: factor for factor, words in _SUFFIXES.items() for word in words.split()}
_SHAPE = re.compile(r"([+-]?)(\d[\d.,]*)\s?([^\d\s+\-.,][^\d]*)?")
_SPACES = re.compile(r"(?<=\d)[\s'’_](?=\d{3}(?!\d))")

_MYRIADS = re.compile(r"(\d{1,6})[万萬만](\d{1,4})")

_SCIENTIFIC = re.compile(r"(\d(?:[.,]\d+)?)e\+(\d\d)")

_LONGEST = 32
_MOST = 2**62

Sign = Literal[".", ","]


@dataclass(frozen=True, slots=True)
class Counts:
    """`values` is Int64 with null where the cell was missing or `bad` (a boolean Series).

    `fractions` are those of the bad that hold a number, but no whole one.
    """

    values: pl.Series
    bad: pl.Series
    fractions: pl.Series


def alike(frame: pl.DataFrame) -> Iterable[list[int]]:
    """Numbers of the columns that can be read as one: there may be thousands, each costs time.

    They share their type, and the decimal sign that a cell proves for its whole column.
    """
    import polars as pl

    odd = [
        text.name
        for text in frame.get_columns()
        if text.dtype == pl.String
        and text.cast(pl.Int64, strict=False).null_count() > text.null_count()
    ]
    cells = frame.select(pl.col(odd).drop_nulls().unique().implode()).row(0) if odd else ()
    signs = {
        name: decimal_sign(text for text in own if not text.isdigit())
        for name, own in zip(odd, cells, strict=True)
    }
    groups: dict[tuple[pl.DataType, Sign | None], list[int]] = {}
    for number, (name, dtype) in enumerate(frame.schema.items()):
        groups.setdefault((dtype, signs.get(name)), []).append(number)
    return groups.values()


def to_counts(column: pl.Series, factor: int = 1) -> Counts:
    """Reads a whole column; the decimal sign that any cell proves holds for all of them.

    `factor` is the unit in which the column counts: 1000 for thousands.
    """
    import polars as pl

    if column.dtype.is_integer():
        values = column.cast(pl.Int64, strict=False) * factor
        bad = values.is_null() & column.is_not_null()
        return Counts(values, bad, bad & False)
    if column.dtype.is_float() or column.dtype.is_decimal():
        return _from_floats(column.cast(pl.Float64), factor)
    if column.dtype != pl.String:
        absent = column.is_null()
        nothing = pl.Series(column.name, [None] * len(column), dtype=pl.Int64)
        return Counts(nothing, ~absent, absent & False)
    values = column.cast(pl.Int64, strict=False)
    odd = values.is_null() & column.is_not_null()
    if not odd.any():
        return Counts(values * factor, odd, odd)
    # one sign for all cells: "1.003" cannot be judged without its neighbours
    texts = column.filter(column.str.contains(r"[^0-9]").fill_null(False)).unique().to_list()
    sign = decimal_sign(texts)
    if factor != 1 and sign is None:
        # what counts in thousands has hardly thousands of them
        sign = next((s for s in (".", ",") if any(s in text for text in texts)), None)
    known = {text: parse_count(text, sign, factor) for text in texts}
    numbers = [text for text, value in known.items() if value is not None]
    filled = column.replace_strict(
        numbers, [known[text] for text in numbers], default=None, return_dtype=pl.Int64
    )
    plain = column.str.contains(r"^[0-9]+$").fill_null(False)
    values = pl.select(pl.when(plain).then(values * factor).otherwise(filled)).to_series()
    empty = [text for text in texts if is_missing(text)]
    broken = [t for t in texts if known[t] is None and parse_number(t, sign) is not None]
    absent = column.is_null() | column.is_in([*empty, ""])
    bad = values.is_null() & ~absent
    return Counts(values.alias(column.name), bad, column.is_in(broken).fill_null(False) & bad)


def _from_floats(column: pl.Series, factor: int) -> Counts:
    import polars as pl

    column = (column * factor).round(6)
    finite = column.is_finite().fill_null(False)
    fits = finite & (column == column.round()) & (column.abs() < 2.0**62)
    values = pl.select(pl.when(fits).then(column)).to_series().cast(pl.Int64)
    bad = ~(fits | column.is_null() | column.is_nan())
    return Counts(values.alias(column.name), bad, bad & finite)


def is_missing(text: str) -> bool:
    return text.strip().casefold() in MISSING


def decimal_sign(texts: Iterable[str]) -> Sign | None:
    """The sign that some text proves to be decimal; None without proof or if both are."""
    proven = {sign for text in texts if (sign := _own_sign(_tidy(text[:_LONGEST])))}
    return proven.pop() if len(proven) == 1 else None


def parse_count(text: str, sign: Sign | None = None, factor: int = 1) -> int | None:
    """One cell; None where it is missing or no whole number.

    Before a suffix a lone sign is decimal ("1,2 Mio."); else it groups thousands if three
    digits follow ("1.003"), unless `sign` says that it is decimal in this column. `factor` is
    the column's unit; a suffix goes before it.
    """
    number = parse_number(text, sign)
    if number is None:
        return None
    value, suffix = number
    value = value if suffix else value * factor
    if value != value.to_integral_value():
        if not suffix:
            return None
        value = value.to_integral_value()
    return int(value) if abs(value) <= _MOST else None


def parse_number(text: str, sign: Sign | None = None) -> tuple[Decimal, bool] | None:
    """The number in one cell, and whether a suffix such as "k" gave its unit."""
    tidy = _tidy(text[:_LONGEST])
    match = _SHAPE.fullmatch(tidy)
    if not match or len(text) > _LONGEST:
        return None
    minus, digits, suffix = match.groups()
    unit, _, noun = (suffix or "").strip().rpartition(" ")
    suffix = unit if noun in METRIC_NOUNS else suffix  # "1.2K followers"
    factor = _FACTORS.get((suffix or "").strip())
    if suffix and factor is None:
        return None
    own = _own_sign(tidy)
    sign = own or sign
    if sign is None and suffix and len(re.findall(r"[.,]", digits)) == 1:
        sign = "." if "." in digits else ","
    whole, _, fraction = (
        digits.rpartition(sign) if sign and sign in digits else (digits, "", "")
    )
    if not _grouped(whole) or not re.fullmatch(r"\d*", fraction):
        return None
    value = Decimal(re.sub(r"[.,]", "", whole) + "." + (fraction or "0")) * (factor or 1)
    return (-value if minus == "-" else value), bool(suffix)


def is_number(text: str) -> bool:
    return parse_number(text) is not None


def _tidy(text: str) -> str:
    """Plain digits and signs, lower case, without grouping spaces and apostrophes."""
    plain = unicodedata.normalize("NFKC", visible(text)).strip().casefold().replace("−", "-")
    plain = plain.replace("٬", ",").replace("٫", ".")
    if not plain.isascii():
        plain = "".join(str(unicodedata.digit(c)) if c.isdigit() else c for c in plain)
    plain = _SPACES.sub("", plain)
    if match := _SCIENTIFIC.fullmatch(plain):  # as spreadsheets show large numbers
        return str(Decimal(f"{match[1].replace(',', '.')}e{match[2]}").quantize(Decimal(1)))
    if match := _MYRIADS.fullmatch(plain):  # 1万2000
        return str(int(match[1]) * 10_000 + int(match[2]))
    return plain


def _grouped(whole: str) -> bool:
    """True for "1003", "1.003", "1,234,567"; False for "1.03" and mixed signs."""
    return bool(
        re.fullmatch(r"\d+|\d{1,3}(\.\d{3})+|\d{1,3}(,\d{3})+|\d{1,3}(,\d{2})*,\d{3}", whole)
    )


def _own_sign(tidy: str) -> Sign | None:
    """The decimal sign, where the text cannot be read in another way."""
    signs = re.findall(r"[.,]", tidy.rstrip(".abcdefghijklmnopqrstuvwxyz "))
    if not signs:
        return None
    last: Sign = "." if signs[-1] == "." else ","
    if len(set(signs)) == 2:
        return last if signs.count(last) == 1 else None
    digits = re.match(r"[+-]?(\d*)[.,](\d*)", tidy)
    if len(signs) > 1 or digits is None:
        return None
    lone = len(digits[2]) != 3 or len(digits[1]) > 3 or digits[1].startswith("0")
    return last if lone else None
