"""Two services on one database would tell everything twice."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bot.errors import StorageError
from bot.storage.single import check_name, lock_path, only_service, served

HOLD = """
import sys
from pathlib import Path
from bot.storage.single import only_service
with only_service(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("through", ["file", "folder", "chain"])
def test_a_second_name_of_the_file_is_the_same_file(tmp_path: Path, through: str) -> None:
    (tmp_path / "real").mkdir()
    database = tmp_path / "real" / "ebbwatch.db"
    name = tmp_path / "other.db"
    if through == "folder":
        (tmp_path / "link").symlink_to(tmp_path / "real")
        name = tmp_path / "link" / "ebbwatch.db"
    elif through == "chain":
        (tmp_path / "first.db").symlink_to(database)
        name.symlink_to(tmp_path / "first.db")
    else:
        name.symlink_to(database)
    with only_service(database):
        assert served(name)
        with pytest.raises(StorageError, match="already serves"), only_service(name):
            pass
    with only_service(name):
        assert served(database)


def test_a_file_with_two_names_of_its_own_is_not_served(tmp_path: Path) -> None:
    database = tmp_path / "ebbwatch.db"
    database.touch()
    (tmp_path / "twin.db").hardlink_to(database)
    with pytest.raises(StorageError, match="hard link"), only_service(database):
        pass


def test_a_file_that_is_mounted_by_itself_is_not_served(tmp_path: Path) -> None:
    """Its journals would lie beside the mount, where no other name of the file has them."""
    database = tmp_path / "eb bwatch.db"
    database.touch()
    mounts = tmp_path / "mountinfo"
    place = str(database).replace(" ", r"\040")
    line = "45 27 254:0 /else/x.db {} rw,relatime - ext4 /dev/vda rw\n"
    mounts.write_text(line.format(tmp_path) + line.format(place))
    with pytest.raises(StorageError, match="mounted by itself"):
        check_name(database, mounts)
    mounts.write_text(line.format(tmp_path) + line.format(f"{place}2"))
    check_name(database, mounts)
    check_name(database, tmp_path / "none")


@pytest.mark.skipif(shutil.which("mount") is None or os.getuid() != 0, reason="root mounts")
def test_a_mount_is_seen_where_the_system_has_one(tmp_path: Path) -> None:
    database, name = tmp_path / "ebbwatch.db", tmp_path / "other.db"
    database.touch()
    name.touch()
    if subprocess.run(["mount", "--bind", database, name], check=False).returncode:
        pytest.skip("the system mounts nothing here")
    try:
        with only_service(database), pytest.raises(StorageError, match="mounted by itself"):
            check_name(name)
    finally:
        subprocess.run(["umount", name], check=True)


def test_a_link_in_a_circle_gets_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.db").symlink_to(tmp_path / "b.db")
    (tmp_path / "b.db").symlink_to(tmp_path / "a.db")
    with pytest.raises(StorageError, match="circle"), only_service(tmp_path / "a.db"):
        pass


def test_a_second_service_is_refused_with_the_first_ones_process(tmp_path: Path) -> None:
    database = tmp_path / "ebbwatch.db"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(database)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout
    assert holder.stdout.readline() == "held\n"
    assert served(database)
    with pytest.raises(StorageError, match=f"process {holder.pid}"), only_service(database):
        pass
    holder.kill()
    holder.communicate()
    assert not served(database)
    with only_service(database):
        assert lock_path(database).exists()
