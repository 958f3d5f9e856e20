"""Files with counts: every kind, every trap, read to the right numbers or refused in words."""

import gzip
import io
import json
import os
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.errors import SourceChanged, SourceError, SourceUnavailable
from bot.model.source import Batch
from bot.sources.read import read_input
from bot.sources.tables.options import options_from

DATA = Path("tests/data")
NOW = datetime(2036, 1, 1, tzinfo=UTC)
FULL = bool(os.environ.get("EBBWATCH_FUZZ"))

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def writer(content: str | bytes, name: str = "counts.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return writer


def read_file(path: Path, **options: object) -> Batch:
    """What the one door gives; raises where it gives a refusal or a question."""
    batch = read_input(path, options_from(options), hash_key=lambda: bytes(32), now=NOW)
    refused = [found for found in batch.found if found.format is None]
    if refused:
        raise SourceChanged(" ".join(refused[0].notes))
    return batch


def rows(path: Path, **options: object) -> list[tuple[object, ...]]:
    batch = read_file(path, **options)  # type: ignore[arg-type]
    assert batch.readings is not None
    return batch.readings.rows()


def end(day: str) -> int:
    return int(datetime.fromisoformat(f"{day}T23:59:59+00:00").timestamp())


SAMPLE = [
    ("@other", end("2026-02-26"), 50),
    ("@sample", end("2026-02-26"), 1003),
    ("@sample", end("2026-02-27"), 1000),
]


@pytest.mark.parametrize(
    "name",
    ["long.csv", "wide.csv", "wide_with_title.xlsx", "long_semicolon_eu.csv", "long.parquet"],
)
def test_the_samples_of_long_and_wide_tables(name: str) -> None:
    found = rows(DATA / "generic" / name)
    assert found == (SAMPLE if name.startswith(("long.csv", "wide")) else SAMPLE[1:])


def test_the_sample_with_iso_times_and_epochs() -> None:
    midnight = int(datetime(2026, 2, 26, tzinfo=UTC).timestamp())
    batch = read_file(DATA / "generic/long.jsonl")
    assert batch.readings is not None
    assert batch.readings.to_dicts() == [
        {"account": "@sample", "at": midnight, "followers": 1003, "following": 10},
        {"account": "@sample", "at": midnight + 86400, "followers": 1000, "following": None},
    ]


def test_the_sample_database_names_its_platform() -> None:
    assert [row[0] for row in rows(DATA / "generic/counts.sqlite")] == ["instagram/sample"] * 2


def test_a_real_file_that_mixes_slashed_and_iso_dates() -> None:
    batch = read_file(DATA / "bluesky-thinktanks/follower_counts.csv", platform="bluesky")
    found = batch.found[0]
    assert (found.readings, found.first, found.last) == (2989, "2025-03-15", "2026-08-17")
    assert (found.platform, found.basis, found.bad_rows) == ("bluesky", "total", 0)
    assert batch.readings is not None
    one = batch.readings.filter(pl.col("account") == "bluesky/adamsmith.org")
    assert one.row(0) == ("bluesky/adamsmith.org", end("2025-03-15"), 112, 250)
    assert one["at"].is_sorted()
    assert len(one) == 61


@pytest.mark.parametrize(
    "encode",
    [
        lambda t: t.encode(),
        lambda t: t.encode("utf-8-sig"),
        lambda t: t.encode("utf-16"),
        lambda t: b"\xfe\xff" + t.encode("utf-16-be"),
        lambda t: t.encode("utf-16-le"),
        lambda t: t.encode("cp1252"),
        lambda t: gzip.compress(t.encode()),
        lambda t: t.replace("\n", "\r\n").encode(),
        lambda t: t.replace(";", "\t").encode(),
        lambda t: ("sep=;\n" + t).encode(),
        lambda t: ("Übersicht der Woche;;\n\n" + t).encode("utf-8-sig"),
        lambda t: t.replace("zoë", '"zoë"').encode(),
    ],
)
def test_encodings_separators_and_titles(write: Write, encode: Callable[[str], bytes]) -> None:
    days = "".join(f"2026-02-{day:02};zoë;1.{day:03}\n" for day in range(1, 28))
    path = write(encode(f"Datum;Konto;Abonnenten für Größe\n{days}"))
    found = rows(path, columns={"followers": "Abonnenten für Größe"})
    assert found == [("zoë", end(f"2026-02-{day:02}"), 1000 + day) for day in range(1, 28)]


def test_a_platform_in_the_row_goes_before_the_given_one(write: Write) -> None:
    path = write("date,platform,handle,followers\n2026-02-26,TikTok,@a,1\n2026-02-26,,@b,2\n")
    assert [row[0] for row in rows(path, platform="instagram")] == ["instagram/b", "tiktok/a"]
    assert [row[0] for row in rows(path)] == ["@b", "tiktok/a"]


@pytest.mark.parametrize(
    ("value", "account"),
    [
        ("@lena", "x/lena"),
        ("tiktok/lena", "tiktok/lena"),
        ("r/lena", "x/r/lena"),
        ("https://www.tiktok.com/@Lena?lang=de", "tiktok/lena"),
        ("https://bsky.app/profile/one.example", "bluesky/one.example"),
        ("https://www.pinterest.de/lena/", "pinterest/lena"),
        ("https://pinterest.co.uk/lena", "pinterest/lena"),
        ("https://m.weibo.cn/u/12345", "weibo/12345"),
        ("https://www.xiaohongshu.com/user/profile/5f", "xiaohongshu/5f"),
        ("https://ok.ru/lena", "ok/lena"),
        ("https://rumble.com/c/Lena", "rumble/lena"),
        ("https://odysee.com/@Lena:1", "odysee/lena"),
        ("https://discord.gg/lena", "discord/lena"),
        ("https://discord.com/invite/lena", "discord/lena"),
    ],
)
def test_handles_as_people_write_them(write: Write, value: str, account: str) -> None:
    path = write(f"date,account,followers\n2026-02-26,{value},5\n")
    assert rows(path, platform="X")[0][0] == account
    known = account.partition("/")[0] != "x"
    assert rows(path)[0][0] == (account if known else value), "unchanged where nobody says it"


def test_absent_is_absent_and_never_zero(write: Write) -> None:
    path = write(
        "date,account,followers,views\n2026-02-26,a,,7\n2026-02-27,a,5,\n2026-02-28,a,,\n"
    )
    assert rows(path) == [
        ("a", end("2026-02-26"), None, 7),
        ("a", end("2026-02-27"), 5, None),
    ]


def test_bad_rows_are_named_and_the_good_ones_kept(write: Write) -> None:
    path = write(
        "date,account,followers\n"
        "2026-02-26,a,1000\n"
        "2026-02-31,a,1001\n"
        "2026-02-27,a,-1\n"
        "2026-02-28,a,lots\n"
        "2026-03-01,,1012\n"
        "2026-03-02,a,99999999999\n"
        "2026-03-03,a,1,2,3\n"
        "2026-03-04,a,1013\n"
    )
    batch = read_file(path)
    assert batch.readings is not None
    assert batch.readings["followers"].to_list() == [1000, 1013]
    assert sorted(fault.where for fault in batch.faults) == [
        "counts.csv:3:date",
        "counts.csv:4:followers",
        "counts.csv:5:followers",
        "counts.csv:6:account",
        "counts.csv:7:followers",
        "counts.csv:8",
    ]
    assert batch.found[0].bad_rows == 6
    assert {fault.kind for fault in batch.faults} == {"row"}


def test_a_stray_quote_costs_its_own_row_only(write: Write) -> None:
    path = write('date,account,followers\n2026-02-26,a,1\n2026-02-27,"a,2\n2026-02-28,a,3\n')
    batch = read_file(path)
    assert batch.readings is not None
    assert batch.readings["followers"].to_list() == [1, 3]
    assert [fault.where for fault in batch.faults] == ["counts.csv:3"]


def test_many_bad_rows_are_counted_not_listed(write: Write) -> None:
    lines = "".join(f"2026-02-26,a{i},bad\n" for i in range(500))
    batch = read_file(write(f"date,account,followers\n2026-02-26,a,1\n{lines}"))
    assert len(batch.faults) == 21
    assert batch.faults[-1].text == "counts.csv: 480 more rows were left out."
    assert batch.found[0].bad_rows == 500


def test_repeated_and_unordered_rows(write: Write) -> None:
    path = write(
        "date,account,followers\n2026-02-27,b,4\n2026-02-26,a,1\n2026-02-27,a,2\n2026-02-26,a,3\n"
    )
    batch = read_file(path)
    assert batch.readings is not None
    assert batch.readings.rows() == [
        ("a", end("2026-02-26"), 3),
        ("a", end("2026-02-27"), 2),
        ("b", end("2026-02-27"), 4),
    ]
    assert batch.notes == ("1 row repeats an account and time: the last of each was taken",)


def test_metrics_given_per_day_are_flows(write: Write) -> None:
    path = write("date,account,followers,interactions,views\n2026-02-26,a,-3,40,9\n")
    batch = read_file(path, daily=("followers", "interactions"))
    assert batch.readings is not None
    assert batch.readings.drop("at").to_dicts() == [
        {"account": "a", "net": -3, "interactions_daily": 40, "views": 9}
    ]
    assert batch.found[0].basis == "net"


def test_what_falls_too_often_for_a_total_is_of_each_day(write: Write) -> None:
    counts = [40, 52, 31, 60, 22, 48, 51, 12]
    lines = "".join(f"2026-02-{10 + i},a,{1000 - i},{n}\n" for i, n in enumerate(counts))
    path = write("date,account,followers,interactions\n" + lines)
    batch = read_file(path)
    assert batch.readings is not None
    assert batch.readings["interactions_daily"].to_list() == counts
    assert "interactions" not in batch.readings.columns
    assert (
        '"interactions" falls in 43 % of its steps: read as interactions per day' in batch.notes
    )


def test_an_average_that_hardly_moves_is_neither_a_total_nor_of_a_day(write: Write) -> None:
    counts = [4000, 4002, 3999, 4001, 3998, 4003, 4000, 3999]
    lines = "".join(f"2026-02-{10 + i},a,{1000 - i},{n}\n" for i, n in enumerate(counts))
    batch = read_file(write("date,account,followers,interactions\n" + lines))
    assert batch.readings is not None
    assert batch.readings.columns == ["account", "at", "followers"]
    assert "no total, and not used" in " ".join(batch.notes)


def test_followers_may_fall_every_day(write: Write) -> None:
    lines = "".join(f"2026-02-{10 + i},a,{1000 - i}\n" for i in range(10))
    assert len(rows(write("date,account,followers\n" + lines))) == 10


def test_a_wide_table_may_have_a_column_of_remarks(write: Write) -> None:
    path = write("date,lena,remarks\n2026-02-26,5,sick\n2026-02-27,6,\n")
    batch = read_file(path, wide=True)
    assert batch.found[0].account == "lena"
    assert batch.faults == ()
    assert "columns without counts, not used: remarks" in batch.notes
    with pytest.raises(SourceChanged, match="no column with a count among"):
        read_file(write("date,mood,remarks\n2026-02-26,bad,sick\n"))


def test_rows_that_do_not_say_when_are_named(write: Write) -> None:
    batch = read_file(write("date,account,followers\n2026-02-26,a,5\n,a,6\n,,\n"))
    assert [fault.where for fault in batch.faults] == ["counts.csv:3:date"]


def test_one_account_per_file(write: Write) -> None:
    path = write("date,followers\n2026-02-26,5\n", "lenamakes.csv")
    batch = read_file(path, platform="instagram")
    assert batch.found[0].account == "instagram/lenamakes"
    assert batch.notes == ('the account "lenamakes" was taken from the file name',)
    assert rows(path, account="kim")[0][0] == "kim"


def test_nested_json_and_json_that_holds_a_list(write: Write) -> None:
    record = {
        "username": "a",
        "fetched_at": "2026-02-26T10:00:00Z",
        "public_metrics": {"followers_count": 5, "post_count": 2},
        "labels": ["x"],
    }
    found = rows(write(json.dumps({"data": [record], "meta": {"n": 1}}), "counts.json"))
    assert found == [("a", 1772100000, 5, 2)]


def test_json_lines_keep_what_can_be_read(write: Write) -> None:
    good = '{"at":1772150400,"account":"a","followers":1}\n'
    batch = read_file(write(good + '{"at":17721\n' + good.replace('"a"', '"b"'), "c.jsonl"))
    assert batch.readings is not None
    assert batch.readings["account"].to_list() == ["a", "b"]
    assert [fault.where for fault in batch.faults] == ["c.jsonl:2"]


def test_the_sheet_with_the_table_is_found() -> None:
    batch = read_file(DATA / "generic/wide_with_title.xlsx", platform="instagram")
    assert batch.found[0].format == "table.wide"
    assert batch.found[0].platform == "instagram"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"date,account,followers\n", "has no rows below its header"),
        (b"hello\n", "is no table"),
        (b"name,colour\na,red\n", 'no column with a time among "name", "colour"'),
        (b"date,account,colour\n2026-02-26,a,red\n", "no column with a count"),
        (b"date,account,followers\n01/02/2026,a,5\n", "--date-order dmy"),
        (b"date,account,followers\nx,a,5\n", "no row that can be read"),
        (b"PAR1\x15\x04\x15", "damaged or cut off Parquet"),
        (b"PK\x03\x04nonsense", "damaged or incomplete"),
        (b"\xd0\xcf\x11\xe0nonsense", "damaged or protected workbook"),
        (b"\x1f\x8bnonsense", "damaged or cut off gzip"),
        (b'{"a":', "damaged or cut off JSON"),
        (b"[1, 2]", "without one list of objects"),
        (b"SQLite format 3\0nonsense", "cannot be read"),
        (b"\xff\xfed\0a\0t\0e\0,\0x", "breaks at byte"),
    ],
)
def test_files_that_cannot_be_read_say_why(write: Write, content: bytes, sentence: str) -> None:
    with pytest.raises(SourceChanged, match=sentence) as caught:
        read_file(write(content))
    assert "counts.csv " in str(caught.value)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("spot", [36, 83, 207, 461])
