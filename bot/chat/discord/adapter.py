"""Discord through discord.py: connection, deliveries and interactions.

The only file that imports the library. The delivery id is the enforced nonce, and the
outbox alone decides about repeats.
"""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from typing import Any

import aiohttp
import discord
import yarl
from discord.gateway import DiscordWebSocket

from bot.chat.clocks import Clocks
from bot.chat.condition import Condition
from bot.chat.discord import CAN, DiscordSettings
from bot.chat.discord.commands import CHOICE, CHOICES, payload, personal_payload, same
from bot.chat.discord.errors import (
    ALREADY_ACKNOWLEDGED,
    UNKNOWN_MEMBER,
    UNKNOWN_MESSAGE,
    UNKNOWN_USER,
    TokenRefused,
    delivering,
    kind_of,
    watch_requests,
)
from bot.chat.discord.interactions import Interactions
from bot.chat.discord.permissions import READ_HISTORY, missing
from bot.chat.discord.post import edit, look, number_of, post, ref_of, reply
from bot.chat.discord.render import CHART, Rendered, render
from bot.chat.memory import Memory
from bot.chat.text import shorten
from bot.chat.words import LARGEST_FILE
from bot.config.settings import secret
from bot.errors import DeliveryError, DeliveryRefused
from bot.model.chat import ChatSurroundings, Delivery, Health
from bot.model.command import Attachment, Caller, Dispatcher
from bot.model.message import Message

log = logging.getLogger(__name__)

