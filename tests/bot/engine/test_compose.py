"""The cluster of examples/compose.lake.yaml, by the commands that stand there."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from bot.engine.engine import Pass
from tests.bot.engine.test_engines import squared

ROOT = Path(__file__).parents[3]
SERVICES = yaml.safe_load((ROOT / "examples/compose.lake.yaml").read_text())["services"]


@contextmanager
def started(name: str, port: int, *more: str) -> Iterator[None]:
    words = [*SERVICES[name]["entrypoint"], *SERVICES[name]["command"], *more]
    here = {"0.0.0.0": "127.0.0.1", "tcp://scheduler:8786": f"tcp://127.0.0.1:{port}"}
    command = [sys.executable, "-m", *(here.get(word, word) for word in words)]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.terminate()


def test_its_scheduler_and_its_worker_do_the_work() -> None:
    pytest.importorskip("distributed")
    from bot.engine.cluster import DaskEngine

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with (
        started("scheduler", port, "--port", str(port)),
        started("worker", port),
        closing(DaskEngine(f"tcp://127.0.0.1:{port}")) as engine,
    ):
        assert list(engine.map(Pass(squared, range(4), 5))) == [5, 6, 9, 14]
        assert engine.versions(60) == []


def test_its_image_holds_the_libraries_of_lakes_and_of_the_cluster() -> None:
    assert {service["build"]["args"]["LOCK"] for service in SERVICES.values()} == {
        "requirements-cluster.lock"
    }
    locked = (ROOT / "requirements-cluster.lock").read_text()
    assert all(f"\n{name}==" in locked for name in ("dask", "distributed", "pyarrow"))
