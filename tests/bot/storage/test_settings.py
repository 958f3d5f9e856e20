"""Whatever a row of `settings` holds, it is read as it should be or counts as not set."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import sqlite_utils
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from sqlite_utils import Database

from bot import app
from bot.review.pending import COMPARED, TURN
from bot.service.jobs import Service
from bot.storage.accounts import NAMES
from bot.storage.settings import TEXT, TEXTS, TWO_WHOLE, WHOLE, set_setting, setting
from tests.bot.team import console

NOW = 1_700_000_000
KEYS = (TURN, COMPARED, NAMES, "thinned until", "restored", "config", "told:console:main")
SHAPES = (
    *("[]", "{}", '"text"', "5", "-5", "1e308", "NaN", "true", "null", "{broken", ""),
    *("[1]", "[1, 2, 3]", '[[], "x"]', '{"x": [1]}', '{"since": "x"}', "9" * 400, "[" * 5000),
)


@pytest_asyncio.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    rows = "".join(f"lena,{NOW - day * 86400},{1000 + day % 3}\n" for day in range(40))
    (tmp_path / "counts.csv").write_text(f"account,at,followers\n{rows}")
    (tmp_path / "config.toml").write_text(
        '[[sources]]\nname = "f"\nkind = "file"\npath = "counts.csv"\nplatform = "x"\n'
    )
    settings = app.read_config(tmp_path / "config.toml")
    async with app.opened(settings, calendar=lambda: NOW + 60.0) as opened:
        yield opened


@pytest.mark.parametrize("shape", SHAPES)
async def test_the_service_works_whatever_its_settings_hold(
    service: Service, shape: str
) -> None:
    def spoil(db: Database) -> None:
        known = {key for (key,) in db.conn.execute("SELECT key FROM settings")}
        for key in {*known, *KEYS}:
            db.conn.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (key, shape))

    await service.poll(service.feeds[0])
    await service.store.write(spoil)
    await service.hour()
    await service.store.write(spoil)
    await service.retain()
    await service.minute()
    await service.report("the sun is down")
    await service.worker.pump()
    for line in ("status", "accounts", "chart x/lena", "forget x/lena yes"):
        await service.dispatcher.carry_out(console(), line)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_what_is_read_is_of_its_kind_or_nothing(value: Any) -> None:
    db = sqlite_utils.Database(memory=True)
    db["settings"].create({"key": str, "value": str}, pk="key")
    set_setting(db, "a", value)
    kinds: tuple[TypeAdapter[Any], ...] = (TEXT, TEXTS, WHOLE, TWO_WHOLE)
    for kind in kinds:
        read = setting(db, "a", kind)
        assert read is None or json.loads(json.dumps(read)) == value
