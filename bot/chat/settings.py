"""The `[discord]`, `[slack]` and `[console]` tables of the config file; imports no SDK."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator

from bot.config.settings import Listen, Section

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def _safe_url(url: str) -> str:
    """A token travels over this address: in the clear only to this machine itself."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https", "ws", "wss"} or not parts.hostname:
        raise ValueError(f'"{url}" is no address: write https://host/path (or wss://)')
    if parts.scheme in {"http", "ws"} and parts.hostname not in _LOOPBACK:
        raise ValueError(
            f'"{url}" would send the token unencrypted: use {parts.scheme}s://, '
            "or an address on this machine such as 127.0.0.1"
        )
    return url


SafeUrl = Annotated[str, AfterValidator(_safe_url)]


class DiscordSettings(Section):
    """`api_base` and `gateway` are for a server of one's own; plain http and ws only here."""

    token_env: str | None = "DISCORD_TOKEN"
    token_file: str | None = None
    api_base: SafeUrl = "https://discord.com/api/v10"
    gateway: SafeUrl | None = None


class SlackSettings(Section):
    """Socket Mode needs the app token, `mode = "http"` the signing secret and `listen`."""

    bot_token_env: str | None = "SLACK_BOT_TOKEN"
    bot_token_file: str | None = None
    app_token_env: str | None = "SLACK_APP_TOKEN"
    app_token_file: str | None = None
    signing_secret_env: str | None = "SLACK_SIGNING_SECRET"
    signing_secret_file: str | None = None
    base_url: SafeUrl = "https://slack.com/api/"
    mode: Literal["socket", "http"] = "socket"
    listen: Listen = "127.0.0.1:3000"


class ConsoleSettings(Section):
    """`file` takes the messages instead of the terminal; pictures go to the folder `charts`."""

    enabled: bool = True
    file: str | None = None
    charts: str = "charts"
