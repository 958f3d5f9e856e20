"""What an engine is, and what both kinds do alike."""

from __future__ import annotations

import ctypes
import pickle
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, Protocol, TypeVar

Item = TypeVar("Item")
Given = TypeVar("Given")
Result = TypeVar("Result")

TRIES = 3
"""Times that an engine takes up again what was lost with its workers or its scheduler."""

_LOOK_SECONDS = 0.5

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Names of glibc's settings, as malloc.h has them."""

_LARGEST = 2**30


@dataclass(frozen=True, slots=True)
class Pass(Generic[Item, Given, Result]):
    """Pure work to be done on each of many items: `work(item, given)`.

    `work` is a function of a module; `given` reaches each process once. `watch` is called
    every half second of waiting: what it raises ends the work.
    """

    work: Callable[[Item, Given], Result]
    items: Sequence[Item]
    given: Given
    watch: Callable[[], None] = lambda: None


class Engine(Protocol):
    """Does pure work on partitions; what is lost on the way is done again."""

    def map(self, one: Pass[Item, Given, Result]) -> Iterator[Result]:
        """The results in the order of the items, few of them ahead of the reader.

        Raises EngineError where no worker is left that could do it.
        """
        ...

    def versions(self, timeout: float) -> list[str]:
        """How its workers differ from this machine, one sentence each.

        Raises EngineError where none answers within so many seconds.
        """
        ...

    def close(self) -> None: ...


class Waiting(Protocol):
    """A future of concurrent.futures or of Dask: late, its result raises TimeoutError."""

    def result(self, timeout: float | None = None) -> Any: ...

    def cancel(self) -> object: ...


def in_order(
    submit: Callable[[Any], Waiting],
    items: Sequence[Any],
    ahead: int,
    watch: Callable[[], None],
) -> Iterator[Any]:
    """The items' results, at most `ahead` of them asked for before they are taken."""
    waiting: deque[Waiting] = deque()
    left = iter(items)
    try:
        for item in left:
            waiting.append(submit(item))
            if len(waiting) >= ahead:
                yield _taken(waiting[0], watch)
                waiting.popleft()
        while waiting:
            yield _taken(waiting[0], watch)
            waiting.popleft()
    finally:
        for one in waiting:
            one.cancel()


def _taken(one: Waiting, watch: Callable[[], None]) -> Any:
    while True:
        watch()
        try:
            return one.result(timeout=_LOOK_SECONDS)
        except TimeoutError:
            continue


def pack(given: object) -> bytes:
    return pickle.dumps(given, protocol=5)


def done(work: Callable[[Any, Any], Any], item: object, packed: bytes) -> Any:
    """One piece of work in a worker, which unpacks the same given once."""
    _keep_memory()
    return work(item, _unpacked(packed))


@lru_cache(maxsize=1)
def _keep_memory() -> None:
    """What is freed stays with the process for the next array.

    Left alone, glibc gives each array of some MB back to the system and asks for it anew: a
    fifth of all processor time. Other C libraries have no such setting.
    """
    with suppress(AttributeError, OSError):
        libc = ctypes.CDLL(None)
        libc.mallopt(_MMAP_THRESHOLD, _LARGEST)
        libc.mallopt(_TRIM_THRESHOLD, _LARGEST)


@lru_cache(maxsize=2)
def _unpacked(packed: bytes) -> Any:
    return pickle.loads(packed)
