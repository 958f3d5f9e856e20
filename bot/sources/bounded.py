"""Files that come from a chat, read in a process of its own: whatever they unpack to, the
service keeps its memory and its time.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from bot.errors import SourceChanged, SourceError
from bot.model.source import Batch
from bot.sources.tables.options import TableOptions

MOST_MEMORY = 300 << 20
"""Bytes that reading one file may hold, the interpreter's own 130 MB among them. Half refuses
large workbooks, double lets two files fill a small machine."""

_SECONDS = 120.0
_LOOK = 0.02
_ROOT = Path(__file__).parents[2]
_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    path: str
    options: TableOptions
    secrets: str
    now: datetime


def read_bounded(path: Path, options: TableOptions, *, secrets: str, now: datetime) -> Batch:
    """Like `read_input`, what needs too much included; `secrets` is the folder of the key that
    names are hashed with.
    """
    from bot.sources.exports.parsed import failed

    try:
        return _read(path, options, secrets, now)
    except SourceChanged as error:
        parsed = failed(str(path), error)
        return Batch(faults=parsed.faults, found=(parsed.found,))


def _read(path: Path, options: TableOptions, secrets: str, now: datetime) -> Batch:
    asked = pickle.dumps(_Request(path=str(path), options=options, secrets=secrets, now=now))
    code = f"import sys; sys.path.insert(0, {str(_ROOT)!r}); import bot.sources.bounded as b"
    with tempfile.TemporaryFile() as request, tempfile.TemporaryFile() as answer:
        request.write(asked)
        request.seek(0)
        child = subprocess.Popen(
            [sys.executable, "-I", "-c", f"{code}; b.serve()"],
            stdin=request,
            stdout=answer,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "POLARS_MAX_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            start_new_session=True,
        )
        try:
            _watch(child, path.name)
        finally:
            _end(child)
        answer.seek(0)
        if child.returncode:
            raise _too_much(path.name, "cannot be read, or needs more memory than it may")
        return _answered(answer)


def _watch(child: subprocess.Popen[bytes], name: str) -> None:
    until = time.monotonic() + _SECONDS
    while child.poll() is None:
        if _memory_of(child.pid) > MOST_MEMORY:
            raise _too_much(name, f"unpacks to more than {MOST_MEMORY >> 20} MB in memory")
        if time.monotonic() > until:
            raise _too_much(name, f"takes longer than {_SECONDS:.0f} s to read")
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(_LOOK)


def _too_much(name: str, what: str) -> SourceChanged:
    return SourceChanged(
        f"{name} {what}: have it imported where ebbwatch runs, with `ebbwatch import`.",
        where=name,
    )


def _memory_of(pid: int) -> int:
    """Bytes held by a process and what it started; 0 where the system does not tell.

    Their own files are asked alone: all of a machine's would take more than the reading.
    """
    total, waiting = 0, [str(pid)]
    while waiting:
        own = Path("/proc", waiting.pop())
        with contextlib.suppress(OSError, ValueError, IndexError):
            told = (own / "stat").read_text().rpartition(")")[2].split()
            total += int(told[21]) * _PAGE
            for thread in (own / "task").iterdir():
                waiting += (thread / "children").read_text().split()
    return total


def _end(child: subprocess.Popen[bytes]) -> None:
    """With everything that it started."""
    with contextlib.suppress(OSError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _answered(answer: IO[bytes]) -> Batch:
    told = pickle.load(answer)
    if isinstance(told, Batch):
        return told
    kind, text, where = told
    raise kind(text, where=where) if kind is SourceChanged else kind(text)


def serve() -> None:
    """Reads what is asked on stdin and answers on stdout; the child's whole life."""
    from bot.sources.names import KEY_FILE, ensure_key
    from bot.sources.read import read_input

    asked: _Request = pickle.load(sys.stdin.buffer)
    told: object
    try:
        told = read_input(
            asked.path,
            asked.options,
            hash_key=lambda: ensure_key(Path(asked.secrets, KEY_FILE), os.urandom),
            now=asked.now,
        )
    except SourceError as error:
        kind = type(error) if type(error).__module__ == "bot.errors" else SourceChanged
        told = kind, str(error), getattr(error, "where", "")
    pickle.dump(told, sys.stdout.buffer, protocol=5)
    sys.stdout.buffer.flush()
