"""An HTTP server on loopback that gives recorded answers and remembers what it was asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass(slots=True, kw_only=True)
class Answer:
    """`fault` is one of "reset" (the connection breaks off) and "silence" (no answer)."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    fault: str | None = None

    def content(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return b"" if self.body is None else json.dumps(self.body).encode()


@dataclass(frozen=True, slots=True)
class Asked:
    method: str
    path: str
    query: dict[str, str]
    values: dict[str, list[str]]
    headers: dict[str, str]
    form: dict[str, str]


Reply = Answer | Callable[[Asked], Answer]

NOWHERE = Answer(status=404, body={"message": "Not Found"})


class Endpoint:
    """`answers` maps paths to what they give: an answer, one per request (the last stays), or
    a function of the request. "*" is any other path, which else gives 404."""

    def __init__(self) -> None:
        self.url = ""
        self.answers: dict[str, Reply | list[Reply]] = {}
        self.asked: list[Asked] = []
        self.closing = asyncio.Event()

    def give(self, path: str, body: Any, status: int = 200, **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers[path] = Answer(status=status, body=body, headers=named)

    def queries(self, name: str) -> list[str | None]:
        return [asked.query.get(name) for asked in self.asked]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        form = {k: str(v) for k, v in (await request.post()).items()}
        values = {key: request.query.getall(key) for key in request.query}
        asked = Asked(
            request.method,
            request.path,
            dict(request.query),
            values,
            dict(request.headers),
            form,
        )
        self.asked.append(asked)
        reply = self.answers.get(request.path) or self.answers.get("*", NOWHERE)
        if isinstance(reply, list):
            reply = reply.pop(0) if len(reply) > 1 else reply[0]
        answer = reply if isinstance(reply, Answer) else reply(asked)
        if answer.fault == "reset":
            assert request.transport is not None
            request.transport.abort()
        if answer.fault == "silence":
            await self.closing.wait()
        kind = "text/plain" if isinstance(answer.body, bytes) else "application/json"
        return web.Response(
            status=answer.status,
            body=answer.content(),
            headers={"Content-Type": kind, **answer.headers},
        )


@asynccontextmanager
async def serve() -> AsyncIterator[Endpoint]:
    endpoint = Endpoint()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", endpoint.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    endpoint.url = f"http://{host}:{port}"
    try:
        yield endpoint
    finally:
        endpoint.closing.set()
        await runner.cleanup()
