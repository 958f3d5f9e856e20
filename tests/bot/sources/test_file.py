"""Files that come, grow, are replaced and break, as a folder of exports does."""

import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bot.errors import AccountNotFound, SourceChanged, SourceUnavailable
from bot.ingest.poll import poll
from bot.model.source import Batch, Surroundings
from bot.sources.file import FileSettings, FileSource
from bot.storage import accounts
from bot.storage.database import Store

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HEADER = "date,account,followers\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "exports").mkdir()
    return tmp_path / "exports"


def source(folder: Path, **keys: Any) -> FileSource:
    async def no_sleep(_: float) -> None: ...

    surroundings = Surroundings(
        root=str(folder.parent),
        secrets=str(folder.parent),
        hash_key=lambda: b"",
        monotonic=lambda: 0.0,
        sleep=no_sleep,
    )
    given = {"name": "weekly", "kind": "file", "path": "exports", **keys}
    return FileSource(FileSettings.model_validate(given), surroundings)


def put(path: Path, text: str, age: float = 3600.0) -> Path:
    path.write_text(text)
    os.utime(path, (NOW.timestamp() - age, NOW.timestamp() - age))
    return path


def counts(batch: Batch) -> list[tuple[str, int]]:
    assert batch.readings is not None
    return batch.readings.select("account", "followers").rows()


async def test_a_file_is_read_once_until_it_changes(folder: Path) -> None:
    path = put(folder / "a.csv", HEADER + "2026-02-26,a,1\n")
    files = source(folder)
    first = await files.fetch((), None, NOW)
    assert counts(first) == [("a", 1)]
    again = await files.fetch((), first.state, NOW)
    assert again.readings is None
    assert again.state == first.state
    put(path, HEADER + "2026-02-26,a,1\n2026-02-27,a,2\n", age=1800)
    grown = await files.fetch((), again.state, NOW)
    assert counts(grown) == [("a", 1), ("a", 2)]
    put(path, HEADER + "2026-02-26,b,9\n2026-02-27,b,8\n", age=1800)
    replaced = await files.fetch((), grown.state, NOW)
    assert counts(replaced) == [("b", 9), ("b", 8)]


async def test_without_a_state_the_same_is_read_again(folder: Path) -> None:
    put(folder / "a.csv", HEADER + "2026-02-26,a,1\n")
    files = source(folder)
    first, second = await files.fetch((), None, NOW), await files.fetch((), None, NOW)
    assert first.readings is not None
    assert first.readings.equals(second.readings)  # type: ignore[arg-type]
    assert replace(first, readings=None) == replace(second, readings=None)


@pytest.mark.parametrize("path", ["exports", "exports/*.csv", "exports/**/a*.csv"])
async def test_folders_and_globs(folder: Path, path: str) -> None:
    put(folder / "a1.csv", HEADER + "2026-02-26,a,1\n", age=60)
    put(folder / "a2.csv", HEADER + "2026-02-26,a,2\n2026-02-27,b,3\n", age=120)
    put(folder / ".a3.csv", "hidden")
    batch = await source(folder, path=path).fetch((), None, NOW)
    assert counts(batch) == [("a", 1), ("b", 3)], "the newer file speaks last"
    assert [Path(found.file).name for found in batch.found] == ["a2.csv", "a1.csv"]


async def test_one_broken_file_does_not_stop_the_others(folder: Path) -> None:
    put(folder / "good.csv", HEADER + "2026-02-26,a,1\n")
    put(folder / "bad.csv", "nonsense")
    files = source(folder)
    batch = await files.fetch((), None, NOW)
    assert counts(batch) == [("a", 1)]
    assert [fault.kind for fault in batch.faults] == ["changed"]
    assert batch.faults[0].text.startswith("bad.csv is no table")
    again = await files.fetch((), batch.state, NOW)
    assert [fault.kind for fault in again.faults] == ["changed"], "still broken: still told"


async def test_nothing_readable_is_an_error(folder: Path) -> None:
    with pytest.raises(SourceUnavailable, match="weekly: no file at"):
        await source(folder).fetch((), None, NOW)
    put(folder / "bad.csv", "nonsense")
    with pytest.raises(SourceChanged) as caught:
        await source(folder).fetch((), None, NOW)
    assert caught.value.source == "weekly"


async def test_a_folder_without_files_is_told(folder: Path) -> None:
    (folder / "older").mkdir()
    with pytest.raises(SourceUnavailable, match="weekly: no file at"):
        await source(folder).fetch((), None, NOW)


async def test_a_line_that_is_still_written_is_no_count(folder: Path) -> None:
    files = source(folder)
    path = put(folder / "a.csv", HEADER + "2026-02-26,a,1234\n2026-02-27,a,12", age=1)
    first = await files.fetch((), None, NOW)
    assert (counts(first), first.faults) == ([("a", 1234)], ())
    put(path, HEADER + "2026-02-26,a,1234\n2026-02-27,a,1240\n2026-02-28,a,1", age=1)
    grown = await files.fetch((), first.state, NOW)
    assert counts(grown) == [("a", 1234), ("a", 1240)]
    put(path, HEADER + "2026-02-26,a,1234\n2026-02-27,a,1240\n2026-02-28,a,1251\n", age=1)
    ended = await files.fetch((), grown.state, NOW)
    assert counts(ended)[2:] == [("a", 1251)]
    assert (await files.fetch((), ended.state, NOW)).readings is None


