"""Tables as other tools and people write them: the numbers, or one question that helps."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from bot.sources.read import read_input
from bot.sources.tables.options import options_from

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)

Counts = dict[str, dict[str, list[int]]]


def read(path: Path, content: str | bytes, options: dict[str, Any]) -> tuple[Counts, str]:
    """The counts of each account in the order of time, and everything that was said."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    batch = read_input(path, options_from(options), hash_key=lambda: bytes(32), now=NOW)
    said = " ".join(note for one in batch.found for note in one.notes)
    if batch.readings is None:
        return {}, said
    counts: Counts = {}
    for (account,), rows in batch.readings.sort("at").group_by("account", maintain_order=True):
        known = rows.drop("account", "at").select(pl.all().drop_nulls().implode())
        counts[str(account)] = {
            name: cells[0].to_list() for name, cells in known.to_dict().items() if len(cells[0])
        }
    return counts, said


LENA = {"account": "instagram/lena"}


TWO_DAYS = {
    "rows that were created when they were counted": (
        "id,created_at,username,followers\n1,2026-11-01 10:00:00,lena,500\n"
        "2,2026-11-02 10:00:00,lena,502\n"
    ),
    "arabic": "التاريخ,الحساب,المتابعون\n2026-11-01,lena,٥٠٠\n2026-11-02,lena,٥٠٢\n",
    "hindi": "तारीख,खाता,फ़ॉलोअर\n2026-11-01,lena,५००\n2026-11-02,lena,५०२\n",
    "deep json lines": (
        '{"ts":1793534400,"user":{"username":"lena","stats":{"followers":500}}}\n'
        '{"ts":1793620800,"user":{"username":"lena","stats":{"followers":502}}}\n'
    ),
    "columns with their account": (
        '{"account":"lena","dates":["2026-11-01","2026-11-02"],"followers":[500,502]}'
    ),
    "pandas, split": (
        '{"columns":["date","account","followers"],"index":[0,1],'
        '"data":[["2026-11-01","lena",500],["2026-11-02","lena",502]]}'
    ),
    "pandas, columns": (
        '{"date":{"0":"2026-11-01","1":"2026-11-02"},"account":{"0":"lena","1":"lena"},'
        '"followers":{"0":500,"1":502}}'
    ),
    "grafana": '[{"target":"lena","datapoints":[[500,1793534400000],[502,1793620800000]]}]',
    "prometheus": (
        '{"status":"success","data":{"resultType":"matrix","result":[{"metric":'
        '{"account":"lena"},"values":[[1793534400,"500"],[1793620800,"502"]]}]}}'
    ),
    "a page that calls itself a workbook": (
        "<html><head><meta charset=utf-8></head><body><table><tr><th>Date<th>Account"
        "<th>Followers</tr><tr><td>2026-11-01</td><td>lena</td><td>500</td></tr>"
        "<tr><td>2026-11-02<td>lena<td>502</table></body></html>"
    ),
    "days of ISO weeks": "date,account,followers\n2026-W44-7,lena,500\n2026-W45-1,lena,502\n",
    "a thai year": ("วันที่,บัญชี,ผู้ติดตาม\n13/11/2569,lena,500\n14/11/2569,lena,502\n"),
    "a japanese era": (
        "日付,アカウント,フォロワー数\n令和8年11月1日,lena,500\n令和8年11月2日,lena,502\n"
    ),
    "elasticsearch": (
        '{"hits":{"total":2,"hits":[{"_source":{"@timestamp":"2026-11-01T00:00:00Z",'
        '"handle":"lena","followers":500}},{"_source":{"@timestamp":"2026-11-02T00:00:00Z",'
        '"handle":"lena","followers":502}}]}}'
    ),
    "influxdb": (
        '{"results":[{"series":[{"name":"followers","tags":{"account":"lena"},"columns":'
        '["time","value"],"values":[["2026-11-01T00:00:00Z",500],'
        '["2026-11-02T00:00:00Z",502]]}]}]}'
    ),
    "mongodb": (
        '[{"_id":{"$oid":"65"},"date":{"$date":"2026-11-01T00:00:00Z"},"username":"lena",'
        '"followers":{"$numberLong":"500"}},{"_id":{"$oid":"66"},"date":'
        '{"$date":"2026-11-02T00:00:00Z"},"username":"lena","followers":{"$numberLong":"502"}}]'
    ),
    "graphql": (
        '{"data":[{"at":"2026-11-01","user":{"login":"lena","followers":{"totalCount":500}}},'
        '{"at":"2026-11-02","user":{"login":"lena","followers":{"totalCount":502}}}]}'
    ),
    "lines of lists": (
        '{"time":"2026-11-01","accounts":[{"name":"lena","followers":500}]}\n'
        '{"time":"2026-11-02","accounts":[{"name":"lena","followers":502}]}\n'
    ),
}
"""What each says: lena had 500 followers on one day and 502 on the next."""


