"""What people send is read apart from the service, in little memory."""

import gzip
import io
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.model.source import Batch
from bot.sources.bounded import read_bounded
from bot.sources.tables.options import options_from

NOW = datetime(2026, 11, 20, tzinfo=UTC)
ROWS = [{"account": "lena", "date": f"2026-11-0{day}", "followers": day} for day in range(1, 9)]


def read(folder: Path, name: str, content: bytes) -> Batch:
    (folder / name).write_bytes(content)
    options = options_from({"timezone": "UTC", "platform": "tiktok"})
    return read_bounded(folder / name, options, secrets=str(folder), now=NOW)


def zipped(name: str, content: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return made.getvalue()


def test_a_file_is_read_as_everywhere(tmp_path: Path) -> None:
    batch = read(tmp_path, "counts.json", json.dumps(ROWS).encode())
    assert batch.readings is not None
    assert batch.readings["followers"].to_list() == list(range(1, 9))
    nothing = read(tmp_path, "nothing.txt", b"no table at all")
    assert nothing.readings is None
    assert nothing.found[0].notes


@pytest.mark.parametrize("kind", ["gzip in a zip", "large json"])
def test_what_needs_much_memory_is_refused_and_the_next_file_is_read(
    tmp_path: Path, kind: str
) -> None:
    if kind == "large json":
        name, content = "large.json", b"[" + b"{}," * 6_000_000 + b"{}]"
    else:
        bomb = gzip.compress(b"account,date,followers\n" + b"\0" * (64 << 20), 1)
        name, content = "bomb.zip", zipped("counts.csv.gz", bomb)
    batch = read(tmp_path, name, content)
    assert batch.readings is None
    assert batch.faults
    assert read(tmp_path, "counts.json", json.dumps(ROWS).encode()).readings is not None