def test_a_damaged_parquet_file_is_refused_without_another_word(
    write: Write, capfd: pytest.CaptureFixture[str], spot: int
) -> None:
    data = bytearray((DATA / "generic/long.parquet").read_bytes())
    data[spot] ^= 0x40
    with pytest.raises(SourceChanged, match="is a damaged or cut off Parquet file"):
        read_file(write(bytes(data), "counts.parquet"))
    assert capfd.readouterr() == ("", "")


def test_a_parquet_file_of_a_few_bytes_may_not_unpack_to_gigabytes(write: Write) -> None:
    buffer = io.BytesIO()
    frame = pl.select(followers=pl.repeat(7, 60_000_000, dtype=pl.Int64))
    frame.write_parquet(buffer, row_group_size=60_000_000)
    assert len(buffer.getvalue()) < 1 << 20
    with pytest.raises(SourceChanged, match=r"more cells than a table of counts|damaged"):
        read_file(write(buffer.getvalue(), "counts.parquet"))


def test_missing_files_and_folders_are_told(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="does not exist"):
        read_file(tmp_path / "none.csv")
    with pytest.raises(SourceChanged, match="holds no known export"):
        read_file(tmp_path)


def test_a_wrong_columns_mapping_names_what_is_there(write: Write) -> None:
    path = write("date,account,followers\n2026-02-26,a,5\n")
    with pytest.raises(SourceChanged, match=r'no column "Fans" \(followers\) among "date"'):
        read_file(path, columns={"followers": "Fans"})


