"""Names become hashes that only this installation's key can make."""

from __future__ import annotations

import stat
from pathlib import Path

import numpy as np
import pytest

from bot.errors import StorageError
from bot.sources.names import ensure_key, hash_names, key_problem, read_key, unique_names

KEY = bytes(range(32))


def test_the_same_name_has_the_same_hash_however_it_is_written() -> None:
    hashes = hash_names(["lena", "@Lena", " LENA ", b"lena"], key=KEY, platform="instagram")

    assert len(set(hashes.tolist())) == 1
    assert hashes.dtype == np.uint64


def test_another_key_or_platform_gives_another_hash() -> None:
    made = [
        hash_names(["lena"], key=KEY, platform="instagram"),
        hash_names(["lena"], key=KEY, platform="threads"),
        hash_names(["lena"], key=KEY[::-1], platform="instagram"),
    ]

    assert len({int(one[0]) for one in made}) == 3


def test_hashes_of_a_known_name_never_change() -> None:
    """Stored lists must stay comparable with lists of later versions."""
    assert hash_names(["lena"], key=KEY, platform="instagram").tolist() == [6345256226089694368]


def test_lists_are_sorted_and_every_name_counts_once() -> None:
    ids = np.array([5, 3, 5, 1, 5], dtype=np.uint64)
    since = np.array([0, 30, 51, 10, 50], dtype=np.int64)

    sorted_ids, times, _ = unique_names(ids, since)

    assert sorted_ids.tolist() == [1, 3, 5]
    assert times is not None
    assert times.tolist() == [10, 30, 50]
    assert unique_names(ids)[0].tolist() == [1, 3, 5]


def test_a_key_is_drawn_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "names.key"
    assert read_key(path) is None

    key = ensure_key(path, lambda size: bytes(range(size)))

    assert key == read_key(path) == KEY
    assert ensure_key(path, lambda size: b"x" * size) == KEY
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [one.name for one in path.parent.iterdir()] == ["names.key"]


def test_of_two_processes_that_start_together_one_key_stays(tmp_path: Path) -> None:
    path = tmp_path / "names.key"

    def draw(size: int) -> bytes:
        if not path.exists():
            ensure_key(path, lambda size: b"a" * size)
        return b"b" * size

    assert ensure_key(path, draw) == b"a" * 32


@pytest.mark.parametrize("content", ["", "zz", "00", "00" * 33])
def test_a_file_that_is_no_key_is_never_overwritten(tmp_path: Path, content: str) -> None:
    path = tmp_path / "names.key"
    path.write_text(content)

    with pytest.raises(StorageError, match="restore it from a backup"):
        ensure_key(path, lambda size: b"x" * size)
    assert path.read_text() == content


def test_what_doctor_says_of_the_key(tmp_path: Path) -> None:
    path = tmp_path / "names.key"
    assert "is missing" in str(key_problem(path))

    ensure_key(path, lambda size: b"x" * size)
    assert key_problem(path) is None

    path.chmod(0o644)
    assert f"chmod 600 {path}" in str(key_problem(path))

    path.write_text("no key")
    assert "is no key" in str(key_problem(path))


def test_a_key_that_cannot_be_written_says_where(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StorageError, match="make its folder writable"):
        ensure_key(tmp_path / "file" / "names.key", lambda size: b"x" * size)
