"""The real program in a process of its own, between platforms on loopback."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]


class Service:
    """Started anew after each kill; `config` lies in `folder`, as everything it writes."""

    def __init__(self, folder: Path, config: str, tokens: Mapping[str, str]) -> None:
        self.folder = folder
        self._tokens = tokens
        self._process: asyncio.subprocess.Process | None = None
        (folder / "config.toml").write_text(config)

    async def start(self) -> None:
        with (self.folder / "log.txt").open("a") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bot", "--config", str(self.folder / "config.toml")),
                "run",
                cwd=ROOT,
                env={**os.environ, **self._tokens},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        if self._process and self._process.returncode is None:
            self._process.send_signal(signal.SIGKILL)

    async def ended(self) -> None:
        if self._process:
            await self._process.wait()