@pytest.mark.parametrize("content", TWO_DAYS.values(), ids=TWO_DAYS)
def test_two_days_are_read(tmp_path: Path, content: str) -> None:
    found, said = read(tmp_path / "counts.csv", content, {})
    assert found == {"lena": {"followers": [500, 502]}}, said


@pytest.mark.parametrize(
    ("content", "options", "counts"),
    [
        pytest.param(
            "Date,Network,Profile,Audience,Net Audience Growth,Audience Gained,Audience Lost,"
            'Engagements\n11/01/2026,Instagram,@lena,"12,000",5,7,2,50\n'
            '11/02/2026,Instagram,@lena,"12,004",4,6,2,40\n'
            '11/13/2026,Instagram,@lena,"12,050",3,5,2,30\n',
            {},
            {
                "instagram/lena": {
                    "followers": [12000, 12004, 12050],
                    "interactions_daily": [50, 40, 30],
                    "gained": [7, 6, 5],
                    "lost": [2, 2, 2],
                    "net": [5, 4, 3],
                }
            },
            id="an audience with engagements of each day",
        ),
        pytest.param(
            "Day,Instagram Business: Followers,Facebook Pages: Page likes\n"
            "2026-11-01,500,300\n2026-11-02,502,301\n",
            {"account": "lena"},
            {
                "facebook/lena": {"followers": [300, 301]},
                "instagram/lena": {"followers": [500, 502]},
            },
            id="a column for each platform",
        ),
        pytest.param(
            'date,account,followers\n2026-11-01,lena,1.2E+06\n2026-11-02,lena,"1,3E+06"\n',
            {},
            {"lena": {"followers": [1_200_000, 1_300_000]}},
            id="as spreadsheets show large numbers",
        ),
        pytest.param(
            "Date,Social Network,Profile,Fans\n2026-11-01,FACEBOOK PAGE,Acme,500\n"
            "2026-11-01,Twitter / X,acme,40\n",
            {},
            {"facebook/acme": {"followers": [500]}, "x/acme": {"followers": [40]}},
            id="platforms as tools call them",
        ),
        pytest.param(
            "Date,Instagram Followers,TikTok Followers,Total Followers\n"
            "2026-11-01,500,900,1400\n2026-11-02,502,905,1407\n",
            {"account": "instagram/lena"},
            {"instagram/lena": {"followers": [500, 502]}},
            id="the column of one platform, and no sum of all",
        ),
        pytest.param(
            "Дата;Аккаунт;Подписчики;Новые подписчики\n2026-11-01;lena;500;3\n"
            "2026-11-02;lena;502;3\n",
            {},
            {"lena": {"followers": [500, 502], "gained": [3, 3]}},
            id="no table of YouTube Studio's",
        ),
        pytest.param(
            "date,account,followers\n2026-11-01,lena,500\n2026-11-01,tom,900\n"
            "2026-11-01,Total,1400\n2026-11-02,lena,501\n2026-11-02,tom,901\n"
            "2026-11-02,Total,1402\n",
            {},
            {"lena": {"followers": [500, 501]}, "tom": {"followers": [900, 901]}},
            id="no account is the sum of the others",
        ),
        pytest.param(
            "date,account,followers\n2026-11-01,lena,500\n2026-11-01,total,900\n",
            {},
            {"lena": {"followers": [500]}, "total": {"followers": [900]}},
            id="but one may be called so",
        ),
        pytest.param(
            "日付,アカウント,フォロワー数(万人)\n2026-11-01,lena,12.3\n",
            {},
            {"lena": {"followers": [123_000]}},
            id="tens of thousands of people",
        ),
        pytest.param(
            "date,account,followers\n01/11/2026,lena,500\n05/11/2026,lena,502\n"
            "09/11/2026,lena,504\n",
            {},
            {"lena": {"followers": [500, 502, 504]}},
            id="equal steps prove an order",
        ),
        pytest.param(
            "Date,Total Followers,New Followers,Impressions\n"
            '"Nov 1, 2026",500,3,90\n"Nov 2, 2026",502,2,80\n',
            {"account": "x/lena"},
            {"x/lena": {"followers": [500, 502], "gained": [3, 2]}},
            id="no table of TikTok's",
        ),
        pytest.param(
            "Datum,Engagements,Neue Follower,Entfolgt\n2026-11-01,4,7,2\n2026-11-02,4,5,1\n",
            {"account": "x/lena"},
            {"x/lena": {"gained": [7, 5], "lost": [2, 1], "interactions_daily": [4, 4]}},
            id="beside gains everything is of days",
        ),
        pytest.param(
            "date,account,followers,follows,unfollows\n"
            "2026-11-01,lena,500,5,2\n2026-11-02,lena,502,4,2\n",
            {},
            {"lena": {"followers": [500, 502], "gained": [5, 4], "lost": [2, 2]}},
            id="follows beside unfollows",
        ),
        pytest.param(
            "platform,metric_date,artist,followers,subscribers\n"
            "spotify,2026-11-01,lena,500,\nyoutube,2026-11-01,lena,,800\n",
            {},
            {"spotify/lena": {"followers": [500]}, "youtube/lena": {"followers": [800]}},
            id="columns that fill each other's gaps",
        ),
        pytest.param(
            "Profile,Date,Followers\nhttps://www.tiktok.com/@lena?lang=en,2026-11-01,500\n"
            "https://www.tiktok.com/@lena,2026-11-02,502\n".replace("Profile", "Link"),
            {},
            {"tiktok/lena": {"followers": [500, 502]}},
            id="addresses under any header",
        ),
        pytest.param(
            "date,account,followers\n2026-11-01,lena,500 followers\n"
            '2026-11-02,lena,"1,502 followers"\n2026-11-03,lena,1.6K followers\n',
            {},
            {"lena": {"followers": [500, 1502, 1600]}},
            id="the word behind the number",
        ),
        pytest.param(
            "date,account,followers\n"
            + "".join(f"11/{day}/26,lena,{500 + day}\n" for day in range(1, 8)),
            {},
            {"lena": {"followers": [501, 502, 503, 504, 505, 506, 507]}},
            id="short years whose days run on",
        ),
        pytest.param(
            "日期,总粉丝数,新增粉丝数,流失粉丝数\n2026年11月1日,500,5,2\n2026年11月2日,503,4,1\n",
            {"account": "xiaohongshu/lena"},
            {"xiaohongshu/lena": {"followers": [500, 503], "gained": [5, 4], "lost": [2, 1]}},
            id="chinese words without spaces",
        ),
        pytest.param(
            "时间,净增关注,新增关注,取消关注\n2026-11-01,3,5,2\n2026-11-02,2,4,2\n",
            {"account": "bilibili/1"},
            {"bilibili/1": {"gained": [5, 4], "lost": [2, 2], "net": [3, 2]}},
            id="follows of bilibili",
        ),
        pytest.param(
            '{"data":[{"name":"follower_count","period":"day","values":['
            '{"value":5,"end_time":"2026-11-01T08:00:00+0000"},'
            '{"value":7,"end_time":"2026-11-02T08:00:00+0000"}],"title":"Follower Count"}]}',
            LENA,
            {"instagram/lena": {"gained": [5, 7]}},
            id="insights, whose follower_count is of a day",
        ),
        pytest.param(
            '{"at":"2026-11-01","items":[{"id":"UCaaaaaaaaaaaaaaaaaaaaaa","snippet":{"title":'
            '"Lena"},"statistics":{"subscriberCount":"500"}}]}',
            {"platform": "youtube"},
            {"youtube/UCaaaaaaaaaaaaaaaaaaaaaa": {"followers": [500]}},
            id="an id of a channel, and no number of a row",
        ),
        pytest.param(
            "instagram/lena\ndate,followers\n2026-11-01,500\n2026-11-02,502\n\n"
            "instagram/tom\ndate,followers\n2026-11-01,900\n2026-11-02,901\n",
            {},
            {
                "instagram/lena": {"followers": [500, 502]},
                "instagram/tom": {"followers": [900, 901]},
            },
            id="each table below its account",
        ),
    ],
)
def test_counts_are_read(
    tmp_path: Path, content: str, options: dict[str, Any], counts: Counts
) -> None:
    found, said = read(tmp_path / "counts.csv", content, options)
    assert found == counts, said


