"""Every chat: one row here, one folder beside; its SDK is imported when it is opened."""

from __future__ import annotations

from collections.abc import Mapping

from bot.chat import console, discord, slack, webhook
from bot.model.chat import OPERATOR_SPACE, Chat, ChatKind, ChatSurroundings


def _open_discord(section: discord.DiscordSettings, world: ChatSurroundings) -> Chat:
    from bot.chat.discord.adapter import open_discord

    return open_discord(section, world)


def _open_slack(section: slack.SlackSettings, world: ChatSurroundings) -> Chat:
    from bot.chat.slack.adapter import open_slack

    return open_slack(section, world)


def _open_console(section: console.ConsoleSettings, world: ChatSurroundings) -> Chat | None:
    from bot.chat.console.adapter import open_console

    return open_console(section, world) if section.enabled else None


def _open_webhook(section: webhook.WebhookSettings, world: ChatSurroundings) -> Chat:
    from bot.chat.webhook.adapter import open_webhook

    return open_webhook(section, world)


CHATS: Mapping[str, ChatKind] = {
    "console": ChatKind(
        settings=console.ConsoleSettings,
        open=_open_console,
        can=console.CAN,
        channel=r"[A-Za-z0-9_.-]+",
        forms=("console:main",),
        home=lambda section, channel: OPERATOR_SPACE,
        always=True,
    ),
    "discord": ChatKind(
        settings=discord.DiscordSettings,
        open=_open_discord,
        can=discord.CAN,
        channel=r"[A-Za-z0-9_.-]+",
        space=r"[A-Za-z0-9]+",
        forms=("discord:CHANNEL_ID", "discord:GUILD_ID"),
    ),
    "slack": ChatKind(
        settings=slack.SlackSettings,
        open=_open_slack,
        can=slack.CAN,
        channel=r"[A-Za-z0-9_.-]+",
        space=r"[A-Za-z0-9]+",
        forms=("slack:C0123", "slack:T0TEAM"),
        alone="Slack workspace",
    ),
    "webhook": ChatKind(
        settings=webhook.WebhookSettings,
        open=_open_webhook,
        can=webhook.CAN,
        channel=r"[A-Za-z0-9_.-]+",
        forms=("webhook:NAME",),
        home=webhook.home,
    ),
}
