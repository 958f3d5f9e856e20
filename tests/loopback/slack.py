"""A Slack workspace on loopback: Web API, files, Socket Mode, signed HTTP, response URLs.

It speaks the real protocol to the unmodified slack_sdk and slack_bolt, holds every published
limit, paces as Slack does and breaks on demand. Its clock is an argument.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import re
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any, Self
from urllib.parse import urlencode

import aiohttp
from aiohttp import web

from tests.loopback.slack_limits import ApiError, check_blocks, check_message, pings
from tests.loopback.waiting import let_pass

BOT_TOKEN = "xoxb-loopback-bot"
APP_TOKEN = "xapp-loopback-app"
SECRET = "loopback-signing-secret"
YEAR = 365 * 86400.0
TEAM = "T0LOOP"
BOT_USER = "U0BOT"

SCOPES = {
    "chat.postMessage": "chat:write",
    "chat.update": "chat:write",
    "chat.postEphemeral": "chat:write",
    "chat.delete": "chat:write",
    "conversations.info": "channels:read",
    "conversations.members": "channels:read",
    "conversations.history": "channels:history",
    "conversations.replies": "channels:history",
    "files.getUploadURLExternal": "files:write",
    "files.completeUploadExternal": "files:write",
    "files.info": "files:read",
    "users.info": "users:read",
    "usergroups.list": "usergroups:read",
    "usergroups.users.list": "usergroups:read",
}
EVENT_SCOPES = {"app_mention": "app_mentions:read"}
PER_MINUTE = {
    "chat.update": 50,
    "chat.postEphemeral": 100,
    "chat.delete": 50,
    "conversations.info": 50,
    "conversations.history": 50,
    "conversations.replies": 50,
    "conversations.members": 100,
    "files.getUploadURLExternal": 100,
    "files.completeUploadExternal": 100,
    "files.info": 100,
    "users.info": 100,
    "usergroups.list": 20,
    "usergroups.users.list": 20,
    "views.open": 100,
    "views.publish": 100,
    "apps.connections.open": 20,
}
"""Calls that Slack promises per minute, workspace and method; chat.postMessage has its own."""


@dataclass
class Channel:
    name: str
    member: bool = True
    archived: bool = False
    private: bool = False
    people: set[str] = field(default_factory=lambda: {"U0LENA", "U0ADMIN"})


@dataclass
class File:
    name: str
    length: int
    content: bytes = b""
    complete: bool = False
    wait: int = 0
    """How often it is still "being processed" when a block names it."""

    def ready(self) -> bool:
        if not self.complete:
            return False
        self.wait -= 1
        return self.wait < 0


@dataclass
class Interaction:
    """One thing a person did; `answers` fills while the app uses the response URL."""

    trigger: str
    url: str
    started: float
    acked: asyncio.Future[Any]
    answers: list[dict[str, Any]] = field(default_factory=list)
    uses: int = 0
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    took: float | None = None
    """Real seconds until the acknowledgement."""

    async def answer(self) -> dict[str, Any]:
        """The first thing the person sees."""
        await asyncio.wait_for(self.answered.wait(), 5)
        return self.answers[0]


class SlackServer:
    """`async with SlackServer() as slack:` listens on a free port of 127.0.0.1."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.team, self.scopes = TEAM, {*SCOPES.values(), *EVENT_SCOPES.values()} | {"commands"}
        self.scopes |= {"groups:read", "groups:history"}
        self.channels = {"C0MAIN": Channel("main"), "C0OTHER": Channel("other")}
        self.people: dict[str, dict[str, Any]] = {
            "U0LENA": {"name": "lena", "is_admin": False},
            "U0ADMIN": {"name": "ada", "is_admin": True},
        }
        self.groups: dict[str, list[str]] = {"S0LEADS": ["U0LENA"]}
        # what a command's text may name, and the form in which Slack hands it on
        self.handles = {
            "@leads": "<!subteam^S0LEADS|@leads>",
            "@lena": "<@U0LENA|lena>",
            "#main": "<#C0MAIN|main>",
            "example.com": "<http://example.com|example.com>",
        }
        self.messages: list[dict[str, Any]] = []
        self.ephemerals: list[dict[str, Any]] = []
        self.views: list[dict[str, Any]] = []
        self.homes: dict[str, dict[str, Any]] = {}
        self.files: dict[str, File] = {}
        self.calls: list[tuple[str, float]] = []
        self.refused: list[dict[str, Any]] = []
        self.limited = 0
        """Calls that came faster than the limits allow (429 on demand not counted)."""
        self.poison: set[str] = set()
        """Words that are refused (invalid_blocks) wherever blocks hold them."""
        self.pinged: list[str] = []
        self.paced = True
        self.down = False
        self.revoked = False
        self.history_per_minute: int | None = None
        self.file_wait = 0
        self.fault_for: Callable[[str, dict[str, Any]], str | None] = lambda method, body: None
        self.witness: Callable[[str, str], None] = lambda step, moment: None
        """Told of each message, before and after its effect: a test may kill its sender."""
        self.patience = 0.0
        """How long a sender waits where an answer hangs: as much time passes at once."""
        self.app_url: str | None = None
        """Where a signed request goes; None means over the socket."""
        self.sockets: list[web.WebSocketResponse] = []
        self.connected = asyncio.Event()
        self._faults: dict[str, deque[str]] = defaultdict(deque)
        self._times: dict[tuple[str, str], deque[float]] = defaultdict(deque)
        self._tickets: set[str] = set()
        self._interactions: dict[str, Interaction] = {}
        self._envelopes: dict[str, Interaction] = {}
        self._triggers: dict[str, float] = {}
        self._last: tuple[str, str, dict[str, Any]] | None = None
        self._signed: tuple[str, dict[str, str]] = "", {}
        self._count = 0
        self._closing = asyncio.Event()

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_route("*", "/api/{method}", self._api)
        app.router.add_post("/upload/{file}", self._upload)
        app.router.add_get("/files-pri/{file}", self._download)
        app.router.add_post("/response/{trigger}", self._respond)
        app.router.add_get("/link", self._link)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port: int = self._runner.addresses[0][1]
        self._session = aiohttp.ClientSession()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing.set()
        for socket in list(self.sockets):
            await socket.close()
        await self._session.close()
        await self._runner.cleanup()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/"

    # --- what tests do --------------------------------------------------------------------

    def fail(self, method: str, *faults: str) -> None:
        """The next calls of `method` ("upload", "response" and API methods) go wrong so.

        Faults: "429", "429 for a year", "500", "reset", "hang", "garbage" (each also
        with "_after": the call took effect and only the answer is lost), "error:<slack error>"
        "empty" (took effect, answered without contents) or "" for none.
        """
        self._faults[method].extend(faults)

    def rest(self) -> None:
        """A minute passes without a call, for those who count them."""
        self._times.clear()

    def shown(self, channel: str = "C0MAIN") -> list[dict[str, Any]]:
        """The messages of a channel, oldest first, without what lies in threads."""
        return [m for m in self.messages if m["channel"] == channel and "thread_ts" not in m]

    def thread(self, ts: str) -> list[dict[str, Any]]:
        return [m for m in self.messages if m.get("thread_ts") == ts]

    async def command(
        self,
        text: str,
        *,
        user: str = "U0LENA",
        channel: str = "C0MAIN",
        team: str | None = None,
    ) -> Interaction:
        payload = {
            "command": "/ebb",
            "text": self._escaped(text),
            "team_id": team or self.team,
            "channel_id": channel,
            "channel_name": "main",
            "user_id": user,
            "user_name": self.people.get(user, {}).get("name", user),
            "api_app_id": "A0LOOP",
        }
        return await self._interact("slash_commands", payload)

    def _escaped(self, text: str) -> str:
        words = re.split(r"([\s=]+)", text)
        return "".join(self.handles.get(word, _escape(word)) for word in words)

    async def press(
        self,
        message: dict[str, Any],
        label: str,
        *,
        user: str = "U0LENA",
        team: str | None = None,
        value: str | None = None,
    ) -> Interaction:
        buttons = [
            button
            for block in message["blocks"]
            if block["type"] == "actions"
            for button in block["elements"]
        ]
        button = next(b for b in buttons if b["text"]["text"] == label)
        payload = {
            "type": "block_actions",
            "user": {"id": user, "username": user, "team_id": team or self.team},
            "team": {"id": self.team, "domain": "loop"},
            "channel": {"id": message["channel"], "name": "main"},
            "container": {"type": "message", "message_ts": message["ts"]},
            "message": {k: v for k, v in message.items() if k != "metadata"},
            "actions": [
                {
                    "type": "button",
                    "action_id": button["action_id"],
                    "block_id": "b1",
                    "text": button["text"],
                    "value": button["value"] if value is None else value,
                    "action_ts": "1.1",
                }
            ],
        }
        return await self._interact("interactive", payload)

    async def submit(
        self,
        view: dict[str, Any],
        files: dict[str, bytes] | None = None,
        *,
        words: str = "",
        user: str = "U0LENA",
        filled: Mapping[str, str] | None = None,
    ) -> Interaction:
        """Sends a modal back, with files chosen on the person's own machine or with what was
        `filled` in by action id; Slack sends what was left out as null."""
        chosen = []
        for name, content in (files or {}).items():
            id = self._file_id()
            self.files[id] = File(name, len(content), content, complete=True)
            url = f"http://127.0.0.1:{self.port}/files-pri/{id}"
            chosen.append(
                {"id": id, "name": name, "size": len(content), "url_private_download": url}
            )
        values: dict[str, Any] = {}
        for block in view["blocks"]:
            element = block["element"]
            given = (filled or {}).get(element["action_id"])
            assert given or block.get("optional") or chosen
            values[block["block_id"]] = {
                element["action_id"]: _given(element, given or words or None, chosen)
            }
        payload = {
            "type": "view_submission",
            "team": {"id": self.team, "domain": "loop"},
            "user": {"id": user, "username": user, "team_id": self.team},
            "view": {**view, "id": "V1", "type": "modal", "state": {"values": values}},
        }
        return await self._interact("interactive", payload)

    async def press_home(self, label: str, *, user: str = "U0LENA") -> Interaction:
        """A button in the app's home of a person."""
        view = self.homes[user]
        block, button = next(
            (block, one)
            for block in view["blocks"]
            if block["type"] == "actions"
            for one in block["elements"]
            if one["text"]["text"] == label
        )
        payload = {
            "type": "block_actions",
            "user": {"id": user, "username": user, "team_id": self.team},
            "team": {"id": self.team, "domain": "loop"},
            "container": {"type": "view", "view_id": "VHOME"},
            "view": {**view, "id": "VHOME"},
            "actions": [
                {
                    "type": "button",
                    "action_id": button["action_id"],
                    "block_id": block.get("block_id", "b1"),
                    "text": button["text"],
                    "value": button["value"],
                    "action_ts": "1.1",
                }
            ],
        }
        return await self._interact("interactive", payload)

    async def event(self, kind: str, **more: Any) -> Interaction:
        """Something that happened: app_mention, app_home_opened."""
        event = {"type": kind, "user": "U0LENA", **more}
        payload = {
            "type": "event_callback",
            "event_id": f"Ev{self._count}",
            "team_id": self.team,
            "event": event,
        }
        return await self._interact("events_api", payload)

    async def shortcut(self, callback: str, message: dict[str, Any]) -> Interaction:
        """A line of a message's menu."""
        payload = {
            "type": "message_action",
            "callback_id": callback,
            "team": {"id": self.team, "domain": "loop"},
            "user": {"id": "U0LENA", "name": "lena", "team_id": self.team},
            "channel": {"id": "C0MAIN", "name": "main"},
            "message": message,
        }
        return await self._interact("interactive", payload)

    def forget(self) -> None:
        """Drops what was posted and asked."""
        memories = (self.messages, self.ephemerals, self.views, self.files, self.calls)
        for memory in (
            *memories,
            self.refused,
            self.pinged,
            self._interactions,
            self._triggers,
        ):
            memory.clear()

    async def refresh(self, reason: str = "refresh_requested") -> None:
        """Tells the app that its sockets end soon, as Slack does every few hours."""
        self.connected.clear()
        for socket in list(self.sockets):
            await socket.send_json({"type": "disconnect", "reason": reason})

    def drop(self) -> None:
        """Cuts all sockets without a word."""
        self.connected.clear()
        for socket in list(self.sockets):
            if socket._req is not None and socket._req.transport is not None:
                socket._req.transport.abort()

    # --- interactions ---------------------------------------------------------------------

    async def _interact(self, kind: str, payload: dict[str, Any]) -> Interaction:
        self._count += 1
        trigger = f"{self._count}.trigger"
        self._triggers[trigger] = self.clock()
        done = Interaction(
            trigger=trigger,
            url=f"http://127.0.0.1:{self.port}/response/{trigger}",
            started=self.clock(),
            acked=asyncio.get_running_loop().create_future(),
        )
        self._interactions[trigger] = done
        payload = {**payload, "token": "legacy-verification-token"}
        if kind != "events_api":
            payload["trigger_id"] = trigger
            if payload.get("type") != "view_submission" and "view" not in payload:
                payload["response_url"] = done.url
        began = time.perf_counter()
        envelope = f"envelope-{self._count}"
        self._last = envelope, kind, payload
        if self.app_url is not None:
            status, text = await self.signed(kind, payload)
            assert status == 200, (status, text)
            done.acked.set_result(text)
        else:
            if not self.sockets:
                raise ApiError("dispatch_failed")
            self._envelopes[envelope] = done
            await self._put(envelope, kind, payload)
            await asyncio.wait_for(asyncio.shield(done.acked), 3)
        done.took = time.perf_counter() - began
        return done

    async def again(self, *, envelope: str = "") -> None:
        """Hands the last request out once more, under a new id (or signature) where one is
        given."""
        assert self._last is not None
        old, kind, payload = self._last
        if self.app_url is not None:
            if envelope:
                status, _ = await self.signed(kind, payload, skew=1)
            else:
                status, _ = await self._post(*self._signed)
            assert status == 200
            return
        acked = asyncio.get_running_loop().create_future()
        self._envelopes[envelope or old] = Interaction(
            trigger="", url="", started=self.clock(), acked=acked
        )
        await self._put(envelope or old, kind, payload)
        await acked

    async def _put(self, envelope: str, kind: str, payload: dict[str, Any]) -> None:
        await self.sockets[-1].send_json(
            {
                "envelope_id": envelope,
                "type": kind,
                "payload": payload,
                "accepts_response_payload": True,
            }
        )

    async def signed(
        self, kind: str, payload: dict[str, Any], *, skew: int = 0, secret: str = SECRET
    ) -> tuple[int, str]:
        """Posts to the app as Slack does in HTTP mode."""
        assert self.app_url is not None
        form = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}
        body = urlencode(form)
        at = str(int(time.time()) + skew)
        digest = hmac.new(
            secret.encode(), f"v0:{at}:{body}".encode(), hashlib.sha256
        ).hexdigest()
        headers = {
            "X-Slack-Request-Timestamp": at,
            "X-Slack-Signature": f"v0={digest}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        self._signed = body, headers
        return await self._post(body, headers)

    async def _post(self, body: str, headers: dict[str, str]) -> tuple[int, str]:
        assert self.app_url is not None
        async with self._session.post(self.app_url, data=body, headers=headers) as response:
            return response.status, await response.text()

    async def _link(self, request: web.Request) -> web.StreamResponse:
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets or self.down:
            return web.Response(status=408)
        self._tickets.remove(ticket)
        socket = web.WebSocketResponse(heartbeat=None)
        await socket.prepare(request)
        await socket.send_json(
            {"type": "hello", "num_connections": 1, "connection_info": {"app_id": "A0LOOP"}}
        )
        self.sockets.append(socket)
        self.connected.set()
        try:
            async for message in socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    body = json.loads(message.data)
                    done = self._envelopes.pop(body["envelope_id"], None)
                    if done is not None and not done.acked.done():
                        done.acked.set_result(body.get("payload"))
        finally:
            self.sockets.remove(socket)
        return socket

    async def _respond(self, request: web.Request) -> web.StreamResponse:
        done = self._interactions[request.match_info["trigger"]]
        body = await request.json()

        async def effect() -> dict[str, Any]:
            done.uses += 1
            if done.uses > 5 or self.clock() > done.started + 1800:
                raise ApiError("used_url")
            check_message(body, self.files)
            self.pinged += pings(body)
            done.answers.append(body)
            done.answered.set()
            return {"ok": True}

        return await self._answer(request, "response", body, effect)

    # --- files ------------------------------------------------------------------------------

    def _file_id(self) -> str:
        self._count += 1
        return f"F{self._count:09d}"

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        content = await request.read()

        async def effect() -> dict[str, Any]:
            self.files[request.match_info["file"]].content = content
            return {"ok": True}

        return await self._answer(request, "upload", {}, effect)

    async def _download(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Bearer {BOT_TOKEN}":
            return web.Response(text="<html>sign in</html>", content_type="text/html")
        return web.Response(body=self.files[request.match_info["file"]].content)

    # --- Web API ----------------------------------------------------------------------------

    async def _api(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        body: dict[str, Any] = dict(request.query)
        if request.content_type == "application/json":
            body |= await request.json()
        else:
            body |= dict(await request.post())
        self.calls.append((method, self.clock()))

        async def effect() -> dict[str, Any]:
            self._authorize(request, method)
            wait = self._pace(method, body)
            if wait is not None:
                raise _Limited(wait)
            handler: Callable[[dict[str, Any]], Awaitable[dict[str, Any]]] | None
            handler = getattr(self, "_" + method.replace(".", "_"), None)
            if handler is None:
                raise ApiError("unknown_method")
            return await handler(body)

        return await self._answer(request, method, body, effect)

    async def _answer(
        self,
        request: web.Request,
        method: str,
        body: dict[str, Any],
        effect: Callable[[], Awaitable[dict[str, Any]]],
    ) -> web.StreamResponse:
        queue = self._faults[method]
        fault = queue.popleft() or None if queue else self.fault_for(method, body)
        if self.down and fault is None:
            fault = "reset"
        if fault in ("429", "429 for a year"):
            return _limited(30 if fault == "429" else YEAR)
        if fault is not None and fault.startswith("error:"):
            return web.json_response({"ok": False, "error": fault[6:]})
        if fault == "empty":
            await effect()
            return web.json_response({"ok": True})
        if fault is not None and not fault.endswith("_after"):
            return await self._break(request, fault)
        step = _step(method, body)
        try:
            self.witness(step, "before")
            result = await effect()
            self.witness(step, "after")
        except _Limited as limited:
            self.limited += 1
            return _limited(limited.wait)
        except ApiError as error:
            self.refused.append({"method": method, **error.body})
            return web.json_response(error.body)
        if fault is not None:
            return await self._break(request, fault.removesuffix("_after"))
        headers = {
            "x-oauth-scopes": ",".join(sorted(self.scopes)),
            "Date": formatdate(self.clock(), usegmt=True),
        }
        return web.json_response({"ok": True, **result}, headers=headers)

    async def _break(self, request: web.Request, fault: str) -> web.StreamResponse:
        if fault == "500":
            return web.Response(status=503, text="<html>oops</html>", content_type="text/html")
        if fault == "garbage":
            return web.Response(text='{"ok": tru', content_type="application/json")
        if fault == "hang":
            let_pass(self.patience)
            await self._closing.wait()
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    def _authorize(self, request: web.Request, method: str) -> None:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        wanted = APP_TOKEN if method == "apps.connections.open" else BOT_TOKEN
        if self.revoked:
            raise ApiError("account_inactive")
        if token != wanted:
            raise ApiError("invalid_auth")
        needed = SCOPES.get(method)
        if needed is not None and needed not in self.scopes:
            raise ApiError("missing_scope", needed=needed, provided=",".join(self.scopes))

    def _pace(self, method: str, body: dict[str, Any]) -> float | None:
        """Seconds to wait where the call comes too early; counts it otherwise."""
        if not self.paced:
            return None
        now = self.clock()
        amount, per, key = PER_MINUTE.get(method, 1000), 60.0, ""
        if method == "chat.postMessage":
            amount, per, key = 1, 1.0, str(body.get("channel"))
        elif method in ("conversations.history", "conversations.replies"):
            amount = self.history_per_minute or amount
        times = self._times[method, key]
        while times and times[0] <= now - per:
            times.popleft()
        if len(times) >= amount:
            return times[0] + per - now
        times.append(now)
        return None

    def _channel(self, id: str, *, write: bool = False) -> Channel:
        channel = self.channels.get(id)
        if channel is None or (channel.private and not channel.member):
            raise ApiError("channel_not_found")
        if write and channel.archived:
            raise ApiError("is_archived")
        if write and not channel.member:
            raise ApiError("not_in_channel")
        return channel

    def _ts(self) -> str:
        self._count += 1
        return f"{int(self.clock())}.{self._count:06d}"

    async def _auth_test(self, body: dict[str, Any]) -> dict[str, Any]:
        return {
            "team_id": self.team,
            "team": "Loop",
            "user_id": BOT_USER,
            "bot_id": "B0BOT",
            "url": "https://loop.slack.com/",
        }

    async def _apps_connections_open(self, body: dict[str, Any]) -> dict[str, Any]:
        self._count += 1
        self._tickets.add(str(self._count))
        return {"url": f"ws://127.0.0.1:{self.port}/link?ticket={self._count}"}

    async def _chat_postMessage(self, body: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        channel = body["channel"]
        if channel in self.people:
            channel = "D" + channel[1:]
            self.channels.setdefault(channel, Channel("direct"))
        self._channel(channel, write=True)
        check_message(body, self.files)
        self._check_poison(body)
        if body.get("thread_ts") and not any(
            m["ts"] == body["thread_ts"] for m in self.messages
        ):
            raise ApiError("thread_not_found")
        message = {k: body[k] for k in ("text", "blocks", "metadata", "thread_ts") if k in body}
        message |= {"ts": self._ts(), "channel": channel, "user": BOT_USER, "bot_id": "B0BOT"}
        message["unfurl"] = bool(
            body.get("unfurl_links", True) or body.get("unfurl_media", True)
        )
        self.pinged += pings(message)
        self.messages.append(message)
        return {"ts": message["ts"], "channel": channel, "message": message}

    async def _chat_update(self, body: dict[str, Any]) -> dict[str, Any]:
        self._channel(body["channel"], write=True)
        message = self._own(body)
        check_message(body, self.files, update=True)
        self._check_poison(body)
        message.setdefault("history", []).append(
            {k: message.get(k) for k in ("text", "blocks", "metadata")}
        )
        message |= {k: body[k] for k in ("text", "blocks", "metadata") if k in body}
        self.pinged += pings(message)
        return {"ts": message["ts"], "channel": body["channel"], "text": message["text"]}

    def _check_poison(self, body: dict[str, Any]) -> None:
        blocks = body.get("blocks") or []
        layout = json.dumps(blocks, ensure_ascii=False)
        if len(blocks) > 1 and any(words in layout for words in self.poison):
            raise ApiError("invalid_blocks")

    async def _chat_delete(self, body: dict[str, Any]) -> dict[str, Any]:
        self.messages.remove(self._own(body))
        return {"ts": body["ts"]}

    def _own(self, body: dict[str, Any]) -> dict[str, Any]:
        for message in self.messages:
            if (message["channel"], message["ts"]) == (body["channel"], body["ts"]):
                return message
        raise ApiError("message_not_found")

    async def _chat_postEphemeral(self, body: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        channel = self._channel(body["channel"], write=True)
        if body["user"] not in channel.people:
            raise ApiError("user_not_in_channel")
        check_message(body, self.files)
        self.pinged += pings(body)
        self.ephemerals.append(body)
        return {"message_ts": self._ts()}

    async def _conversations_info(self, body: dict[str, Any]) -> dict[str, Any]:
        channel = self._channel(body["channel"])
        return {
            "channel": {
                "id": body["channel"],
                "name": channel.name,
                "is_member": channel.member,
                "is_archived": channel.archived,
                "is_private": channel.private,
            }
        }

    async def _conversations_members(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"members": sorted(self._channel(body["channel"]).people)}

    async def _conversations_history(self, body: dict[str, Any]) -> dict[str, Any]:
        self._channel(body["channel"], write=False)
        found = self.shown(body["channel"])[::-1]
        return self._page(found, body)

    async def _conversations_replies(self, body: dict[str, Any]) -> dict[str, Any]:
        self._channel(body["channel"], write=False)
        root = [m for m in self.shown(body["channel"]) if m["ts"] == body["ts"]]
        if not root:
            raise ApiError("thread_not_found")
        return self._page(root + self.thread(body["ts"]), body, keep=root)

    def _page(
        self,
        found: list[dict[str, Any]],
        body: dict[str, Any],
        keep: list[dict[str, Any]] | None = None,
    ) -> dict[str, Any]:
        oldest, latest = float(body.get("oldest") or 0), float(body.get("latest") or 1e12)
        found = [m for m in found if oldest < float(m["ts"]) < latest or m in (keep or [])]
        most = 15 if self.history_per_minute else 999
        limit, start = min(int(body.get("limit") or 100), most), int(body.get("cursor") or 0)
        page = [dict(m) for m in found[start : start + limit]]
        for message in page:
            message["reply_count"] = len(self.thread(message["ts"]))
            if body.get("include_all_metadata") not in (True, "1", "true"):
                message.pop("metadata", None)
        more = len(found) > start + limit
        cursor = str(start + limit) if more else ""
        return {
            "messages": page,
            "has_more": more,
            "response_metadata": {"next_cursor": cursor},
        }

    async def _files_getUploadURLExternal(self, body: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        id = self._file_id()
        self.files[id] = File(body["filename"], int(body["length"]))
        return {"file_id": id, "upload_url": f"http://127.0.0.1:{self.port}/upload/{id}"}

    async def _files_completeUploadExternal(self, body: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        channel, thread = body.get("channel_id"), body.get("thread_ts")
        chosen = json.loads(body["files"])
        if channel:
            self._channel(channel, write=True)
        for entry in chosen:
            file = self.files.get(entry["id"])
            if file is None or len(file.content) != file.length:
                raise ApiError("file_not_found")
            file.complete, file.wait = True, self.file_wait
            if channel:
                message: dict[str, Any] = {"ts": self._ts(), "channel": channel, "text": ""}
                message["files"] = [{"id": entry["id"], "name": file.name}]
                if thread:
                    message["thread_ts"] = thread
                self.messages.append(message)
        return {"files": [{"id": entry["id"]} for entry in chosen]}

    async def _users_info(self, body: dict[str, Any]) -> dict[str, Any]:
        person = self.people.get(body["user"])
        if person is None:
            raise ApiError("user_not_found")
        return {"user": {"id": body["user"], "team_id": self.team, "profile": {}, **person}}

    async def _usergroups_list(self, body: dict[str, Any]) -> dict[str, Any]:
        groups = [
            {"id": id, "handle": id.lower(), "users": users}
            for id, users in self.groups.items()
        ]
        return {"usergroups": groups}

    async def _usergroups_users_list(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"users": self.groups.get(body["usergroup"], [])}

    async def _views_publish(self, body: dict[str, Any]) -> dict[str, Any]:
        view = body["view"]
        if view["type"] != "home" or any(one["type"] == "table" for one in view["blocks"]):
            raise ApiError("invalid_arguments")
        check_blocks(view["blocks"], self.files, 100)
        self.homes[body["user_id"]] = view
        return {"view": {**view, "id": "VHOME"}}

    async def _views_open(self, body: dict[str, Any]) -> dict[str, Any]:
        opened = self._triggers.pop(body["trigger_id"], None)
        if opened is None:
            raise ApiError("exchanged_trigger_id")
        if self.clock() > opened + 3:
            raise ApiError("expired_trigger_id")
        view = body["view"]
        check_blocks(view["blocks"], self.files, 100)
        if len(view["title"]["text"]) > 24 or len(view.get("private_metadata", "")) > 3000:
            raise ApiError("invalid_arguments")
        self.views.append(view)
        return {"view": {**view, "id": "V1"}}


def _given(element: dict[str, Any], value: str | None, files: list[Any]) -> dict[str, Any]:
    """One field of a form as Slack sends it back."""
    kind = element["type"]
    if kind == "file_input":
        return {"type": kind, "files": files}
    if kind == "static_select":
        known = [one for one in element["options"] if one["value"] == value]
        assert known or value is None
        return {"type": kind, "selected_option": known[0] if known else None}
    if kind == "datepicker":
        return {"type": kind, "selected_date": value}
    return {"type": kind, "value": value or element.get("initial_value")}


class _Limited(Exception):
    def __init__(self, wait: float) -> None:
        self.wait = wait
        super().__init__(wait)


def _step(method: str, body: dict[str, Any]) -> str:
    """What a call is in the life of a message."""
    if method == "chat.postMessage":
        return "thread" if body.get("thread_ts") else "post"
    return {"chat.update": "edit"}.get(method, method)


def _limited(wait: float) -> web.Response:
    return web.json_response(
        {"ok": False, "error": "ratelimited"},
        status=429,
        headers={"Retry-After": str(max(1, int(wait + 0.999)))},
    )


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
