"""A memory that forgets what is oldest."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

T = TypeVar("T")


class Memory(Generic[T]):
    """Values by name, at most `room` of them."""

    def __init__(self, room: int = 500) -> None:
        self._room = room
        self._values: OrderedDict[str, T] = OrderedDict()

    def get(self, name: str) -> T | None:
        return self._values.get(name)

    def put(self, name: str, value: T) -> None:
        self._values[name] = value
        while len(self._values) > self._room:
            self._values.popitem(last=False)

    def drop(self, name: str) -> None:
        self._values.pop(name, None)
