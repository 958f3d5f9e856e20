"""Promise 1: no alert is lost and none is doubled, whatever breaks (`make faults`: all)."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest

from tests.contracts.chat import CONVERSING, open_stage
from tests.contracts.stage_slack import open_signed
from tests.faults.driver import Driver

SCHEDULES = 200 if os.environ.get("EBBWATCH_FAULTS") else 5


WAYS = {
    **{name: partial(open_stage, name) for name in CONVERSING},
    "slack by signed requests": open_signed,
}


@pytest.mark.parametrize("platform", WAYS)
@pytest.mark.parametrize("seed", range(SCHEDULES))
async def test_nothing_is_lost_doubled_or_disordered(
    platform: str, seed: int, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    async with WAYS[platform]() as stage:
        tally = await Driver(stage, seed, tmp_path).run()
    request.node.user_properties += tally.counts(platform)
    assert tally.lost == []
    assert tally.doubled == []
    assert tally.disordered == []
    assert tally.messages > 0
