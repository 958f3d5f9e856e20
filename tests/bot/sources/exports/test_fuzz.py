"""Damaged and hostile files never end in a traceback, a hang or an eaten memory.

50 mutated files per reader, 10,000 with EBBWATCH_FUZZ=1 (or as many as it says, above 1).
"""

from __future__ import annotations

import faulthandler
import json
import os
import resource
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bot.model.source import Batch
from bot.sources.exports.reading import LIST_MARKS
from bot.sources.exports.sniffer import HEAD
from tests.bot.sources.exports.samples import DATA, FOLDER, read, written, zipped
from tests.bot.sources.exports.workbooks import workbook

EXAMPLES = {0: 50, 1: 10_000}.get(FUZZ := int(os.environ.get("EBBWATCH_FUZZ") or 0), FUZZ)
SLOWEST = 5.0  # seconds of processors, so that a busy machine does not matter
HANGS = 120.0  # seconds of the clock, then the run ends with what it was doing
MOST_MEMORY = 1 << 30

IG = "instagram/json-2023-to-2025/connections/followers_and_following"
READERS = {
    "instagram": f"{IG}/followers_1.json",
    "instagram_following": (
        "instagram/json-2025-10-onward/connections/followers_and_following/following.json"
    ),
    "instagram_labels": (
        "instagram/json-2025-10-onward/connections/followers_and_following/"
        "recently_unfollowed_profiles.json"
    ),
    "instagram_old": "instagram/json-2020-connections/connections.json",
    "instagram_page": (
        "instagram/html-2025-11/connections/followers_and_following/followers_1.html"
    ),
    "threads": "threads/your_instagram_activity/threads/followers.json",
    "tiktok": "tiktok-data/profile-and-settings-2026/user_data_tiktok.json",
    "tiktok_text": "tiktok-data/txt/TikTok/Profile and Settings/Follower.txt",
    "x_archive": "x-archive/data/follower.js",
    "x_manifest": "x-archive/data/manifest.js",
    "x_analytics": "x-analytics/account_overview_analytics.csv",
    "meta": "meta-business-suite/Follows.csv",
    "meta_resaved": "meta-business-suite/Follows_excel_resaved.csv",
    "tiktok_studio": "tiktok-studio/FollowerHistory_en.csv",
    "tiktok_studio_zip": "tiktok-studio/Followers_samplehandle.zip",
    "tiktok_overview": "tiktok-studio/Overview_es.csv",
    "tiktok_business": "tiktok-business/account.csv",
    "youtube_studio": "youtube-studio/Totals.csv",
    "youtube_table": "youtube-studio/Table data.csv",
    "twitch": "twitch/Channel Analytics and Revenue by day from 2026-01-01 to 2026-01-02.csv",
    "linkedin": "linkedin/sample_followers_1700000000000.xls",
    "socialblade": "socialblade/matrix_instagram_statistics.json",
    "socialblade_table": "socialblade/table_scrape.json",
    "mastodon": "mastodon/following_accounts.csv",
    "instagram_monitor": "",
    "twitter_to_sqlite": "",
    "workbook": "",
    "instagram_zip": "",
}
NAMES = (
    "sample.alpha",
    "sample_beta",
    "thread_follower",
    "sample.fan1",
    "1000000001",
    "anna.x",
)

TOKENS = [
    *(b"", b"\0", b'"', b"{", b"}", b"[", b"]", b",", b";", b"\n", b"\r", b"\\", b"<", b"-"),
    *(
        b"\xff",
        b"\xfe\xff",
        b"\xef\xbb\xbf",
        b"\xed\xa0\x80",
        b"null",
        b"true",
        b"NaN",
        b"1e999",
    ),
    *(b"9" * 40, b"-1", b"0", b"99999999999", b"2025-02-30", b"0001-01-01", b"9999-12-31"),
    *(b'"timestamp":', b'"value":', b'"title":""', b"\\u0000", b"\\ud800", b"[" * 5000),
    *(
        b"A" * 70_000,
        b"\n" * 5000,
        b",," * 3000,
        b"N/A",
        b"undefined",
        b"../../x",
        b"PK\x03\x04",
    ),
]
mutation = st.tuples(
    st.sampled_from(["insert", "delete", "flip", "repeat", "cut", "replace", "swap"]),
    st.floats(0, 1),
    st.integers(0, 400),
    st.integers(0, len(TOKENS) - 1),  # a number is short to print
)


def mutate(data: bytes, steps: list[tuple[str, float, int, int]]) -> bytes:
    for kind, place, size, number in steps:
        token = TOKENS[number]
        at = int(place * len(data))
        piece = data[at : at + size]
        if kind == "insert":
            data = data[:at] + token + data[at:]
        elif kind == "delete":
            data = data[:at] + data[at + size :]
        elif kind == "flip" and data:
            spot = min(at, len(data) - 1)
            data = data[:spot] + bytes([data[spot] ^ (1 << size % 8)]) + data[spot + 1 :]
        elif kind == "repeat":
            data = data[:at] + piece * (size % 40) + data[at:]
        elif kind == "cut":
            data = data[:at]
        elif kind == "replace":
            data = data[:at] + token + data[at + len(token) :]
        elif kind == "swap":
            data = data[:at] + piece[::-1] + data[at + size :]
    return data[: 4 << 20]


