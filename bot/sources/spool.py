"""Large packed files as text: gzip, SQLite databases and JSON arrays, row by row."""

from __future__ import annotations

import csv
import gzip
import io
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from itertools import chain
from pathlib import Path
from typing import IO, Any, cast

from bot.sources.exports.reading import is_claimed, is_plain_table
from bot.sources.exports.streams import stream_items
from bot.sources.tables.database_file import SQLITE, rows_of
from bot.sources.tables.file_errors import damaged
from bot.sources.tables.read_file import GZIP, LARGEST

_CHUNK = 1 << 20
_TAIL = 4
"""Bytes at the end of a gzip file that say how large its content is."""


def spooled(path: Path, columns: Mapping[str, str], large: int) -> IO[bytes] | None:
    """The rows of a packed file of more than `large` bytes, as CSV or JSON lines in a file that
    has no name, so that they can be read in pieces; None of any other file.

    Raises SourceChanged where it is damaged, or unpacks to more than any table.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_CHUNK).lstrip()
            size = file.seek(0, io.SEEK_END)
            file.seek(max(0, size - _TAIL))
            unpacked = int.from_bytes(file.read(), "little")
    except OSError:
        return None  # whoever reads it says so
    if head.startswith(GZIP):
        opened = partial(_gzip, path)
        if max(size, unpacked) > large and is_plain_table(path, opened):
            return _spool(_unpacked(opened, path.name))
    elif size > large and head.startswith(SQLITE) and not is_claimed(path):
        return _spool(_lines(rows_of(path, columns)))
    elif size > large and head.startswith(b"[") and not is_claimed(path):
        with path.open("rb") as file:
            items = stream_items(file, "item", path.name)
            first = next(items, None)
            if isinstance(first, dict) and not any(
                isinstance(value, dict | list) for value in first.values()
            ):
                return _spool(json.dumps(i).encode() + b"\n" for i in chain([first], items))
    return None


def _gzip(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path, "rb"))


def _spool(chunks: Iterable[bytes]) -> IO[bytes]:
    with ExitStack() as until_whole:
        file = until_whole.enter_context(tempfile.TemporaryFile())
        file.writelines(chunks)
        until_whole.pop_all()  # whoever reads it closes it
    return file


def _unpacked(opened: Callable[[], IO[bytes]], name: str) -> Iterator[bytes]:
    total = 0
    try:
        with opened() as file:
            while chunk := file.read(_CHUNK):
                total += len(chunk)
                if total > LARGEST:
                    raise damaged(name, "unpacks to more than 2 GB")
                yield chunk
    except (OSError, EOFError, ValueError):
        raise damaged(name, "is a damaged or cut off gzip file") from None


def _lines(rows: Iterable[Iterable[Any]]) -> Iterator[bytes]:
    text = io.StringIO()
    writer = csv.writer(text)
    for row in rows:
        writer.writerow(row)
        if text.tell() > _CHUNK:
            yield text.getvalue().encode("utf-8", "replace")
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode("utf-8", "replace")
