"""The sample exports, and small builders of new ones; names and numbers are invented."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.model.source import Batch, Found
from bot.sources.names import hash_names
from bot.sources.read import read_input
from bot.sources.tables.options import options_from

DATA = Path("tests/data/exports")
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
KEY = bytes(range(32))
FOLDER = "connections/followers_and_following"


def read(path: Path, **context: Any) -> Batch:
    return read_input(path, options_from(context), hash_key=lambda: KEY, now=NOW)


def sample(tmp_path: Path, name: str) -> Path:
    """A copy of a sample file or folder, last changed at NOW."""
    target = tmp_path / Path(name).name
    source = DATA / name
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copy(source, target)
    for path in (target, *target.rglob("*")):
        os.utime(path, (NOW.timestamp(), NOW.timestamp()))
    return target


def only(batch: Batch) -> Found:
    (found,) = batch.found
    return found


def by_format(batch: Batch) -> dict[str | None, Found]:
    return {found.format: found for found in batch.found}


def values(batch: Batch, metric: str) -> dict[str, int | None]:
    """A metric by date (UTC)."""
    assert batch.readings is not None
    return {
        datetime.fromtimestamp(at, UTC).date().isoformat(): value
        for at, value in batch.readings.select("at", metric).iter_rows()
    }


def hashes(platform: str, *names: str) -> list[int]:
    return sorted(int(one) for one in hash_names(names, key=KEY, platform=platform))


def entry(name: str, since: int = 1_700_000_000) -> dict[str, Any]:
    link = {"href": f"https://www.instagram.com/{name}", "value": name, "timestamp": since}
    return {"title": "", "media_list_data": [], "string_list_data": [link]}


def followers(*names: str, since: int = 1_700_000_000) -> bytes:
    return json.dumps([entry(name, since + n) for n, name in enumerate(names)]).encode()


def zipped(path: Path, files: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def written(path: Path, content: bytes | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    os.utime(path, (NOW.timestamp(), NOW.timestamp()))
    return path


def table(rows: Sequence[Sequence[object]], sign: str = ",") -> str:
    return "\n".join(sign.join(f'"{cell}"' for cell in row) for row in rows) + "\n"
