"""Slack, through slack_bolt: the connection, the Web API, what people do."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from email.utils import parsedate_to_datetime
from hashlib import blake2b
from typing import Any, TypeVar

from aiohttp import web
from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.chat.clocks import Clocks
from bot.chat.condition import Condition
from bot.chat.slack import CAN, SlackSettings
from bot.chat.slack.callers import Callers
from bot.chat.slack.errors import INVITE, SlackRefusal, refusal
from bot.chat.slack.files import Files
from bot.chat.slack.find import Finder
from bot.chat.slack.forms import FORM
from bot.chat.slack.home import WHY
from bot.chat.slack.http import signed_requests
from bot.chat.slack.interactions import Interactions
from bot.chat.slack.limits import Slots
from bot.chat.slack.manifest import PATH, missing_scopes
from bot.chat.slack.post import Poster
from bot.chat.slack.tokens import SlackTokens
from bot.chat.slack.web import SlackWeb, broken, proxy_for
from bot.chat.text import seconds
from bot.errors import DeliveryDeferred, DeliveryError, DeliveryRefused
from bot.model.chat import ChatSurroundings, Delivery, Health
from bot.model.command import Caller, Dispatcher

__all__ = ["SlackChat", "SlackTokens"]

_LONGEST_PAUSE = 60.0
_AT_ONCE = 4  # envelopes read beside each other: more of them delay what arrives
_HELLO = 2  # pings that a socket may take to open
_WORD = re.compile(r"[A-Za-z0-9_.:-]{1,64}")  # what Slack calls an error
_PATIENCE = 3  # pings without a socket before it is told and made anew


Answer = TypeVar("Answer")
Work = Callable[[Mapping[str, Any]], Awaitable[None]]


class SlackChat:
    """One workspace.

    `timeout` bounds each request, `ping` the time to notice a dead socket, both in seconds.
    """

    platform = "slack"
    can = CAN

    def __init__(
        self,
        settings: SlackSettings,
        tokens: SlackTokens,
        dispatcher: Dispatcher,
        clocks: Clocks,
        *,
        timeout: float = 20.0,
        ping: float = 10.0,
    ) -> None:
        self._settings = settings
        self._tokens = tokens
        self._dispatcher = dispatcher
        self._clocks = clocks
        self._ping = ping
        self._team: str | None = None
        self._skew = 0.0
        self._scopes: frozenset[str] | None = None
        self._condition = Condition("Slack", dispatcher, clocks, longest=_LONGEST_PAUSE)
        self._hands = asyncio.Semaphore(_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False
        self._logger = logging.getLogger("bot.chat.slack.adapter.sdk")
        # The SDK logs addresses with tickets in them; what matters is told by `health`.
        self._logger.setLevel(logging.CRITICAL)
        self._web = SlackWeb(settings.base_url, tokens.bot, timeout)
        self._timeout = timeout
        self._client = self._make_client()
        paced = Slots(self._call, clocks.monotonic, clocks.sleep).call
        files = Files(paced, self._web.upload)
        self._poster = Poster(paced, files, Finder(paced, lambda: self._skew), clocks.sleep)
        self._callers = Callers(paced, clocks.monotonic)
        self._interactions = Interactions(
            dispatcher,
            self._callers,
            files,
            paced,
            self._web,
            team=lambda: self._team,
        )
        self._app = self._make_app()

    async def run(self) -> None:
        while True:
            try:
                await self._sign_in()
                if self._settings.mode == "http":
                    await self._serve()
                else:
                    await self._watch_socket()
            except DeliveryError as error:
                await self._condition.broken(str(error))
            await self._clocks.sleep(self._condition.next_pause())

    async def send(self, delivery: Delivery) -> str:
        return await self._deliver(delivery, self._poster.send)

    async def find(self, delivery: Delivery) -> str | None:
        return await self._deliver(delivery, self._poster.find)

    async def _deliver(
        self, delivery: Delivery, work: Callable[[Delivery], Awaitable[Answer]]
    ) -> Answer:
        try:
            await self._check_space(delivery)
            return await work(delivery)
        except DeliveryError as error:
            error.channel = delivery.channel
            raise
        except Exception as error:  # an answer without what Slack documents, at worst
            raise broken(error, "a delivery", delivery.channel) from error

    async def space_of(self, channel: str) -> str | None:
        """The workspace of the token: with one token there is no other."""
        if self._team is None:
            try:
                await self._sign_in()
            except DeliveryError:
                return None
        return f"slack:{self._team}"

    async def member(self, space: str, user: str) -> Caller | None:
        team = space.partition(":")[2]
        if self._team is None:
            await self._sign_in()
        if team != self._team:
            raise DeliveryRefused(f"Slack: this bot does not belong to {space}.")
        return await self._callers.member(user, team)

    async def problems(self, channel: str | None) -> list[str]:
        try:
            await self._sign_in()
            if channel is None:
                if self._settings.mode == "socket":
                    await self._socket_url()
                return missing_scopes(self._scopes)
            return await self._channel_problems(channel)
        except DeliveryError as error:
            return [str(error)]

    def health(self) -> Health:
        return self._condition.health

    async def close(self) -> None:
        self._closed = True
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._web.close()

    # --- staying connected ----------------------------------------------------------------

    async def _sign_in(self) -> None:
        answer = await self._call("auth.test")
        team = str(answer["team_id"])
        if self._team is not None and team != self._team:
            raise DeliveryRefused(
                f"Slack: the token now belongs to another workspace ({team}, before "
                f"{self._team}): one process serves one workspace, start a second one for it."
            )
        self._team = team

    async def _watch_socket(self) -> None:
        url = await self._socket_url()
        client = SocketModeClient(
            self._tokens.app,
            logger=self._logger,
            web_client=self._make_client(),
            ping_interval=self._ping,
        )
        client.socket_mode_request_listeners.append(self._envelope)  # type: ignore[arg-type]
        client.proxy = proxy_for(url)
        client.wss_uri = url
        try:
            async with asyncio.timeout(_HELLO * self._ping):
                await client.connect()  # type: ignore[no-untyped-call]
            await self._condition.connected()
            lost = 0
            while lost < _PATIENCE:
                await asyncio.sleep(self._ping)
                if await client.is_connected():
                    lost = 0
                    await self._condition.connected()
                else:
                    lost += 1
                    self._condition.interrupted()
        except TimeoutError:
            raise DeliveryDeferred(
                "Slack: the socket does not open: commands and buttons wait, it is tried "
                "again by itself"
            ) from None
        finally:
            await _close_socket(client)
        raise DeliveryDeferred(
            "Slack: the socket was lost: commands and buttons wait, it is tried again by itself"
        )

    async def _socket_url(self) -> str:
        """Asked for here, where errors are seen.

        The SDK would try for ever, without a pause and without a word, when the app token is
        bad or Slack is away.
        """
        try:
            answer = await self._call("apps.connections.open", app_token=self._tokens.app)
        except SlackRefusal as error:
            raise SlackRefusal(
                f"Slack: the app token opens no socket ({error.word}): make one with the "
                "scope connections:write (Basic Information, App-Level Tokens), turn Socket "
                "Mode on, and put the token where the config says.",
                word=error.word,
            ) from None
        return str(answer["url"])

    async def _envelope(self, client: SocketModeClient, request: SocketModeRequest) -> None:
        """Acknowledged before anything else: a hundred at once must not wait for each other."""
        await client.send_socket_mode_response(SocketModeResponse(request.envelope_id))
        async with self._hands:
            if await self._dispatcher.is_first(f"slack:{request.envelope_id}"):
                await run_async_bolt_app(self._app, request)

    async def _serve(self) -> None:
        host, _, port = self._settings.listen.rpartition(":")
        secret = self._tokens.signing or ""
        server = signed_requests(self._app, PATH, secret, self._dispatcher.is_first)
        runner = web.AppRunner(server, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        try:
            try:
                await web.TCPSite(runner, host, int(port)).start()
            except OSError as error:
                raise DeliveryRefused(
                    f"Slack: nothing can listen on {self._settings.listen} ({error.strerror}): "
                    "end what listens there, or name another address."
                ) from None
            await self._condition.connected()
            await asyncio.Event().wait()
        finally:
            await runner.cleanup()

    # --- what people do -------------------------------------------------------------------

    def _make_app(self) -> AsyncApp:
        async def authorize(**_: Any) -> AuthorizeResult:
            return AuthorizeResult(
                enterprise_id=None, team_id=self._team, bot_token=self._tokens.bot
            )

        app = AsyncApp(
            logger=self._logger,
            name="ebbwatch",
            signing_secret=self._tokens.signing or "unused in Socket Mode",
            client=AsyncWebClient(base_url=self._settings.base_url, logger=self._logger),
            authorize=authorize,
        )

        @app.command(re.compile(r".*"))
        async def command(ack: Any, body: dict[str, Any]) -> None:
            await ack()
            self._start(self._interactions.command, body)

        @app.action(re.compile(r".*"))
        async def press(ack: Any, body: dict[str, Any]) -> None:
            await ack()
            self._start(self._interactions.press, body)

        @app.view(FORM)
        async def submit(ack: Any, body: dict[str, Any]) -> None:
            await ack()
            self._start(self._interactions.submit, body)

        @app.event("app_mention")
        async def mention(body: dict[str, Any]) -> None:
            self._start(self._interactions.doors.mention, body)

        @app.event("app_home_opened")
        async def home(body: dict[str, Any]) -> None:
            self._start(self._interactions.doors.home, body)

        @app.message_shortcut(WHY)
        async def why(ack: Any, body: dict[str, Any]) -> None:
            await ack()
            self._start(self._interactions.doors.why, body)

        return app

    def _start(self, work: Work, body: Mapping[str, Any]) -> None:
        if not self._closed:  # what was read before may still come through the SDK
            task = asyncio.create_task(self._guard(work, body))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _guard(self, work: Work, body: Mapping[str, Any]) -> None:
        try:
            # what Slack says twice, in whatever envelope, names the same trigger or event
            mark = _mark(body)
            if mark is None or await self._dispatcher.is_first(mark):
                await work(body)
        except Exception as error:
            # The person sees no answer, so the operator must: without the payload in it.
            await self._dispatcher.report(
                f"Slack: a command could not be handled ({type(error).__name__}): "
                "please report it."
            )

    # --- the wire -------------------------------------------------------------------------

    def _make_client(self) -> AsyncWebClient:
        client = AsyncWebClient(
            token=self._tokens.bot,
            base_url=self._settings.base_url,
            timeout=self._timeout,  # type: ignore[arg-type]  # fractions are fine for aiohttp
            logger=self._logger,
            # The default handler repeats a POST after a reset, and so an alert.
            retry_handlers=[],
        )
        client.proxy = proxy_for(self._settings.base_url)
        return client

    async def _call(self, method: str, *, channel: str = "", **body: Any) -> Mapping[str, Any]:
        """One Web API call, once; every failure is a DeliveryError that says what is known."""
        self._client.session = self._web.session
        where = f"slack:{channel}" if channel else ""
        if channel:
            body["channel"] = channel
        try:
            answer = await getattr(self._client, method.replace(".", "_"))(**body)
            self._note_headers(method, answer.headers)
            return dict(answer.data)
        except SlackApiError as error:
            raise _refused(error, method, where) from None
        except Exception as error:
            raise broken(error, method, where) from None

    def _note_headers(self, method: str, headers: Mapping[str, str]) -> None:
        with suppress(ValueError, OverflowError):
            at = parsedate_to_datetime(headers.get("Date", "")).timestamp()
            self._skew = at - self._clocks.wall()
        granted = headers.get("x-oauth-scopes") if method == "auth.test" else None
        if granted is not None:
            self._scopes = frozenset(scope.strip() for scope in granted.split(","))

    # --- walls and doctor -----------------------------------------------------------------

    async def _check_space(self, delivery: Delivery) -> None:
        space = await self.space_of(delivery.channel)
        if space is None:
            raise DeliveryDeferred(
                f"{delivery.channel}: the workspace is not known yet: "
                f"{self._condition.health.text}"
            )
        if space != delivery.space:
            raise DeliveryRefused(
                f"{delivery.channel}: this bot belongs to {space}, not to {delivery.space}: "
                "correct the space in the config, one process serves one workspace."
            )

    async def _channel_problems(self, channel: str) -> list[str]:
        answer = await self._call("conversations.info", channel=channel.partition(":")[2])
        info = answer.get("channel") or {}
        if info.get("is_archived"):
            return [f"{channel}: the channel is archived: unarchive it, or use another one."]
        if not info.get("is_member") and not info.get("is_im"):
            return [f"{channel}: the bot is not in the channel: {INVITE}."]
        return []


def _mark(body: Mapping[str, Any]) -> str | None:
    """One request of a person: its event, or its trigger and all that it says."""
    if event := body.get("event_id"):
        return f"slack:{event}"
    if not body.get("trigger_id"):
        return None
    said = json.dumps(body, sort_keys=True, default=str).encode()
    return f"slack:{body.get('trigger_id')}:{blake2b(said, digest_size=16).hexdigest()}"


def open_slack(settings: SlackSettings, world: ChatSurroundings) -> SlackChat:
    tokens = SlackTokens.read(settings, world.environ, str(world.path(".")))
    return SlackChat(settings, tokens, world.dispatcher, Clocks.of(world))


def _refused(error: SlackApiError, method: str, channel: str) -> DeliveryError:
    response = error.response
    data = getattr(response, "data", None)
    answer = data if isinstance(data, dict) else {}
    headers = getattr(response, "headers", None) or {}
    status = int(getattr(response, "status_code", 0) or getattr(response, "status", 500))
    wait = str(headers.get("Retry-After", ""))
    needed = answer.get("needed")
    detail = "".join(f"; {text}" for text in answer.get("errors") or ())
    word = str(answer.get("error") or "")
    return refusal(
        # what is no word of Slack's may repeat what it was asked with
        word if _WORD.fullmatch(word) else "unreadable" * bool(word),
        method=f"{method}, scope {needed}" if needed else method,
        channel=channel,
        status=status,
        retry_after=seconds(wait),
        detail=detail,
    )


async def _close_socket(client: SocketModeClient) -> None:
    # Its own close() stops at the first thing that fails, and leaves the rest running.
    with suppress(Exception):
        await client.close()  # type: ignore[no-untyped-call]
    for task in (
        client.current_session_monitor,
        client.message_receiver,
        client.message_processor,
    ):
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    await client.aiohttp_client_session.close()
