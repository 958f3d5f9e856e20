"""What an engine is, and what both kinds do alike."""

from __future__ import annotations

import pickle
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Protocol, TypeVar

Item = TypeVar("Item")
Given = TypeVar("Given")
Result = TypeVar("Result")

TRIES = 3
"""Times that an engine takes up again what was lost with its workers or its scheduler."""

_LOOK_SECONDS = 0.5


class Engine(Protocol):
    """Does pure work on partitions; what is lost on the way is done again."""

    def map(
        self,
        work: Callable[[Item, Given], Result],
        items: Sequence[Item],
        given: Given,
        *,
        watch: Callable[[], None] = lambda: None,
    ) -> Iterator[Result]:
        """`work(item, given)` of each item, in their order, few of them ahead of the reader.

        `work` is a function of a module; `given` reaches each process once. `watch` is called
        every half second of waiting: what it raises ends the work. Raises EngineError where no
        worker is left that could do it.
        """
        ...

    def versions(self) -> list[str]:
        """How its workers differ from this machine, one sentence each."""
        ...

    def close(self) -> None: ...


class Waiting(Protocol):
    """A future of concurrent.futures or of Dask."""

    def result(self, timeout: float | None = None) -> Any: ...

    def cancel(self) -> object: ...


def in_order(
    submit: Callable[[Any], Waiting],
    items: Sequence[Any],
    ahead: int,
    watch: Callable[[], None],
    late: tuple[type[Exception], ...],
) -> Iterator[Any]:
    """The items' results, at most `ahead` of them asked for before they are taken.

    `late` is what `result` raises when it is not there in time.
    """
    waiting: deque[Waiting] = deque()
    left = iter(items)
    try:
        for item in left:
            waiting.append(submit(item))
            if len(waiting) >= ahead:
                yield _taken(waiting[0], watch, late)
                waiting.popleft()
        while waiting:
            yield _taken(waiting[0], watch, late)
            waiting.popleft()
    finally:
        for one in waiting:
            one.cancel()


def _taken(one: Waiting, watch: Callable[[], None], late: tuple[type[Exception], ...]) -> Any:
    while True:
        watch()
        try:
            return one.result(timeout=_LOOK_SECONDS)
        except late:
            continue


def pack(given: object) -> bytes:
    return pickle.dumps(given, protocol=5)


def done(work: Callable[[Any, Any], Any], item: object, packed: bytes) -> Any:
    """One piece of work in a worker, which unpacks the same given once."""
    return work(item, _unpacked(packed))


@lru_cache(maxsize=2)
def _unpacked(packed: bytes) -> Any:
    return pickle.loads(packed)
