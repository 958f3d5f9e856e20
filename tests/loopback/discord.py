"""A Discord on loopback: REST and gateway v10, real enough for the unmodified library.

Behaves as documented, and as measured where the documents are silent: nonces are forgotten
after two minutes of `wall`, windows of rate limits are fixed, an interaction must be
acknowledged within three seconds and its token lives for fifteen minutes.
"""

from __future__ import annotations

import asyncio
import copy
import itertools
import json
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

from aiohttp import WSMsgType, web

from tests.loopback.discord_rules import (
    LAYOUT,
    check_command,
    check_form,
    check_message,
    pings,
    walk,
)
from tests.loopback.waiting import let_pass

EPOCH_MS = 1420070400000
YEAR = 365 * 86400.0
TOKEN = "loopback.bot.token"
BOT, APPLICATION = 555000000000000001, 555000000000000001
GUILD, CHANNEL, ROLE = 800000000000000001, 900000000000000001, 700000000000000001
NONCE_SECONDS, ACK_SECONDS, TOKEN_SECONDS = 120.0, 3.0, 900.0
ALL = ((1 << 50) - 1) & ~(1 << 3)
"""Every permission but Administrator, which no denial could touch."""
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Limited(Exception):
    def __init__(self, retry_after: float) -> None:
        self.retry_after = retry_after
        super().__init__()


class Refusal(Exception):
    def __init__(self, status: int, code: int, message: str, errors: Any = None) -> None:
        self.status = status
        self.body: dict[str, Any] = {"message": message, "code": code}
        if errors:
            self.body["errors"] = errors


