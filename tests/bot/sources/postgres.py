"""A real PostgreSQL of one's own, on a Unix socket in a folder that goes with it."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PASSWORD = "not-a-real-password"


@contextmanager
def server() -> Iterator[str]:
    """Its URL. Skips where Debian's package `postgresql` is neither there nor to be had."""
    bins = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not bins:
        pytest.skip(
            "no PostgreSQL here: apt-get install postgresql (make test does it as root)"
        )
    folder = Path(tempfile.mkdtemp(prefix="ebb-pg-"))
    # the server refuses to run as root
    prefix = []
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
        prefix = ["runuser", "-u", "postgres", "--"]
    word = folder / "password"
    word.write_text(PASSWORD)
    word.chmod(0o644)

    def run(program: str, *arguments: str) -> None:
        path = bins[-1].with_name(program)
        command = [*prefix, str(path), "-D", f"{folder}/data", *arguments]
        subprocess.run(command, check=True, cwd=folder, capture_output=True, timeout=60)

    run("initdb", "--no-sync", "-U", "owner", "-A", "scram-sha-256", f"--pwfile={word}")
    settings = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
    run("pg_ctl", "-w", "-l", f"{folder}/log", "-o", settings, "start")
    try:
        yield f"postgresql://owner:{PASSWORD}@/postgres?host={folder}"
    finally:
        run("pg_ctl", "-w", "-m", "immediate", "stop")
        shutil.rmtree(folder)
