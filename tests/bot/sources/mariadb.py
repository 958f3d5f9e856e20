"""A real MariaDB of one's own, on a loopback port, in a folder that goes with it."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PASSWORD = "not-a-real-password"


@contextmanager
def server() -> Iterator[str]:
    """Its URL. Skips where Debian's package `mariadb-server` is neither there nor to be had."""
    if shutil.which("mariadb-install-db") is None:
        pytest.skip(
            "no MariaDB here: apt-get install mariadb-server (make test does it as root)"
        )
    folder = Path(tempfile.mkdtemp(prefix="ebb-my-"))
    user = ["--user=mysql"] if os.geteuid() == 0 else []
    if user:
        shutil.chown(folder, "mysql", "mysql")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script = folder / "init.sql"
    script.write_text(
        "create database shop;\n"
        f"create user owner@'127.0.0.1' identified by '{PASSWORD}';\n"
        "grant all on shop.* to owner@'127.0.0.1';\n"
    )
    script.chmod(0o644)
    common = ["--no-defaults", f"--datadir={folder}/data", *user]
    install = ["mariadb-install-db", *common, "--auth-root-authentication-method=normal"]
    subprocess.run(install, check=True, capture_output=True, timeout=120)
    daemon = shutil.which("mariadbd") or "/usr/sbin/mariadbd"
    options = [f"--port={port}", "--bind-address=127.0.0.1", f"--socket={folder}/s"]
    options += [f"--pid-file={folder}/pid", f"--init-file={script}", "--skip-log-bin"]
    with subprocess.Popen(
        [daemon, *common, *options], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        try:
            assert process.stderr is not None
            said = next((line for line in process.stderr if b"ready for conn" in line), b"")
            assert said, "MariaDB ended at its start"
            yield f"mysql://owner:{PASSWORD}@127.0.0.1:{port}/shop"
        finally:
            process.kill()
            process.wait()
            shutil.rmtree(folder, ignore_errors=True)