@dataclass(slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong `times` times at a `step`: post, upload, edit, thread, look,
    acknowledge, answer, or "" for any. `name` is one of FAULTS."""

    name: str
    step: str = ""
    times: int = 1
    retry_after: float = 0.05


FAULTS = (
    "429",
    "429 global",
    "429 without via",
    "500 before",
    "500 after",
    "503 before",
    "reset before",
    "reset after",
    "hang before",
    "hang after",
    "garbage before",
    "garbage after",
    "no permission",
    "no access",
    "unknown channel",
)


@dataclass(slots=True, kw_only=True)
class Asked:
    """One interaction of a person, and what became of it."""

    id: str
    token: str
    at: float
    sent: float
    kind: int
    acknowledged: float | None = None
    ephemeral: bool = False
    answer: dict[str, Any] | None = None
    more: list[dict[str, Any]] = field(default_factory=list)
    choices: list[dict[str, Any]] | None = None
    form: dict[str, Any] | None = None
    done: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True, kw_only=True)
class Session:
    id: str
    shard: int = 0
    intents: int = 0
    sequence: int = 0
    events: list[tuple[int, str, Any]] = field(default_factory=list)
    socket: web.WebSocketResponse | None = None
    deflate: Any = None


class LoopbackDiscord:
    """`window` is how many messages a channel takes in how many seconds.

    Discord asks for a heartbeat every 41 seconds; here once a day, so that no thread of the
    library wakes up after its test is over, in the longest run.
    """

    def __init__(
        self,
        *,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        window: tuple[int, float] = (5, 5.0),
        heartbeat_ms: int = 86_400_000,
        nonce_seconds: float = NONCE_SECONDS,
    ) -> None:
        self.wall, self.monotonic = wall, monotonic
        self.window = window
        self.heartbeat_ms = heartbeat_ms
        self.nonce_seconds = nonce_seconds
        self.token = TOKEN
        self.gateway_open = True
        self.rest_open = True
        self.faults: list[Fault] = []
        self.patience = 0.0
        """How long a sender waits where an answer hangs: as much time passes at once."""
        self.poison: set[str] = set()
        """Words that are refused (50035) wherever a layout holds them."""
        self.witness: Callable[[str, str], None] = lambda step, moment: None
        """Told of each request, before and after its effect: a test may kill its sender."""
        self.requests: list[tuple[str, str, int]] = []
        self.limited = 0
        """How many requests were answered 429."""
        self.creates = 0
        self.pings: list[tuple[str, str]] = []
        self.posted: list[str] = []
        self.identifies: list[int] = []
        self.resumes = 0
        self.commands: dict[str, dict[str, Any]] = {}
        self.user_install = False
        """Whether the app's owner lets people install it for themselves."""
        self.guilds: dict[str, dict[str, Any]] = {}
        self.channels: dict[str, dict[str, Any]] = {}
        self.messages: dict[str, dict[str, dict[str, Any]]] = {}
        self.files: dict[str, bytes] = {}
        self.asked: dict[str, Asked] = {}
        self.sessions: dict[str, Session] = {}
        self._nonces: dict[str, tuple[float, dict[str, Any]]] = {}
        self._windows: dict[str, tuple[float, int]] = {}
        self._counter = itertools.count(1)
        self._sending: set[asyncio.Future[None]] = set()
        self._last_snowflake = 0
        self._interaction: dict[str, Any] = {}
        self.add_guild(GUILD, {ROLE: "Social leads"})
        self.add_channel(CHANNEL, GUILD)
        self.members: dict[str, list[str]] = {}
        """People of every guild, with their roles."""
        self.absent: set[tuple[str, str]] = set()
        """Guild and person: who is not in this one."""
        self._server: web.AppRunner | None = None
        self.base = ""

    # --- the world ----------------------------------------------------------------------

    def add_guild(self, guild: int, roles: Mapping[int, str] | None = None) -> None:
        everyone = _role(guild, "@everyone", ALL)
        self.guilds[str(guild)] = {
            "roles": [everyone, *(_role(one, name, 0) for one, name in (roles or {}).items())]
        }

    def add_channel(self, channel: int, guild: int, *, parent: int | None = None) -> None:
        self.channels[str(channel)] = {
            "id": str(channel),
            "guild_id": str(guild),
            "type": 11 if parent else 0,
            "name": f"channel-{channel}",
            "position": 0,
            "permission_overwrites": [],
            "nsfw": False,
            "parent_id": str(parent) if parent else None,
        }
        self.messages[str(channel)] = {}

    def deny(self, channel: int, bits: int) -> None:
        """Takes permissions from everybody in one channel."""
        place = self.channels[str(channel)]
        place["permission_overwrites"] = [
            {"id": place["guild_id"], "type": 0, "allow": "0", "deny": str(bits)}
        ]

    def denied(self, channel: str) -> int:
        place = self.channels[channel]
        owner = self.channels.get(place["parent_id"] or "", place)
        return sum(int(one["deny"]) for one in owner["permission_overwrites"])

    def remove_channel(self, channel: int) -> None:
        gone = self.channels.pop(str(channel))
        self.messages.pop(str(channel), None)
        self.dispatch("CHANNEL_DELETE", gone)

    def delete_message(self, channel: int, message: str) -> None:
        del self.messages[str(channel)][message]

    def shown(self, channel: int = CHANNEL) -> list[dict[str, Any]]:
        """The channel's messages, oldest first."""
        return list(self.messages[str(channel)].values())

    def fail(
        self, name: str, step: str = "", times: int = 1, retry_after: float = 0.05
    ) -> None:
        assert name in FAULTS
        self.faults.append(Fault(name=name, step=step, times=times, retry_after=retry_after))

    def snowflake(self) -> str:
        stamp = (int(self.wall() * 1000) - EPOCH_MS) << 22
        self._last_snowflake = max(stamp, self._last_snowflake + 1)
        return str(self._last_snowflake)

    # --- serving ------------------------------------------------------------------------

    async def start(self) -> None:
        app = web.Application(middlewares=[self._middleware], client_max_size=1 << 26)
        api = "/api/v10"
        message = api + "/channels/{channel}/messages/{message}"
        hook = api + "/webhooks/{application}/{token}"
        app.add_routes(
            [
                web.get("/gateway", self._gateway, name="gateway"),
                web.get("/gateway/", self._gateway),
                web.get("/cdn/{name}/{file}", self._cdn, name="cdn"),
                web.get(api + "/users/@me", self._me),
                web.get(api + "/oauth2/applications/@me", self._application),
                web.get(api + "/gateway/bot", self._gateway_bot),
                web.get(api + "/channels/{channel}", self._get_channel),
                web.get(api + "/users/@me/guilds", self._own_guilds),
                web.get(api + "/guilds/{guild}", self._get_guild),
                web.get(api + "/guilds/{guild}/channels", self._guild_channels),
                web.get(
                    api + "/guilds/{guild}/members/{user}", self._get_member, name="member"
                ),
                web.get(api + "/channels/{channel}/messages", self._history, name="look"),
                web.post(api + "/channels/{channel}/messages", self._post, name="post"),
                web.get(message, self._get_message),
                web.patch(message, self._patch, name="edit"),
                web.post(message + "/threads", self._make_thread, name="thread"),
                web.get(api + "/applications/{application}/commands", self._get_commands),
                web.put(api + "/applications/{application}/commands", self._put_commands),
                web.post(api + "/applications/{application}/commands", self._upsert_command),
                web.post(
                    api + "/interactions/{interaction}/{token}/callback",
                    self._callback,
                    name="acknowledge",
                ),
                web.patch(hook + "/messages/@original", self._answer, name="answer"),
                web.post(hook, self._follow_up),
            ]
        )
        self._server = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._server.setup()
        port = int(self.base.rpartition(":")[2]) if self.base else 0
        site = web.TCPSite(self._server, "127.0.0.1", port)
        await site.start()
        address = self._server.addresses[0]
        self.base = f"http://127.0.0.1:{address[1]}"

    async def stop(self) -> None:
        """Closes everything; `start` comes back on the same port with the same state."""
        for session in self.sessions.values():
            if session.socket and not session.socket.closed:
                await session.socket.close(code=1001)
        if self._server:
            await self._server.cleanup()

    @property
    def api_base(self) -> str:
        return f"{self.base}/api/v10"

    @property
    def gateway(self) -> str:
        return self.base.replace("http", "ws") + "/gateway"

    @web.middleware
    async def _middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        name = request.match_info.route.name or ""
        if name in {"gateway", "cdn"} or request.path.startswith("/gateway"):
            return await handler(request)
        if not self.rest_open:
            return _abort(request)
        response = await self._answered(request, handler, self._step(request, name))
        self.requests.append((request.method, request.path, response.status))
        del self.requests[:-5000]
        return response

    def _step(self, request: web.Request, name: str) -> str:
        if name != "post":
            return name
        place = self.channels.get(request.match_info["channel"])
        if place is None or place["type"] == 11:
            return "thread"
        return "upload" if request.content_type.startswith("multipart/") else "post"

    async def _answered(
        self, request: web.Request, handler: Handler, step: str
    ) -> web.StreamResponse:
        fault = self._next_fault(step)
        what, _, when = fault.name.partition(" ") if fault else ("", "", "")
        if fault and what == "429":
            return self._limited(when, fault.retry_after)
        if fault and when in {"permission", "access", "channel"}:
            codes = {
                "permission": (403, 50013),
                "access": (403, 50001),
                "channel": (404, 10003),
            }
            status, code = codes[when]
            return _json({"message": fault.name, "code": code}, status)
        if what and when == "before":
            return await self._break(request, what)
        try:
            headers = self._count(request, step)
            self.witness(step, "before")
            response = await handler(request)
            self.witness(step, "after")
            response.headers.update(headers)
        except Limited as limited:
            return self._limited("", limited.retry_after)
        except Refusal as refusal:
            response = _json(refusal.body, refusal.status)
        if what:
            return await self._break(request, what)
        return response

    def _next_fault(self, step: str) -> Fault | None:
        for fault in self.faults:
            if fault.times > 0 and fault.step in {"", step}:
                fault.times -= 1
                if fault.times <= 0:
                    self.faults.remove(fault)
                return fault
        return None

    async def _break(self, request: web.Request, what: str) -> web.StreamResponse:
        if what == "reset":
            return _abort(request)
        if what == "hang":
            let_pass(self.patience)
            await asyncio.sleep(30)
        if what == "garbage":
            return web.Response(text="<html>upstream</html>", content_type="text/html")
        return web.Response(status=int(what) if what.isdigit() else 500, text="upstream error")

    def _limited(self, how: str, retry_after: float) -> web.Response:
        body = {"message": "You are being rate limited.", "retry_after": retry_after}
        scope = "global" if how == "global" else "shared"
        headers = {"Retry-After": str(retry_after), "X-RateLimit-Scope": scope}
        if how != "without via":
            headers["Via"] = "1.1 google"
        if how == "global":
            headers["X-RateLimit-Global"] = "true"
        self.limited += 1
        return _json({**body, "global": how == "global"}, 429, headers)

    def _count(self, request: web.Request, step: str) -> dict[str, str]:
        """A fixed window per channel for new messages, another for edits."""
        if step not in {"post", "upload", "thread", "edit"}:
            return {}
        if request.path.endswith("/threads"):
            return {}
        kind = "edit" if step == "edit" else "post"
        key = f"{kind}:{request.match_info['channel']}"
        limit, seconds = self.window
        now = self.monotonic()
        started, used = self._windows.get(key, (now, 0))
        if now - started >= seconds:
            started, used = now, 0
        left = seconds - (now - started)
        if used >= limit:
            raise Limited(left)
        self._windows[key] = (started, used + 1)
        return {
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(limit - used - 1),
            "X-RateLimit-Reset": f"{time.time() + left:.3f}",
            "X-RateLimit-Reset-After": f"{left:.3f}",
            "X-RateLimit-Bucket": f"hash-{kind}",
        }

    def _check_token(self, request: web.Request) -> None:
        if request.headers.get("Authorization") != f"Bot {self.token}":
            raise Refusal(401, 0, "401: Unauthorized")

    # --- REST: who and where ------------------------------------------------------------

    async def _me(self, request: web.Request) -> web.Response:
        self._check_token(request)
        return _json(_user(BOT, "ebbwatch", bot=True))

    async def _application(self, request: web.Request) -> web.Response:
        self._check_token(request)
        installs: dict[str, Any] = {"0": {}, **({"1": {}} if self.user_install else {})}
        return _json(
            {
                "id": str(APPLICATION),
                "name": "ebbwatch",
                "description": "",
                "icon": None,
                "summary": "",
                "bot_public": True,
                "bot_require_code_grant": False,
                "verify_key": "00",
                "flags": 0,
                "team": None,
                "owner": _user(1, "owner"),
                "integration_types_config": installs,
            }
        )

    async def _gateway_bot(self, request: web.Request) -> web.Response:
        self._check_token(request)
        limits = {"total": 1000, "remaining": 999, "reset_after": 0, "max_concurrency": 1}
        return _json({"url": self.gateway, "shards": 1, "session_start_limit": limits})

    def _place(self, request: web.Request) -> dict[str, Any]:
        self._check_token(request)
        place = self.channels.get(request.match_info["channel"])
        if place is None:
            raise Refusal(404, 10003, "Unknown Channel")
        if place["guild_id"] not in self.guilds or self.denied(place["id"]) & (1 << 10):
            raise Refusal(403, 50001, "Missing Access")
        return place

    async def _get_channel(self, request: web.Request) -> web.Response:
        return _json(self._place(request))

    def _guild(self, guild: str) -> dict[str, Any]:
        return {
            "id": guild,
            "name": f"guild {guild}",
            "owner_id": "1",
            "roles": self.guilds[guild]["roles"],
            "emojis": [],
            "stickers": [],
            "features": [],
            "verification_level": 0,
            "default_message_notifications": 0,
            "explicit_content_filter": 0,
            "mfa_level": 0,
            "premium_tier": 0,
            "nsfw_level": 0,
            "system_channel_flags": 0,
            "preferred_locale": "en-US",
            "afk_timeout": 300,
        }

    def _own_member(self) -> dict[str, Any]:
        return {
            "user": _user(BOT, "ebbwatch", bot=True),
            "roles": [],
            "joined_at": "2026-01-01T00:00:00+00:00",
            "deaf": False,
            "mute": False,
            "flags": 0,
        }

    async def _get_guild(self, request: web.Request) -> web.Response:
        self._check_token(request)
        if request.match_info["guild"] not in self.guilds:
            raise Refusal(404, 10004, "Unknown Guild")
        return _json(self._guild(request.match_info["guild"]))

    async def _own_guilds(self, request: web.Request) -> web.Response:
        self._check_token(request)
        return _json([{"id": guild, "name": f"guild-{guild}"} for guild in self.guilds])

    async def _guild_channels(self, request: web.Request) -> web.Response:
        self._check_token(request)
        guild = request.match_info["guild"]
        return _json([one for one in self.channels.values() if one["guild_id"] == guild])

    async def _get_member(self, request: web.Request) -> web.Response:
        self._check_token(request)
        guild, user = request.match_info["guild"], request.match_info["user"]
        if guild not in self.guilds:
            raise Refusal(403, 50001, "Missing Access")
        if user == str(BOT):
            return _json(self._own_member())
        if user not in self.members or (guild, user) in self.absent:
            raise Refusal(404, 10007, "Unknown Member")
        person = {"user": _user(int(user), f"person {user}"), "roles": self.members[user]}
        return _json(self._own_member() | person)

    # --- REST: messages -----------------------------------------------------------------

    async def _post(self, request: web.Request) -> web.Response:
        place = self._place(request)
        body, uploads = await _read(request)
        thread = place["type"] == 11
        needed = (1 << 38) if thread else (1 << 11)
        if body.get("embeds"):
            needed |= 1 << 14
        if uploads:
            needed |= 1 << 15
        if self.denied(place["id"]) & needed:
            raise Refusal(403, 50013, "Missing Permissions")
        nonce = str(body.get("nonce") or "")
        if nonce and body.get("enforce_nonce"):
            at, known = self._nonces.get(nonce, (0.0, {}))
            if known and self.wall() - at < self.nonce_seconds:
                if known["id"] not in self.messages[known["channel_id"]]:
                    raise Refusal(404, 10008, "Unknown Message")
                return _json({**known, "nonce": nonce})
        files = self._files(body, uploads, [])
        if not any(body.get(key) for key in ("content", "embeds", "components")) and not files:
            raise Refusal(400, 50006, "Cannot send an empty message")
        message = self._new_message(place["id"], _user(BOT, "ebbwatch", bot=True))
        self._fill(message, body, files)
        message["flags"] |= body.get("flags", 0)
        self.messages[place["id"]][message["id"]] = message
        self.posted.append(message["id"])
        self.pings += [(message["id"], who) for who in pings(body)]
        if nonce:
            self._nonces[nonce] = (self.wall(), message)
            self._forget_old_nonces()
        return _json({**message, "nonce": nonce})

    def forget(self) -> None:
        """Drops what was posted and asked."""
        for shown in self.messages.values():
            shown.clear()
        for session in self.sessions.values():
            session.events.clear()
        for memory in (self.posted, self.requests, self.pings, self.files, self.asked):
            memory.clear()
        self._nonces.clear()

    def _forget_old_nonces(self) -> None:
        while self._nonces:
            oldest = next(iter(self._nonces))
            if self.wall() - self._nonces[oldest][0] < self.nonce_seconds:
                return
            del self._nonces[oldest]

    def _new_message(self, channel: str, author: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": self.snowflake(),
            "channel_id": channel,
            "author": author,
            "content": "",
            "timestamp": datetime.fromtimestamp(self.wall(), UTC).isoformat(),
            "edited_timestamp": None,
            "tts": False,
            "mention_everyone": False,
            "mentions": [],
            "mention_roles": [],
            "attachments": [],
            "embeds": [],
            "components": [],
            "pinned": False,
            "type": 0,
            "flags": 0,
        }

    def say(self, text: str, channel: int = CHANNEL, author: int = 77) -> dict[str, Any]:
        """A message of somebody else."""
        message = self._new_message(str(channel), _user(author, "somebody"))
        message["content"] = text
        self.messages[str(channel)][message["id"]] = message
        return message

    def _files(
        self,
        body: Mapping[str, Any],
        uploads: Mapping[str, bytes],
        present: list[dict[str, Any]],
    ) -> list[dict[str, Any]]:
        """Attachments afterwards: those listed stay; where none are listed, all stay."""
        listed = body.get("attachments")
        alts = {one.get("filename"): one.get("description") for one in listed or []}
        kept = [
            one
            for one in present
            if listed is None or any(str(item.get("id")) == one["id"] for item in listed)
        ]
        added = []
        for name, content in uploads.items():
            number = self.snowflake()
            self.files[number] = content
            added.append(
                {
                    "id": number,
                    "filename": name,
                    "description": alts.get(name),
                    "size": len(content),
                    "url": f"{self.base}/cdn/{number}/{name}",
                    "proxy_url": f"{self.base}/cdn/{number}/{name}",
                }
            )
        return kept + added

    def _fill(
        self, message: dict[str, Any], body: Mapping[str, Any], files: list[dict[str, Any]]
    ) -> None:
        by_name = {one["filename"]: b"" for one in files}
        # the flag of a message made of components stays for its life
        frame = int(message["flags"] | body.get("flags", 0)) & LAYOUT
        if frame and not message["flags"] & LAYOUT and message["embeds"]:
            raise Refusal(400, 50035, "Invalid Form Body")
        body = {**body, "flags": frame}
        if errors := check_message(body, by_name):
            raise Refusal(400, 50035, "Invalid Form Body", errors)
        layout = json.dumps([body.get("embeds"), body.get("components")], ensure_ascii=False)
        framed = any(one.get("type") in (1, 17) for one in body.get("components") or ())
        if framed and any(words in layout for words in self.poison):
            raise Refusal(400, 50035, "Invalid Form Body")
        for key in ("content", "embeds", "components"):
            if key in body:
                message[key] = body[key] or ([] if key != "content" else "")
        message["flags"] |= frame
        if "components" in body:
            message["components"] = _numbered(message["components"])
        for old in message["attachments"]:
            if old not in files:
                self.files.pop(old["id"], None)
        message["attachments"] = files
        for embed in message["embeds"]:
            url = (embed.get("image") or {}).get("url", "")
            for one in files:
                if url == f"attachment://{one['filename']}":
                    embed["image"] = {"url": one["url"]}

    async def _patch(self, request: web.Request) -> web.Response:
        place = self._place(request)
        message = self.messages[place["id"]].get(request.match_info["message"])
        if message is None:
            raise Refusal(404, 10008, "Unknown Message")
        if message["author"]["id"] != str(BOT):
            raise Refusal(403, 50005, "Cannot edit a message authored by another user")
        body, uploads = await _read(request)
        files = self._files(body, uploads, message["attachments"])
        self._fill(message, body, files)
        message["edited_timestamp"] = datetime.fromtimestamp(self.wall(), UTC).isoformat()
        return _json(message)

    async def _get_message(self, request: web.Request) -> web.Response:
        place = self._place(request)
        message = self.messages[place["id"]].get(request.match_info["message"])
        if message is None:
            raise Refusal(404, 10008, "Unknown Message")
        return _json(message)

    async def _history(self, request: web.Request) -> web.Response:
        """Newest first; nothing at all without Read Message History, and no error."""
        place = self._place(request)
        if self.denied(place["id"]) & (1 << 16):
            return _json([])
        limit = int(request.query.get("limit", 50))
        if not 1 <= limit <= 100:
            raise Refusal(400, 50035, "Invalid Form Body")
        ordered = sorted(self.messages[place["id"]].values(), key=lambda one: int(one["id"]))
        query = request.query
        if "around" in query:
            ordered.sort(key=lambda one: abs(int(one["id"]) - int(query["around"])))
            found = sorted(ordered[:limit], key=lambda one: int(one["id"]))
        elif "after" in query:
            found = [one for one in ordered if int(one["id"]) > int(query["after"])][:limit]
        elif "before" in query:
            found = [one for one in ordered if int(one["id"]) < int(query["before"])][-limit:]
        else:
            found = ordered[-limit:]
        return _json(found[::-1])

    async def _make_thread(self, request: web.Request) -> web.Response:
        place = self._place(request)
        if self.denied(place["id"]) & (1 << 35):
            raise Refusal(403, 50013, "Missing Permissions")
        number = request.match_info["message"]
        if number in self.channels:
            raise Refusal(400, 160004, "A thread has already been created for this message")
        if number not in self.messages[place["id"]]:
            raise Refusal(404, 10008, "Unknown Message")
        body = await request.json()
        if not 1 <= len(body["name"]) <= 100:
            raise Refusal(400, 50035, "Invalid Form Body")
        self.add_channel(int(number), int(place["guild_id"]), parent=int(place["id"]))
        self.channels[number]["name"] = body["name"]
        return _json(self.channels[number], 201)

    async def _cdn(self, request: web.Request) -> web.Response:
        content = self.files.get(request.match_info["name"])
        return web.Response(body=content) if content is not None else web.Response(status=404)

    # --- REST: commands and answers -----------------------------------------------------

    async def _get_commands(self, request: web.Request) -> web.Response:
        """Translations only where they are asked for."""
        self._check_token(request)
        found = list(self.commands.values())
        if request.query.get("with_localizations") != "true":
            found = [_untranslated(one) for one in found]
        return _json(found)

    async def _put_commands(self, request: web.Request) -> web.Response:
        self._check_token(request)
        wanted = await request.json()
        kept = {one["name"]: self._register(one) for one in wanted}
        self.commands = kept
        return _json(list(kept.values()))

    async def _upsert_command(self, request: web.Request) -> web.Response:
        self._check_token(request)
        body = await request.json()
        self.commands[body["name"]] = self._register(body)
        return _json(self.commands[body["name"]], 201)

    def _register(self, body: dict[str, Any]) -> dict[str, Any]:
        if errors := check_command(body):
            raise Refusal(400, 50035, "Invalid Form Body", errors)
        known = self.commands.get(body["name"])
        if known is None:
            if self.creates >= 200:
                raise Refusal(400, 30034, "Maximum number of daily application command creates")
            self.creates += 1
        return {
            **body,
            "id": known["id"] if known else self.snowflake(),
            "application_id": str(APPLICATION),
            "version": self.snowflake(),
            "default_member_permissions": None,
            "name_localizations": None,
            "description_localizations": body.get("description_localizations"),
            "nsfw": False,
            "integration_types": body.get("integration_types", [0]),
        }

    async def _callback(self, request: web.Request) -> web.Response:
        asked = self.asked.get(request.match_info["token"])
        if asked is None or asked.id != request.match_info["interaction"]:
            raise Refusal(404, 10062, "Unknown interaction")
        if asked.acknowledged is not None:
            raise Refusal(400, 40060, "Interaction has already been acknowledged.")
        if self.wall() - asked.at > ACK_SECONDS:
            raise Refusal(404, 10062, "Unknown interaction")
        body, uploads = await _read(request)
        data = body.get("data") or {}
        kind = body["type"]
        if (kind == 8) != (asked.kind == 4) or kind not in {4, 5, 6, 7, 8, 9}:
            raise Refusal(400, 50035, "Invalid Form Body")
        asked.acknowledged = self.monotonic()
        asked.ephemeral = bool(data.get("flags", 0) & 64)
        if kind == 8:
            bad = len(data["choices"]) > 25 or any(
                not (1 <= len(one["name"]) <= 100 and 1 <= len(str(one["value"])) <= 100)
                for one in data["choices"]
            )
            if bad:
                raise Refusal(400, 50035, "Invalid Form Body")
            asked.choices = data["choices"]
            asked.done.set()
        if kind == 9:
            if asked.kind == 5 or check_form(data):
                raise Refusal(400, 50035, "Invalid Form Body")
            asked.form = data
            asked.done.set()
        if kind == 4:
            self._show(asked, data, uploads)
        return _json({"interaction": {"id": asked.id, "type": asked.kind}})

    def _show(
        self, asked: Asked, body: Mapping[str, Any], uploads: Mapping[str, bytes]
    ) -> None:
        message = asked.answer or self._new_message("0", _user(BOT, "ebbwatch", bot=True))
        self._fill(message, body, self._files(body, uploads, message["attachments"]))
        asked.answer = message
        asked.done.set()

    def _hook(self, request: web.Request) -> Asked:
        asked = self.asked.get(request.match_info["token"])
        if asked is None or asked.acknowledged is None:
            raise Refusal(404, 10015, "Unknown Webhook")
        if self.wall() - asked.at > TOKEN_SECONDS:
            raise Refusal(401, 50027, "Invalid Webhook Token")
        return asked

    async def _answer(self, request: web.Request) -> web.Response:
        asked = self._hook(request)
        body, uploads = await _read(request)
        self._show(asked, body, uploads)
        return _json(asked.answer)

    async def _follow_up(self, request: web.Request) -> web.Response:
        """The first one after a deferral takes the place of the loading message."""
        asked = self._hook(request)
        if asked.answer is None:
            return await self._answer(request)
        body, uploads = await _read(request)
        message = self._new_message("0", _user(BOT, "ebbwatch", bot=True))
        self._fill(message, body, self._files(body, uploads, []))
        message["flags"] |= body.get("flags", 0)
        asked.more.append(message)
        return _json(message)

    # --- people -------------------------------------------------------------------------

    def slash(
        self,
        name: str,
        /,
        *,
        focused: str | None = None,
        guild: int = GUILD,
        roles: tuple[int, ...] = (),
        filename: str = "export.csv",
        **options: Any,
    ) -> Asked:
        """`/ebb name option:value ...`; bytes are sent as a file, `focused` autocompletes."""
        resolved: dict[str, Any] = {"attachments": {}}
        sent = []
        for key, value in options.items():
            kind = {bool: 5, int: 10, float: 10, bytes: 11}.get(type(value), 3)
            if kind == 11:
                number = self.snowflake()
                self.files[number] = value
                resolved["attachments"][number] = {
                    "id": number,
                    "filename": filename,
                    "size": len(value),
                    "url": f"{self.base}/cdn/{number}/{filename}",
                    "proxy_url": f"{self.base}/cdn/{number}/{filename}",
                }
                value = number
            option = {"name": key, "type": kind, "value": value}
            if key == focused:
                option["focused"] = True
            sent.append(option)
        nested: list[dict[str, Any]] = sent
        words = name.split()
        for depth, word in enumerate(reversed(words)):
            nested = [{"name": word, "type": 1 if depth == 0 else 2, "options": nested}]
        data = {"id": "1", "name": "ebb", "type": 1, "options": nested, "resolved": resolved}
        places = [one for one in self.channels.values() if one["guild_id"] == str(guild)]
        channel = int(places[0]["id"])
        kind = 4 if focused else 2
        return self.interact(kind, data, guild=guild, channel=channel, roles=roles)

    def direct(self, name: str, /, *, user: int = 4242, **options: str) -> Asked:
        """A command of the app that a person installed, in a direct message."""
        sent = [{"name": key, "type": 3, "value": value} for key, value in options.items()]
        data = {"id": "2", "name": name, "type": 1, "options": sent}
        return self.interact(2, data, guild=None, user=user)

    def press(self, custom_id: str, message: dict[str, Any] | None = None) -> Asked:
        return self.interact(3, {"custom_id": custom_id, "component_type": 2}, message)

    def choose(
        self, custom_id: str, value: str, message: dict[str, Any] | None = None
    ) -> Asked:
        """One line of a menu."""
        data = {"custom_id": custom_id, "component_type": 3, "values": [value]}
        return self.interact(3, data, message)

    def submit(
        self, form: Mapping[str, Any], filled: Mapping[str, str], *, permissions: int = 0
    ) -> Asked:
        """A form that a person was shown, filled in; Discord sends what was left out empty."""
        rows = []
        for row in form["components"]:
            one = row["component"]
            value = filled.get(one["custom_id"], "")
            assert value or not one["required"]
            chosen = {"values": [value] if value else []}
            told = chosen if one["type"] == 3 else {"value": value}
            shown = {"type": one["type"], "custom_id": one["custom_id"], **told}
            rows.append({"type": 18, "component": shown})
        data = {"custom_id": form["custom_id"], "components": rows}
        return self.interact(5, data, permissions=permissions)

    def interact(
        self,
        kind: int,
        data: dict[str, Any],
        message: dict[str, Any] | None = None,
        *,
        guild: int | None = GUILD,
        channel: int = CHANNEL,
        roles: tuple[int, ...] = (),
        permissions: int = 0,
        user: int = 4242,
    ) -> Asked:
        number, token = self.snowflake(), f"token-{next(self._counter)}"
        asked = Asked(id=number, token=token, at=self.wall(), sent=self.monotonic(), kind=kind)
        self.asked[token] = asked
        while len(self.asked) > 3000:
            del self.asked[next(iter(self.asked))]
        payload: dict[str, Any] = {
            "id": number,
            "application_id": str(APPLICATION),
            "type": kind,
            "data": data,
            "token": token,
            "version": 1,
            "app_permissions": str(ALL),
            "locale": "en-US",
            "entitlements": [],
            "attachment_size_limit": 10485760,
        }
        if guild is None:
            payload |= {
                "channel_id": "1",
                "channel": {"id": "1", "type": 1, "permissions": str(ALL)},
                "user": _user(user, "lena"),
                "authorizing_integration_owners": {"1": str(user)},
                "context": 1,
            }
        else:
            payload |= {
                "guild_id": str(guild),
                "guild": {"id": str(guild), "locale": "en-US", "features": []},
                "guild_locale": "en-US",
                "channel_id": str(channel),
                "channel": {**self.channels[str(channel)], "permissions": str(ALL)},
                "member": {
                    **self._own_member(),
                    "user": _user(user, "lena"),
                    "roles": [str(role) for role in roles],
                    "permissions": str(permissions),
                },
                "authorizing_integration_owners": {"0": str(guild)},
                "context": 0,
            }
        if message is not None:
            payload["message"] = message
        self._interaction = payload
        self.dispatch("INTERACTION_CREATE", payload)
        return asked

    def again(self) -> None:
        """Hands the last interaction out once more, as after a resumed session."""
        self.dispatch("INTERACTION_CREATE", self._interaction)

    # --- gateway ------------------------------------------------------------------------

    def dispatch(self, event: str, data: Any) -> None:
        """To every session; kept for a later RESUME."""
        for session in self.sessions.values():
            session.sequence += 1
            session.events.append((session.sequence, event, data))
            del session.events[:-500]
            if session.socket is not None and not session.socket.closed:
                self._post_packet(session, data, event, session.sequence)

    def _post_packet(self, session: Session, data: Any, event: str, sequence: int) -> None:
        task = asyncio.ensure_future(self._send(session, 0, data, event, sequence))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def ask_to_reconnect(self) -> None:
        for session in self._connected():
            await self._send(session, 7, None)

    async def invalidate(self, *, resumable: bool) -> None:
        for session in self._connected():
            await self._send(session, 9, resumable)

    def drop_gateway(self) -> None:
        for session in self._connected():
            transport = session.socket._req.transport if session.socket._req else None  # type: ignore[union-attr]
            if transport:
                transport.abort()

    def replay(self, session_events: int = 1) -> None:
        """Hands the last events out once more, as a resumed session may."""
        for session in self._connected():
            for sequence, event, data in session.events[-session_events:]:
                self._post_packet(session, data, event, sequence)

    def _connected(self) -> list[Session]:
        return [one for one in self.sessions.values() if one.socket and not one.socket.closed]

    async def _send(
        self,
        session: Session,
        op: int,
        data: Any,
        event: str | None = None,
        seq: int | None = None,
    ) -> None:
        if session.socket is None or session.socket.closed:
            return
        text = json.dumps({"op": op, "d": data, "s": seq, "t": event})
        try:
            if session.deflate is None:
                await session.socket.send_str(text)
            else:
                packed = session.deflate.compress(text.encode())
                await session.socket.send_bytes(
                    packed + session.deflate.flush(zlib.Z_SYNC_FLUSH)
                )
        except ConnectionError:
            session.socket = None

    async def _gateway(self, request: web.Request) -> web.StreamResponse:
        if not self.gateway_open:
            return web.Response(status=503)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        session = Session(id=f"session-{next(self._counter)}", socket=socket)
        if request.query.get("compress") == "zlib-stream":
            session.deflate = zlib.compressobj()
        await self._send(session, 10, {"heartbeat_interval": self.heartbeat_ms})
        async for frame in socket:
            if frame.type is not WSMsgType.TEXT:
                break
            if len(frame.data) > 4096:
                await socket.close(code=4002)
                break
            packet = json.loads(frame.data)
            if packet["op"] == 1:
                await self._send(session, 11, None)
            elif packet["op"] == 2:
                await self._identified(session, packet["d"])
            elif packet["op"] == 6:
                session = await self._resumed(session, packet["d"])
        return socket

    async def _identified(self, session: Session, data: Mapping[str, Any]) -> None:
        assert session.socket is not None
        if data["token"] != self.token:
            await session.socket.close(code=4004)
            return
        self.identifies.append(data["intents"])
        session.intents = data["intents"]
        session.shard = data.get("shard", [0, 1])[0]
        self.sessions = {key: one for key, one in self.sessions.items() if one.socket}
        self.sessions[session.id] = session
        session.sequence += 1
        ready = {
            "v": 10,
            "user": _user(BOT, "ebbwatch", bot=True),
            "guilds": [{"id": guild, "unavailable": True} for guild in self.guilds],
            "session_id": session.id,
            "resume_gateway_url": self.gateway,
            "shard": data.get("shard", [0, 1]),
            "application": {"id": str(APPLICATION), "flags": 0},
        }
        await self._send(session, 0, ready, "READY", session.sequence)
        if not session.intents & 1:
            return
        for guild in self.guilds:
            session.sequence += 1
            places = [one for one in self.channels.values() if one["guild_id"] == guild]
            full = {
                **self._guild(guild),
                "joined_at": "2026-01-01T00:00:00+00:00",
                "large": False,
                "unavailable": False,
                "member_count": 2,
                "members": [self._own_member()],
                "channels": [one for one in places if one["type"] != 11],
                "threads": [],
                "voice_states": [],
                "presences": [],
                "stage_instances": [],
                "guild_scheduled_events": [],
            }
            await self._send(session, 0, full, "GUILD_CREATE", session.sequence)

    async def _resumed(self, fresh: Session, data: Mapping[str, Any]) -> Session:
        assert fresh.socket is not None
        known = self.sessions.get(data["session_id"])
        if known is None:
            await self._send(fresh, 9, False)
            return fresh
        self.resumes += 1
        known.socket, known.deflate = fresh.socket, fresh.deflate
        for sequence, event, body in list(known.events):
            if sequence > data["seq"]:
                await self._send(known, 0, body, event, sequence)
        known.sequence += 1
        await self._send(known, 0, {}, "RESUMED", known.sequence)
        return known


def _numbered(components: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Components get ids in their order where the bot gave none."""
    components = copy.deepcopy(components)
    taken = {one.get("id") for one in walk(components)}
    fresh = (number for number in itertools.count(1) if number not in taken)
    for one in walk(components):
        cast(dict[str, Any], one).setdefault("id", next(fresh))
        for item in [*one.get("items", ()), *filter(None, [one.get("file") and one])]:
            media = item.get("media") or item["file"]
            media.setdefault("proxy_url", media["url"])
    return components


def _user(number: int, name: str, *, bot: bool = False) -> dict[str, Any]:
    return {
        "id": str(number),
        "username": name,
        "discriminator": "0",
        "global_name": None,
        "avatar": None,
        "bot": bot,
    }


def _role(number: int, name: str, permissions: int) -> dict[str, Any]:
    return {
        "id": str(number),
        "name": name,
        "permissions": str(permissions),
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "position": 0,
        "managed": False,
        "mentionable": True,
        "flags": 0,
    }


def _untranslated(command: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in command.items() if not key.endswith("_localizations")}
    if "options" in kept:
        kept["options"] = [_untranslated(one) for one in kept["options"]]
    return kept


def _json(
    body: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """The library reads JSON only under exactly this content type, without a charset."""
    return web.Response(
        body=json.dumps(body).encode(),
        status=status,
        headers={"Content-Type": "application/json", **(headers or {})},
    )


async def _read(request: web.Request) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The JSON body and the uploaded files by name."""
    if not request.content_type.startswith("multipart/"):
        return await request.json(), {}
    body: dict[str, Any] = {}
    files: dict[str, bytes] = {}
    async for part in await request.multipart():
        if part.name == "payload_json":  # type: ignore[union-attr]
            body = json.loads(await part.text())  # type: ignore[union-attr]
        else:
            files[part.filename] = await part.read()  # type: ignore
    return body, files


def _abort(request: web.Request) -> web.Response:
    if request.transport:
        request.transport.abort()
    return web.Response(status=599)


@asynccontextmanager
async def loopback_discord(**options: Any) -> AsyncIterator[LoopbackDiscord]:
    server = LoopbackDiscord(**options)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
