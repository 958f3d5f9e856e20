"""The `[discord]` table of the config file; imports no SDK."""

from __future__ import annotations

from bot.chat.settings import SafeUrl
from bot.config.settings import Section
from bot.model.chat import Capabilities

CAN = Capabilities(
    edits=True,
    threads=True,
    finds=True,
    commands=True,
    pictures=True,
    members=True,
    theme="dark",
)


class DiscordSettings(Section):
    """`api_base` and `gateway` are for a server of one's own; plain http and ws only here."""

    token_env: str | None = "DISCORD_TOKEN"
    token_file: str | None = None
    api_base: SafeUrl = "https://discord.com/api/v10"
    gateway: SafeUrl | None = None
