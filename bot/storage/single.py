"""One service per database: a lock that dies with its process."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from bot.errors import StorageError

if sys.platform == "win32":
    import msvcrt

    def _take(file: IO[str]) -> None:
        file.seek(1024)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _take(file: IO[str]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def real_path(database: Path) -> Path:
    """The file that a name stands for: two links to one database are one database."""
    try:
        real = database.resolve()
    except (OSError, RuntimeError):  # so until Python 3.12
        real = database
    if os.path.islink(real):
        raise StorageError(
            f"{database} is a link that leads in a circle: name the file itself in `database`"
        )
    return real


def lock_path(database: Path) -> Path:
    real = real_path(database)
    return real.with_name(real.name + ".lock")


def check_name(database: Path, mounts: Path = Path("/proc/self/mountinfo")) -> None:
    """Raises StorageError where the file has another name that is no link to this one.

    SQLite finds a journal by the name, so each name would have one of its own.
    """
    real = real_path(database)
    if _has_twin(real):
        raise StorageError(
            f"{database} has a second name (a hard link), which damages SQLite databases: "
            "remove one of the names, or use a symbolic link"
        )
    if str(real) in _mounted(mounts):
        raise StorageError(
            f"{database} is mounted by itself, so its journals would lie elsewhere and be "
            "lost: mount the folder that holds it instead"
        )


def _has_twin(database: Path) -> bool:
    try:
        return database.is_file() and database.stat().st_nlink > 1
    except OSError:
        return False


def _mounted(mounts: Path) -> set[str]:
    """Where something is mounted, by Linux's table; elsewhere nobody says."""
    try:
        lines = mounts.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return set()
    return {
        re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), line.split(" ", 5)[4])
        for line in lines
    }


@contextmanager
def only_service(database: Path) -> Iterator[None]:
    """Holds the lock file beside the database; the system frees it even after a kill.

    The file holds the pid for people; whether somebody lives is asked of the lock.
    """
    check_name(database)
    path = lock_path(database)
    try:
        file = open(path, "a+", encoding="ascii")  # noqa: SIM115 - held while the service runs
    except OSError as error:
        raise StorageError(
            f"{path} cannot be made ({error.strerror}): give this user write permission there"
        ) from None
    with file:
        try:
            _take(file)
        except OSError:
            file.seek(0)
            raise StorageError(
                f"another ebbwatch (process {file.read().strip() or 'unknown'}) already serves "
                f"{database}: stop it, or name another file in `database`"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def served(database: Path) -> bool:
    """True while a service holds the lock."""
    if not lock_path(database).exists():
        return False
    try:
        with only_service(database):
            return False
    except StorageError:
        return True
