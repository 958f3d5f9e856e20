"""What the Slack app has to be allowed, and the manifest that asks for exactly that."""

from __future__ import annotations

import json
from collections.abc import Collection

from bot.chat.slack import SlackSettings
from bot.chat.slack.home import WHY

COMMAND = "/ebb"
PATH = "/slack/events"

SCOPES = {
    "chat:write": "post, edit and answer",
    "commands": f"hear {COMMAND}",
    "app_mentions:read": "answer where it is mentioned",
    "files:write": "show charts",
    "files:read": "read the files of an import",
    "channels:read": "look at public channels it was invited to",
    "groups:read": "look at private channels it was invited to",
    "channels:history": "find its own message again after a lost reply, in public channels",
    "groups:history": "find its own message again after a lost reply, in private channels",
    "users:read": "know who is a workspace admin",
    "usergroups:read": "know who is in a manager group",
}
"""Every bot scope that is used, and what for in words."""


def missing_scopes(granted: Collection[str] | None) -> list[str]:
    """One sentence per scope that the token lacks; none where Slack did not tell."""
    if granted is None:
        return []
    return [
        f"Slack: the scope {scope} is missing (to {purpose}): update the app with the "
        "manifest (ebbwatch slack-manifest) and install it again."
        for scope, purpose in SCOPES.items()
        if scope not in granted
    ]


def slack_manifest(settings: SlackSettings) -> str:
    """The app manifest as JSON text, for "Create an app from a manifest" at Slack."""
    sockets = settings.mode == "socket"
    # Slack calls the address from outside: only the operator knows the public name of it.
    url = {} if sockets else {"url": f"https://YOUR-PUBLIC-HOST{PATH}"}
    command = {
        "command": COMMAND,
        "description": "Ask about the watched accounts",
        "usage_hint": "help | status | import ... [share]",
        # else "@leads" comes as these letters, and no group can be told by them
        "should_escape": True,
        **url,
    }
    interactivity: dict[str, object] = {"is_enabled": True}
    if not sockets:
        interactivity["request_url"] = url["url"]
    events: dict[str, object] = {"bot_events": ["app_home_opened", "app_mention"]}
    if not sockets:
        events["request_url"] = url["url"]
    return json.dumps(
        {
            "display_information": {
                "name": "ebbwatch",
                "description": "Watches follower counts and speaks up when something is wrong",
            },
            "features": {
                "bot_user": {"display_name": "ebbwatch", "always_online": True},
                "slash_commands": [command],
                "app_home": {
                    "home_tab_enabled": True,
                    "messages_tab_enabled": True,
                    "messages_tab_read_only_enabled": True,
                },
                "shortcuts": [
                    {
                        "name": "Why?",
                        "type": "message",
                        "callback_id": WHY,
                        "description": "Every reason of this alert",
                    }
                ],
            },
            "oauth_config": {"scopes": {"bot": list(SCOPES)}},
            "settings": {
                "interactivity": interactivity,
                "event_subscriptions": events,
                "org_deploy_enabled": False,
                "socket_mode_enabled": sockets,
                "token_rotation_enabled": False,
            },
        },
        indent=2,
    )
