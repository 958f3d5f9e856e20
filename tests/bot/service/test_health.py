"""What an operator's probe and Prometheus get to see."""

import re
from pathlib import Path

import httpx
import pytest

from bot.errors import ConfigError
from bot.model.chat import Health
from bot.service.health import serve
from bot.service.jobs import _numbers
from bot.service.metrics import Meter
from bot.storage.database import Store

EXAMPLES = Path(__file__).parents[3] / "examples"


async def numbers() -> dict[str, dict[str, float]]:
    return {"open_incidents": {"critical": 2, "warning": 0}}


async def get(address: str, path: str) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.get(f"http://{address}{path}")


async def test_health_names_the_part_that_is_not_ready() -> None:
    parts = {
        "polls": Health(ready=True, since=1.0, text="3 sources answer"),
        "slack": Health(ready=False, since=2.0, text="Slack refused the token"),
    }
    async with serve("127.0.0.1:0", lambda: parts, numbers) as address:
        answer = await get(address, "/healthz")
        assert answer.status_code == 503
        assert answer.json()["parts"]["slack"]["text"] == "Slack refused the token"
        parts["slack"] = Health(ready=True, since=3.0, text="connected")
        assert (await get(address, "/healthz")).status_code == 200


async def test_metrics_speak_prometheus() -> None:
    async with serve("127.0.0.1:0", dict, numbers) as address:
        text = (await get(address, "/metrics")).text
    assert 'ebbwatch_open_incidents{of="critical"} 2.0' in text


async def test_what_was_done_is_counted_and_timed() -> None:
    meter = Meter()
    meter("send", 0.3, "discord:1", "sent")
    meter("send", 0.2, "discord:1", "sent")
    meter("send", 9.0, "slack:C1", "deferred")
    meter("review", 7.0)
    async with serve("127.0.0.1:0", dict, numbers, None, meter.text) as address:
        text = (await get(address, "/metrics")).text
    assert 'ebbwatch_deliveries_total{channel="discord:1",outcome="sent"} 2.0' in text
    assert 'ebbwatch_deliveries_total{channel="slack:C1",outcome="deferred"} 1.0' in text
    assert 'ebbwatch_work_seconds_bucket{le="0.25",work="send"} 1.0' in text
    assert 'ebbwatch_work_seconds_count{work="review"} 1.0' in text


async def test_what_the_examples_ask_for_is_there(tmp_path: Path) -> None:
    """Every metric that the dashboard and the rules name is one that is served."""
    meter = Meter()
    meter("send", 0.3, "discord:1", "sent")
    store = Store.open(tmp_path / "ebbwatch.db", now=0.0)
    named = await store.read(_numbers, 0.0)
    store.close()
    served = {f"ebbwatch_{name}" for name in named} | set(
        re.findall(r"(?m)^(ebbwatch_\w+)", meter.text().decode())
    )
    for example in ("grafana-dashboard.json", "alert-rules.yaml"):
        text = (EXAMPLES / example).read_text(encoding="utf-8")
        asked = set(re.findall(r"ebbwatch_[a-z_]+", text))
        assert asked
        assert asked <= served


async def test_an_address_in_use_is_named() -> None:
    async with serve("127.0.0.1:0", dict, numbers) as address:
        with pytest.raises(ConfigError, match=r"serve\.listen"):
            async with serve(address, dict, numbers):
                pass