async def test_a_last_line_without_a_break_is_read_once_the_file_rests(folder: Path) -> None:
    files = source(folder)
    put(folder / "a.csv", HEADER + "2026-02-27,a,12", age=60)
    fresh = await files.fetch((), None, NOW)
    assert (fresh.readings, fresh.faults) == (None, ())
    assert counts(await files.fetch((), fresh.state, NOW + timedelta(minutes=10))) == [
        ("a", 12)
    ]
    put(folder / "a.csv", '[{"at": "2026-02-27", "account": "a", "followers": 13}]', age=1)
    assert counts(await files.fetch((), fresh.state, NOW)) == [("a", 13)]


async def test_wanted_accounts_platform_and_tags(folder: Path) -> None:
    put(folder / "a.csv", HEADER + "2026-02-26,@a,1\n2026-02-26,@b,2\n")
    files = source(folder, platform="instagram")
    assert counts(await files.fetch(["instagram/b"], None, NOW)) == [("instagram/b", 2)]


async def test_days_to_come_are_left_out(folder: Path) -> None:
    put(folder / "a.csv", HEADER + "2026-03-01,a,1\n2027-01-01,a,2\n")
    batch = await source(folder).fetch((), None, NOW)
    assert counts(batch) == [("a", 1)], "the end of today is not the future"
    assert [fault.where for fault in batch.faults] == ["a.csv:3:date"]
    assert '"2027-01-01" lies in the future' in batch.faults[0].text


async def test_the_file_name_is_the_account_only_where_asked(folder: Path) -> None:
    put(folder / "lena.csv", "date,followers\n2026-02-26,1\n")
    with pytest.raises(SourceChanged, match="names no account"):
        await source(folder).fetch((), None, NOW)
    batch = await source(folder, account="*", platform="tiktok").fetch((), None, NOW)
    assert counts(batch) == [("tiktok/lena", 1)]


async def test_look_finds_an_account_whatever_its_case(folder: Path) -> None:
    put(folder / "a.csv", HEADER + "2026-02-26,@LenaMakes,1\n")
    files = source(folder, platform="instagram")
    assert await files.look("LENAmakes") == "lenamakes"
    with pytest.raises(AccountNotFound, match='weekly has no account "lenamake"'):
        await files.look("lenamake")


async def test_a_large_folder_comes_in_parts(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.sources.file._ROWS", 2)
    for number in range(3):
        put(
            folder / f"{number}.csv",
            HEADER + f"2026-02-26,a{number},1\n2026-02-27,a{number},2\n",
        )
    files, state, seen = source(folder), None, 0
    for more in (True, True, False):
        batch = await files.fetch((), state, NOW)
        state, seen = batch.state, seen + len(counts(batch))
        assert batch.more is more
    assert seen == 6


def test_columns_name_known_roles() -> None:
    with pytest.raises(ValidationError, match='did you mean "followers"'):
        FileSettings(name="a", kind="file", path="x", columns={"follower": "Fans"})


@pytest.mark.parametrize("path", ["exports", "exports/**/*.csv", "exports/**"])
@pytest.mark.parametrize("kind", ["file", "export"])
async def test_what_is_no_regular_file_stops_no_other_one(
    folder: Path, kind: str, path: str
) -> None:
    put(folder / "good.csv", HEADER + "2026-02-26,a,1\n")
    (folder / "nowhere.csv").symlink_to(folder / "gone.csv")
    (folder / "circle.csv").symlink_to(folder / "circle.csv")
    (folder / "device.csv").symlink_to("/dev/zero")
    (folder / "deep").mkdir()
    (folder / "deep" / "device.csv").symlink_to("/dev/zero")
    (folder / "deep" / "up").symlink_to(folder)
    (folder / "self").symlink_to(folder)
    (folder / "root").symlink_to("/")
    (folder / "log.csv").symlink_to("/proc/kmsg")
    os.mkfifo(folder / "pipe.csv")
    put(folder / os.fsdecode(b"odd\xff.csv"), HEADER + "2026-02-26,b,2\n")
    batch = await source(folder, kind=kind, path=path).fetch((), None, NOW)
    assert sorted(counts(batch)) == [("a", 1), ("b", 2)]
    json.dumps(batch.state).encode()
    for fault in batch.faults:
        fault.text.encode()


@pytest.mark.parametrize("name", ["a\0b", "half \ud83d", "h" * 5000])
async def test_a_row_that_nobody_can_store_is_left_out_alone(
    folder: Path, tmp_path: Path, name: str
) -> None:
    good = {"account": "lena", "date": "2026-02-26", "followers": 5, "bio": "x\0\ud83d"}
    bad = {"account": name, "date": "2026-02-26", "followers": 6}
    put(folder / "counts.json", json.dumps([good, bad]))
    put(folder / "counts.csv", f"{HEADER}2026-02-26,mona,7\n2026-02-26,x\0y,8\n")
    store = Store.open(tmp_path / "ebbwatch.db", now=0)
    outcome = await poll(store, source(folder), NOW)
    assert outcome.failed is None
    known = [one.account for one in await store.read(accounts.listing)]
    store.close()
    assert known == ["lena", "mona"]
    assert any("accounts were left out" in fault.text for fault in outcome.faults)
