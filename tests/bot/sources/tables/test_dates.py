"""Times speak for themselves or the file proves their order; nothing is guessed."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources.tables.dates import (
    EARLIEST,
    LATEST,
    AmbiguousDates,
    date_order,
    end_of_day,
    parse_time,
    to_times,
)

VIENNA = ZoneInfo("Europe/Vienna")


def shown(text: str, order: str | None = None) -> str | None:
    at = parse_time(text, VIENNA, order)  # type: ignore[arg-type]
    return None if at is None else datetime.fromtimestamp(at, VIENNA).isoformat()


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-02-26", "2026-02-26T23:59:59+01:00"),
        ("20260226", "2026-02-26T23:59:59+01:00"),
        ("2026/02/26", "2026-02-26T23:59:59+01:00"),
        ("2026-02-26T00:00:00Z", "2026-02-26T01:00:00+01:00"),
        ("2026-02-26 10:00:00.123 UTC", "2026-02-26T11:00:00+01:00"),
        ("2026-02-26T10:00:00+0530", "2026-02-26T05:30:00+01:00"),
        ("2026-02-26 13:05", "2026-02-26T13:05:00+01:00"),
        ("1772150400", "2026-02-27T01:00:00+01:00"),
        ("1772150400123", "2026-02-27T01:00:00+01:00"),
        ("1772150400.5", "2026-02-27T01:00:00+01:00"),
        ("26 Feb 2026", "2026-02-26T23:59:59+01:00"),
        ("Feb 26, 2026", "2026-02-26T23:59:59+01:00"),
        ("Nov 02, 2025 1:55 am", "2025-11-02T01:55:00+01:00"),
        ("26. Februar 2026, 13:30", "2026-02-26T13:30:00+01:00"),
        ("8 de marzo de 2026", "2026-03-08T23:59:59+01:00"),
        ("1er février 2026", "2026-02-01T23:59:59+01:00"),
        ("2026-02-30", None),
        ("24 August", None),
        ("46079", None),
        ("12345", None),
        ("yesterday", None),
    ],
)
def test_times_that_speak_for_themselves(text: str, moment: str | None) -> None:
    assert shown(text) == moment


def test_numeric_dates_need_their_order() -> None:
    assert shown("03/02/2026") is None
    assert shown("03/02/2026", "dmy") == "2026-02-03T23:59:59+01:00"
    assert shown("03/02/2026", "mdy") == "2026-03-02T23:59:59+01:00"
    assert shown("02/26/2026 1:45 PM", "mdy") == "2026-02-26T13:45:00+01:00"
    assert shown("26.02.26", "dmy") == "2026-02-26T23:59:59+01:00"
    assert shown("01.01.2000", "dmy") == "2000-01-01T23:59:59+01:00"


def test_a_value_above_twelve_proves_the_order() -> None:
    assert date_order(["02/03/2025", "15/03/2025"]) == "dmy"
    assert date_order(["02/03/2025", "03/15/2025"]) == "mdy"


def test_days_that_run_on_prove_the_order() -> None:
    assert date_order(["01/02/2026", "02/02/2026", "03/02/2026"]) == "dmy"
    assert date_order(["02/01/2026", "02/02/2026", "02/03/2026"]) == "mdy"


def test_without_proof_the_file_is_refused() -> None:
    with pytest.raises(AmbiguousDates, match="--date-order dmy or mdy"):
        date_order(["01/02/2026", "02/02/2026"])
    with pytest.raises(AmbiguousDates, match="mixes two orders"):
        date_order(["13/02/2026", "02/13/2026"])
    with pytest.raises(AmbiguousDates, match="two digits"):
        date_order(["26.02.26"])


def test_a_column_may_mix_iso_and_slashed_dates() -> None:
    times = to_times(
        pl.Series("date", ["15/03/2025", "2025-07-14", "1752487200", "n/a", None, "soon"]),
        timezone="UTC",
    )
    assert times.order == "dmy"
    assert times.at.to_list() == [
        end_of_day(date(2025, 3, 15), ZoneInfo("UTC")),
        end_of_day(date(2025, 7, 14), ZoneInfo("UTC")),
        1752487200,
        None,
        None,
        None,
    ]
    assert times.bad.to_list() == [False, False, False, False, False, True]


def test_naive_times_are_local_also_where_the_clock_jumps() -> None:
    times = to_times(
        pl.Series(["2026-03-29T02:30:00", "2026-10-25T02:30:00"]), timezone="Europe/Vienna"
    )
    skipped, doubled = (datetime.fromtimestamp(at, UTC).isoformat() for at in times.at)
    assert skipped == "2026-03-29T01:30:00+00:00"
    assert doubled == "2026-10-25T00:30:00+00:00"


def test_typed_columns_are_taken_as_they_are() -> None:
    day = pl.Series([date(2026, 2, 26), None])
    aware = pl.Series([datetime(2026, 2, 26, 12, tzinfo=UTC)])
    assert to_times(day, timezone="UTC").at.to_list() == [1772150399, None]
    assert to_times(aware, timezone="Europe/Vienna").at.to_list() == [1772107200]
    assert to_times(pl.Series([1772150400]), timezone="UTC").at.to_list() == [1772150400]
    assert to_times(pl.Series([True]), timezone="UTC").bad.to_list() == [True]


@given(st.integers(EARLIEST, LATEST - 1))
def test_fast_and_slow_path_agree(at: int) -> None:
    moment = datetime.fromtimestamp(at, UTC)
    texts = [
        f"{moment:%Y-%m-%dT%H:%M:%S}Z",
        f"{moment:%Y-%m-%d %H:%M:%S}",
        moment.isoformat(),
        str(int(moment.timestamp())),
    ]
    fast = [to_times(pl.Series([text]), timezone="UTC").at[0] for text in texts]
    slow = [parse_time(text, ZoneInfo("UTC")) for text in texts]
    assert fast == slow == [int(moment.timestamp())] * 4


@given(st.text(max_size=70))
def test_any_text_is_a_time_or_none(text: str) -> None:
    for order in ("dmy", "mdy", "ymd", None):
        at = parse_time(text, VIENNA, order)  # type: ignore[arg-type]
        assert at is None or isinstance(at, int)
