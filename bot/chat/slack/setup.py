"""What `ebbwatch init` asks Slack before there is a config: which channels the app is in."""

from __future__ import annotations

from typing import Any

import httpx

from bot.errors import CommandError
from bot.model.chat import Place

STEPS = (
    'Open https://api.slack.com/apps, press "Create New App", "From a manifest", and paste '
    "what `ebbwatch slack-manifest` prints.",
    'Press "Install to Workspace" and copy the Bot User OAuth Token (xoxb-...).',
    'Under "Basic Information", "App-Level Tokens", make one with connections:write.',
    "Type /invite @ebbwatch in the channel that shall hear of alerts.",
)


async def places(client: httpx.AsyncClient, token: str, base: str) -> list[Place]:
    """The channels that the app was invited to."""
    who = await _call(client, token, base, "auth.test", {})
    found: list[Place] = []
    cursor = ""
    while True:
        page = await _call(
            client,
            token,
            base,
            "users.conversations",
            {"types": "public_channel,private_channel", "limit": "200", "cursor": cursor},
        )
        found += [
            Place(
                space=f"slack:{who['team_id']}",
                channel=f"slack:{one['id']}",
                name=f"#{one['name']} ({who['team']})",
            )
            for one in page["channels"]
        ]
        cursor = page.get("response_metadata", {}).get("next_cursor", "")
        if not cursor:
            return found


async def _call(
    client: httpx.AsyncClient, token: str, base: str, method: str, fields: dict[str, str]
) -> dict[str, Any]:
    try:
        answer = await client.post(
            f"{base}{method}", data=fields, headers={"Authorization": f"Bearer {token}"}
        )
        told: dict[str, Any] = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise CommandError(
            f"Slack cannot be reached ({type(error).__name__}): check the network"
        ) from None
    if not told.get("ok"):
        raise CommandError(
            f"Slack refuses: {told.get('error')}. Copy the token anew from the app's page"
        )
    return told
