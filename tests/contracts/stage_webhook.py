"""A receiver of Standard Webhooks on this machine, which verifies with the library itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from standardwebhooks import Webhook

from bot.chat.clocks import Clocks
from bot.chat.webhook.adapter import Receiver, WebhookChat
from tests.contracts.chat import COMMANDS, Answer, RecordingDesk, Shown

SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
_STATUS = {
    "throttled": 429,
    "broken before": 503,
    "broken after": 503,
    "forbidden": 403,
    "gone": 410,
}


class LoopbackReceiver:
    """Takes each `webhook-id` once, as the specification asks of receivers."""

    def __init__(self) -> None:
        self.taken: dict[str, dict[str, Any]] = {}
        self.bodies: list[bytes] = []
        self.faults: list[str] = []
        self.poison: set[str] = set()
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.bodies.append(body)
        event = Webhook(SECRET).verify(body, dict(request.headers))
        fault = self.faults.pop(0) if self.faults else ""
        if fault.endswith("after"):
            self.taken.setdefault(request.headers["webhook-id"], event)
        if fault.startswith("reset"):
            assert request.transport is not None
            request.transport.abort()
        if fault.startswith("hang"):
            await asyncio.sleep(5)
        said = body.decode()
        if any(words in said for words in self.poison) and not event["data"]["plain"]:
            return web.Response(status=422)
        if not fault or fault.endswith("after"):
            self.taken.setdefault(request.headers["webhook-id"], event)
        headers = {"retry-after": "7"} if fault == "throttled" else {}
        return web.Response(status=_STATUS.get(fault, 204), headers=headers)

    async def start(self) -> web.AppRunner:
        app = web.Application()
        app.router.add_post("/alerts", self.handle)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        self.url = f"http://127.0.0.1:{port}/alerts"
        return runner


def _leaves(value: Any) -> list[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [leaf for one in value for leaf in _leaves(one)]
    return [str(value)]


class WebhookStage:
    channel = "webhook:ops"
    space = "discord:800"
    other_space = "discord:900"
    secret = SECRET
    faults = frozenset({*_STATUS, "reset before", "reset after", "hang before", "hang after"})
    remembers = True

    def __init__(self, chat: WebhookChat, receiver: LoopbackReceiver) -> None:
        self.chat, self.receiver = chat, receiver
        self.dispatcher = RecordingDesk(commands=COMMANDS)

    def shown(self) -> list[Shown]:
        return [Shown(text="\n".join(_leaves(event))) for event in self.receiver.taken.values()]

    def replies(self, index: int = 0) -> list[Shown]:
        return []

    def fail(self, fault: str, step: str = "", times: int = 1) -> None:
        self.receiver.faults += [fault] * times

    def poison(self, words: str) -> None:
        self.receiver.poison.add(words)

    def tick(self, seconds: float) -> None:
        return None

    def delete_first(self) -> None:
        raise AssertionError("a program deletes nothing")

    def vanish(self) -> None:
        raise AssertionError("not asked of a receiver")

    def come_back(self) -> None:
        raise AssertionError("not asked of a receiver")

    def forget(self) -> None:
        self.receiver.taken.clear()

    def now(self) -> float:
        return time.time()

    async def command(self, line: str, *, share: bool = False) -> Answer:
        raise AssertionError("a program asks nothing")

    async def press(self, label: str) -> Answer:
        raise AssertionError("a program presses nothing")


@asynccontextmanager
async def open_stage() -> AsyncIterator[WebhookStage]:
    receiver = LoopbackReceiver()
    runner = await receiver.start()
    chat = WebhookChat(
        {"ops": Receiver(receiver.url, Webhook(SECRET), WebhookStage.space)},
        Clocks(wall=time.time, monotonic=time.monotonic),
        seconds=0.3,
    )
    try:
        yield WebhookStage(chat, receiver)
    finally:
        await chat.close()
        await runner.cleanup()
