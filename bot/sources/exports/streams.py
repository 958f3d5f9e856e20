"""Streams that are read piece by piece and never fill the memory, whatever they hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO, Any

from bot.errors import SourceChanged
from bot.sources.exports.archive import damaged

_CHUNK = 1 << 20
_MOST = 4 << 20
_DEEPEST = 1000
_BARE_QUOTE = re.compile(rb'(?<!\\)"')


class Bounded:
    """A stream for a JSON parser, which keeps a whole string or item in memory.

    Raises SourceChanged where 4 MB pass without `progress` being called or, if `strings`,
    without a string beginning or ending; unless `deep`, also for nesting that no export has
    (the parser's time and memory grow with its square).
    """

    def __init__(
        self, stream: IO[bytes], label: str, *, strings: bool = False, deep: bool = False
    ) -> None:
        self._stream = stream
        self._label = label
        self._strings = strings
        self._deep = deep
        self._passed = 0
        self._open = 0

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._passed += len(data)
        if self._strings and _BARE_QUOTE.search(data):
            self._passed = 0
        if not self._deep:  # brackets in strings count too: they are rare in lists of names
            self._open += data.count(b"[") + data.count(b"{")
            self._open -= data.count(b"]") + data.count(b"}")
        if self._passed > _MOST or self._open > _DEEPEST:
            raise damaged(self._label)
        return data

    def progress(self) -> None:
        self._passed = self._open = 0


def stream_items(stream: IO[bytes], prefix: str, label: str) -> Iterator[Any]:
    """Items of a JSON document one by one. Raises SourceChanged, which never quotes content."""
    import ijson

    bounded = Bounded(stream, label)
    try:
        for item in ijson.items(bounded, prefix, use_float=True):
            bounded.progress()
            yield item
    except (ijson.JSONError, ValueError, OverflowError, RecursionError):
        raise broken_json(label) from None


def broken_json(label: str) -> SourceChanged:
    return SourceChanged(
        f"{label} is no complete JSON file: download the export again and do not edit it.",
        where=label,
    )


def blocks(stream: IO[bytes], mark: bytes, label: str) -> Iterator[bytes]:
    """What follows each `mark`, up to the next. Raises SourceChanged for a block above 4 MB."""
    rest = b""
    started = False
    while data := stream.read(_CHUNK):
        rest += data
        *whole, rest = rest.split(mark)
        yield from whole if started else whole[1:]
        started = started or bool(whole)
        if len(rest) > _MOST:
            raise damaged(label)
    if started:
        yield rest
