"""Inputs that were once read wrong, and siblings of each: the right numbers or one question."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.sources.read import read_input
from bot.sources.tables.options import options_from

CASES = Path("tests/data/cases")
NOW = datetime(2026, 12, 1, tzinfo=UTC)
NOV = 1_793_491_200
"""2026-11-01 00:00 UTC."""
DAY = 86_400

Row = tuple[Any, ...]


def end(day: int) -> int:
    """Of a day of November 2026, in epoch seconds."""
    return NOV + day * DAY - 1


def given(path: Path, **options: Any) -> tuple[list[Row], list[str], str]:
    """Rows (account, at, counts ...), their columns and everything that was said."""
    batch = read_input(path, options_from(options), hash_key=lambda: bytes(32), now=NOW)
    said = "\n".join((*(note for one in batch.found for note in one.notes),))
    said += "\n".join(fault.text for fault in batch.faults)
    if batch.readings is None:
        return [], [], said
    return batch.readings.rows(), batch.readings.columns[2:], said


def text(tmp_path: Path, content: str, name: str = "counts.csv") -> Path:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("file", "options", "columns", "rows"),
    [
        (
            "date-count-eats-account/alice.json",
            {"account": "*", "platform": "instagram"},
            ["followers"],
            [("instagram/alice", end(1), 1000), ("instagram/alice", end(2), 1003)],
        ),
        (
            "date-count-eats-account/bob.json",
            {"account": "instagram/kim"},
            ["followers"],
            [("instagram/kim", end(1), 50000), ("instagram/kim", end(2), 50003)],
        ),
        (
            "profile-addresses-merge/b.csv",
            {"platform": "bluesky"},
            ["followers"],
            [
                ("bluesky/one.example", end(28), 990),
                ("bluesky/one.example", end(29), 1000),
                ("bluesky/two.example", end(28), 90010),
                ("bluesky/two.example", end(29), 90000),
            ],
        ),
        (
            "profile-addresses-merge/l.csv",
            {},
            ["followers"],
            [("linkedin/alpha", end(29), 1000), ("linkedin/beta", end(29), 90000)],
        ),
        (
            "profile-addresses-merge/f.csv",
            {"platform": "facebook"},
            ["followers"],
            [("facebook/1", end(29), 1000), ("facebook/2", end(29), 90000)],
        ),
        (
            "profile-addresses-merge/r.csv",
            {},
            ["followers"],
            [("reddit/r/one", end(29), 10), ("reddit/r/two", end(29), 900)],
        ),
        (
            "repeats-hide-missing-key/sb.csv",
            {"platform": "youtube", "columns": {"account": "column 4"}},
            ["followers", "views"],
            [("youtube/alpha", end(13), 32, 402), ("youtube/alpha", end(14), 33, 403)],
        ),
        (
            "daily-beats-total/b.csv",
            {"platform": "linkedin"},
            ["followers", "net"],
            [
                ("linkedin/demo", end(1), 12000, 7),
                ("linkedin/demo", end(2), 12009, 9),
                ("linkedin/demo", end(3), 12013, 4),
            ],
        ),
        (
            "fractions-prove-a-unit/w.csv",
            {"columns": {"followers": "followers x 10000"}},
            ["followers"],
            [("demo", end(1), 30479000), ("demo", end(2), 30480000)],
        ),
        (
            "invisible-signs/g.csv",
            {"account": "x/demo"},
            ["followers"],
            [("x/demo", end(1), 12), ("x/demo", end(2), 7)],
        ),
        (
            "invisible-signs/r.csv",
            {},
            ["followers"],
            [("demo", end(1), 12000), ("demo", end(2), 12007)],
        ),
        (
            "date-and-clock-columns/t.csv",
            {},
            ["followers"],
            [("demo", NOV + DAY // 2, 12000), ("demo", NOV + 3 * DAY // 2, 12007)],
        ),
        (
            "date-and-clock-columns/u.csv",
            {},
            ["followers"],
            [("demo", NOV + 9 * 3600, 12000), ("demo", NOV + 21 * 3600, 12003)],
        ),
        *(
            (f"dates-refused/{name}.csv", {}, ["followers"], [("demo", at, 12000)])
            for name, at in {
                **dict.fromkeys(("ko", "ja", "excel"), end(1)),
                "js": NOV + 8 * 3600,
                **dict.fromkeys(("go", "tw"), NOV + 9 * 3600),
            }.items()
        ),
        (
            "case-makes-two/a.csv",
            {"platform": "instagram"},
            ["followers"],
            [("instagram/lenamakes", end(n), 99 + n) for n in (1, 2, 3, 4)],
        ),
        (
            "json-shapes/byacc.json",
            {},
            ["followers"],
            [("alice", end(1), 10), ("alice", end(2), 11), ("bob", end(1), 500)],
        ),
        ("json-shapes/one.json", {}, ["followers"], [("alice", end(1), 10)]),
        *(
            (
                f"json-shapes/{name}.json",
                {"account": "x/a"},
                ["followers"],
                [("x/a", end(1), 10), ("x/a", end(2), 11)],
            )
            for name in ("bydate", "col", "pairs")
        ),
        (
            "misleading-refusals/ghm.csv",
            {},
            ["followers"],
            [("github/demo", NOV - 31 * DAY + 10 * 3600, 12)],
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_read(
    file: str, options: dict[str, Any], columns: list[str], rows: list[Row]
) -> None:
    found, metrics, said = given(CASES / file, **options)
    assert (found[: len(rows)], metrics) == (rows, columns), said


@pytest.mark.parametrize("name", ["Gesamtwerte.csv", "lena channel.csv", "Totais.csv"])
def test_youtube_studio_is_known_by_its_shape_in_every_language(name: str) -> None:
    found, metrics, said = given(CASES / "youtube-daily-as-total" / name, account="youtube/d")
    second = 4 if name == "Totais.csv" else -4
    assert metrics == ["net"], said
    assert [row[2] for row in found] == [12, second, 7, 9]


@pytest.mark.parametrize(
    ("file", "options", "sentence"),
    [
        ("wide-any-metric/week.csv", {}, "--columns followers=Reach"),
        ("repeats-hide-missing-key/sb.csv", {}, '--columns "account=column 4"'),
        ("fractions-prove-a-unit/w.csv", {}, '--columns "followers=followers x 1000"'),
        ("misleading-refusals/empty_metric.csv", {}, "--columns followers=follows"),
        ("misleading-refusals/login.html", {}, 'is a web page ("Login")'),
    ],
)
def test_what_is_asked(file: str, options: dict[str, Any], sentence: str) -> None:
    found, _, said = given(CASES / file, **options)
    assert found == []
    assert sentence in said


def test_a_tidy_table_is_read_metric_by_metric() -> None:
    found, metrics, _ = given(CASES / "repeats-hide-missing-key/tidy.csv", account="demo")
    assert metrics == ["followers", "following"]
    assert found[0] == ("bluesky/demo", end(1), 3001, 500)
    assert found[-1] == ("mastodon/demo", end(10), 1410, 80)
    assert len(found) == 20


def test_an_id_is_the_key_and_a_new_name_goes_on() -> None:
    path = CASES / "foreign-key-as-name"
    options = options_from({"platform": "instagram"})
    batch = read_input(path / "r.csv", options, hash_key=lambda: bytes(32), now=NOW)
    assert batch.readings is not None
    assert batch.readings["account"].unique().to_list() == ["instagram/178414"]
    assert batch.readings["followers"].to_list() == [1000, 1004]
    assert batch.names == {"instagram/178414": "newname"}
    assert 'from "oldname" to "newname"' in batch.found[0].notes[0]
    options = options_from({"platform": "telegram"})
    batch = read_input(path / "s.csv", options, hash_key=lambda: bytes(32), now=NOW)
    assert batch.names == {"telegram/1": "Alpha", "telegram/2": "Beta"}


def test_one_id_with_two_names_at_once_is_asked_about(tmp_path: Path) -> None:
    path = text(
        tmp_path,
        "date,account_id,username,followers\n2026-11-01,7,lena,10\n2026-11-01,7,kim,900\n",
    )
    found, _, said = given(path)
    assert found == []
    assert 'has two names, "kim" and "lena"' in said or 'names, "lena" and "kim"' in said
    assert "--columns account=username" in said


def test_tables_below_each_other_are_two() -> None:
    found, metrics, _ = given(
        CASES / "stacked-tables/New likes and follows.csv", account="demo"
    )
    assert metrics == ["gained"]
    assert [(row[0], row[2]) for row in found[:2] + found[-2:]] == [
        *(("facebook/demo", 1), ("facebook/demo", 2)),
        *(("instagram/demo", 47), ("instagram/demo", 48)),
    ]
    assert found[0][1] == end(1), "a day that is written as its midnight"


SIBLINGS: dict[str, tuple[str, dict[str, Any], list[str], list[Row]]] = {
    "wide of handles": (
        "date,@lena,@max,remarks\n2026-11-01,10,500,\n2026-11-02,11,501,sick\n",
        {"platform": "x"},
        ["followers"],
        [("x/lena", end(1), 10), ("x/lena", end(2), 11), ("x/max", end(1), 500)],
    ),
    "wide where it was said": (
        "date,lena,max\n2026-11-01,10,500\n",
        {"wide": True},
        ["followers"],
        [("lena", end(1), 10), ("max", end(1), 500)],
    ),
    "days as columns": (
        "account,2026-11-01,2026-11-02\nlena,10,11\nmax,500,501\n",
        {"platform": "x"},
        ["followers"],
        [("x/lena", end(1), 10), ("x/lena", end(2), 11), ("x/max", end(1), 500)],
    ),
    "unit in the header": (
        "日期,账号,粉丝数(万)\n2026年11月1日,demo,3047.9\n2026年11月2日,demo,3048\n",
        {},
        ["followers"],
        [("demo", end(1), 30479000), ("demo", end(2), 30480000)],
    ),
    "no header at all": (
        "1793491200,100\n1793577600,103\n",
        {"account": "x/lena"},
        ["followers"],
        [("x/lena", NOV, 100), ("x/lena", NOV + DAY, 103)],
    ),
    "Excel's serial numbers": (
        "Date,Account,Followers\n46327,lena,100\n46328,lena,101\n",
        {"platform": "x"},
        ["followers"],
        [("x/lena", end(1), 100), ("x/lena", end(2), 101)],
    ),
    "gained and lost in words": (
        "Datum,Konto,Follower gesamt,Neue Follower,Verlorene Follower\n"
        "2026-11-01,lena,100,5,2\n2026-11-02,lena,104,6,2\n",
        {"platform": "x"},
        ["followers", "gained", "lost"],
        [("x/lena", end(1), 100, 5, 2), ("x/lena", end(2), 104, 6, 2)],
    ),
    "page insights": (
        "Date,Lifetime Total Likes,Daily New Likes,Daily Unlikes\n"
        "2026-11-01,1000,5,2\n2026-11-02,1003,4,1\n",
        {"account": "facebook/demo"},
        ["followers", "gained", "lost"],
        [("facebook/demo", end(1), 1000, 5, 2), ("facebook/demo", end(2), 1003, 4, 1)],
    ),
    "minus one for unknown": (
        "date,account,followers\n2026-11-01,lena,1000\n2026-11-02,lena,-1\n2026-11-03,lena,1002\n",
        {},
        ["followers"],
        [("lena", end(1), 1000), ("lena", end(3), 1002)],
    ),
    "a new column in the middle": (
        "date,account,followers\n2026-11-01,lena,1000\n2026-11-02,lena,1002\n"
        "2026-11-03,lena,80,1003\n2026-11-04,lena,80,1007\n",
        {},
        ["followers"],
        [("lena", end(n), count) for n, count in ((1, 1000), (2, 1002), (3, 1003), (4, 1007))],
    ),
    "a header with a new column": (
        "date,account,following,followers\n2026-11-01,lena,1000\n2026-11-02,lena,1002\n"
        "2026-11-03,lena,80,1003\n2026-11-04,lena,80,1007\n",
        {},
        ["following", "followers"],
        [
            *(("lena", end(1), None, 1000), ("lena", end(2), None, 1002)),
            ("lena", end(3), 80, 1003),
        ],
    ),
    "files put behind each other": (
        "date,account,followers\n2026-11-01,lena,10\ndate,account,followers\n2026-11-02,lena,11\n",
        {},
        ["followers"],
        [("lena", end(1), 10), ("lena", end(2), 11)],
    ),
    "owner and repository": (
        "date,account,followers\n2026-11-01,denoland/deno,10\n",
        {"platform": "github"},
        ["followers"],
        [("github/denoland/deno", end(1), 10)],
    ),
    "tables with their accounts above": (
        "@lena\nDate,Followers\n2026-11-01,10\n\n@max\nDate,Followers\n2026-11-01,500\n",
        {"platform": "x"},
        ["followers"],
        [("x/lena", end(1), 10), ("x/max", end(1), 500)],
    ),
    "a clock under a name that is not known": (
        "Datum;Uhrzeit;Konto;Follower\n01.11.2026;09:00;lena;1.000\n13.11.2026;21:30;lena;1.003\n",
        {},
        ["followers"],
        [("lena", NOV + 9 * 3600, 1000), ("lena", end(13) - 8999, 1003)],
    ),
    "addresses beside handles": (
        "date,profile,followers\n2026-11-01,https://x.com/Lena,10\n2026-11-02,@lena,11\n",
        {},
        ["followers"],
        [("x/lena", end(1), 10), ("x/lena", end(2), 11)],
    ),
    "rows without a header": (
        "1793491200000,lena,100\n1793577600000,lena,1万2000\n",
        {},
        ["followers"],
        [("lena", NOV, 100), ("lena", NOV + DAY, 12000)],
    ),
    "polled twice on one date": (
        "date,account,followers\n"
        + "".join(
            f"2026-11-0{d},lena,{1000 + 10 * d + n}\n" for d in range(1, 8) for n in (0, 5)
        ),
        {},
        ["followers"],
        [("lena", end(1), 1015), ("lena", end(2), 1025)],
    ),
}


@pytest.mark.parametrize("name", SIBLINGS)
def test_siblings_that_are_read(tmp_path: Path, name: str) -> None:
    content, options, columns, rows = SIBLINGS[name]
    found, metrics, said = given(text(tmp_path, content), **options)
    assert (found[: len(rows)], metrics) == (rows, columns), said


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("date,instagram,tiktok\n2026-11-01,10,500\n", "--columns followers=instagram"),
        ("date,account,reach\n2026-11-01,lena,10\n", "--columns followers=reach"),
        ("date,account,followers\n2026-11-01,a,5\n2026-11-02,a,-4\n", "--daily followers"),
        (
            "Date,Followers\n2026-11-01,12\n2026-11-02,4\n2026-11-03,7\nTotal,23\n",
            "--daily followers",
        ),
        (
            "date,followers\n"
            + "".join(
                f"2026-11-{d:02},{n}\n" for d, n in enumerate([9, 2, 14, 3, 11, 5, 8], 1)
            ),
            "--daily followers",
        ),
        (
            "date,town,followers\n"
            + "".join(
                f"2026-11-{d:02},{town},{n + d}\n"
                for d in range(1, 6)
                for town, n in (("Linz", 100), ("Graz", 9000))
            ),
            "--columns account=town",
        ),
        ("account,followers\nlena,10\n", "no column with a time"),
        (
            "Lena\nDate,Followers\n2026-11-01,10\n2026-11-02,11\n\n"
            "Max\nDate,Followers\n2026-11-01,500\n2026-11-02,501\n",
            "several tables below each other",
        ),
        (
            "<html><head><title>Sign in, please</title></head>\n<body>a,b</body></html>\n",
            "web page",
        ),
    ],
)
def test_siblings_that_are_asked_about(tmp_path: Path, content: str, sentence: str) -> None:
    found, _, said = given(text(tmp_path, content))
    assert found == []
    assert sentence in said


def test_the_date_in_the_name_is_proposed_and_taken(tmp_path: Path) -> None:
    path = text(tmp_path, "account,followers\nlena,10\n", "followers-2026-11-01.csv")
    assert '--columns "at=file name"' in given(path)[2]
    found, _, _ = given(path, columns={"at": "file name"})
    assert found == [("lena", end(1), 10)]


JSONS: list[tuple[Any, list[Row]]] = [
    (
        {"2026-11-01": {"alice": 10, "bob": 500}, "2026-11-02": {"alice": 11}},
        [("alice", end(1), 10), ("alice", end(2), 11), ("bob", end(1), 500)],
    ),
    ({"alice": {"2026-11-01": 10}, "bob": {}}, [("alice", end(1), 10)]),
    (
        {
            "date": "2026-11-01",
            "accounts": {"alice": {"followers": 10}, "bob": {"followers": 5}},
        },
        [("alice", end(1), 10), ("bob", end(1), 5)],
    ),
    ({"alice": [["2026-11-01", 10]], "bob": []}, [("alice", end(1), 10)]),
    (
        {"labels": ["2026-11-01"], "datasets": [{"label": "alice", "data": [10]}]},
        [("alice", end(1), 10)],
    ),
    (
        {"alice": {"followers": [{"date": "2026-11-01", "value": 10}], "following": []}},
        [("alice", end(1), 10)],
    ),
    (
        {
            "data": [{"username": "alice", "date": "2026-11-01", "followers": 10}],
            "meta": {"n": 1},
        },
        [("alice", end(1), 10)],
    ),
]


@pytest.mark.parametrize("number", range(len(JSONS)))
def test_json_as_people_write_it(tmp_path: Path, number: int) -> None:
    value, rows = JSONS[number]
    found, metrics, said = given(text(tmp_path, json.dumps(value), "counts.json"))
    assert (found, metrics) == (rows, ["followers"]), said
