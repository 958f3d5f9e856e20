"""The source of kind `export`: a folder that people drop their downloads into."""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bot.errors import AccountNotFound, SourceUnavailable
from bot.model.source import Surroundings
from bot.sources.file import FileSettings, FileSource
from bot.sources.table import SOURCES
from tests.bot.sources.exports.samples import (
    FOLDER,
    KEY,
    NOW,
    followers,
    hashes,
    written,
    zipped,
)

HISTORY = '"Date","Followers","Difference in followers from previous day"\n"March 1","{}","0"'


def _surroundings(root: Path) -> Surroundings:
    def sleep(_: float) -> Awaitable[None]:
        raise AssertionError

    return Surroundings(
        root=str(root),
        secrets=str(root / "secrets"),
        hash_key=lambda: KEY,
        monotonic=time.monotonic,
        sleep=sleep,
    )


def _source(root: Path, path: str = "exports", **keys: Any) -> FileSource:
    settings = FileSettings(name="downloads", kind="export", path=path, **keys)
    return FileSource(settings, _surroundings(root))


def _drop(root: Path, name: str, *names: str) -> Path:
    path = root / "exports" / name
    path.parent.mkdir(exist_ok=True)
    zipped(path, {f"{FOLDER}/followers_1.json": followers(*names)})
    old = NOW.timestamp() - 3600
    os.utime(path, (old, old))
    return path


def test_the_table_of_sources_knows_exports() -> None:
    assert SOURCES["export"].settings is FileSettings


async def test_an_export_is_read_once_until_it_changes(tmp_path: Path) -> None:
    _drop(tmp_path, "instagram-lena-2025-11-03-abcd.zip", "anna", "ben")
    source = _source(tmp_path)

    first = await source.fetch((), None, NOW)
    again = await source.fetch((), first.state, NOW)
    _drop(tmp_path, "instagram-lena-2025-11-10-efgh.zip", "anna")
    later = await source.fetch((), again.state, NOW)

    assert [found.last for found in first.found] == ["2025-11-03"]
    assert (again.found, again.lists, again.more) == ((), (), False)
    assert [found.last for found in later.found] == ["2025-11-10"]
    assert later.lists[0].ids.tolist() == hashes("instagram", "anna")


async def test_a_source_without_state_reads_the_same_again(tmp_path: Path) -> None:
    _drop(tmp_path, "instagram-lena-2025-11-03-abcd.zip", "anna", "ben")
    source = _source(tmp_path)

    one, two = [await source.fetch((), None, NOW) for _ in range(2)]

    assert one.found == two.found
    assert one.lists[0].ids.tolist() == two.lists[0].ids.tolist()


async def test_a_broken_export_does_not_stop_the_others(tmp_path: Path) -> None:
    _drop(tmp_path, "instagram-lena-2025-11-03-abcd.zip", "anna")
    broken = _drop(tmp_path, "instagram-ben-2025-11-03-abcd.zip", "carla")
    broken.write_bytes(broken.read_bytes()[:60])
    old = NOW.timestamp() - 3600
    os.utime(broken, (old, old))

    batch = await _source(tmp_path).fetch((), None, NOW)

    assert [one.account for one in batch.lists] == ["instagram/lena"]
    assert [fault.kind for fault in batch.faults] == ["changed"]
    assert "download the export again" in batch.faults[0].text


async def test_an_export_on_its_way_is_left_for_the_next_poll(tmp_path: Path) -> None:
    path = _drop(tmp_path, "instagram-lena-2025-11-03-abcd.zip", "anna")
    whole = path.read_bytes()
    written(path, whole[:60])  # changed at NOW
    source = _source(tmp_path)

    early = await source.fetch((), None, NOW + timedelta(seconds=2))
    written(path, whole)
    late = await source.fetch((), early.state, NOW + timedelta(seconds=30))

    assert (early.faults, early.found) == ((), ())
    assert [found.names for found in late.found] == [1]


async def test_a_glob_picks_its_files(tmp_path: Path) -> None:
    written(tmp_path / "in" / "Followers_lena.csv", HISTORY.format(5))
    written(tmp_path / "in" / "other.md", "nothing")
    source = _source(tmp_path, "in/*.csv", account="tiktok/lena", timezone="Europe/Vienna")

    batch = await source.fetch((), None, NOW)

    assert batch.readings is not None
    # 2026-03-01 23:59:59 in Vienna
    assert batch.readings.rows() == [("tiktok/lena", 1_772_405_999, 5)]


async def test_a_name_with_brackets_is_no_glob(tmp_path: Path) -> None:
    _drop(tmp_path, "instagram-lena-2025-11-03-abcd [1].zip", "anna")
    source = _source(tmp_path, "exports/instagram-lena-2025-11-03-abcd [1].zip")
    batch = await source.fetch((), None, NOW)
    assert [found.names for found in batch.found] == [1]


async def test_an_unpacked_export_is_read_as_a_folder(tmp_path: Path) -> None:
    root = tmp_path / "instagram-lena-2025-11-03-abcd"
    written(root / FOLDER / "followers_1.json", followers("anna"))
    written(root / "media" / "1.jpg", b"\xff\xd8")

    batch = await _source(tmp_path, root.name).fetch((), None, NOW)

    assert [(f.account, f.last) for f in batch.found] == [("instagram/lena", "2025-11-03")]
    assert batch.faults == ()


async def test_only_wanted_accounts_are_given(tmp_path: Path) -> None:
    _drop(tmp_path, "instagram-lena-2025-11-03-abcd.zip", "anna")
    _drop(tmp_path, "instagram-ben-2025-11-03-abcd.zip", "anna")

    batch = await _source(tmp_path).fetch(["instagram/ben"], None, NOW)

    assert [one.account for one in batch.lists] == ["instagram/ben"]


async def test_an_account_is_looked_up_among_the_exports(tmp_path: Path) -> None:
    _drop(tmp_path, "instagram-lena-2025-11-03-abcd.zip", "anna")
    source = _source(tmp_path)

    assert await source.look("@Lena") == "lena"
    with pytest.raises(AccountNotFound, match="downloads"):
        await source.look("nobody")


async def test_an_empty_folder_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "exports").mkdir()

    with pytest.raises(SourceUnavailable, match="put the export there or correct path"):
        await _source(tmp_path).fetch((), None, NOW)


def test_unknown_settings_are_refused() -> None:
    with pytest.raises(ValidationError):
        FileSettings(name="x", kind="export", path="x", patth="y")  # type: ignore[call-arg]
