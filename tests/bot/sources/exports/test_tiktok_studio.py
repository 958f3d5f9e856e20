"""TikTok Studio: dates without a year in the owner's language, by strict tables."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from babel.dates import get_month_names

from bot.sources.exports.interface_dates import languages_of, last_year, parse_month_day
from tests.bot.sources.exports.samples import (
    NOW,
    by_format,
    only,
    read,
    table,
    values,
    written,
    zipped,
)

HEADER = ("Date", "Followers", "Difference in followers from previous day")


def _history(*rows: tuple[str, object]) -> str:
    return table([HEADER, *((day, count, 0) for day, count in rows)]).rstrip()


@pytest.mark.parametrize(
    ("days", "first"),
    [
        (("February 27", "February 28", "March 1"), "2026-02-27"),
        (("27 February", "28 February", "1 March"), "2026-02-27"),
        (("27. Februar", "28. Februar", "1. März"), "2026-02-27"),
        (("27 de febrero", "28 de febrero", "1 de marzo"), "2026-02-27"),
        (("27 de fevereiro", "28 de fevereiro", "1 de março"), "2026-02-27"),
        (("27 de fevereiro", "28 de fevereiro", "1º de março"), "2026-02-27"),
        (("27 février", "28 février", "1er mars"), "2026-02-27"),
        (("27 febbraio", "28 febbraio", "1 marzo"), "2026-02-27"),
        (("27 tháng Hai", "28 tháng Hai", "1 tháng Ba"), "2026-02-27"),
        (("27 tháng 2", "28 tháng 2", "1 tháng 3"), "2026-02-27"),
        (("27 Φεβρουαρίου", "28 Φεβρουαρίου", "1 Μαρτίου"), "2026-02-27"),
        (("27 februari", "28 februari", "1 maart"), "2026-02-27"),
        (("27 lutego", "28 lutego", "1 marca"), "2026-02-27"),
        (("27 Şubat", "28 Şubat", "1 Mart"), "2026-02-27"),
        (("27 февраля", "28 февраля", "1 марта"), "2026-02-27"),
        (("2月27日", "2月28日", "3月1日"), "2026-02-27"),
        (("2월 27일", "2월 28일", "3월 1일"), "2026-02-27"),
    ],
)
def test_dates_in_the_owners_language(
    tmp_path: Path, days: tuple[str, ...], first: str
) -> None:
    text = _history(*((day, 1000 + n) for n, day in enumerate(days)))
    batch = read(written(tmp_path / "FollowerHistory.csv", text), account="lena")

    start = date.fromisoformat(first)
    assert values(batch, "followers") == {
        (start + timedelta(n)).isoformat(): 1000 + n for n in range(3)
    }


@pytest.mark.parametrize("language", ["en", "de", "es", "pt", "fr", "it", "vi", "el"])
def test_every_day_of_a_year_is_read_in_every_language(language: str) -> None:
    names = get_month_names("wide", "format", locale=language)
    days = [date(2026, 1, 1) + timedelta(n) for n in range(365)]
    link = " de " if language in {"es", "pt"} else " "
    texts = [f"{day.day}{link}{names[day.month]}" for day in days]

    readings = [found for _, found in languages_of(texts)]

    assert readings == [[(day.month, day.day) for day in days]]


def test_the_year_follows_from_the_last_day(tmp_path: Path) -> None:
    path = written(
        tmp_path / "FollowerHistory.csv", _history(("December 31", 5), ("January 1", 6))
    )
    old = datetime(2025, 3, 1, tzinfo=UTC).timestamp()
    os.utime(path, (old, old))

    assert values(read(path, account="lena"), "followers") == {"2024-12-31": 5, "2025-01-01": 6}


def test_no_day_lies_after_the_files_own_time(tmp_path: Path) -> None:
    path = written(tmp_path / "FollowerHistory.csv", _history(("March 30", 5), ("March 31", 6)))
    old = datetime(2025, 3, 1, tzinfo=UTC).timestamp()
    os.utime(path, (old, old))

    assert values(read(path, account="lena"), "followers") == {"2024-03-30": 5, "2024-03-31": 6}


def test_a_leap_day_picks_its_year(tmp_path: Path) -> None:
    text = _history(("February 28", 5), ("February 29", 6), ("March 1", 7))
    batch = read(written(tmp_path / "FollowerHistory.csv", text), account="lena")

    assert list(values(batch, "followers")) == ["2024-02-28", "2024-02-29", "2024-03-01"]


def test_days_of_365_rows_cross_the_new_year() -> None:
    end = date(2026, 11, 19)
    days = [end - timedelta(n) for n in range(364, -1, -1)]

    assert last_year([(day.month, day.day) for day in days], NOW.date()) == days


def test_newest_first_is_read_as_well(tmp_path: Path) -> None:
    text = _history(("March 2", 7), ("March 1", 6), ("February 28", 5))
    batch = read(written(tmp_path / "FollowerHistory.csv", text), account="lena")

    assert values(batch, "followers") == {"2026-02-28": 5, "2026-03-01": 6, "2026-03-02": 7}


def test_days_that_do_not_run_on_are_an_error_with_their_row(tmp_path: Path) -> None:
    text = _history(("March 1", 5), ("March 2", 6), ("March 4", 7))
    batch = read(written(tmp_path / "FollowerHistory.csv", text), account="lena")

    assert only(batch).format is None
    assert "row 4, column 1: this is not the day after the row before" in batch.faults[0].text


def test_a_table_of_ones_own_is_no_export_of_the_studio(tmp_path: Path) -> None:
    text = "Date,Followers,Change\n2026-03-01,5,0\n2026-03-05,6,1\n"
    batch = read(written(tmp_path / "own.csv", text), account="tiktok/lena")

    assert values(batch, "followers") == {"2026-03-01": 5, "2026-03-05": 6}


def test_an_unknown_language_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    text = _history(("1 Marzuary", 5))
    batch = read(written(tmp_path / "FollowerHistory.csv", text), account="lena")

    assert "row 2, column 1: the dates are in no known language" in batch.faults[0].text
    assert "English" in batch.faults[0].text


def test_a_month_that_languages_disagree_on_is_not_guessed(tmp_path: Path) -> None:
    # Polish "listopada" is November; "lipca" and "lipnja" look alike: here Czech červen
    assert parse_month_day("1 červen", "cs") == (6, 1)
    assert parse_month_day("30 February", "en") is None
    assert parse_month_day("32 March", "en") is None
    assert parse_month_day("March 3 2026", "en") is None


def test_undefined_is_no_zero(tmp_path: Path) -> None:
    text = _history(("March 1", "undefined"), ("March 2", 6), ("March 3", "undefined"))
    batch = read(written(tmp_path / "FollowerHistory.csv", text), account="lena")

    assert values(batch, "followers") == {"2026-03-02": 6}
    assert only(batch).bad_rows == 0


@pytest.mark.parametrize(
    ("differences", "told"),
    [((0, 2, 5), None), ((2, 5, 0), "contradicts the counts in 2 of 2 rows")],
)
def test_the_difference_column_is_never_used(
    tmp_path: Path, differences: tuple[int, ...], told: str | None
) -> None:
    rows = zip(("March 1", "March 2", "March 3"), (40, 42, 47), differences, strict=True)
    path = written(tmp_path / "FollowerHistory.csv", table([HEADER, *rows]))
    batch = read(path, account="lena")

    assert values(batch, "followers") == {"2026-03-01": 40, "2026-03-02": 42, "2026-03-03": 47}
    assert batch.readings is not None
    assert batch.readings.columns == ["account", "at", "followers"]
    notes = [note for note in only(batch).notes if "difference column" in note]
    assert [told in note for note in notes] == ([True] if told else [])


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b""])
def test_with_and_without_a_byte_order_mark(tmp_path: Path, mark: bytes) -> None:
    path = written(tmp_path / "FollowerHistory.csv", mark + _history(("March 1", 6)).encode())

    assert only(read(path)).readings == 1


def test_the_zip_of_an_overview_names_handle_and_time(tmp_path: Path) -> None:
    header = "Date,Video Views,Profile Views,Likes,Comments,Shares"
    text = f"{header}\nDecember 31,100,5,7,2,1\nJanuary 1,120,5,8,0,undefined\n"
    # 1751362800 is 2025-07-01
    name = "Overview_2025-06-01_1751362800_lena_makes.zip"
    batch = read(zipped(tmp_path / name, {"Overview.csv": text.encode()}))

    assert only(batch).account == "tiktok/lena_makes"
    assert values(batch, "views_daily") == {"2024-12-31": 100, "2025-01-01": 120}
    assert values(batch, "interactions_daily") == {"2024-12-31": 10, "2025-01-01": None}


def test_files_of_one_account_and_day_fill_one_row(tmp_path: Path) -> None:
    written(tmp_path / "x" / "FollowerHistory.csv", _history(("March 1", 6)))
    header = "Date,Video Views,Profile Views,Likes,Comments,Shares"
    written(tmp_path / "x" / "Overview.csv", f"{header}\nMarch 1,100,5,7,2,1\n")
    batch = read(tmp_path / "x", account="lena")

    assert batch.readings is not None
    assert batch.readings.height == 1
    assert batch.readings.select("followers", "views_daily", "interactions_daily").row(0) == (
        *(6, 100),
        10,
    )


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("Date,Hour,Active followers\nMarch 1,0,5\n", "hours at which followers are active"),
        ("Top territories,Distribution\nUS,0.5\n", "shares of the audience"),
        ("Time,Video title,Video link,Post time\nMarch 1,a,b,c\n", "videos"),
    ],
)
def test_other_files_of_the_studio_are_refused(tmp_path: Path, text: str, what: str) -> None:
    found = only(read(written(tmp_path / "a.csv", text)))

    assert found.format is None
    assert f"lists {what}, not followers" in found.notes[0]


def test_workbooks_hold_the_same_as_text(tmp_path: Path) -> None:
    from tests.bot.sources.exports.workbooks import workbook

    rows = [HEADER, ("March 1", "6", "0"), ("March 2", "undefined", "0"), ("March 3", "8", "2")]
    path = written(tmp_path / "FollowerHistory.xlsx", workbook({"Sheet1": rows}))
    batch = read(path, account="lena")

    assert by_format(batch)["tiktok_studio.follower_history"].readings == 2
    assert values(batch, "followers") == {"2026-03-01": 6, "2026-03-03": 8}
