"""The program as a whole: `check` on a large file, start-up, memory; ratios or limits.

`python -m tests.bench.program check|startup|memory [--accounts N] [--rounds N]`
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

ROOT = Path(__file__).parents[2]
DAYS = 90


def timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def a_csv(path: Path, accounts: int) -> None:
    """Accounts x 90 days of steadily growing counts, one row per account and day."""
    rng = np.random.default_rng(7)
    level = np.exp(rng.uniform(np.log(1e3), np.log(1e7), accounts))
    gains = rng.poisson(level[:, None] * 0.002, (accounts, DAYS))
    counts = (level[:, None] + gains.cumsum(axis=1)).astype(np.int64)
    first = datetime(2026, 1, 1, tzinfo=UTC)
    days = [f"{first + timedelta(days=day):%Y-%m-%d}" for day in range(DAYS)]
    names = [f"instagram/account{n:05d}" for n in range(accounts)]
    pl.DataFrame(
        {
            "account": np.repeat(names, DAYS),
            "date": np.tile(days, accounts),
            "followers": counts.ravel(),
        }
    ).write_csv(path)


def plain_pass(path: Path, accounts: int) -> None:
    """What the ratio is taken against: polars' own reader and one robust pass in NumPy."""
    values = pl.read_csv(path)["followers"].to_numpy().reshape(accounts, DAYS)
    changes = np.diff(np.log(values.astype(np.float64)), axis=1)[:, -84:]
    weeks = changes.reshape(accounts, -1, 7)
    median = np.median(weeks, axis=1)
    np.median(np.abs(weeks - median[:, None, :]), axis=1)


def bench_check(accounts: int, rounds: int) -> None:
    from bot.cli import offline
    from checks.rules import rules_for

    def whole() -> None:
        frame, _ = offline.read_files([path])
        offline.check(frame, rules_for("balanced"), as_of=None, timezone="UTC")

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "counts.csv")
        a_csv(path, accounts)
        whole()
        pairs = [
            (timed(whole), timed(lambda: plain_pass(path, accounts))) for _ in range(rounds)
        ]
    ratio = statistics.median(ours / plain for ours, plain in pairs)
    ours, plain = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(
        f"check, {accounts:,} accounts x {DAYS} days from CSV: {ours:.2f} s, "
        f"plain read and pass {plain:.2f} s, ratio {ratio:.2f} (at most 4)"
    )


def cpu_of(*words: str, cwd: Path, until: str | None = None) -> float:
    """CPU seconds of a process of ours, up to its end or to a line of its log."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", *words],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    for line in process.stderr:
        if until is not None and until in line:
            process.kill()
    process.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def bench_startup(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder)
        (where / "config.toml").write_text(
            '[console]\nfile = "out.txt"\n[[sources]]\nname = "s"\nkind = "file"\n'
            f'path = "{ROOT}/bot/sample/youtube-vtubers.csv"\nplatform = "youtube"\n'
            '[[channels]]\nchannel = "console:main"\n'
        )
        helps = [cpu_of("--help", cwd=where) for _ in range(rounds)]
        ready = [cpu_of("run", cwd=where, until="ready") for _ in range(rounds)]
    print(f"ebbwatch --help: {statistics.median(helps):.2f} s of CPU (under 0.3)")
    print(f"ebbwatch run, ready for its first poll: {statistics.median(ready):.2f} s (under 2)")


def bench_memory() -> None:
    """Resident memory after the first review of the sample and one chart, in a child."""
    for sdks, limit in ((False, 200), (True, 250)):
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.program", "resident", *(["--sdks"] * sdks)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        what = "both SDKs loaded" if sdks else "the console alone"
        print(
            f"resident after a review and a chart, {what}: {done.stdout.strip()} MB ({limit})"
        )


async def resident(folder: Path, *, sdks: bool) -> int:
    from bot import app
    from bot.cli.operate import CONSOLE

    config = folder / "config.toml"
    config.write_text(
        '[console]\nfile = "out.txt"\n[[sources]]\nname = "s"\nkind = "file"\n'
        f'path = "{ROOT}/bot/sample/youtube-vtubers.csv"\nplatform = "youtube"\n'
        '[[channels]]\nchannel = "console:main"\n'
    )
    settings = app.read_config(config)
    if sdks:
        import bot.chat.discord.adapter
        import bot.chat.slack.adapter  # noqa: F401
    at = datetime(2022, 12, 20, 12, tzinfo=UTC).timestamp()
    async with app.opened(settings, calendar=lambda: at, chats=True) as service:
        for feed in service.feeds:
            await service.poll(feed)
        await service.worker.pump()
        await service.dispatcher.answer_line(
            CONSOLE, "chart youtube/UCg53fzp6UNYvsyAg8UoNXCA 30d"
        )
        status = await asyncio.to_thread(Path("/proc/self/status").read_text)
    return int(next(line for line in status.splitlines() if "VmRSS" in line).split()[1]) // 1024


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["check", "startup", "memory", "resident"])
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sdks", action="store_true")
    given = parser.parse_args()
    if given.what == "check":
        bench_check(given.accounts, given.rounds)
    elif given.what == "startup":
        bench_startup(given.rounds)
    elif given.what == "memory":
        bench_memory()
    else:
        with tempfile.TemporaryDirectory() as folder:
            print(asyncio.run(resident(Path(folder), sdks=given.sdks)))


if __name__ == "__main__":
    main()
