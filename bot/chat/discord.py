"""Discord through discord.py: connection, deliveries and interactions.

The only file that imports the library. It repeats nothing by itself where a repeat could
double a message: the outbox decides, and the delivery id is the enforced nonce.
"""

from __future__ import annotations

import asyncio
import io
import json
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import aiohttp
import discord
import yarl
from discord.gateway import DiscordWebSocket

from bot.chat.discord_access import READ_HISTORY, missing
from bot.chat.discord_commands import CHOICE, CHOICES, ROOT, kind_of, payload, read_call, same
from bot.chat.discord_render import Rendered, carried_ids, read_custom_id, render
from bot.chat.settings import DiscordSettings
from bot.chat.text import clean, shorten
from bot.errors import DeliveryDeferred, DeliveryError, DeliveryRefused, DeliveryUnconfirmed
from bot.model import Attachment, Caller, Delivery, Desk, Health, Message

log = logging.getLogger(__name__)

UNKNOWN_CHANNEL, UNKNOWN_MESSAGE, UNKNOWN_INTERACTION = 10003, 10008, 10062
ALREADY_ACKNOWLEDGED, THREAD_EXISTS = 40060, 160004
_REFUSALS = {
    UNKNOWN_CHANNEL: "does not exist any more: choose another channel",
    10004: "belongs to a server that the bot is not in: invite it again",
    50001: "cannot be seen by the bot: give it the View Channel permission",
    50013: "lacks a permission for the bot: `ebbwatch doctor` names it",
    50008: "is no text channel: choose another one",
    50006: "was sent an empty message: please report this",
    50035: "was sent a message that Discord does not accept: please report this",
    40005: "was sent a file that is too large for it: please report this",
}
_TROUBLE = (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError)
_REMEMBERED_INTERACTIONS = 2000
_LARGEST_FILE = 100 * 1024 * 1024
_THREAD_NAME = 100
_WEEK_IN_MINUTES: Literal[10080] = 10080


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Seconds: for one request, for one acknowledgement, for a lost gateway before a fresh
    start, between fresh starts (at most), and before a refused token is tried again."""

    request: float = 15.0
    acknowledge: float = 1.5
    gateway: float = 60.0
    pause: float = 60.0
    token: float = 1800.0


@dataclass(slots=True)
class _Attempt:
    """What is known of one delivery's requests: `written` once one that changes is out."""

    written: bool = False


class _Answered(Exception):
    """Discord answered 429 or 5xx: raised before the library sleeps and repeats."""

    def __init__(self, status: int, retry_after: float | None) -> None:
        self.status = status
        self.retry_after = retry_after
        super().__init__(f"status {status}")


class _GatewayLost(Exception):
    pass


_attempt: ContextVar[_Attempt | None] = ContextVar("attempt", default=None)


def _trace() -> aiohttp.TraceConfig:
    """Watches the requests of deliveries only; those of the library itself pass."""

    async def headers_sent(
        _: aiohttp.ClientSession, __: Any, sent: aiohttp.TraceRequestHeadersSentParams
    ) -> None:
        if (attempt := _attempt.get()) and sent.method != "GET":
            attempt.written = True

    async def request_ended(
        _: aiohttp.ClientSession, __: Any, ended: aiohttp.TraceRequestEndParams
    ) -> None:
        status = ended.response.status
        if _attempt.get() and (status == 429 or status >= 500):
            retry_after = ended.response.headers.get("Retry-After", "")
            ended.response.close()
            raise _Answered(status, float(retry_after) if _is_number(retry_after) else None)

    trace = aiohttp.TraceConfig()
    trace.on_request_headers_sent.append(headers_sent)
    trace.on_request_end.append(request_ended)
    return trace