_TROUBLE = (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError)
_FETCH_SECONDS = 60.0
_FINAL_TOKEN_CLOSE = 4004


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Seconds: for one delivery, for one acknowledgement, for a lost gateway before a fresh
    start, between fresh starts (at most), and before a refused token is tried again."""

    delivery: float = 15.0
    acknowledge: float = 1.4
    gateway: float = 60.0
    pause: float = 60.0
    token: float = 1800.0


class _GatewayLost(Exception):
    pass


class DiscordChat:
    """`api_base` and `gateway` of the settings hold for the process."""

    platform = "discord"
    can = CAN

    def __init__(
        self,
        settings: DiscordSettings,
        token: str,
        dispatcher: Dispatcher,
        clocks: Clocks,
        *,
        patience: Patience = Patience(),
    ) -> None:
        self._settings = settings
        self._token = token
        self._dispatcher = dispatcher
        self._clocks = clocks
        self._patience = patience
        self._condition = Condition("Discord", dispatcher, clocks, longest=patience.pause)
        self._interactions = Interactions(
            dispatcher, member=self.member, called=self._called, role=self._role
        )
        self._client: discord.AutoShardedClient | None = None
        self._login = asyncio.Lock()
        self._shards: set[int] = set()
        self._down_since = clocks.monotonic()
        self._registered = False
        self._spaces: dict[str, str] = {}
        self._seen: Memory[discord.Message] = Memory()

    # --- connection ---------------------------------------------------------------------

    async def run(self) -> None:
        try:
            while True:
                try:
                    await self._stay_connected()
                except TokenRefused:
                    pause = self._patience.token
                    await self._condition.broken(
                        "Discord refused the token: put the bot's present token into "
                        f"{self._settings.token_env or self._settings.token_file} and restart."
                    )
                except Exception as error:  # whatever the library raises, the next try is due
                    pause = self._condition.next_pause()
                    await self._condition.broken(
                        f"Discord cannot be reached ({kind_of(error)}): alerts wait, and it is "
                        "tried again until it works."
                    )
                await self._clocks.sleep(pause)
        finally:
            await self.close()

    def health(self) -> Health:
        return self._condition.health

    async def close(self) -> None:
        client, self._client = self._client, None
        self._shards.clear()
        if client:
            await client.close()

    async def _stay_connected(self) -> None:
        """Ends only by raising; the library resumes short losses by itself."""
        client = await self._logged_in()
        self._down_since = self._clocks.monotonic()
        connection = asyncio.create_task(client.connect())
        try:
            while True:
                if not self._registered:
                    await self._register(client)
                await asyncio.wait({connection}, timeout=self._patience.gateway / 4)
                if connection.done():
                    await connection
                    raise _GatewayLost
                lost = self._clocks.monotonic() - self._down_since
                if not self.health().ready and lost >= self._patience.gateway:
                    raise _GatewayLost
        except discord.ConnectionClosed as error:
            if error.code == _FINAL_TOKEN_CLOSE:
                raise TokenRefused from None
            raise
        finally:
            # Closed first: while it reconnects, the library swallows a cancellation.
            await self.close()
            connection.cancel()
            await asyncio.gather(connection, return_exceptions=True)

    async def _logged_in(self) -> discord.AutoShardedClient:
        """A client whose REST side works, whatever its gateway does."""
        async with self._login:
            if self._client is None:
                client = self._fresh_client()
                try:
                    async with asyncio.timeout(2 * self._patience.delivery):
                        await client.login(self._token)
                except BaseException as error:
                    await client.close()
                    if isinstance(error, discord.LoginFailure):
                        raise TokenRefused from None
                    raise
                self._client = client
            return self._client

    def _fresh_client(self) -> discord.AutoShardedClient:
        # The library logs every attempt with a traceback, and web addresses with tokens.
        logging.getLogger("discord").setLevel(logging.CRITICAL)
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
            http_trace=watch_requests(),
        )

        async def on_shard_connect(shard: int) -> None:
            await self._shard_up(client, shard)

        async def on_shard_resumed(shard: int) -> None:
            await self._shard_up(client, shard)

        async def on_shard_disconnect(shard: int) -> None:
            self._shard_down(client, shard)

        async def on_interaction(interaction: discord.Interaction) -> None:
            try:
                await self._interactions.hear(
                    _LibraryInteraction(interaction, self._patience.acknowledge)
                )
            except Exception:
                log.exception("a command on Discord failed")

        client.event(on_shard_connect)
        client.event(on_shard_resumed)
        client.event(on_shard_disconnect)
        client.event(on_interaction)
        return client

    async def _shard_up(self, client: discord.AutoShardedClient, shard: int) -> None:
        if client is self._client:
            self._shards.add(shard)
            if len(self._shards) == client.shard_count:
                await self._condition.connected()

    def _shard_down(self, client: discord.AutoShardedClient, shard: int) -> None:
        if client is self._client:
            self._shards.discard(shard)
            if self.health().ready:
                self._down_since = self._clocks.monotonic()
            self._condition.interrupted()

    async def _register(self, client: discord.AutoShardedClient) -> None:
        """Leaves commands that already are as wanted, and those of others, alone."""
        self._registered = True
        table = (self._dispatcher.commands, self._dispatcher.languages)
        application = client.application
        assert application is not None  # known since the login
        wanted = [payload(*table)]
        if application.user_integration_config:  # "User Install" is on at Discord
            wanted.append(personal_payload(*table))
        try:
            async with asyncio.timeout(self._patience.delivery):
                known = await client.http.request(
                    discord.http.Route(
                        "GET",
                        "/applications/{application}/commands",
                        application=application.id,
                    ),
                    params={"with_localizations": "true"},
                )
                ours = {one["name"]: one for one in known if one["type"] == 1}
                for one in wanted:
                    if one["name"] not in ours or not same(ours[one["name"]], one):
                        await client.http.upsert_global_command(application.id, one)  # type: ignore[arg-type]
        except discord.HTTPException as error:
            self._registered = error.status in {400, 403}
            if self._registered:
                await self._dispatcher.report(
                    f"Discord did not accept the commands (code {error.code}): "
                    "please report this; alerts work all the same."
                )
        except _TROUBLE:
            self._registered = False

    # --- deliveries ---------------------------------------------------------------------

    async def send(self, delivery: Delivery) -> str:
        async with self._delivering(delivery.channel):
            await self._check_space(delivery)
            client = await self._logged_in()
            try:
                act = {"post": post, "edit": edit, "reply": reply}[delivery.action]
                return await act(client, delivery, _parts, _allowed)
            except discord.NotFound as error:
                if error.code == UNKNOWN_MESSAGE:  # a person deleted it: nothing is left to do
                    return delivery.ref or ref_of(delivery, 0, "layout", chart=False)
                raise

    async def find(self, delivery: Delivery) -> str | None:
        """A repeated edit is harmless, so only posts and replies are looked for."""
        if delivery.action == "edit":
            return None
        async with self._delivering(delivery.channel):
            client = await self._logged_in()
            await self._check_history(client, delivery.channel)
            return await look(client, delivery, self._seen)

    async def space_of(self, channel: str) -> str | None:
        if channel in self._spaces:
            return self._spaces[channel]
        async with self._delivering(channel):
            client = await self._logged_in()
            known = client.get_channel(number_of(channel))
            if known is None:
                known = await client.fetch_channel(number_of(channel))
            guild = getattr(known, "guild", None)
            if guild is None:
                return None
            self._spaces[channel] = f"discord:{guild.id}"
            return self._spaces[channel]

    async def member(self, space: str, user: str) -> Caller | None:
        number = number_of(space)
        async with self._delivering(space):
            client = await self._logged_in()
            guild = client.get_guild(number) or await client.fetch_guild(number)
            try:
                found = await guild.fetch_member(int(user))
            except discord.NotFound as error:
                if error.code in (UNKNOWN_MEMBER, UNKNOWN_USER):
                    return None
                raise
            return _caller(found, space, admin=found.guild_permissions.manage_guild)

    def _guild(self, space: str) -> discord.Guild | None:
        return self._client.get_guild(number_of(space)) if self._client and space else None

    def _called(self, space: str) -> str:
        guild = self._guild(space)
        return guild.name if guild else ""

    def _role(self, space: str, name: str) -> int | None:
        guild = self._guild(space)
        roles = guild.roles if guild else ()
        return next((one.id for one in roles if one.name.lower() == name.lower()), None)

    async def problems(self, channel: str | None) -> list[str]:
        try:
            if channel is None:
                async with self._delivering("discord"):
                    await self._logged_in()
                return []
            async with self._delivering(channel):
                granted = await self._granted(await self._logged_in(), channel)
        except DeliveryError as error:
            return [str(error)]
        return [
            f'{channel}: the bot lacks the permission "{name}": '
            "allow it in the channel's settings."
            for name in missing(granted)
        ]

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
        number = number_of(channel)
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

    def _delivering(self, channel: str) -> AbstractAsyncContextManager[None]:
        return delivering(channel, seconds=self._patience.delivery, unstick=self._unstick)

    def _unstick(self) -> None:
        """A request cancelled at the wrong moment leaves its rate limit locked for good
        (discord.py 2.7: `Ratelimit._refresh` does not reset when it is cancelled)."""
        if self._client:
            self._client.http._buckets.clear()


def open_discord(settings: DiscordSettings, world: ChatSurroundings) -> DiscordChat:
    token = secret(
        world.environ,
        env=settings.token_env,
        file=settings.token_file,
        root=str(world.path(".")),
        what="discord.token",
    )
    return DiscordChat(settings, token, world.dispatcher, Clocks.of(world))


class _LibraryInteraction:
    """An interaction as `Interactions` wants it."""

    def __init__(self, interaction: discord.Interaction, patience: float) -> None:
        self._interaction = interaction
        self._patience = patience
        self.id = interaction.id
        self.kind = interaction.type.value
        self.data: Mapping[str, Any] = interaction.data or {}

    def caller(self, alert: str | None) -> Caller:
        asked = self._interaction
        caller = _caller(
            asked.user,
            f"discord:{asked.guild_id}" if asked.guild_id else None,
            admin=asked.guild_id is not None and asked.permissions.manage_guild,
        )
        channel = f"discord:{asked.channel_id}" if asked.channel_id else None
        return replace(caller, channel=channel, alert=alert)

    async def acknowledge(self, *, ephemeral: bool) -> bool:
        """Repeated once: where the answer was lost, the second try tells that the first did."""
        for is_repeat in (False, True):
            try:
                async with asyncio.timeout(self._patience):
                    await self._interaction.response.defer(ephemeral=ephemeral, thinking=True)
                return True
            except discord.HTTPException as error:
                return is_repeat and error.code == ALREADY_ACKNOWLEDGED
            except (aiohttp.ClientError, OSError, TimeoutError):
                continue
        return False

    async def add(self, answer: Message) -> None:
        parts = _parts(render(answer, "", is_answer=True))
        try:
            await self._interaction.followup.send(ephemeral=True, **parts)
        except _TROUBLE as error:
            log.warning("an answer on Discord did not arrive (%s)", kind_of(error))

    async def show(self, answer: Message, alert: str) -> None:
        """Twice at most: an answer shown again is the same answer."""
        for is_repeat in (False, True):
            parts = _parts(render(answer, alert, is_answer=True))
            files = parts.pop("files", [])
            try:
                await self._interaction.edit_original_response(attachments=files, **parts)
                return
            except _TROUBLE as error:
                if is_repeat or isinstance(error, discord.HTTPException):
                    log.warning("an answer on Discord did not arrive (%s)", kind_of(error))
                    return

    async def open(self, form: Mapping[str, Any]) -> None:
        try:
            async with asyncio.timeout(self._patience):
                await self._interaction.response.send_modal(_Form(form))
        except _TROUBLE as error:
            log.warning("a form on Discord did not open (%s)", kind_of(error))

    async def complete(self, choices: Mapping[str, str]) -> None:
        offered = [
            discord.app_commands.Choice(name=shorten(shown, CHOICE) or value, value=value)
            for value, shown in choices.items()
            if 0 < len(value) <= CHOICE
        ]
        try:
            await self._interaction.response.autocomplete(offered[:CHOICES])
        except _TROUBLE as error:
            log.debug("completions on Discord came too late (%s)", kind_of(error))

    async def fetch(self, attachment: str) -> Attachment | None:
        sent = self.data["resolved"]["attachments"][attachment]
        if sent["size"] > LARGEST_FILE:
            return None
        try:
            async with asyncio.timeout(_FETCH_SECONDS):
                content = await self._interaction.client.http.get_from_cdn(sent["url"])
        except _TROUBLE:
            return None
        return Attachment(name=sent["filename"], content=content)


def _caller(person: discord.User | discord.Member, space: str | None, *, admin: bool) -> Caller:
    """A person with their roles, by id and by name."""
    roles = [role for role in getattr(person, "roles", ()) if not role.is_default()]
    return Caller(
        platform="discord",
        space=space,
        channel=None,
        user=str(person.id),
        name=person.display_name,
        roles=frozenset([str(role.id) for role in roles] + [role.name for role in roles]),
        admin=admin,
    )


def _parts(rendered: Rendered) -> dict[str, Any]:
    """The library's objects; a stopped view is sent but not kept in memory."""
    parts: dict[str, Any] = {}
    if rendered.embed is not None:
        parts["embed"] = discord.Embed.from_dict(rendered.embed)
    if rendered.components:
        parts["view"] = _View(rendered.components, layout=rendered.embed is None)
    if rendered.files:
        parts["files"] = [
            discord.File(
                io.BytesIO(content),
                filename=name,
                description=rendered.alt if name == CHART else None,
            )
            for name, content in rendered.files.items()
        ]
    return parts


class _Form(discord.ui.Modal):
    """A form that is drawn already; what is filled in comes as any other interaction."""

    def __init__(self, drawn: Mapping[str, Any]) -> None:
        super().__init__(title=drawn["title"], custom_id=drawn["custom_id"])
        self._drawn = drawn
        self.stop()

    def to_dict(self) -> dict[str, Any]:
        return dict(self._drawn)


class _View(discord.ui.LayoutView):
    """Components that are drawn already, as the library sends them."""

    def __init__(self, components: list[dict[str, Any]], *, layout: bool) -> None:
        super().__init__(timeout=None)
        self._drawn = components
        self._in_frame = layout
        self.stop()

    def to_components(self) -> list[dict[str, Any]]:
        return self._drawn

    def has_components_v2(self) -> bool:
        return self._in_frame


def _allowed(rendered: Rendered) -> discord.AllowedMentions:
    roles = [discord.Object(rendered.role)] if rendered.role else False
    return discord.AllowedMentions(everyone=False, users=False, roles=roles)
