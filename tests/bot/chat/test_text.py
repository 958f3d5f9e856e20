"""Text from data: what is dropped, and where it is cut."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from bot.chat.text import clean, columns, cut, pieces, shorten, size

MANY = settings(max_examples=5000 if os.environ.get("EBBWATCH_FUZZ") else 100)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain", "plain"),
        ("a\u202egnp.exe", "agnp.exe"),
        ("\u2066name\u2069\u200b\u200f", "name"),
        ("two\x00\x1b[31m words", "two[31m words"),
        ("line\r\nnext\u2028third", "line\nnext\nthird"),
        ("a\n\n\n\n\nb", "a\n\nb"),
        ("tab\there   there", "tab here there"),
        ("👩\u200d👧 and x\u200dy", "👩\u200d👧 and xy"),
        ("z" + "\u0301" * 50, "z" + "\u0301" * 3),
        ("\u3164\u2800 ", ""),
        ("\ud800lone", "lone"),
        ("  edges  ", "edges"),
    ],
)
def test_what_hides_or_reorders_is_dropped(raw: str, shown: str) -> None:
    assert clean(raw) == shown


def test_one_line_is_one_line() -> None:
    assert clean("a\nField: forged\n\nb", lines=False) == "a Field: forged b"


@pytest.mark.parametrize(
    ("text", "limit", "head", "rest"),
    [
        ("hello big world", 11, "hello big", "world"),
        ("hello big world", 9, "hello big", "world"),
        ("hello big world", 15, "hello big world", ""),
        ("unbreakable", 4, "unbr", "eakable"),
        ("a\nb c", 3, "a\nb", "c"),
        ("😀😀😀", 4, "😀😀", "😀"),
    ],
)
def test_a_cut_falls_between_words(text: str, limit: int, head: str, rest: str) -> None:
    assert cut(text, limit) == (head, rest)


@MANY
@given(st.text(), st.integers(1, 40))
def test_hostile_pieces_fit_and_lose_only_white_space(text: str, limit: int) -> None:
    text = clean(text)
    parts = pieces(text, max(limit, 2))
    assert all(0 < size(part) <= max(limit, 2) for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


@MANY
@given(st.text(max_size=200), st.integers(2, 60))
def test_a_hostile_shortened_text_fits_and_says_that_it_is(text: str, limit: int) -> None:
    short = shorten(text, limit)
    assert size(short) <= limit
    assert short == text or short.endswith("…") or not text[limit:].strip()


def test_the_limit_holds_for_what_is_sent() -> None:
    head, rest = cut("*" * 10, 6, lambda text: text.replace("*", "\\*"))
    assert (head, rest) == ("***", "*******")


def test_columns_line_up_and_long_cells_give_way() -> None:
    assert columns([["account", "change"], ["lena", "-5"]]) == "account  change\nlena     -5"
    wide = columns([["account", "note"], ["lena", "many words " * 20]], width=60)
    assert max(map(len, wide.split("\n"))) <= 60
    assert wide.endswith("many…")


def test_columns_line_up_below_letters_that_are_two_cells_wide() -> None:
    rows = [["account", "change"], ["花譜チャンネル", "-5"], ["lena", "-12"]]
    assert columns(rows) == ("account         change\n花譜チャンネル  -5\nlena            -12")
    assert {cell_len(line.rpartition(" ")[0]) for line in columns(rows).splitlines()} == {15}
    wide = columns([["account", "note"], ["lena", "花譜" * 90]], width=60)
    assert max(map(cell_len, wide.splitlines())) <= 60


def test_columns_never_shorten_the_name_of_an_account() -> None:
    name = "instagram/" + "x" * 30
    rows = [["#", "account", "change", "kind"], ["7", name, "-5", "Unfollow wave suspected"]]
    assert name in columns(rows, width=30)
