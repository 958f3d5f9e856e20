"""Workers and schedulers that are lost in the middle cost time, not results."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import pytest

from bot.engine.engine import Engine
from bot.engine.local import LocalEngine
from bot.passes.judge import Lakes
from bot.passes.panels import Look
from checks.rules import rules_for
from tests.bench.world import NEWEST
from tests.lakes import InlineEngine, by_account, lake, world

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return by_account(world(4, accounts=30), tmp_path_factory.mktemp("lake"), rows=100)


@pytest.fixture(scope="module")
def expected(folder: Path) -> list[str]:
    found = said(folder, InlineEngine())
    assert found
    return found


def said(folder: Path, engine: Engine, **keys: Any) -> list[str]:
    lakes = Lakes(settings=[lake(folder)], root=".", engine=engine, size=900, **keys)
    found = lakes.judged(Look(now=NEWEST, rules=rules_for("balanced")))
    return [repr(one) for _, each in found.said for one in each.verdicts]


@contextmanager
def cluster(port: int = 0) -> Iterator[Any]:
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, scheduler_port=port, dashboard_address="127.0.0.1:0"
    ) as running:
        yield running


def test_a_worker_killed_in_each_pass_and_a_scheduler_restarted_between(
    folder: Path, expected: list[str]
) -> None:
    from bot.engine.cluster import DaskEngine

    steps: list[tuple[str, int]] = []
    opened = cluster()
    running = opened.__enter__()
    address = running.scheduler_address
    try:

        def progress(name: str, done: int, whole: int) -> None:
            nonlocal opened, running
            steps.append((name, done))
            if (name, done) == ("judgements", 0):
                opened.__exit__(None, None, None)
                opened = cluster(int(address.rpartition(":")[2]))
                running = opened.__enter__()
            elif done == 1:
                os.kill(next(iter(running.workers.values())).pid, signal.SIGKILL)

        found = said(folder, DaskEngine(address), progress=progress)
    finally:
        opened.__exit__(None, None, None)
    assert {("summaries", 1), ("judgements", 0), ("judgements", 1)} <= set(steps)
    assert found == expected


def test_a_process_killed_in_each_pass(folder: Path, expected: list[str]) -> None:
    engine = LocalEngine(2)

    def progress(name: str, done: int, whole: int) -> None:
        if done == 1:
            os.kill(active_children()[0].pid or 0, signal.SIGKILL)

    found = said(folder, engine, progress=progress)
    engine.close()
    assert found == expected
