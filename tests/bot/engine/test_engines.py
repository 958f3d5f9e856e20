"""What every engine promises, by real processes and a real cluster on loopback."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from bot.config.settings import EngineSettings
from bot.engine.engine import Engine, Pass
from bot.engine.kept import KeptEngine
from bot.engine.table import ENGINES, open_engine
from bot.errors import EngineError


def squared(item: int, given: int) -> int:
    return item * item + given


def suicidal(item: int, given: str) -> int:
    """Kills its own process the first time that it is asked for item 3."""
    mark = Path(given)
    if item == 3 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return item


def deadly(item: int, given: None) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return item


def noted(item: int, given: str) -> int:
    with Path(given).open("a") as file:
        file.write(f"{item}\n")
    return item


@pytest.fixture(scope="module", params=sorted(ENGINES))
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Beside a program that has the port of Dask's dashboard, as another cluster would."""
    with ExitStack() as stack:
        with suppress(OSError):
            stack.enter_context(socket.create_server(("127.0.0.1", 8787)))
        opened = open_engine(EngineSettings(kind=request.param, workers=2))
        yield opened
        opened.close()


def test_results_come_in_the_order_of_the_items(engine: Engine) -> None:
    assert list(engine.map(Pass(squared, range(9), 5))) == [n * n + 5 for n in range(9)]


def test_nothing_to_do_is_done(engine: Engine) -> None:
    assert list(engine.map(Pass(squared, [], 5))) == []


def test_a_worker_that_is_killed_costs_no_result(engine: Engine, tmp_path: Path) -> None:
    mark = tmp_path / "killed"
    assert list(engine.map(Pass(suicidal, range(8), str(mark)))) == list(range(8))
    assert mark.exists()


def test_what_no_worker_survives_is_told(engine: Engine) -> None:
    with pytest.raises(EngineError):
        list(engine.map(Pass(deadly, range(2), None)))
    assert list(engine.map(Pass(squared, [2], 0))) == [4]


def test_a_watch_ends_the_work(engine: Engine) -> None:
    def watch() -> None:
        raise EngineError("enough")

    with pytest.raises(EngineError, match="enough"):
        list(engine.map(Pass(squared, range(5), 0, watch)))


def test_what_was_done_is_not_done_again(engine: Engine, tmp_path: Path) -> None:
    log = tmp_path / "log"
    kept = KeptEngine(engine, tmp_path / "kept")
    results = kept.map(Pass(noted, range(6), str(log)))
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    results.close()  # type: ignore[attr-defined]
    done = log.read_text().split()
    assert list(kept.map(Pass(noted, range(6), str(log)))) == list(range(6))
    again = log.read_text().split()[len(done) :]
    assert {"0", "1", "2"}.isdisjoint(again)
    kept.forget()
    assert not (tmp_path / "kept").exists()