@pytest.mark.parametrize(
    ("content", "options", "asked"),
    [
        pytest.param(
            "Date,,Subscribers,,Video Views\n2026-11-01,Sun,+10,1.20M,+500\n"
            "2026-11-02,Mon,--,1.20M,+400\n2026-11-03,Tue,+10,1.21M,+450\n",
            {"account": "youtube/lena"},
            'writes "+10" with its sign, so "Subscribers" is a change',
            id="signs prove changes",
        ),
        pytest.param(
            "id,username,followers_count,created_at\n1,lena,500,2020-01-01T00:00:00Z\n"
            "2,tom,900,2021-01-01T00:00:00Z\n",
            {"platform": "mastodon"},
            "has no column with a time",
            id="when an account began is no time of its count",
        ),
        pytest.param(
            '{"items":[{"id":"UCaaaaaaaaaaaaaaaaaaaaaa","snippet":{"title":"Lena",'
            '"publishedAt":"2015-01-01T00:00:00Z"},"statistics":{"subscriberCount":"500"}}]}',
            {"platform": "youtube"},
            "has no column with a time",
            id="an answer of an API without a time of its own",
        ),
        pytest.param(
            "Country,Followers\nAT,500\nDE,900\n",
            LENA,
            "has no column with a time among",
            id="countries",
        ),
        pytest.param(
            ",Instagram,,TikTok,\nDate,Followers,Posts,Followers,Posts\n"
            "2026-11-01,500,3,900,1\n2026-11-02,502,3,905,1\n",
            {"account": "lena"},
            'may hold the followers ("Followers", "Followers (2)") and differ',
            id="merged headers",
        ),
        pytest.param(
            "Quarter,Account,Followers\nQ1 2026,lena,500\nQ2 2026,lena,520\n",
            {},
            'gives periods ("Q1 2026" in "Quarter") and no days',
            id="quarters",
        ),
        pytest.param(
            "Date,Account,Followers\nNov 2025,lena,500\nDec 2025,lena,505\n",
            {},
            'gives periods ("Nov 2025" in "Date")',
            id="months",
        ),
        pytest.param(
            "Date,Page,Page likes,Page followers\n2026-11-01,acme,480,500\n"
            "2026-11-02,acme,481,502\n",
            {"platform": "facebook"},
            '--columns "followers=Page followers"',
            id="likes and followers of a page",
        ),
        pytest.param(
            "week,account,followers\n2026-W44,lena,500\n2026-W45,lena,520\n",
            {},
            'gives periods ("2026-W44" in "week")',
            id="weeks",
        ),
        pytest.param(
            "[2026-11-01 09:00:00] INFO lena has 500 followers\n",
            LENA,
            'its lines begin with "[2026-11-01 09:00:00]", like the log of another tool',
            id="a log in brackets is no damaged JSON",
        ),
        pytest.param(
            '<?xml version="1.0"?><rows><row><date>2026-11-01</date></row></rows>',
            LENA,
            "is XML and no table",
            id="XML is no web page",
        ),
        pytest.param(
            "Date range,Account,Followers\nNov 1 - Nov 7 2026,lena,500\n"
            "Nov 8 - Nov 14 2026,lena,520\n",
            {},
            "has no column with a time",
            id="a range is no day",
        ),
    ],
)
def test_what_stays_open_is_asked(
    tmp_path: Path, content: str, options: dict[str, Any], asked: str
) -> None:
    found, said = read(tmp_path / "counts.csv", content, options)
    assert found == {}
    assert asked in said


