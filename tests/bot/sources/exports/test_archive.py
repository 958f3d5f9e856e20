"""Zips and folders are opened with bounds, and nothing is ever written to disk."""

from __future__ import annotations

import io
import os
import struct
import zipfile
from pathlib import Path

import pytest

from bot.errors import SourceUnavailable
from tests.bot.sources.exports.samples import (
    FOLDER,
    followers,
    only,
    read,
    written,
    zipped,
)

NAME = "instagram-lena-2025-11-03-abcd.zip"


@pytest.mark.parametrize(
    "name",
    [
        *("../evil.json", "a/../../evil.json", "/etc/cron.d/evil", "C:\\evil.json"),
        *("..\\evil.json", "a\\..\\..\\evil.json"),
    ],
)
def test_a_zip_that_names_paths_outside_is_refused(tmp_path: Path, name: str) -> None:
    files = {f"{FOLDER}/followers_1.json": followers("anna"), name: b"x"}
    batch = read(zipped(tmp_path / NAME, files))

    assert batch.lists == ()
    assert "names paths outside its own folder" in batch.faults[0].text
    assert "evil" not in batch.faults[0].text
    assert [path.name for path in tmp_path.rglob("*")] == [NAME]


def test_a_zip_bomb_is_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / NAME
    with (
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open(f"{FOLDER}/followers_1.json", "w") as stream,
    ):
        for _ in range(64):
            stream.write(b" " * (1 << 20))
    batch = read(file)

    assert "zip bombs" in batch.faults[0].text


