"""The slow ways in which Discord's gateway ends: the library waits five seconds in them."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace

import pytest

from tests.contracts.chat import until
from tests.contracts.stage_discord import QUICK, open_stage

pytestmark = pytest.mark.skipif(
    not os.environ.get("EBBWATCH_FAULTS"), reason="takes seconds: make faults"
)


@pytest.mark.parametrize("resumable", [True, False])
async def test_an_invalid_session_is_overcome_and_nothing_is_said(resumable: bool) -> None:
    patience = replace(QUICK, gateway=60.0)  # longer than the library takes, on any machine
    async with open_stage(patience=patience) as stage:
        await stage.server.invalidate(resumable=resumable)
        # a resumed session may be back before anybody could see that it was away
        server = stage.server
        await until(lambda: server.resumes + len(server.identifies) == 2, 30)
        await until(lambda: stage.chat.health().ready, 30)
        assert (await stage.command("status")).private
        assert stage.server.resumes == int(resumable)
        assert stage.dispatcher.reports == []


async def test_a_server_that_restarts_is_found_again() -> None:
    """REST and gateway away together, for longer than the library's patience with both."""
    async with open_stage() as stage:
        await stage.server.stop()
        async with asyncio.timeout(30):
            await stage.dispatcher.reported.wait()
        stage.server.sessions.clear()
        await stage.server.start()
        await until(lambda: stage.chat.health().ready, 30)
        assert (await stage.command("status")).private
        assert len(stage.dispatcher.reports) == 2
