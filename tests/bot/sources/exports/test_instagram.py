"""The traps of Instagram's and Threads' lists."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.bot.sources.exports.samples import (
    FOLDER,
    by_format,
    entry,
    followers,
    hashes,
    only,
    read,
    sample,
    written,
    zipped,
)

ZIP = "instagram-lena.makes-2025-11-03-aBcD1234.zip"


def _following(*names: str) -> bytes:
    rows = [
        {
            "title": name,
            "string_list_data": [
                {"href": f"https://www.instagram.com/_u/{name}", "timestamp": 1_700_000_000}
            ],
        }
        for name in names
    ]
    return json.dumps({"relationships_following": rows}, indent=2).encode()


def test_a_zip_names_its_owner_and_its_day(tmp_path: Path) -> None:
    files = {f"{FOLDER}/followers_1.json": followers("anna", "ben")}
    batch = read(zipped(tmp_path / ZIP, files), timezone="Europe/Vienna")

    found = only(batch)
    assert (found.account, found.names, found.last) == ("instagram/lena.makes", 2, "2025-11-03")
    assert found.complete is True
    # 2025-11-03 23:59:59 in Vienna
    assert batch.lists[0].at == 1_762_210_799


@pytest.mark.parametrize("copy", ["", " (1)", " (12)"])
def test_a_second_download_of_a_zip_still_names_its_owner(tmp_path: Path, copy: str) -> None:
    files = {f"{FOLDER}/followers_1.json": followers("anna")}
    batch = read(zipped(tmp_path / ZIP.replace(".zip", f"{copy}.zip"), files))

    assert only(batch).account == "instagram/lena.makes"


def test_a_zip_packed_again_is_read_as_the_original(tmp_path: Path) -> None:
    files = {
        f"instagram-lena-2025-11-03-abcd\\{FOLDER}\\followers_1.json".replace("/", "\\"): (
            b"\xef\xbb\xbf" + followers("anna", "ben")
        ),
        f"__MACOSX/{FOLDER}/._followers_1.json": b"\0\x05\x16\x07junk",
        f"instagram-lena-2025-11-03-abcd/{FOLDER}/.DS_Store": b"junk",
    }
    found = only(read(zipped(tmp_path / "Archiv.zip", files)))

    assert (found.account, found.names, found.last) == ("instagram/lena", 2, "2025-11-03")


def test_two_exports_in_one_zip_stay_apart(tmp_path: Path) -> None:
    files = {
        f"instagram-lena-2025-11-03-abcd/{FOLDER}/followers_1.json": followers("anna", "ben"),
        f"instagram-lena-2025-11-10-efgh/{FOLDER}/followers_1.json": followers("anna"),
    }
    batch = read(zipped(tmp_path / "both.zip", files))

    assert [(f.names, f.last) for f in batch.found] == [(2, "2025-11-03"), (1, "2025-11-10")]


def test_overlapping_parts_count_every_name_once(tmp_path: Path) -> None:
    files = {
        f"{FOLDER}/followers_1.json": followers("anna", "ben"),
        f"{FOLDER}/followers_2.json": followers("ben", "carla", since=1_600_000_000),
    }
    batch = read(zipped(tmp_path / ZIP, files))

    (one,) = batch.lists
    assert one.ids.tolist() == hashes("instagram", "anna", "ben", "carla")
    assert one.since is not None
    # of a repeated name the earlier follow stays
    ben = one.ids.tolist().index(hashes("instagram", "ben")[0])
    assert one.since[ben] == 1_600_000_000
    assert "Read from 2 parts." in only(batch).notes


@pytest.mark.parametrize("missing", [1, 2])
def test_a_missing_part_is_an_error(tmp_path: Path, missing: int) -> None:
    files = {
        f"{FOLDER}/followers_{number}.json": followers(f"fan{number}")
        for number in (1, 2, 3)
        if number != missing
    }
    batch = read(zipped(tmp_path / ZIP, files))

    (fault,) = batch.faults
    assert fault.kind == "changed"
    assert f"followers_{missing}.json is missing" in fault.text
    assert "import the whole export" in fault.text
    assert (only(batch).format, batch.lists) == (None, ())


def test_one_part_brings_the_parts_beside_it(tmp_path: Path) -> None:
    written(tmp_path / "followers_1.json", followers("anna"))
    second = written(tmp_path / "followers_2.json", followers("ben"))

    assert only(read(second)).names == 2


def test_the_second_part_alone_is_an_error(tmp_path: Path) -> None:
    batch = read(written(tmp_path / "followers_2.json", followers("ben")))

    assert only(batch).format is None
    assert "followers_1.json is missing" in batch.faults[0].text


def test_two_downloads_of_one_part_are_not_mixed(tmp_path: Path) -> None:
    files = {
        f"{FOLDER}/followers_1.json": followers("anna"),
        f"{FOLDER}/followers_1 (1).json": followers("ben"),
    }
    batch = read(zipped(tmp_path / ZIP, files))

    assert batch.lists == ()
    assert "part 1 of the same list" in batch.faults[0].text


def test_a_first_part_alone_cannot_tell_whether_it_is_all(tmp_path: Path) -> None:
    found = only(read(written(tmp_path / "followers_1.json", followers("anna"))))

    assert found.complete is None
    assert any("One file alone" in note for note in found.notes)


def test_a_list_is_known_by_its_content_under_any_name(tmp_path: Path) -> None:
    found = only(read(written(tmp_path / "my list.dat", followers("anna", "ben"))))

    assert (found.format, found.names) == ("instagram.follower_list", 2)


def test_links_with_u_are_not_one_user(tmp_path: Path) -> None:
    rows = [
        {"title": "", "string_list_data": [{"href": f"https://www.instagram.com/{path}"}]}
        for path in ("_u/anna", "_u/ben?igsh=abc", "carla/?hl=de")
    ]
    batch = read(written(tmp_path / "followers_1.json", json.dumps(rows)))

    assert batch.found[0].names == 3
    batch = read(written(tmp_path / "followers_1.json", json.dumps(rows)), account="lena")
    assert batch.lists[0].ids.tolist() == hashes("instagram", "anna", "ben", "carla")


def test_a_link_that_is_only_u_is_no_user(tmp_path: Path) -> None:
    rows = [{"title": "", "string_list_data": [{"href": "https://www.instagram.com/_u/"}]}]
    found = only(read(written(tmp_path / "followers_1.json", json.dumps(rows))))

    assert (found.names, found.bad_rows) == (0, 1)


def test_placeholders_of_deleted_accounts_are_nobody(tmp_path: Path) -> None:
    names = ("anna", "__deleted__xyz", "deletedorange", "deleted", "deleted.by.me")
    found = only(read(written(tmp_path / "followers_1.json", followers(*names))))

    assert found.names == 3
    assert "2 placeholders of deleted accounts left out." in found.notes


def test_removed_accounts_have_an_empty_entry(tmp_path: Path) -> None:
    rows = [entry("anna"), {"title": "", "media_list_data": [], "string_list_data": []}]
    found = only(read(written(tmp_path / "followers_1.json", json.dumps(rows))))

    assert (found.names, found.bad_rows) == (1, 0)
    assert "1 entry of removed accounts left out." in found.notes


def test_an_empty_list_is_a_list(tmp_path: Path) -> None:
    batch = read(written(tmp_path / FOLDER / "followers_1.json", "[\n\n]"), account="lena")

    assert (only(batch).format, only(batch).names) == ("instagram.follower_list", 0)
    assert batch.lists[0].ids.dtype == np.uint64


def test_an_empty_list_of_another_name_is_no_follower_list(tmp_path: Path) -> None:
    assert only(read(written(tmp_path / "anything.json", "[\n\n]"))).format is None


def test_both_shapes_of_following_give_the_same_names(tmp_path: Path) -> None:
    old = json.dumps({"relationships_following": [entry("anna"), entry("ben")]})
    one = read(written(tmp_path / "a" / "following.json", old), account="lena")
    two = read(
        written(tmp_path / "b" / "following.json", _following("anna", "ben")), account="lena"
    )

    assert one.lists[0].ids.tolist() == two.lists[0].ids.tolist()
    assert {one.lists[0].side, two.lists[0].side} == {"following"}


def test_json_and_html_of_one_list_give_the_same_hashes(tmp_path: Path) -> None:
    page = sample(tmp_path, "instagram/html-2025-11")
    json_ = sample(tmp_path, "instagram/json-2025-10-onward")
    one = {one.side: one for one in read(page, account="lena").lists}
    two = {one.side: one for one in read(json_, account="lena").lists}

    assert one["followers"].ids.tolist() == two["followers"].ids.tolist()


def test_names_know_no_case(tmp_path: Path) -> None:
    batch = read(
        written(tmp_path / "followers_1.json", followers("Anna", "BEN")), account="lena"
    )

    assert batch.lists[0].ids.tolist() == hashes("instagram", "anna", "ben")


@pytest.mark.parametrize("indent", [None, 0, 2, 4])
@pytest.mark.parametrize("odd", [False, True])
def test_the_quick_way_and_the_parser_agree(
    tmp_path: Path, indent: int | None, odd: bool
) -> None:
    rows = [entry(f"fan.{n}", 1_600_000_000 + n) for n in range(3000)]
    if odd:  # one unusual entry sends the whole file through the parser
        rows[1500]["string_list_data"][0]["extra"] = 1
    path = written(tmp_path / FOLDER / "followers_1.json", json.dumps(rows, indent=indent))
    (one,) = read(path, account="lena").lists

    expected = dict(
        zip(
            (hashes("instagram", f"fan.{n}")[0] for n in range(3000)),
            range(1_600_000_000, 1_600_003_000),
            strict=True,
        )
    )
    assert one.since is not None
    assert dict(zip(one.ids.tolist(), one.since.tolist(), strict=True)) == expected


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-1],
        lambda data: data[: len(data) // 2],
        lambda data: data.replace(b'"fan7"', b'"fan7', 1),
        lambda data: data + b"x",
        lambda data: data.replace(b"},", b"}", 1),
    ],
)
def test_a_file_cut_or_edited_is_refused_whole(tmp_path: Path, damage: object) -> None:
    data = followers(*(f"fan{n}" for n in range(20)))
    path = written(tmp_path / FOLDER / "followers_1.json", damage(data))  # type: ignore[operator]
    batch = read(path, account="lena")

    assert batch.lists == ()
    assert "no complete JSON file" in batch.faults[0].text
    assert "fan" not in batch.faults[0].text


@pytest.mark.parametrize(
    ("days", "ranged"), [(365, True), (90, True), (2000, False), (250, False)]
)
def test_a_list_that_begins_where_a_date_range_does_is_partial(
    tmp_path: Path, days: int, ranged: bool
) -> None:
    end = 1_762_214_399  # 2025-11-03 23:59:59 UTC
    rows = [entry(f"fan{n}", end - int(n * days * 86_400 / 400)) for n in range(400)]
    files = {f"{FOLDER}/followers_1.json": json.dumps(rows).encode()}
    found = only(read(zipped(tmp_path / ZIP, files)))

    assert found.complete is not ranged
    assert any('range "All time"' in note for note in found.notes) is ranged


def test_other_relations_never_count_as_followers(tmp_path: Path) -> None:
    files = {
        f"{FOLDER}/followers_1.json": followers("anna"),
        f"{FOLDER}/recently_unfollowed_profiles.json": json.dumps(
            {"relationships_unfollowed_users": [entry("gone")]}
        ).encode(),
        f"{FOLDER}/restricted_profiles.json": json.dumps(
            {"relationships_restricted_users": [entry("bad")]}
        ).encode(),
        f"{FOLDER}/some_new_relation.json": json.dumps(
            {"relationships_of_2027": [entry("who")]}
        ).encode(),
    }
    batch = read(zipped(tmp_path / ZIP, files))

    assert sorted(str(f.format) for f in batch.found) == ["None"] * 3 + [
        "instagram.follower_list"
    ]
    assert batch.lists[0].ids.tolist() == hashes("instagram", "anna")
    assert batch.faults == ()


def test_likes_and_comments_of_an_export_are_no_followers(tmp_path: Path) -> None:
    files = {
        f"{FOLDER}/followers_1.json": followers("anna"),
        "your_instagram_activity/likes/liked_posts.json": json.dumps(
            {"likes_media_likes": [entry("ben")]}
        ).encode(),
        "your_instagram_activity/comments/post_comments_1.json": json.dumps(
            [{"media_list_data": [], "string_list_data": [{"value": "ben"}]}]
        ).encode(),
        "ads_information/advertisers.json": json.dumps(
            [{"label_values": [{"label": "Name", "value": "ben"}]}]
        ).encode(),
    }
    batch = read(zipped(tmp_path / ZIP, files))

    assert only(batch).names == 1
    assert batch.faults == ()
    assert batch.notes == ("3 other files were left unread.",)


def test_likes_alone_are_refused(tmp_path: Path) -> None:
    text = json.dumps({"likes_media_likes": [entry("ben")]})
    batch = read(written(tmp_path / "liked_posts.json", text), account="lena")

    assert only(batch).format is None
    assert "a list of something else than followers" in batch.faults[0].text
    assert "ben" not in batch.faults[0].text


@pytest.mark.parametrize("name", ["recently_unfollowed_profiles", "pending_follow_requests"])
def test_lists_of_labels_are_refused_in_every_language(tmp_path: Path, name: str) -> None:
    rows = [{"timestamp": 1, "media": [], "label_values": [{"label": "Nome", "value": "anna"}]}]
    found = only(read(written(tmp_path / f"{name}.json", json.dumps(rows))))

    assert found.format is None
    assert ("never read as churn" in found.notes[0]) is ("unfollowed" in name)


def test_a_page_of_unfollowed_profiles_is_refused(tmp_path: Path) -> None:
    page = sample(tmp_path, "instagram/html-2025-11") / FOLDER / "followers_1.html"
    text = page.read_text().replace(
        "<title>Followers</title>", "<title>Kürzlich entfolgt</title>"
    )
    batch = read(written(tmp_path / "recently_unfollowed_profiles.html", text), account="lena")

    assert "never read as churn" in only(batch).notes[0]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Nov 02, 2025 1:55 am", "2025-11-02"),
        ("02.11.2025, 1:55", "2025-11-02"),
        ("2 nov 2025 13:05", "2025-11-02"),
    ],
)
def test_pages_write_times_in_the_owners_language(tmp_path: Path, text: str, day: str) -> None:
    page = sample(tmp_path, "instagram/html-2025-03") / FOLDER / "following.html"
    page.write_text(page.read_text().replace("Mar 20, 2025 10:12 am", text))

    assert only(read(page)).first == day


def test_threads_never_mixes_into_instagram(tmp_path: Path) -> None:
    threads = sample(tmp_path, "threads/your_instagram_activity/threads/followers.json")
    files = {
        f"{FOLDER}/followers_1.json": followers("anna"),
        "your_instagram_activity/threads/followers.json": threads.read_bytes(),
    }
    batch = read(zipped(tmp_path / ZIP, files), account="instagram/lena")

    found = by_format(batch)
    assert found["instagram.follower_list"].account == "instagram/lena"
    assert found["threads.follower_list"].account == "threads/lena"
    assert [one.ids.tolist() for one in batch.lists] == [
        hashes("instagram", "anna"),
        hashes("threads", "thread_follower"),
    ]
    assert batch.faults == ()


def test_a_personal_facebook_export_is_refused(tmp_path: Path) -> None:
    text = json.dumps({"followers_v2": [{"name": "Anna Beispiel", "timestamp": 1}]})
    found = only(read(written(tmp_path / "people_who_followed_you_1.json", text)))

    assert found.format is None
    assert "personal Facebook export" in found.notes[0]


def test_without_an_owner_nothing_is_stored_and_the_note_says_what_to_pass(
    tmp_path: Path,
) -> None:
    batch = read(written(tmp_path / "followers_1.json", followers("anna")))

    assert (batch.lists, only(batch).account) == ((), None)
    assert "pass the account, such as instagram/yourhandle" in only(batch).notes[-1]


def test_an_account_of_another_platform_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "followers_1.json", followers("anna"))
    batch = read(path, account="tiktok/lena")

    assert batch.lists == ()
    assert "holds numbers of instagram, not of tiktok" in batch.faults[0].text


def test_reading_the_same_export_twice_gives_the_same_list(tmp_path: Path) -> None:
    files = {f"{FOLDER}/followers_1.json": followers("anna", "ben")}
    path = zipped(tmp_path / "download.zip", files)
    one, two = (read(path, account="lena").lists[0] for _ in range(2))

    assert (one.at, one.ids.tolist()) == (two.at, two.ids.tolist())
