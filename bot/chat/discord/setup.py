"""What `ebbwatch init` asks Discord: who the bot is, and where it may write."""

from __future__ import annotations

from typing import Any

import httpx

from bot.chat.discord.permissions import discord_invite
from bot.errors import CommandError
from bot.model.chat import Place

STEPS = (
    "Open https://discord.com/developers/applications and press New Application.",
    'Under "Bot", press Reset Token and copy the token.',
)
_TEXT, _NEWS = 0, 5
"""The channel types that messages can be posted in (documentation: Channel Types)."""


async def invitation(client: httpx.AsyncClient, token: str, base: str) -> str:
    """The link that lets the bot into a server; CommandError where the token is wrong."""
    application = await _get(client, token, f"{base}/oauth2/applications/@me")
    return discord_invite(str(application["id"]))


async def places(client: httpx.AsyncClient, token: str, base: str) -> list[Place]:
    """The text channels of every server that the bot is in, as the server orders them."""
    found = []
    for guild in await _get(client, token, f"{base}/users/@me/guilds"):
        channels = await _get(client, token, f"{base}/guilds/{guild['id']}/channels")
        text = [one for one in channels if one["type"] in (_TEXT, _NEWS)]
        text.sort(key=lambda one: int(one.get("position", 0)))
        found += [
            Place(
                space=f"discord:{guild['id']}",
                channel=f"discord:{one['id']}",
                name=f"#{one['name']} ({guild['name']})",
            )
            for one in text
        ]
    return found


async def _get(client: httpx.AsyncClient, token: str, url: str) -> Any:
    try:
        answer = await client.get(url, headers={"Authorization": f"Bot {token}"})
    except httpx.HTTPError as error:
        raise CommandError(
            f"Discord cannot be reached ({type(error).__name__}): check the network"
        ) from None
    if answer.status_code == 401:
        raise CommandError("Discord does not know this token: copy it anew from the Bot page")
    if answer.status_code == 403:
        raise CommandError(
            "Discord lets the bot see no channels there (no permission): give its role View "
            "Channels in the server's settings, then begin again"
        )
    if answer.status_code != 200:
        raise CommandError(f"Discord answered {answer.status_code}: try again in a minute")
    return answer.json()
