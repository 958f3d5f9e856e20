"""A first config of a few commented lines, from what a newcomer answered."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Origin = Literal["exports", "api", "database"]


@dataclass(frozen=True, slots=True)
class ApiKeys:
    """The lines a platform's API needs in its section, and where each secret comes from."""

    lines: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()


APIS: Mapping[str, ApiKeys] = {
    "bluesky": ApiKeys(),
    "mastodon": ApiKeys(),
    "reddit": ApiKeys(),
    "github": ApiKeys(),
    "youtube": ApiKeys(
        ('token_env = "YOUTUBE_API_KEY"',),
        (
            "Make an API key at https://console.cloud.google.com/apis/credentials with the "
            "YouTube Data API v3 switched on, and set YOUTUBE_API_KEY to it.",
        ),
    ),
    "twitch": ApiKeys(
        ('client_id_env = "TWITCH_CLIENT_ID"', 'client_secret_env = "TWITCH_CLIENT_SECRET"'),
        (
            "Register an application at https://dev.twitch.tv/console/apps, and set "
            "TWITCH_CLIENT_ID and TWITCH_CLIENT_SECRET.",
        ),
    ),
    "instagram": ApiKeys(
        ('token_env = "INSTAGRAM_TOKEN"',),
        (
            "Make a long-lived token of a business account at "
            "https://developers.facebook.com/apps and set INSTAGRAM_TOKEN; then put the "
            "account's Instagram user id into `own` (docs/sources.md says where it stands).",
        ),
    ),
    "tiktok": ApiKeys(
        ('client_key_env = "TIKTOK_CLIENT_KEY"', 'client_secret_env = "TIKTOK_CLIENT_SECRET"'),
        (
            "Register an app at https://developers.tiktok.com/apps, and set "
            "TIKTOK_CLIENT_KEY, TIKTOK_CLIENT_SECRET and a refresh token of each owner.",
        ),
    ),
    "threads": ApiKeys(
        (),
        (
            "Make a long-lived token of each owner at https://developers.facebook.com/apps and "
            "set the variable that `accounts` names to it.",
        ),
    ),
    "x": ApiKeys(
        ('token_env = "X_BEARER_TOKEN"', "monthly_cap = 20.0"),
        (
            "Make a project at https://console.x.com, and set X_BEARER_TOKEN; every read is "
            "paid, monthly_cap stops before that many US dollars.",
        ),
    ),
}
_BY_OWNER = {"tiktok", "threads"}
"""Platforms whose accounts are opened by a secret of each owner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What a newcomer said; `chat` lines are the chat's own section of the config."""

    platforms: tuple[str, ...]
    origin: Origin
    handles: tuple[str, ...] = ()
    folder: str = "exports"
    channel: str = "console:main"
    channel_name: str = ""
    space: str | None = None
    chat: Mapping[str, Sequence[str]] = field(default_factory=dict)
    locale: str = "en"
    timezone: str = "UTC"


def first_config(answers: Answers) -> str:
    """The text of a config.toml; every value is quoted as TOML wants it."""
    blocks = [
        [
            "# Every other key, with its default: ebbwatch init --example",
            f"timezone = {_text(answers.timezone)}    # of dates, summaries and quiet hours",
            f"locale = {_text(answers.locale)}    # en or de",
        ],
        *_sources(answers),
    ]
    if answers.space is not None:
        blocks.append(
            [
                "[[spaces]]    # the wall between teams: who may see which accounts",
                f"id = {_text(answers.space)}",
                'accounts = ["*"]',
            ]
        )
    named = f"    # {answers.channel_name}" if answers.channel_name else ""
    blocks.append(
        [
            "[[channels]]    # who hears what",
            f"channel = {_text(answers.channel)}{named}",
            'summary = "mon 09:00"',
        ]
    )
    blocks += [[f"[{name}]", *lines] for name, lines in answers.chat.items()]
    return "\n\n".join("\n".join(lines) for lines in blocks) + "\n"


def secrets_wanted(answers: Answers) -> list[str]:
    """Where each token that the sources need comes from, a sentence each."""
    if answers.origin == "database":
        return [
            "Set WAREHOUSE_URL to the database's address, such as "
            "postgresql://user:password@host/name."
        ]
    if answers.origin == "exports":
        return []
    return [step for platform in answers.platforms for step in APIS[platform].steps]


def _sources(answers: Answers) -> list[list[str]]:
    if answers.origin == "exports":
        return [
            [
                "[[sources]]    # put what the platforms let you download into this folder",
                'name = "exports"',
                'kind = "export"',
                f"path = {_text(answers.folder)}",
                *_platform(answers.platforms),
            ]
        ]
    if answers.origin == "database":
        return [
            [
                "[[sources]]",
                'name = "database"',
                'kind = "sql"',
                'url_env = "WAREHOUSE_URL"',
                "# name your own table and columns; :since is the newest stored time",
                'query = "select account, at, followers from counts where at > :since"',
                *_platform(answers.platforms),
                'every = "1h"',
            ]
        ]
    return [_api(platform, answers.handles) for platform in answers.platforms]


def _platform(platforms: Sequence[str]) -> list[str]:
    """Said only where there is one: a file may tell of which it is."""
    return [f"platform = {_text(platforms[0])}"] if len(platforms) == 1 else []


def _api(platform: str, handles: Sequence[str]) -> list[str]:
    mine = [
        handle.removeprefix(f"{platform}/")
        for handle in handles
        if "/" not in handle or handle.startswith(f"{platform}/") or platform == "reddit"
    ]
    lines = ["[[sources]]", f"name = {_text(platform)}", f"kind = {_text(platform)}"]
    if platform in _BY_OWNER:
        pairs = (f"{_text(one)} = {_text(_variable(platform, one))}" for one in mine)
        lines.append("accounts = { " + ", ".join(pairs) + " }")
    elif platform == "instagram":
        pairs = (f'{_text(one)} = "ITS USER ID"' for one in mine)
        lines.append("own = { " + ", ".join(pairs) + " }")
    else:
        lines.append(f"handles = {json.dumps(mine, ensure_ascii=False)}")
    return [*lines, *APIS[platform].lines, 'every = "1h"']


def _variable(platform: str, handle: str) -> str:
    kept = "".join(sign if sign.isascii() and sign.isalnum() else "_" for sign in handle)
    return f"{platform}_{kept}".upper()


def _text(value: str) -> str:
    """A TOML basic string; JSON's escapes are a part of TOML's."""
    return json.dumps(value, ensure_ascii=False)
