"""The real program in a process of its own, between platforms on loopback."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from bot.__main__ import main

_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(
    [
        "bot.cli.run",
        "bot.service.jobs",
        "bot.chat.discord.adapter",
        "bot.chat.slack.adapter",
        "bot.commands.table",
        "bot.ingest.imports",
        "bot.message.picture",
        "bot.sources.file",
    ]
)
"""What a start spends most of its time on, read once for all starts of a run."""


class Service:
    """Started anew after each kill; `config` lies in `folder`, as everything it writes."""

    def __init__(self, folder: Path, config: str, tokens: Mapping[str, str]) -> None:
        self.folder = folder
        self._tokens = tokens
        self._process: multiprocessing.process.BaseProcess | None = None
        (folder / "config.toml").write_text(config)

    async def start(self) -> None:
        self._process = _PROCESSES.Process(target=_run, args=(self.folder, self._tokens))
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process is not None
        assert self._process.pid is not None
        return self._process.pid

    def kill(self) -> None:
        if self._process:
            self._process.kill()

    async def ended(self) -> None:
        if self._process:
            await asyncio.to_thread(self._process.join)


def _run(folder: Path, tokens: Mapping[str, str]) -> None:
    """`ebbwatch run`, which logs into a file."""
    os.environ.update(tokens)
    log = os.open(folder / "log.txt", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    for stream, file in ((0, os.open(os.devnull, os.O_RDONLY)), (1, log), (2, log)):
        os.dup2(file, stream)
    sys.argv = ["ebbwatch", "--config", str(folder / "config.toml"), "run"]
    main()
