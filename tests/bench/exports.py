"""Speed and memory of the largest exports: python -m tests.bench.exports

Bars: at least 300,000 names per second and core for an Instagram list of a million names;
at most 300 MB above idle for it and for a TikTok file of 200 MB.
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

_NAMES = 1_000_000
_TIKTOK_BYTES = 200_000_000
_FOLDER = "connections/followers_and_following"


def instagram(folder: Path) -> Path:
    draw = random.Random(1)
    path = folder / "instagram-lena-2025-11-01-abcd.zip"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open(f"{_FOLDER}/followers_1.json", "w", force_zip64=True) as file,
    ):
        file.write(b"[\n")
        for n in range(_NAMES):
            name = f"user.{draw.randrange(16**9):x}_{n}"
            link = {
                "href": f"https://www.instagram.com/{name}",
                "value": name,
                "timestamp": 1_762_000_000 - n * 150,
            }
            entry = {"title": "", "media_list_data": [], "string_list_data": [link]}
            text = "\n".join(f"  {line}" for line in json.dumps(entry, indent=2).split("\n"))
            file.write(((",\n" if n else "") + text).encode())
        file.write(b"\n]")
    return path


def _videos() -> Iterator[str]:
    for n in range(_TIKTOK_BYTES // 2 // 86):
        yield f'{{"Date":"2026-01-01 10:00:00","Link":"https://www.tiktokv.com/share/video/{n:019d}/"}}'


def _fans() -> Iterator[str]:
    for n in range(_TIKTOK_BYTES // 2 // 58):
        yield f'{{"Date":"2026-01-01 10:00:00","UserName":"some.fan{n:08d}"}}'


def tiktok(folder: Path) -> Path:
    path = folder / "user_data_tiktok.json"
    with path.open("w") as file:
        file.write('{"Your Activity":{"Watch History":{"VideoList":[')
        file.writelines(("," if n else "") + text for n, text in enumerate(_videos()))
        file.write(']},"Follower":{"FansList":[')
        file.writelines(("," if n else "") + text for n, text in enumerate(_fans()))
        file.write("]}}}")
    return path


def measure(path: Path) -> None:
    import bot.sources.tables  # noqa: F401
    from bot.sources.export import read_export

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started, busy = time.perf_counter(), time.process_time()
    batch = read_export(
        path, hash_key=lambda: bytes(32), now=datetime(2026, 1, 1, tzinfo=UTC), account="lena"
    )
    wall, cpu = time.perf_counter() - started, time.process_time() - busy
    names = sum(found.names for found in batch.found)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    print(
        f"{path.name} ({path.stat().st_size / 1e6:.0f} MB): {names:,} names in {wall:.1f} s "
        f"({cpu:.1f} s of CPU, {names / cpu:,.0f} names/s), peak {grown} MB above idle"
    )


def main() -> None:
    if len(sys.argv) > 1:
        measure(Path(sys.argv[1]))
        return
    with tempfile.TemporaryDirectory() as folder:
        for make in (instagram, tiktok):
            path = make(Path(folder))
            # a process of its own, so that the peak is this file's
            subprocess.run([sys.executable, "-m", "tests.bench.exports", str(path)], check=True)


if __name__ == "__main__":
    main()
