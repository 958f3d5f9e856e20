"""Counts in the shapes of real dashboards, spreadsheets and profile pages."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources.tables.numbers import decimal_sign, is_missing, parse_count, to_counts


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("1003", 1003),
        ("1.003", 1003),
        ("1,003", 1003),
        ("1 003", 1003),
        ("1\u202f003", 1003),
        ("1’003", 1003),
        ("1.234.567", 1_234_567),
        ("12,34,567", 1_234_567),
        ("1003.0", 1003),
        ("+12", 12),
        ("−12", -12),
        ("1.2K", 1_200),
        ("1.0K", 1_000),
        ("1.234K", 1_234),
        ("3,4 Mio.", 3_400_000),
        ("3 Tsd.", 3_000),
        ("1,2 mil", 1_200),
        ("12,3 тыс.", 12_300),
        ("4.5万", 45_000),
        ("1.23M", 1_230_000),
        ("٣٤", 34),
    ],
)
def test_counts_are_read_as_people_write_them(text: str, count: int) -> None:
    assert parse_count(text) == count


@pytest.mark.parametrize(
    "text",
    ["", "n/a", "abc", "1003.5", "0.123", "12,3,4", "1..2", "1e3", "5 %", "1-2", "9" * 40],
)
def test_what_is_no_whole_number_is_refused(text: str) -> None:
    assert parse_count(text) is None


@pytest.mark.parametrize("text", ["", " ", "--", "—", "N/A", "NaN", "undefined", "null"])
def test_cells_that_say_nothing_are_missing_and_never_zero(text: str) -> None:
    assert is_missing(text)
    counts = to_counts(pl.Series("followers", [text, "5"]))
    assert counts.values.to_list() == [None, 5]
    assert not counts.bad.any()


def test_a_proven_decimal_sign_holds_for_the_whole_column() -> None:
    alone = to_counts(pl.Series(["1.234"]))
    beside = to_counts(pl.Series(["1.234", "2.5K"]))
    assert alone.values.to_list() == [1234]
    assert beside.values.to_list() == [None, 2500]
    assert beside.bad.to_list() == [True, False]


def test_proof_of_both_signs_is_proof_of_none() -> None:
    assert decimal_sign(["1.5K", "1,5K"]) is None
    assert decimal_sign(["1.234", "1.5K"]) == "."


def test_floats_count_only_where_they_are_whole() -> None:
    counts = to_counts(pl.Series([1003.0, None, float("nan"), 1.5]))
    assert counts.values.to_list() == [1003, None, None, None]
    assert counts.bad.to_list() == [False, False, False, True]


@given(st.integers(0, 10**12))
def test_every_grouping_reads_back(count: int) -> None:
    for grouped in (f"{count}", f"{count:,}", f"{count:_}", f"{count:,}".replace(",", ".")):
        assert parse_count(grouped) == count


@given(st.text(max_size=50))
def test_any_text_is_a_count_or_none(text: str) -> None:
    assert parse_count(text) is None or isinstance(parse_count(text), int)
