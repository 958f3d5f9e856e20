"""Speed and memory of the largest exports: python -m tests.bench.exports

Bars: at least 300,000 names per second and core for an Instagram list of a million names;
at most 300 MB above idle for it and for a TikTok file of 200 MB; exact churn of two lists of a
million names by `ebbwatch import`, from both files to the verdict, in 15 seconds.
"""

from __future__ import annotations

import json
import os
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

from tests.bench.bars import Bars

_NAMES = 1_000_000
_TIKTOK_BYTES = 200_000_000
_FOLDER = "connections/followers_and_following"
_LEFT = 9_000


def instagram(folder: Path, day: int = 1, first: int = 0) -> Path:
    """A million names and more, from number `first` on."""
    path = folder / f"instagram-lena-2025-11-{day:02d}-abcd.zip"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open(f"{_FOLDER}/followers_1.json", "w", force_zip64=True) as file,
    ):
        file.write(b"[\n")
        for n in range(first, first + _NAMES):
            name = f"user.{random.Random(n).randrange(16**9):x}_{n}"
            link = {
                "href": f"https://www.instagram.com/{name}",
                "value": name,
                "timestamp": 1_762_000_000 - n * 150,
            }
            entry = {"title": "", "media_list_data": [], "string_list_data": [link]}
            text = "\n".join(f"  {line}" for line in json.dumps(entry, indent=2).split("\n"))
            file.write(((",\n" if n > first else "") + text).encode())
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
    """Prints names per second of CPU and megabytes above idle as JSON."""
    import bot.sources.tables.read_file  # noqa: F401
    from bot.sources.read import read_input
    from bot.sources.tables.options import TableOptions

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started, busy = time.perf_counter(), time.process_time()
    options = TableOptions(account="lena", told=True)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    batch = read_input(path, options, hash_key=lambda: bytes(32), now=now)
    wall, cpu = time.perf_counter() - started, time.process_time() - busy
    names = sum(found.names for found in batch.found)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    print(
        f"{path.name} ({path.stat().st_size / 1e6:.0f} MB): {names:,} names in {wall:.1f} s",
        file=sys.stderr,
    )
    print(json.dumps({"rate": names / cpu, "grown": grown}))


def measured(path: Path) -> dict[str, float]:
    """In a process of its own, so that the peak is this file's."""
    command = [sys.executable, "-m", "tests.bench.exports", str(path)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def churn(folder: Path, old: Path, new: Path) -> float:
    """Seconds that `ebbwatch import` takes for both; the verdict has to be the right one."""
    Path(folder, "config.toml").write_text('database = "bench.db"\n[console]\nenabled = true\n')
    begun = time.perf_counter()
    command = [sys.executable, "-m", "bot", "import", old.name, new.name]
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    spent = time.perf_counter() - begun
    for verdict in (f"{_LEFT:,} gained, {_LEFT:,} lost", f"{_NAMES - _LEFT:,} kept"):
        assert verdict in done.stdout, done.stdout
    return spent


def main() -> int:
    if len(sys.argv) > 1:
        measure(Path(sys.argv[1]))
        return 0
    bars = Bars()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        old = instagram(folder)
        found = measured(old)
        bars.at_least("Instagram names per second of one core", 300_000, found["rate"])
        bars.at_most("megabytes above idle, Instagram", 300, found["grown"])
        bars.at_most("megabytes above idle, TikTok", 300, measured(tiktok(folder))["grown"])
        new = instagram(folder, day=8, first=_LEFT)
        bars.at_most("seconds to the churn of two exports", 15, churn(folder, old, new))
    return int(not all(met for *_, met in bars.rows))


if __name__ == "__main__":
    sys.exit(main())