def test_a_database_with_two_fitting_tables_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "two.db"
    with sqlite3.connect(path) as db:
        for name in ("old", "new"):
            db.execute(f"create table {name} (at text, account text, followers integer)")
    db.close()
    with pytest.raises(SourceChanged, match=r'"new", "old".*kind = "sql"'):
        read_file(path)


def test_the_order_can_be_given_where_nothing_proves_it(write: Write) -> None:
    path = write("date,account,followers\n01/02/2026,a,5\n")
    assert rows(path, date_order="dmy")[0][1] == end("2026-02-01")
    assert rows(path, date_order="mdy")[0][1] == end("2026-01-02")


def readings_or_refusal(path: Path) -> int | str:
    """Any other exception fails the test."""
    try:
        batch = read_file(path)
    except SourceError as error:
        return str(error)
    assert batch.readings is not None
    return len(batch.readings)


def _samples() -> list[bytes]:
    folder = DATA / "generic"
    return [path.read_bytes() for path in sorted(folder.iterdir())]


@settings(
    max_examples=10_000 if FULL else 120,
    derandomize=not FULL,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_fuzz_mutated_files_give_readings_or_a_source_error(
    write: Write, data: st.DataObject
) -> None:
    content = bytearray(data.draw(st.sampled_from(_samples())))
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(content)))
        match data.draw(st.sampled_from(["set", "cut", "insert", "drop", "double"])):
            case "set":
                content[at : at + 1] = data.draw(st.binary(min_size=1, max_size=1))
            case "cut":
                del content[at:]
            case "insert":
                content[at:at] = data.draw(st.binary(max_size=12))
            case "drop":
                del content[at : at + data.draw(st.integers(1, 20))]
            case "double":
                content[at:at] = content[at : at + 40]
    assert readings_or_refusal(write(bytes(content)))