class DiscordChat:
    """`wall` gives real epoch seconds; `api_base` and `gateway` are set for the process."""

    platform = "discord"

    def __init__(
        self,
        settings: DiscordSettings,
        token: str,
        desk: Desk,
        *,
        wall: Callable[[], float],
        monotonic: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        uniform: Callable[[float, float], float] = random.uniform,
        patience: Patience = Patience(),
    ) -> None:
        self._settings = settings
        self._token = token
        self._desk = desk
        self._wall = wall
        self._monotonic = monotonic
        self._sleep = sleep
        self._uniform = uniform
        self._patience = patience
        self._client: discord.AutoShardedClient | None = None
        self._login = asyncio.Lock()
        self._health = Health(ready=False, since=wall(), text="Discord is not connected yet.")
        self._shards: set[int] = set()
        self._down_since = monotonic()
        self._told = False
        self._failures = 0
        self._registered = False
        self._paused_until = 0.0
        self._spaces: dict[str, str] = {}
        self._answered: dict[int, None] = {}

    # --- connection ---------------------------------------------------------------------

    async def run(self) -> None:
        try:
            while True:
                pause = self._patience.token
                try:
                    await self._stay_connected()
                except discord.LoginFailure:
                    await self._broken(
                        "Discord refused the token: put the bot's present token into the "
                        f"variable {self._settings.token_env} or its file and restart."
                    )
                except (*_TROUBLE, _GatewayLost, AttributeError) as error:
                    pause = self._next_pause()
                    await self._broken(
                        f"Discord cannot be reached ({_kind(error)}): alerts wait, and it is "
                        "tried again until it works."
                    )
                await self._drop()
                await self._sleep(pause)
        finally:
            await self._drop()

    def health(self) -> Health:
        return self._health

    async def close(self) -> None:
        await self._drop()

    async def _stay_connected(self) -> None:
        """Returns only by raising; the library resumes short losses by itself."""
        client = await self._logged_in()
        self._down_since = self._monotonic()
        connection = asyncio.create_task(client.connect())
        try:
            while True:
                await asyncio.wait({connection}, timeout=self._patience.gateway / 4)
                if connection.done():
                    await connection
                    raise _GatewayLost("closed")
                lost = self._monotonic() - self._down_since
                if not self._health.ready and lost >= self._patience.gateway:
                    raise _GatewayLost("no gateway")
                if not self._registered:
                    await self._register(client)
        except discord.ConnectionClosed as error:
            if error.code == 4004:
                raise discord.LoginFailure("gateway") from None
            raise
        finally:
            connection.cancel()
            await asyncio.gather(connection, return_exceptions=True)

    async def _logged_in(self) -> discord.AutoShardedClient:
        """A client whose REST side works, whatever its gateway does."""
        async with self._login:
            if self._client is None:
                client = self._fresh_client()
                try:
                    async with asyncio.timeout(2 * self._patience.request):
                        await client.login(self._token)
                except BaseException:
                    await client.close()
                    raise
                self._client = client
            return self._client

    def _fresh_client(self) -> discord.AutoShardedClient:
        discord.http.Route.BASE = self._settings.api_base.rstrip("/")
        if self._settings.gateway:
            DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(self._settings.gateway)
        client = discord.AutoShardedClient(
            intents=discord.Intents(guilds=True),
            allowed_mentions=discord.AllowedMentions.none(),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
            max_ratelimit_timeout=30.0,
            http_trace=_trace(),
        )

        async def on_shard_connect(shard: int) -> None:
            await self._shard_up(client, shard)

        async def on_shard_resumed(shard: int) -> None:
            await self._shard_up(client, shard)

        async def on_shard_disconnect(shard: int) -> None:
            self._shard_down(shard)

        async def on_interaction(interaction: discord.Interaction) -> None:
            await self._interaction(interaction)

        for listener in (
            on_shard_connect,
            on_shard_resumed,
            on_shard_disconnect,
            on_interaction,
        ):
            client.event(listener)
        return client

    async def _drop(self) -> None:
        client, self._client = self._client, None
        self._shards.clear()
        if client:
            await client.close()

    async def _shard_up(self, client: discord.AutoShardedClient, shard: int) -> None:
        if client is not self._client:
            return
        self._shards.add(shard)
        if len(self._shards) == client.shard_count and not self._health.ready:
            self._failures = 0
            self._health = Health(ready=True, since=self._wall(), text="Discord is connected.")
            if self._told:
                self._told = False
                await self._desk.report("Discord is connected again.")
            if not self._registered:
                await self._register(client)

    def _shard_down(self, shard: int) -> None:
        self._shards.discard(shard)
        if self._health.ready:
            self._down_since = self._monotonic()
            self._health = Health(
                ready=False, since=self._wall(), text="Discord's gateway is reconnecting."
            )

    async def _broken(self, text: str) -> None:
        since = self._health.since if not self._health.ready else self._wall()
        self._health = Health(ready=False, since=since, text=text)
        if not self._told:
            self._told = True
            await self._desk.report(text)

    def _next_pause(self) -> float:
        """Doubles up to `pause`, and is spread so that many bots do not return at once."""
        self._failures += 1
        longest = min(self._patience.pause, 2.0 ** min(self._failures - 1, 16))
        return self._uniform(longest / 2, longest)

    async def _register(self, client: discord.AutoShardedClient) -> None:
        """Leaves commands that already are as wanted, and those of others, alone."""
        self._registered = True
        wanted = payload(self._desk.commands)
        application = client.application_id
        assert application is not None  # known since the login
        try:
            async with asyncio.timeout(self._patience.request):
                known = await client.http.get_global_commands(application)
                ours = [one for one in known if one["name"] == ROOT and one["type"] == 1]
                if not ours or not same(ours[0], wanted):
                    await client.http.upsert_global_command(application, wanted)  # type: ignore[arg-type]
        except discord.HTTPException as error:
            self._registered = error.status in {400, 403}
            if self._registered:
                await self._desk.report(
                    f"Discord did not accept the commands (code {error.code}): "
                    "please report this; alerts work all the same."
                )
        except _TROUBLE:
            self._registered = False

    # --- deliveries ---------------------------------------------------------------------

    async def send(self, delivery: Delivery) -> str:
        async with self._translated(delivery.channel):
            await self._check_space(delivery)
            client = await self._logged_in()
            if delivery.action == "post":
                return await self._post(client, delivery)
            ref = json.loads(delivery.ref or "{}")
            try:
                if delivery.action == "edit":
                    return await self._edit(client, delivery, ref)
                return await self._reply(client, delivery, ref)
            except discord.NotFound as error:
                if error.code == UNKNOWN_MESSAGE:  # a person deleted it: nothing is left to do
                    return delivery.ref or ""
                raise

    async def find(self, delivery: Delivery) -> str | None:
        """A repeated edit is harmless, so only posts and replies are looked for."""
        if delivery.action == "edit":
            return None
        async with self._translated(delivery.channel):
            client = await self._logged_in()
            await self._check_history(client, delivery.channel)
            place = _number(delivery.channel)
            if delivery.action == "reply":
                place = int(json.loads(delivery.ref or "{}")["message"])
            try:
                found = await self._look(client, place, delivery)
            except discord.NotFound as error:
                if delivery.action == "reply" and error.code == UNKNOWN_CHANNEL:
                    return None
                raise
        return delivery.ref if found and delivery.action == "reply" else found

    async def space_of(self, channel: str) -> str | None:
        if channel in self._spaces:
            return self._spaces[channel]
        async with self._translated(channel):
            client = await self._logged_in()
            known = client.get_channel(_number(channel))
            if known is None:
                known = await client.fetch_channel(_number(channel))
            guild = getattr(known, "guild", None)
            if guild is None:
                return None
            self._spaces[channel] = f"discord:{guild.id}"
            return self._spaces[channel]

    async def problems(self, channel: str | None) -> list[str]:
        try:
            if channel is None:
                async with self._translated("discord"):
                    await self._logged_in()
                return []
            async with self._translated(channel):
                granted = await self._granted(await self._logged_in(), channel)
        except DeliveryError as error:
            return [str(error)]
        return [
            f'{channel}: the bot lacks the permission "{name}": '
            "allow it in the channel's settings."
            for name in missing(granted)
        ]

    async def _post(self, client: discord.AutoShardedClient, delivery: Delivery) -> str:
        rendered = render(delivery.message, delivery.id)
        channel = client.get_partial_messageable(_number(delivery.channel))
        shown = await channel.send(
            content=rendered.content or None,
            nonce=delivery.id,
            silent=delivery.silent,
            allowed_mentions=_allowed(rendered),
            **_parts(rendered),
        )
        return _ref(delivery, shown.id, chart=delivery.message.picture is not None)

    async def _edit(
        self, client: discord.AutoShardedClient, delivery: Delivery, ref: Mapping[str, Any]
    ) -> str:
        """Files stay as they are where the picture was shown but could not be drawn anew."""
        message = delivery.message
        keep = bool(ref.get("chart") and message.chart and not message.picture)
        parts = _parts(render(message, delivery.id, has_chart=keep))
        files = parts.pop("files", [])
        if not keep:
            parts["attachments"] = files
        parts.setdefault("view", None)
        place = client.get_partial_messageable(int(ref["channel"]))
        await place.get_partial_message(int(ref["message"])).edit(**parts)
        return _ref(delivery, int(ref["message"]), chart=keep or message.picture is not None)

    async def _reply(
        self, client: discord.AutoShardedClient, delivery: Delivery, ref: Mapping[str, Any]
    ) -> str:
        """A thread made from a message has that message's id: written to first, then made."""
        rendered = render(delivery.message, delivery.id)
        thread = client.get_partial_messageable(int(ref["message"]))
        for thread_is_new in (False, True):
            try:
                await thread.send(
                    content=rendered.content or None,
                    nonce=delivery.id,
                    silent=delivery.silent,
                    allowed_mentions=_allowed(rendered),
                    **_parts(rendered),
                )
                break
            except discord.NotFound as error:
                if thread_is_new or error.code != UNKNOWN_CHANNEL:
                    raise
            await self._make_thread(client, delivery, ref)
        return delivery.ref or ""

    async def _make_thread(
        self, client: discord.AutoShardedClient, delivery: Delivery, ref: Mapping[str, Any]
    ) -> None:
        name = shorten(clean(delivery.message.title, lines=False), _THREAD_NAME) or "History"
        try:
            await client.http.start_thread_with_message(
                int(ref["channel"]),
                int(ref["message"]),
                name=name,
                auto_archive_duration=_WEEK_IN_MINUTES,
            )
        except discord.HTTPException as error:
            if error.code != THREAD_EXISTS:
                raise

    async def _look(
        self, client: discord.AutoShardedClient, place: int, delivery: Delivery
    ) -> str | None:
        """Around the last attempt first; then the newest, should the clocks disagree."""
        channel = client.get_partial_messageable(place)
        me = client.user.id if client.user else 0
        windows: list[dict[str, Any]] = [{"limit": 100}]
        if delivery.last_attempt_at is not None:
            attempt = datetime.fromtimestamp(delivery.last_attempt_at, UTC)
            margin = timedelta(seconds=60)
            after, before = attempt - margin, attempt + margin + timedelta(minutes=1)
            windows.insert(0, {"limit": 300, "after": after, "before": before})
        for window in windows:
            async for message in channel.history(**window):
                if message.author.id == me and delivery.id in _carried(message):
                    return _ref(delivery, message.id, chart=bool(message.attachments))
        return None

    async def _check_history(self, client: discord.AutoShardedClient, channel: str) -> None:
        """Without this permission Discord shows an empty channel instead of an error."""
        if await self._granted(client, channel) & READ_HISTORY != READ_HISTORY:
            raise DeliveryRefused(
                f"{channel}: an alert may or may not have arrived, and the bot cannot look: "
                'give it the permission "Read Message History".',
                channel=channel,
            )

    async def _granted(self, client: discord.AutoShardedClient, channel: str) -> int:
        """The bot's permissions in a channel, over REST where the gateway gave none."""
        number = _number(channel)
        known = client.get_channel(number)
        if isinstance(known, discord.abc.GuildChannel | discord.Thread) and known.guild.me:
            return known.permissions_for(known.guild.me).value
        fetched = await client.fetch_channel(number)
        if not isinstance(fetched, discord.abc.GuildChannel | discord.Thread):
            return 0
        guild = await client.fetch_guild(fetched.guild.id)
        me = await guild.fetch_member(client.user.id if client.user else 0)
        place = await guild.fetch_channel(number)
        return place.permissions_for(me).value

    async def _check_space(self, delivery: Delivery) -> None:
        space = await self.space_of(delivery.channel)
        if space != delivery.space:
            raise DeliveryRefused(
                f"{delivery.channel} is not in {delivery.space}: correct the channel or the "
                "[[spaces]] entry.",
                channel=delivery.channel,
            )

    @asynccontextmanager
    async def _translated(self, channel: str) -> AsyncIterator[None]:
        """Turns whatever goes wrong into a DeliveryError that says what to do next."""
        if _attempt.get() is not None:  # inside another: that one translates
            yield
            return
        pause = self._paused_until - self._monotonic()
        if pause > 0:
            raise DeliveryDeferred(
                "Discord asked for a pause.", channel=channel, retry_after=pause
            )
        attempt = _Attempt()
        token = _attempt.set(attempt)
        try:
            async with asyncio.timeout(self._patience.request):
                yield
        except DeliveryError:
            raise
        except Exception as error:
            raise self._delivery_error(error, channel, attempt) from None
        finally:
            _attempt.reset(token)

    def _delivery_error(
        self, error: Exception, channel: str, attempt: _Attempt
    ) -> DeliveryError:
        if isinstance(error, _Answered) and error.status == 429:
            return DeliveryDeferred(
                f"{channel}: Discord asked for a pause.",
                channel=channel,
                retry_after=error.retry_after,
            )
        if isinstance(error, discord.RateLimited):
            return DeliveryDeferred(
                f"{channel}: Discord asked for a pause.",
                channel=channel,
                retry_after=error.retry_after,
            )
        if isinstance(error, discord.HTTPException):
            if error.code in _REFUSALS:
                return DeliveryRefused(f"{channel} {_REFUSALS[error.code]}.", channel=channel)
            return DeliveryDeferred(
                f"{channel}: Discord answered {error.status} (code {error.code}): "
                "the message waits.",
                channel=channel,
            )
        if isinstance(error, discord.LoginFailure):
            return DeliveryDeferred(
                f"{channel}: Discord refuses the token: the message waits for a new one.",
                channel=channel,
                retry_after=60.0,
            )
        if attempt.written:
            return DeliveryUnconfirmed(
                f"{channel}: Discord did not say whether the message arrived "
                f"({_kind(error)}): it is looked for before a repeat.",
                channel=channel,
            )
        return DeliveryDeferred(
            f"{channel}: Discord cannot be reached ({_kind(error)}): the message waits.",
            channel=channel,
        )

    # --- people -------------------------------------------------------------------------

    async def _interaction(self, interaction: discord.Interaction) -> None:
        """Each id once: after a resumed session Discord may hand the same one out again."""
        if interaction.id in self._answered:
            return
        self._answered[interaction.id] = None
        if len(self._answered) > _REMEMBERED_INTERACTIONS:
            del self._answered[next(iter(self._answered))]
        data: Mapping[str, Any] = interaction.data or {}
        try:
            if interaction.type is discord.InteractionType.autocomplete:
                await self._complete(interaction, data)
            elif interaction.type is discord.InteractionType.application_command:
                await self._command(interaction, data)
            elif interaction.type is discord.InteractionType.component:
                await self._button(interaction, data)
        except _TROUBLE as error:
            log.warning("an answer on Discord did not arrive (%s)", _kind(error))

    async def _complete(
        self, interaction: discord.Interaction, data: Mapping[str, Any]
    ) -> None:
        call = read_call(data)
        kind = kind_of(self._desk.commands, call.name, call.focused or "")
        if data.get("name") != ROOT or kind is None:
            return
        typed = call.arguments.get(call.focused or "", "")
        found = await self._desk.suggest(_caller(interaction), kind, typed)
        await interaction.response.autocomplete(
            [
                discord.app_commands.Choice(name=shorten(text, CHOICE), value=text)
                for text in found[:CHOICES]
                if 0 < len(text) <= CHOICE
            ]
        )

    async def _command(self, interaction: discord.Interaction, data: Mapping[str, Any]) -> None:
        if data.get("name") != ROOT:
            return
        call = read_call(data)
        if not await self._acknowledge(interaction, ephemeral=not call.share):
            return
        try:
            files = {
                name: await _download(interaction, data, number)
                for name, number in call.files.items()
            }
        except (*_TROUBLE, ValueError):
            text = "The file could not be fetched from Discord: send it again, at most 100 MB."
            await self._show(interaction, Message(text=text), "")
            return
        answer = await self._desk.answer(
            _caller(interaction), call.name, {**call.arguments, **files}
        )
        await self._show(interaction, answer, "")

    async def _button(self, interaction: discord.Interaction, data: Mapping[str, Any]) -> None:
        """The id in the button says it all, so old messages work after a restart."""
        pressed = read_custom_id(str(data.get("custom_id", "")))
        if pressed is None or not await self._acknowledge(interaction, ephemeral=True):
            return
        alert, line = pressed
        answer = await self._desk.answer_line(_caller(interaction, alert or None), line)
        await self._show(interaction, answer, alert)

    async def _acknowledge(self, interaction: discord.Interaction, *, ephemeral: bool) -> bool:
        """False where the person was told "did not respond": then nothing may happen."""
        for is_repeat in (False, True):
            try:
                async with asyncio.timeout(self._patience.acknowledge):
                    await interaction.response.defer(ephemeral=ephemeral, thinking=True)
                return True
            except discord.HTTPException as error:
                return is_repeat and error.code == ALREADY_ACKNOWLEDGED
            except (aiohttp.ClientError, OSError, TimeoutError):
                continue
        return False

    async def _show(
        self, interaction: discord.Interaction, answer: Message, alert: str
    ) -> None:
        parts = _parts(render(answer, alert))
        files = parts.pop("files", [])
        await interaction.edit_original_response(attachments=files, **parts)


