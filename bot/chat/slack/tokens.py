"""The secrets of a Slack app."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.chat.slack import SlackSettings
from bot.config.settings import secret


@dataclass(frozen=True, slots=True)
class SlackTokens:
    """`app` is for Socket Mode, `signing` for HTTP; neither ever shows in a text."""

    bot: str = field(repr=False)
    app: str = field(default="", repr=False)
    signing: str = field(default="", repr=False)

    @classmethod
    def read(
        cls, settings: SlackSettings, environ: Mapping[str, str], root: str
    ) -> SlackTokens:
        """Raises ConfigError naming the variable or file of what is missing."""

        def read(what: str, env: str | None, file: str | None) -> str:
            return secret(environ, env=env, file=file, root=root, what=f"slack.{what}")

        bot = read("bot_token", settings.bot_token_env, settings.bot_token_file)
        if settings.mode == "socket":
            app = read("app_token", settings.app_token_env, settings.app_token_file)
            return cls(bot, app=app)
        signing = read(
            "signing_secret", settings.signing_secret_env, settings.signing_secret_file
        )
        return cls(bot, signing=signing)
