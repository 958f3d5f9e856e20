"""`/healthz` and `/metrics` for those who run the service; off by default."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily

from bot.errors import ConfigError, StorageError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.model.chat import Health

Conditions = Callable[[], Mapping[str, "Health"]]
Numbers = Callable[[], Awaitable[Mapping[str, Mapping[str, float]]]]


class _Gauges:
    """Turns numbers into gauges: metric name -> value of its one label -> number."""

    def __init__(self, numbers: Mapping[str, Mapping[str, float]]) -> None:
        self._numbers = numbers

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for name, values in self._numbers.items():
            family = GaugeMetricFamily(
                f"ebbwatch_{name}", name.replace("_", " "), labels=["of"]
            )
            for label, value in values.items():
                family.add_metric([label], value)
            yield family


@asynccontextmanager
async def serve(
    listen: str,
    conditions: Conditions,
    numbers: Numbers,
    page: web.Application | None = None,
    counted: Callable[[], bytes] = bytes,
) -> AsyncIterator[str]:
    """Answers on `listen` (host:port) while entered; gives the address it listens on.

    `page` answers everything else, where there is one; `counted` is what `/metrics` shows
    beside `numbers`, in Prometheus' text format.

    `/healthz` is 200 where every part is ready and 503 otherwise, with one sentence each.
    """

    async def healthz(_: web.Request) -> web.Response:
        parts = {name: asdict(health) for name, health in conditions().items()}
        ready = all(part["ready"] for part in parts.values())
        return web.Response(
            status=200 if ready else 503,
            text=json.dumps({"ready": ready, "parts": parts}, ensure_ascii=False),
            content_type="application/json",
        )

    async def metrics(_: web.Request) -> web.Response:
        registry = CollectorRegistry()
        try:
            registry.register(_Gauges(await numbers()))
        except StorageError as error:
            return web.Response(status=503, text=f"{error}\n")
        return web.Response(
            body=generate_latest(registry) + counted(), content_type="text/plain"
        )

    app = web.Application() if page is None else page
    app.add_routes([web.get("/healthz", healthz), web.get("/metrics", metrics)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    host, _, port = listen.rpartition(":")
    try:
        site = web.TCPSite(runner, host, int(port))
        await site.start()
    except OSError as error:
        await runner.cleanup()
        raise ConfigError(
            [f"serve.listen: {listen} cannot be used ({error.strerror}): choose another one"]
        ) from None
    try:
        yield "{}:{}".format(*runner.addresses[0][:2])
    finally:
        await runner.cleanup()
