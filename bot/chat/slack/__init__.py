"""The `[slack]` table of the config file; imports no SDK."""

from __future__ import annotations

from typing import Literal

from bot.chat.settings import SafeUrl
from bot.config.settings import Listen, Section
from bot.model.chat import Capabilities

CAN = Capabilities(
    edits=True, threads=True, finds=True, commands=True, pictures=True, members=True
)


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
