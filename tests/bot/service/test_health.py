"""What an operator's probe and Prometheus get to see."""

import httpx
import pytest

from bot.errors import ConfigError
from bot.model.chat import Health
from bot.service.health import serve


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


async def test_an_address_in_use_is_named() -> None:
    async with serve("127.0.0.1:0", dict, numbers) as address:
        with pytest.raises(ConfigError, match=r"serve\.listen"):
            async with serve(address, dict, numbers):
                pass
