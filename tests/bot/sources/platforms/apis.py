"""Platform APIs played from recorded answers."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from bot.model.source import Batch, Source
from bot.sources.platforms.source import ApiSource
from bot.sources.table import SETTINGS, open_source
from tests.bot.sources.surroundings import Clock, surroundings
from tests.loopback.endpoint import Endpoint

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
AT = int(NOW.timestamp())


def recorded(name: str) -> Any:
    return json.loads(Path("tests/data/api", name + ".json").read_text())


@dataclass(slots=True)
class World:
    root: Path
    server: Endpoint
    clock: Clock
    opened: list[Source] = field(default_factory=list)

    def open(self, kind: str, environ: dict[str, str] | None = None, **keys: Any) -> ApiSource:
        given = {"name": kind, "kind": kind, "api_base": self.server.url, **keys}
        settings = SETTINGS[kind].model_validate(given)
        source = open_source(settings, surroundings(self.root, self.clock, environ))
        self.opened.append(source)
        return cast(ApiSource, source)

    async def close(self) -> None:
        for source in self.opened:
            await source.close()


def rows(batch: Batch) -> list[dict[str, Any]]:
    return [] if batch.readings is None else batch.readings.to_dicts()


def kinds(batch: Batch) -> list[tuple[str, str | None]]:
    return [(fault.kind, fault.account) for fault in batch.faults]
