"""Workbooks and Parquet files, parsed in a bounded process (`apart_reader`)."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from bot.errors import SourceChanged
from bot.sources.tables.file_errors import damaged

if TYPE_CHECKING:
    import polars as pl

_READER = Path(__file__).with_name("sandbox_reader.py")
_UNPACKED = 512 << 20
_CELLS = 4_000_000
_FRAME = 256 << 20
_MEGABYTES = 1024
_POLARS = 640  # megabytes of addresses before it reads anything, and some
_SECONDS = 4  # and one more for each MB


def sheets_of(data: bytes, name: str) -> dict[str, list[list[str]]]:
    """All cells of a workbook (.xlsx, .xls, .ods) as text, by sheet. Raises SourceChanged."""
    what = "damaged or protected workbook, or none"
    _refuse_bomb(data, name, what)
    sheets: dict[str, list[list[str]]] = json.loads(
        _read("workbook", data, name, what, most=_CELLS, megabytes=_MEGABYTES)
    )
    return sheets


def parquet_of(data: bytes, name: str) -> pl.DataFrame:
    """Raises SourceChanged."""
    import polars as pl

    # a few bytes may stand for billions of equal cells
    most = _FRAME + 16 * len(data)
    frame = _read(
        "parquet",
        data,
        name,
        "damaged or cut off Parquet file",
        most=most,
        megabytes=_POLARS + 2 * (most >> 20),
    )
    return pl.read_ipc(io.BytesIO(frame))


def _read(
    kind: Literal["workbook", "parquet"],
    data: bytes,
    name: str,
    what: str,
    *,
    most: int,
    megabytes: int,
) -> bytes:
    limits = [str(most), str(megabytes), str(_SECONDS + (len(data) >> 20))]
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(_READER), kind, *limits],
            input=data,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # a panic that looks for its own names in little memory never ends
            env={**os.environ, "RUST_BACKTRACE": "0"},
            timeout=4 * int(limits[-1]),
            check=False,
        )
    except (subprocess.SubprocessError, OSError):
        raise damaged(name, f"cannot be read in time, as a {what}") from None
    if done.returncode == 2:
        raise damaged(name, "holds more cells than a table of counts")
    if done.returncode:
        raise damaged(name, f"is a {what}")
    return done.stdout


def _refuse_bomb(data: bytes, name: str, what: str) -> None:
    if not data.startswith(b"PK"):
        return
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = set(archive.namelist())
            size = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError, EOFError):
        raise damaged(name, f"is a {what}") from None
    if size > _UNPACKED:
        raise damaged(name, "unpacks to more than a workbook of counts, as zip bombs do")
    if "[Content_Types].xml" not in names and "content.xml" not in names:
        raise SourceChanged(
            f"{name} is a zip archive and no workbook: import it as an export, or unpack it.",
            where=name,
        )
