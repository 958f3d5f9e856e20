"""What the running service says of its own jobs."""

import logging
from pathlib import Path

import pytest

from bot import app
from bot.errors import StorageError

CONFIG = '[console]\nenabled = false\n[[sources]]\nname = "w"\nkind = "file"\npath = "w.csv"\n'


async def test_a_job_that_fails_says_so_once_and_once_that_it_works_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "config.toml").write_text(CONFIG)
    settings = app.read_config(tmp_path / "config.toml")
    full = [StorageError("the disk is full: free some space")] * 3

    async def retain() -> None:
        if full:
            raise full.pop()

    caplog.set_level(logging.INFO, logger="bot.service")
    async with app.opened(settings) as service:
        service.retain = retain  # type: ignore[method-assign]
        (job,) = (job for job in service.jobs() if job.name == "retention")
        for _ in range(3):
            await job.action()
        jobs = service.conditions()["jobs"]
        assert (jobs.ready, jobs.text) == (False, "the disk is full: free some space")
        for _ in range(2):
            await job.action()
        assert service.conditions()["jobs"].ready
    said = [record.getMessage() for record in caplog.records if record.name == "bot.service"]
    assert said == ["job failed", "job works again"]