def _original(reader: str, folder: Path) -> tuple[str, bytes]:
    """File name and content of the unharmed file."""
    if reader == "instagram_monitor":
        text = '"Date","Type","Old","New"\n"2025-03-14 12:00:00","Followers Count",100,98\n'
        return "lena.csv", (
            text + '"2025-03-14 12:00:00","Added Followers","","anna.x"\n'
        ).encode()
    if reader == "twitter_to_sqlite":
        path = folder / "original.db"
        path.unlink(missing_ok=True)
        with closing(sqlite3.connect(path)) as database:
            database.executescript(
                "create table users (id integer primary key, screen_name text);"
                "create table count_history (type integer, user integer, datetime text,"
                " count integer, primary key (type, user, datetime));"
                "insert into users values (12, 'Lena');"
                "insert into count_history values (1, 12, '2020-04-30T12:00:00+00:00', 100);"
            )
        return "twitter.db", path.read_bytes()
    if reader == "workbook":
        rows = [("Date", "Followers", "Difference in followers"), ("March 1", "6", "0")]
        return "FollowerHistory.xlsx", workbook({"Sheet1": rows})
    if reader == "instagram_zip":
        files = {
            f"{FOLDER}/{name}": (DATA / IG / name).read_bytes()
            for name in ("followers_1.json", "followers_2.json", "following.json")
        }
        path = zipped(folder / "original.zip", files)
        return "instagram-lena-2025-11-03-abcd.zip", path.read_bytes()
    path = DATA / READERS[reader]
    return path.name, path.read_bytes()


def _check(batch: Batch, data: bytes) -> None:
    assert batch.found, "a file must be read or refused"
    for found in batch.found:
        assert found.format or found.notes
        assert found.readings >= 0
    for one in batch.lists:
        assert (one.ids[1:] > one.ids[:-1]).all()
    if not LIST_MARKS.search(data[:HEAD]):
        return  # no list any more but some table, whose errors quote its cells
    told = [f.text + f.where for f in batch.faults] + [n for f in batch.found for n in f.notes]
    for secret in NAMES:
        assert not any(secret in text for text in told)


def _seconds() -> float:
    """Of this process and of the readers it ran beside itself."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def _memory() -> int:
    """The most that this process, or one that it ran, ever held."""
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return 1024 * max(resource.getrusage(one).ru_maxrss for one in who)


@pytest.mark.parametrize("reader", READERS)
def test_mutated_files_are_read_or_refused(
    reader: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp(reader)
    name, original = _original(reader, folder)
    path = folder / "case" / name
    before = _memory()

    @settings(
        max_examples=EXAMPLES,
        phases=(Phase.generate,),
        derandomize=not FUZZ,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(mutation, min_size=1, max_size=5))
    def attempt(steps: list[tuple[str, float, int, int]]) -> None:
        data = mutate(original, steps)
        written(path, data)
        started = _seconds()
        faulthandler.dump_traceback_later(HANGS, exit=True)
        batch = read(path, account="lena")
        faulthandler.cancel_dump_traceback_later()
        assert _seconds() - started < SLOWEST
        _check(batch, data)

    attempt()
    assert _memory() - before < MOST_MEMORY


def _wide(columns: int, *rows: str, name: str = "c{}") -> str:
    header = ",".join(name.format(number) for number in range(columns))
    return "\n".join((f"date,{header}", *rows, ""))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (_wide(12_000, *["2026-01-01,5"] * 12_000), "hardly a cell"),
        (_wide(12_000, *["2026-01-01"] * 60), "has no row that can be read"),
        (_wide(12_000, "2026-01-01,5", name="followers"), "read"),
        (_wide(12_000, "2026-01-01,5", name="lena"), "read"),
        (_wide(9_000, "2026-01-01,5", name="instagram/account{:05}"), "read"),
        (_wide(4_000, "2026-01-01" + ",x" * 4_000), "has no count in any"),
        (
            _wide(4_000, "2026-01-01" + ",x,1.5" * 2_000, "2026-01-02" + ",5" * 4_000),
            "in a unit",
        ),
        (_wide(3_000, '2026-01-01,"' + ",5" * 2_000, "2026-01-02" + ",7" * 1_500), "read"),
        (_wide(30_000, "2026-01-01,5"), "more than a table of counts"),
        (f"date,followers,{'[' * 5000}{'A' * 60_000}\n2026-01-01,5,1\n", "read"),
        (json.dumps([{f"k{n}": 1} for n in range(20_000)]), "hardly a cell"),
        (json.dumps({"rows": [{f"k{n}.count": 1 for n in range(9_000)}]}), "with a time"),
    ],
)
def test_tables_of_thousands_of_columns_take_no_time(
    tmp_path: Path, text: str, told: str
) -> None:
    path = written(tmp_path / "counts.csv", text)
    started = _seconds()
    (found,) = read(path, account="lena", wide=True).found
    assert _seconds() - started < SLOWEST
    assert found.readings if told == "read" else told in " ".join(found.notes)


@pytest.mark.parametrize("reader", READERS)
def test_the_unharmed_file_is_known(
    reader: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp(reader)
    name, original = _original(reader, folder)
    batch = read(written(folder / "case" / name, original), account="lena")

    known = [found for found in batch.found if found.format]
    expected = 0 if reader in {"instagram_labels", "x_manifest", "youtube_table"} else 1
    assert len(known) >= expected
    assert all(not str(found.format).startswith("table.") for found in known)
