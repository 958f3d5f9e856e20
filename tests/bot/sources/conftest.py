"""A server on loopback and sources opened against it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.bot.sources.platforms.apis import World
from tests.bot.sources.surroundings import Clock
from tests.loopback.endpoint import serve


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with serve() as server:
        made = World(tmp_path, server, Clock())
        yield made
        await made.close()