def test_files_that_share_their_bytes_are_refused(tmp_path: Path) -> None:
    """The directory lists one small file a thousand times, as quoted bombs do."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.json", os.urandom(1000))
    data = buffer.getvalue()
    start = data.index(b"PK\x01\x02")
    entry = data[start : data.index(b"PK\x05\x06")]
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1000, 1000, len(entry) * 1000, start, 0)
    batch = read(written(tmp_path / NAME, data[:start] + entry * 1000 + end))

    assert "same bytes for several files" in batch.faults[0].text


def test_a_protected_zip_says_so(tmp_path: Path) -> None:
    path = zipped(tmp_path / NAME, {"a.json": b"[]"})
    data = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    path.write_bytes(data)

    assert "protected by a password" in read(path).faults[0].text


@pytest.mark.parametrize("keep", [0.3, 0.7, 0.95])
def test_a_zip_cut_short_is_damaged(tmp_path: Path, keep: float) -> None:
    path = zipped(tmp_path / NAME, {f"{FOLDER}/followers_1.json": followers("anna")})
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])

    assert "damaged or incomplete: download the export again" in read(path).faults[0].text


def test_a_file_damaged_inside_a_zip_is_refused_whole(tmp_path: Path) -> None:
    names = [f"fan.{n * 7919 % 100_003}" for n in range(20_000)]
    path = zipped(tmp_path / NAME, {f"{FOLDER}/followers_1.json": followers(*names)})
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    batch = read(path)

    assert batch.lists == ()
    assert only(batch).format is None


def test_a_zip_without_a_known_export_says_so(tmp_path: Path) -> None:
    batch = read(zipped(tmp_path / "photos.zip", {"a/b.jpg": b"\xff\xd8", "a/c.json": b"{}"}))

    assert "holds no known export" in batch.faults[0].text
    assert only(batch).notes == (batch.faults[0].text,)


def test_names_of_other_files_are_never_told(tmp_path: Path) -> None:
    """Folders of chats carry the names of people."""
    files = {
        f"{FOLDER}/followers_1.json": followers("anna"),
        "your_instagram_activity/messages/inbox/ben.secret_123/message_1.json": b'{"x": 1}',
        "your_instagram_activity/comments/ben.secret.json": b"\0",
    }
    batch = read(zipped(tmp_path / NAME, files))

    assert "secret" not in repr(batch)
    assert batch.notes == ("2 other files were left unread.",)


def test_a_table_in_a_zip_is_read_as_a_table(tmp_path: Path) -> None:
    text = (
        b"account,date,followers\ninstagram/lena,2026-02-26,1003\ninstagram/lena,2026-02-27,7\n"
    )
    batch = read(zipped(tmp_path / "counts.zip", {"counts.csv": text}))

    assert (only(batch).format, only(batch).readings) == ("table.long", 2)


def test_a_folder_may_hold_zips_and_tables(tmp_path: Path) -> None:
    zipped(tmp_path / NAME, {f"{FOLDER}/followers_1.json": followers("anna")})
    written(tmp_path / "counts.csv", "account,date,followers\ninstagram/lena,2026-02-26,1003\n")
    written(tmp_path / "notes.md", "# nothing")
    batch = read(tmp_path)

    assert sorted(str(found.format) for found in batch.found) == [
        *("instagram.follower_list", "table.long"),
    ]
    assert batch.notes == ("1 other files were left unread.",)


def test_a_zip_in_a_zip_is_not_opened(tmp_path: Path) -> None:
    inner = zipped(tmp_path / NAME, {f"{FOLDER}/followers_1.json": followers("anna")})
    batch = read(zipped(tmp_path / "outer.zip", {NAME: inner.read_bytes()}))

    assert batch.lists == ()


def test_links_out_of_a_folder_are_not_followed(tmp_path: Path) -> None:
    secret = written(tmp_path / "secret" / "followers_1.json", followers("anna"))
    inside = tmp_path / "export"
    written(inside / FOLDER / "following.json", b'{"relationships_following": []}')
    (inside / FOLDER / "followers_1.json").symlink_to(secret)
    (inside / "more").symlink_to(secret.parent)
    batch = read(inside)

    assert [found.format for found in batch.found] == ["instagram.following_list"]
    assert batch.notes == ("1 other files were left unread.",)


def test_links_in_a_zip_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / NAME
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo(f"{FOLDER}/followers_1.json")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr(f"{FOLDER}/following.json", b'{"relationships_following": []}')

    assert [found.format for found in read(path).found] == ["instagram.following_list"]


@pytest.mark.parametrize(
    ("name", "start", "filler"),
    [
        ("followers_1.json", b'[{"string_list_data":[],"title":"', b"a" * (6 << 20)),
        ("followers_1.json", b'[{"string_list_data":', b"[" * 100_000),
        ("connections.json", b'{"followers":{"a":"2019-03-02T10:00","b":', b"[" * 100_000),
        ("follower.js", b"window.YTD.follower.part0 = [", b"[" * 100_000),
        ("user_data.json", b'{"Activity":{"x":"', b"a" * (6 << 20)),
        ("user_data.json", b'{"Activity":', b'{"a":' * 100_000),
        (
            "followers_1.html",
            b'<title>Followers</title>uiBoxWhite<div class="pam ',
            b"a" * (6 << 20),
        ),
        ("Follower.txt", b"Date: 2025-06-02 07:01:03 UTC\nUsername: ", b"a" * (6 << 20)),
        ("a.csv", b"Date,New follows,Unfollows\n", b"," * (3 << 20)),
        ("a.csv", b"Date,Followers,Difference in followers\n", b"March 1,1,1\n" * 2000),
    ],
)
def test_files_that_would_fill_the_memory_are_refused(
    tmp_path: Path, name: str, start: bytes, filler: bytes
) -> None:
    """Parsers keep whole strings, items and nesting; no export has them this large."""
    batch = read(written(tmp_path / name, start + filler), account="lena")

    assert {found.format for found in batch.found} == {None}
    assert {fault.kind for fault in batch.faults} == {"changed"}


@pytest.mark.parametrize(
    "content", [b"", b"\n\n", b"\0" * 100, bytes(range(128, 192)), b"PK\x05\x06"]
)
def test_a_file_of_nothing_is_refused(tmp_path: Path, content: bytes) -> None:
    batch = read(written(tmp_path / "x.csv", content))

    assert only(batch).format is None
    assert len(batch.faults) == 1


def test_a_path_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="does not exist: correct the path"):
        read(tmp_path / "gone.zip")
