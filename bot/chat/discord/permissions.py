"""What the bot may do in a Discord server: the permissions it uses, and no others."""

from __future__ import annotations

from urllib.parse import urlencode

PERMISSIONS = {
    "View Channel": 1 << 10,
    "Send Messages": 1 << 11,
    "Embed Links": 1 << 14,
    "Attach Files": 1 << 15,
    "Read Message History": 1 << 16,
    "Create Public Threads": 1 << 35,
    "Send Messages in Threads": 1 << 38,
}
READ_HISTORY = PERMISSIONS["Read Message History"] | PERMISSIONS["View Channel"]


def discord_invite(application_id: str) -> str:
    """The link with which a server's owner lets the bot in."""
    query = {
        "client_id": application_id,
        "scope": "bot applications.commands",
        "permissions": sum(PERMISSIONS.values()),
    }
    return f"https://discord.com/oauth2/authorize?{urlencode(query)}"


def missing(granted: int) -> list[str]:
    """Names, as Discord shows them, of the permissions that `granted` lacks."""
    return [name for name, bit in PERMISSIONS.items() if not granted & bit]
