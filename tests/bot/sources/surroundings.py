"""A world for sources: a clock one ticks, sleeps that only move it, a folder of one's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.model.source import Surroundings


@dataclass(slots=True)
class Clock:
    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def surroundings(
    root: Path, clock: Clock, environ: Mapping[str, str] | None = None, transport: Any = None
) -> Surroundings:
    secrets = root / "secrets"
    secrets.mkdir(exist_ok=True)
    return Surroundings(
        root=str(root),
        secrets=str(secrets),
        hash_key=lambda: b"k" * 32,
        monotonic=clock.monotonic,
        sleep=clock.sleep,
        environ=environ or {},
        transport=transport,
    )