@given(st.text(alphabet='0123456789/-.,;"\n\tabc \0é', max_size=200))
@settings(
    max_examples=10_000 if FULL else 100,
    derandomize=not FULL,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_fuzz_any_text_under_a_header_is_read_or_refused(write: Write, text: str) -> None:
    assert readings_or_refusal(write("date,account,followers\n" + text))


@pytest.mark.parametrize("damage", ["text", "time"])
def test_a_parquet_file_with_damaged_cells_is_refused(tmp_path: Path, damage: str) -> None:
    day = pl.Series([20_000, 2**31 - 1 if damage == "time" else 20_001], dtype=pl.Int32)
    frame = pl.DataFrame({"date": day.cast(pl.Date), "account": ["lena", "lena"]})
    buffer = io.BytesIO()
    frame.with_columns(followers=5).write_parquet(buffer, compression="uncompressed")
    text = b"le\xff\xff" if damage == "text" else b"lena"
    path = tmp_path / "damaged.parquet"
    path.write_bytes(buffer.getvalue().replace(b"lena", text))
    with pytest.raises(SourceChanged, match="damaged or cut off Parquet file"):
        read_file(path)


def test_naive_times_in_a_typed_column_are_local(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {"at": [datetime.fromisoformat("2026-02-26T12:00")], "account": ["a"], "followers": [5]}
    )
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    path = tmp_path / "naive.parquet"
    path.write_bytes(buffer.getvalue())
    assert rows(path, timezone="Europe/Vienna") == [("a", 1772103600, 5)]
