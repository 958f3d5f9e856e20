"""Log lines: one per event, machine-readable, without secrets."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from bot.service.log import start_logging


@pytest.fixture(autouse=True)
def _restore_logging() -> Iterator[None]:
    root, bot = logging.getLogger(), logging.getLogger("bot")
    handlers, levels = root.handlers[:], (root.level, bot.level)
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    bot.setLevel(levels[1])


def test_text_lines_quote_what_needs_it_and_blot_out_secrets() -> None:
    out = io.StringIO()
    start_logging(out, form="text", level="info", secrets=["xoxb-1-secret"])
    logging.getLogger("bot.ingest.poll").info(
        "source broke", extra={"source": "weekly exports", "detail": "token xoxb-1-secret\nx"}
    )
    line = out.getvalue()
    assert line.count("\n") == 1
    assert 'event="source broke" source="weekly exports"' in line
    assert "xoxb" not in line


def test_json_lines_hold_the_same_pairs() -> None:
    out = io.StringIO()
    start_logging(out, form="json", level="warning")
    logging.getLogger("bot").info("quiet")
    logging.getLogger("bot").warning("loud", extra={"rows": 3})
    assert [json.loads(line)["event"] for line in out.getvalue().splitlines()] == ["loud"]
    assert json.loads(out.getvalue())["rows"] == 3
