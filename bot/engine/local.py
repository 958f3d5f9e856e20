"""Processes of this machine."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import Any

from bot.engine.engine import TRIES, Given, Item, Pass, Result, done, in_order, pack
from bot.errors import EngineError


class LocalEngine:
    """As many processes as there are cores, unless told otherwise."""

    def __init__(self, processes: int | None = None) -> None:
        self._processes = processes or len(os.sched_getaffinity(0))
        self._pool: ProcessPoolExecutor | None = None

    def map(self, one: Pass[Item, Given, Result]) -> Iterator[Result]:
        packed, taken, lost = pack(one.given), 0, 0
        while taken < len(one.items):
            pool = self._pool = self._pool or self._opened()
            submit = partial(_submit, pool, one.work, packed)
            ahead = self._processes + 1
            try:
                for result in in_order(submit, one.items[taken:], ahead, one.watch):
                    taken += 1
                    yield result
            except BrokenProcessPool:
                self.close()
                lost += 1
                if lost > TRIES:
                    raise EngineError(
                        f"processes of this machine ended {lost} times while they judged: "
                        "see whether memory runs out, and set [engine] workers lower"
                    ) from None

    def versions(self, timeout: float) -> list[str]:
        return []

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None

    def _opened(self) -> ProcessPoolExecutor:
        # forked children would inherit locks that other threads hold
        return ProcessPoolExecutor(
            self._processes, mp_context=get_context("spawn"), initializer=_end_with_parent
        )


def _end_with_parent() -> None:
    """However the program ends, its processes do too."""
    parent = parent_process()
    assert parent is not None

    def wait() -> None:
        parent.join()
        os._exit(1)

    Thread(target=wait, daemon=True).start()


def _submit(
    pool: ProcessPoolExecutor, work: Callable[[Any, Any], Any], packed: bytes, item: object
) -> Future[Any]:
    return pool.submit(done, work, item, packed)
