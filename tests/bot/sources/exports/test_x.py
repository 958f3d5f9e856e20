"""X: the archive's lists of ids and the analytics table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.bot.sources.exports.samples import (
    hashes,
    only,
    read,
    sample,
    values,
    written,
    zipped,
)


def _part(kind: str, number: int, *ids: int) -> bytes:
    rows = [{kind: {"accountId": str(one), "userLink": f"https://x.com/{one}"}} for one in ids]
    return f"window.YTD.{kind}.part{number} = {json.dumps(rows, indent=2)}".encode()


def _manifest(counts: dict[str, int], **info: Any) -> bytes:
    files = [
        {"fileName": "", "globalName": name, "count": str(n)} for name, n in counts.items()
    ]
    return (
        b"window.__THAR_CONFIG = "
        + json.dumps(
            {
                "userInfo": {"accountId": "1", "userName": "Lena"},
                "archiveInfo": {"generationDate": "2026-03-02T11:00:00.000Z", **info},
                "dataTypes": {"follower": {"files": files}},
            }
        ).encode()
    )


def test_all_parts_of_the_archive_are_one_list(tmp_path: Path) -> None:
    counts = {"YTD.follower.part0": 2, "YTD.follower.part1": 1}
    files = {
        "data/follower.js": _part("follower", 0, 11, 12),
        "data/follower-part1.js": _part("follower", 1, 13),
        "data/manifest.js": _manifest(counts, isPartialArchive=False),
        "data/tweets.js": b"window.YTD.tweets.part0 = [ ]",
    }
    batch = read(zipped(tmp_path / "twitter-2026.zip", files))

    found = only(batch)
    assert (found.account, found.names, found.complete) == ("x/lena", 3, True)
    assert batch.lists[0].at == 1_772_449_200
    assert batch.lists[0].since is None
    assert batch.lists[0].ids.tolist() == hashes("x", "11", "12", "13")


def test_a_part_that_the_manifest_lists_is_missed(tmp_path: Path) -> None:
    counts = {"YTD.follower.part0": 1, "YTD.follower.part1": 1}
    files = {
        "data/follower.js": _part("follower", 0, 11),
        "data/manifest.js": _manifest(counts),
    }
    batch = read(zipped(tmp_path / "twitter-2026.zip", files))

    assert batch.lists == ()
    assert "follower-part1.js is missing" in batch.faults[0].text


def test_a_gap_between_parts_is_missed_without_a_manifest(tmp_path: Path) -> None:
    files = {
        "data/follower.js": _part("follower", 0, 11),
        "data/follower-part2.js": _part("follower", 2, 13),
    }
    batch = read(zipped(tmp_path / "twitter-2026.zip", files), account="lena")

    assert "follower-part1.js is missing" in batch.faults[0].text


def test_a_list_below_the_manifests_count_is_partial(tmp_path: Path) -> None:
    files = {
        "data/follower.js": _part("follower", 0, 11),
        "data/manifest.js": _manifest({"YTD.follower.part0": 9}),
    }
    found = only(read(zipped(tmp_path / "twitter-2026.zip", files)))

    assert found.complete is False
    assert "The list has 1 rows, the archive's manifest counts 9." in found.notes


def test_a_partial_archive_says_so(tmp_path: Path) -> None:
    files = {
        "data/follower.js": _part("follower", 0, 11),
        "data/manifest.js": _manifest({"YTD.follower.part0": 1}, isPartialArchive=True),
    }
    found = only(read(zipped(tmp_path / "twitter-2026.zip", files)))

    assert found.complete is False


def test_one_file_brings_its_manifest(tmp_path: Path) -> None:
    written(tmp_path / "manifest.js", _manifest({"YTD.follower.part0": 1}))
    path = written(tmp_path / "follower.js", _part("follower", 0, 11))

    assert only(read(path)).account == "x/lena"


def test_without_a_manifest_date_and_completeness_are_unknown(tmp_path: Path) -> None:
    batch = read(written(tmp_path / "follower.js", _part("follower", 0, 11)), account="lena")

    found = only(batch)
    assert (found.complete, found.last) == (None, "2026-11-21")
    assert any("manifest.js is missing" in note for note in found.notes)


def test_analytics_columns_may_stand_in_any_order(tmp_path: Path) -> None:
    text = 'Unfollows,New follows,Date\n1,"1,205",2026-06-06\n0,3,2026-06-07\n'
    batch = read(written(tmp_path / "account_overview_analytics.csv", text), account="lena")

    assert values(batch, "gained") == {"2026-06-06": 1205, "2026-06-07": 3}
    assert values(batch, "lost") == {"2026-06-06": 1, "2026-06-07": 0}


def test_interactions_need_all_their_columns(tmp_path: Path) -> None:
    path = sample(tmp_path, "x-analytics/account_overview_analytics_thousands.csv")
    batch = read(path, account="lena")

    assert batch.readings is not None
    assert "interactions_daily" not in batch.readings.columns


def test_bad_rows_name_row_and_column_and_spare_the_others(tmp_path: Path) -> None:
    text = "Date,New follows,Unfollows\n2026-06-06,3,1\nnever,1,1\n2026-06-08,many,2\n"
    batch = read(written(tmp_path / "a.csv", text), account="lena")

    assert values(batch, "gained") == {"2026-06-06": 3, "2026-06-08": None}
    assert values(batch, "lost") == {"2026-06-06": 1, "2026-06-08": 2}
    assert only(batch).bad_rows == 2
    assert [fault.where.rpartition("a.csv")[2] for fault in batch.faults] == [
        ":3:Date",
        ":4:New follows",
    ]


def test_a_table_of_posts_is_refused(tmp_path: Path) -> None:
    text = "Post id,Date,Post text,Impressions,New follows\n1,2026-06-06,hi,10,1\n"
    found = only(read(written(tmp_path / "content.csv", text)))

    assert found.format is None
    assert "account_overview_analytics.csv" in found.notes[0]
