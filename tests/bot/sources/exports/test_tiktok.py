"""The traps of TikTok's personal export."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.bot.sources.exports.samples import (
    by_format,
    hashes,
    only,
    read,
    sample,
    written,
    zipped,
)


def _export(fans: list[dict[str, Any]] | None, **profile: Any) -> str:
    return json.dumps(
        {
            "Direct Message": {"Chat": [{"FansList": [{"UserName": "not.a.fan"}]}]},
            "Profile And Settings": {
                "Profile Info": {"ProfileMap": profile},
                "Follower": {"App": 3, "FansList": fans},
                "Following": {"App": 3, "Following": None},
            },
        }
    )


def _fan(name: str, date: str = "2026-03-01 08:07:06") -> dict[str, str]:
    return {"Date": date, "UserName": name}


def test_rows_without_a_name_are_not_one_user(tmp_path: Path) -> None:
    rows = [_fan("anna"), *(_fan("N/A", f"2026-03-0{n} 10:00:00") for n in (1, 2, 3))]
    batch = read(written(tmp_path / "user_data.json", _export(rows)), account="lena")

    found = by_format(batch)["tiktok.follower_list"]
    assert (found.names, found.bad_rows) == (1, 0)
    assert "3 rows without a name (N/A) left out." in found.notes
    assert batch.lists[0].ids.tolist() == hashes("tiktok", "anna")


@pytest.mark.parametrize(
    ("count", "complete"), [(100, True), (103, True), (106, False), (5000, False), (None, None)]
)
def test_a_list_far_below_the_count_is_partial(
    tmp_path: Path, count: int | None, complete: bool | None
) -> None:
    rows = [_fan(f"fan{n}") for n in range(100)]
    profile = {} if count is None else {"followerCount": count}
    batch = read(written(tmp_path / "user_data.json", _export(rows, **profile)))

    found = by_format(batch)["tiktok.follower_list"]
    assert found.complete is complete
    told = f"The list has 100 rows, the profile counts {count or 0:,}."
    assert (told in found.notes) is (count not in (None, 100))


def test_a_list_elsewhere_in_the_file_is_not_the_follower_list(tmp_path: Path) -> None:
    batch = read(written(tmp_path / "user_data.json", _export([_fan("anna")])), account="lena")

    assert batch.lists[0].ids.tolist() == hashes("tiktok", "anna")


def test_times_are_utc(tmp_path: Path) -> None:
    path = written(tmp_path / "user_data.json", _export([_fan("anna", "2026-03-01 00:30:00")]))
    (one, _) = read(path, account="lena", timezone="America/New_York").lists

    assert one.since is not None
    assert one.since.tolist() == [1_772_325_000]


def test_the_profile_names_the_owner(tmp_path: Path) -> None:
    path = written(tmp_path / "user_data.json", _export([_fan("anna")], userName="Lena.Makes"))

    assert {found.account for found in read(path).found} == {"tiktok/lena.makes"}


def test_json_and_text_give_the_same_hashes(tmp_path: Path) -> None:
    text = sample(tmp_path, "tiktok-data/txt")
    data = _export([_fan("sample.fan1"), _fan("sample_fan2")])
    one = read(text, account="lena").lists[0]
    two = read(written(tmp_path / "user_data.json", data), account="lena").lists[0]

    assert one.ids.tolist() == two.ids.tolist()


def test_a_zip_of_text_files_has_both_lists(tmp_path: Path) -> None:
    row = "Date: 2025-06-02 07:01:03 UTC\r\nUsername: {}\r\n\r\n"
    files = {
        "TikTok/Profile and Settings/Follower.txt": row.format("anna").encode(),
        "TikTok/Profile and Settings/Following.txt": row.format("ben").encode(),
        "TikTok/Profile and Settings/Block List.txt": row.format("carla").encode(),
        "TikTok/Activity/Login History.txt": b"Date: 2025-06-02 07:01:03 UTC\nIP: 10.0.0.1\n",
    }
    batch = read(zipped(tmp_path / "TikTok_Data.zip", files), account="lena")

    assert {one.side: one.ids.tolist() for one in batch.lists} == {
        "followers": hashes("tiktok", "anna"),
        "following": hashes("tiktok", "ben"),
    }
    refused = [found for found in batch.found if found.format is None]
    assert ["lists something else than followers" in f.notes[0] for f in refused] == [True]
    assert batch.notes == ("1 other files were left unread.",)


def test_an_export_without_lists_says_what_to_choose(tmp_path: Path) -> None:
    text = json.dumps({"Profile": {"Profile Info": {"ProfileMap": {}}}, "Video": {}})
    found = only(read(written(tmp_path / "user_data.json", text)))

    assert found.format is None
    assert "choose all data" in found.notes[0]


def test_a_cut_file_is_refused_whole(tmp_path: Path) -> None:
    text = _export([_fan(f"fan{n}") for n in range(50)])
    batch = read(written(tmp_path / "user_data.json", text[: len(text) // 2]), account="lena")

    assert batch.lists == ()
    assert "no complete JSON file" in batch.faults[0].text


def test_a_very_deep_file_is_no_danger(tmp_path: Path) -> None:
    text = '{"Activity":{"x":' + "[" * 200_000 + "]" * 200_000 + "}}"
    found = only(read(written(tmp_path / "user_data.json", text)))

    assert found.format is None