def _caller(interaction: discord.Interaction, alert: str | None = None) -> Caller:
    user = interaction.user
    roles = [role for role in getattr(user, "roles", ()) if not role.is_default()]
    return Caller(
        platform="discord",
        space=f"discord:{interaction.guild_id}" if interaction.guild_id else None,
        channel=f"discord:{interaction.channel_id}" if interaction.channel_id else None,
        user=str(user.id),
        name=user.display_name,
        roles=frozenset([str(role.id) for role in roles] + [role.name for role in roles]),
        admin=interaction.guild_id is not None and interaction.permissions.manage_guild,
        alert=alert,
    )


async def _download(
    interaction: discord.Interaction, data: Mapping[str, Any], number: str
) -> Attachment:
    sent = data["resolved"]["attachments"][number]
    if sent["size"] > _LARGEST_FILE:
        raise ValueError("too large")
    content = await interaction.client.http.get_from_cdn(sent["url"])
    return Attachment(name=sent["filename"], content=content)


def _parts(rendered: Rendered) -> dict[str, Any]:
    """The library's objects; a stopped view is sent but not kept in memory."""
    parts: dict[str, Any] = {"embed": discord.Embed.from_dict(rendered.embed)}
    if rendered.components:
        view = discord.ui.View(timeout=None)
        for row, line in enumerate(rendered.components):
            for button in line["components"]:
                view.add_item(
                    discord.ui.Button(
                        style=discord.ButtonStyle(button["style"]),
                        label=button["label"],
                        custom_id=button["custom_id"],
                        row=row,
                    )
                )
        view.stop()
        parts["view"] = view
    if rendered.files:
        parts["files"] = [
            discord.File(io.BytesIO(content), filename=name)
            for name, content in rendered.files.items()
        ]
    return parts


def _allowed(rendered: Rendered) -> discord.AllowedMentions:
    roles = [discord.Object(rendered.role)] if rendered.role else False
    return discord.AllowedMentions(everyone=False, users=False, roles=roles)


def _carried(message: discord.Message) -> set[str]:
    rows = [row for row in message.components if isinstance(row, discord.ActionRow)]
    buttons = [
        getattr(child, "custom_id", None) or "" for row in rows for child in row.children
    ]
    footer = message.embeds[0].footer.text if message.embeds else None
    return carried_ids(buttons, footer or "")


def _ref(delivery: Delivery, message: int, *, chart: bool) -> str:
    place = str(_number(delivery.channel))
    return json.dumps({"channel": place, "message": str(message), "chart": chart})


def _number(channel: str) -> int:
    return int(channel.removeprefix("discord:"))


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()


def _kind(error: BaseException) -> str:
    """A name without addresses, ids or tokens."""
    status = getattr(error, "status", None)
    return f"status {status}" if status else type(error).__name__.strip("_")
