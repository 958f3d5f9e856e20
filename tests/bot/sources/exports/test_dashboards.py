"""YouTube Studio, LinkedIn, Twitch, TikTok Business, Social Blade and two collectors."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.bot.sources.exports.samples import only, read, sample, values, written, zipped
from tests.bot.sources.exports.workbooks import workbook


def test_youtube_days_before_the_channel_are_left_out(tmp_path: Path) -> None:
    text = "Date,Subscribers\n2010-01-01,0\n2010-01-02,0\n2025-11-12,18\n2025-11-13,0\n"
    batch = read(written(tmp_path / "Totals.csv", text), account="lena")

    assert values(batch, "net") == {"2025-11-12": 18, "2025-11-13": 0}
    assert any("before the first activity" in note for note in only(batch).notes)


def test_youtube_gained_and_lost_go_before_net(tmp_path: Path) -> None:
    text = (
        "Date,Subscribers gained,Subscribers lost,Subscribers,Views\n"
        "Total,9,5,4,300\n2025-11-12,5,1,4,100\n2025-11-13,4,4,0,200\n"
    )
    batch = read(written(tmp_path / "Table data.csv", text), account="lena")

    found = only(batch)
    assert (found.format, found.basis) == ("youtube_studio.table", "gained_lost")
    assert (found.readings, found.bad_rows) == (2, 0)
    assert values(batch, "gained") == {"2025-11-12": 5, "2025-11-13": 4}
    assert values(batch, "lost") == {"2025-11-12": 1, "2025-11-13": 4}
    assert values(batch, "views_daily") == {"2025-11-12": 100, "2025-11-13": 200}
    assert batch.readings is not None
    assert "net" not in batch.readings.columns


def test_a_table_of_dates_and_subscribers_is_a_total_unless_it_is_youtubes(
    tmp_path: Path,
) -> None:
    text = "Date,Subscribers\n2025-11-12,1800\n2025-11-13,1810\n"
    batch = read(written(tmp_path / "my channel.csv", text), account="youtube/lena")

    assert values(batch, "followers") == {"2025-11-12": 1800, "2025-11-13": 1810}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "Subscription status,Views\nSubscribed,10\nNot subscribed,90\n",
            "whether viewers had",
        ),
        ("Subscription source,Subscribers gained\nShorts feed,3\n", "where they came from"),
        ("Geography,Subscribers\nAT,3\n", "countries"),
        ("Date,Engaged views\n2025-11-12,3\n", "neither subscribers nor views"),
    ],
)
def test_other_tables_of_youtube_studio_are_refused(
    tmp_path: Path, text: str, sentence: str
) -> None:
    found = only(read(written(tmp_path / "Table data.csv", text), account="lena"))

    assert found.format is None
    assert sentence in found.notes[0]
    assert "Totals.csv" in found.notes[0]


def test_the_zip_of_youtube_studio_gives_the_channels_days_once(tmp_path: Path) -> None:
    folder = Path("tests/data/exports/youtube-studio")
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    batch = read(
        zipped(tmp_path / "Content 2025-11-12_2025-11-13 Lena.zip", files), account="lena"
    )

    assert values(batch, "net") == {"2025-11-12": 18, "2025-11-13": -4}
    assert sorted(str(found.format) for found in batch.found) == [
        *("None", "None"),
        "youtube_studio.totals",
    ]


_LINKEDIN = (
    *("Date", "Sponsored followers", "Organic followers"),
    *("Auto-invited followers", "Total followers"),
)


def test_linkedin_workbooks_may_begin_with_prose(tmp_path: Path) -> None:
    rows = [
        ("Followers of your page from 02/25/2026 to 02/26/2026",),
        _LINKEDIN,
        ("02/25/2026", 0, 3, 0, 3),
        ("02/26/2026", 1, 2, 0, 4),
    ]
    path = written(
        tmp_path / "acme-gmbh_followers_1700000000000.xlsx",
        workbook({"New followers": rows, "Location": [("Location", "Total followers")]}),
    )
    batch = read(path)

    found = only(batch)
    assert (found.account, found.basis) == ("linkedin/acme-gmbh", "gained")
    assert values(batch, "gained") == {"2026-02-25": 3, "2026-02-26": 4}
    assert "In 1 rows the parts do not add up to Total followers." in found.notes


def test_negative_days_of_linkedin_are_net(tmp_path: Path) -> None:
    rows = [_LINKEDIN, ("02/25/2026", 0, 3, 0, 3), ("02/26/2026", 0, -2, 0, -2)]
    path = written(tmp_path / "x.xlsx", workbook({"New followers": rows}))
    batch = read(path, account="lena")

    assert only(batch).basis == "net"
    assert values(batch, "net") == {"2026-02-25": 3, "2026-02-26": -2}


def test_visitors_of_linkedin_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "x.xlsx", workbook({"Visitor metrics": [("Date", "Views")]}))
    found = only(read(path))

    assert found.format is None
    assert "visitors or posts, not followers" in found.notes[0]


def test_tiktok_business_totals_are_used_where_they_are_numbers(tmp_path: Path) -> None:
    text = "Date,New followers,Total followers\n2025/10/31,4,1000\n2025/11/01,2,--\n"
    batch = read(written(tmp_path / "audience.csv", text), account="lena")

    assert only(batch).basis == "total"
    assert values(batch, "followers") == {"2025-10-31": 1000, "2025-11-01": None}


def test_twitch_with_dates_of_other_forms(tmp_path: Path) -> None:
    text = "Follows,Date,Average Viewers\n7,2026-01-01,1.5\n2,Fri Jan 02 2026,0\n"
    batch = read(written(tmp_path / "a.csv", text), account="lena")

    assert values(batch, "gained") == {"2026-01-01": 7, "2026-01-02": 2}


@pytest.mark.parametrize(
    ("row", "platform", "metric", "value"),
    [
        ({"followers": 9, "tweets": 3, "favorites": 1}, "x", "posts", 3),
        ({"subs": 12300, "views": 99}, "youtube", "followers", 12300),
        ({"likes": 70, "talking_about": 3}, "facebook", "followers", 70),
        ({"followers": 9, "following": 1, "media": 4}, "instagram", "posts", 4),
    ],
)
def test_social_blade_by_platform(
    tmp_path: Path, row: dict[str, int], platform: str, metric: str, value: int
) -> None:
    raw = {
        "status": {"success": True},
        "data": {"id": {"username": "Lena"}, "daily": [{"date": "2026-02-26", **row}]},
    }
    batch = read(written(tmp_path / "a.json", json.dumps(raw)))

    assert only(batch).account == f"{platform}/{'Lena' if platform == 'youtube' else 'lena'}"
    assert values(batch, metric) == {"2026-02-26": value}


def test_an_error_of_social_blade_is_no_data(tmp_path: Path) -> None:
    raw = {"status": {"success": False, "status": 404, "error": "not found"}}
    found = only(read(written(tmp_path / "a.json", json.dumps(raw))))

    assert found.format is None
    assert "Social Blade answered with an error" in found.notes[0]


def test_a_scraped_table_needs_a_platform(tmp_path: Path) -> None:
    path = sample(tmp_path, "socialblade/table_scrape.json")

    assert only(read(path)).account is None
    assert only(read(path, account="lena", platform="instagram")).account == "instagram/lena"


def _twitter(path: Path) -> Path:
    with closing(sqlite3.connect(path)) as database:
        database.executescript(
            """
            create table users (id integer primary key, screen_name text);
            create table count_history_types (id integer primary key, name text);
            create table count_history (
                type integer, user integer, datetime text, count integer,
                primary key (type, user, datetime));
            insert into users values (12, 'Lena'), (13, 'other');
            insert into count_history values
                (1, 12, '2020-04-30T12:00:00+00:00', 100),
                (1, 12, '2020-05-01T12:00:00+00:00', 98),
                (2, 12, '2020-04-30T12:00:00+00:00', 10),
                (3, 12, '2020-04-30T12:00:00+00:00', 1),
                (1, 13, '2020-04-30T12:00:00+00:00', 7);
            """
        )
        database.commit()
    return path


@pytest.mark.parametrize("packed", [False, True])
def test_twitter_to_sqlite_keeps_counts_of_many_users(tmp_path: Path, packed: bool) -> None:
    path = _twitter(tmp_path / "twitter.db")
    if packed:
        path = zipped(tmp_path / "twitter.zip", {"twitter.db": path.read_bytes()})
    batch = read(path)

    assert [(f.format, f.account, f.readings) for f in batch.found] == [
        ("twitter_to_sqlite.count_history", "x/lena", 2),
        ("twitter_to_sqlite.count_history", "x/other", 1),
    ]
    assert batch.readings is not None
    assert batch.readings.select("account", "followers", "following").rows() == [
        *(("x/lena", 100, 10), ("x/lena", 98, None)),
        ("x/other", 7, None),
    ]


def test_instagram_monitor_counts_without_its_names(tmp_path: Path) -> None:
    text = (
        '"Date","Type","Old","New"\n'
        '"2025-03-14 12:00:00","Followers Count",100,98\n'
        '"2025-03-14 12:00:00","Removed Followers","anna",""\n'
        '"2025-03-14 12:00:00","Removed Followers","ben",""\n'
        '"2025-03-15 12:00:00","Followings Count",10,11\n'
        '"2025-03-15 12:00:00","Bio Changed","Date","x\ny"\n'
    )
    path = written(tmp_path / "lena.csv", text)
    batch = read(path, account="lena", timezone="Europe/Vienna")

    found = only(batch)
    assert (found.format, found.readings, found.bad_rows) == ("instagram_monitor.log", 2, 0)
    assert values(batch, "followers") == {"2025-03-14": 98, "2025-03-15": None}
    assert values(batch, "following") == {"2025-03-14": None, "2025-03-15": 11}
    assert batch.readings is not None
    assert batch.readings["at"].to_list() == [1_741_950_000, 1_742_036_400]
    assert "anna" not in repr(batch)


def test_lists_of_mutes_are_no_followers(tmp_path: Path) -> None:
    text = "Account address,Hide notifications\nanna@social.example,true\n"
    found = only(read(written(tmp_path / "muted_accounts.csv", text)))

    assert found.format is None
    assert "muted or blocked" in found.notes[0]


def test_addresses_that_are_none_are_bad_rows(tmp_path: Path) -> None:
    text = "Account address\nanna@social.example\nnobody\n"
    batch = read(written(tmp_path / "followers.csv", text), account="lena")

    assert (only(batch).names, only(batch).bad_rows) == (1, 1)
    assert "nobody" not in batch.faults[0].text


@pytest.mark.parametrize(
    ("name", "header"), [("Totals.csv", "Date,Subscribers"), ("c.csv", "date,followers")]
)
def test_days_to_come_are_bad_rows_and_no_readings(
    tmp_path: Path, name: str, header: str
) -> None:
    text = f"{header}\n2026-11-20,7\n2027-11-20,8\n2026-11-21,9\n"
    batch = read(written(tmp_path / name, text), account="youtube/lena")

    found = only(batch)
    assert (found.readings, found.bad_rows, found.last) == (2, 1, "2026-11-21")
    assert batch.readings is not None
    assert len(batch.readings) == 2
    assert "in the future" in batch.faults[0].text