@pytest.mark.parametrize(
    ("content", "counts"),
    [
        (
            "日付,アカウント,フォロワー数\n2026/11/01,lena,500\n".encode("cp932"),
            {"lena": [500]},
        ),
        ("日期,账号,粉丝数\n2026-11-01,lena,500\n".encode("gb18030"), {"lena": [500]}),
        ("Fecha,Página,Seguidores\n2026-11-01,ana,500\n".encode("cp1252"), {"ana": [500]}),
        ("Дата;Аккаунт;Подписчики\n13.11.2026;лена;5\n".encode("cp1251"), {"лена": [5]}),
    ],
)
def test_headers_tell_the_encoding_of_a_short_table(
    tmp_path: Path, content: bytes, counts: dict[str, list[int]]
) -> None:
    found, said = read(tmp_path / "counts.csv", content, {})
    assert {name: one["followers"] for name, one in found.items()} == counts, said


@pytest.mark.parametrize(
    "header",
    [
        *("日付,チャンネル登録者", "Tarih,Aboneler", "التاريخ,المشتركون", "日期,订阅人数"),
        *("Datum,Abonnenten", "Fecha,Suscriptores", "Дата,Подписчики", "날짜,구독자"),
    ],
)
def test_youtube_studio_is_known_in_many_languages(tmp_path: Path, header: str) -> None:
    days = "".join(f"2026-11-0{day},{n}\n" for day, n in enumerate((12, -7, 9, 0, 3), 1))
    found, said = read(
        tmp_path / "Totals.csv", f"{header}\n{days}", {"account": "youtube/lena"}
    )
    assert found == {"youtube/lena": {"net": [12, -7, 9, 0, 3]}}, said


