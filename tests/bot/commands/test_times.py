"""Days and moments as people write them."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.commands.times import read_day, read_moment, read_span

TODAY = date(2026, 12, 1)  # a Tuesday
NOW = datetime(2026, 12, 1, 10, 30, tzinfo=ZoneInfo("Europe/Vienna"))


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2027-02-01", date(2027, 2, 1)),
        ("05.01.2027", date(2027, 1, 5)),
        ("5.1.27", date(2027, 1, 5)),
        ("24.12.", date(2026, 12, 24)),
        ("30.11.", date(2027, 11, 30)),
        ("31/01/2027", date(2027, 1, 31)),
        ("01/31/2027", date(2027, 1, 31)),
        ("07/07/2027", date(2027, 7, 7)),
        ("5 Jan 2027", date(2027, 1, 5)),
        ("Jan 5, 2027", date(2027, 1, 5)),
        ("5. Januar", date(2027, 1, 5)),
        ("december 1st", date(2026, 12, 1)),
        ("29 feb", date(2028, 2, 29)),
        ("today", TODAY),
        ("Tomorrow", date(2026, 12, 2)),
        ("übermorgen", date(2026, 12, 3)),
        ("in 10 days", date(2026, 12, 11)),
        ("friday", date(2026, 12, 4)),
        ("Fri", date(2026, 12, 4)),
        ("next friday", date(2026, 12, 4)),
        ("tuesday", date(2026, 12, 8)),
        ("Dienstag", date(2026, 12, 8)),
        ("Mi.", date(2026, 12, 2)),
    ],
)
def test_a_day_is_read_as_people_write_it(text: str, day: date) -> None:
    assert read_day(text, TODAY) == day


@pytest.mark.parametrize(
    "text",
    [
        "",
        "05/01/2027",
        "1/2",
        "32.1.2027",
        "30 feb 2027",
        "someday",
        "5",
        "13/13/2027",
        "5 foo",
    ],
)
def test_what_can_be_read_two_ways_or_not_at_all_is_no_day(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        read_day(text, TODAY)


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("2h", "2026-12-01T12:30"),
        ("for 2h", "2026-12-01T12:30"),
        ("until friday", "2026-12-04T09:00"),
        ("friday 18:00", "2026-12-04T18:00"),
        ("18:00", "2026-12-01T18:00"),
        ("9:00", "2026-12-02T09:00"),
        ("6pm", "2026-12-01T18:00"),
        ("12 am", "2026-12-02T00:00"),
        ("tomorrow 8:15", "2026-12-02T08:15"),
        ("morgen 18 Uhr", "2026-12-02T18:00"),
        ("2027-02-01", "2027-02-01T09:00"),
        ("5 jan 2027", "2027-01-05T09:00"),
    ],
)
def test_a_moment_is_read_from_now_on(text: str, end: str) -> None:
    assert NOW + read_moment(text, NOW) == datetime.fromisoformat(end).replace(
        tzinfo=NOW.tzinfo
    )


def test_a_night_in_which_the_clocks_change_is_as_long_as_it_is() -> None:
    evening = datetime(2027, 3, 27, 9, tzinfo=ZoneInfo("Europe/Vienna"))
    assert read_moment("tomorrow", evening) == timedelta(hours=23)


@pytest.mark.parametrize("text", ["yesterday", "2026-11-30", "today", "0d", "11y"])
def test_what_lies_behind_or_beyond_ten_years_is_no_moment(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        read_moment(text, NOW)


def test_a_span_of_ten_years_is_the_longest() -> None:
    assert read_span("3660d") == timedelta(days=3660)
    with pytest.raises(ValueError, match="3661"):
        read_span("3661d")