@pytest.mark.parametrize(
    ("title", "date"),
    [
        *(("Suivis Instagram", "Date"), ("Follow su Instagram", "Data")),
        *(("Obserwujący na Instagramie", "Data"), ("Подписки в Instagram", "Дата")),
        *(("Instagram takipleri", "Tarih"), ("Instagramのフォロー数", "日付")),
    ],
)
def test_meta_titles_of_follows_in_many_languages(
    tmp_path: Path, title: str, date: str
) -> None:
    lines = f'sep=,\n"{title}"\n"{date}","Primary"\n"2026-11-01T00:00:00","65"\n'
    found, said = read(tmp_path / "Follows.csv", ("\ufeff" + lines).encode("utf-16-le"), LENA)
    assert found == {"instagram/lena": {"gained": [65]}}, said


@pytest.mark.parametrize(
    ("header", "days"),
    [
        (
            '"Datum","Follower","Unterschied bei den Followern im Vergleich zum Vortag"',
            ("1. November", "2. November"),
        ),
        ('"日付","フォロワー","前日とのフォロワー数の差"', ("11月28日", "11月29日")),
    ],
)
def test_tiktok_studio_is_known_in_more_languages(
    tmp_path: Path, header: str, days: tuple[str, str]
) -> None:
    lines = f'\ufeff{header}\n"{days[0]}","500","3"\n"{days[1]}","502","2"'
    found, said = read(tmp_path / "FollowerHistory.csv", lines, {"account": "tiktok/lena"})
    assert found == {"tiktok/lena": {"followers": [500, 502]}}, said
